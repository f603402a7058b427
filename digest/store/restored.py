"""A database that came back from a backup: what was done since the backup is unknown to it, and is not done twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.outbox import LOST_ANSWERS, WAITING, DeliveryState
from digest.schedule import first
from digest.store import subscriptions
from digest.store.tables import carryover, deliveries, letters
from digest.store.tables import subscriptions as rows
from digest.subscription import Standing

if TYPE_CHECKING:
    from datetime import date, datetime

WHY = "restored from a backup: it may have been sent since"
"""What is said of what waited to be sent."""

_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """How many mails and letters count as sent, and how many subscriptions go on with the papers of a day."""

    mails: int
    letters: int
    subscriptions: int


def settle(connection: sa.Connection, *, now: datetime, since: date) -> Restored:
    """Let nothing be sent that may have been sent already, in the caller's transaction.

    Mails that waited are uncertain and due no more (an operator may retry them), letters are not tried again, papers
    that waited are forgotten. Each subscription goes on with its next period, and with papers from `since` on.
    """
    waited = deliveries.c.state.in_([*(state.value for state in WAITING), DeliveryState.SENDING.value])
    uncertain = {
        "state": DeliveryState.UNCERTAIN,
        "due": None,
        "lease_until": None,
        "holder": None,
        "lost": LOST_ANSWERS,
        "error": WHY,
        "changed": now,
    }
    is_due = sa.and_(waited, sa.or_(deliveries.c.due.is_not(None), deliveries.c.state == DeliveryState.SENDING.value))
    mails = connection.execute(deliveries.update().where(is_due).values(**uncertain)).rowcount
    given_up = letters.update().where(letters.c.due.is_not(None)).values(due=None, error=WHY)
    tried = connection.execute(given_up).rowcount
    connection.execute(carryover.delete())
    return Restored(mails=mails, letters=tried, subscriptions=_go_on(connection, now, since))


def _go_on(connection: sa.Connection, now: datetime, since: date) -> int:
    done, last = 0, ""
    living = rows.c.standing.in_([Standing.ACTIVE.value, Standing.PAUSED.value])
    while True:
        page = sa.select(rows.c.slug).where(living, rows.c.slug > last).order_by(rows.c.slug).limit(_PAGE)
        slugs = list(connection.execute(page).scalars())
        if not slugs:
            return done
        for slug, each in subscriptions.by_slugs(connection, slugs).items():
            values: dict[str, object] = {"since": since}
            if each.standing is Standing.ACTIVE and each.due is not None:
                following = first(each.preferences.schedule, now)
                values |= {"day": following.day, "due": following.at}
            connection.execute(rows.update().where(rows.c.slug == slug).values(values))
        done, last = done + len(slugs), slugs[-1]
