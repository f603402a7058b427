"""What a reader says of single papers: more like this, or less."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from digest.cli.context import Json, counted, day_option, print_json, profile_path, settings, today
from digest.maths import readable

SAID = {True: "more like", False: "less like", None: "nothing said of"}


def judge(  # noqa: PLR0913  (options of a command)
    profile: Annotated[str, typer.Argument(metavar="PROFILE", help="A profile's file, or a reader's name.")],
    refs: Annotated[
        list[str], typer.Argument(metavar="PAPER", help="Papers: arXiv ids, DOIs or their URLs, or title:… .")
    ],
    *,
    more: Annotated[bool, typer.Option("--more", help="The reader wants more papers like these.")] = False,
    less: Annotated[bool, typer.Option("--less", help="The reader wants fewer papers like these.")] = False,
    none: Annotated[bool, typer.Option("--none", help="Take back what was noted of these.")] = False,
    day: Annotated[date | None, day_option("--date", "The day of the judgement; today if not given.")] = None,
    as_json: Json = False,
) -> None:
    """Note what a reader thinks of papers; a later judgement of a paper takes the place of an earlier one.

    Judgements change no ranking until digest profiles learn has put them into the profile. Unknown papers are named and
    passed over; then the exit code is 1.

    Example: digest judge ada arxiv:2505.01932 --more
    """
    from digest import feedback
    from digest.store import Store

    if more + less + none != 1:
        raise typer.BadParameter("say one of --more, --less and --none")
    options = settings()
    slug = profile_path(profile, options).stem
    liked = None if none else more
    on = day or today()
    with Store(options.database) as store:
        noted = feedback.judge(store, slug, refs, liked=liked, day=on)
    if as_json:
        said = "none" if liked is None else "more" if liked else "less"
        found = [{"id": paper.id, "title": paper.title} for paper in noted.papers]
        print_json({"profile": slug, "said": said, "day": on, "papers": found, "unknown": noted.unknown})
    else:
        for paper in noted.papers:
            typer.echo(f"{SAID[liked]}: {readable(paper.title)}  [{paper.id}]")
        for name in noted.unknown:
            typer.echo(f"no such paper: {name!r}: it was never ingested", err=True)
        if noted.papers and liked is not None:
            typer.echo(
                f"{counted(len(noted.papers), 'judgement')} noted; into the profile: digest profiles learn {slug}",
                err=True,
            )
    if noted.unknown:
        raise typer.Exit(1)
