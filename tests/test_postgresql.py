"""The store on a PostgreSQL server: what it makes there, what it refuses, and several who use it at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest import databases, sample
from digest.batch import Batch
from digest.cli import main
from digest.errors import SettingsError, StoreError
from digest.ingest import ingest
from digest.outbox import DeliveryState
from digest.store import LATEST, Store, batches, carryover, checkpoints, deliveries, events, issues, papers
from digest.store.checkpoints import Checkpoint
from digest.store.deliveries import Settled
from digest.store.tables import metadata
from digest.types import Issue, Match, Paper, Section, Signals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.databases import Place, Server

psycopg = pytest.importorskip("psycopg")
pytestmark = [pytest.mark.postgres, pytest.mark.slow]

NOW = datetime(2025, 5, 9, 6, tzinfo=UTC)
DAY = NOW.date()
PAPER = Paper(id="arxiv:2505.00001", title="Sand in slow rivers", authors=("Ada Example",))
SHORT = timedelta(milliseconds=50)
ON_SERVER = pytest.mark.parametrize("place", ["postgresql"], indirect=True)


@pytest.fixture
def blank(postgres: Any, tmp_path: Path) -> Iterator[Server]:  # noqa: ANN401  (tests share no modules)
    """A database without tables."""
    name = postgres.new()
    yield postgres.place(name, tmp_path)
    postgres.run("postgres", f"DROP DATABASE {name} WITH (FORCE)")


def name_of(server: Server) -> str:
    """What a database is called."""
    return str(server).rpartition("/")[2]


def queue(connection: sa.Connection, *readers: str) -> None:
    """Put an issue for each reader into the outbox."""
    for reader in readers:
        matches = (Match(paper=PAPER, score=50.0, interest="sand"),)
        issue = Issue(
            id=f"issue-{reader}",
            profile=reader,
            name=reader,
            day=DAY,
            composed=NOW,
            sections=(Section(heading="", matches=matches),),
            considered=1,
            passed=1,
        )
        covered = issues.Coverage(day=DAY, seq=1)
        assert issues.add(connection, issue, covered=covered, recipient=f"{reader}@example.org", now=NOW)


# What is made there


def test_migrations_make_what_the_tables_say(blank: Server) -> None:
    """Alembic finds no difference between a new database and `tables.py`, and text is compared by code points."""
    with Store(blank) as store, store.reading() as connection:
        assert store.found is None
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        collations = sa.text(
            "SELECT DISTINCT collation_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND data_type = 'text'"
        )
        assert connection.execute(collations).scalars().all() == ["C"]
    with Store(blank) as again:
        assert again.found == LATEST


OPEN = """
import os, sys
from datetime import date
from pathlib import Path
import alembic.command
from digest.databases import named
from digest.store import Store, papers
from digest.types import Paper
print("ready", flush=True)
sys.stdin.readline()
with Store(named(Path(sys.argv[1]), os.environ["DIGEST_DATABASE_URL"])) as store, store.writing() as connection:
    papers.add(connection, [Paper(id=sys.argv[2], title=sys.argv[2])], date(2025, 5, 9))
