"""Moving all that is kept to another database: everything comes, is compared, and goes on from there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from digest.errors import StoreError
from digest.outbox import LEASE, DeliveryState
from digest.progress import Silent
from digest.store import Store, copying, papers
from digest.store.dialect import WHOLE
from digest.store.tables import metadata
from digest.types import Paper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.databases import Place

NOW = datetime(2025, 5, 9, 6, 0, 0, 123456, tzinfo=UTC)
ROWS = 7
POSTGRES = pytest.mark.parametrize("place", [pytest.param("postgresql", marks=[pytest.mark.postgres])], indirect=True)


class Ear(Silent):
    """Somebody who remembers the stages, and may do something at each."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int, int | None]] = []

    def step(self, stage: str, done: int, total: int | None, _note: str = "") -> None:
        """Remember it."""
        self.steps.append((stage, done, total))


def value(column: sa.Column[Any], number: int) -> object:
    """Something that a column can hold, different for each number; nothing in the first row where it may be nothing."""
    if column.foreign_keys:
        (key,) = column.foreign_keys
        return value(key.column, number)
    if column.nullable and number == 1:
        return None
    large = 5_000_000_000 if column.type is WHOLE else 0
    made = {
        sa.Boolean: number % 2 == 0,
        sa.Date: date(2025, 5, number),
        sa.DateTime: NOW + timedelta(hours=number),
        sa.Integer: number + large,
        sa.Float: number / 8,
        sa.JSON: {"b": [number, 0.1, "é\N{OWL}\t\\N"], "a": None},
        sa.Text: f"{'Zaé'[number % 3]} {column.name} {number}\t\\N\n",
    }
    kind = column.type.impl if isinstance(column.type, sa.types.TypeDecorator) else column.type
    return next(each for of, each in made.items() if isinstance(kind, of))


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Store]:
    """A database with some rows in every table."""
    with Store(tmp_path / "from" / "digest.sqlite3") as opened:
        with opened.writing() as connection:
            for table in metadata.sorted_tables:
                rows = [{column.name: value(column, n) for column in table.c} for n in range(1, ROWS + 1)]
                connection.execute(table.insert(), rows)
        yield opened


