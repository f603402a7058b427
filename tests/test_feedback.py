"""Readers' judgements from the command line to the profile: noted, shown as an edit, written, and settled."""

from __future__ import annotations

import io
import json
import os
import sys
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Protocol

import pytest

from digest import feedback, profiles
from digest.cli.main import main
from digest.errors import ProfileError
from digest.store import Store, judgements, papers
from digest.types import Judgement, Paper

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2025, 5, 9)
ADA = b"\xef\xbb\xbfname: Ada\r\nemail: ada@example.org\r\ntopics: [owls]\r\nliked:\r\n  - 2505.00002  # bats\r\n"
OWLS, BATS = (Paper(id=f"arxiv:2505.0000{n}", title=f"{name} of the north") for n, name in ((1, "Owls"), (2, "Bats")))


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str


class Digest(Protocol):
    """Runs one command in this process."""

    def __call__(self, *args: str) -> Outcome:
        """The command's outcome."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with two papers and a reader."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIGEST_HOME", str(tmp_path))
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "ada.yaml").write_bytes(ADA)
    with Store(tmp_path / "digest.sqlite3") as store, store.writing() as connection:
        papers.add(connection, [OWLS, BATS], DAY)
    return tmp_path


@pytest.fixture
def digest(home: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Digest:
    """The whole program, less the interpreter's start."""
    assert home.is_dir()

    def run(*args: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["digest", *args])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
        capsysbinary.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsysbinary.readouterr()
        return Outcome(int(left.value.code or 0), out.decode(), err.decode())

    return run


def said(home: Path) -> list[tuple[str, bool, date]]:
    """What Ada said, as plain values."""
    with Store(home / "digest.sqlite3") as store, store.reading() as connection:
        return [(each.paper, each.liked, each.day) for each in judgements.of(connection, "ada")]


# Judging


def test_papers_are_judged_by_any_form_of_their_ids(digest: Digest, home: Path) -> None:
    """One command for several papers; the last word on a paper counts, and can be taken back."""
    first = digest("judge", "ada", "2505.00001v2", "https://arxiv.org/abs/2505.00002", "--more", "--date", "2025-05-09")
    assert first.code == 0
    assert first.out == (
        "more like: Owls of the north  [arxiv:2505.00001]\nmore like: Bats of the north  [arxiv:2505.00002]\n"
    )
    assert "digest profiles learn ada" in first.err
    assert digest("judge", "ada", OWLS.id, "--less", "--date", "2025-05-10").code == 0
    assert said(home) == [(BATS.id, True, DAY), (OWLS.id, False, date(2025, 5, 10))]
    assert digest("judge", "ada", OWLS.id, BATS.id, "--none").code == 0
    assert said(home) == []


def test_unknown_papers_are_named_and_the_others_kept(digest: Digest, home: Path) -> None:
    """Exit code 1, and both kinds in JSON, under the names they were given."""
    found = digest("judge", "ada", "2505.00009", OWLS.id, "owls", "--less", "--date", "2025-05-09", "--json")
    assert found.code == 1
    assert json.loads(found.out) == {
        "profile": "ada",
        "said": "less",
        "day": "2025-05-09",
        "papers": [{"id": OWLS.id, "title": OWLS.title}],
        "unknown": ["2505.00009", "owls"],
    }
    assert said(home) == [(OWLS.id, False, DAY)]
    told = digest("judge", "ada", "2505.00009", "--more")
    assert (told.code, told.out) == (1, "")
    assert "no such paper: '2505.00009'" in told.err


@pytest.mark.parametrize("options", [[], ["--more", "--less"], ["--none", "--more"]], ids=["none", "two", "back"])
def test_exactly_one_judgement_is_needed(digest: Digest, home: Path, options: list[str]) -> None:
    """All else is wrong use, and notes nothing."""
    assert digest("judge", "ada", OWLS.id, *options).code == 2
    assert said(home) == []


def test_a_reader_must_be_known(digest: Digest) -> None:
    """A name nobody bears is told with those that somebody does."""
    found = digest("judge", "adda", OWLS.id, "--more")
    assert found.code == 2
    assert "known: ada" in found.err


# Learning


def test_learning_shows_the_edit_first_and_then_writes_it(digest: Digest, home: Path) -> None:
    """Without --write a diff and no change; with it the same edit, by which the judgements are settled."""
    path = home / "profiles" / "ada.yaml"
    path.chmod(0o600)
    assert digest("judge", "ada", OWLS.id, "--more", "--date", "2025-05-09").code == 0
    assert digest("judge", "ada", BATS.id, "--less", "--date", "2025-05-09").code == 0
    shown = digest("profiles", "learn", "ada")
    assert shown.code == 0
    assert [line for line in shown.out.splitlines() if line[0] in "+-"] == [
        f"--- {path}",
        f"+++ {path}",
        "-  - 2505.00002  # bats",
        "+  - {paper: arxiv:2505.00001, on: 2025-05-09}  # Owls of the north",
        "+disliked:",
        "+  - {paper: arxiv:2505.00002, on: 2025-05-09}  # Bats of the north",
    ]
    assert path.read_bytes() == ADA
    assert len(said(home)) == 2
    written = digest("profiles", "learn", "ada", "--write")
    assert (written.code, written.out) == (0, shown.out)
    assert path.read_bytes().startswith(ADA.partition(b"  - 2505")[0])
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n") == 7
    assert path.stat().st_mode & 0o777 == 0o600
    profile = profiles.load(path)
    assert (profile.liked, profile.disliked) == ((OWLS.id,), (BATS.id,))
    assert said(home) == []
    assert list(path.parent.iterdir()) == [path]


