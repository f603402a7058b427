"""Who subscribed to what: the nouns, and one table of the moves that a subscription may make (pure).

The state of an address (was it confirmed, is it suppressed) and that of a subscription are two things: somebody may
pause one digest, end another, and have an address that no mail reaches.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from digest.errors import SubscriptionError
from digest.schedule import PATIENCE, Due, Schedule, first

if TYPE_CHECKING:
    from datetime import date

    from digest.types import EmptyDay, Form


class Standing(StrEnum):
    """Where a subscription is in its life."""

    PENDING = "pending"
    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


LEGAL: Final = {
    Standing.PENDING: frozenset({Standing.ACTIVE, Standing.ENDED}),
    Standing.ACTIVE: frozenset({Standing.PAUSED, Standing.ENDED}),
    Standing.PAUSED: frozenset({Standing.ACTIVE, Standing.ENDED}),
    Standing.ENDED: frozenset({Standing.PENDING}),
}
"""From where to where; whoever left comes back only by confirming again."""


class Return(StrEnum):
    """What happens to the papers of a pause when it is over."""

    CATCH_UP = "catch-up"
    SKIP = "skip"


OWN: Final = "own"
"""What a subscription is to, if it is to a profile that its reader writes; else it names a digest that is offered."""

FILE: Final = "file"
"""The same of a reader whose profile is a file that the operator keeps."""

LONG_DAYS = 32
"""Days that an issue reaches back which comes seldom, or after a pause: a month, and one day for good measure."""

LONGEST_PAUSE = timedelta(days=3660)
"""Whoever wants to hear nothing for longer pauses without a day."""


_MADE = re.compile(r"s-[0-9a-f]{12}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a reader chooses of a subscription; None is what the profile or the installation says."""

    schedule: Schedule = field(default_factory=Schedule)
    patience: timedelta = PATIENCE
    on_return: Return = Return.CATCH_UP
    form: Form | None = None
    empty_day: EmptyDay | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """Whoever subscribed: an address, when and by what way it was given, and when it was confirmed, if it was.

    All of it is of the first time; each subscription has its own record of consent.
    """

    id: str
    address: str = field(repr=False)
    asked: datetime
    source: str
    confirmed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One digest that somebody gets, or got.

    `slug` is its name in the ledger, as a profile's file name is; `reader` what it is called in signed links (hex).
    `subscriber` is None for a reader whose profile is the operator's file. `due` is the next period, None while none
    comes; `since` the day before which papers are no news to the next issue, None where only the window says so.

    The record of consent: `made` is when it was asked for last, `source` by what way (the site, the command line, the
    operator's word, a list), `confirmed` when its reader said yes. One that was asked for again after it had ended
    keeps `ended` until it is confirmed.
    """

    slug: str
    reader: str
    subscriber: str | None
    digest: str
    standing: Standing
    preferences: Preferences
    made: datetime
    due: Due | None = None
    paused_until: date | None = None
    paused: datetime | None = None
    since: date | None = None
    ended: datetime | None = None
    source: str = ""
    confirmed: datetime | None = None

    def window(self, day: date, usual: int) -> int:
        """How many days the issue of a day reaches back: the `usual` ones, or about a month."""
        back = (day - self.since).days + 1 if self.since else 0
        is_usual = self.preferences.schedule.is_frequent and back <= usual
        return usual if is_usual else max(usual, LONG_DAYS)


def is_made_here(slug: str) -> bool:
    """Whether a reader's name was made for a subscriber's subscription: those of files are their operator's choice."""
    return _MADE.fullmatch(slug) is not None


def confirmed(subscription: Subscription, *, now: datetime, window_days: int) -> Subscription:
    """The subscription begun, its first issue reaching back by the usual days however seldom it comes.

    Raises:
        SubscriptionError: it cannot begin from where it is.
    """
    begun = _moved(subscription, Standing.ACTIVE)
    due = first(begun.preferences.schedule, now)
    since = due.day - timedelta(days=window_days - 1)
    return replace(begun, due=due, since=since, confirmed=now, ended=None)


def paused(subscription: Subscription, *, until: date | None, now: datetime) -> Subscription:
    """The subscription at rest: until a day, on which issues come again, or until its reader says so (None).

    One that is paused already is paused anew.

    Raises:
        SubscriptionError: it is not one that can be paused, or the day is over or too far away.
    """
    resting = subscription
    if subscription.standing is not Standing.PAUSED:
        resting = replace(_moved(subscription, Standing.PAUSED), paused=now)
    if until is None:
        return replace(resting, paused_until=None, due=None)
    today = now.astimezone(ZoneInfo(resting.preferences.schedule.zone)).date()
    if not today <= until <= today + LONGEST_PAUSE:
        years = LONGEST_PAUSE.days // 366
        raise SubscriptionError("until", f"expected a day to come, within {years} years, got {until.isoformat()}")
    return replace(resting, paused_until=until, due=_first_from(resting.preferences.schedule, until, now))


def resumed(subscription: Subscription, *, now: datetime, window_days: int, due: Due | None = None) -> Subscription:
    """The subscription going on, by its next period or the one that is `due`; with the papers of the pause or without.

    Raises:
        SubscriptionError: it is not paused.
    """
    going = _moved(subscription, Standing.ACTIVE)
    if subscription.standing is not Standing.PAUSED:
        raise SubscriptionError("", "it is not paused")
    following = due or first(going.preferences.schedule, now)
    since = following.day
    if going.preferences.on_return is Return.CATCH_UP and going.paused is not None:
        since = min(going.paused.date() - timedelta(days=window_days - 1), following.day)
    return replace(going, due=following, since=since, paused=None, paused_until=None)


def ended(subscription: Subscription, *, now: datetime) -> Subscription:
    """The subscription over; one that is over already stays as it is."""
    if subscription.standing is Standing.ENDED:
        return subscription
    return replace(_moved(subscription, Standing.ENDED), ended=now, due=None, paused=None, paused_until=None)


def revised(subscription: Subscription, preferences: Preferences, *, now: datetime) -> Subscription:
    """The subscription by other preferences; its next period is by the new schedule."""
    other = replace(subscription, preferences=preferences)
    if preferences.schedule == subscription.preferences.schedule or subscription.due is None:
        return other
    if other.standing is Standing.PAUSED and other.paused_until is not None:
        return replace(other, due=_first_from(preferences.schedule, other.paused_until, now))
    return replace(other, due=first(preferences.schedule, now))


def _first_from(schedule: Schedule, day: date, now: datetime) -> Due:
    """The first period on a day or behind it that is still to come."""
    midnight = datetime.combine(day, time(), ZoneInfo(schedule.zone)).astimezone(UTC)
    due = first(schedule, max(now, midnight - timedelta(seconds=1)))
    while due.day < day:
        due = first(schedule, due.at)
    return due


def _moved(subscription: Subscription, to: Standing) -> Subscription:
    if to not in LEGAL[subscription.standing]:
        raise SubscriptionError("", f"it is {subscription.standing}, and cannot become {to}")
    return replace(subscription, standing=to)
