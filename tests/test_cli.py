"""The command line as scripts and people meet it: exit codes, what goes to stdout, and no traceback ever."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
import typer.main

from digest import pipeline, profiles, sample
from digest.cli.context import clock
from digest.cli.main import app, main
from digest.ingest import ingest
from digest.lifecycle import pause
from digest.schedule import schedule
from digest.settings import Settings
from digest.settings import load as load_settings
from digest.store import Store, deliveries, papers
from digest.subscribing import Wish, confirm, subscribe
from digest.subscription import Preferences
from digest.types import Paper, SkipReason

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parent.parent
FORMS = ("eml", "text", "html", "json")
PROGRAM = "import sys; from digest.cli import main; sys.exit(main())"
PAPER = '{"id": "2505.00001", "title": "Owls", "abstract": "They hunt at night."}'
FAULTY = "name: Bad\nemail: bad@example.org\ntopics:\n  - text: owls\n    weight: high\n"


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401  (whatever the command prints)
        """What it printed, which must be JSON and nothing else."""
        return json.loads(self.out)


class Digest(Protocol):
    """Runs one command in this process."""

    def __call__(self, *args: str, stdin: bytes = b"") -> Outcome:
        """The command's outcome."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The DIGEST_HOME of the test, not made yet; the working folder is another empty one."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("DIGEST_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def digest(home: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Digest:
    """The whole program, less the interpreter's start."""
    assert not home.exists()

    def run(*args: str, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "argv", ["digest", *args])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsysbinary.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsysbinary.readouterr()
        assert b"Traceback" not in err
        return Outcome(int(left.value.code or 0), out.decode(), err.decode())

    return run


@pytest.fixture(scope="module")
def sample_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the sample's papers, to be copied."""
    path = tmp_path_factory.mktemp("sample") / "digest.sqlite3"
    with Store(path) as store:
        assert ingest(store, [sample.FOLDER], as_of=date(2025, 5, 9)).new == 60
    return path


@pytest.fixture
def filled(digest: Digest, home: Path, sample_database: Path) -> Digest:
    """The program with the sample's papers taken in."""
    home.mkdir()
    shutil.copy(sample_database, home)
    return digest


def write_profiles(home: Path, **texts: str) -> None:
    """Put profiles by name into the reader's folder."""
    (home / "profiles").mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (home / "profiles" / f"{name}.yaml").write_text(text, encoding="utf-8")


def reader(topic: str, address: str = "reader@example.org") -> str:
    """A profile in YAML."""
    return f"name: Reader\nemail: {address}\ntopics: [{topic}]\n"


def commands() -> Iterator[list[str]]:
    """Every command by the words that call it, groups included."""

    def below(command: Any, words: list[str]) -> Iterator[list[str]]:  # noqa: ANN401  (Typer's own type is private)
        yield words
        for name, sub in getattr(command, "commands", {}).items():
            yield from below(sub, [*words, name])

    return below(typer.main.get_command(app), [])


# Help and wrong use


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_has_help_with_an_example_of_itself(digest: Digest, words: list[str]) -> None:
    """`--help` is a result: on stdout, code 0, with an example that calls the command."""
    shown = digest(*words, "--help")
    assert (shown.code, shown.err) == (0, "")
    assert re.search(rf"Example: {' '.join(['digest', *words])}\b", shown.out), shown.out


