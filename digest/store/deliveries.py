"""Deliveries: claiming what is due and recording what became of it. Moves are legal or do not happen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from digest.outbox import LEASE, LEGAL, UNDELIVERED, WAITING, DeliveryState, IllegalMoveError
from digest.store import carryover
from digest.store.tables import deliveries, issues, suppressions

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One reader's copy of one issue, held by this sender until its lease runs out.

    `attempt` counts the claims of this delivery from 1. It is the fencing token: once another sender has taken the
    delivery over, what this one records is refused. `tries` counts the attempts that failed for the moment, `lost` the
    answers that were lost. `token` is what a mail that comes back is known by; none where it was queued without.
    """

    issue_id: str
    subscriber: str
    recipient: str
    attempt: int
    tries: int = 0
    lost: int = 0
    token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of a claim: the state, when it is due again, and why if it was not sent.

    Without `due` it is due no more; one that is given back (queued) stays due as it was.
    `failed` and `lost` are 1 where it failed for the moment, or its answer was lost.
    """

    claim: Claim
    state: DeliveryState
    due: datetime | None = None
    why: str | None = None
    failed: int = 0
    lost: int = 0


_KEY = (deliveries.c.issue_id, deliveries.c.subscriber)
_IS_SUPPRESSED = sa.exists().where(suppressions.c.address == sa.func.lower(deliveries.c.recipient))


def claim(
    connection: sa.Connection, *, now: datetime, limit: int, holder: str = "", dead: Collection[str] = ()
) -> list[Claim]:
    """Take up to `limit` due deliveries for the sender `holder`: first what others let fall, then the longest due.

    What others let fall is what they hold for longer than `LEASE` without a sign of life, or are `dead`. Senders pass
    over what others are just taking (`Store.sharing`).
    """
    values = {"now": now, "until": now + LEASE, "as_holder": holder}
    taken: list[Claim] = []
    # A query for each state finds its rows by the index; one for all would sort all that waits at every claim.
    for state in (DeliveryState.SENDING, *sorted(WAITING)):
        if len(taken) < limit:
            more = {"limit": limit - len(taken)} | ({"dead": [*dead]} if state is DeliveryState.SENDING else {})
            rows = connection.execute(_claiming(state), values | more)
            found = sorted(rows, key=lambda row: (row.due or now, row.issue_id, row.subscriber))
            taken += [
                Claim(
                    issue_id=issue_id,
                    subscriber=subscriber,
                    recipient=recipient,
                    attempt=attempt,
                    tries=tries,
                    lost=lost,
                    token=token,
                )
                for issue_id, subscriber, _, recipient, attempt, tries, lost, token in found
            ]
    return taken


@cache  # to make a statement takes longer than to carry it out
def _claiming(state: DeliveryState) -> sa.UpdateBase:
    """The statement that takes what is due in this state."""
    now, until = (sa.bindparam(name, type_=deliveries.c.due.type) for name in ("now", "until"))
    due = deliveries.c.due <= now
    if state is DeliveryState.SENDING:
        due = sa.or_(deliveries.c.lease_until <= now, deliveries.c.holder.in_(sa.bindparam("dead", expanding=True)))
    chosen = (
        sa.select(*_KEY)
        .where(deliveries.c.state == state, due)
        .order_by(deliveries.c.due, *_KEY)
        .limit(sa.bindparam("limit", type_=sa.Integer))
        .with_for_update(skip_locked=True)
        # Not a subquery, which PostgreSQL may run more than once, and lock other rows each time.
        .cte("chosen")
    )
    values = {"attempts": deliveries.c.attempts + 1, "lease_until": until, "holder": sa.bindparam("as_holder")}
    return (
        deliveries.update()
        .where(sa.tuple_(*_KEY).in_(sa.select(chosen)))
        .values(state=DeliveryState.SENDING, changed=now, **values)
        .returning(*_KEY, *(deliveries.c[name] for name in ("due", "recipient", "attempts", "tries", "lost", "token")))
    )


def renew(connection: sa.Connection, claims: Collection[Claim], *, now: datetime) -> set[Claim]:
    """Keep what this sender holds for another `LEASE`; those claims that no other sender has taken over."""
    if not claims:
        return set()
    connection.execute(deliveries.update().where(_IS_MINE).values(lease_until=now + LEASE), [*map(_mine, claims)])
    keys = [(claim.issue_id, claim.subscriber, claim.attempt) for claim in claims]
    held = sa.select(*_KEY, deliveries.c.attempts).where(
        deliveries.c.state == DeliveryState.SENDING, sa.tuple_(*_KEY, deliveries.c.attempts).in_(keys)
    )
    ours = {tuple(row) for row in connection.execute(held)}
    return {claim for claim, key in zip(claims, keys, strict=True) if key in ours}


def settle(connection: sa.Connection, outcomes: Sequence[Settled], *, now: datetime) -> set[Claim]:
    """Record what became of claims; those that were still this sender's to record.

    Where all of an issue's deliveries are over and no reader got it, its papers are candidates again.

    Raises:
        IllegalMoveError: one of the claims was settled already, or was never made.
    """
    recorded = _sent(connection, [each for each in outcomes if each.state is DeliveryState.SENT], now)
    by_state: dict[DeliveryState, list[Settled]] = {}
    for outcome in outcomes:
        if outcome.claim not in recorded:
            by_state.setdefault(outcome.state, []).append(outcome)
    undelivered: set[str] = set()
    for state, group in by_state.items():
        if state not in LEGAL[DeliveryState.SENDING]:
            raise IllegalMoveError(f"from {DeliveryState.SENDING} to {state}")
        ours = _still_mine(connection, group)
        move = (
            deliveries.update()
            .where(_IS_MINE)
            .values(
                state=state,
                lease_until=None,
                holder=None,
                changed=now,
                due=_due_after(state),
                error=sa.bindparam("new_error"),
                tries=sa.bindparam("new_tries"),
                lost=sa.bindparam("new_lost"),
            )
        )
        if ours:
            connection.execute(move, [_values(each) for each in ours])
        recorded |= {each.claim for each in ours}
        if state in UNDELIVERED:
            undelivered |= {each.claim.issue_id for each in ours}
    # All at once, so that two senders lock issues in one order.
    if undelivered:
        carryover.give_back(connection, undelivered)
    return recorded


def end_waiting(connection: sa.Connection, *, now: datetime, oldest: datetime) -> dict[DeliveryState, int]:
    """End what must not be sent any more, and count it: what was queued before `oldest`, and suppressed addresses.

    An uncertain delivery is left as it is: it may have arrived. The papers of such issues are candidates again.
    """
    waits = deliveries.c.state.in_([DeliveryState.QUEUED, DeliveryState.DEFERRED])
    let_fall = sa.and_(deliveries.c.state == DeliveryState.SENDING, deliveries.c.lease_until <= now)
    ends = {
        DeliveryState.SUPPRESSED: sa.and_(sa.or_(waits, let_fall), _IS_SUPPRESSED),
        DeliveryState.EXPIRED: sa.and_(waits, deliveries.c.queued < oldest),
    }
    ended = {}
    for state, which in ends.items():
        move = deliveries.update().where(which).values(state=state, due=None, changed=now)
        found = connection.execute(move.returning(deliveries.c.issue_id)).scalars().all()
        carryover.give_back(connection, set(found))
        if found:
            ended[state] = len(found)
    return ended


def waiting(connection: sa.Connection, *, now: datetime) -> int:
    """How many deliveries are due."""
    due = sa.and_(deliveries.c.state.in_(list(WAITING)), deliveries.c.due <= now)
    lapsed = sa.and_(deliveries.c.state == DeliveryState.SENDING, deliveries.c.lease_until <= now)
    return connection.execute(sa.select(sa.func.count()).where(sa.or_(due, lapsed))).scalar_one()


def held(connection: sa.Connection, *, now: datetime) -> int:
    """How many deliveries a sender has in hand, its lease not run out."""
    query = sa.select(sa.func.count()).where(
        deliveries.c.state == DeliveryState.SENDING, deliveries.c.lease_until > now
    )
    return connection.execute(query).scalar_one()


def holders(connection: sa.Connection) -> set[str]:
    """The senders that have deliveries in hand, or had when they died."""
    query = sa.select(deliveries.c.holder).where(deliveries.c.state == DeliveryState.SENDING).distinct()
    return {holder for holder in connection.execute(query).scalars() if holder}


def next_due(connection: sa.Connection, states: Collection[DeliveryState]) -> datetime | None:
    """When the next delivery in one of these states is due; None if none will be."""
    query = sa.select(sa.func.min(deliveries.c.due)).where(deliveries.c.state.in_(list(states)))
    return connection.execute(query).scalar()


def sent_since(connection: sa.Connection, since: datetime) -> int:
    """How many mails were handed over since then."""
    states = [DeliveryState.SENT, DeliveryState.BOUNCED]
    query = sa.select(sa.func.count()).where(
        deliveries.c.state.in_(states), deliveries.c.changed >= since, deliveries.c.recipient != ""
    )
    return connection.execute(query).scalar_one()


def _sent(connection: sa.Connection, outcomes: Sequence[Settled], now: datetime) -> set[Claim]:
    """Record in one statement what was sent, as nearly all is; the claims that were this sender's to record."""
    if not outcomes:
        return set()
    claims = {(each.claim.issue_id, each.claim.subscriber, each.claim.attempt): each.claim for each in outcomes}
    values = {"of": sorted({issue_id for issue_id, _, _ in claims}), "keys": [*claims], "now": now}
    return {
        claims[issue_id, subscriber, attempt] for issue_id, subscriber, attempt in connection.execute(_SENT, values)
    }