def rows_of(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables in order of key."""
    with store.reading() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
        }


def test_everything_comes_there_and_back(
    source: Store, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each table has the same rows in the same order, with the same sum, over any number of batches."""
    monkeypatch.setattr(copying, "_BATCH", 3)
    ear = Ear()
    with Store(place) as target, Store(tmp_path / "back" / "digest.sqlite3") as back:
        copied = copying.copy(source, target, now=NOW, progress=ear)
        assert rows_of(target) == rows_of(source)
        assert copying.copy(target, back, now=NOW, progress=Silent()) == copied
        assert rows_of(back) == rows_of(source)
    assert {each.table: each.rows for each in copied} == dict.fromkeys(metadata.tables, ROWS)
    assert [step for step in ear.steps if step[0] == "copying papers"] == [
        ("copying papers", done, ROWS) for done in (3, 6, 7)
    ]


def test_numbers_go_on_where_they_ended(source: Store, place: Place, tmp_path: Path) -> None:
    """A row that was deleted before gives its number to nobody in the new database, nor in the one behind it."""
    numbered = [table for table in metadata.sorted_tables if table.name != "papers" and "number" in table.primary_key.c]
    assert len(numbered) >= 5
    numbered = [table for table in numbered if table.autoincrement_column is not None]
    with source.writing() as connection:
        for table in numbered:
            connection.execute(table.delete().where(table.c.number == ROWS))
    with Store(place) as target, Store(tmp_path / "back" / "digest.sqlite3") as back:
        copying.copy(source, target, now=NOW, progress=Silent())
        copying.copy(target, back, now=NOW, progress=Silent())
        for store in (target, back):
            with store.writing() as connection:
                assert papers.add(connection, [Paper(id="arxiv:2505.00009", title="Owls")], NOW.date())
                assert papers.seq_of(connection, "arxiv:2505.00009") == ROWS + 1
                for table in numbered:
                    row = {column.name: value(column, ROWS) for column in table.c if column.name != "number"}
                    new = connection.execute(table.insert().returning(table.c.number), row).scalar_one()
                    assert new == ROWS + 1, table.name


def test_a_database_with_rows_is_left_as_it_is(source: Store, place: Place) -> None:
    """Two installations do not become one; nor is a database copied to itself."""
    with Store(place) as target:
        with target.writing() as connection:
            papers.add(connection, [Paper(id="arxiv:2505.00009", title="Owls")], NOW.date())
        before = rows_of(target)
        with pytest.raises(StoreError, match=r"the database is not empty: .*: there are rows in papers$"):
            copying.copy(source, target, now=NOW, progress=Silent())
        assert rows_of(target) == before
    with pytest.raises(StoreError, match="cannot copy a database to itself"):
        copying.copy(source, source, now=NOW, progress=Silent())


def test_mails_that_a_sender_has_in_hand_are_waited_for(source: Store, place: Place) -> None:
    """They would leave from both databases; once the lease has run out there is no sender any more."""
    table = metadata.tables["deliveries"]
    first = table.c.subscriber == value(table.c.subscriber, 1)
    with source.writing() as connection:
        held = {"state": DeliveryState.SENDING, "lease_until": NOW + LEASE}
        connection.execute(table.update().where(first).values(held))
    with Store(place) as target:
        with pytest.raises(StoreError, match="a sender has mails in hand: 1"):
            copying.copy(source, target, now=NOW, progress=Silent())
        assert not any(rows_of(target).values())
        copying.copy(source, target, now=NOW + LEASE, progress=Silent())
        assert rows_of(target) == rows_of(source)


def test_nobody_writes_meanwhile(source: Store, place: Place) -> None:
    """What was written to the old database behind the copy would be lost."""
    refused: list[str] = []

    class Writer(Silent):
        def step(self, stage: str, _done: int, _total: int | None, _note: str = "") -> None:
            if stage == "copying papers":
                with (
                    Store(source.place, patience=timedelta(0)) as other,
                    pytest.raises(StoreError, match="locked") as caught,
                    other.writing(),
                ):
                    pass
                refused.append(str(caught.value))

    with Store(place) as target:
        copying.copy(source, target, now=NOW, progress=Writer())
    assert len(refused) == 1


def test_a_copy_that_is_not_the_same_is_taken_back(source: Store, tmp_path: Path) -> None:
    """What a database makes of a row is read again; nothing stays of a copy that differs."""
    with Store(tmp_path / "to" / "digest.sqlite3") as target:
        with target.writing() as connection:
            connection.exec_driver_sql(
                "CREATE TRIGGER forger AFTER INSERT ON judgements WHEN new.seq = 3"
                " BEGIN UPDATE judgements SET liked = NOT liked WHERE seq = 3; END"
            )
        with pytest.raises(StoreError, match=r"the copy is not the same: .*: table judgements$"):
            copying.copy(source, target, now=NOW, progress=Silent())
        assert not any(rows_of(target).values())


@pytest.mark.slow
@POSTGRES
def test_what_postgresql_cannot_keep_is_named(source: Store, place: Place) -> None:
    """The table and the row are said, not what is in it, which may be an address."""
    table = metadata.tables["suppressions"]
    with source.writing() as connection:
        first = table.c.address == value(table.c.address, 2)
        connection.execute(table.update().where(first).values(detail="secret\0"))
    with Store(place) as target:
        with pytest.raises(StoreError, match=r"table suppressions, row \d in order of key: it holds a NUL") as caught:
            copying.copy(source, target, now=NOW, progress=Silent())
        assert "secret" not in str(caught.value)
        assert not any(rows_of(target).values())
