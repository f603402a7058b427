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

from digest import pipeline, settings
from digest.clock import Clock
from digest.errors import DigestError, ProfileError
from digest.profiles import load
from digest.rendering import renderer
from digest.run_report import RunReport
from digest.store import Store
from digest.summaries import summariser
from flows.outcomes import settled, table

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
        report = pipeline.compose_issues(
            store, options, readers, day=day, now=now, queued=_clock(), keep=keep, summariser=model
        )
    report.add(faults)
    return asdict(report)


@task(cache_policy=NO_CACHE)
def deliver_due(home: Path) -> dict[str, Any]:
    """`pipeline.deliver`; the report as plain values."""
    options = settings.load(home)
    with Store(options.database) as store:
        return asdict(
            pipeline.deliver(store, options, renderer(options), clock=Clock(now=_clock), environment=os.environ)
        )


@flow(
    name="issues",
    task_runner=ThreadPoolTaskRunner(max_workers=1),  # type: ignore[arg-type]  # Prefect's type is invariant
)
async def issues(
    home: Path, profiles: list[Path], day: date, composed: datetime, *, keep: bool = True
) -> dict[str, Any]:
    """One run over all readers: issues composed and delivered, skips by reason, faults; a report as plain values.

    `profiles` are files, never addresses. `composed` is the instant the mails bear.
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
    if keep:
        for delivered in settled([deliver_due.submit(home)]):
            if isinstance(delivered, DigestError):
                report.fail("", str(delivered))
            else:
                report.add(RunReport(**delivered))
    await acreate_markdown_artifact(_summary(report, day), key="issues", description=f"Issues of {day}")
    return asdict(report)


def _clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  (sending renews its leases and keeps its pace by it)


def _summary(report: RunReport, day: date) -> str:
    rows: list[tuple[object, ...]] = [
        ("readers", len(report.issues) + len(report.skipped)),
        ("issues composed", len(report.issues)),
        ("mails delivered", report.delivered),
        *report.details(),
        *((f"failed: {fault['profile'] or 'delivery'}", fault["why"]) for fault in report.failed),
    ]
    return table(f"Issues of {day}", ("what", "count"), rows)
