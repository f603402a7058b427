"""The state of an installation in one value, for the operator's page and the metrics; no reader is named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from statistics import quantiles
from typing import TYPE_CHECKING

from digest.alarms import standing
from digest.completeness import told
from digest.outbox import WAITING
from digest.store import batches, counts, deliveries, letters, runs, subscriptions
from digest.store.subscriptions import ISSUED

if TYPE_CHECKING:
    from datetime import date, datetime

    from digest.outbox import DeliveryState
    from digest.run_history import Run
    from digest.store import Store
    from digest.store.counts import Days

CHARTED = timedelta(days=30)
"""How far back the charts go, and what is counted as recent."""

RUNS_SHOWN = 20
"""Runs that are listed."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """The issues of the last day: how many, and after how many seconds half of them, and 95 %, were made."""

    issues: int
    median: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What an operator wants to know at a glance, as of an instant; counts of the last 30 days where days are named."""

    at: datetime
    runs: tuple[tuple[int, Run], ...]
    sources: tuple[str, ...]
    alarms: tuple[str, ...]
    papers_by_source: dict[str, int]
    papers_by_day: Days
    mails: dict[DeliveryState, int]
    mails_by_day: Days
    next_mail: datetime | None
    letters_waiting: int
    subscriptions: dict[str, int]
    addresses: dict[str, int]
    next_issue: datetime | None
    outcomes: dict[str, int]
    lateness: Lateness | None
    issues: int
    suppressed: dict[str, int]
    bounced: dict[str, int]


def overview(store: Store, *, now: datetime) -> Overview:
    """The installation as it is now."""
    since = now - CHARTED
    today = now.date()
    odd = standing(store, today)
    with store.reading() as connection:
        listed = runs.newest(connection, RUNS_SHOWN, idle=False)
        return Overview(
            at=now,
            runs=tuple(listed),
            sources=tuple(told(batch) for batch in batches.last(connection, today)),
            alarms=odd,
            papers_by_source=counts.papers_by_source(connection),
            papers_by_day=counts.papers_by_day(connection, since.date()),
            mails=counts.mails(connection),
            mails_by_day=counts.mails_by_day(connection, since),
            next_mail=deliveries.next_due(connection, WAITING),
            letters_waiting=letters.waiting(connection),
            subscriptions=subscriptions.counts(connection),
            addresses=counts.addresses(connection),
            next_issue=subscriptions.next_due(connection),
            outcomes=counts.outcomes(connection, since),
            lateness=_lateness(counts.lateness(connection, now - _DAY, ISSUED)),
            issues=counts.issues_composed(connection),
            suppressed=counts.suppressed(connection),
            bounced=counts.bounced(connection, since),
        )


def days(until: date) -> tuple[date, ...]:
    """The days of the charts, the last one `until`."""
    return tuple(until - timedelta(days=back) for back in range(CHARTED.days - 1, -1, -1))


def _lateness(seconds: list[float]) -> Lateness | None:
    if not seconds:
        return None
    cuts = quantiles(seconds, n=20, method="inclusive") if len(seconds) > 1 else seconds * 19
    return Lateness(issues=len(seconds), median=cuts[9], most=cuts[18])
