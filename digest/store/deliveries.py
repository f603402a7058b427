"""Deliveries: claiming what is due and recording what became of it. Moves are legal or do not happen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.outbox import LEASE, DeliveryState, sources_of
from digest.store.tables import deliveries

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One reader's copy of one issue, held by this sender until its lease runs out."""

    issue_id: str
    subscriber: str
    recipient: str


_NOW = sa.bindparam("now", type_=deliveries.c.lease_until.type)
_IS_DUE = sa.or_(
    deliveries.c.state.in_([DeliveryState.QUEUED, DeliveryState.DEFERRED]),
    sa.and_(deliveries.c.state == DeliveryState.SENDING, deliveries.c.lease_until <= _NOW),
)


def claim(connection: sa.Connection, *, now: datetime, limit: int, after: tuple[str, str] = ("", "")) -> list[Claim]:
    """Take up to `limit` due deliveries behind the key `after`, in order of their keys; runs under the write lock."""
    key = sa.tuple_(deliveries.c.issue_id, deliveries.c.subscriber)
    due = (
        sa.select(deliveries.c.issue_id, deliveries.c.subscriber, deliveries.c.recipient)
        .where(_IS_DUE, key > sa.tuple_(*map(sa.literal, after)))
        .order_by(deliveries.c.issue_id, deliveries.c.subscriber)
        .limit(limit)
    )
    claims = [
        Claim(issue_id=row.issue_id, subscriber=row.subscriber, recipient=row.recipient)
        for row in connection.execute(due, {"now": now})
    ]
    for taken in claims:
        _move(connection, taken, DeliveryState.SENDING, now=now, lease_until=now + LEASE)
    return claims


def sent(connection: sa.Connection, taken: Claim, *, now: datetime) -> None:
    """Record that the mail was handed over."""
    _move(connection, taken, DeliveryState.SENT, now=now)


def deferred(connection: sa.Connection, taken: Claim, *, now: datetime, error: str) -> None:
    """Record that handing over failed for a reason that may pass; the next run tries again."""
    _move(connection, taken, DeliveryState.DEFERRED, now=now, error=error)


def held(connection: sa.Connection, *, now: datetime) -> int:
    """How many deliveries another sender holds right now."""
    query = sa.select(sa.func.count()).where(
        deliveries.c.state == DeliveryState.SENDING, deliveries.c.lease_until > now
    )
    return connection.execute(query).scalar_one()


def waiting(connection: sa.Connection, *, now: datetime) -> int:
    """How many deliveries are due."""
    query = sa.select(sa.func.count()).select_from(deliveries).where(_IS_DUE)
    return connection.execute(query, {"now": now}).scalar_one()


def _move(
    connection: sa.Connection,
    taken: Claim,
    state: DeliveryState,
    *,
    now: datetime,
    lease_until: datetime | None = None,
    error: str | None = None,
) -> None:
    attempt = 1 if state is DeliveryState.SENDING else 0
    moved = connection.execute(
        deliveries.update()
        .where(
            deliveries.c.issue_id == taken.issue_id,
            deliveries.c.subscriber == taken.subscriber,
            deliveries.c.state.in_(sources_of(state)),
        )
        .values(
            state=state, lease_until=lease_until, error=error, changed=now, attempts=deliveries.c.attempts + attempt
        )
    )
    if moved.rowcount != 1:
        raise AssertionError(f"no legal move to {state} for issue {taken.issue_id}")
