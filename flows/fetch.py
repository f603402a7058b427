"""Fetch what is listed: each source a task of its own, several servers at once, each of them asked by one at a time."""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import flow, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture
from prefect.task_runners import ThreadPoolTaskRunner

from digest import feeds, settings
from digest.collect import SourceReport, collect_one, forget_old
from digest.completeness import spoken
from digest.errors import DigestError
from digest.fetch import Fetcher, real_world
from digest.store import Store
from digest.store.turns import StoredTurns
from digest.turns import domain_of_url
from flows.outcomes import settled, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prefect.client.schemas.objects import State, TaskRun
    from prefect.tasks import Task

SERVERS = 4
"""Servers asked at once: fetching is mostly waiting, and one writes while others are read from."""

RETRY_DELAYS = [60.0, 600.0]
"""Seconds before a source that failed for the moment is asked again; five attempts a minute are made within a task."""


class NotNowError(DigestError):
    """A source gave nothing, for a reason that may be gone soon; `report` is what is to be said of it."""

    def __init__(self, report: dict[str, Any]) -> None:
        super().__init__(str(report["failure"]))
        self.report = report


def _may_pass(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether trying again is worth it: a failed state holds what was raised."""
    return isinstance(state.data, NotNowError)


@task(cache_policy=NO_CACHE, retries=len(RETRY_DELAYS), retry_delay_seconds=RETRY_DELAYS, retry_condition_fn=_may_pass)
def fetch_source(home: Path, name: str, as_of: date, now: datetime) -> dict[str, Any]:
    """`digest.collect.collect_one` of one source; the report as plain values.

    Raises:
        NotNowError: nothing came, and it may later.
    """
    options = settings.load(home)
    with (
        Store(options.database) as store,
        Fetcher(real_world(_clock), contact=options.contact, turns=StoredTurns(store, _clock)) as web,
    ):
        report = collect_one(store, web, feeds.parse(name), now=now, as_of=as_of, days=options.window_days)
        forget_old(store, now=now)
    # One that named a time is not asked before it, and what came in part is not asked for again before the next run.
    if report.is_transient and report.retry_at is None and not report.documents:
        raise NotNowError(asdict(report))
    return asdict(report)


@flow(
    name="fetch",
    task_runner=ThreadPoolTaskRunner(max_workers=SERVERS),  # type: ignore[arg-type]  # Prefect's type is invariant
)
async def fetch(
    home: Path | None = None,
    as_of: date | None = None,
    now: datetime | None = None,
    sources: list[str] | None = None,
) -> list[dict[str, Any]]:
    """One run over the sources, all that are listed if none is named; a report for each as plain values, in order.

    `as_of` is the day it is, by UTC if not given; `now` is the clock's, `home` what DIGEST_HOME names.
    """
    home = home or settings.home(os.environ)
    now = now or _clock()
    as_of = as_of or now.date()
    names = list(dict.fromkeys(settings.load(home).sources if sources is None else sources))
    outcomes: dict[str, dict[str, Any]] = {}

    async def in_turn(group: list[str]) -> None:
        for name in group:
            asking: PrefectFuture[dict[str, Any]] = fetch_source.submit(home, name, as_of, now)
            await asyncio.to_thread(asking.wait)
            (outcome,) = settled([asking])
            outcomes[name] = _report(name, outcome)

    await asyncio.gather(*map(in_turn, _by_server(names, as_of)))
    reports = [outcomes[name] for name in names]
    await acreate_markdown_artifact(_summary(reports, as_of), key="fetch", description=f"As of {as_of}")
    return reports


def _clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  (waits between requests are measured by it, from process to process)


def _by_server(names: Iterable[str], as_of: date) -> list[list[str]]:
    """The sources in groups of which no two ask the same server, each group in its order."""
    groups: dict[str, list[str]] = {}
    for name in names:
        source = feeds.parse(name)
        server = name if source.kind == feeds.Kind.FOLDER else domain_of_url(source.url(as_of, 1))
        groups.setdefault(server, []).append(name)
    return list(groups.values())


def _report(name: str, outcome: dict[str, Any] | DigestError) -> dict[str, Any]:
    if isinstance(outcome, NotNowError):
        return outcome.report
    if isinstance(outcome, DigestError):
        report = SourceReport(name)
        report.fail(outcome)
        return asdict(report)
    return outcome


def _summary(reports: list[dict[str, Any]], as_of: date) -> str:
    rows: list[tuple[object, ...]] = []
    for values in reports:
        report = SourceReport.from_dict(values)
        counts = report.ingested
        announced = "" if counts.announced is None else counts.announced
        is_same = report.unchanged and not report.documents
        odd = filter(None, (report.failure, "nothing new" if is_same else None, *counts.alarms))
        numbers = (announced, counts.read, counts.new, counts.updated, counts.rejected)
        rows.append((spoken(report.source), as_of, *numbers, "; ".join(odd)))
    columns = ("source", "asked", "announced", "read", "new", "updated", "rejected", "look at this")
    return table(f"Sources on {as_of}", columns, rows)