def test_help_waits_for_neither_numpy_nor_prefect() -> None:
    """The first answer comes before the big libraries are imported."""
    code = (
        "import sys; from digest.cli import main\n"
        "sys.argv = ['digest', '--help']\n"
        "try: main()\n"
        "finally: print(*{'numpy', 'scipy', 'sklearn', 'prefect', 'alembic'} & {*sys.modules}, file=sys.stderr)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.startswith("Usage: ")
    assert shown.stderr.strip() == ""


def test_the_version_is_told(digest: Digest) -> None:
    """One line for scripts; as a module, the program is the same."""
    told = digest("--version").out
    assert re.fullmatch(r"paper-digest \d+\.\d+\.\d+\n", told)
    assert subprocess.check_output([sys.executable, "-m", "digest", "--version"], text=True) == told


@pytest.mark.parametrize(
    "words",
    [
        "frobnicate",
        "run --frobnicate",
        "run --date tomorrow",
        "run --date 2025-02-30",
        "run --engine steam",
        "run --profile nobody",
        "preview nobody",
        "preview ada --format pdf",
        "rank nobody",
        "rank ada --limit 0",
        "rank ada --since 2025-05-09 --until 2025-05-08",
        "rank",
        "ingest",
        "ingest x --format docx",
        "ingest x --as-of never",
        "papers --limit many",
        "papers --limit 99999999999999999999",
        "papers --similar nothing",
        "papers --similar 2505.01932 --search owls",
        "papers --since 2025-05-09 --until 2025-05-08",
        "profiles frobnicate",
    ],
)
def test_wrong_use_is_code_2_with_a_reason_on_stderr(digest: Digest, words: str) -> None:
    """A command that cannot be meant says so, prints nothing to stdout, and makes no database."""
    outcome = digest(*words.split())
    assert (outcome.code, outcome.out) == (2, "")
    assert re.search(r"^(Error: |Usage: )", outcome.err, re.MULTILINE)


def test_an_unknown_profile_names_those_there_are(digest: Digest, home: Path) -> None:
    """Who mistypes a name sees the names."""
    write_profiles(home, ada=reader("owls"), grace=reader("foxes"))
    assert "known: ada, grace" in digest("preview", "adda").err


# ingest and papers


def test_ingest_counts_in_json(digest: Digest, tmp_path: Path) -> None:
    """The report has exactly its documented keys; a rejected record is named, and the code is 1."""
    dump = tmp_path / "dump.jsonl"
    lines = [PAPER, "{", PAPER.replace("2505.00001", "2505.00001v2")]
    dump.write_text("\n".join([*lines, lines[0]]), encoding="utf-8")
    report = digest("ingest", str(dump), "--json")
    assert report.code == 1
    assert {key: report.json[key] for key in report.json if key != "rejected"} == {
        "read": 3,
        "new": 1,
        "updated": 1,
        "duplicate": 1,
    }
    assert [*report.json] == ["read", "new", "updated", "duplicate", "rejected"]
    assert [[*each] for each in report.json["rejected"]] == [["where", "why"]]
    assert report.json["rejected"][0]["where"].startswith(f"{dump}:2")


def test_ingest_says_in_a_line_what_it_did(digest: Digest) -> None:
    """For people it is one line on stdout; what is rejected stands on stderr."""
    good = digest("ingest", str(sample.FOLDER))
    assert (good.code, good.out, good.err) == (
        0,
        "60 papers read: 60 new, 0 updated, 0 known already; 0 rejected\n",
        "",
    )
    bad = digest("ingest", "missing.txt", str(sample.FOLDER))
    assert (bad.code, bad.out) == (1, "60 papers read: 0 new, 0 updated, 60 known already; 1 rejected\n")
    assert re.fullmatch(r"rejected: missing\.txt: .*no such file.*\n", bad.err)


def test_ingest_reads_standard_input(digest: Digest) -> None:
    """`-` is standard input, of a format told from its content or named."""
    dump = PAPER.encode()
    assert digest("ingest", "-", "--json", stdin=dump).json["new"] == 1
    assert digest("ingest", "-", "--format", "interchange", "--json", stdin=dump).json["duplicate"] == 1
    empty = digest("ingest", "-", "--json")
    assert (empty.code, empty.json["rejected"][0]["where"]) == (1, "standard input")


@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff" * 99, b"{}", b"[1, 2", b"<html>", b"\x1f\x8b\x08broken", b"%PDF-1.5"]
)
def test_a_dump_that_is_none_is_rejected(digest: Digest, tmp_path: Path, content: bytes) -> None:
    """Bytes that are no dump are named with a reason, in text and in JSON."""
    dump = tmp_path / "dump"
    dump.write_bytes(content)
    assert digest("ingest", str(dump)).code == 1
    report = digest("ingest", str(dump), "--json")
    assert (report.code, report.json["read"]) == (1, 0)
    assert report.json["rejected"]


def test_a_file_name_that_is_no_text_is_still_reported(digest: Digest, tmp_path: Path) -> None:
    """A name whose bytes are not UTF-8 breaks neither the text nor the JSON."""
    dump = Path(os.fsdecode(os.fsencode(tmp_path) + b"/owls\xff.json"))
    dump.write_bytes(b"")
    assert digest("ingest", str(dump)).code == 1
    assert "owls" in digest("ingest", str(dump), "--json").json["rejected"][0]["where"]


def test_papers_are_listed_newest_first(filled: Digest) -> None:
    """A line for day and title, a line for authors and id; as many as asked for; JSON has all fields."""
    listed = filled("papers", "--limit", "3").out.splitlines()
    assert len(listed) == 6
    assert listed[0].startswith("2025-05-09  ")
    assert re.search(r"\[arxiv:2505\.\d{5}\]$", listed[1])
    found = filled("papers", "--json").json
    assert len(found) == 60
    assert [paper["day"] for paper in found] == sorted((paper["day"] for paper in found), reverse=True)
    assert {"id", "title", "abstract", "authors", "links", "signals"} <= found[0].keys()


def test_lists_show_readable_maths_and_json_the_source(digest: Digest) -> None:
    """A title's TeX is Unicode for people; programs get what the source wrote."""
    tex = r"Owls at $10^{-3}$ dB"
    digest("ingest", "-", stdin=json.dumps({"id": "2505.00001", "title": tex, "abstract": "Quiet."}).encode())
    assert "Owls at 10⁻³ dB" in digest("papers").out
    assert [paper["title"] for paper in digest("papers", "--json").json] == [tex]


def test_papers_are_searched_best_first(filled: Digest) -> None:
    """A line with day, score and title, a line with authors and id; in JSON the score stands behind the day."""
    found = filled("papers", "--search", "talking HEAD", "--json").json
    assert [paper["score"] for paper in found] == sorted((paper["score"] for paper in found), reverse=True)
    assert "talking head" in found[0]["title"].casefold()
    listed = filled("papers", "--search", "talking HEAD", "--limit", "2").out.splitlines()
    assert len(listed) == 4
    best = found[0]
    assert listed[0] == f"{best['day']}  {best['score']:5.1f}  {best['title']}"
    assert listed[1].endswith(f"[{best['id']}]")
    plain = filled("papers", "--json").json[0]
    assert [*best] == [*plain, "score"]


def test_a_phrase_must_stand_in_a_paper(filled: Digest) -> None:
    """Quotation marks ask for the words as they stand, in title, abstract or authors."""
    found = filled("papers", "--search", '"talking head" motion', "--json").json
    assert found
    assert all("talking head" in f"{paper['title']} {paper['abstract']}".casefold() for paper in found)
    name = found[0]["authors"][0]
    assert found[0]["id"] in [paper["id"] for paper in filled("papers", "--search", f'"{name}"', "--json").json]
    assert filled("papers", "--search", f"{name} {found[0]['id']}", "--json").json[0]["score"] == 100


def test_papers_are_listed_by_likeness(filled: Digest) -> None:
    """Named in any form, a paper has others like it, itself left out; an unknown one is an error of one line."""
    like = filled("papers", "--similar", "https://arxiv.org/abs/2505.01932v1", "--json").json
    assert len(like) > 5
    assert "arxiv:2505.01932" not in [paper["id"] for paper in like]
    assert [paper["score"] for paper in like] == sorted((paper["score"] for paper in like), reverse=True)
    days = ("--since", "2025-05-06", "--until", "2025-05-07")
    assert {paper["day"] for paper in filled("papers", "--similar", "2505.01932", *days, "--json").json} == {
        "2025-05-06",
        "2025-05-07",
    }
    unknown = filled("papers", "--similar", "2505.99999")
    assert (unknown.code, unknown.out) == (1, "")
    assert unknown.err == "digest: no such paper: 'arxiv:2505.99999': it was never ingested\n"


def test_days_bound_a_list(filled: Digest) -> None:
    """Both days are included, for lists and searches."""
    for words in ((), ("--search", "motion")):
        whole = filled("papers", *words, "--json").json
        inside = [paper for paper in whole if "2025-05-06" <= paper["day"] <= "2025-05-07"]
        assert 0 < len(inside) < len(whole)
        assert filled("papers", *words, "--since", "2025-05-06", "--until", "2025-05-07", "--json").json == inside


def test_a_search_without_results_says_so(filled: Digest) -> None:
    """Nothing found is no error; a query that cannot find anything is told apart; nothing in one is a pattern."""
    for nothing in ("xylophagous", "t_lking", '"head talking"', "2505.99999"):
        outcome = filled("papers", "--search", nothing)
        assert (outcome.code, outcome.out, outcome.err) == (0, "", "no paper found\n")
    for void in ("the of", "%", '"', "2024"):
        outcome = filled("papers", "--search", void)
        assert (outcome.code, outcome.out) == (0, "")
        assert outcome.err.startswith(f"nothing to search for in {void!r}: ")
        assert filled("papers", "--search", void, "--json").json == []


def test_a_list_that_is_cut_says_so(filled: Digest) -> None:
    """Where no limit was given, 20 papers are shown, and stderr tells that there are more."""
    for words in ((), ("--search", "motion audio video model")):
        listed = filled("papers", *words)
        assert len(listed.out.splitlines()) == 40
        assert "--limit" in listed.err
        assert filled("papers", *words, "--limit", "20").err == ""
    ranked = filled("rank", "ada")
    assert len(ranked.out.splitlines()) == 40
    assert "--limit" in ranked.err
    assert filled("rank", "ada", "--limit", "20").err == ""


# rank and preview


def test_a_ranking_in_json_has_its_keys(filled: Digest) -> None:
    """Exactly the documented keys, highest score first, all papers unless a limit is given."""
    ranking = filled("rank", "ada", "--json").json
    assert len(ranking) == 60
    assert {tuple(match) for match in ranking} == {("id", "title", "score", "evidence")}
    assert {tuple(each) for match in ranking for each in match["evidence"]} == {("term", "share")}
    assert [match["score"] for match in ranking] == sorted((match["score"] for match in ranking), reverse=True)
    assert filled("rank", "ada", "--json", "--limit", "2").json == ranking[:2]
    days = filled("rank", "ada", "--json", "--since", "2025-05-06", "--until", "2025-05-07").json
    assert len(days) == 24


def test_a_profile_is_named_by_reader_or_by_file(filled: Digest, home: Path, tmp_path: Path) -> None:
    """A path is taken as it is; a name is one of the readers', in either spelling of the file's ending."""
    elsewhere = tmp_path / "night.yaml"
    elsewhere.write_text(reader("talking heads"), encoding="utf-8")
    by_path = filled("rank", str(elsewhere), "--json").json
    write_profiles(home, day=reader("music"))
    shutil.copy(elsewhere, home / "profiles" / "night.yml")
    assert filled("rank", "night", "--json").json == by_path
    assert filled("rank", "ada").code == 2, "the examples stand in only while there are no other readers"


def test_nothing_to_rank_or_preview_says_where_to_begin(digest: Digest) -> None:
    """An empty database is no error; stderr tells the first step, stdout stays fit for scripts."""
    ranking = digest("rank", "ada", "--json")
    assert (ranking.code, ranking.json) == (0, [])
    assert "digest ingest" in ranking.err
    assert "digest ingest" in digest("papers").err
    shown = digest("preview", "ada")
    assert (shown.code, shown.out) == (0, "")
    assert "digest ingest" in shown.err
    skipped = digest("preview", "ada", "--format", "json", "--date", "2025-05-09")
    assert skipped.json == {"profile": "ada", "day": "2025-05-09", "skipped": "no new papers"}


def test_a_preview_is_the_mail_of_the_run(filled: Digest, home: Path) -> None:
    """The mail on stdout is the file that the run writes; its parts are the text and the HTML that are printed."""
    shown = {form: filled("preview", "ada", "--format", form, "--date", "2025-05-09").out for form in FORMS}
    assert filled("run", "--engine", "plain", "--date", "2025-05-09").code == 0
    mail = (home / "outbox" / "2025-05-09-ada.eml").read_bytes()
    assert shown["eml"].encode() == mail
    text, html = message_from_bytes(mail).get_payload()
    assert text.get_payload(decode=True).decode().split() == shown["text"].split()
    assert html.get_payload(decode=True).decode().split() == shown["html"].split()
    issue = json.loads(shown["json"])
    assert (issue["profile"], issue["day"]) == ("ada", "2025-05-09")
    assert {form: filled("preview", "ada", "--format", form, "--date", "2025-05-09").out for form in FORMS} == shown


# run


def test_a_run_reports_readers_and_never_addresses(filled: Digest, home: Path) -> None:
    """Results go to stdout, for people or as JSON; who is served is known by profile, an address stands nowhere."""
    dry = filled("run", "--engine", "plain", "--date", "2025-05-09", "--dry-run", "--json")
    assert not (home / "outbox").exists()
    done = filled("run", "--engine", "plain", "--date", "2025-05-09", "--json")
    assert {**dry.json, "dry_run": False, "delivered": 3} == done.json
    assert [*done.json] == [
        "day",
        "dry_run",
        "issues",
        "skipped",
        "failed",
        "delivered",
        "unmailed",
        "held",
        "waiting",
        "outcomes",
        "retry_at",
        "gists",
        "gist_faults",
        "postponed",
        "late",
        "missed",
        "letters",
        "unlinked",
    ]
    assert [line["profile"] for line in done.json["issues"]] == ["ada", "grace", "katherine"]
    again = filled("run", "--engine", "plain", "--date", "2025-05-09")
    assert "already has an issue of this day" in again.out
    for outcome in (dry, done, again):
        assert outcome.code == 0
        assert "@" not in outcome.out + outcome.err


def test_a_run_tells_people_where_the_mails_are(filled: Digest, home: Path) -> None:
    """The summary counts, and names the folders."""
    told = filled("run", "--engine", "plain", "--date", "2025-05-09", "--profile", "ada", "--profile", "ada").out
    assert re.fullmatch(r"ada +\d+ papers, out of 60 new\n1 mail in \S+, the same as web pages in \S+\n", told)
    assert str(home / "outbox") in told
    assert [path.name for path in (home / "outbox").iterdir()] == ["2025-05-09-ada.eml"]


def test_a_long_report_is_cut_for_people(filled: Digest, home: Path) -> None:
    """Of many readers twenty are named and the others counted."""
    write_profiles(home, **{f"reader{number:02}": reader("talking heads") for number in range(23)})
    told = filled("run", "--engine", "plain", "--date", "2025-05-09").out.splitlines()
    assert len(told) == 22
    assert told[20] == "and 3 more readers"
    assert told[21].startswith("23 mails in ")
    again = filled("run", "--engine", "plain", "--date", "2025-05-09").out
    assert again.startswith("no issue for 23 readers: ")


def test_a_faulty_profile_costs_only_itself(filled: Digest, home: Path) -> None:
    """Its faults are told with file, line and key, the others get their mail, and the code is 1."""
    write_profiles(home, good=reader("talking heads"), bad=FAULTY)
    outcome = filled("run", "--engine", "plain", "--date", "2025-05-09")
    assert outcome.code == 1
    assert "bad.yaml:5: topics[0].weight: expected a number, got 'high'" in outcome.err
    assert [path.name for path in (home / "outbox").iterdir()] == ["2025-05-09-good.eml"]
    report = filled("run", "--engine", "plain", "--date", "2025-05-09", "--json")
    assert [fault["profile"] for fault in report.json["failed"]] == ["bad"]
    assert "@" not in outcome.out + outcome.err + report.out + report.err


def test_an_outbox_in_the_way_fails_and_is_made_good(filled: Digest, home: Path) -> None:
    """A folder that cannot be written to is told without address; the next run delivers, and says so."""
    write_profiles(home, ada=reader("talking heads"))
    (home / "outbox").write_text("in the way")
    broken = filled("run", "--engine", "plain", "--date", "2025-05-09")
    assert broken.code == 1
    assert broken.err.startswith("failed: delivery: cannot write")
    assert "@" not in broken.out + broken.err
    (home / "outbox").unlink()
    mended = filled("run", "--engine", "plain", "--date", "2025-05-09", "--json")
    assert (mended.code, mended.json["delivered"]) == (0, 1)


def test_mails_that_a_killed_run_held_are_named(filled: Digest, home: Path) -> None:
    """Right after a run was killed between claiming a mail and sending it, the next one says what to do."""
    day, now = date(2025, 5, 9), clock()
    readers = [profiles.load(path) for path in profiles.find(sample.PROFILES)]
    with Store(home / "digest.sqlite3") as store:
        pipeline.compose_issues(store, Settings(home=home), readers, day=day, now=now)
        with store.writing() as connection:
            assert len(deliveries.claim(connection, now=now, limit=2)) == 2
    outcome = filled("run", "--engine", "plain", "--date", "2025-05-09")
    assert outcome.out.splitlines()[-1].startswith("1 mail in ")
    assert "2 mails held by another run" in outcome.err


def test_without_readers_the_examples_stand_in_and_it_is_said(filled: Digest, home: Path) -> None:
    """A first run shows something, and stderr says whose it is."""
    outcome = filled("run", "--engine", "plain", "--date", "2025-05-09", "--dry-run")
    assert f"no profiles in {home / 'profiles'}" in outcome.err
    assert outcome.out.startswith("ada ")


# profiles


def test_checking_profiles_tells_every_fault(digest: Digest, home: Path) -> None:
    """Good ones and faults are results; one fault is code 1."""
    write_profiles(home, good=reader("owls"), bad=FAULTY)
    outcome = digest("profiles", "check")
    assert (outcome.code, outcome.err) == (1, "")
    assert "good.yaml: good: Reader, 1 interest\n" in outcome.out
    assert "bad.yaml:5: topics[0].weight" in outcome.out
    assert digest("profiles", "check", str(home / "profiles" / "good.yaml")).code == 0
    assert digest("profiles", "check", str(home / "profiles")).code == 1
    assert digest("profiles", "check", "missing.yaml").code == 1


def test_the_schema_is_json(digest: Digest) -> None:
    """What editors need, on stdout: the same as the file beside the examples."""
    stored = json.loads((REPOSITORY / "profiles" / "profile.schema.json").read_text(encoding="utf-8"))
    assert digest("profiles", "schema").json == stored


# What is wrong with the installation


@pytest.mark.parametrize("words", ["papers", "rank ada", "preview ada", "run --engine plain", "ingest -"])
def test_an_installation_that_cannot_be_used_is_one_line(digest: Digest, home: Path, words: str) -> None:
    """Broken settings, a foreign file or a newer database, a home inside a file: one line on stderr and code 1."""

    def refused(*hints: str) -> None:
        outcome = digest(*words.split())
        assert (outcome.code, outcome.out) == (1, "")
        last = outcome.err.splitlines()[-1]
        assert last.startswith("digest: ")
        for hint in hints:
            assert hint in last

    home.write_text("a file")
    refused(str(home))
    home.unlink()
    home.mkdir()
    settings = home / "digest.toml"
    settings.write_text("window_day = 3\n")
    refused("digest.toml:1: window_day", "did you mean 'window_days'?")
    settings.write_text("window_days = [\n")
    refused("digest.toml")
    settings.unlink()
    database = home / "digest.sqlite3"
    database.write_text("no database, but longer than the header of one, which has a hundred bytes " * 2)
    refused("digest.sqlite3")
    database.unlink()
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE owls (name TEXT)")
    connection.close()
    refused("not a digest database")


def test_a_newer_database_is_left_alone(filled: Digest, home: Path) -> None:
    """A database of a later version is refused with what to do."""
    connection = sqlite3.connect(home / "digest.sqlite3")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    outcome = filled("papers")
    assert (outcome.code, outcome.out) == (1, "")
    assert "install a newer paper-digest" in outcome.err


def test_a_locked_database_is_one_line(filled: Digest, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program holds the write lock, reading goes on, and writing gives up with its reason."""
    monkeypatch.setitem(Store.__init__.__kwdefaults__, "patience", timedelta(seconds=0.1))
    other = sqlite3.connect(home / "digest.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert filled("papers", "--limit", "1").code == 0
    for words in (["ingest", str(sample.FOLDER)], ["run", "--engine", "plain", "--date", "2025-05-09"]):
        outcome = filled(*words)
        assert (outcome.code, outcome.out) == (1, "")
        assert "database is locked" in outcome.err.splitlines()[-1]
    other.close()
    assert filled("run", "--engine", "plain", "--date", "2025-05-09").code == 0


def test_a_broken_template_is_told_before_anything_is_composed(filled: Digest, home: Path) -> None:
    """An operator's template with a fault is named with its line; nothing is composed until it is mended."""
    template = home / "templates" / "mail" / "issue" / "body.txt"
    template.parent.mkdir(parents=True)
    for broken in ("Dear {{ nme }}", "{% for %}", "{{ name"):
        template.write_text(broken, encoding="utf-8")
        for words in (["preview", "ada"], ["run", "--engine", "plain"], ["run", "--engine", "prefect"]):
            outcome = filled(*words, "--date", "2025-05-09")
            assert (outcome.code, outcome.out) == (1, "")
            assert outcome.err.splitlines()[-1].startswith("digest: mail/issue/body.txt:1: ")
    template.unlink()
    assert '"papers": ' in filled("run", "--engine", "plain", "--date", "2025-05-09", "--json").out


def test_a_fault_of_the_system_is_one_line(digest: Digest) -> None:
    """What the operating system refuses, here a name too long for it, is told without a traceback."""
    outcome = digest("preview", "a" * 300)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("digest: ")


# True processes


def start(home: Path, *args: str) -> subprocess.Popen[bytes]:
    """The program as its own process, with pipes for all streams."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *args],
        env={**os.environ, "DIGEST_HOME": str(home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def fill(home: Path, count: int) -> None:
    """Put many papers into the database."""
    with Store(home / "digest.sqlite3") as store, store.writing() as connection:
        batch = [Paper(id=f"arxiv:2505.{number:05}", title=f"Naïve owls № {number}") for number in range(count)]
        papers.add(connection, batch, date(2025, 5, 9))


def test_a_reader_that_stops_early_is_no_error(home: Path) -> None:
    """With `digest papers | head -1` the program ends quietly when the pipe closes."""
    fill(home, 4000)
    with start(home, "papers", "--limit", "4000") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() in (0, 1)


def test_progress_is_shown_on_a_terminal_and_taken_away(home: Path, tmp_path: Path) -> None:
    """On a terminal a bar bears the dump's name, whatever that is, and only what was rejected stays on stderr."""
    dumps = tmp_path / "dumps"
    (dumps / "[").mkdir(parents=True)
    for name in ("[/b]owls.jsonl", "[red]foxes.jsonl"):
        (dumps / name).write_text(PAPER + "\n{\n", encoding="utf-8")
    terminal, other_end = pty.openpty()
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, "ingest", str(dumps)],
        env={**os.environ, "DIGEST_HOME": str(home), "TERM": "xterm", "COLUMNS": "300"},
        stdout=subprocess.PIPE,
        stderr=other_end,
        check=False,
    )
    os.close(other_end)
    shown = os.read(terminal, 1 << 16).decode()
    os.close(terminal)
    assert (process.returncode, process.stdout[:13]) == (1, b"2 papers read")
    assert "Traceback" not in shown
    assert "1 papers" in shown
    left = shown.rpartition("\x1b[2K")[2]
    assert [line.split(":")[0] for line in left.splitlines()] == ["rejected", "rejected"]
    assert "[/b]owls.jsonl:2" in left


