"""Databases of every earlier schema, with rows in every table, come up to date and lose nothing; none goes back."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import digest.store
from digest import databases, sample
from digest.errors import StoreError
from digest.identity import title_key
from digest.overview import overview
from digest.store import (
    LATEST,
    Store,
    batches,
    bounces,
    carryover,
    checkpoints,
    deliveries,
    events,
    integrity,
    issues,
    judgements,
    papers,
    subscriptions,
    versions,
)
from digest.store.tables import metadata
from digest.types import Paper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.databases import Place

MIGRATIONS = Path(digest.store.__file__).parent / "migrations"
EARLIER = sorted(each.revision for each in ScriptDirectory(str(MIGRATIONS)).walk_revisions())[:-1]
NOW = datetime(2025, 5, 9, 7, tzinfo=UTC)
DAY = date(2025, 5, 8)

READERS = ("ada", "s-000000000002", "s-000000000003")
TITLES = ("Sand in slow rivers", "Owls and the noise floor", "A history of bread")
ISSUES = [
    # As the first version of the program wrote them.
    json.dumps(
        {
            "id": f"id {number}",
            "profile": reader,
            "name": reader,
            "day": DAY.isoformat(),
            "composed": "2025-05-08T06:00:00Z",
            "sections": [
                {
                    "heading": "rivers",
                    "matches": [
                        {
                            "paper": {"id": f"arxiv:2505.0000{number}", "title": title, "authors": ["Ada Example"]},
                            "score": 60.5,
                            "interest": "rivers",
                            "evidence": [{"term": "sand", "share": 0.5}],
                        }
                    ],
                }
            ],
            "considered": 3,
            "passed": 1,
        }
    )
    for number, (reader, title) in enumerate(zip(READERS, TITLES, strict=True), start=1)
]

SAID: dict[str, tuple[Any, ...]] = {
    "papers.id": ("arxiv:2505.00001", "arxiv:2505.00002", "arxiv:2505.00003"),
    "paper_ids.id": ("arxiv:2505.00001", "arxiv:2505.00002", "arxiv:2505.00003"),
    "papers.title": TITLES,
    "papers.title_key": tuple(map(title_key, TITLES)),
    "papers.authors": (["Ada Example"],) * 3,
    "papers.categories": (["cs.CV"],) * 3,
    "papers.other_ids": ([],) * 3,
    "papers.links": ({},) * 3,
    "papers.signals": ({"upvotes": 4}, {}, {}),
    "papers.announce_type": ("new",) * 3,
    "issues.content": tuple(ISSUES),
    # A paper that is there, one that another took the place of, one that was recommended: what 0011 makes of them.
    "issues.held": ([3], [101, 3], [3]),
    "deliveries.state": ("queued", "sent", "sending"),
    "deliveries.subscriber": READERS,
    "deliveries.recipient": ("ada@example.org", "bo@example.org", "cy@example.org"),
    "events.kind": ("published", "new_version", "published"),
    "merges.gone": (101, 102, 103),
    "subscriptions.digest": ("file", "own", "trending"),
    "subscriptions.standing": ("active", "paused", "pending"),
    "subscriptions.reader": ("1" * 32, "2" * 32, "3" * 32),
    "subscriptions.frequency": ("daily",) * 3,
    "subscriptions.send_at": ("07:00",) * 3,
    "subscriptions.zone": ("Europe/Lisbon",) * 3,
    "subscriptions.on_return": ("catch-up",) * 3,
    "subscriptions.form": ("cards",) * 3,
    "subscriptions.empty_day": ("skip",) * 3,
    "subscriptions.language": ("en",) * 3,
    "profile_versions.text": ("topics: [rivers]\n",) * 3,
    "filed_profiles.text": ("topics: [rivers]\n",) * 3,
    "filed_profiles.said": ({},) * 3,
    "filed_profiles.words": ({},) * 3,
    "paper_changes.before": ({"title": "The Sand of Rivers"},) * 3,
    "suppressions.reason": ("complaint", "operator", "hard bounce"),
    "suppressions.address": ("di@example.org", "ed@example.org", "fay@example.org"),
    "bounces.kind": ("hard", "soft", "complaint"),
    "letters.kind": ("confirmation", "goodbye", "access"),
    "periods.outcome": ("issued",) * 3,
    "shards.slugs": (["ada"],) * 3,
    "shards.report": ({},) * 3,
    "runs.detail": ({"skips": {}, "mails": {"sent": 1}, "faults": {}},) * 3,
}
"""What stands in columns that hold more than any text or number would be, by row; `profile` and `slug` are readers."""

GONE = {("issues", "held")}
"""Columns of earlier schemas that are no more, on purpose."""


def value(column: sa.Column[Any], row: int) -> object:
    """What the column holds in a row, numbered from 1: as its parent's, what is said, or something of its kind."""
    if column.foreign_keys:
        (key,) = column.foreign_keys
        return value(key.column, row)
    said = SAID.get(f"{column.table.name}.{column.name}") or (READERS if column.name in ("profile", "slug") else None)
    if said:
        return said[row - 1]
    kinds: dict[type, object] = {
        bool: row == 1,
        int: row,
        float: row / 2,
        str: f"{column.name} {row}",
        date: date(2025, 5, 8),
        datetime: datetime(2025, 5, 8, 6, row),  # noqa: DTZ001  (as the columns keep them)
    }
    return kinds[column.type.python_type]


