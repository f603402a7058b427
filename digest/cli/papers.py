"""Papers: taking dumps in, and looking at what is there."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from digest.cli.context import Json, counted, day_option, print_json, settings, today
from digest.cli.terminal import Watcher
from digest.ingest import ingest as ingest_paths
from digest.sources import FORMATS
from digest.store import Store
from digest.store import papers as stored

LISTED = 20
"""Papers listed on a terminal where no limit is given; JSON has all."""


def _known_format(name: str | None) -> str | None:
    if name is not None and name not in FORMATS:
        raise typer.BadParameter(f"unknown format {name!r}: expected one of {', '.join(FORMATS)}")
    return name


def ingest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files, folders, or - for standard input.")],
    *,
    format_name: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            callback=_known_format,
            help=f"One of {', '.join(FORMATS)}; told from the content if not given.",
        ),
    ] = None,
    as_of: Annotated[date | None, day_option("--as-of", "The day the dumps were taken; today if not given.")] = None,
    as_json: Json = False,
) -> None:
    """Take paper dumps into the database.

    Bad files and records are named and passed over; then the exit code is 1.

    Example: digest ingest trending.txt daily_papers.json arxiv-snapshot.json.gz
    """
    options = settings()
    with Store(options.database) as store, Watcher() as watcher:
        report = ingest_paths(store, paths, as_of=as_of or today(), format=format_name, progress=watcher)
    if as_json:
        print_json(report.as_json())
    else:
        for rejection in report.rejections:
            typer.echo(f"rejected: {rejection.where}: {rejection.why}", err=True)
        if report.rejected > len(report.rejections):
            typer.echo(f"rejected: and {report.rejected - len(report.rejections):,} more", err=True)
        typer.echo(
            f"{counted(report.read, 'paper')} read: {report.new:,} new, {report.updated:,} updated, "
            f"{report.duplicate:,} known already; {report.rejected:,} rejected"
        )
    if report.rejected:
        raise typer.Exit(1)


def list_papers(
    *,
    search: Annotated[
        str, typer.Option("--search", metavar="WORDS", help="Words that must all stand in title, abstract or authors.")
    ] = "",
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help=f"At most this many; {LISTED}, or all with --json.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the papers in the database, the newest first.

    Example: digest papers --search "talking head" --limit 5
    """
    shown = limit or (None if as_json else LISTED)
    with Store(settings().database) as store, store.reading() as connection:
        found = stored.search(connection, search.split(), shown)
        total = stored.count(connection)
    if as_json:
        print_json([asdict(paper) | {"day": day} for day, paper in found])
        return
    for day, paper in found:
        typer.echo(f"{day}  {paper.title}\n            {textwrap.shorten(', '.join(paper.authors), 90)}  [{paper.id}]")
    if not found:
        typer.echo("no paper found" if total else "there are no papers yet: digest ingest PATH", err=True)
    elif limit is None and len(found) == LISTED < total:
        typer.echo(f"the newest {LISTED} are shown; --limit N shows more", err=True)
