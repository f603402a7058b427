"""Shards: readers whose issues are composed together, by whichever machine locks the row first.

Whoever works on a shard holds its row (`FOR UPDATE`, in a `Store.holding` transaction), which everybody else passes
over (`SKIP LOCKED`). A worker that dies lets go of it at once: no lease has to run out, and no clocks to agree.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.run_report import RunReport
from digest.store.tables import shards

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

TRIES = 3
"""How often a shard is begun: one that ends its workers must not end all there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The readers of a shard, by the names of their subscriptions, and what all who compose for them are to agree on.

    `day` is that of the issues, None where each is of its reader's period; `composed` the instant that mails bear;
    `seq` the number of the last paper to look at.
    """

    day: date | None
    composed: datetime
    seq: int
    slugs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What was found of shards: reports of those that are done, how many others are over, and who is in hand still.

    `given_up` counts shards that were begun `TRIES` times, `held` names the readers of those that somebody works on.
    """

    reports: tuple[RunReport, ...]
    given_up: int
    held: frozenset[str]


def add(connection: sa.Connection, cuts: Sequence[Cut], now: datetime) -> None:
    """New shards."""
    rows = [{**asdict(each), "slugs": list(each.slugs), "cut": now} for each in cuts]
    if rows:
        connection.execute(shards.insert(), rows)


def begin(connection: sa.Connection) -> int | None:
    """The number of a shard that nobody works on, with one more try counted; None if there is none.

    In a transaction of its own, so that the try counts even where it kills who makes it.
    """
    free = (
        sa.select(shards.c.number)
        .where(_IS_OPEN)
        .order_by(shards.c.tries, shards.c.number)
        .limit(1)
        .with_for_update(skip_locked=True)
        # Not a subquery, which PostgreSQL may run more than once, and lock other rows each time.
        .cte("free")
    )
    begun = shards.update().where(shards.c.number.in_(sa.select(free))).values(tries=shards.c.tries + 1)
    return connection.execute(begun.returning(shards.c.number)).scalar()


def take(connection: sa.Connection, number: int) -> Cut | None:
    """The shard of a number, locked for the length of the transaction; None if it is done, gone or in other hands."""
    wanted = sa.and_(shards.c.number == number, shards.c.report.is_(None))
    row = connection.execute(sa.select(shards).where(wanted).with_for_update(skip_locked=True)).first()
    return None if row is None else Cut(day=row.day, composed=row.composed, seq=row.seq, slugs=tuple(row.slugs))


def finish(connection: sa.Connection, number: int, report: RunReport) -> None:
    """Keep what became of the readers of a shard, which is done by that."""
    connection.execute(shards.update().where(shards.c.number == number).values(report=asdict(report)))


def open_ones(connection: sa.Connection, since: datetime) -> int:
    """How many shards that were cut behind an instant are not done, those that somebody works on among them.

    Without those that were given up.
    """
    is_undone = sa.and_(shards.c.report.is_(None), shards.c.cut > since)
    undone = connection.execute(sa.select(sa.func.count()).where(is_undone)).scalar_one()
    last = sa.and_(is_undone, shards.c.tries >= TRIES)
    given_up = connection.execute(sa.select(shards.c.number).where(last).with_for_update(skip_locked=True)).all()
    return undone - len(given_up)


def clear(connection: sa.Connection, since: datetime) -> Left:
    """Delete all shards that nobody works on, and say what there was.

    Who is in hand since `since` or before counts as in nobody's.
    """
    free = sa.select(shards.c.number).with_for_update(skip_locked=True).cte("free")
    columns = (shards.c.report, shards.c.tries)
    gone = shards.delete().where(shards.c.number.in_(sa.select(free))).returning(*columns)
    found = connection.execute(gone).all()
    held = connection.execute(sa.select(shards.c.slugs).where(shards.c.cut > since)).scalars()
    return Left(
        reports=tuple(RunReport(**row.report) for row in found if row.report is not None),
        given_up=sum(row.report is None and row.tries >= TRIES for row in found),
        held=frozenset(slug for slugs in held for slug in slugs),
    )


_IS_OPEN = sa.and_(shards.c.report.is_(None), shards.c.tries < TRIES)
