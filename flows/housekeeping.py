"""Clear away once a day what is kept for a time only, and once a week tell the operator what the week was like."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from prefect import flow, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE

from digest import housekeeping as rooms
from digest import settings, weekly
from digest.store import Store
from flows.outcomes import table


@task(cache_policy=NO_CACHE)
def tidy(home: Path) -> dict[str, int]:
    """`digest.housekeeping.tidy`; how many there were of what was cleared away."""
    with Store(settings.load(home).database) as store:
        return asdict(rooms.tidy(store, now=_clock()))


@task(cache_policy=NO_CACHE)
def report_week(home: Path) -> bool:
    """`digest.weekly.send_due`."""
    options = settings.load(home)
    with Store(options.database) as store:
        return weekly.send_due(store, options, now=_clock(), environment=os.environ)


@flow(name="housekeeping")
async def housekeeping(home: Path | None = None) -> dict[str, int]:
    """One round, in the installation at `home` or the one that DIGEST_HOME names."""
    here = home or settings.home(os.environ)
    cleared: dict[str, int] = tidy(here)
    report_week(here)
    await acreate_markdown_artifact(table("Cleared away", ("what", "how many"), cleared.items()), key="housekeeping")
    return cleared


def _clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  (what is old is so by it)
