"""What runs did, and the state of the installation as Prometheus reads it."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Annotated

import typer

from digest.cli.context import Json, clock, counted, print_bytes, print_json, settings, today
from digest.run_history import Run
from digest.store import Store

LISTED = 20
"""Runs that are listed if not told otherwise."""


def list_runs(
    number: Annotated[int | None, typer.Argument(metavar="[RUN]", help="One run, by its number.")] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="At most this many.")] = LISTED,
    idle: Annotated[bool, typer.Option("--all", help="Also those that had nothing to do.")] = False,
    as_json: Json = False,
) -> None:
    """List what the last runs did, the latest first; of one run, say all that is known.

    Example: digest runs --limit 7
    """
    from digest.store import runs

    with Store(settings().database) as store, store.reading() as connection:
        if number is None:
            found = runs.newest(connection, limit, idle=idle)
        else:
            run = runs.by_number(connection, number)
            found = [(number, run)] if run else []
    if number is not None and not found:
        raise typer.BadParameter(f"no run {number}: digest runs lists them")
    if as_json:
        print_json([{"number": each, **asdict(run), "took": run.took.total_seconds()} for each, run in found])
        return
    for each, run in found:
        typer.echo(_line(each, run))
        if number is not None:
            _tell(run)
    if not found:
        typer.echo("no runs yet: digest run", err=True)


def metrics() -> None:
    """Print the state of the installation in Prometheus' text format, as /metrics of the site has it.

    Example: digest metrics > /var/lib/node_exporter/digest.prom
    """
    from digest.metrics import exposition
    from digest.overview import overview

    with Store(settings().database) as store:
        print_bytes(exposition(overview(store, now=clock())))


def list_alarms(
    *,
    test: Annotated[bool, typer.Option("--test", help="Send a test to where alarms go.")] = False,
    as_json: Json = False,
) -> None:
    """List what is odd today: sources that failed or gave too little, letters that wait, a ranking unlike other days.

    Each is also sent to the services that [alarms] in digest.toml names, once a day for as long as it lasts.

    Example: digest alarms --test
    """
    from digest import alarms

    options = settings()
    if test and not alarms.test(options, os.environ):
        raise typer.BadParameter("nowhere to send it: [alarms] in digest.toml names no place of URLs")
    with Store(options.database) as store:
        found = (*alarms.standing(store, today()), *alarms.of_letters(store, settings()))
    if as_json:
        print_json(found)
        return
    for each in found:
        typer.echo(each)
    if not found:
        typer.echo("nothing is odd", err=True)


def _line(number: int, run: Run) -> str:
    parts = [counted(run.issues, "issue"), f"{run.delivered:,} delivered"]
    parts += [f"{sum(run.skips.values()):,} skipped"] if run.skips else []
    parts += [f"{run.failed:,} failed"] if run.failed else []
    when = run.started.astimezone()
    return f"{number:>6}  {when:%Y-%m-%d %H:%M}  {run.took.total_seconds():>7.1f} s  {run.kind:<9} {', '.join(parts)}"


def _tell(run: Run) -> None:
    if run.above_bar is not None:
        typer.echo(f"        {counted(run.papers, 'paper')} in issues; {run.above_bar:.1%} of all were above the bar")
    for what, counts in (("no issue", run.skips), ("mails", run.mails), ("failed", run.faults)):
        for why, count in counts.items():
            typer.echo(f"        {what}: {why}: {count:,}")