"""


def test_two_programs_make_the_tables_at_once(blank: Server) -> None:
    """One of them migrates, the other one waits for it, and both add a paper."""
    ids = [f"arxiv:2505.0000{n}" for n in (1, 2)]
    children = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, os.fspath(blank.folder / "digest.sqlite3"), each],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {databases.VARIABLE: blank.url},
        )
        for each in ids
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    assert [(child.communicate(), child.returncode)[1] for child in children] == [0, 0]
    with Store(blank) as store, store.reading() as connection:
        assert sorted(paper.id for *_, paper in papers.between(connection, None, None)) == ids


@ON_SERVER
def test_long_titles_and_large_numbers_are_kept(place: Place) -> None:
    """A title that no ordinary index takes, and a place in a dump that no 32 bits hold."""
    title = " ".join(f"{chr(0x4E00 + n * 7 % 20000)}{n * 7919}" for n in range(3000))
    with Store(place) as store:
        for outcome in (papers.Outcome.NEW, papers.Outcome.DUPLICATE):
            with store.writing() as connection:
                assert papers.add(connection, [replace(PAPER, title=title)], DAY) == [outcome]
                checkpoints.save(connection, "dump", Checkpoint(offset=5_000_000_000, line=9, report="{}"))
        with store.reading() as connection:
            assert checkpoints.find(connection, "dump") == Checkpoint(offset=5_000_000_000, line=9, report="{}")


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@ON_SERVER
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.tuples(TEXT, TEXT, st.none() | TEXT), min_size=1, max_size=5))
def test_any_text_comes_back_as_it_was(place: Place, texts: list[tuple[str, str, str | None]]) -> None:
    """Tabs, line ends, backslashes and what COPY takes for NULL are text like any other."""
    batch = [
        Paper(id=f"title:{n:016x}", title=f"{n} {title}", abstract=abstract, comment=comment, authors=(title, "\\N"))
        for n, (title, abstract, comment) in enumerate([*texts, ("\\N", "\t\r\n\\.\n", "\\")])
    ]
    with Store(place) as store, store.writing() as connection:
        for table in ("paper_ids", "papers"):
            connection.execute(sa.text(f"DELETE FROM {table}"))  # noqa: S608
        added = [paper for paper in batch if papers.add(connection, [paper], DAY) == [papers.Outcome.NEW]]
        assert [paper for *_, paper in papers.between(connection, None, None)] == added


@ON_SERVER
def test_texts_of_any_length_are_kept(place: Place) -> None:
    """Where a paper was published and what a source is called may be as long as somebody made it."""
    long = " ".join(f"{chr(0x4E00 + n * 7 % 20000)}{n * 7919}" for n in range(3000))
    batch = Batch(source=long, asked=DAY, day=DAY, announced=1, read=1, new=1, updated=0, rejected=0, content="x")
    with Store(place) as store, store.writing() as connection:
        papers.add(connection, [PAPER], DAY)
        assert papers.add(connection, [replace(PAPER, venue=long)], DAY) == [papers.Outcome.UPDATED]
        assert [each.paper for each in events.of(connection, [PAPER.id])] == [PAPER.id]
        batches.add(connection, batch)
        assert batches.of(connection, long) == [batch]


@ON_SERVER
def test_bad_papers_spoil_no_good_ones(place: Place, tmp_path: Path) -> None:
    """NUL characters in every field, and ids that no index takes, cost at most the paper that has them."""
    nul = dict.fromkeys(("title", "abstract", "venue", "comment"), "Owls\x00 at night") | {
        "id": "arxiv:2505.00002",
        "authors": ["A\0da"],
        "categories": ["cs.\0LG"],
        "other_ids": ["doi:10.5555/a\0b", "https://doi.org/10.5555/%00"],
        "links": {"pdf": "https://example.org/\0a"},
        "signals": {"summary": "so\0", "submitter": "B\0o", "thumbnail": "https://example.org/\0b"},
    }
    digits = "".join(str(n * 7919) for n in range(2000))
    lines = [
        {"id": "arxiv:2505.00001", "title": "Sand", "authors": ["Ada Example"]},
        nul,
        {"id": "doi:10.5555/\0x", "title": "Bats", "authors": ["Bo Roe"]},
        {"id": f"doi:10.5555/{digits}", "title": "Cats", "authors": ["Bo Roe"]},
        {"id": "arxiv:2505.00003", "title": "Rain", "authors": ["Cy Roe"]},
    ]
    dump = tmp_path / "dump.jsonl"
    dump.write_text("".join(f"{json.dumps(each)}\n" for each in lines), encoding="utf-8")
    with Store(place) as store:
        report = ingest(store, [dump], as_of=DAY)
        assert (report.new, report.rejected) == (3, 2)
        with store.reading() as connection:
            assert {f"arxiv:2505.0000{n}" for n in (1, 2, 3)} == papers.by_ids(
                connection, [each["id"] for each in lines if "\0" not in each["id"]]
            ).keys()


# What is refused


def complaint(place: Place) -> str:
    """What opening a database that cannot be used says: one line without a password."""
    with pytest.raises(StoreError) as caught:
        Store(place)
    message = str(caught.value)
    assert "\n" not in message
    assert "geheim" not in message
    return message


def test_a_database_of_others_is_refused_and_not_touched(postgres: Any, blank: Server) -> None:  # noqa: ANN401
    """Other tables stay alone."""
    postgres.run(name_of(blank), "CREATE TABLE songs (name text)")
    assert "not a digest database" in complaint(blank)
    tables = postgres.run(name_of(blank), "SELECT relname FROM pg_stat_user_tables")
    assert tables == [("songs",)]


def test_a_newer_schema_is_refused(postgres: Any, blank: Server) -> None:  # noqa: ANN401
    """What a later version made asks for that version."""
    Store(blank).close()
    postgres.run(name_of(blank), "UPDATE alembic_version SET version_num = '0999'")
    message = complaint(blank)
    assert "newer than this program" in message
    assert "schema 0999" in message


def test_a_database_that_keeps_no_unicode_is_refused(postgres: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """Papers have letters of any script."""
    postgres.run("postgres", "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    message = complaint(postgres.place("ascii", tmp_path))
    postgres.run("postgres", "DROP DATABASE ascii")
    assert "its encoding is SQL_ASCII, UTF8 is needed" in message


def test_who_may_not_make_tables_is_told(postgres: Any, blank: Server) -> None:  # noqa: ANN401
    """A user without the right to it is an operator's to mend."""
    postgres.run("postgres", "CREATE ROLE reader LOGIN")
    message = complaint(databases.server(blank.url.replace("postgres:@", "reader:geheim@"), blank.folder))
    postgres.run("postgres", "DROP ROLE reader")
    assert "permission denied for schema public" in message


