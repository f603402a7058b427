"""Deliveries: claiming what is due and recording what became of it. Moves are legal or do not happen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from digest.outbox import LEASE, DeliveryState, IllegalMoveError, sources_of
from digest.store.tables import deliveries

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One reader's copy of one issue, held by this sender until its lease runs out.

    `attempt` counts the claims of this delivery from 1. It is the fencing token: once another sender has taken the
    delivery over, what this one records is refused.
    """

    issue_id: str
    subscriber: str
    recipient: str
    attempt: int


_NOW = sa.bindparam("now", type_=deliveries.c.lease_until.type)
_IS_DUE = sa.or_(
    deliveries.c.state.in_([DeliveryState.QUEUED, DeliveryState.DEFERRED]),
    sa.and_(deliveries.c.state == DeliveryState.SENDING, deliveries.c.lease_until <= _NOW),
)


def claim(connection: sa.Connection, *, now: datetime, limit: int, after: tuple[str, str] = ("", "")) -> list[Claim]:
    """Take up to `limit` due deliveries behind the key `after` (issue, subscriber), in order of their keys.

    Due is what is queued or deferred, and what another sender has held for longer than `LEASE`. Runs under the write
    lock (`Store.writing`), so that no two senders claim the same.
    """
    key = sa.tuple_(deliveries.c.issue_id, deliveries.c.subscriber)
    due = (
        sa.select(deliveries)
        .where(_IS_DUE, key > sa.tuple_(*map(sa.literal, after)))
        .order_by(deliveries.c.issue_id, deliveries.c.subscriber)
        .limit(limit)
    )
    claims = [
        Claim(issue_id=row.issue_id, subscriber=row.subscriber, recipient=row.recipient, attempt=row.attempts + 1)
        for row in connection.execute(due, {"now": now}).all()
    ]
    for taken in claims:
        values = {"lease_until": now + LEASE, "attempts": taken.attempt, "error": None}
        _move(connection, taken, DeliveryState.SENDING, held_as=taken.attempt - 1, changed=now, **values)
    return claims


def sent(connection: sa.Connection, taken: Claim, *, now: datetime) -> bool:
    """Record that the mail was handed over; False, and nothing, if another sender has taken the delivery over.

    Raises:
        IllegalMoveError: this claim was settled already.
    """
    return _move(connection, taken, DeliveryState.SENT, held_as=taken.attempt, changed=now, lease_until=None)


def deferred(connection: sa.Connection, taken: Claim, *, now: datetime, error: str) -> bool:
    """Record that handing over failed for a reason that may pass, so that the next run tries again.

    False, and nothing, if another sender has taken the delivery over.

    Raises:
        IllegalMoveError: this claim was settled already.
    """
    values = {"lease_until": None, "error": error}
    return _move(connection, taken, DeliveryState.DEFERRED, held_as=taken.attempt, changed=now, **values)


def waiting(connection: sa.Connection, *, now: datetime) -> int:
    """How many deliveries are due."""
    query = sa.select(sa.func.count()).select_from(deliveries).where(_IS_DUE)
    return connection.execute(query, {"now": now}).scalar_one()


def held(connection: sa.Connection, *, now: datetime) -> int:
    """How many deliveries a sender has in hand, its lease not run out."""
    query = sa.select(sa.func.count()).where(
        deliveries.c.state == DeliveryState.SENDING, deliveries.c.lease_until > now
    )
    return connection.execute(query).scalar_one()


def _move(
    connection: sa.Connection,
    taken: Claim,
    state: DeliveryState,
    *,
    held_as: int,
    **values: Any,  # noqa: ANN401  (columns of `deliveries`)
) -> bool:
    here = sa.and_(deliveries.c.issue_id == taken.issue_id, deliveries.c.subscriber == taken.subscriber)
    legal = sa.and_(deliveries.c.state.in_(sources_of(state)), deliveries.c.attempts == held_as)
    if connection.execute(deliveries.update().where(here, legal).values(state=state, **values)).rowcount == 1:
        return True
    found = connection.execute(sa.select(deliveries.c.state, deliveries.c.attempts).where(here)).first()
    if found is not None and found.attempts > held_as:
        return False
    was = "nothing" if found is None else found.state
    raise IllegalMoveError(f"issue {taken.issue_id} for {taken.subscriber!r}: from {was} to {state}")