def test_an_interrupt_is_quiet(home: Path) -> None:
    """Ctrl-C ends a waiting ingest with code 130 and no traceback; what was taken in before stays."""
    fill(home, 1)
    with start(home, "ingest", "-", "--format", "interchange") as process:
        wait_until_busy(process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Traceback" not in err


def wait_until_busy(process: subprocess.Popen[bytes]) -> None:
    """Return when the process has read all of what is in its standard input's pipe."""
    import fcntl
    import termios

    assert process.stdin is not None
    process.stdin.write(PAPER.encode())
    process.stdin.flush()
    waiting = bytearray(4)
    for _ in range(400):
        fcntl.ioctl(process.stdin, termios.FIONREAD, waiting)
        if not int.from_bytes(waiting, sys.byteorder):
            return
        time.sleep(0.05)
    raise AssertionError("the process reads nothing")


def test_letters_a_terminal_lacks_are_spelt_out(home: Path, digest: Digest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where stdout is Latin-1, a title's other letters are escaped instead of ending the program; JSON stays UTF-8."""
    fill(home, 1)
    for words, shown in ((["papers"], b"Na\xefve owls \\u2116 0"), (["papers", "--json"], "Naïve owls № 0".encode())):
        written = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="latin-1"))
        assert digest(*words).code == 0
        assert shown in written.getvalue()