def migrations(connection: sa.Connection) -> Config:
    """Alembic's own configuration for a database."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def reflected(connection: sa.Connection) -> sa.MetaData:
    """The tables as the database has them."""
    found = sa.MetaData()
    found.reflect(connection)
    return found


def contents(connection: sa.Connection) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables, each as its columns by name."""
    tables = [table for table in reflected(connection).sorted_tables if table.name != "alembic_version"]
    return {
        table.name: [dict(row._mapping) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]  # noqa: SLF001
        for table in tables
    }


def numbering(connection: sa.Connection) -> dict[str, int]:
    """The highest number that each numbered table of a file ever gave."""
    if connection.dialect.name != "sqlite":
        return {}
    rows = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")
    return {row.name: row.seq for row in rows}


def make(place: Place, revision: str) -> tuple[dict[str, list[dict[str, Any]]], dict[str, int]]:
    """A database of a revision with three rows in each table; its contents and its numbering.

    Of each numbered table a fourth row was there and is gone, whose number must not be given again.
    """
    with Store(place, upgrade=False) as store, store.writing() as connection:
        command.upgrade(migrations(connection), revision)
        for table in reflected(connection).sorted_tables:
            if table.name == "alembic_version":
                continue
            rows = [{column.name: value(column, row) for column in table.columns} for row in (1, 2, 3)]
            connection.execute(table.insert(), rows)
            if (column := table.autoincrement_column) is not None and connection.dialect.name == "sqlite":
                connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = 4 WHERE name = ?", (table.name,))
            elif column is not None:
                sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
                connection.execute(sa.select(sa.func.setval(sa.cast(sequence, sa.dialects.postgresql.REGCLASS), 4)))
        return contents(connection), numbering(connection)


def hold(before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]]) -> None:
    """Every row of before is there, with the values of all columns that are; and nothing else of its table."""
    for name, rows in before.items():
        lived = [key for key in rows[0] if (name, key) not in GONE]
        assert [{key: row[key] for key in lived} for row in after[name]] == [
            {key: row[key] for key in lived} for row in rows
        ], name


@pytest.fixture
def blank(place: Place, request: pytest.FixtureRequest) -> Iterator[Place]:
    """A place without tables."""
    if not isinstance(place, databases.Server):
        yield place
        return
    postgres = request.getfixturevalue("postgres")
    name = postgres.new()
    yield postgres.place(name, place.folder)
    postgres.run("postgres", f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("revision", EARLIER)
def test_every_earlier_schema_comes_up_to_date(blank: Place, revision: str) -> None:
    """The database is whole, its schema what the tables say, and each row of each table what it was."""
    before, numbers = make(blank, revision)
    with Store(blank) as store:
        assert store.found == revision
        health = integrity.examine(store)
        assert health.faults == ()
        assert {name: health.rows[name] for name in before} == dict.fromkeys(before, 3)
        with store.reading() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, metadata) == []
            hold(before, contents(connection))
            assert numbers.items() <= numbering(connection).items()
    with Store(blank) as again:
        assert again.found == LATEST


