"""Time travel: a past issue again from what is kept of it, and from the papers, ledger and profile of that day."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from digest import delivering, housekeeping, lifecycle, pipeline, profiles, readers, replaying, sample, subscribing
from digest.adoption import adopt
from digest.cli import main
from digest.clock import Clock
from digest.errors import StoreError
from digest.ingest import ingest
from digest.rendering import renderer
from digest.settings import Settings
from digest.store import Store, issues, papers, subscriptions
from digest.subscribing import Wish
from digest.subscription import OWN
from digest.types import Signals, Skip

if TYPE_CHECKING:
    from pathlib import Path

    from digest.replaying import Recomposed

DAYS = (date(2025, 5, 7), date(2025, 5, 9))
TALKING, ROBOTS = "topics: [talking heads]\nmin_score: 10\n", "topics: [robots]\nmin_score: 10\n"
ADA = "2025-05-07-ada"


def morning(day: date) -> datetime:
    """When mails of a day are written."""
    return datetime(day.year, day.month, day.day, 6, tzinfo=UTC)


def run(home: Path, day: date) -> None:
    """Take in what there is by a day, and send the issues of an example reader and of subscribers."""
    here = Settings(home=home)
    with Store(here.database) as store:
        ingest(store, [path for path in sorted(sample.FOLDER.iterdir()) if path.stem <= day.isoformat()], as_of=day)
        known = [profiles.load(path) for path in profiles.find(sample.PROFILES) if path.stem == "ada"]
        with store.reading() as connection:
            found = [each for each in subscriptions.listing(connection) if each.subscriber]
            known += readers.load(connection, here, found).profiles.values()
        # By the clock it is some time later than the mails say.
        queued = morning(day) + timedelta(hours=1)
        pipeline.compose_issues(store, here, known, day=day, now=morning(day), queued=queued)
        now = Clock(now=lambda: queued, sleep=lambda _: None)
        report = delivering.deliver(store, here, renderer(here), clock=now, environment={})
        assert not report.failed


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after two days of issues; a subscriber changed interests between them."""
    home = tmp_path_factory.mktemp("sent")
    here = Settings(home=home)
    with Store(here.database) as store:
        wish = Wish(email="bob@example.org", digest=OWN, interests=TALKING)
        slug = subscribing.enrol(store, here, wish, now=morning(date(2025, 5, 1))).slug
    run(home, DAYS[0])
    with Store(here.database) as store:
        lifecycle.rewrite(store, slug, ROBOTS, now=morning(date(2025, 5, 8)), reason="edited")
    run(home, DAYS[1])
    return home