def test_the_installed_command_writes_mails_and_pages(filled: Digest, home: Path) -> None:
    """The `digest` on the path does what `main` does, with nothing but results on stdout."""
    assert filled("papers").code == 0
    program = Path(sys.executable).with_name("digest")
    words = ["run", "--engine", "plain", "--date", "2025-05-09", "--json"]
    done = subprocess.run(
        [program, *words], env={**os.environ, "DIGEST_HOME": str(home)}, capture_output=True, check=True
    )
    assert json.loads(done.stdout)["delivered"] == 3
    assert done.stderr.decode() == (
        f"no profiles in {home / 'profiles'}: the examples that came with the program stand in\n"
    )
    assert len([*(home / "outbox").glob("*.eml")]) == len([*(home / "pages").glob("2025-05-09-*.html")]) == 3


# Before the first real mail


def test_the_doctor_prints_a_line_for_each_check(filled: Digest, home: Path) -> None:
    """A fault is code 1 and says what mends it; JSON says the same."""
    shown = filled("doctor", "--offline")
    assert shown.code == 1
    assert (
        "FAULT  sender: mails come from 'localhost', which is no domain that anybody else knows: set sender"
        in shown.out
    )
    assert re.search(r"^ok     database: schema \d+, the newest paper is of 2025-05-09$", shown.out, re.MULTILINE)
    assert all(re.match(r"(?:ok    |warn  |FAULT ) [a-z]+: ", line) for line in shown.out.splitlines())
    assert "1 fault, " in shown.err
    found = filled("doctor", "--offline", "--json").json
    assert [*found[0]] == ["check", "verdict", "what", "mend"]
    assert [each["check"] for each in found if each["verdict"] == "fault"] == ["sender"]
    (home / "digest.toml").write_text('sender = "digest@example.org"\n', encoding="utf-8")
    assert filled("doctor", "--offline").code == 0


