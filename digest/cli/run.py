"""The run that composes and delivers what is due."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from digest.cli.context import (
    Json,
    clock,
    composed_at,
    counted,
    day_option,
    gists_told,
    instant,
    load_profiles,
    newest,
    print_json,
    profile_path,
    reader_profiles,
    settings,
    today,
)
from digest.cli.terminal import Watcher
from digest.clock import Clock
from digest.outbox import DeliveryState
from digest.rendering import renderer as renderer_of
from digest.run_report import RunReport
from digest.settings import Settings
from digest.store import Store
from digest.types import SkipReason

LISTED = 20
"""Readers named in a report for people; more are counted, and JSON has all."""


class Engine(StrEnum):
    """What carries a run."""

    PREFECT = "prefect"
    PLAIN = "plain"


def run(
    *,
    names: Annotated[
        list[str] | None, typer.Option("--profile", metavar="PROFILE", help="This reader only; may be given again.")
    ] = None,
    day: Annotated[date | None, day_option("--date", "The day of the issues; today if not given.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write and send nothing; say what would be.")] = False,
    engine: Annotated[
        Engine, typer.Option(help="Run the Prefect flow, or the same stages with no Prefect.")
    ] = Engine.PREFECT,
    as_json: Json = False,
) -> None:
    """Compose the issues that are due and deliver them.

    Mails go to the outbox folder, the same issues as web pages beside it. Nobody gets an issue or a paper twice,
    however often this runs.

    Example: digest run --date 2025-05-09
    """
    from digest import pipeline
    from digest.closing import close
    from digest.summaries import summariser

    options = settings()
    now, issue_day = clock(), day or today()
    composed = composed_at(day, now)
    good, bad = load_profiles(_files(options, names))
    readers = [reader for _, reader in good]
    with Store(options.database) as store, Watcher() as watcher:
        hint = newest(store)
        report = pipeline.idle(store, options, readers, day=issue_day, now=now)
        # A template's fault is told before anything is composed.
        renderer = renderer_of(options) if report is None else None
        if renderer and engine is Engine.PLAIN:
            with summariser(store, options, os.environ) as model:
                report = pipeline.compose_issues(
                    store,
                    options,
                    readers,
                    day=issue_day,
                    now=composed,
                    queued=now,
                    keep=not dry_run,
                    summariser=model,
                    progress=watcher,
                )
            if not dry_run:
                time = Clock(now=instant)
                report.add(
                    pipeline.deliver(store, options, renderer, clock=time, environment=os.environ, progress=watcher)
                )
    if report is None:
        report = _run_flow(options.home, [path for path, _ in good], issue_day, composed, keep=not dry_run)
    for path, error in bad:
        report.fail(path.stem, str(error))
    if not dry_run:
        with Store(options.database) as store:
            close(store, options, report, "run", day=issue_day, started=now, ended=instant(), environment=os.environ)
    if as_json:
        print_json({"day": issue_day, "dry_run": dry_run, **asdict(report)})
    else:
        _tell(report, options, issue_day, hint, dry_run=dry_run)
    if report.failed:
        raise typer.Exit(1)


def _files(options: Settings, names: list[str] | None) -> tuple[Path, ...]:
    if names:
        return tuple(dict.fromkeys(profile_path(name, options) for name in names))
    files, are_examples = reader_profiles(options)
    if are_examples:
        typer.echo(f"no profiles in {options.profiles}: the examples that came with the program stand in", err=True)
    return files


def _run_flow(home: Path, files: list[Path], day: date, composed: datetime, *, keep: bool) -> RunReport:
    if "PREFECT_API_URL" in os.environ:
        typer.echo("running through the Prefect server that PREFECT_API_URL names …", err=True)
    else:
        typer.echo("starting Prefect, which takes about 15 s of this run (--engine plain does without) …", err=True)
    # Prefect's own lines are for those who watch a server; the report says it all here, and a bug is still raised.
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    with _interruptible():
        from flows.issues import issues

        return RunReport(**asyncio.run(issues(home, files, day, composed, keep=keep)))


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end a run at once, and be nothing else than Ctrl-C.

    By itself asyncio would only cancel the flow, which cannot notice while Prefect waits for its server to start; and
    an interrupt that falls into one of pydantic's serializers comes out of it as an error of pydantic's.
    """
    interrupted = False

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    except Exception:
        if interrupted:
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, before)


def _tell(report: RunReport, options: Settings, day: date, hint: str, *, dry_run: bool) -> None:
    """The report for people: what was composed for whom, who gets nothing and why, and where the mails lie."""
    for line in report.issues[:LISTED]:
        typer.echo(f"{line['profile']:<12} {counted(line['papers'], 'paper')}, out of {line['considered']:,} new")
    if len(report.issues) > LISTED:
        typer.echo(f"and {counted(len(report.issues) - LISTED, 'more reader')}")
    for reason, count in report.skips():
        names = ", ".join(skip["profile"] for skip in report.skipped if skip["reason"] == reason)
        more = f" ({hint})" if reason == SkipReason.NO_NEW_PAPERS else ""
        typer.echo(f"no issue for {names if count <= LISTED else counted(count, 'reader')}: {reason}{more}")
    if report.gists and options.summaries:
        typer.echo(gists_told(options.summaries.model, report.gists, report.gist_faults))
    tell_delivered(report, options)
    if dry_run:
        typer.echo(f"dry run for {day}: nothing was written")
    elif not (report.failed or report.delivered or report.unmailed):
        typer.echo(f"nothing new to send for {day}")


def tell_delivered(report: RunReport, options: Settings) -> None:
    """The report of what was sent, for people: how much and where to, and what was not and why."""
    for fault in report.failed[:LISTED]:
        typer.echo(f"failed: {fault['profile'] or 'delivery'}: {fault['why']}", err=True)
    if len(report.failed) > LISTED:
        typer.echo(f"and {len(report.failed) - LISTED:,} more: digest outbox list", err=True)
    if report.held:
        mails = counted(report.held, "mail")
        typer.echo(f"{mails} held by another run, or by one that was stopped: run again in a minute", err=True)
    for state in (DeliveryState.EXPIRED, DeliveryState.SUPPRESSED):
        if number := report.outcomes.get(state):
            typer.echo(f"{counted(number, 'mail')} not sent: {state}", err=True)
    if report.waiting:
        typer.echo(f"{counted(report.waiting, 'mail')} left in the outbox: digest outbox send", err=True)
    if report.retry_at:
        typer.echo(f"the next attempt is due at {report.retry_at.astimezone():%H:%M}: digest outbox send", err=True)
    if report.delivered:
        where = f"in {options.outbox}" if options.delivery.transport == "folder" else "sent"
        typer.echo(f"{counted(report.delivered, 'mail')} {where}, the same as web pages in {options.pages}")
    if report.unmailed:
        typer.echo(f"{counted(report.unmailed, 'issue')} without mail, as web pages and feeds in {options.pages}")
