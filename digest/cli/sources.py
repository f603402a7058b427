"""Sources: which are listed, whether they answer, and fetching what they hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.context import Json, clock, counted, instant, print_json, settings, today
from digest.cli.terminal import Watcher

if TYPE_CHECKING:
    from digest.collect import SourceReport
    from digest.feeds import Source
    from digest.fetch import Fetcher
    from digest.harvest import Days
    from digest.settings import Settings
    from digest.store import Store

app = typer.Typer(
    no_args_is_help=True,
    help="List the places that papers are fetched from, and check that they answer.\n\nExample: digest sources list",
)

NONE = "no sources are listed: digest sources add arxiv:cs.CV"


@app.command("list")
def list_sources(*, as_json: Json = False) -> None:
    """List the sources, each with what is asked for its papers.

    Example: digest sources list
    """
    options = settings()
    listed = [(source, _asked(source, options)) for source in _sources(None, options)]
    if as_json:
        print_json([{"source": source.name, "kind": source.kind, "asks": asked} for source, asked in listed])
        return
    for source, asked in listed:
        typer.echo(source.name if asked == source.name else f"{source.name}  {asked}")
    if not listed:
        typer.echo(NONE, err=True)


@app.command()
def add(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE", help="arxiv:CATEGORY, hf-daily, biorxiv:CATEGORY, a URL, a folder, or an OPML file."
        ),
    ],
) -> None:
    """Put sources into digest.toml, every other line as it was; of an OPML file, all its feeds.

    Feeds of a list that cannot be sources are named and passed over; then the exit code is 1.

    Example: digest sources add arxiv:cs.CV hf-daily https://example.org/feed.xml
    """
    from digest import source_list

    names: list[str] = []
    rejections = []
    try:
        for word in words:
            found, rejected = source_list.named(word, today())
            names += found
            rejections += rejected
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    added = source_list.add(settings().home, names)
    for name in added:
        typer.echo(f"added: {name}")
    for rejection in rejections:
        typer.echo(f"rejected: {rejection.where}: {rejection.why}", err=True)
    if known := len(set(names)) - len(added):
        typer.echo(f"{counted(known, 'source')} listed already", err=True)
    if rejections:
        raise typer.Exit(1)


@app.command()
def remove(
    words: Annotated[list[str], typer.Argument(metavar="SOURCE", help="Sources as digest sources list names them.")],
) -> None:
    """Take sources out of digest.toml, every other line as it was; their papers stay.

    The exit code is 1 if one was not listed.

    Example: digest sources remove arxiv:cs.CV
    """
    from digest import source_list

    try:
        wanted = [name for word in words for name in source_list.named(word, today())[0]]
        removed = source_list.remove(settings().home, wanted)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    for name in removed:
        typer.echo(f"removed: {name}")
    if missing := [name for name in dict.fromkeys(wanted) if name not in removed]:
        for name in missing:
            typer.echo(f"not listed: {name}", err=True)
        raise typer.Exit(1)


@app.command()
def check(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="Sources, listed or not; all listed if none is given.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Ask each source and say whether papers can be made of what it gives; nothing is taken in.

    The exit code is 1 if one fails.

    Example: digest sources check biorxiv:neuroscience
    """
    from digest import collect

    options = settings()
    chosen = _sources(words, options)
    with _fetcher(options) as web, Watcher() as watcher:
        reports = []
        for number, source in enumerate(chosen):
            watcher.step("asking", number, len(chosen), source.name)
            reports.append(collect.probe(web, source, as_of=today(), days=options.window_days))
    if as_json:
        print_json([report.as_json() for report in reports])
    else:
        for source, report in zip(chosen, reports, strict=True):
            if report.is_good:
                what = counted(report.documents, "file") if source.kind == "folder" else _papers(report)
                typer.echo(f"good: {report.source}: {what}")
            else:
                _tell_faults(report)
    _leave(reports)


