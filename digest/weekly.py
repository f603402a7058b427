"""What a week was like, sent to the operator once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from digest import operator_report
from digest.letters import Week
from digest.overview import overview
from digest.run_history import Run
from digest.store import runs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from digest.settings import Settings
    from digest.store import Store

KIND = "week"
"""What the report of a week is called among the runs."""

_DAYS = timedelta(days=7)
_SUNDAY = 6


def send_due(store: Store, settings: Settings, *, now: datetime, environment: Mapping[str, str]) -> bool:
    """Tell the operator what the last whole week, to Sunday, was like; False if that was done, or nobody is named.

    Raises:
        DeliveryError: the mail cannot be handed over, or is not taken; it is tried again by the next call.
        SettingsError: a password is not where the settings say.
        TemplateError: an overriding template fails.
    """
    until = last_sunday(now.date())
    with store.reading() as connection:
        if not settings.operator or runs.is_known(connection, KIND, until):
            return False
    letter = week(store, until, now=now)
    if not operator_report.send_week(settings, letter, now=now, environment=environment):
        return False
    told = Run(kind=KIND, day=until, started=now, took=timedelta(), skips={}, mails={}, faults={})
    with store.writing() as connection:
        runs.add(connection, told)
    return True


def week(store: Store, until: date, *, now: datetime) -> Week:
    """What the seven days to this one were like, and how many readers there are now."""
    end = datetime.combine(until, time(), tzinfo=UTC) + timedelta(days=1)
    with store.reading() as connection:
        found = [run for run in runs.between(connection, end - _DAYS, end) if run.kind != KIND]
    state = overview(store, now=now)
    days = [until - timedelta(days=back) for back in range(7)]
    papers = sum(state.papers_by_day.get(day, {}).get("papers", 0) for day in days)
    faults: Counter[str] = Counter()
    mails: Counter[str] = Counter()
    for run in found:
        faults.update(run.faults)
        mails.update(run.mails)
    counts = {
        "papers new": papers,
        "runs": len(found),
        "issues composed": sum(run.issues for run in found),
        "mails delivered": sum(run.delivered for run in found),
        **{f"mails {state}": count for state, count in sorted(mails.items())},
        **{f"subscriptions {standing}": count for standing, count in sorted(state.subscriptions.items())},
        **{f"addresses suppressed: {reason}": count for reason, count in sorted(state.suppressed.items())},
    }
    return Week(until=until, counts=tuple(counts.items()), faults=tuple(faults.most_common()), alarms=state.alarms)


def last_sunday(day: date) -> date:
    """The last Sunday before a day."""
    return day - timedelta(days=(day.weekday() - _SUNDAY) % 7 or 7)
