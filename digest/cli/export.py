"""Issues in other forms than mails: for feed readers, wikis and reference managers."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from digest import profiles
from digest.cli.context import (
    clock,
    composed_at,
    day_option,
    newest,
    print_bytes,
    profile_path,
    settings,
)
from digest.durable import write_whole
from digest.settings import Settings
from digest.store import Store, issues
from digest.types import Issue, Profile, Skip, SkipReason


class Form(StrEnum):
    """What `digest export` writes."""

    ATOM = "atom"
    JSON_FEED = "jsonfeed"
    MARKDOWN = "markdown"
    BIBTEX = "bibtex"


def export(
    *,
    profile: Annotated[str, typer.Option("--profile", metavar="PROFILE", help="A profile's file, or a reader's name.")],
    form: Annotated[Form, typer.Option("--format", help="What to write.")],
    day: Annotated[date | None, day_option("--date", "The issue of this day, or what it would be.")] = None,
    last: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1000,
            metavar="N",
            help="The last N issues; without --date or --last 1, of feeds 10.",
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", allow_dash=True, help="Where to write; - is stdout.")
    ] = Path("-"),
) -> None:
    """Write issues as a feed, as Markdown or as BibTeX.

    What was sent is written as it was sent; where there is nothing to write, the exit code is 1.

    Example: digest export --profile ada --format bibtex --date 2025-05-09 --output ada.bib
    """
    if day is not None and last is not None:
        raise typer.BadParameter("--date and --last: give one of them")
    options = settings()
    reader = profiles.load(profile_path(profile, options))
    with Store(options.database) as store:
        found = _of_day(store, options, reader, day) if day else _last(store, reader, form, last)
    content = _written(found, form, options).encode()
    if output == Path("-"):
        print_bytes(content)
    else:
        write_whole(output, content)


def _nothing(why: str) -> typer.Exit:
    typer.echo(f"nothing to export: {why}", err=True)
    return typer.Exit(1)


def _of_day(store: Store, options: Settings, reader: Profile, day: date) -> tuple[Issue, ...]:
    from digest import pipeline

    found = pipeline.preview(store, options, reader, day=day, now=composed_at(day, clock()))
    if isinstance(found, Skip):
        more = f" ({newest(store)})" if found.reason is SkipReason.NO_NEW_PAPERS else ""
        raise _nothing(f"{reader.slug} has no issue of {day}: {found.reason}{more}")
    return (found,)


def _last(store: Store, reader: Profile, form: Form, last: int | None) -> tuple[Issue, ...]:
    from digest.twins import entries

    usual = entries.ISSUES if form in (Form.ATOM, Form.JSON_FEED) else 1
    with store.reading() as connection:
        found = issues.newest(connection, reader.slug, last or usual)
    if not found:
        raise _nothing(f"{reader.slug} has no issue yet: digest run composes them, --date shows what one would be")
    return found


def _written(found: tuple[Issue, ...], form: Form, options: Settings) -> str:
    from digest import delivering
    from digest.twins import atom, bibtex, entries, json_feed, markdown

    if form is Form.BIBTEX:
        return bibtex.write(found)
    if form is Form.MARKDOWN:
        return "\n".join(map(markdown.write, found))
    names = delivering.names_of(options)
    feed = entries.feed(found, names.reader(found[0].profile))
    twins = names.links(found[0]) if options.pages_url else None
    return atom.write(feed, twins) if form is Form.ATOM else json_feed.write(feed, twins)
