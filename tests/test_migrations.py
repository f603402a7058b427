"""Opening a database: migrations make what the tables say, and what is not ours is refused and left alone."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import digest.store
from digest import adoption, subscribing
from digest.databases import server
from digest.errors import StoreError
from digest.settings import Settings
from digest.store import (
    LATEST,
    Store,
    batches,
    bounces,
    checkpoints,
    deliveries,
    issues,
    judgements,
    papers,
    subscriptions,
)
from digest.store.tables import metadata
from digest.subscribing import Wish
from digest.types import Judgement, Paper

if TYPE_CHECKING:
    from collections.abc import Iterator

PAPER = Paper(id="arxiv:2505.00001", title="Sand in slow rivers", authors=("Ada Example",))
DAY = date(2025, 5, 9)
NOBODY = 65534


def fill(path: Path) -> None:
    """Make a database with one paper."""
    with Store(path) as store, store.writing() as connection:
        papers.add(connection, [PAPER], DAY)


def titles(path: Path) -> list[str]:
    """Titles of all papers in a database."""
    with Store(path) as store, store.reading() as connection:
        return [paper.title for _, _, paper in papers.between(connection, None, None)]


def run_sql(path: Path, *statements: str) -> None:
    """Do something to a database that no version of this program does."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def complaint(path: Path) -> str:
    """What opening a database that cannot be used says."""
    with pytest.raises(StoreError) as caught:
        Store(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path.parent) in message
    return message


def test_migrations_make_what_the_tables_say(tmp_path: Path) -> None:
    """Alembic finds no difference, of types and defaults neither, between a new database and `tables.py`."""
    with Store(tmp_path / "digest.sqlite3") as store, store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        kinds = {row.name: row.sql for row in connection.exec_driver_sql("SELECT name, sql FROM sqlite_master").all()}
    for table in metadata.sorted_tables:
        assert ("WITHOUT ROWID" in kinds[table.name]) == (table.dialect_kwargs.get("sqlite_with_rowid") is False)


def test_latest_is_the_newest_revision() -> None:
    """`LATEST` names the one head of the migrations folder, and revisions sort by their names."""
    scripts = ScriptDirectory(str(Path(digest.store.__file__).parent / "migrations"))
    assert scripts.get_heads() == [LATEST]
    revisions = [script.revision for script in scripts.walk_revisions()]
    assert revisions == sorted(revisions, reverse=True)


OLDEST_ROWS = (
    """
    INSERT INTO papers (seq, id, title_key, day, title, abstract, authors, categories, other_ids, links, signals)
    VALUES (7, 'arxiv:2505.00001', 'sand in slow rivers', '2025-05-09', 'Sand in slow rivers', '', '["Ada Example"]',
            '[]', '[]', '{}', '{}')
    """,
    "INSERT INTO paper_ids VALUES ('arxiv:2505.00001', 7)",
    "INSERT INTO issues VALUES ('one', 'ada', '2025-05-09', 7, '{}')",
    "INSERT INTO issue_papers VALUES ('ada', 7, 'one')",
    "INSERT INTO deliveries VALUES ('one', 'ada', 'ada@example.org', 'queued', 0, NULL, NULL, '2025-05-09 06:00:00')",
    "INSERT INTO checkpoints VALUES ('dump', 1000, 10, '{}')",
)


def upgrade(path: Path, revision: str) -> None:
    """Make a database as an earlier version did."""
    config = Config()
    config.set_main_option("script_location", str(Path(digest.store.__file__).parent / "migrations"))
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def test_the_oldest_database_keeps_its_rows(tmp_path: Path) -> None:
    """What the first version of the schema holds is still there after all migrations, and new rows go beside it."""
    path = tmp_path / "digest.sqlite3"
    upgrade(path, "0001")
    run_sql(path, *OLDEST_ROWS)
    with Store(path) as store, store.writing() as connection:
        assert [(seq, paper) for seq, _, paper in papers.between(connection, None, None)] == [(7, PAPER)]
        assert issues.recommended(connection, "ada") == {7}
        assert deliveries.waiting(connection, now=datetime(2025, 5, 9, 7, tzinfo=UTC)) == 1
        assert checkpoints.find(connection, "dump") is not None
        said = Judgement(paper=PAPER.id, liked=True, day=DAY)
        assert judgements.of(connection, "ada") == ()
        assert judgements.add(connection, "ada", said)
        assert judgements.of(connection, "ada") == (said,)
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == LATEST
        journal = Paper(id="doi:10.5555/sand.1", title="Sand in the slow rivers", authors=("A. Example",))
        assert papers.add(connection, [journal], DAY) == [papers.Outcome.UPDATED]


