"""The process beside a large ingest: what it leaves, when it is started, and that it never outlives the ingest."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from digest import follower
from digest.follower import STAGE, Follower
from digest.ingest import ingest
from digest.progress import Silent
from digest.ranking.search import Query
from digest.store import Store, papers, statistics, word_index
from digest.store.search import Bounds, search

if TYPE_CHECKING:
    from digest.databases import Server

AS_OF = date(2025, 5, 9)
QUERIES = ("owls night", '"rivers carry"', "émile", "09817different sand", "hunting")


class Ear(Silent):
    """Somebody who remembers the stages, their notes and what was said."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int, int | None, str]] = []
        self.heard: list[str] = []

    def step(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """Remember it."""
        self.steps.append((stage, done, total, note))

    def say(self, line: str) -> None:
        """Remember it."""
        self.heard.append(line)


def dump(path: Path, count: int) -> Path:
    """So many papers in the interchange form."""
    with path.open("w", encoding="utf-8") as file:
        for n in range(1, count + 1):
            title = ("Owls at night", "Sand that \u201crivers\u201d carry", "Rivers carry sand", "Hunting by ear")[
                n % 4
            ]
            # The longest word of each title begins in its own way, so that no two papers need be compared.
            paper = {"id": f"arxiv:2505.{n:05}", "title": f"{title} {7919 * n % 99991:05}different"}
            paper["abstract"] = "Owls hunt \u2013 at night. " * 9
            file.write(json.dumps(paper | {"authors": ["Émile Beispiel", "Ada Example"][: n % 3]}) + "\n")
    return path


def taken_in(database: Path, source: Path, ear: Ear) -> None:
    """Ingest a dump as the command does."""
    with Store(database) as store, Follower(store, ear) as watch:
        ingest(store, [source], as_of=AS_OF, progress=watch)
        watch.finish()


def assert_as_sequential(database: Path, folder: Path) -> None:
    """Both files are those that counting and indexing afterwards makes, as far as anybody can see."""
    folder.mkdir()
    shutil.copy(database, folder)
    with Store(database) as store, Store(folder / database.name) as afterwards:
        with store.reading() as connection:
            last = papers.last_seq(connection)
        kept, wanted = statistics.kept(store, Silent()), statistics.of_all(afterwards)
        assert kept.counted == word_index.grow(store, Silent(), chunks=0) == last
        assert kept.statistics.papers == wanted.papers
        assert kept.statistics.length == pytest.approx(wanted.length)
        np.testing.assert_array_equal(kept.statistics.frequency, wanted.frequency)
        for text in QUERIES:
            found = search(store, Query.parse(text), Bounds(limit=50))
            assert found
            assert found == search(afterwards, Query.parse(text), Bounds(limit=50))


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    listed = Path(f"/proc/{process}/task/{process}/children")
    if not listed.exists():
        pytest.skip("this system does not tell of a process's children")
    return [int(each) for each in listed.read_text().split()]


def is_alive(process: int) -> bool:
    """Whether a process runs still."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_until_ended(process: int) -> None:
    """Wait a reasonable time for the end of a process."""
    deadline = time.monotonic() + 30
    while is_alive(process):
        assert time.monotonic() < deadline, "it does not end"
        time.sleep(0.05)


def test_a_large_ingest_is_counted_and_indexed_when_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the process beside it, files and answers are those of the sequential way, and notes say how far it is."""
    monkeypatch.setattr(follower, "LARGE", 3000)
    ear, database = Ear(), tmp_path / "home" / "digest.sqlite3"
    taken_in(database, dump(tmp_path / "a.jsonl", 7000), ear)
    assert ear.heard == []
    assert_as_sequential(database, tmp_path / "afterwards")
    *reading, (_, _, _, note) = [step for step in ear.steps if step[0] != STAGE]
    assert len(reading) == 7
    assert note.startswith("7000 papers, ")
    assert note.endswith(" of them searchable")
    # More papers, and one in a new version, are followed from there.
    with (tmp_path / "b.jsonl").open("w") as file:
        file.writelines(
            json.dumps({"id": f"arxiv:2506.{n:05}", "title": f"Foxes {n}", "version": 1}) + "\n" for n in range(1, 3100)
        )
        file.write(json.dumps({"id": "arxiv:2505.00001", "version": 9, "title": "Foxes, not sand", "abstract": "So."}))
    taken_in(database, tmp_path / "b.jsonl", ear)
    with Store(database) as store:
        assert len(search(store, Query.parse("foxes"), Bounds(limit=9999))) == 3100
        assert statistics.kept(store, Silent()).counted == 10_099


def test_a_small_ingest_starts_nothing(tmp_path: Path) -> None:
    """Its notes are what they were, and nothing is counted before somebody ranks."""
    ear, database = Ear(), tmp_path / "home" / "digest.sqlite3"
    source = dump(tmp_path / "a.jsonl", 2500)
    taken_in(database, source, ear)
    assert [note for *_, note in ear.steps] == ["1000 papers", "2000 papers", "2500 papers"]
    assert {path.name for path in database.parent.iterdir()} == {"digest.sqlite3"}
    # Known papers are no reason either, however many.
    taken_in(database, source, ear)
    assert {path.name for path in database.parent.iterdir()} == {"digest.sqlite3"}


def test_a_follower_that_is_killed_spoils_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ingest goes on and says so in a line, and who searches next finds everything."""
    monkeypatch.setattr(follower, "LARGE", 1000)

    class Killer(Ear):
        def step(self, stage: str, done: int, total: int | None, note: str = "") -> None:
            super().step(stage, done, total, note)
            if note.startswith("4000"):
                [started] = set(children(os.getpid())) - before
                os.kill(started, signal.SIGKILL)

    before = set(children(os.getpid()))
    killer, database = Killer(), tmp_path / "home" / "digest.sqlite3"
    taken_in(database, dump(tmp_path / "a.jsonl", 7000), killer)
    assert killer.heard == [f"{STAGE} ended early: the next search goes on with it"]
    with Store(database) as store:
        assert len(search(store, Query.parse("owls"), Bounds(limit=9999))) == 7000
    assert_as_sequential(database, tmp_path / "afterwards")


def test_a_follower_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a file cannot be written, the papers are there all the same, and the reason is told."""
    monkeypatch.setattr(follower, "LARGE", 1000)
    ear, database = Ear(), tmp_path / "home" / "digest.sqlite3"
    (tmp_path / "home" / "search.sqlite3").mkdir(parents=True)
    taken_in(database, dump(tmp_path / "a.jsonl", 6000), ear)
    [line] = ear.heard
    assert line.startswith(f"{STAGE} ended early: cannot use the search index: ")
    with Store(database) as store, store.reading() as connection:
        assert papers.count(connection) == 6000


COMMAND = """
import sys
from digest import follower
follower.LARGE = 1000
from digest.cli import main
sys.argv = ["digest", "ingest", sys.argv[1]]
main()
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_it_ends_with_the_ingest(tmp_path: Path, end: signal.Signals) -> None:
    """Killed or interrupted, as a terminal does with the whole group, an ingest leaves no process and no traceback."""
    source, home = dump(tmp_path / "a.jsonl", 15_000), tmp_path / "home"
    ingesting = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(source)],
        env=os.environ | {"DIGEST_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (started := children(ingesting.pid)):
        assert time.monotonic() < deadline
        assert ingesting.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)
    os.killpg(ingesting.pid, end)
    said, _ = ingesting.communicate(timeout=60)
    assert ingesting.returncode not in (0, None)
    assert "Traceback" not in said
    for each in started:
        wait_until_ended(each)
    # What they left is gone on with.
    taken_in(home / "digest.sqlite3", source, Ear())
    with Store(home / "digest.sqlite3") as store:
        assert word_index.grow(store, Silent()) == statistics.of_all(store).papers == 15_000


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_a_server_is_followed_and_its_password_shown_to_nobody(
    place: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is told of the database by its environment, as others may read command lines."""
    monkeypatch.setattr(follower, "LARGE", 1000)
    monkeypatch.delenv("DIGEST_DATABASE_URL")
    commands: set[bytes] = set()

    class Looker(Ear):
        def step(self, stage: str, done: int, total: int | None, note: str = "") -> None:
            super().step(stage, done, total, note)
            for child in children(os.getpid()):
                commands.add(Path(f"/proc/{child}/cmdline").read_bytes())

    server = replace(place, url=place.url.replace("postgres:@", "postgres:geheim@"))
    assert server.has_password
    with Store(server) as store, Follower(store, looker := Looker()) as watch:
        ingest(store, [dump(tmp_path / "a.jsonl", 3000)], as_of=AS_OF, progress=watch)
        watch.finish()
        assert looker.heard == []
        assert statistics.kept(store, Silent()).counted == word_index.grow(store, Silent(), chunks=0) == 3000
    assert any(b"digest.follower" in command for command in commands)
    assert not any(b"geheim" in command for command in commands)