_SENT = (
    deliveries.update()
    # By issue as well, which has few deliveries: for keys of three SQLite would read the whole table.
    .where(
        deliveries.c.state == DeliveryState.SENDING,
        deliveries.c.issue_id.in_(sa.bindparam("of", expanding=True)),
        sa.tuple_(*_KEY, deliveries.c.attempts).in_(sa.bindparam("keys", expanding=True)),
    )
    .values(
        state=DeliveryState.SENT,
        lease_until=None,
        holder=None,
        changed=sa.bindparam("now", type_=deliveries.c.changed.type),
        due=None,
        error=None,
    )
    .returning(*_KEY, deliveries.c.attempts)
)

_IS_MINE = sa.and_(
    deliveries.c.issue_id == sa.bindparam("key_issue"),
    deliveries.c.subscriber == sa.bindparam("key_subscriber"),
    deliveries.c.attempts == sa.bindparam("key_attempt"),
    deliveries.c.state == DeliveryState.SENDING,
)


def _mine(claim: Claim) -> dict[str, Any]:
    return {"key_issue": claim.issue_id, "key_subscriber": claim.subscriber, "key_attempt": claim.attempt}


def _due_after(state: DeliveryState) -> sa.ColumnElement[Any]:
    due = sa.bindparam("new_due", type_=deliveries.c.due.type)
    return sa.func.coalesce(due, deliveries.c.due) if state is DeliveryState.QUEUED else due