def test_batches_of_before_are_of_no_kind(tmp_path: Path) -> None:
    """What was kept of sources before kinds of announcements were counted is read with none."""
    path = tmp_path / "digest.sqlite3"
    upgrade(path, "0005")
    run_sql(path, "INSERT INTO batches VALUES (1, 'arxiv:cs.CV', '2025-05-09', '2025-05-09', 5, 5, 5, 0, 0, 'x')")
    with Store(path) as store, store.reading() as connection:
        (found,) = batches.of(connection, "arxiv:cs.CV")
    assert (found.announced, found.cross_listed, found.replaced, found.withheld) == (5, 0, 0, 0)


def test_readers_of_before_subscriptions_keep_what_they_had(tmp_path: Path) -> None:
    """A reader whose profile is a file has no subscription until one is made, by the name that the ledger knows."""
    path = tmp_path / "digest.sqlite3"
    upgrade(path, "0011")
    run_sql(
        path,
        *OLDEST_ROWS[:2],
        "INSERT INTO issues VALUES ('one', 'ada', '2025-05-09', 7, 0, '{}')",
        "INSERT INTO issue_papers VALUES ('ada', 7, 'one')",
        "INSERT INTO suppressions VALUES ('bob@example.org', 'complaint', '', '2025-05-09 06:00:00')",
    )
    here, now = Settings(home=tmp_path), datetime(2025, 5, 9, 7, tzinfo=UTC)
    with Store(path) as store:
        with store.writing() as connection:
            assert subscriptions.listing(connection) == ()
        (tmp_path / "ada.yaml").write_text("email: ada@example.org\ntopics: [rivers]\n", encoding="utf-8")
        made = adoption.adopt_file(store, here, tmp_path / "ada.yaml", now=now)
        with store.reading() as connection:
            assert subscriptions.by_slug(connection, "ada") == made
            assert issues.recommended(connection, "ada") == {7}
        asked = subscribing.subscribe(store, here, Wish(email="bob@example.org", digest="trending"), now=now)
        found = subscribing.confirm(store, here, asked.subscription.slug, now=now)
        assert found.due is not None
        with store.reading() as connection:
            assert bounces.reason(connection, "bob@example.org") is None
            assert subscriptions.due(connection, found.due.at, 10) == (made, found)


def test_consent_of_before_is_that_of_the_subscriber(tmp_path: Path) -> None:
    """What was confirmed before each subscription had a record of its own has its subscriber's; what waits has none."""
    path = tmp_path / "digest.sqlite3"
    upgrade(path, "0015")
    rest = "'daily', '07:00', 'UTC', 18, 'catch-up', '2025-05-08 06:00:00'"
    columns = "frequency, send_at, zone, patience_hours, on_return, made"
    run_sql(
        path,
        "INSERT INTO subscribers VALUES ('1', 'ada@example.org', 'ada@example.org', '2025-05-07 06:00:00', 'list', "
        "'2025-05-07 07:00:00')",
        *(
            f"INSERT INTO subscriptions (slug, reader, subscriber, digest, standing, {columns}) "  # noqa: S608
            f"VALUES ('s-{number}', '{number}', {owner}, 'trending', '{standing}', {rest})"
            for number, (owner, standing) in enumerate((("'1'", "active"), ("'1'", "pending"), ("NULL", "active")))
        ),
    )
    with Store(path) as store, store.reading() as connection:
        found = {each.slug: (each.source, each.confirmed) for each in subscriptions.listing(connection)}
    assert found == {"s-0": ("list", datetime(2025, 5, 7, 7, tzinfo=UTC)), "s-1": ("", None), "s-2": ("", None)}


