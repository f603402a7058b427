"""Papers: taking dumps in, and looking at what is there."""

from __future__ import annotations

import gc
import textwrap
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.context import Json, counted, day_option, parse_day, print_json, settings, today
from digest.cli.sources import fill
from digest.cli.terminal import Watcher
from digest.follower import ALLOCATIONS, Follower
from digest.harvest import Days
from digest.identity import parse_id
from digest.ingest import ingest as ingest_paths
from digest.maths import readable
from digest.sources import FORMATS
from digest.store import Store
from digest.store import papers as stored
from digest.types import Paper

if TYPE_CHECKING:
    from collections.abc import Sequence

LISTED = 20
"""Papers listed on a terminal where no limit is given; JSON has all."""

MOST = 10**9
"""A limit above this is a slip."""


def _known_format(name: str | None) -> str | None:
    if name is not None and name not in FORMATS:
        raise typer.BadParameter(f"unknown format {name!r}: expected one of {', '.join(FORMATS)}")
    return name


def _days(text: str) -> Days:
    first, dots, last = text.partition("..")
    since = parse_day(first)
    until = parse_day(last) if dots else since
    if since > until:
        raise typer.BadParameter(f"expected the earlier day first, got {text!r}")
    if since > today():
        raise typer.BadParameter(f"{since} has not come yet")
    return Days(since, until)


def ingest(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH", help="Files, folders, or - for standard input; with --backfill, sources."),
    ] = None,
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
    backfill: Annotated[
        Days | None,
        typer.Option(
            parser=_days,
            metavar="FROM..TO",
            help="Fetch what sources gave on these days, both included: all that are listed, or those named as PATH.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Take paper dumps into the database, or fill in days that were missed.

    Bad files and records are named and passed over; then the exit code is 1. A backfill asks arXiv, bioRxiv, medRxiv,
    Hugging Face and OAI-PMH repositories; one that was stopped goes on where it was when it is started again.

    Example: digest ingest trending.txt daily_papers.json arxiv-snapshot.json.gz

    Example: digest ingest --backfill 2025-03-01..2025-03-10 arxiv:cs.CV
    """
    if backfill is not None:
        if format_name is not None or as_of is not None:
            raise typer.BadParameter("--format and --as-of are for files: a backfill takes neither")
        fill(paths or [], backfill, as_json=as_json)
        return
    if not paths:
        raise typer.BadParameter("nothing to take in: name files or folders, or give --backfill FROM..TO")
    options = settings()
    gc.set_threshold(ALLOCATIONS)
    with Store(options.database) as store, Watcher() as watcher, Follower(store, watcher) as follower:
        report = ingest_paths(
            store, [Path(path) for path in paths], as_of=as_of or today(), format=format_name, progress=follower
        )
        follower.finish()
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
        for alarm in report.alarms:
            typer.echo(f"look at this: {alarm}", err=True)
    if report.rejected:
        raise typer.Exit(1)


def _canonical_id(text: str | None) -> str | None:
    if text is None:
        return None
    if (named := parse_id(text)) is None:
        raise typer.BadParameter(f"not an arXiv id, a DOI or a URL of one: {text!r}")
    return named.id


def list_papers(
    *,
    search: Annotated[
        str,
        typer.Option(
            "--search",
            metavar="WORDS",
            help='Papers that have these words, best first; a "quoted phrase" must be there.',
        ),
    ] = "",
    similar: Annotated[
        str | None,
        typer.Option(
            "--similar",
            metavar="PAPER",
            callback=_canonical_id,
            help="Papers like this one (an arXiv id, a DOI or a URL of one), most alike first.",
        ),
    ] = None,
    since: Annotated[date | None, day_option("--since", "The first day of papers; all if not given.")] = None,
    until: Annotated[date | None, day_option("--until", "The last day of papers; all if not given.")] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST,
            metavar="N",
            help=f"At most this many; {LISTED}, or with --json all (of a search the 500 best).",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the papers in the database, the newest first, or search them.

    A search looks into titles, abstracts and names of authors and takes arXiv ids and DOIs. Scores are from 0 to 100.

    Example: digest papers --search 'avatars "talking head"' --since 2025-05-01 --limit 5
    """
    if since and until and since > until:
        raise typer.BadParameter(f"--since {since} is after --until {until}")
    if search.strip() and similar is not None:
        raise typer.BadParameter("--search and --similar exclude each other")
    # One more than is shown tells whether there are more.
    wanted = limit or (None if as_json else LISTED + 1)
    found: list[tuple[date, float | None, Paper]]
    with Store(settings().database) as store:
        if search.strip() or similar is not None:
            found = _found(store, search, similar, (since, until), wanted)
        else:
            with store.reading() as connection:
                found = [(day, None, paper) for day, paper in stored.newest(connection, since, until, wanted)]
        with store.reading() as connection:
            total = stored.count(connection)
    if as_json:
        scores = ({} if score is None else {"score": score} for _, score, _ in found)
        print_json(
            [asdict(paper) | {"day": day} | scored for (day, _, paper), scored in zip(found, scores, strict=True)]
        )
    else:
        _print_papers(found[: limit or LISTED])
    if not total:
        typer.echo("there are no papers yet: digest ingest PATH", err=True)
    elif not found:
        typer.echo(_nothing(search), err=True)
    elif not as_json and limit is None and len(found) > LISTED:
        typer.echo(
            f"the {'newest' if found[0][1] is None else 'best'} {LISTED} are shown; --limit N shows more", err=True
        )


def _found(
    store: Store, search: str, similar: str | None, days: tuple[date | None, date | None], limit: int | None
) -> list[tuple[date, float | None, Paper]]:
    """(day, score, paper), best first."""
    from digest.ranking.search import Query
    from digest.store import search as searching

    bounds = searching.Bounds(since=days[0], until=days[1], limit=limit)
    with Watcher() as watcher:
        if similar is None:
            found = searching.search(store, Query.parse(search), bounds, watcher)
        else:
            found = searching.similar(store, similar, bounds, watcher)
    return [(each.day, each.score, each.paper) for each in found]


def _print_papers(found: Sequence[tuple[date, float | None, Paper]]) -> None:
    for day, score, paper in found:
        start = f"{day}  " if score is None else f"{day}  {score:5.1f}  "
        authors = textwrap.shorten(", ".join(paper.authors), 90)
        typer.echo(f"{start}{readable(paper.title)}\n{' ' * len(start)}{authors}  [{paper.id}]")


def _nothing(search: str) -> str:
    """Why a list is empty."""
    from digest.ranking.search import Query

    if search.strip() and not Query.parse(search):
        return (
            f"nothing to search for in {search!r}: "
            "common words, numbers and single letters are only found in quotation marks"
        )
    return "no paper found"
