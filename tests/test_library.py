"""A reader's own library in the profile: shown as an edit, written, and known to the ranking from then on."""

from __future__ import annotations

import io
import sys
from datetime import date
from typing import TYPE_CHECKING, Protocol

import pytest

from digest import library, profiles
from digest.cli.main import main
from digest.store import Store, judgements, papers
from digest.types import Judgement, Paper

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2026, 6, 30)
ADA = "name: Ada  # me\ntopics: [owls]\nliked:\n  - 2405.00002  # bats\ndisliked: [2405.00003]\n"
BIBTEX = """
@article{owls, title = {Owls}, eprint = {2405.00001}, year = 2024}
@article{bats, title = {Bats}, url = {https://arxiv.org/abs/2405.00002}}
@article{cats, title = {Cats}, eprint = {2405.00003}}
@article{dogs, title = {Dogs}, doi = {10.1000/dogs}, abstract = {They bark.}, year = 2019}
@article{dogs2, title = {Dogs again}, doi = {10.1000/DOGS}}
@article{moths, title = {Moths}, pmid = {12345678}}
@book{tale, title = {A Tale}}
@misc{broken, title = {B
"""
KNOWN = Paper(id="arxiv:2405.09999", title="Dogs of the north", other_ids=("doi:10.1000/dogs",))


class Import(Protocol):
    """Runs `digest profiles import ada`."""

    def __call__(self, *args: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with a reader, one known paper and a library."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIGEST_HOME", str(tmp_path))
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "ada.yaml").write_text(ADA)
    (tmp_path / "library.bib").write_text(BIBTEX)
    with Store(tmp_path / "digest.sqlite3") as store, store.writing() as connection:
        papers.add(connection, [KNOWN], DAY)
    return tmp_path


@pytest.fixture
def bring(home: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Import:
    """The whole program, less the interpreter's start."""
    assert home.is_dir()

    def run(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["digest", "profiles", "import", "ada", *args])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
        capsysbinary.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsysbinary.readouterr()
        return int(left.value.code or 0), out.decode(), err.decode()

    return run


def test_the_edit_is_shown_and_nothing_changed(home: Path, bring: Import) -> None:
    """Papers with an id are to be added under the id the database knows; all else is counted and named."""
    code, out, err = bring("library.bib")
    assert code == 1
    added = [line for line in out.splitlines() if line.startswith("+ ")]
    assert [line.split(",")[0] for line in added] == [
        "+  - {paper: arxiv:2405.00001", "+  - {paper: arxiv:2405.09999", "+  - {paper: pmid:12345678"
    ]  # fmt: skip
    assert "has no id: A Tale" in err
    assert "stays disliked: Cats" in err
    assert "rejected: library.bib:9 (broken): cut off after 7 entries" in err
    assert "3 papers to add, 1 liked already, 1 disliked, 1 without id, 1 rejected; --write edits" in err
    assert (home / "profiles" / "ada.yaml").read_text() == ADA
    with Store(home / "digest.sqlite3") as store, store.reading() as connection:
        assert papers.count(connection) == 1


def test_with_write_the_profile_and_the_database_know_the_papers(home: Path, bring: Import) -> None:
    """What is written is what was shown; a second time there is nothing to do, and no paper is news."""
    _, shown, _ = bring("library.bib")
    _, written, err = bring("library.bib", "--write")
    assert written == shown
    assert "3 papers added" in err
    profile = profiles.load(home / "profiles" / "ada.yaml")
    assert profile.liked == ("arxiv:2405.00002", "arxiv:2405.00001", "arxiv:2405.09999", "pmid:12345678")
    assert (home / "profiles" / "ada.yaml").read_text().startswith("name: Ada  # me\n")
    with Store(home / "digest.sqlite3") as store, store.reading() as connection:
        known = papers.by_ids(connection, profile.liked)
        days = {day for _, day, _ in papers.between(connection, None, None)}
    assert set(known) == set(profile.liked)
    assert known["arxiv:2405.09999"].abstract == "They bark."
    assert max(days) < date(2026, 7, 1)
    _, again, err = bring("library.bib", "--write")
    assert again == ""
    assert "0 papers added, 4 liked already" in err


def test_a_dislike_that_waits_counts_and_a_like_that_waits_is_settled(home: Path) -> None:
    """What was said of a paper itself weighs more than that it is kept."""
    bats = Paper(id="arxiv:2405.00001", title="Owls")
    with Store(home / "digest.sqlite3") as store:
        with store.writing() as connection:
            papers.add(connection, [bats], DAY)
            judgements.add(connection, "ada", Judgement(paper=bats.id, liked=False, day=DAY))
        found = library.read([home / "library.bib"], as_of=DAY)
        planned = library.plan(store, home / "profiles" / "ada.yaml", found, day=DAY)
    assert bats.id in {paper.id for paper in planned.disliked}
    assert bats.id not in {paper.id for paper in planned.added}


def test_papers_without_a_date_are_no_news(home: Path) -> None:
    """They count as of a year before; those with a date as of that."""
    with Store(home / "digest.sqlite3") as store:
        found = library.read([home / "library.bib"], as_of=DAY)
        path = home / "profiles" / "ada.yaml"
        library.bring_in(store, found, library.plan(store, path, found, day=DAY), day=DAY)
        with store.reading() as connection:
            days = {paper.id: day for _, day, paper in papers.between(connection, None, None)}
    assert days["pmid:12345678"] == date(2025, 6, 29)
    assert days["arxiv:2405.00001"] == date(2024, 5, 1)


def test_what_is_no_library_is_named(bring: Import, home: Path) -> None:
    """A file that is missing or none spoils nothing beside it."""
    (home / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    code, out, err = bring("photo.png", "missing.bib", "library.bib")
    assert code == 1
    assert "rejected: photo.png: binary data" in err
    assert "rejected: missing.bib: cannot be read" in err
    assert "arxiv:2405.00001" in out