def fetch(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="Sources, listed or not; all listed if none is given.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Fetch what the sources hold and take its papers into the database.

    Only what changed is asked for. A source that fails is named and spoils no other; then the exit code is 1.

    Example: digest fetch arxiv:cs.CV hf-daily
    """
    from digest import collect
    from digest.store import Store

    options = settings()
    chosen = _sources(words, options)
    with Store(options.database) as store, _fetcher(options, store) as web, Watcher() as watcher:
        reports = collect.collect(
            store, web, chosen, now=clock(), as_of=today(), days=options.window_days, progress=watcher
        )
    if as_json:
        print_json([report.as_json() for report in reports])
    else:
        for report in reports:
            _tell(report)
    _leave(reports)


def fill(words: list[str], days: Days, *, as_json: bool) -> None:
    """`digest ingest --backfill`: take in what sources gave on days gone by."""
    from digest import backfill, harvest
    from digest.store import Store

    options = settings()
    chosen = _sources(words, options)
    if not words:
        passed = [source for source in chosen if not harvest.steps(source, days, today())]
        for source in passed:
            typer.echo(f"passed over: {source.name}: {backfill.NO_PAST}", err=True)
        chosen = [source for source in chosen if source not in passed]
    with Store(options.database) as store, _fetcher(options) as web, Watcher() as watcher:
        reports = backfill.backfill(store, web, chosen, days=days, as_of=today(), progress=watcher)
    if as_json:
        print_json([report.as_json() for report in reports])
    else:
        for report in reports:
            _tell(report)
    _leave(reports)


def _sources(words: list[str] | None, options: Settings) -> list[Source]:
    """The sources that are named, or all that are listed."""
    from digest import feeds, source_list

    if not words:
        return [feeds.parse(name) for name in options.sources]
    try:
        names = [name for word in words for name in source_list.named(word, today())[0]]
        return [feeds.parse(name) for name in dict.fromkeys(names)]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _asked(source: Source, options: Settings) -> str:
    return source.about if source.kind == "folder" else source.url(today(), options.window_days)


@contextmanager
def _fetcher(options: Settings, store: Store | None = None) -> Iterator[Fetcher]:
    """A fetcher in the real world, which knows from the database which servers want to be left alone."""
    from digest.fetch import Fetcher, real_world
    from digest.store.turns import StoredTurns

    turns = StoredTurns(store, instant) if store else None
    with Fetcher(real_world(instant), contact=options.contact, turns=turns) as fetcher:
        yield fetcher


def _papers(report: SourceReport) -> str:
    return counted(report.ingested.read, "paper")


def _tell(report: SourceReport) -> None:
    """One source's outcome for people."""
    counts = report.ingested
    if report.documents or report.failure is None:
        if report.unchanged and not report.documents:
            what = "nothing new since last time"
        else:
            announced = "" if counts.announced is None else f" of {counts.announced:,} announced"
            what = f"{_papers(report)} read{announced}: {counts.new:,} new, {counts.updated:,} updated, "
            what += f"{counts.duplicate:,} known already; {counts.rejected:,} rejected"
        typer.echo(f"{report.source}: {what}")
    _tell_faults(report)
    for alarm in counts.alarms:
        typer.echo(f"look at this: {alarm}", err=True)


def _tell_faults(report: SourceReport) -> None:
    if report.failure is not None:
        later = " (it may be gone next time)" if report.is_transient and report.retry_at is None else ""
        typer.echo(f"failed: {report.source}: {report.failure}{later}", err=True)
    for rejection in report.ingested.rejections:
        typer.echo(f"rejected: {rejection.where}: {rejection.why}", err=True)
    if (more := report.ingested.rejected - len(report.ingested.rejections)) > 0:
        typer.echo(f"rejected: and {more:,} more of {report.source}", err=True)


def _leave(reports: list[SourceReport]) -> None:
    if not reports:
        typer.echo(NONE, err=True)
    if not all(report.is_good for report in reports):
        raise typer.Exit(1)
