"""What is cleared away once a day: what nobody confirmed, and what is kept for a time only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from digest import subscribing
from digest.store import askings, changes, letters, runs, subscriptions

if TYPE_CHECKING:
    from datetime import datetime

    from digest.store import Store

PERIODS = timedelta(days=400)
"""How long it is kept what became of a period, and what a run did: a year, and a month to look at it."""

REPLAYED = timedelta(days=60)
"""How long an issue can be composed again by what all papers were then (`digest replay --compose`)."""

LETTERS = timedelta(days=30)
"""How long a letter is kept that was sent or given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """How many there were of what was cleared away: wishes, rows of limits, letters, periods, runs, papers' changes."""

    unconfirmed: int
    askings: int
    letters: int
    periods: int
    runs: int
    changes: int


def tidy(store: Store, *, now: datetime) -> Cleared:
    """Clear away what is old, and have the database look at how its tables are filled."""
    unconfirmed = subscribing.forget_unconfirmed(store, now=now)
    with store.writing() as connection:
        cleared = Cleared(
            unconfirmed=unconfirmed,
            askings=askings.prune(connection, now),
            letters=letters.prune(connection, now - LETTERS),
            periods=subscriptions.prune(connection, now - PERIODS),
            runs=runs.prune(connection, now - PERIODS),
            changes=changes.prune(connection, (now - REPLAYED).date()),
        )
    store.optimise()
    return cleared
