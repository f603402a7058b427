"""What happened to papers after they had come: new versions and publications, each noted once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.store.dialect import insert
from digest.store.rows import lookup
from digest.store.tables import events, paper_ids, papers
from digest.types import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

_LONGEST = 500
"""Characters of a detail: it is part of a key, and no database takes those of any length."""


def add(connection: sa.Connection, happened: Sequence[tuple[int, EventKind, str, date]]) -> None:
    """Note (seq, kind, detail, day) in the order given; what is noted already stays as it is."""
    rows = [{"seq": seq, "kind": kind, "detail": detail[:_LONGEST], "day": day} for seq, kind, detail, day in happened]
    if rows:
        connection.execute(insert(connection, events).on_conflict_do_nothing(), rows)


def last(connection: sa.Connection) -> int:
    """The number of the last event; 0 where nothing ever happened."""
    return connection.execute(sa.select(sa.func.max(events.c.number))).scalar() or 0


def named(connection: sa.Connection, ids: Iterable[str], after: int = 0) -> set[str]:
    """Those of these ids whose papers something happened to, noted behind the event of the number `after`."""
    query = sa.select(paper_ids.c.id).join(events, events.c.seq == paper_ids.c.seq).where(events.c.number > after)
    return {row.id for row in lookup(connection, query.distinct(), paper_ids.c.id, set(ids))}


def of(connection: sa.Connection, ids: Iterable[str], since: date | None = None, after: int = 0) -> list[Event]:
    """What happened to the papers that bear these ids, from the day `since` on, in order of day and then of arrival.

    Only what was noted behind the event of the number `after` is told.

    Each event is there once, under the paper's canonical id, however many of its ids are asked for.
    """
    query = (
        sa.select(events, papers.c.id)
        .join(papers, papers.c.seq == events.c.seq)
        .join(paper_ids, paper_ids.c.seq == events.c.seq)
        .where(events.c.number > after)
        .order_by(events.c.day, events.c.number)
        .distinct()
    )
    if since is not None:
        query = query.where(events.c.day >= since)
    return [
        Event(paper=row.id, kind=EventKind(row.kind), day=row.day, detail=row.detail)
        for row in lookup(connection, query, paper_ids.c.id, set(ids))
    ]