def test_a_database_is_opened_again_as_it_was(tmp_path: Path) -> None:
    """Folder and schema are made once and the rows then left alone; no character of the path means anything."""
    path = tmp_path / "new?mode=ro" / "50%25 #1" / "digest.sqlite3"
    fill(path)
    assert titles(path) == [PAPER.title]
    assert path.is_file()


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    """SQLite itself takes an empty file for an empty database, and so do we."""
    path = tmp_path / "digest.sqlite3"
    path.touch()
    assert titles(path) == []


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE songs (name TEXT)"],
        ["CREATE TABLE papers (name TEXT)", "CREATE TABLE paper_ids (name TEXT)"],
        ["CREATE TABLE alembic_version (version_num TEXT)", "INSERT INTO alembic_version VALUES ('0001')"],
        [
            *(f"CREATE TABLE {name} (version_num TEXT)" for name in ("papers", "paper_ids", "alembic_version")),
            "INSERT INTO alembic_version VALUES ('9f3c1a77b2d0')",
        ],
        [f"CREATE TABLE {name} (version_num TEXT)" for name in ("papers", "paper_ids", "alembic_version")],
    ],
    ids=["other tables", "our names", "another program's migrations", "both", "no revision"],
)
def test_a_foreign_database_is_refused_and_not_touched(tmp_path: Path, statements: list[str]) -> None:
    """Somebody else's SQLite file keeps every byte."""
    path = tmp_path / "songs.db"
    run_sql(path, *statements)
    before = path.read_bytes()
    assert "not a digest database" in complaint(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"To whom it may concern, " * 50, b"\x00" * 4096], ids=["text", "zeros"])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    """A letter is not a database."""
    path = tmp_path / "letter.txt"
    path.write_bytes(content)
    assert "not a database" in complaint(path)
    assert path.read_bytes() == content


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    """What a later version made asks for that version."""
    path = tmp_path / "digest.sqlite3"
    fill(path)
    run_sql(path, "UPDATE alembic_version SET version_num = '0999'")
    message = complaint(path)
    assert "newer than this program" in message
    assert "schema 0999" in message


def test_a_folder_in_the_place_of_the_database_is_refused(tmp_path: Path) -> None:
    """A folder cannot be opened as a database."""
    assert "unable to open" in complaint(tmp_path)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    """Where a file stands no folder can be made."""
    (tmp_path / "home").touch()
    assert "folder" in complaint(tmp_path / "home" / "digest.sqlite3")


@contextmanager
def without_privileges() -> Iterator[None]:
    """Root may write anywhere, so be nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.name == "nt", reason="folders have other permissions there")
@pytest.mark.parametrize(
    ("exists", "why"), [(False, "unable to open"), (True, "readonly")], ids=["no database", "a database"]
)
def test_a_read_only_folder_is_refused(*, exists: bool, why: str) -> None:
    """Where nothing can be written, opening says so, whether there is a database or not."""
    # Not in tmp_path, whose parents only its owner may enter.
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "digest.sqlite3"
        if exists:
            fill(path)
        path.parent.chmod(0o555)
        try:
            with without_privileges():
                assert why in complaint(path)
        finally:
            path.parent.chmod(0o755)


def test_a_locked_database_says_so(tmp_path: Path) -> None:
    """Who waits too long for another program's transaction is told, and can try again."""
    path = tmp_path / "digest.sqlite3"
    with Store(path) as one, Store(path, patience=timedelta(milliseconds=20)) as another:
        with one.writing(), pytest.raises(StoreError, match="locked"), another.writing():
            pass
        with another.writing() as connection:
            assert papers.add(connection, [PAPER], DAY) == [papers.Outcome.NEW]


def test_a_damaged_database_says_so(tmp_path: Path) -> None:
    """Pages that were overwritten are an error with a plain message when they are read."""
    path = tmp_path / "digest.sqlite3"
    fill(path)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="malformed"):
        titles(path)


def test_threads_open_a_new_database_at_once(tmp_path: Path) -> None:
    """Eight at a time, several times: everybody gets the same database, and readers do not block the writer."""
    for attempt in range(3):
        path = tmp_path / str(attempt) / "digest.sqlite3"
        start = Barrier(8)
        found: list[list[str]] = []

        def open_it(path: Path = path, start: Barrier = start, found: list[list[str]] = found) -> None:
            start.wait()
            found.append(titles(path))

        threads = [Thread(target=open_it) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [[]] * 8
        fill(path)
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


OPEN = """
import sys
from datetime import date
from pathlib import Path
import alembic.command
from digest.store import Store, papers
from digest.types import Paper
print("ready", flush=True)
sys.stdin.readline()
with Store(Path(sys.argv[1])) as store, store.writing() as connection:
    papers.add(connection, [Paper(id=sys.argv[2], title=sys.argv[2])], date(2025, 5, 9))
"""


def test_processes_open_a_new_database_at_once(tmp_path: Path) -> None:
    """Two programs started together make one database, and both add to it."""
    path = tmp_path / "digest.sqlite3"
    ids = [f"arxiv:2505.0000{n}" for n in (1, 2)]
    children = [
        subprocess.Popen([sys.executable, "-c", OPEN, str(path), each], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for each in ids
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"go\n")
        child.stdin.flush()
    for child in children:
        child.communicate()
        assert child.returncode == 0
    assert sorted(titles(path)) == ids


def test_postgresql_without_its_driver_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver comes with an extra, as a file needs none."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"pip install 'paper-digest\[postgres\]': 'postgresql://a@b/c'$"):
        Store(server("postgresql://a:geheim@b/c", tmp_path))