def test_a_dns_server_that_is_none_is_wrong(digest: Digest) -> None:
    """It is told before anything is looked at."""
    shown = digest("doctor", "--nameserver", "owls")
    assert (shown.code, shown.out) == (1, "")
    assert "expected a DNS server's address" in shown.err


def test_a_test_mail_goes_out_and_nothing_is_kept(filled: Digest, home: Path) -> None:
    """It shows the reader's issue to somebody else; no issue is composed by it, and the address is in no output."""
    write_profiles(home, bo=reader("talking head"))
    shown = filled("send-test", "eve@example.org", "--profile", "bo")
    assert shown.code == 0
    assert re.fullmatch(rf"accepted: written to test-[-0-9]+\.eml in {home / 'outbox'}\n", shown.out)
    (path,) = (home / "outbox").iterdir()
    mail = message_from_bytes(path.read_bytes())
    assert mail["To"] == "eve@example.org"
    assert "[test]" in str(make_header(decode_header(mail["Subject"])))
    assert filled("outbox", "list", "--state", "sent", "--json").json["counts"] == {}


def test_a_test_mail_needs_no_papers(digest: Digest, home: Path) -> None:
    """In a new installation it is one of the bundled sample, and not even a database is made."""
    shown = digest("send-test", "eve@example.org")
    assert (shown.code, shown.err) == (0, "")
    assert [path.name for path in home.iterdir()] == ["outbox"]
    refused = digest("send-test", "eve@exa mple.org")
    assert (refused.code, refused.out) == (1, "")
    assert "mple" not in refused.err