def test_what_is_not_there_is_told_without_the_password(postgres: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """No server, no database of the name, an option that there is not."""
    nowhere = databases.server("postgresql://ada:geheim@127.0.0.1:9/digest?connect_timeout=2", tmp_path)
    assert complaint(nowhere).startswith("cannot open the database: 'postgresql://ada@127.0.0.1:9/digest': ")
    assert 'database "none" does not exist' in complaint(postgres.place("none", tmp_path))
    assert "invalid connection option" in complaint(
        databases.server(f"{postgres.place('a', tmp_path).url}&b=c", tmp_path)
    )


@pytest.mark.parametrize("url", ["mysql://a:geheim@b/c", "postgresql://a:geheim@b", "a:geheim", "postgresql://b:x/c"])
def test_a_url_of_nothing_is_a_fault_of_the_settings(url: str, tmp_path: Path) -> None:
    """The fault names the variable, and nothing of the URL."""
    with pytest.raises(SettingsError, match=r"^DIGEST_DATABASE_URL: expected a URL like [^:]*://digest@[^ ]*$"):
        databases.server(url, tmp_path)


def test_a_server_that_takes_no_writes_is_refused(postgres: Any, blank: Server) -> None:  # noqa: ANN401
    """A standby, say, which would fail in the middle of a run."""
    postgres.run("postgres", f"ALTER DATABASE {name_of(blank)} SET default_transaction_read_only = on")
    assert complaint(blank).endswith("it is read-only, as a standby is")


# Transactions


@ON_SERVER
def test_who_writes_alone_shuts_out_all_others_that_write(place: Place) -> None:
    """Those wait as long as they have patience; whoever reads goes on reading what was there."""
    with Store(place) as one, Store(place, patience=SHORT) as another:
        with one.writing() as connection:
            papers.add(connection, [PAPER], DAY)
            for transaction in (another.writing, another.sharing):
                with pytest.raises(StoreError, match=r"cannot write to .*: the database is locked"), transaction():
                    pass
            with another.reading() as other:
                assert papers.count(other) == 0
        with another.writing() as other:
            assert papers.count(other) == 1
        with one.sharing(), pytest.raises(StoreError, match="locked"), another.writing():
            pass


@ON_SERVER
def test_who_reads_sees_one_state_and_changes_nothing(place: Place) -> None:
    """What is committed meanwhile is seen by the next transaction only."""
    with Store(place) as one, Store(place) as another:
        with one.reading() as connection:
            assert papers.count(connection) == 0
            with another.writing() as other:
                papers.add(other, [PAPER], DAY)
            assert papers.count(connection) == 0
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), one.reading() as connection:
            papers.add(connection, [Paper(id="arxiv:2505.00002", title="Owls")], DAY)
        with one.reading() as connection:
            assert papers.count(connection) == 1