def test_what_is_learned_already_is_settled_without_a_change(digest: Digest, home: Path) -> None:
    """A judgement that the file has waits no longer; with none left there is a word on how to judge."""
    assert digest("judge", "ada", BATS.id, "--more").code == 0
    known = digest("profiles", "learn", "ada", "--write")
    assert (known.code, known.out) == (0, "")
    assert "says all of it already" in known.err
    assert (home / "profiles" / "ada.yaml").read_bytes() == ADA
    none = digest("profiles", "learn", "ada")
    assert (none.code, none.out) == (0, "")
    assert "digest judge ada PAPER --more" in none.err


def test_a_profile_that_would_have_faults_is_not_written(digest: Digest, home: Path) -> None:
    """Without its one liked paper this profile has nothing to rank by."""
    path = home / "profiles" / "ada.yaml"
    path.write_text("liked: [2505.00001]\n", encoding="utf-8")
    assert digest("judge", "ada", OWLS.id, "--less").code == 0
    found = digest("profiles", "learn", "ada", "--write")
    assert (found.code, found.out) == (1, "")
    assert "not edited, for what came of it would have faults" in found.err
    assert path.read_text(encoding="utf-8") == "liked: [2505.00001]\n"
    assert len(said(home)) == 1


def test_the_examples_are_not_edited(digest: Digest, home: Path) -> None:
    """They stand in while there are no other profiles; whoever wants to teach one copies it."""
    (home / "profiles" / "ada.yaml").unlink()
    assert digest("judge", "grace", OWLS.id, "--more").code == 0
    assert digest("profiles", "learn", "grace").code == 0
    found = digest("profiles", "learn", "grace", "--write")
    assert found.code == 2
    assert "one of the examples" in found.err


@pytest.fixture
def lesson(home: Path) -> feedback.Lesson:
    """An edit that is not written yet."""
    with Store(home / "digest.sqlite3") as store:
        assert feedback.judge(store, "ada", [OWLS.id], liked=True, day=DAY).papers == (OWLS,)
        return feedback.lesson(store, home / "profiles" / "ada.yaml")


def test_a_file_that_was_changed_meanwhile_is_left_alone(home: Path, lesson: feedback.Lesson) -> None:
    """What somebody typed since is worth more than the edit, and the judgements wait."""
    changed = ADA + b"min_score: 20\r\n"
    lesson.path.write_bytes(changed)
    with Store(home / "digest.sqlite3") as store, pytest.raises(ProfileError, match="changed meanwhile"):
        feedback.learn(store, lesson)
    assert lesson.path.read_bytes() == changed
    assert said(home) == [(OWLS.id, True, DAY)]


def test_what_is_said_while_learning_waits_for_the_next_time(home: Path, lesson: feedback.Lesson) -> None:
    """Only the judgements that are in the file now are settled."""
    with Store(home / "digest.sqlite3") as store:
        with store.writing() as connection:
            judgements.add(connection, "ada", Judgement(paper=OWLS.id, liked=False, day=DAY))
        feedback.learn(store, lesson)
    assert said(home) == [(OWLS.id, False, DAY)]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_linked_profile_stays_a_link(home: Path, lesson: feedback.Lesson) -> None:
    """Who keeps profiles in a folder of their own finds the edit there."""
    kept = home / "kept.yaml"
    lesson.path.rename(kept)
    lesson.path.symlink_to(kept)
    with Store(home / "digest.sqlite3") as store:
        feedback.learn(store, lesson)
    assert lesson.path.is_symlink()
    assert profiles.load(kept).liked == (BATS.id, OWLS.id)


def test_an_edit_of_a_file_without_a_last_line_break_is_a_diff_that_can_be_applied(
    home: Path, lesson: feedback.Lesson
) -> None:
    """The diff says where the break is missing, as `patch` expects it."""
    lesson.path.write_bytes(ADA.rstrip())
    with Store(home / "digest.sqlite3") as store:
        shown = feedback.lesson(store, lesson.path).diff().decode()
    assert shown.count("\n\\ No newline at end of file\n") == 2


# What happens to papers that a reader likes


def test_events_of_liked_papers_are_told(home: Path, digest: Digest) -> None:
    """Liked papers by profile and by judgement, less those judged otherwise since; as text and as JSON, since a day."""
    second, published = replace(BATS, version=2), replace(OWLS, venue="Journal of Owls")
    with Store(home / "digest.sqlite3") as store, store.writing() as connection:
        papers.add(connection, [replace(BATS, version=1), published], DAY)
        papers.add(connection, [second, replace(published, other_ids=("doi:10.5555/owls",))], date(2025, 5, 12))
    told = digest("profiles", "events", "ada")
    assert told.out == "2025-05-12  Bats of the north  [arxiv:2505.00002]\n            new version 2\n"
    assert digest("judge", "ada", OWLS.id, "--more").code == 0
    assert digest("judge", "ada", BATS.id, "--less").code == 0
    (event,) = json.loads(digest("profiles", "events", "ada", "--json").out)
    assert event == {
        "id": OWLS.id,
        "title": OWLS.title,
        "day": "2025-05-09",
        "kind": "published",
        "detail": "Journal of Owls, doi:10.5555/owls",
    }
    assert "now published: Journal of Owls, doi:10.5555/owls\n" in digest("profiles", "events", "ada").out
    nothing = digest("profiles", "events", "ada", "--since", "2025-05-10")
    assert (nothing.code, nothing.out) == (0, "")
    assert "nothing happened" in nothing.err