def test_a_test_mail_that_is_not_taken_is_a_failure(digest: Digest, home: Path) -> None:
    """What the other side says to it is told on stderr, without the address."""
    home.mkdir()
    command = home / "refuse"
    command.write_text("#!/bin/sh\necho 'no eve@example.org here' >&2\nexit 67\n", encoding="utf-8")
    command.chmod(0o755)
    (home / "digest.toml").write_text(f'[delivery]\ntransport = "sendmail"\ncommand = "{command}"\n', encoding="utf-8")
    shown = digest("send-test", "eve@example.org")
    assert (shown.code, shown.out) == (1, "")
    assert shown.err.startswith("rejected: ")
    assert "eve" not in shown.err


# who is due


def test_run_passes_over_whoever_paused_by_a_link(filled: Digest, home: Path) -> None:
    """A reader whose profile is a file is known by a link, too: paused they get nothing, and the report says why."""
    write_profiles(home, ada=reader("language models"), grace=reader("language models"))
    assert filled("run", "--engine", "plain", "--date", "2025-05-08").code == 0
    with Store(home / "digest.sqlite3") as store:
        pause(store, "ada", until=None, now=datetime.now(UTC))  # noqa: TID251  (the program's clock is the real one)
    done = filled("run", "--engine", "plain", "--date", "2025-05-09", "--json")
    assert {"profile": "ada", "reason": SkipReason.PAUSED.value} in done.json["skipped"]
    assert "ada" not in [line["profile"] for line in done.json["issues"]]
    assert "no issue for ada: paused by the reader" in filled("run", "--engine", "plain", "--date", "2025-05-09").out