@ON_SERVER
def test_a_connection_that_breaks_ends_its_transaction_only(place: Server, postgres: Any) -> None:  # noqa: ANN401
    """Nothing of it is kept, the error says so, and the next transaction has a connection of its own."""
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'paper-digest'"
    with Store(place) as store:

        def broken() -> None:
            with store.writing() as connection:
                papers.add(connection, [PAPER], DAY)
                postgres.run("postgres", end)
                papers.count(connection)

        with pytest.raises(StoreError, match="cannot write to the database"):
            broken()
        with store.writing() as connection:
            assert papers.add(connection, [PAPER], DAY) == [papers.Outcome.NEW]
        # One that the server closed while nobody used it is not noticed at all.
        postgres.run("postgres", end)
        with store.reading() as connection:
            assert papers.count(connection) == 1


# Several senders


@ON_SERVER
def test_senders_pass_over_what_others_are_taking(place: Place) -> None:
    """Two transactions that are open together claim different mails, and neither waits for the other."""
    with Store(place) as one, Store(place, patience=SHORT) as another:
        with one.writing() as connection:
            papers.add(connection, [PAPER], DAY)
            queue(connection, *(f"reader{n}" for n in range(5)))
        with one.sharing() as here, another.sharing() as there:
            first = deliveries.claim(here, now=NOW, limit=2, holder="one")
            second = deliveries.claim(there, now=NOW, limit=9, holder="another")
            assert [claim.subscriber for claim in first] == ["reader0", "reader1"]
            assert [claim.subscriber for claim in second] == ["reader2", "reader3", "reader4"]
            assert deliveries.renew(there, second, now=NOW) == set(second)
            settled = [Settled(claim=claim, state=DeliveryState.SENT) for claim in first]
            assert deliveries.settle(here, settled, now=NOW) == set(first)


@ON_SERVER
@pytest.mark.parametrize("states", [(DeliveryState.REJECTED, DeliveryState.REJECTED), (DeliveryState.SENT,) * 2])
def test_papers_of_an_issue_come_back_when_two_end_its_last_mails_at_once(
    place: Place, states: tuple[DeliveryState, DeliveryState]
) -> None:
    """Neither sees what the other one does until it is done; still the papers are candidates again, and only if due."""
    with Store(place) as one, Store(place) as another:
        with one.writing() as connection:
            papers.add(connection, [PAPER], DAY)
            queue(connection, "ada")
            copy = deliveries_row(connection, "ada") | {"subscriber": "bob", "token": None}
            connection.execute(metadata.tables["deliveries"].insert(), copy)
            first, second = deliveries.claim(connection, now=NOW, limit=2)
        begun = Event()

        def end_second() -> None:
            with another.sharing() as there:
                begun.set()
                deliveries.settle(there, [Settled(claim=second, state=states[1])], now=NOW)

        thread = Thread(target=end_second)
        with one.sharing() as here:
            deliveries.settle(here, [Settled(claim=first, state=states[0])], now=NOW)
            thread.start()
            begun.wait()
            thread.join(0.3)
        thread.join()
        with one.reading() as connection:
            assert carryover.of(connection, "ada") == (set() if DeliveryState.SENT in states else {1})


