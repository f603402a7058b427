"""What a subscription is called, where it stands in words, and when its next issue comes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest import days
from digest.paper_view import short_line
from digest.readers import OWN_NAME, load
from digest.schedule import first
from digest.subscription import Standing

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from digest.settings import Settings
    from digest.subscription import Subscription
    from digest.types import Profile

TIMES = {
    "daily": "Every day",
    "weekdays": "Monday to Friday",
    **{f"weekly {day[:3].lower()}": f"Every {day}" for day in days.WEEKDAYS},
    "monthly 1": "On the first of the month",
    "monthly last": "On the last of the month",
}
"""How often issues can come, in words; a reader's page takes more."""

_NAME = 80


def profiles_of(
    connection: sa.Connection, settings: Settings, known: tuple[Subscription, ...]
) -> dict[str, Profile | None]:
    """The profile of each subscription by its name, None where there is none at present."""
    found = load(connection, settings, known).profiles
    return {each.slug: found.get(each.slug) for each in known}


def name_of(profile: Profile | None) -> str:
    """What a subscription is called."""
    return (short_line(profile.name, _NAME) if profile else "") or OWN_NAME


def state_of(subscription: Subscription) -> str:
    """Where a subscription stands, in a sentence."""
    match subscription.standing:
        case Standing.PENDING:
            return "Waits for you to confirm it: the link is in your mailbox."
        case Standing.PAUSED:
            until = subscription.paused_until
            return f"Paused until {days.full(until)}." if until else "Paused until you resume it."
        case Standing.ENDED:
            return f"Ended on {days.short(subscription.ended)}." if subscription.ended else "Ended."
        case _:
            chosen = subscription.preferences.schedule
            often = TIMES.get(chosen.when, f"By {chosen.when.replace('cron', 'the crontab line')}")
            return f"{often} at {chosen.at:%H:%M}, {chosen.zone}."


def following(subscription: Subscription, now: datetime) -> str:
    """When the next issue comes, by the reader's clocks; empty where none does."""
    schedule = subscription.preferences.schedule
    if subscription.due is not None:
        due = subscription.due
    elif subscription.standing is Standing.ACTIVE:
        due = first(schedule, now)
    else:
        return ""
    at = due.at.astimezone(ZoneInfo(schedule.zone))
    return f"{days.full(at.date())} at {at:%H:%M}, {schedule.zone}"