def test_run_has_the_issues_of_subscribers_who_are_due(filled: Digest, home: Path) -> None:
    """A subscriber gets their issue by `digest run` alone, once, and one who is named at once; no address is told."""
    (home / "digest.toml").write_text('site_url = "https://digest.example.org"\n', encoding="utf-8")
    now = datetime.now(UTC)  # noqa: TID251  (the program's clock is the real one)
    wish = Wish(
        email="eve@example.org",
        interests="topics: [owls]\nmin_score: 1\n",
        preferences=Preferences(schedule=schedule("daily", f"{now - timedelta(minutes=1):%H:%M}", "UTC")),
    )
    with Store(home / "digest.sqlite3") as store:
        options = load_settings(home)
        slug = subscribe(store, options, wish, now=now - timedelta(hours=1)).subscription.slug
        subscribe(store, options, replace(wish, email="may@example.org"), now=now - timedelta(hours=1))
        confirm(store, options, slug, now=now - timedelta(hours=1))
        with store.writing() as connection:
            papers.add(connection, [Paper(id="doi:10.1000/owls", title="On owls", announced=now.date())], now.date())
    done = filled("run", "--engine", "plain", "--json")
    assert done.code == 0, done.err
    assert [line["profile"] for line in done.json["issues"]] == [slug]
    assert (done.json["delivered"], done.json["letters"]) == (1, 1)
    assert "eve@example.org" not in done.out + done.err
    assert filled("run", "--engine", "plain", "--json").json["issues"] == []
    named = filled("run", "--engine", "plain", "--profile", slug, "--json")
    assert named.json["skipped"] == [{"profile": slug, "reason": SkipReason.ALREADY_COMPOSED.value}]
    assert "known: " in filled("run", "--profile", "nobody").err


