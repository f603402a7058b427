"""What an operator sees of the outbox and does to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from digest.outbox import LEGAL, UNDELIVERED, WAITING, DeliveryState
from digest.store import carryover
from digest.store import issues as kept_issues
from digest.store.tables import deliveries, issues, suppressions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One reader's copy of one issue, as it stands.

    `tries` counts the attempts that failed for the moment, `due` is when the next one is (None for never), `why` what
    was said when it failed.
    """

    issue_id: str
    profile: str
    day: date
    subscriber: str
    state: DeliveryState
    tries: int
    queued: datetime | None
    changed: datetime
    due: datetime | None
    why: str | None

    @property
    def name(self) -> str:
        """What it is called: `2025-05-09-ada`."""
        return f"{self.day.isoformat()}-{self.subscriber}"


class Refusal(StrEnum):
    """Why a delivery cannot be sent again, or taken out."""

    SENT = "it was sent"
    HELD = "a sender has it in hand"
    REPLACED = "its papers were in a later issue"
    SUPPRESSED = "its address is suppressed: digest bounces undo"
    OVER = "it is over already"


def count(connection: sa.Connection) -> dict[DeliveryState, int]:
    """How many deliveries stand in each state that any stands in."""
    query = sa.select(deliveries.c.state, sa.func.count()).group_by(deliveries.c.state)
    found = {DeliveryState(state): number for state, number in connection.execute(query)}
    return {state: found[state] for state in DeliveryState if state in found}


def find(
    connection: sa.Connection,
    *,
    names: Collection[str] = (),
    states: Collection[DeliveryState] = (),
    limit: int | None = None,
) -> Iterator[Delivery]:
    """Deliveries of these names, and in these states, as far as such are given; the last changed first."""
    query = _QUERY.order_by(deliveries.c.changed.desc(), deliveries.c.issue_id).limit(limit)
    if names:
        keys = [key for key in map(day_and_reader, names) if key]
        query = query.where(sa.tuple_(issues.c.day, deliveries.c.subscriber).in_(keys))
    if states:
        query = query.where(deliveries.c.state.in_([state.value for state in states]))
    for row in connection.execute(query):
        yield Delivery(**{**row._mapping, "state": DeliveryState(row.state)})  # noqa: SLF001  (SQLAlchemy's public name)


def retry(connection: sa.Connection, found: Delivery, *, recipient: str | None, now: datetime) -> Refusal | None:
    """Let a delivery be due now, to `recipient` if given; why not, if it cannot.

    One that had ended is sent after all, unless its papers were in another issue since.
    """
    values: dict[str, Any] = {"due": now, "changed": now, "tries": 0, "lost": 0}
    if recipient is not None:
        values["recipient"] = recipient
    if found.state in WAITING:
        _update(connection, found, values)
        return None
    if found.state not in UNDELIVERED:
        return Refusal.HELD if found.state is DeliveryState.SENDING else Refusal.SENT
    here = _here(found)
    address = recipient or connection.execute(sa.select(deliveries.c.recipient).where(here)).scalar_one()
    if connection.execute(sa.select(suppressions).where(suppressions.c.address == address.lower())).first():
        return Refusal.SUPPRESSED
    issue = kept_issues.by_ids(connection, [found.issue_id])[found.issue_id]
    if not carryover.take_back(connection, issue):
        return Refusal.REPLACED
    _update(connection, found, {**values, "state": DeliveryState.QUEUED, "queued": now, "error": None})
    return None


def drop(connection: sa.Connection, found: Delivery, *, now: datetime) -> Refusal | None:
    """Take a delivery out, so that its papers are candidates again; why not, if it cannot be."""
    if found.state in UNDELIVERED:
        return Refusal.OVER
    if DeliveryState.DROPPED not in LEGAL[found.state]:
        return Refusal.HELD if found.state is DeliveryState.SENDING else Refusal.SENT
    _update(connection, found, {"state": DeliveryState.DROPPED, "due": None, "changed": now})
    carryover.give_back(connection, [found.issue_id])
    return None


def drop_reader(connection: sa.Connection, subscriber: str, *, now: datetime) -> int:
    """Take out all that waits for a reader who wants no more; how many mails that was."""
    waits = deliveries.c.state.in_([state.value for state in WAITING])
    rows = connection.execute(_QUERY.where(deliveries.c.subscriber == subscriber, waits)).all()
    found = [Delivery(**{**row._mapping, "state": DeliveryState(row.state)}) for row in rows]  # noqa: SLF001  (as above)
    return sum(drop(connection, each, now=now) is None for each in found)


_QUERY = sa.select(
    deliveries.c.issue_id,
    issues.c.profile,
    issues.c.day,
    deliveries.c.subscriber,
    deliveries.c.state,
    deliveries.c.tries,
    deliveries.c.queued,
    deliveries.c.changed,
    deliveries.c.due,
    deliveries.c.error.label("why"),
).join(issues, issues.c.id == deliveries.c.issue_id)


def day_and_reader(name: str) -> tuple[date, str] | None:
    """Day and reader of a delivery of this name; None where none can have it."""
    reader = name[len("2025-05-09-") :]
    try:
        day = date.fromisoformat(name[: len("2025-05-09")])
    except ValueError:
        return None
    return (day, reader) if name == f"{day.isoformat()}-{reader}" else None


def _here(found: Delivery) -> sa.ColumnElement[bool]:
    return sa.and_(deliveries.c.issue_id == found.issue_id, deliveries.c.subscriber == found.subscriber)


def _update(connection: sa.Connection, found: Delivery, values: dict[str, Any]) -> None:
    connection.execute(deliveries.update().where(_here(found)).values(**values))