@pytest.fixture
def home(tmp_path: Path, sent: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(sent, tmp_path / "home")


def again(home: Path, name: str) -> Recomposed:
    """An issue composed once more."""
    here = Settings(home=home)
    with Store(here.database) as store:
        kept = replaying.find(store, name)
        return replaying.recompose(store, here, kept, profiles.find(sample.PROFILES))


def names(home: Path) -> list[str]:
    """All issues."""
    return [path.stem for path in sorted((home / "outbox").glob("*.eml"))]


def test_every_issue_is_rebuilt_byte_for_byte(home: Path) -> None:
    """Mails and pages are the same as those that were sent, found by name and by id."""
    here = Settings(home=home)
    assert len(names(home)) == 4
    with Store(here.database) as store:
        for name in names(home):
            kept = replaying.find(store, name)
            assert replaying.find(store, kept.issue.id) == kept
            rebuilt = replaying.rebuild(here, kept)
            assert rebuilt.parcel
            assert rebuilt.parcel.content == (here.outbox / f"{name}.eml").read_bytes()
            assert len(rebuilt.pages) == 3
            for page, content in rebuilt.pages.items():
                assert (here.pages / page).read_bytes() == content


def test_every_issue_is_composed_again_as_it_was(home: Path) -> None:
    """From the papers, the ledger and the profile of then, though there are later papers, issues and interests."""
    for name in names(home):
        found = again(home, name)
        assert found.is_same, (name, found)
        with Store(Settings(home=home).database) as store:
            assert found.outcome == replaying.find(store, name).issue


def test_nothing_is_left_of_the_past(home: Path) -> None:
    """The copy of the database is deleted, and the database is as it was."""
    before = sorted(path.name for path in home.iterdir())
    rows = (home / "digest.sqlite3").read_bytes()
    again(home, ADA)
    assert sorted(path.name for path in home.iterdir()) == before
    assert (home / "digest.sqlite3").read_bytes() == rows


def test_what_a_changed_profile_would_change_is_told(home: Path) -> None:
    """With other interests in the reader's file: what comes in, what goes out and by which rule, what is not known."""
    folder = home / "profiles"
    folder.mkdir()
    (folder / "ada.yaml").write_text("email: ada@example.org\ntopics: [robots]\n", encoding="utf-8")
    here = Settings(home=home)
    with Store(here.database) as store:
        kept = replaying.find(store, ADA)
        found = replaying.recompose(store, here, kept, profiles.find(folder))
    assert not found.is_same
    assert found.dropped
    assert {each.paper for each in found.dropped} <= {match.paper.id for match in kept.issue.matches}
    assert all(each.why for each in found.dropped)
    assert any("ada.yaml" in line for line in found.unknown)


def revise_all(store: Store) -> None:
    """Let every paper have other votes, each third another abstract, and each fifth one more id."""
    with store.writing() as connection:
        known = [paper for _, _, paper in papers.between(connection, None, None)]
        changed = [
            replace(
                each,
                version=(each.version or 1) + 1,
                abstract=each.abstract if number % 3 else "All of it is about talking heads and robots.",
                signals=Signals(upvotes=number),
                other_ids=each.other_ids if number % 5 else (*each.other_ids, f"doi:10.1000/{number}"),
            )
            for number, each in enumerate(known)
        ]
        papers.add(connection, changed, date(2025, 5, 10))


def test_papers_are_what_they_were(home: Path) -> None:
    """All papers change, twice, and every issue is composed of what they said and had for votes before."""
    here = Settings(home=home)
    with Store(here.database) as store:
        revise_all(store)
        revise_all(store)
    for name in names(home):
        found = again(home, name)
        assert found.is_same, (name, found)
        # The example's file was written when the program was installed.
        assert all(line.startswith("what ada.yaml said") for line in found.unknown)


def test_of_an_old_issue_its_own_papers_are_what_they_were(home: Path) -> None:
    """Where changes were not kept yet, what the issue showed counts, and what is not known is told."""
    here = Settings(home=home)
    with Store(here.database) as store:
        with store.writing() as connection:
            connection.exec_driver_sql("UPDATE issues SET covered_change = NULL, window_days = NULL")
        kept = replaying.find(store, ADA)
        changed = [replace(each, version=9, abstract="All of it is new.") for each in kept.issue.papers]
        with store.writing() as connection:
            papers.add(connection, changed, date(2025, 5, 10))
    found = again(home, ADA)
    assert not found.added
    assert not found.dropped
    assert any("revised" in line for line in found.unknown)


def test_changes_are_kept_as_long_as_issues_are_composed_again(home: Path) -> None:
    """Housekeeping forgets those that only old issues need, and of these it is told what is not known any more."""
    here = Settings(home=home)
    with Store(here.database) as store:
        revise_all(store)
        young = morning(date(2025, 5, 9)) + housekeeping.REPLAYED
        assert housekeeping.tidy(store, now=young).changes == 0
        assert housekeeping.tidy(store, now=young + timedelta(days=1)).changes > 0
        assert housekeeping.tidy(store, now=young + timedelta(days=2)).changes == 0
    assert any("votes" in line for line in again(home, ADA).unknown)


def test_works_that_became_one_are_told(home: Path) -> None:
    """A paper of the day turns out to be another one's deposit elsewhere: that there were two then is said."""
    here = Settings(home=home)
    with Store(here.database) as store, store.writing() as connection:
        one, other = (each for _, _, each in papers.between(connection, DAYS[0], DAYS[0])[:2])
        # An arXiv id is always a work of its own, so the second one gets another kind of id first.
        connection.exec_driver_sql(f"UPDATE papers SET id = 'doi:10.1000/2', other_ids = '[]' WHERE id = '{other.id}'")  # noqa: S608
        connection.exec_driver_sql(f"UPDATE paper_ids SET id = 'doi:10.1000/2' WHERE id = '{other.id}'")  # noqa: S608
        papers.add(connection, [replace(one, other_ids=("doi:10.1000/2",))], DAYS[1])
        assert connection.exec_driver_sql("SELECT count(*) FROM merges").scalar() == 1
    assert "a work that became part of another one since" in again(home, ADA).unknown


def test_a_file_is_what_it_said(home: Path) -> None:
    """A run met it before the issue, it was edited and taken away since: it is composed by what it said then."""
    here = Settings(home=home)
    here.profiles.mkdir()
    path = here.profiles / "ada.yaml"
    shutil.copy(sample.PROFILES / "ada.yaml", path)
    with Store(here.database) as store:
        adopt(store, here, now=morning(date(2025, 5, 6)))
        path.write_text("topics: [robots]\nsend_at: 09:00\nfrequency: weekly mon\nlanguage: de\n", encoding="utf-8")
        adopt(store, here, now=morning(date(2025, 5, 8)))
        path.unlink()
        found = replaying.recompose(store, here, replaying.find(store, ADA), ())
        assert (found.is_same, found.unknown) == (True, ())
        later = replaying.recompose(store, here, replaying.find(store, "2025-05-09-ada"), ())
    assert later.dropped
    assert later.unknown == ()


def test_what_was_read_later_that_day_is_no_difference(home: Path) -> None:
    """Another fetch at noon adds to what an issue would say and have, and not to those of before."""
    here = Settings(home=home)
    late = home / "late.jsonl"
    late.write_text('{"id": "doi:10.1000/9", "title": "Talking heads at noon", "announced": "2025-05-09"}\n', "utf-8")
    with Store(here.database) as store:
        ingest(store, [late], as_of=DAYS[1])
    assert again(home, "2025-05-09-ada").is_same


def test_an_issue_that_would_not_be(home: Path) -> None:
    """Where nothing reaches the bar any more, it says that there would be none."""
    folder = home / "profiles"
    folder.mkdir()
    (folder / "ada.yaml").write_text("topics: [medieval falconry]\nmin_score: 100\n", encoding="utf-8")
    here = Settings(home=home)
    with Store(here.database) as store:
        found = replaying.recompose(store, here, replaying.find(store, ADA), profiles.find(folder))
    assert isinstance(found.outcome, Skip)
    assert found.others == (f"there would be no issue: {found.outcome.reason}",)


def test_what_is_not_there_is_told(home: Path) -> None:
    """An unknown issue, and a reader whose profile is gone, are faults of one line."""
    here = Settings(home=home)
    with Store(here.database) as store:
        with pytest.raises(StoreError, match="no such issue: '2025-05-08-ada'"):
            replaying.find(store, "2025-05-08-ada")
        with pytest.raises(StoreError, match="no profile 'ada' any more"):
            replaying.recompose(store, here, replaying.find(store, ADA), ())


def test_two_homes_send_the_same_bytes(sent: Path, tmp_path: Path) -> None:
    """Another home with the same secret, papers and days has the same mails and pages, all of them."""
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(sent / "secret", other / "secret")
    for day in DAYS:
        run(other, day)
    compared = 0
    for folder in ("outbox", "pages"):
        for path in (other / folder).iterdir():
            assert path.read_bytes() == (sent / folder / path.name).read_bytes(), path.name
            compared += 1
    assert compared >= 2 + 2 * 3 + 3


def digest(home: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Run a command there; its exit code."""
    monkeypatch.setenv("DIGEST_HOME", str(home))
    monkeypatch.setattr(sys, "argv", ["digest", *words])
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0)


def test_the_command_says_what_is_the_same(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Each file with its verdict; exit code 0 where all that is there is the same, 1 where something differs."""
    sent = home / "outbox" / f"{ADA}.eml"
    content = sent.read_bytes()
    out = tmp_path / "again.eml"
    assert digest(home, monkeypatch, "replay", ADA, "--compose", "--output", str(out)) == 0
    said = capsys.readouterr().out.splitlines()
    assert f"the same  outbox/{ADA}.eml" in said
    assert said[-1] == "composed again: the same issue in every word"
    assert out.read_bytes() == content
    sent.unlink()
    assert digest(home, monkeypatch, "replay", ADA, "--json") == 0
    assert json.loads(capsys.readouterr().out)["files"][f"outbox/{ADA}.eml"] == "no copy"
    sent.write_bytes(content + b" ")
    assert digest(home, monkeypatch, "replay", ADA) == 1
    assert f"differs   outbox/{ADA}.eml" in capsys.readouterr().out
    assert digest(home, monkeypatch, "replay", "nothing") == 1
    assert "no such issue: 'nothing'" in capsys.readouterr().err


def test_a_replayed_issue_is_not_kept(home: Path) -> None:
    """Looking back composes nothing: the readers' issues are as many as before."""
    here = Settings(home=home)
    with Store(here.database) as store, store.reading() as connection:
        before = [each.issue for each in issues.headlines(connection, "ada", 9)]
    again(home, "2025-05-09-ada")
    with Store(here.database) as store, store.reading() as connection:
        assert [each.issue for each in issues.headlines(connection, "ada", 9)] == before


def test_a_mail_made_beside_a_site_that_was_served_is_rebuilt(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where only `digest serve` knew where its site was, the mail has its links and is the same all the same."""
    here = Settings(home=home, site_url="http://127.0.0.1:8000")
    with Store(here.database) as store:
        rebuilt = replaying.rebuild(here, replaying.find(store, ADA))
    assert rebuilt.parcel
    (home / "outbox" / f"{ADA}.eml").write_bytes(rebuilt.parcel.content)
    assert digest(home, monkeypatch, "replay", ADA) == 1
    (home / "serve.lock").write_text("http://127.0.0.1:8000", encoding="utf-8")
    capsys.readouterr()
    assert digest(home, monkeypatch, "replay", ADA) == 0
    assert f"the same  outbox/{ADA}.eml" in capsys.readouterr().out