def test_a_weekly_reader_by_file_has_no_daily_issues(filled: Digest, home: Path) -> None:
    """`digest run` passes over whose issues come on other days, and says so; whoever is named has one all the same."""
    write_profiles(home, ada="topics: [talking heads]\nmin_score: 1\nfrequency: weekly mon\n", bob="topics: [robots]\n")
    done = filled("run", "--engine", "plain", "--date", "2025-05-09", "--json").json
    assert [line["profile"] for line in done["issues"]] == ["bob"]
    assert done["skipped"] == [{"profile": "ada", "reason": SkipReason.OTHER_DAY.value}]
    done = filled("run", "--engine", "plain", "--date", "2025-05-09", "--profile", "ada", "--json").json
    assert [line["profile"] for line in done["issues"]] == ["ada"]


def test_letters_without_a_site_are_not_silent(filled: Digest, home: Path) -> None:
    """Each run says how many wait, and so do alarms and the doctor, with the mend; with a site they are sent."""
    write_profiles(home, ada="topics: [talking heads]\nmin_score: 1\n")
    assert "no site_url" in filled("subscribers", "add", "eve@example.org").err
    for _ in range(2):
        done = filled("run", "--engine", "plain", "--date", "2025-05-09", "--json")
        assert (done.code, done.json["unlinked"], done.json["letters"]) == (0, 1, 0)
    assert "1 letter waiting for a site_url" in filled("run", "--engine", "plain", "--date", "2025-05-09").err
    assert "1 letter waits for a site" in filled("alarms").out
    assert "letters: 1 wait, as there is no site for their links" in filled("doctor", "--offline").out
    (home / "digest.toml").write_text('site_url = "https://digest.example.org"\n', encoding="utf-8")
    done = filled("run", "--engine", "plain", "--json")
    assert (done.json["unlinked"], done.json["letters"]) == (0, 1)
    assert "nothing is odd" in filled("alarms").err
