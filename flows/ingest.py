"""Ingest dumps, each a task of its own, so that one bad source costs only itself."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ThreadPoolTaskRunner

from digest import settings
from digest.errors import DigestError
from digest.ingest import IngestReport
from digest.ingest import ingest as ingest_paths
from digest.store import Store
from digest.types import Rejection
from flows.outcomes import settled, table

SOURCES = 2
"""Sources read at once: one writes while another is parsed; more would only wait for the database's one write lock."""


@task(cache_policy=NO_CACHE)
def ingest_source(home: Path, path: Path, as_of: date, format: str | None) -> dict[str, Any]:  # noqa: A002
    """`digest.ingest.ingest` of one file or folder; the report as plain values."""
    with Store(settings.load(home).database) as store:
        return asdict(ingest_paths(store, [path], as_of=as_of, format=format))


@flow(
    name="ingest",
    task_runner=ThreadPoolTaskRunner(max_workers=SOURCES),  # type: ignore[arg-type]  # Prefect's type is invariant
)
async def ingest(home: Path, paths: list[Path], as_of: date, format: str | None = None) -> dict[str, Any]:  # noqa: A002
    """One run over all sources; the whole report as plain values."""
    total = IngestReport()
    rows: list[tuple[object, ...]] = []
    reading = [ingest_source.submit(home, path, as_of, format) for path in paths]
    outcomes = settled(reading)
    for path, outcome in zip(paths, outcomes, strict=True):
        report = IngestReport()
        if isinstance(outcome, DigestError):
            report.reject(Rejection(where=str(path), why=str(outcome)))
        else:
            report = IngestReport.from_dict(outcome)
        rows.append((path.name, report.read, report.new, report.updated, report.duplicate, report.rejected))
        total.add(report)
    columns = ("source", "read", "new", "updated", "duplicate", "rejected")
    papers = table(f"Papers of {as_of}", columns, rows)
    await acreate_markdown_artifact(papers, key="ingest", description=f"As of {as_of}")
    return asdict(total)