def deliveries_row(connection: sa.Connection, reader: str) -> dict[str, Any]:
    """A delivery as it is kept."""
    table = metadata.tables["deliveries"]
    row = connection.execute(sa.select(table).where(table.c.subscriber == reader)).one()
    return dict(row._mapping)  # noqa: SLF001  (SQLAlchemy's public name)


@ON_SERVER
def test_many_senders_claim_each_mail_once(place: Place) -> None:
    """Six threads that claim and record as fast as they can: each mail is claimed once, and all are sent."""
    with Store(place) as store:
        with store.writing() as connection:
            papers.add(connection, [PAPER], DAY)
            queue(connection, *(f"reader{n:03}" for n in range(120)))
        start, claimed = Barrier(6), list[str]()

        def send(holder: str) -> None:
            start.wait()
            while True:
                with store.sharing() as connection:
                    claims = deliveries.claim(connection, now=NOW, limit=7, holder=holder)
                if not claims:
                    return
                claimed.extend(claim.subscriber for claim in claims)
                with store.sharing() as connection:
                    settled = [Settled(claim=claim, state=DeliveryState.SENT) for claim in claims]
                    assert deliveries.settle(connection, settled, now=NOW) == set(claims)

        threads = [Thread(target=send, args=(f"sender {n}",)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(claimed) == len(set(claimed)) == 120
        with store.reading() as connection:
            assert deliveries.sent_since(connection, NOW) == 120


# The whole program


def run(monkeypatch: pytest.MonkeyPatch, home: Path, *words: str) -> int:
    """The program in a home folder; its exit code."""
    monkeypatch.setenv("DIGEST_HOME", str(home))
    monkeypatch.setattr(sys, "argv", ["digest", *words])
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0)


def files(home: Path, *folders: str) -> dict[str, bytes]:
    """What is in folders of a home, by name."""
    return {path.name: path.read_bytes() for name in folders for path in sorted((home / name).iterdir())}


@ON_SERVER
def test_a_day_gives_the_same_mails_and_pages_as_in_a_file(
    place: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the byte, and beside the database nothing of it is on this machine."""
    on_server, in_file = tmp_path / "server", tmp_path / "file"
    for home in (on_server, in_file):
        home.mkdir()
        (home / "secret").write_text(f"{'0123456789abcdef' * 4}\n", encoding="ascii")
        (home / "secret").chmod(0o600)
        monkeypatch.setenv(databases.VARIABLE, place.url if home is on_server else "")
        assert run(monkeypatch, home, "ingest", str(sample.FOLDER), "--as-of", "2025-05-09") == 0
        assert run(monkeypatch, home, "run", "--engine", "plain", "--date", "2025-05-09") == 0
    assert len(files(in_file, "outbox")) == 3
    assert files(on_server, "outbox", "pages") == files(in_file, "outbox", "pages")
    assert not (on_server / "digest.sqlite3").exists()


@ON_SERVER
def test_a_rehearsal_leaves_the_server_alone(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample is composed in a database of its own, which is a file."""
    assert run(monkeypatch, tmp_path, "send-test", "ada@example.org") == 0
    assert len(files(tmp_path, "outbox")) == 1
    with Store(place) as store, store.reading() as connection:
        assert papers.count(connection) == 0


@ON_SERVER
def test_papers_with_the_most_votes_come_first(place: Place) -> None:
    """Those without votes come last, and equals in order of arrival; looking anew at a server's tables does nothing."""
    votes = (3, None, 12, 3)
    batch = [Paper(id=f"arxiv:2505.0000{n}", title=f"{n}", signals=Signals(upvotes=v)) for n, v in enumerate(votes, 1)]
    with Store(place) as store:
        with store.writing() as connection:
            papers.add(connection, batch, DAY)
        store.optimise()
        with store.reading() as connection:
            days = {day for _, day, _ in papers.between(connection, None, None)}
            found = [paper.title for day in days for paper in papers.most_voted(connection, day, 9)]
    assert found == ["3", "1", "4", "2"]
