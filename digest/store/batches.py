"""What each source gave, batch by batch, so that an old or a short one is seen for what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.batch import Batch
from digest.store.tables import batches

if TYPE_CHECKING:
    from datetime import date

REMEMBERED = 60
"""Batches of a source that one is compared with: the last of each weekday for some weeks."""

_FIELDS = tuple(Batch.__dataclass_fields__)


def add(connection: sa.Connection, batch: Batch) -> None:
    """Keep what a source gave; of the same papers once more on the same day only what its source says of them now."""
    values = {name: getattr(batch, name) for name in _FIELDS}
    same = sa.and_(*(batches.c[name] == values[name] for name in ("source", "asked", "content")))
    said = batches.update().where(same).values({name: values[name] for name in ("announced", "withheld")})
    if not connection.execute(said).rowcount:
        connection.execute(batches.insert().values(values))


def of(connection: sa.Connection, source: str) -> list[Batch]:
    """The last batches of a source, the newest last."""
    query = sa.select(batches).where(batches.c.source == source).order_by(batches.c.number.desc()).limit(REMEMBERED)
    return [_batch(row) for row in connection.execute(query)][::-1]


def on(connection: sa.Connection, day: date) -> list[Batch]:
    """The batches that were asked for on a day, in the order they came."""
    query = sa.select(batches).where(batches.c.asked == day).order_by(batches.c.number)
    return [_batch(row) for row in connection.execute(query)]


def last(connection: sa.Connection, until: date) -> list[Batch]:
    """The last batch, up to a day, of each source that gave more than one, in order of the sources' names.

    What came once only (a saved page) is not expected to come again.
    """
    query = (
        sa.select(sa.func.max(batches.c.number))
        .where(batches.c.asked <= until)
        .group_by(batches.c.source)
        .having(sa.func.count(batches.c.asked.distinct()) > 1)
    )
    found = sa.select(batches).where(batches.c.number.in_(query)).order_by(batches.c.source)
    return [_batch(row) for row in connection.execute(found)]


def _batch(row: sa.Row[tuple[object, ...]]) -> Batch:
    return Batch(**{name: getattr(row, name) for name in _FIELDS})
