"""Ingesting: what is good is kept, what is bad is named, and a killed run goes on where it was."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import random  # noqa: TID251  (seeded; decides when a child is killed)
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import asdict
from datetime import date
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from digest.ingest import MAX_REJECTIONS, IngestReport, ingest
from digest.store import Store, batches, papers
from digest.types import Rejection

if TYPE_CHECKING:
    from collections.abc import Iterator

AS_OF = date(2025, 5, 20)
REPOSITORY = Path(__file__).resolve().parent.parent
FORMATS = ("trending_page", "hf_daily_papers", "arxiv_api", "arxiv_rss2", "arxiv_atom_feed", "arxiv_snapshot", "stream")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty database."""
    with Store(tmp_path / "home" / "digest.sqlite3") as opened:
        yield opened


def line(number: int, **values: object) -> bytes:
    """One paper in the interchange form, with its line end."""
    paper = {
        "id": f"arxiv:2505.{number:05}",
        "title": f"Paper number {number}",
        "abstract": f"What it says is {number}.",
        "announced": "2025-05-09",
    }
    return json.dumps(paper | values).encode() + b"\n"


def dump(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of a database, but for the places where ingests stopped."""
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)  # noqa: S608
            for name in names
            if name not in ("checkpoints", "sqlite_sequence")
        }


def checkpoints(path: Path) -> int:
    """How many ingests of a database were begun and not finished."""
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM checkpoints").fetchone()[0])


def counts(report: IngestReport) -> tuple[int, int, int, int]:
    """New, updated, duplicate, rejected."""
    return report.new, report.updated, report.duplicate, report.rejected


def titles(store: Store) -> list[str]:
    """Titles of all papers in order of arrival."""
    with store.reading() as connection:
        return [paper.title for _, _, paper in papers.between(connection, None, None)]


GOOD = b"".join(map(line, range(1, 4)))


@pytest.mark.parametrize(
    ("content", "new", "where", "why"),
    [
        (b"", 0, "", "empty"),
        (b"\n \n", 0, "", "empty"),
        (b"\x7fELF\x02\x01\x00" + bytes(500), 0, "", "binary"),
        (b"PK\x03\x04 and so on", 0, "", "zip archive"),
        (b"A letter to nobody in particular.\n", 0, "", "text of no known form"),
        (GOOD + b'{"title": "broken\n' + line(4), 4, ":4", "not JSON"),
        (GOOD + b'["a list"]\n' + line(4), 4, ":4", "not a JSON object"),
        (GOOD + line(4, announced="yesterday") + line(5), 4, ":4 (arxiv:2505.00004)", "announced: expected a day"),
        (GOOD + line(4)[:-20], 3, ":4", "cut off after 3 records"),
        (GOOD + b"\xff\xfe{}\n" + line(4), 4, ":4", "not UTF-8"),
        (gzip.compress(GOOD)[:-12], None, "", "end-of-stream marker"),
        (gzip.compress(b"A letter.\n"), 0, "", "text of no known form"),
        (b"\x1f\x8b\x08\x00 but not gzip", 0, "", ""),
        (gzip.compress(GOOD) + b"what a broken download leaves", 3, "", "not a gzipped file"),
    ],
    ids=[
        "empty",
        "blank",
        "binary",
        "archive",
        "letter",
        "broken line",
        "list",
        "bad value",
        "cut line",
        "not UTF-8",
        "cut gzip",
        "zipped letter",
        "false gzip",
        "rest behind gzip",
    ],
)
def test_what_is_bad_is_named_and_what_is_good_is_kept(
    store: Store, tmp_path: Path, content: bytes, new: int | None, where: str, why: str
) -> None:
    """One rejection with place and reason, all other records in the database, and other dumps not affected."""
    (tmp_path / "b.dump").write_bytes(content)
    (tmp_path / "a.jsonl").write_bytes(line(91))
    (tmp_path / "c.jsonl").write_bytes(line(92))
    report = ingest(store, [tmp_path / name for name in ("a.jsonl", "b.dump", "c.jsonl")], as_of=AS_OF)
    [rejection] = report.rejections
    assert report.rejected == 1
    assert rejection.where.startswith(f"{tmp_path / 'b.dump'}{where}")
    assert why in rejection.why
    if new is not None:
        assert report.new == new + 2
    assert len(titles(store)) == report.new
    assert {"Paper number 91", "Paper number 92"} <= set(titles(store))
    assert checkpoints(store.place) == 0


def test_paths_that_are_no_dumps_are_passed_over(store: Store, tmp_path: Path) -> None:
    """A missing path, a dangling link and a pipe are named; nothing waits for the pipe."""
    folder = tmp_path / "dumps"
    folder.mkdir()
    (folder / "good.jsonl").write_bytes(GOOD)
    (folder / "dangling").symlink_to("nowhere")
    os.mkfifo(folder / "pipe")
    (folder / "called.jsonl").mkdir()
    report = ingest(store, [tmp_path / "missing", folder], as_of=AS_OF)
    assert counts(report) == (3, 0, 0, 3)
    assert [Path(each.where).name for each in report.rejections] == ["missing", "dangling", "pipe"]


def test_an_unknown_format_spoils_nothing_else(store: Store, tmp_path: Path) -> None:
    """A dump that is not of the format named is rejected; one that is, is read."""
    (tmp_path / "a.jsonl").write_bytes(GOOD)
    assert counts(ingest(store, [tmp_path / "a.jsonl"], as_of=AS_OF, format="nonsense")) == (0, 0, 0, 1)
    assert counts(ingest(store, [tmp_path / "a.jsonl"], as_of=AS_OF, format="interchange")) == (3, 0, 0, 0)


def test_many_rejections_are_counted_and_some_are_kept(store: Store, tmp_path: Path) -> None:
    """A report holds a bounded number of rejections, says how many more there are, and survives being taken apart."""
    (tmp_path / "bad.jsonl").write_bytes(GOOD + b"{}\n" * (MAX_REJECTIONS + 7))
    (tmp_path / "worse.jsonl").write_bytes(GOOD + b"{}\n" * 5)
    report = ingest(store, [tmp_path / "bad.jsonl", tmp_path / "worse.jsonl"], as_of=AS_OF)
    assert counts(report) == (3, 0, 3, MAX_REJECTIONS + 12)
    assert len(report.rejections) == MAX_REJECTIONS
    printed = report.as_json()
    assert {key: printed[key] for key in ("read", "new", "updated", "duplicate")} == {
        "read": 6, "new": 3, "updated": 0, "duplicate": 3,
    }  # fmt: skip
    assert printed["rejected"][0] == {"where": f"{tmp_path / 'bad.jsonl'}:4", "why": "no title"}
    assert printed["rejected"][-1] == {"where": "", "why": "and 12 more"}
    assert IngestReport.from_dict(orjson.loads(orjson.dumps(asdict(report)))) == report


def test_a_short_report_says_all() -> None:
    """Without more rejections than kept there is no line for the rest."""
    report = IngestReport(new=1, rejected=1, rejections=[Rejection(where="a", why="b")])
    assert report.as_json()["rejected"] == [{"where": "a", "why": "b"}]


SNAPSHOT = {
    "id": "2505.00001",
    "title": "Sand in slow rivers",
    "abstract": "  We measure how slow rivers\ncarry sand to the sea.\n",
    "authors_parsed": [["Example", "Ada", ""]],
    "categories": "physics.geo-ph",
    "versions": [{"version": "v1", "created": "Thu, 1 May 2025 10:00:00 GMT"}],
    "update_date": "2025-05-02",
}
SECOND = SNAPSHOT | {
    "title": "Sand and gravel in slow rivers",
    "versions": [*SNAPSHOT["versions"], {"version": "v2", "created": "Fri, 16 May 2025 10:00:00 GMT"}],
}
DAILY = [
    {
        "paper": {
            "id": "2505.00001",
            "title": "Sand in slow rivers",
            "summary": "We measure how slow rivers carry sand to the sea.",
            "upvotes": 9,
            "publishedAt": "2025-05-01T10:00:00.000Z",
            "submittedOnDailyAt": "2025-05-03T00:00:00.000Z",
        },
        "numComments": 2,
    }
]


def test_one_work_from_many_dumps_is_one_paper(store: Store, tmp_path: Path) -> None:
    """v1 then v2, then Hugging Face: one paper with v2's text, the votes, and the first day it was news."""
    for name, content in (("v1.json", SNAPSHOT), ("v2.json", SECOND), ("daily.json", DAILY)):
        (tmp_path / name).write_text(json.dumps(content) + "\n")
    outcomes = [counts(ingest(store, [tmp_path / name], as_of=AS_OF)) for name in ("v1.json", "v2.json", "daily.json")]
    assert outcomes == [(1, 0, 0, 0), (0, 1, 0, 0), (0, 1, 0, 0)]
    with store.reading() as connection:
        [(_, day, paper)] = papers.between(connection, None, None)
    assert (paper.id, paper.version, paper.title) == ("arxiv:2505.00001", 2, "Sand and gravel in slow rivers")
    assert (paper.signals.upvotes, paper.signals.comments, day) == (9, 2, date(2025, 5, 3))
    assert counts(ingest(store, [tmp_path / f"{n}.json" for n in ("v1", "v2", "daily")], as_of=AS_OF)) == (0, 0, 3, 0)


def test_two_ingests_at_once_add_each_paper_once(store: Store, tmp_path: Path) -> None:
    """Two programs that read overlapping dumps into one database count every new paper once between them."""
    for name, numbers in (("a", range(1, 3001)), ("b", range(3500, 1000, -1))):
        (tmp_path / f"{name}.jsonl").write_bytes(b"".join(map(line, numbers)))
    reports: list[IngestReport] = []

    def read(name: str) -> None:
        with Store(store.place) as mine:
            reports.append(ingest(mine, [tmp_path / f"{name}.jsonl"], as_of=AS_OF))

    readers = [Thread(target=read, args=(name,)) for name in "ab"]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert sum(report.new for report in reports) == 3500
    assert sum(report.read for report in reports) == 5500
    assert len(titles(store)) == 3500


class Told:
    """Keeps what a run tells."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int, int | None, str]] = []

    def step(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """Keep it."""
        self.steps.append((stage, done, total, note))

    def say(self, line: str) -> None:
        """Nothing is to be said here."""
        raise AssertionError(line)


def test_progress_ends_with_the_whole_file(store: Store, tmp_path: Path) -> None:
    """A step for each batch, in bytes of the file."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(map(line, range(1, 2502))))
    told = Told()
    ingest(store, [path], as_of=AS_OF, progress=told)
    size = path.stat().st_size
    assert [(stage, total, note) for stage, _, total, note in told.steps] == [
        (str(path), size, f"{read} papers") for read in (1000, 2000, 2501)
    ]
    assert told.steps[-1][1] == size


def test_the_trending_page_gives_all_its_papers(store: Store, samples: Path) -> None:
    """59 papers, nothing rejected."""
    assert counts(ingest(store, [samples / "trending_page"], as_of=AS_OF)) == (59, 0, 0, 0)


@pytest.mark.parametrize("folder", FORMATS)
def test_a_real_dump_again_is_nothing_new(store: Store, samples: Path, folder: str) -> None:
    """Whatever a real file gives the first time, the second time every paper of it is known and no row changes."""
    first = ingest(store, [samples / folder], as_of=AS_OF)
    before = dump(store.place)
    again = ingest(store, [samples / folder], as_of=AS_OF)
    assert first.new > 0
    assert counts(again) == (0, 0, first.read, first.rejected)
    assert again.rejections == first.rejections
    assert dump(store.place) == before


def test_all_real_dumps_together_are_in_one_database(store: Store, samples: Path) -> None:
    """Formats meet in one database, nothing of them is rejected, and all of them again change nothing."""
    folders = [samples / folder for folder in FORMATS]
    first = ingest(store, folders, as_of=AS_OF)
    assert (len(titles(store)), first.rejected) == (first.new, 0)
    assert counts(ingest(store, folders[::-1], as_of=AS_OF)) == (0, 0, first.read, 0)


CHILD = """
import sys
from datetime import date
from pathlib import Path
import orjson
from digest.ingest import ingest
from digest.store import Store

class Teller:
    def step(self, stage, done, total, note=""):
        print("step", note.split()[0], flush=True)
    def say(self, line):
        print(line, flush=True)

print("opening", flush=True)
with Store(Path(sys.argv[1])) as store:
    report = ingest(store, [Path(sys.argv[2])], as_of=date(2025, 5, 20), progress=Teller())
print("done", orjson.dumps(report.as_json()).decode(), flush=True)
"""


def snapshot(path: Path, count: int) -> None:
    """A synthetic snapshot in which some lines are broken, some papers come twice and some in a second version."""
    source = REPOSITORY / "bench" / "make_snapshot.py"
    spec = importlib.util.spec_from_file_location("make_snapshot", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    lines = []
    for number, each in enumerate(module.lines(count, seed=3)):
        lines.append(each)
        if number % 97 == 0:
            lines.append(each[: number % 1000] + b"\n")
        if number % 31 == 0:
            lines.append(lines[number // 2])
        if number % 41 == 0:
            later = orjson.loads(each)
            later["versions"].append({"version": "v99", "created": "Sat, 1 Mar 2025 10:00:00 GMT"})
            lines.append(orjson.dumps(later | {"title": f"Rewritten {number}"}) + b"\n")
    content = b"".join(lines)
    path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)


def survived(database: Path, source: Path, killable: range, chance: random.Random) -> tuple[dict[str, Any], int]:
    """The last report of an ingest that is killed again and again, and how often it was taken up where it was.

    It is killed once when it makes the database, and once after each step within a range: between two steps a batch is
    read, added and committed, and the kill may fall anywhere into that.
    """
    starts = resumed = 0
    command = [sys.executable, "-c", CHILD, str(database), str(source)]
    while True:
        starts += 1
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for told in child.stdout:
                word, _, rest = told.partition(" ")
                resumed += "taken up again" in told
                if word == "done":
                    report: dict[str, Any] = json.loads(rest)
                    return report, resumed
                if (word == "opening\n" and starts == 1) or (word == "step" and int(rest) in killable):
                    time.sleep(chance.random() * 0.1)
                    child.send_signal(signal.SIGKILL)
                    break


def check_kills(tmp_path: Path, name: str, *, count: int, at_least: int) -> None:
    """Compare a run that is killed with one that is not."""
    source = tmp_path / name
    snapshot(source, count)
    undisturbed = tmp_path / "undisturbed" / "digest.sqlite3"
    with Store(undisturbed) as store:
        expected = ingest(store, [source], as_of=AS_OF)
    assert expected.new == count
    assert min(counts(expected)) > 0
    killed = tmp_path / "killed" / "digest.sqlite3"
    # Not near the end: a run that was killed when all was done would read all again, and rightly find nothing new.
    killable = range(count * 3 // 4)
    report, resumed = survived(killed, source, killable, random.Random(count))  # noqa: S311
    assert resumed >= at_least
    assert report == expected.as_json()
    assert dump(killed) == dump(undisturbed)
    assert checkpoints(killed) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["snapshot.json", "snapshot.json.gz"])
def test_a_killed_ingest_goes_on_where_it_was(tmp_path: Path, name: str) -> None:
    """Killed time and again and started anew, an ingest ends with the rows and the report of an undisturbed one."""
    check_kills(tmp_path, name, count=3000, at_least=1)


@pytest.mark.slow
def test_a_killed_ingest_of_a_document_counts_as_an_undisturbed_one(tmp_path: Path) -> None:
    """A format without places is read anew, what was added of it is passed over, and its batch has all that was new."""
    records = [
        {"doi": f"10.1101/2025.03.{n:06}", "title": f"Preprint {n}", "date": "2025-03-13", "version": "1"}
        for n in range(3500)
    ]
    del records[7]["title"]
    source = tmp_path / "preprints.json"
    source.write_text(json.dumps({"messages": [{"count": len(records)}], "collection": records}))
    undisturbed, killed = (tmp_path / name / "digest.sqlite3" for name in ("undisturbed", "killed"))
    with Store(undisturbed) as store:
        expected = ingest(store, [source], as_of=AS_OF)
    assert (counts(expected), expected.announced) == ((3499, 0, 0, 1), 3500)
    report, resumed = survived(killed, source, range(2500), random.Random(1))  # noqa: S311
    assert resumed >= 1
    assert report == expected.as_json()
    assert dump(killed) == dump(undisturbed)
    assert checkpoints(killed) == 0


@pytest.mark.parametrize("count", [0, 999, 1000, 1001, 2000])
def test_however_many_records_there_are_the_source_is_kept_once(store: Store, tmp_path: Path, count: int) -> None:
    """One batch of all of them, also where they fill the last transaction to the brim, or there are none."""
    records = [{"doi": f"10.1101/{n}", "title": f"Preprint {n}"} for n in range(count)]
    answer = {"messages": [{"count": count}], "collection": records}
    (tmp_path / "answer.json").write_text(json.dumps(answer))
    assert ingest(store, [tmp_path / "answer.json"], as_of=AS_OF).new == count
    with store.reading() as connection:
        (kept,) = batches.of(connection, "biorxiv")
    assert (kept.announced, kept.read, kept.new) == (count, count, count)
    assert checkpoints(store.place) == 0


@pytest.mark.slow
def test_an_ingest_survives_thirty_kills(tmp_path: Path) -> None:
    """The same with some thirty kills in a longer dump."""
    check_kills(tmp_path, "snapshot.json.gz", count=40_000, at_least=20)


def test_a_dump_that_was_changed_is_read_from_its_start(tmp_path: Path) -> None:
    """A place in the old file says nothing about the new one: all lines of the new one are read."""
    source, database = tmp_path / "snapshot.json", tmp_path / "digest.sqlite3"
    snapshot(source, 3000)
    command = [sys.executable, "-c", CHILD, str(database), str(source)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "opening\n"
        assert child.stdout.readline().startswith("step ")
        child.kill()
    assert checkpoints(database) == 1
    source.write_bytes(GOOD)
    with Store(database) as store:
        assert counts(ingest(store, [source], as_of=AS_OF)) == (3, 0, 0, 0)
