"""The run that composes and delivers what is due."""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.context import (
    Json,
    clock,
    composed_at,
    day_option,
    load_profiles,
    newest,
    print_json,
    profile_path,
    reader_profiles,
    settings,
    today,
)
from digest.cli.terminal import Watcher
from digest.render import Renderer
from digest.settings import Settings
from digest.store import Store
from digest.types import Profile, SkipReason

if TYPE_CHECKING:
    from digest.pipeline import RunReport

_LISTED = 20


class Engine(StrEnum):
    """What carries a run."""

    PREFECT = "prefect"
    PLAIN = "plain"


def run(
    *,
    names: Annotated[
        list[str] | None, typer.Option("--profile", metavar="P", help="This reader only; may be given again.")
    ] = None,
    day: Annotated[date | None, day_option("--date", "The day of the issues; today if not given.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write and send nothing; say what would be.")] = False,
    engine: Annotated[
        Engine, typer.Option(help="Run the Prefect flow, or the same stages with no Prefect.")
    ] = Engine.PREFECT,
    as_json: Json = False,
) -> None:
    """Compose the issues that are due and deliver them to the outbox folder.

    Nobody gets an issue or a paper twice, however often this runs.

    Example: digest run --date 2025-05-09
    """
    from digest import pipeline

    options = settings()
    now, issue_day = clock(), day or today()
    composed = composed_at(day, now)
    good, bad = load_profiles(_files(options, names))
    readers = [reader for _, reader in good]
    with Store(options.database) as store:
        hint = newest(store)
        report = pipeline.idle(store, options, readers, day=issue_day, now=now)
        if report is None and engine is Engine.PLAIN:
            report = _run_plain(store, options, readers, issue_day, composed, now, dry_run=dry_run)
    if report is None:
        report = _run_flow(options.home, [path for path, _ in good], issue_day, composed, now, dry_run=dry_run)
    report.failed += [{"profile": path.stem, "why": str(error)} for path, error in bad]
    if as_json:
        print_json({"day": issue_day, "dry_run": dry_run, **asdict(report)})
    else:
        _tell(report, options, issue_day, hint, dry_run=dry_run)
    if report.failed:
        raise typer.Exit(1)


def _files(options: Settings, names: list[str] | None) -> tuple[Path, ...]:
    if names:
        return tuple(profile_path(name, options) for name in names)
    files, are_examples = reader_profiles(options)
    if are_examples:
        typer.echo(f"no profiles in {options.profiles}: the examples that came with the program stand in", err=True)
    return files


def _run_plain(  # noqa: PLR0913  (what a run is made of)
    store: Store,
    options: Settings,
    readers: list[Profile],
    day: date,
    composed: datetime,
    now: datetime,
    *,
    dry_run: bool,
) -> RunReport:
    from digest import pipeline

    report = pipeline.compose_issues(store, options, readers, day=day, now=composed, keep=not dry_run)
    if not dry_run:
        with Watcher() as watcher:
            report.add(pipeline.deliver(store, options, Renderer(options.templates), now=now, progress=watcher))
    return report


def _run_flow(
    home: Path, files: list[Path], day: date, composed: datetime, now: datetime, *, dry_run: bool
) -> RunReport:
    typer.echo("starting Prefect, which takes about 15 s of this run (--engine plain does without) …", err=True)
    # Prefect's own lines are for those who watch a server; the report says it all here, and a bug is still raised.
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    from digest.pipeline import RunReport
    from flows.issues import issues

    return RunReport(**asyncio.run(issues(home, files, day, composed, now, keep=not dry_run)))


def _tell(report: RunReport, options: Settings, day: date, hint: str, *, dry_run: bool) -> None:
    """The report for people: what was sent to whom, and where it lies."""
    for line in report.issues[:_LISTED]:
        name = f"{day.isoformat()}-{line['profile']}"
        place = "" if dry_run else f"  {options.outbox / name}.eml"
        typer.echo(f"{line['profile']:<12} {line['papers']} papers, out of {line['considered']} new{place}")
    if len(report.issues) > _LISTED:
        typer.echo(f"and {len(report.issues) - _LISTED} more readers")
    for reason, count in report.skips():
        names = ", ".join(skip["profile"] for skip in report.skipped if skip["reason"] == reason)
        more = f" ({hint})" if reason == SkipReason.NO_NEW_PAPERS else ""
        typer.echo(f"no mail for {names if count <= _LISTED else f'{count} readers'}: {reason}{more}")
    for fault in report.failed:
        typer.echo(f"failed: {fault['profile'] or 'delivery'}: {fault['why']}", err=True)
    if dry_run:
        typer.echo(f"dry run for {day}: nothing was written")
    elif report.delivered:
        mails = "1 mail" if report.delivered == 1 else f"{report.delivered} mails"
        typer.echo(f"{mails} for {day} in {options.outbox}, the same issues as web pages in {options.pages}")
    elif not report.failed:
        typer.echo(f"nothing new to send for {day}")
