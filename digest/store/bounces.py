"""What came back, and the addresses that nothing is sent to because of it.

A report counts for the delivery whose token it has, and for that delivery's own address, whatever other addresses are
in it. One without a token of ours counts for nobody, so that forged reports do no harm. Only where mails leave without
tokens (`[delivery] bounce_address` is empty) does a Message-ID speak, if it is ours and the report names the very
address that this mail went to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.bounce import Kind
from digest.message import message_id
from digest.outbox import DeliveryState, sources_of
from digest.store import carryover
from digest.store import deliveries as outbox
from digest.store.rows import lookup
from digest.store.tables import bounces, deliveries, suppressions

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from digest.bounce import Bounce

SOFT_BOUNCES = 5
"""So many issues that came back for passing reasons suppress an address."""

SOFT_DAYS = 90
"""Days for which such a bounce counts."""

_LOOKED_THROUGH = 400  # deliveries to one address that a Message-ID is looked for among
_FIRST_INSTANT = datetime.min.replace(tzinfo=UTC)


class Reason(StrEnum):
    """Why nothing is sent to an address."""

    HARD = "hard bounce"
    SOFT = "soft bounces"
    COMPLAINT = "complaint"
    UNSUBSCRIBED = "unsubscribed"
    OPERATOR = "operator"


WISHES = frozenset({Reason.COMPLAINT, Reason.UNSUBSCRIBED})
"""Reasons that are the owner's own wish."""

_AT_ONCE = {Kind.HARD: Reason.HARD, Kind.COMPLAINT: Reason.COMPLAINT, Kind.UNSUBSCRIBE: Reason.UNSUBSCRIBED}


class Effect(StrEnum):
    """What a report did."""

    STRANGER = "it names no mail of ours"
    KNOWN = "it was counted before"
    COUNTED = "it is counted"
    SUPPRESSED = "its address is suppressed from now on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """What came of a report: for which reader's mail, and why the address is suppressed if it now is."""

    effect: Effect
    subscriber: str | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address, in small letters, that nothing is sent to."""

    address: str
    reason: Reason
    detail: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A report that was counted; `undone` if an operator said that it counts no more."""

    address: str
    kind: Kind
    status: str
    detail: str
    issue_id: str | None
    received: datetime
    undone: bool


def record(
    connection: sa.Connection, bounce: Bounce, *, now: datetime, trusts_message_ids: bool = False
) -> Consequence:
    """Count a report, once, and suppress the address if that is due: all of it in the caller's transaction.

    A hard bounce takes its delivery back: the papers are candidates again. A soft one does not, as it may come from one
    of several places that the reader's mail is passed on to. `trusts_message_ids` is for mails that leave without
    tokens. Runs under the write lock (`Store.writing`).
    """
    mail = _by_token(connection, bounce) or (trusts_message_ids and _by_message_id(connection, bounce)) or None
    if mail is None:
        return Consequence(effect=Effect.STRANGER)
    if connection.execute(sa.select(bounces.c.number).where(bounces.c.report == bounce.report)).first():
        return Consequence(effect=Effect.KNOWN, subscriber=mail.subscriber)
    address = key(mail.recipient)
    connection.execute(
        bounces.insert().values(
            report=bounce.report,
            address=address,
            kind=bounce.kind,
            status=bounce.status,
            detail=bounce.detail,
            issue_id=mail.issue_id,
            received=now,
        )
    )
    if bounce.kind is Kind.HARD:
        _take_back(connection, mail, bounce, now)
    reason = _AT_ONCE.get(bounce.kind) or (Reason.SOFT if _is_enough(connection, address, now) else None)
    detail = " ".join(filter(None, (bounce.status, bounce.detail)))
    if reason is None or not suppress(connection, address, reason, detail=detail, now=now):
        return Consequence(effect=Effect.COUNTED, subscriber=mail.subscriber)
    return Consequence(effect=Effect.SUPPRESSED, subscriber=mail.subscriber, reason=reason)


def suppress(connection: sa.Connection, address: str, reason: Reason, *, now: datetime, detail: str = "") -> bool:
    """Send nothing to an address from now on, nor what waits in the outbox; False if that was so for this reason.

    Of several reasons the first is kept, but a reader's own wish takes the place of any other.
    """
    here = suppressions.c.address == key(address)
    values = {"reason": reason, "detail": detail, "since": now}
    before = connection.execute(sa.select(suppressions.c.reason).where(here)).scalar()
    if before is None:
        connection.execute(suppressions.insert().values(address=key(address), **values))
    elif reason in WISHES and before not in WISHES:
        connection.execute(suppressions.update().where(here).values(**values))
    else:
        return False
    outbox.end_waiting(connection, now=now, oldest=_FIRST_INSTANT)
    # What may have arrived stays uncertain, and is not tried once more.
    is_its = sa.func.lower(deliveries.c.recipient) == key(address)
    uncertain = deliveries.update().where(deliveries.c.state == DeliveryState.UNCERTAIN, is_its)
    connection.execute(uncertain.values(due=None))
    return True


