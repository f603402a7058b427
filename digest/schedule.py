"""When a reader's issues are due: at a local wall time, once a period, whatever clocks and machines do (pure).

A period is named by the local day it falls on. Where a clock is put forward over the time, the issue is due as much
later; where it is put back, the first of the two times counts. Both is what `zoneinfo` says of `fold=0` (PEP 495).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from digest.days import WEEKDAYS as WEEKDAY_NAMES
from digest.days import is_zone
from digest.errors import SubscriptionError

if TYPE_CHECKING:
    from collections.abc import Iterator

DAILY, WEEKDAYS = "daily", "weekdays"

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORMS = "daily, weekdays, weekly mon … sun, monthly 1 … 28, monthly last, or cron MINUTE HOUR DAY MONTH WEEKDAY"
_LAST_DAY = 28  # that every month has
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_FIELDS = 5

PATIENCE = timedelta(hours=18)
"""How late an issue may come if its reader does not say; later, its papers wait for the next one."""

LONGEST_PATIENCE = timedelta(weeks=1)

_LATE = re.compile(
    r"(?:(\d{1,3}) ?d(?:ays?)?)?[, ]*(?:and )?(?:(\d{1,3}) ?(?:h(?:ours?)?)?)?", re.ASCII | re.IGNORECASE
)
_FIRST_TIME = datetime(2024, 1, 1)  # noqa: DTZ001  (a leap year, by a clock on the wall)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How often issues come and when: `at` by the clocks of `zone`, an IANA name. Made by `schedule`."""

    when: str = DAILY
    at: time = time(7)
    zone: str = "UTC"

    @property
    def is_frequent(self) -> bool:
        """Whether an issue comes on every working day, so that it tells of a few days at most."""
        return self.when in {DAILY, WEEKDAYS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One period: the reader's local day that names it, and the instant from which its issue is due (UTC)."""

    day: date
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What is to be done about a subscription that is due.

    `now` is the period to compose for, None if it is too late for any; `missed` are the periods that get no issue,
    because the machine slept through them: what they would have told comes with the next one, which is `following`.
    """

    now: Due | None
    missed: tuple[Due, ...]
    following: Due


@lru_cache(maxsize=4096)  # of a million readers most have one of a few
def schedule(when: str, at: str = "07:00", zone: str = "UTC") -> Schedule:
    """The schedule of these words: `weekly mon`, `07:30`, `Europe/Lisbon`; `cron` says its time itself.

    Raises:
        SubscriptionError: one of them is no such thing, or the schedule never comes; says what would be.
    """
    words = when.lower().split()
    # Weekdays by their first letters, as many as somebody writes.
    if len(words) > 1 and words[0] == "weekly":
        words[1:] = [next((day for day in _DAYS if len(word) > 2 and word.startswith(day)), word) for word in words[1:]]  # noqa: PLR2004
    written = " ".join(words)
    if words[:1] == ["cron"]:
        at = _time_of_cron(when, words[1:])
    found = _TIME.fullmatch(at.strip())
    if not found:
        raise SubscriptionError("at", f"expected a time of day like 07:30, got {at!r}")
    if not is_zone(zone):
        raise SubscriptionError("zone", f"expected an IANA time zone like Europe/Lisbon, got {zone!r}")
    made = Schedule(when=written, at=time(int(found[1]), int(found[2])), zone=zone)
    try:
        next(CronSim(_expression(made), _FIRST_TIME))
    except (CronSimError, StopIteration):
        raise SubscriptionError("when", f"expected {_FORMS}, got {when!r}") from None
    return made


def upcoming(schedule: Schedule, after: datetime) -> Iterator[Due]:
    """The periods that are due later than an instant, in order, without an end."""
    zone = ZoneInfo(schedule.zone)
    # Clocks are put back by less than a day; walls before that are of the past.
    wall = after.astimezone(zone).replace(tzinfo=None) - timedelta(days=1)
    for local in CronSim(_expression(schedule), wall):
        at = local.replace(tzinfo=zone).astimezone(UTC)
        if at > after:
            yield Due(day=local.date(), at=at)


def first(schedule: Schedule, after: datetime) -> Due:
    """The first period that is due later than an instant."""
    return next(upcoming(schedule, after))


def falls_on(schedule: Schedule, day: date) -> bool:
    """Whether a period of the schedule has this local day for its name."""
    before = datetime.combine(day, time(), ZoneInfo(schedule.zone)).astimezone(UTC) - timedelta(days=1)
    return next(each.day for each in upcoming(schedule, before) if each.day >= day) == day


def turn(schedule: Schedule, due: Due, now: datetime, *, patience: timedelta) -> Turn:
    """What to do at an instant about a subscription that has been due since `due`.

    Of several periods that passed the last one counts, if it is not later than `patience`.
    """
    passed = [due, *takewhile(lambda each: each.at <= now, upcoming(schedule, due.at))]
    is_late = now - passed[-1].at > patience
    return Turn(
        now=None if is_late else passed[-1],
        missed=tuple(passed if is_late else passed[:-1]),
        following=first(schedule, max(now, passed[-1].at)),
    )


def patience(text: str) -> timedelta:
    """How late an issue may be, in whole hours up to a week: `6 hours`, `2 days`, `1 day 6 hours`, or `18`, of hours.

    Raises:
        SubscriptionError: it is no such thing; says what would be.
    """
    found = _LATE.fullmatch(" ".join(text.split()))
    days, hours = (int(each or 0) for each in found.groups()) if found else (0, 0)
    said = timedelta(days=days, hours=hours)
    if not timedelta(hours=1) <= said <= LONGEST_PATIENCE:
        raise SubscriptionError("patience", f"expected 6 hours, 2 days or the like, up to 7 days, got {text!r}")
    return said


def patience_told(patience: timedelta) -> str:
    """The same in words, which give it again: `1 day 6 hours`."""
    days, hours = divmod(round(patience / timedelta(hours=1)), 24)
    parts = ((days, "day"), (hours, "hour"))
    return " ".join(f"{number} {noun}{'s' * (number > 1)}" for number, noun in parts if number)


def told(schedule: Schedule) -> str:
    """The schedule in words: `every Monday at 07:00 (Europe/Lisbon)`."""
    kind, *rest = schedule.when.split()
    detail = " ".join(rest)
    when = {
        "daily": "every day",
        "weekdays": "Monday to Friday",
        "weekly": f"every {WEEKDAY_NAMES[_DAYS.index(detail)]}" if detail in _DAYS else "",
        "monthly": "on the last day of each month" if detail == "last" else f"on day {detail} of each month",
        "cron": f"by “{schedule.when}”",
    }[kind]
    return f"{when} at {schedule.at:%H:%M} ({schedule.zone})"


@lru_cache(maxsize=1024)
def _expression(schedule: Schedule) -> str:
    """The schedule as a crontab has it, by the clocks of its zone."""
    kind, *rest = schedule.when.split() or [""]
    time_of_day = f"{schedule.at.minute} {schedule.at.hour}"
    if kind == "cron":
        return f"{time_of_day} {' '.join(rest[2:])}"
    detail = " ".join(rest)
    days = ""
    if kind in {DAILY, WEEKDAYS} and not rest:
        days = "* * *" if kind == DAILY else "* * 1-5"
    elif kind == "weekly" and detail in _DAYS:
        days = f"* * {_DAYS.index(detail) + 1}"
    elif kind == "monthly" and detail == "last":
        days = "L * *"
    elif kind == "monthly" and detail.isdecimal() and 1 <= int(detail) <= _LAST_DAY:
        days = f"{int(detail)} * *"
    return f"{time_of_day} {days}"


def _time_of_cron(written: str, fields: list[str]) -> str:
    if len(fields) != _FIELDS or not all(each.isdecimal() for each in fields[:2]):
        raise SubscriptionError(
            "when", f"expected five fields with one minute and one hour, as issues come once a day, got {written!r}"
        )
    minute, hour = (int(each) for each in fields[:2])
    return f"{hour:02}:{minute:02}"
