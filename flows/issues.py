"""Compose what is due for all readers, and deliver it."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ThreadPoolTaskRunner

from digest import delivering, dispatching, settings, shards
from digest.clock import Clock
from digest.errors import DigestError, ProfileError
from digest.profiles import load
from digest.rendering import renderer
from digest.run_report import RunReport
from digest.store import Store
from digest.summaries import summariser
from flows.outcomes import report_table, settled
from flows.shards import engine

READERS = 20_000
"""Readers a task, which counts the day's papers for them all: as much work as composing hundreds of issues.

What is composed when a worker dies is kept, and the next run goes on behind it.
"""


@task(cache_policy=NO_CACHE)
def compose_batch(home: Path, profiles: list[Path], day: date, now: datetime, *, keep: bool) -> dict[str, Any]:
    """`pipeline.compose_issues` for the profiles in these files, in processes as the settings have it.

    The report as plain values.
    """
    options = settings.load(home)
    readers = []
    faults = RunReport()
    for path in profiles:
        try:
            readers.append(load(path))
        except ProfileError as error:
            faults.fail(path.stem, str(error))
    with Store(options.database) as store, summariser(store, options, os.environ) as model:
        report = dispatching.compose_now(
            store, options, readers, day=day, now=now, queued=_clock(), keep=keep, summariser=model
        )
    report.add(faults)
    return asdict(report)


@task(cache_policy=NO_CACHE)
def compose_named(home: Path, slugs: list[str], day: date, now: datetime, *, keep: bool) -> dict[str, Any]:
    """The same for subscriptions of these names; the report as plain values."""
    options = settings.load(home)
    with Store(options.database) as store, summariser(store, options, os.environ) as model:
        if keep and shards.pays(options, len(slugs)):
            return asdict(shards.compose_named(store, options, slugs, day=day, composed=now, engine=engine(home)))
        readers = list(dispatching.named(store, options, slugs).profiles.values())
        report = dispatching.compose_now(
            store, options, readers, day=day, now=now, queued=_clock(), keep=keep, summariser=model
        )
    return asdict(report)


@task(cache_policy=NO_CACHE)
def compose_due(home: Path, *, keep: bool) -> dict[str, Any]:
    """`digest.shards.compose_due`, of which nothing is kept without `keep`; the report as plain values."""
    options = settings.load(home)
    now = _clock().replace(microsecond=0)
    with Store(options.database) as store:
        if keep:
            return asdict(shards.compose_due(store, options, now=now, environment=os.environ, engine=engine(home)))
        return asdict(dispatching.compose_due(store, options, now=now, environment=os.environ, keep=False))


@task(cache_policy=NO_CACHE)
def deliver_due(home: Path) -> dict[str, Any]:
    """`delivering.deliver`, and the letters that are due; the report as plain values."""
    options = settings.load(home)
    with Store(options.database) as store:
        report = delivering.deliver(store, options, renderer(options), clock=Clock(now=_clock), environment=os.environ)
        report.add(dispatching.write_letters(store, options, now=_clock(), environment=os.environ))
        return asdict(report)


@flow(
    name="issues",
    task_runner=ThreadPoolTaskRunner(max_workers=1),  # type: ignore[arg-type]  # Prefect's type is invariant
)
async def issues(  # noqa: PLR0913  (what a run is told)
    home: Path,
    profiles: list[Path],
    day: date,
    composed: datetime,
    *,
    keep: bool = True,
    slugs: list[str] | None = None,
    due: bool = False,
) -> dict[str, Any]:
    """One run over all readers: issues composed and delivered, skips by reason, faults; a report as plain values.

    `profiles` are files and `slugs` names of subscriptions, never addresses; with `due` there are also the issues of
    all subscriptions that are due. `composed` is the instant the mails of the former bear.
    """
    report = RunReport()
    batches = [profiles[start : start + READERS] for start in range(0, len(profiles), READERS)]
    composing = [compose_batch.submit(home, batch, day, composed, keep=keep) for batch in batches]
    outcomes = settled(composing)
    for batch, outcome in zip(batches, outcomes, strict=True):
        if isinstance(outcome, DigestError):
            for path in batch:
                report.fail(path.stem, str(outcome))
        else:
            report.add(RunReport(**outcome))
    rest = [compose_named.submit(home, slugs, day, composed, keep=keep)] if slugs else []
    for outcome in settled([*rest, *([compose_due.submit(home, keep=keep)] if due else [])]):
        if isinstance(outcome, DigestError):
            report.fail("", str(outcome))
        else:
            report.add_again(RunReport(**outcome))
    if keep:
        for delivered in settled([deliver_due.submit(home)]):
            if isinstance(delivered, DigestError):
                report.fail("", str(delivered))
            else:
                report.add(RunReport(**delivered))
    await acreate_markdown_artifact(
        report_table(f"Issues of {day}", report), key="issues", description=f"Issues of {day}"
    )
    return asdict(report)


def _clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  (sending renews its leases and keeps its pace by it)