@pytest.mark.parametrize("revision", EARLIER)
def test_what_an_earlier_schema_held_is_read(blank: Place, revision: str) -> None:
    """All that reads the store finds what was kept before, and new rows go beside it with numbers of their own."""
    before, _ = make(blank, revision)

    def rows(table: str) -> int:
        return len(before.get(table, ()))

    with Store(blank) as store:
        with store.reading() as connection:
            assert [paper.title for *_, paper in papers.between(connection, None, None)] == list(TITLES)
            assert [issues.recommended(connection, reader) for reader in READERS] == [{1}, {2}, {3}]
            (issue,) = issues.newest(connection, "ada", 5)
            assert [match.paper.title for section in issue.sections for match in section.matches] == [TITLES[0]]
            assert deliveries.waiting(connection, now=NOW) == 2
            checkpoint = checkpoints.find(connection, "fingerprint 1")
            assert checkpoint
            assert checkpoint.offset == 1
            assert sum(len(judgements.of(connection, reader)) for reader in READERS) == rows("judgements")
            assert events.last(connection) == rows("events")
            assert len(batches.of(connection, "source 2")) == (1 if rows("batches") else 0)
            assert len(bounces.listing(connection)) == rows("suppressions")
            assert len(subscriptions.listing(connection)) == rows("subscriptions")
            assert len(versions.of(connection, READERS[1], 9)) == (1 if rows("profile_versions") else 0)
        seen = overview(store, now=NOW)
        assert (seen.issues, len(seen.runs)) == (3, rows("runs"))
        assert sum(seen.mails.values()) == 3
        with store.writing() as connection:
            fresh = Paper(id="arxiv:2505.00009", title="Glaciers from above")
            assert papers.add(connection, [fresh], DAY) == [papers.Outcome.NEW]
            assert papers.last_seq(connection) == (104 if rows("merges") else 4)


def test_papers_that_had_no_room_wait_in_a_table_of_their_own(tmp_path: Path) -> None:
    """Those of each reader's last issue, the one that another took the place of as that one, none that was had."""
    file = tmp_path / "digest.sqlite3"
    make(file, "0010")
    with Store(file) as store, store.reading() as connection:
        assert [carryover.of(connection, reader) for reader in READERS] == [{3}, {1, 3}, frozenset()]


# Upgrades that are killed

KILL = """
import json, os, shutil, signal, sys
from pathlib import Path
import alembic.command
import sqlalchemy as sa
from digest import databases, sample
from digest.store import Store

def opened(place, at):
    # In a child of its own, which is killed before its statement or commit of this number; how many there were.
    receive, send = os.pipe()
    child = os.fork()
    if not child:
        count = 0
        def step(*_):
            nonlocal count
            count += 1
            if count == at:
                os.kill(os.getpid(), signal.SIGKILL)
        sa.event.listen(sa.engine.Engine, "before_cursor_execute", step)
        sa.event.listen(sa.engine.Engine, "commit", step)
        Store(place).close()
        os.write(send, str(count).encode())
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    os.close(send)
    assert (os.WTERMSIG(status) == signal.SIGKILL) == (at > 0), status
    return int(os.read(receive, 99) or 0)

first, *others = (
    databases.server(each, Path.cwd()) if "://" in each else Path(each) for each in json.load(sys.stdin)
)
steps = opened(first, 0)
assert steps > 40
for number, place in enumerate(others, start=1):
    opened(place, steps * number // len(others))
"""


def kill(places: list[Place], folder: Path) -> None:
    """Upgrade the first of some databases, and the others each with a kill at another moment, the last at the end."""
    urls = [each.url if isinstance(each, databases.Server) else str(each) for each in places]
    subprocess.run([sys.executable, "-c", KILL], input=json.dumps(urls), text=True, check=True, cwd=folder)


def mend(place: Place, before: dict[str, list[dict[str, Any]]]) -> None:
    """Nothing of the killed upgrade is there, and the next one comes to the end."""
    with Store(place, upgrade=False) as store, store.reading() as connection:
        assert store.found == "0001"
        assert contents(connection) == before
    with Store(place) as store, store.reading() as connection:
        hold(before, contents(connection))
        assert integrity.examine(store).faults == ()
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_killed_upgrade_is_done_by_the_next_who_opens(tmp_path: Path) -> None:
    """Twelve kills (SIGKILL), from the first statement to the commit: the file is as before, then up to date."""
    first, *others = (tmp_path / f"{number}.sqlite3" for number in range(13))
    before, _ = make(first, "0001")
    for each in others:
        shutil.copy(first, each)
    kill([first, *others], tmp_path)
    for each in others:
        mend(each, before)


