"""What is to be done about subscriptions that are due, and what became of their periods when it was done.

Whoever was read as being due has a plan: the period to compose for, and since when papers are news to it. What came of
composing, for all of them, is settled together: the next period of each with what became of the last ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from digest import schedule
from digest.store import issues
from digest.store.subscriptions import ISSUED, Settlement
from digest.types import SkipReason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from digest.run_report import RunReport
    from digest.schedule import Turn
    from digest.settings import Settings
    from digest.store import Store
    from digest.subscription import Subscription

ROUND = timedelta(minutes=15)
"""How late a dispatcher that never fails may be, by its rhythm and its work: no reader's patience is shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A subscription as it was read, what its turn is, and since when papers are news to its next issue."""

    subscription: Subscription
    turn: Turn
    since: date | None

    @property
    def reaching(self) -> Subscription:
        """The subscription as its issue is composed."""
        return replace(self.subscription, since=self.since)


def waits(each: Subscription, now: datetime, wait: timedelta) -> bool:
    """Whether a subscription that is due has papers to wait for, and its reader the patience."""
    return bool(wait) and each.due is not None and now < each.due.at + min(wait, each.preferences.patience)


def plan(each: Subscription, settings: Settings, now: datetime) -> Plan:
    """What is to be done about a subscription that is due."""
    assert each.due is not None  # noqa: S101  (it was found by that)
    turn = schedule.turn(each.preferences.schedule, each.due, now, patience=each.preferences.patience + ROUND)
    since = each.since
    if turn.missed and since is None:
        # What the first of them would have told comes with the next issue.
        since = turn.missed[0].day - timedelta(days=settings.window_days - 1)
    return Plan(subscription=each, turn=turn, since=since)


def outcomes(done: RunReport) -> dict[str, str]:
    """What became of readers, by name; of those who have an issue already, that they were issued one."""
    found = {each["profile"]: each["reason"] for each in done.skipped}
    found = {slug: ISSUED if why == SkipReason.ALREADY_COMPOSED else why for slug, why in found.items()}
    return found | {str(each["profile"]): ISSUED for each in done.issues}


def settlements(
    store: Store, plans: Sequence[Plan], became: Mapping[str, str], gone: set[str], now: datetime
) -> tuple[list[Settlement], int]:
    """What is to be settled, and how many periods were missed; whoever has no outcome stays due."""
    late = [plan for plan in plans if plan.turn.missed]
    had: set[tuple[str, date]] = set()
    if late:
        first = min(plan.turn.missed[0].day for plan in late)
        with store.reading() as connection:
            had = issues.days(connection, {plan.subscription.slug for plan in late}, first)
    why = f"missed: nothing ran, or could compose it, until {now:%Y-%m-%d %H:%M} UTC"
    settled, missed = [], 0
    for plan in plans:
        slug = plan.subscription.slug
        if plan.turn.now and slug not in became:
            continue
        # Killed behind the issue and before its period was settled, it is settled here.
        periods = [(each, ISSUED if (slug, each.day) in had else why) for each in plan.turn.missed]
        missed += sum(outcome != ISSUED for _, outcome in periods)
        if plan.turn.now:
            periods.append((plan.turn.now, became[slug]))
        is_issued = any(outcome == ISSUED for _, outcome in periods[-1:])
        settled.append(
            Settlement(
                subscription=plan.subscription,
                became=tuple(periods),
                following=None if slug in gone else plan.turn.following,
                since=None if is_issued else plan.since,
            )
        )
    return settled, missed
