"""What a reader would see: rankings, and the issue of a day."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from typing import Annotated

import typer
from pydantic import TypeAdapter

from digest import profiles
from digest.cli.context import Json, clock, composed_at, day_option, newest, print_json, profile_path, settings, today
from digest.render import Renderer
from digest.store import Store
from digest.types import Issue, Skip

RANKED = 20
"""Papers of a ranking on a terminal where no limit is given; JSON has all."""

ProfileName = Annotated[str, typer.Argument(metavar="PROFILE", help="A profile's file, or a reader's name.")]


class Form(StrEnum):
    """What `digest preview` prints."""

    HTML = "html"
    TEXT = "text"
    EML = "eml"
    JSON = "json"


def rank(
    profile: ProfileName,
    *,
    since: Annotated[date | None, day_option("--since", "The first day of papers; all if not given.")] = None,
    until: Annotated[date | None, day_option("--until", "The last day of papers; all if not given.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help=f"At most this many; {RANKED}, or all with --json.")] = None,
    as_json: Json = False,
) -> None:
    """Rank papers for a profile, best first, with the terms that are the reason.

    Example: digest rank profiles/ada.yaml --since 2025-05-05 --limit 10
    """
    from digest import pipeline

    options = settings()
    reader = profiles.load(profile_path(profile, options))
    with Store(options.database) as store:
        ranking = pipeline.rank(store, options, reader, since=since, until=until)
        hint = newest(store)
    for match in () if as_json else ranking[: limit or RANKED]:
        reasons = ", ".join(f"{each.term} {each.share:.0%}" for each in match.evidence)
        typer.echo(f"{match.score:5.1f}  {match.paper.title}\n       {match.paper.id}  {reasons}")
    if as_json:
        print_json(
            [
                {
                    "id": match.paper.id,
                    "title": match.paper.title,
                    "score": match.score,
                    "evidence": [asdict(each) for each in match.evidence],
                }
                for match in ranking[:limit]
            ]
        )
    if not ranking:
        typer.echo(f"no papers to rank: {hint}", err=True)


def preview(
    profile: ProfileName,
    *,
    form: Annotated[Form, typer.Option("--format", help="What to print.")] = Form.TEXT,
    day: Annotated[date | None, day_option("--date", "The day of the issue; today if not given.")] = None,
) -> None:
    """Print exactly what would be sent, through the code that sends it; what was sent, if it was.

    Example: digest preview ada --format html --date 2025-05-09 > issue.html
    """
    from digest import pipeline

    options = settings()
    reader = profiles.load(profile_path(profile, options))
    issue_day, now = day or today(), composed_at(day, clock())
    with Store(options.database) as store:
        issue = pipeline.preview(store, options, reader, day=issue_day, now=now)
        hint = newest(store)
    if isinstance(issue, Skip):
        if form is Form.JSON:
            print_json({"profile": issue.profile, "day": issue_day, "skipped": issue.reason.value})
        typer.echo(f"no mail on {issue_day}: {issue.reason.value} ({hint})", err=True)
    elif form is Form.JSON:
        typer.echo(TypeAdapter(Issue).dump_json(issue, indent=2).decode())
    else:
        rendered = Renderer(options.templates).render(issue)
        if form is Form.EML:
            # A profile need not have an address to be looked at.
            recipient = reader.email or "reader@localhost"
            sys.stdout.buffer.write(pipeline.mail(options, rendered, issue, recipient))
        else:
            sys.stdout.buffer.write((rendered.html if form is Form.HTML else rendered.text).encode())
        sys.stdout.buffer.flush()
