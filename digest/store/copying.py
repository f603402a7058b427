"""Moving all that is kept from one database to another, on SQLite or PostgreSQL, and proving that all of it came."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
import sqlalchemy as sa

from digest.errors import StoreError
from digest.store import deliveries, dialect
from digest.store.rows import insert
from digest.store.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from typing import Any

    from digest.progress import Progress
    from digest.store import Store

_BATCH = 1000
_NUL = "\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A table as it is in both databases: its name, how many rows it has, and the SHA-256 of them in order of key."""

    table: str
    rows: int
    checksum: str


def copy(source: Store, target: Store, *, now: datetime, progress: Progress) -> list[Copied]:
    """Put every row of a database into an empty one, in one transaction, and compare what came table by table.

    Nobody can write to either meanwhile. Numbers go on in the new database where those of the old one ended.

    Returns:
        The tables, parents before their children.

    Raises:
        StoreError: the target holds rows already, or cannot keep one of the source's; a sender has mails in hand, which
            both databases would count as theirs; or the copy is not the same. Nothing was copied then.
    """
    if source.place == target.place:
        raise StoreError(f"cannot copy a database to itself: {str(source.place)!r}")
    with source.writing() as there, target.writing() as here:
        if found := next((table.name for table in metadata.sorted_tables if _count(here, table)), None):
            raise StoreError(f"the database is not empty: {str(target.place)!r}: there are rows in {found}")
        if held := deliveries.held(there, now=now):
            raise StoreError(
                f"a sender has mails in hand: {held}, for some minutes: end it, or wait, and copy then: "
                f"{str(source.place)!r}"
            )
        copied = [_copy(there, here, table, progress) for table in metadata.sorted_tables]
        for each in copied:
            table = metadata.tables[each.table]
            progress.step(f"comparing {each.table}", 0, each.rows)
            if each != _sum(table, _batches(here, table)):
                raise StoreError(f"the copy is not the same: {str(target.place)!r}: table {each.table}")
    return copied


def _copy(there: sa.Connection, here: sa.Connection, table: sa.Table, progress: Progress) -> Copied:
    total, stage = _count(there, table), f"copying {table.name}"

    def passed() -> Iterator[Sequence[sa.Row[Any]]]:
        done = 0
        for rows in _batches(there, table):
            if dialect.is_postgresql(here):
                _refuse_nul(table, rows, done)
            insert(here, table, [dict(row._mapping) for row in rows])  # noqa: SLF001  (SQLAlchemy's public name)
            done += len(rows)
            progress.step(stage, done, total)
            yield rows

    copied = _sum(table, passed())
    if table.autoincrement_column is not None:
        dialect.set_last_number(here, table, dialect.last_number(there, table))
    return copied


def _refuse_nul(table: sa.Table, rows: Sequence[sa.Row[Any]], done: int) -> None:
    for number, row in enumerate(rows, start=done + 1):
        if any(isinstance(value, str) and _NUL in value for value in row):
            # What the row says may be an address.
            raise StoreError(
                f"cannot copy: table {table.name}, row {number} in order of key: "
                "it holds a NUL character, and PostgreSQL keeps none"
            )


def _batches(connection: sa.Connection, table: sa.Table) -> Iterator[Sequence[sa.Row[Any]]]:
    query = sa.select(table).order_by(*table.primary_key)
    yield from connection.execute(query, execution_options={"yield_per": _BATCH}).partitions()


def _sum(table: sa.Table, batches: Iterator[Sequence[sa.Row[Any]]]) -> Copied:
    """The checksum of the values as Python has them: how a database spells a day or a truth makes no difference."""
    hashed, count = hashlib.sha256(), 0
    for rows in batches:
        count += len(rows)
        for row in rows:
            hashed.update(orjson.dumps(tuple(row), option=orjson.OPT_APPEND_NEWLINE))
    return Copied(table=table.name, rows=count, checksum=hashed.hexdigest())


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