def undo(connection: sa.Connection, address: str) -> bool:
    """Send to an address again, and let no report so far count any more; False if nothing was held against it."""
    here = key(address)
    gone = connection.execute(suppressions.delete().where(suppressions.c.address == here))
    counted = bounces.update().where(bounces.c.address == here, bounces.c.undone.is_(False))
    return bool(gone.rowcount + connection.execute(counted.values(undone=True)).rowcount)


def welcome(connection: sa.Connection, address: str) -> bool:
    """Send to an address again whose owner had wanted no more mails and now wants some; False if that was not so."""
    here = suppressions.c.address == key(address)
    wished = suppressions.c.reason.in_([reason.value for reason in WISHES])
    return connection.execute(suppressions.delete().where(here, wished)).rowcount == 1


def reason(connection: sa.Connection, address: str) -> Reason | None:
    """Why nothing is sent to an address; None if it is sent to."""
    found = connection.execute(sa.select(suppressions.c.reason).where(suppressions.c.address == key(address))).scalar()
    return None if found is None else Reason(found)


def forget(connection: sa.Connection, address: str) -> Reason | None:
    """Delete the reports about an address, and its suppression unless that is its owner's wish: then that is why."""
    here = key(address)
    connection.execute(bounces.delete().where(bounces.c.address == here))
    wished = suppressions.c.reason.in_([each.value for each in WISHES])
    connection.execute(suppressions.delete().where(suppressions.c.address == here, ~wished))
    return reason(connection, address)


def suppressed(connection: sa.Connection, addresses: Collection[str]) -> set[str]:
    """Those of these addresses, as they are given, that nothing is sent to."""
    named = {key(each) for each in addresses}
    found = {row.address for row in lookup(connection, sa.select(suppressions), suppressions.c.address, named)}
    return {each for each in addresses if key(each) in found}


def listing(connection: sa.Connection) -> list[Suppression]:
    """All addresses that nothing is sent to, the last one first."""
    query = sa.select(suppressions).order_by(suppressions.c.since.desc(), suppressions.c.address)
    return [
        Suppression(address=row.address, reason=Reason(row.reason), detail=row.detail, since=row.since)
        for row in connection.execute(query)
    ]


def counted(connection: sa.Connection, since: datetime) -> list[Counted]:
    """All reports that were counted since then, the last one first."""
    query = sa.select(bounces).where(bounces.c.received >= since).order_by(bounces.c.number.desc())
    return [
        Counted(
            address=row.address,
            kind=Kind(row.kind),
            status=row.status,
            detail=row.detail,
            issue_id=row.issue_id,
            received=row.received,
            undone=row.undone,
        )
        for row in connection.execute(query)
    ]


def key(address: str) -> str:
    """What an address is known by: itself in small letters. Of ASCII only, as `lower` of SQLite has them."""
    return address.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


_MAIL = sa.select(deliveries.c.issue_id, deliveries.c.subscriber, deliveries.c.recipient).where(
    deliveries.c.recipient != ""
)


def _by_token(connection: sa.Connection, bounce: Bounce) -> sa.Row[Any] | None:
    if bounce.token is None:
        return None
    return connection.execute(_MAIL.where(deliveries.c.token == bounce.token)).first()


def _by_message_id(connection: sa.Connection, bounce: Bounce) -> sa.Row[Any] | None:
    """The mail that was sent to the address in the report under the Message-ID that it returns."""
    # A NUL is in no address of ours, and PostgreSQL is not even to be asked for one.
    if not bounce.address or not bounce.message_id or "\0" in bounce.address:
        return None
    to_it = _MAIL.where(sa.func.lower(deliveries.c.recipient) == key(bounce.address))
    for mail in connection.execute(to_it.order_by(deliveries.c.changed.desc()).limit(_LOOKED_THROUGH)):
        # The domain is the sender's, and may have been another one then.
        ours = message_id(mail.issue_id, mail.subscriber, "localhost").partition("@")[0]
        if bounce.message_id.partition("@")[0] == ours:
            return mail
    return None


def _take_back(connection: sa.Connection, mail: sa.Row[Any], bounce: Bounce, now: datetime) -> None:
    move = deliveries.update().where(
        deliveries.c.issue_id == mail.issue_id,
        deliveries.c.subscriber == mail.subscriber,
        deliveries.c.state.in_([state.value for state in sources_of(DeliveryState.BOUNCED)]),
    )
    why = " ".join(filter(None, (bounce.status, bounce.detail))) or None
    if connection.execute(move.values(state=DeliveryState.BOUNCED, due=None, changed=now, error=why)).rowcount:
        carryover.give_back(connection, [mail.issue_id])


def _is_enough(connection: sa.Connection, address: str, now: datetime) -> bool:
    query = sa.select(sa.func.count(bounces.c.issue_id.distinct())).where(
        bounces.c.address == address,
        bounces.c.kind == Kind.SOFT,
        bounces.c.undone.is_(False),
        bounces.c.received > now - timedelta(days=SOFT_DAYS),
    )
    return connection.execute(query).scalar_one() >= SOFT_BOUNCES
