"""What a reader would see: rankings, and the issue of a day."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from typing import Annotated

import typer
from pydantic import TypeAdapter

from digest import profiles
from digest.cli.context import (
    Json,
    clock,
    composed_at,
    counted,
    day_option,
    gists_told,
    newest,
    print_bytes,
    print_json,
    profile_path,
    settings,
    today,
)
from digest.maths import readable
from digest.rendering import renderer
from digest.store import Store
from digest.types import Issue, Skip, SkipReason

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
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help=f"At most this many; {RANKED}, or all with --json.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Rank papers for a profile, best first, with the reasons.

    Example: digest rank profiles/ada.yaml --since 2025-05-05 --limit 10
    """
    from digest import pipeline

    if since and until and since > until:
        raise typer.BadParameter(f"--since {since} is after --until {until}")
    options = settings()
    reader = profiles.load(profile_path(profile, options))
    shown = limit or (None if as_json else RANKED)
    with Store(options.database) as store:
        ranking = pipeline.rank(store, options, reader, since=since, until=until, explained=shown)
        hint = newest(store)
    if as_json:
        print_json(
            [
                {
                    "id": match.paper.id,
                    "title": match.paper.title,
                    "score": match.score,
                    "evidence": [asdict(each) for each in match.evidence],
                }
                for match in ranking[:shown]
            ]
        )
    else:
        for match in ranking[:shown]:
            reasons = ", ".join(f"{each.term} {each.share:.0%}" for each in match.evidence)
            typer.echo(f"{match.score:5.1f}  {readable(match.paper.title)}\n       {match.paper.id}  {reasons}")
        if limit is None and len(ranking) > RANKED:
            typer.echo(f"the best {RANKED} of {counted(len(ranking), 'paper')}; --limit N shows more", err=True)
    if not ranking:
        typer.echo(f"no papers to rank ({hint})", err=True)


def preview(
    profile: ProfileName,
    *,
    form: Annotated[Form, typer.Option("--format", help="What to print.")] = Form.TEXT,
    day: Annotated[date | None, day_option("--date", "The day of the issue; today if not given.")] = None,
) -> None:
    """Print what would be sent, or what was.

    It goes through the code that sends it, to the same bytes.

    Example: digest preview ada --format html --date 2025-05-09 > issue.html
    """
    from digest import delivering, pipeline
    from digest.summaries import summariser

    options = settings()
    reader = profiles.load(profile_path(profile, options))
    issue_day, now = day or today(), composed_at(day, clock())
    with Store(options.database) as store, summariser(store, options, os.environ) as model:
        issue = pipeline.preview(store, options, reader, day=issue_day, now=now, summariser=model)
        hint = newest(store)
    if model and model.faults and options.summaries:
        typer.echo(gists_told(options.summaries.model, model.counts, model.faults), err=True)
    if isinstance(issue, Skip):
        if form is Form.JSON:
            print_json({"profile": issue.profile, "day": issue_day, "skipped": issue.reason})
        more = f" ({hint})" if issue.reason is SkipReason.NO_NEW_PAPERS else ""
        typer.echo(f"no issue on {issue_day}: {issue.reason}{more}", err=True)
        return
    if form is Form.JSON:
        print_json(TypeAdapter(Issue).dump_python(issue, mode="json"))
        return
    # Without a place where pages are served no part of a mail leads to one.
    twins = delivering.names_of(options).links(issue) if options.pages_url else None
    rendered = renderer(options, lazily=True).mail(issue, twins)
    if form is Form.EML:
        # A profile need not have an address to be looked at.
        print_bytes(pipeline.mail(options, rendered, issue, reader.email or "reader@localhost"))
    else:
        print_bytes((rendered.html if form is Form.HTML else rendered.text).encode())


def explain(
    profile: ProfileName,
    paper: Annotated[str, typer.Argument(metavar="PAPER", help="A paper: arXiv id, DOI or its URL, or title:… .")],
    *,
    day: Annotated[date | None, day_option("--date", "The day of the issue; today if not given.")] = None,
    as_json: Json = False,
) -> None:
    """Say why a paper is in an issue, or which rule kept it out.

    Example: digest explain ada arxiv:2505.01932 --date 2025-05-09
    """
    from digest import pipeline
    from digest.identity import parse_id

    found = parse_id(paper)
    if found is None:
        raise typer.BadParameter(f"not an arXiv id, a DOI or a URL of one: {paper!r}")
    options = settings()
    reader = profiles.load(profile_path(profile, options))
    with Store(options.database) as store:
        explanation = pipeline.explain(store, options, reader, found.id, day=day or today())
    if as_json:
        print_json(asdict(explanation))
        return
    typer.echo(f"{'in the issue' if explanation.chosen else 'not in the issue'}: {explanation.why}")
    if explanation.place is not None:
        typer.echo(f"place {explanation.place} of {explanation.ranked}, score {explanation.score:.1f} of 100")
        typer.echo(f"closest to: {explanation.interest or 'none of your interests'}")
        typer.echo("because of: " + (", ".join(f"{e.term} {e.share:.0%}" for e in explanation.evidence) or "no term"))
        if explanation.nearest is not None:
            near = explanation.nearest
            typer.echo(f"nearest to a paper you liked: {readable(near.title)} ({near.likeness:.0%}, {near.id})")
