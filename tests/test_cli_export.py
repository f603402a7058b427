"""`digest export` as scripts meet it: which issues, in which form, to where, and what is said where there are none."""

from __future__ import annotations

import io
import json
import shutil
import sys
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol

import feedparser
import pytest

from digest import sample
from digest.cli.main import main
from digest.ingest import ingest
from digest.sources import Dump, read
from digest.store import Store
from digest.store.statistics import of_all as all_statistics

if TYPE_CHECKING:
    from pathlib import Path

FORMS = ("atom", "jsonfeed", "markdown", "bibtex")


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: bytes
    err: str


class Digest(Protocol):
    """Runs one command in this process."""

    def __call__(self, *args: str) -> Outcome:
        """The command's outcome."""


@pytest.fixture(scope="module")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DIGEST_HOME with the sample's papers, to be copied."""
    home = tmp_path_factory.mktemp("sample")
    with Store(home / "digest.sqlite3") as store:
        for path in sorted(sample.FOLDER.iterdir()):
            ingest(store, [path], as_of=date.fromisoformat(path.stem))
        all_statistics(store)
    return home


@pytest.fixture
def home(tmp_path: Path, sample_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DIGEST_HOME with the sample's papers; the working folder is beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIGEST_HOME", str(tmp_path / "home"))
    shutil.copytree(sample_home, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def digest(home: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Digest:
    """The whole program, less the interpreter's start."""
    assert home.is_dir()

    def run(*args: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["digest", *args])
        capsysbinary.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsysbinary.readouterr()
        assert b"Traceback" not in err
        return Outcome(int(left.value.code or 0), out, err.decode())

    return run


def export(digest: Digest, form: str, *more: str) -> bytes:
    """What is exported for ada, which must go well."""
    done = digest("export", "--profile", "ada", "--format", form, *more)
    assert (done.code, done.err) == (0, "")
    return done.out


def papers(content: bytes) -> list[str]:
    """The ids of what this program reads of a feed or a library; of what is broken, what it says."""
    outcomes = [record.outcome for record in read(Dump("export", io.BytesIO(content), date(2025, 6, 1)))]
    return [str(getattr(outcome, "id", outcome)) for outcome in outcomes]


def test_every_form_has_the_papers_of_the_issue(digest: Digest) -> None:
    """A day without issue is composed as a preview is; all four forms have its papers in its order."""
    issue = json.loads(digest("preview", "ada", "--format", "json", "--date", "2025-05-09").out)
    ids = [match["paper"]["id"] for section in issue["sections"] for match in section["matches"]]
    assert len(ids) > 3
    for form in ("atom", "jsonfeed", "bibtex"):
        assert papers(export(digest, form, "--date", "2025-05-09")) == ids
    text = export(digest, "markdown", "--date", "2025-05-09").decode()
    assert text.count("\n### [") == len(ids)


def test_what_was_sent_is_exported_to_the_bytes_beside_the_page(digest: Digest, home: Path) -> None:
    """Of a day that was delivered the export is the file in the folder of pages; an Atom feed there knows its place."""
    assert digest("run", "--engine", "plain", "--date", "2025-05-09").code == 0
    for form, ending in (("markdown", "md"), ("bibtex", "bib")):
        (path,) = (home / "pages").glob(f"2025-05-09-ada-*.{ending}")
        assert export(digest, form, "--date", "2025-05-09") == path.read_bytes() == export(digest, form)
    (path,) = (home / "pages").glob("ada-*.json")
    assert export(digest, "jsonfeed") == path.read_bytes()
    (path,) = (home / "pages").glob("ada-*.atom")
    served, exported = (feedparser.parse(io.BytesIO(each)) for each in (path.read_bytes(), export(digest, "atom")))
    assert served.feed.id == exported.feed.id
    assert [entry.id for entry in served.entries] == [entry.id for entry in exported.entries]


def test_the_last_issues_are_the_newest_first(digest: Digest) -> None:
    """`--last N` takes so many issues; without it one, of feeds ten; a BibTeX of several has all papers once."""
    for day in ("2025-05-08", "2025-05-09"):
        assert digest("run", "--engine", "plain", "--profile", "ada", "--date", day).code == 0
    both = export(digest, "markdown", "--last", "2").decode()
    assert [line for line in both.splitlines() if line.startswith("# ")] == [
        "# Trending for Ada Quill, Friday 9 May 2025",
        "# Trending for Ada Quill, Thursday 8 May 2025",
    ]
    assert "8 May" not in export(digest, "markdown").decode().splitlines()[0]
    ids = papers(export(digest, "bibtex", "--last", "2"))
    assert len(ids) == len(set(ids)) > len(papers(export(digest, "bibtex")))
    assert papers(export(digest, "atom")) == ids
    assert len(papers(export(digest, "atom", "--last", "1"))) < len(ids)


@pytest.mark.parametrize("form", FORMS)
def test_a_file_is_written_whole_and_stdout_stays_empty(digest: Digest, home: Path, form: str) -> None:
    """`--output` writes what stdout would get, and nothing else; `-` is stdout."""
    shown = export(digest, form, "--date", "2025-05-09", "--output", "-")
    assert export(digest, form, "--date", "2025-05-09", "--output", "out/issue") == b""
    assert (home.parent / "out" / "issue").read_bytes() == shown
    assert [path.name for path in (home.parent / "out").iterdir()] == ["issue"]


@pytest.mark.parametrize(
    ("args", "code", "told"),
    [
        (("--format", "bibtex"), 1, "nothing to export: ada has no issue yet: digest run composes them"),
        (
            ("--format", "atom", "--date", "2024-01-01"),
            1,
            "nothing to export: ada has no issue of 2024-01-01: no new papers (the newest paper here is of 2025-05-09)",
        ),
        (("--format", "atom", "--date", "2025-05-09", "--last", "2"), 2, "--date and --last: give one of them"),
        (("--format", "pdf"), 2, "Invalid value for '--format'"),
        (("--format", "atom", "--last", "0"), 2, "Invalid value for '--last'"),
        (
            ("--format", "bibtex", "--date", "2025-05-09", "--output", "home/digest.sqlite3/x"),
            1,
            "digest: cannot write",
        ),
    ],
)
def test_what_is_missing_or_wrong_is_named(digest: Digest, args: tuple[str, ...], code: int, told: str) -> None:
    """Without issues, or with wrong use, stdout stays empty, and stderr and the exit code say why."""
    done = digest("export", "--profile", "ada", *args)
    assert (done.code, done.out) == (code, b"")
    assert told in done.err


def test_an_unknown_reader_is_wrong_use(digest: Digest) -> None:
    """A profile that nobody has is named, with those that there are."""
    done = digest("export", "--profile", "bob", "--format", "atom")
    assert (done.code, done.out) == (2, b"")
    assert "no profile 'bob'" in done.err
