"""Every few minutes: issues to readers whose local time has come, and all mails that are due."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE

from digest import dispatching, settings, shards
from digest.clock import Clock
from digest.run_report import RunReport
from digest.store import Store
from flows.outcomes import report_table
from flows.shards import engine


@task(cache_policy=NO_CACHE)
def dispatch_due(home: Path) -> dict[str, Any]:
    """`digest.dispatching.dispatch`; the report as plain values. What is not settled stays due for the next run."""
    options = settings.load(home)
    composing = partial(shards.compose_due, engine=engine(home))
    with Store(options.database) as store:
        return asdict(
            dispatching.dispatch(store, options, clock=Clock(now=_clock), environment=os.environ, compose=composing)
        )


@flow(name="dispatch")
async def dispatch(home: Path | None = None) -> dict[str, Any]:
    """One round, in the installation at `home` or the one that DIGEST_HOME names; the report as plain values."""
    report: dict[str, Any] = dispatch_due(home or settings.home(os.environ))
    await acreate_markdown_artifact(report_table("Dispatched", RunReport(**report)), key="dispatch")
    return report


def _clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  (who is due, and how long a sender may go on, is seen by it)
