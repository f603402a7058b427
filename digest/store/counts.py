"""What there is, counted for whoever keeps an eye on the installation: no reader is named."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from digest.outbox import DeliveryState
from digest.store.tables import batches, bounces, deliveries, issues, papers, periods, subscribers, suppressions

if TYPE_CHECKING:
    from datetime import datetime

Days = dict[date, dict[str, int]]
"""Counts by day and name."""


def papers_by_day(connection: sa.Connection, since: date) -> Days:
    """How many papers were news on each day."""
    query = sa.select(papers.c.day, sa.func.count()).where(papers.c.day >= since).group_by(papers.c.day)
    return {day: {"papers": number} for day, number in connection.execute(query).all()}


def mails_by_day(connection: sa.Connection, since: datetime) -> Days:
    """What became of deliveries, by the day (UTC) on which it did and their state."""
    day = sa.func.date(deliveries.c.changed)
    query = sa.select(day, deliveries.c.state, sa.func.count()).where(deliveries.c.changed >= since)
    found: Days = {}
    for on, state, number in connection.execute(query.group_by(day, deliveries.c.state)).all():
        found.setdefault(date.fromisoformat(str(on)), {})[state] = number
    return found


def papers_by_source(connection: sa.Connection) -> dict[str, int]:
    """How many papers came first from each source, ever."""
    query = sa.select(batches.c.source, sa.func.sum(batches.c.new)).group_by(batches.c.source)
    return {source: int(number) for source, number in connection.execute(query.order_by(batches.c.source)).all()}


def mails(connection: sa.Connection) -> dict[DeliveryState, int]:
    """How many deliveries there are in each state."""
    query = sa.select(deliveries.c.state, sa.func.count()).group_by(deliveries.c.state)
    found = {state: number for state, number in connection.execute(query).all()}  # noqa: C416  (a row is no pair)
    return {state: int(found.get(state.value, 0)) for state in DeliveryState}


def issues_composed(connection: sa.Connection) -> int:
    """How many issues were ever composed."""
    return _one(connection, sa.select(sa.func.count()).select_from(issues))


def addresses(connection: sa.Connection) -> dict[str, int]:
    """How many subscribers there are, confirmed and not."""
    confirmed = _one(connection, sa.select(sa.func.count(subscribers.c.confirmed)))
    return {
        "confirmed": confirmed,
        "unconfirmed": _one(connection, sa.select(sa.func.count()).select_from(subscribers)) - confirmed,
    }


def suppressed(connection: sa.Connection) -> dict[str, int]:
    """How many addresses nothing is sent to, by reason."""
    query = sa.select(suppressions.c.reason, sa.func.count()).group_by(suppressions.c.reason)
    return {reason: int(number) for reason, number in connection.execute(query).all()}


def bounced(connection: sa.Connection, since: datetime) -> dict[str, int]:
    """How many reports were counted since then, by kind."""
    query = sa.select(bounces.c.kind, sa.func.count()).where(bounces.c.received >= since).group_by(bounces.c.kind)
    return {kind: int(number) for kind, number in connection.execute(query).all()}


def lateness(connection: sa.Connection, since: datetime, outcome: str) -> list[float]:
    """Seconds from when periods were due to when their issues were composed, of those since then with this outcome."""
    query = sa.select(periods.c.due, periods.c.settled).where(periods.c.settled >= since, periods.c.outcome == outcome)
    return [(row.settled - row.due).total_seconds() for row in connection.execute(query)]


def outcomes(connection: sa.Connection, since: datetime) -> dict[str, int]:
    """What became of the periods that were settled since then."""
    query = sa.select(periods.c.outcome, sa.func.count()).where(periods.c.settled >= since).group_by(periods.c.outcome)
    return {outcome: int(number) for outcome, number in connection.execute(query).all()}


def _one(connection: sa.Connection, query: sa.Select[Any]) -> int:
    return int(connection.execute(query).scalar_one())
