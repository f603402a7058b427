"""How long it takes to find who is due among a million subscriptions, and to settle ten thousand of them.

    python bench/dispatch.py [SUBSCRIPTIONS]

All are in one table in a temporary folder, spread over the zones and times of day of a population that likes mornings.
"""

from __future__ import annotations

import random  # noqa: TID251  (made-up readers, from a seed)
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from digest import schedule
from digest.store import Store, subscriptions
from digest.store.subscriptions import ISSUED, Settlement
from digest.subscription import Preferences, Standing, Subscription

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2025, 5, 5, 5, tzinfo=UTC)
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Tokyo", "Asia/Kolkata", "America/Los_Angeles", "Australia/Sydney"]
FORMS = ["daily", "daily", "weekdays", "weekly mon", "monthly 1"]
PAGE = 10_000


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long it took."""
    begun = time.perf_counter()
    yield
    print(f"{what:<64} {time.perf_counter() - begun:8.3f} s")


def made_up(count: int) -> Iterator[Subscription]:
    """Subscriptions, one in twenty of them paused or ended."""
    draw = random.Random(1)  # noqa: S311  (made-up readers)
    kinds = [
        schedule.schedule(form, f"{hour:02}:{minute:02}", zone)
        for form in FORMS
        for zone in ZONES
        for hour in (5, 6, 6, 7, 7, 7, 8, 8, 9, 12, 18, 21)
        for minute in (0, 15, 30)
    ]
    firsts = {kind: schedule.first(kind, NOW - timedelta(minutes=30)) for kind in kinds}
    for number in range(count):
        kind = draw.choice(kinds)
        is_over = number % 20 == 0
        yield Subscription(
            slug=f"s-{number:012x}",
            reader=f"{number:024x}",
            subscriber=None,
            digest="trending",
            standing=Standing.ENDED if is_over else Standing.ACTIVE,
            preferences=Preferences(schedule=kind),
            made=NOW,
            due=None if is_over else firsts[kind],
        )


def main() -> None:
    """Fill a table, look for who is due, settle them."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="digest-bench-") as folder, Store(Path(folder) / "digest.sqlite3") as store:
        with timed(f"{count:,} subscriptions put into the table"), store.writing() as connection:
            batch: list[Subscription] = []
            for each in made_up(count):
                batch.append(each)
                if len(batch) == PAGE:
                    subscriptions.adopt(connection, batch)
                    batch.clear()
            subscriptions.adopt(connection, batch)
        with timed("how many are due"), store.reading() as connection:
            number = subscriptions.count_due(connection, NOW)
        found: list[Subscription] = []
        with timed(f"all {number:,} that are due, {PAGE:,} at a time"), store.reading() as connection:
            while page := subscriptions.due(connection, NOW, PAGE, after=found[-1] if found else None):
                found += page
        with timed(f"the first {PAGE:,} of them"), store.reading() as connection:
            first = subscriptions.due(connection, NOW, PAGE)
        with timed("the same while papers are late"), store.reading() as connection:
            subscriptions.due(connection, NOW, PAGE, wait=timedelta(minutes=15))
        with timed(f"what {len(first):,} of them are to do"):
            patience = timedelta(hours=18)
            turns = [
                schedule.turn(each.preferences.schedule, each.due, NOW, patience=patience) for each in first if each.due
            ]
        with timed(f"{len(first):,} of them settled and moved on"), store.writing() as connection:
            settled = [
                Settlement(subscription=each, became=((turn.now, ISSUED),), following=turn.following)
                for each, turn in zip(first, turns, strict=True)
                if turn.now
            ]
            subscriptions.settle(connection, settled, NOW)
        with store.reading() as connection:
            left = subscriptions.count_due(connection, NOW)
        print(f"{number:,} were due, {left:,} are left")


if __name__ == "__main__":
    main()