@pytest.mark.postgres
@pytest.mark.slow
def test_a_killed_upgrade_of_a_server_is_done_by_the_next(postgres: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """Four kills: the server takes back what a connection that broke had done."""
    first = postgres.new()
    before, _ = make(postgres.place(first, tmp_path), "0001")
    names = [first, *(postgres.new(template=first) for _ in range(4))]
    places = [postgres.place(name, tmp_path) for name in names]
    kill(places, tmp_path)
    for each in places[1:]:
        mend(each, before)
    for name in names:
        postgres.run("postgres", f"DROP DATABASE {name} WITH (FORCE)")


# The program on what was there before it


def test_the_program_takes_no_database_back(program: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """Whoever wishes so is told that there is no such way, in one line, and the file stays as it is."""
    file = tmp_path / "digest.sqlite3"
    make(file, "0015")
    assert program("db", "upgrade")[0] == 0
    before = file.read_bytes()
    for words in (("upgrade", "--to", "0015"), ("downgrade",), ("downgrade", "0015"), ("upgrade", "0015")):
        code, out, err = program("db", *words)
        assert (code, out) == (2, "")
        assert [line for line in err.splitlines() if line.startswith("Error: ")] == err.splitlines()[-1:]
    assert file.read_bytes() == before


@pytest.mark.parametrize("target", ["0015", "-1", "base", "0001"])
def test_alembic_takes_no_database_back(blank: Place, target: str) -> None:
    """Its own downgrade ends with one sentence that says what to do, and changes nothing."""

    def go_back() -> None:
        with store.writing() as connection:
            command.downgrade(migrations(connection), target)

    with Store(blank) as store:
        with pytest.raises(StoreError) as caught:
            go_back()
        assert str(caught.value) == (
            f"a database is never taken back to an older schema (this one has {LATEST}): "
            "restore a backup from before the upgrade, with the program of then"
        )
        with store.reading() as connection:
            assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == LATEST


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "revision"),
    [
        *(("sqlite", revision) for revision in EARLIER),
        # The first of which there can be one on a server.
        pytest.param("postgresql", "0012", marks=pytest.mark.postgres),
    ],
    indirect=["place"],
)
def test_the_program_goes_on_from_an_earlier_schema(
    blank: Place,
    revision: str,
    program: Any,  # noqa: ANN401
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It takes papers in, composes for who is due, none twice, and lists what was there before and what came."""
    make(blank, revision)
    shutil.copytree(sample.PROFILES, tmp_path / "profiles")
    if isinstance(blank, databases.Server):
        monkeypatch.setenv(databases.VARIABLE, blank.url)
    assert program("ingest", sample.FOLDER / "2025-05-09.jsonl", "--as-of", "2025-05-09")[0] == 0
    code, out, err = program("run", "--date", "2025-05-09", "--engine", "plain")
    # Letters, of schemas that have some, and the mail that waited since then.
    letters = "2 letters waiting for a site_url: digest doctor\n"
    assert (code, err.removeprefix(letters)) == (0, "1 mail not sent: expired\n")
    assert "\nada " in f"\n{out}"
    with Store(blank) as store, store.reading() as connection:
        new, old = issues.newest(connection, "ada", 5)
        assert [each.day for each in (new, old)] == [date(2025, 5, 9), DAY]
        assert not {TITLES[0]} & {match.paper.title for section in new.sections for match in section.matches}
    for words in (
        ("outbox", "list"),
        ("db", "check"),
        ("metrics",),
        ("runs",),
        ("alarms",),
        ("subscribers", "list"),
        ("bounces", "list"),
        ("papers", "--limit", "5"),
        ("export", "--profile", "ada", "--format", "markdown", "--last", "5"),
        ("profiles", "events", "ada"),
    ):
        code, out, err = program(*words)
        assert (code, bool(out or err)) == (0, True), (words, err)
    assert f"ok     database: schema {LATEST}" in program("doctor", "--offline")[1]