def _values(outcome: Settled) -> dict[str, Any]:
    claim = outcome.claim
    return {
        **_mine(claim),
        "new_due": outcome.due,
        "new_error": outcome.why,
        "new_tries": claim.tries + outcome.failed,
        "new_lost": claim.lost + outcome.lost,
    }


def _still_mine(connection: sa.Connection, outcomes: Sequence[Settled]) -> list[Settled]:
    """Those whose deliveries nobody else has taken over, and whose readers were not forgotten with their issues.

    Raises:
        IllegalMoveError: one was settled already, or never claimed.
    """
    keys = [(each.claim.issue_id, each.claim.subscriber) for each in outcomes]
    # By issue alone, which has few deliveries: for pairs SQLite would read the whole table.
    of_issues = deliveries.c.issue_id.in_(sorted({issue_id for issue_id, _ in keys}))
    query = sa.select(*_KEY, deliveries.c.state, deliveries.c.attempts).where(of_issues, sa.tuple_(*_KEY).in_(keys))
    query = query.order_by(*_KEY).with_for_update()
    found = {(row.issue_id, row.subscriber): row for row in connection.execute(query)}
    missing = [issue for issue, subscriber in keys if (issue, subscriber) not in found]
    there = set(connection.execute(sa.select(issues.c.id).where(issues.c.id.in_(missing))).scalars()) if missing else ()
    ours = []
    for outcome, key in zip(outcomes, keys, strict=True):
        row = found.get(key)
        if row is not None and row.attempts > outcome.claim.attempt:
            continue
        if row is None and outcome.claim.issue_id not in there:
            continue
        if row is None or row.state != DeliveryState.SENDING or row.attempts != outcome.claim.attempt:
            was = "nothing" if row is None else row.state
            raise IllegalMoveError(f"issue {key[0]} for {key[1]!r}: from {was} to {outcome.state}")
        ours.append(outcome)
    return ours
