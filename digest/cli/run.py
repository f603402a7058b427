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
from digest.render import Renderer
from digest.rendering import renderer as renderer_of
from digest.run_report import RunReport
from digest.schedule import falls_on
from digest.settings import Settings
from digest.store import Store, subscriptions
from digest.subscription import FILE
from digest.types import Profile, SkipReason

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
    """Compose the issues of readers whose profiles are files, and of subscribers who are due; deliver them.

    Readers by file have theirs at whatever hour this runs, on the days that they get any, and those who are named by
    --profile on all days.

    Mails go to the outbox folder, the same issues as web pages beside it. Nobody gets an issue or a paper twice,
    however often this runs. --profile takes the name of a file or of a subscription.

    Example: digest run --date 2025-05-09
    """
    from digest import adoption, dispatching
    from digest.closing import close

    options = settings()
    now, issue_day = clock(), day or today()
    composed = composed_at(day, now)
    # A day that is named is none that somebody is due on.
    is_due = names is None and day is None
    with Store(options.database) as store, Watcher() as watcher:
        files, slugs = _chosen(store, options, names)
        good, bad = load_profiles(files)
        known = dispatching.named(store, options, slugs)
        hint = newest(store)
        if not dry_run:
            # Readers whose profiles are files can pause by a link in their mails, so they are subscriptions, too.
            adoption.adopt(store, options, now=now, with_offers=False)
            adoption.wake(store, options, now=now)
        others = _on_other_days(store, options, [each for _, each in good], issue_day) if names is None else set()
        good = [(path, each) for path, each in good if each.slug not in others]
        readers = [*(each for _, each in good), *known.profiles.values()]
        report = dispatching.idle(store, options, readers, day=issue_day, now=now, is_due=is_due)
        # A template's fault is told before anything is composed.
        renderer = renderer_of(options) if report is None else None
        if renderer and engine is Engine.PLAIN:
            report = _run_plainly(
                store,
                options,
                readers,
                renderer=renderer,
                day=issue_day,
                composed=composed,
                now=now,
                watcher=watcher,
                keep=not dry_run,
                is_due=is_due,
            )
    if report is None:
        report = _run_flow(
            options.home,
            [path for path, _ in good],
            issue_day,
            composed,
            keep=not dry_run,
            slugs=list(known.profiles),
            is_due=is_due,
        )
    report.skipped += [{"profile": slug, "reason": SkipReason.OTHER_DAY.value} for slug in sorted(others)]
    for slug, why in known.faults.items():
        report.fail(slug, why)
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


def _chosen(store: Store, options: Settings, names: list[str] | None) -> tuple[tuple[Path, ...], list[str]]:
    """The files of the readers that are named, and the names of subscriptions that have none; without names all files.

    Raises:
        typer.BadParameter: a name is that of neither.
    """
    if names:
        with store.reading() as connection:
            known = subscriptions.by_slugs(connection, set(names))
        slugs = [name for name in dict.fromkeys(names) if name in known and known[name].digest != FILE]
        return tuple(dict.fromkeys(profile_path(name, options) for name in names if name not in slugs)), slugs
    files, are_examples = reader_profiles(options)
    if are_examples:
        with store.reading() as connection:
            is_served = bool(subscriptions.counts(connection))
        # Whoever has subscribers has no need of examples.
        if is_served:
            return (), []
        typer.echo(f"no profiles in {options.profiles}: the examples that came with the program stand in", err=True)
    return files, []


def _on_other_days(store: Store, options: Settings, found: list[Profile], day: date) -> set[str]:
    """The readers by file of whom no period is named by a day; who was late yesterday is composed for as being due."""
    from digest.adoption import usual

    with store.reading() as connection:
        known = subscriptions.by_slugs(connection, {each.slug for each in found})
    chosen = {each.slug: known[each.slug].preferences if each.slug in known else usual(options, each) for each in found}
    return {slug for slug, each in chosen.items() if not falls_on(each.schedule, day)}


def _run_plainly(  # noqa: PLR0913  (what a run is told)
    store: Store,
    options: Settings,
    readers: list[Profile],
    *,
    renderer: Renderer,
    day: date,
    composed: datetime,
    now: datetime,
    watcher: Watcher,
    keep: bool,
    is_due: bool,
) -> RunReport:
    from digest import delivering, dispatching
    from digest.summaries import summariser

    with summariser(store, options, os.environ) as model:
        report = dispatching.compose_now(
            store,
            options,
            readers,
            day=day,
            now=composed,
            queued=now,
            keep=keep,
            summariser=model,
            progress=watcher,
        )
    if is_due:
        due = dispatching.compose_due(store, options, now=now, environment=os.environ, keep=keep, progress=watcher)
        report.add_again(due)
    if keep:
        time = Clock(now=instant)
        report.add(delivering.deliver(store, options, renderer, clock=time, environment=os.environ, progress=watcher))
        report.add(dispatching.write_letters(store, options, now=now, environment=os.environ))
    return report


def _run_flow(  # noqa: PLR0913  (what a run is told)
    home: Path, files: list[Path], day: date, composed: datetime, *, keep: bool, slugs: list[str], is_due: bool
) -> RunReport:
    if "PREFECT_API_URL" in os.environ:
        typer.echo("running through the Prefect server that PREFECT_API_URL names …", err=True)
    else:
        typer.echo("starting Prefect, which takes about 15 s of this run (--engine plain does without) …", err=True)
    # Prefect's own lines are for those who watch a server; the report says it all here, and a bug is still raised.
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    with _interruptible():
        from flows.issues import issues

        return RunReport(**asyncio.run(issues(home, files, day, composed, keep=keep, slugs=slugs, due=is_due)))


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
    _tell_due(report)
    tell_delivered(report, options)
    if dry_run:
        typer.echo(f"dry run for {day}: nothing was written")
    elif not (report.failed or report.delivered or report.unmailed or report.letters):
        typer.echo(f"nothing new to send for {day}")


def _tell_due(report: RunReport) -> None:
    """What became of those who are due beside their issues."""
    if report.postponed:
        typer.echo(f"issues of {counted(report.postponed, 'reader')} wait for {', '.join(report.late)}", err=True)
    if report.missed:
        typer.echo(f"{counted(report.missed, 'issue')} missed: the papers come with the next one", err=True)
    if report.letters:
        typer.echo(f"{counted(report.letters, 'letter')} sent")
    if report.unlinked:
        typer.echo(f"{counted(report.unlinked, 'letter')} waiting for a site_url: digest doctor", err=True)


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
