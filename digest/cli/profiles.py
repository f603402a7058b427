"""Interest profiles: checking and teaching them, and seeing what an edit changes before a digest depends on it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest import profiles as profiles_of
from digest import sample
from digest.cli.context import (
    Json,
    counted,
    day_option,
    load_profiles,
    print_bytes,
    print_json,
    profile_path,
    reader_profiles,
    settings,
    today,
)
from digest.maths import readable
from digest.publication import publication
from digest.types import EventKind

if TYPE_CHECKING:
    from digest.settings import Settings
    from digest.types import Event, Paper

app = typer.Typer(
    no_args_is_help=True, help="Check, compare and teach interest profiles.\n\nExample: digest profiles check"
)


@app.command()
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="PATH", help="Files or folders; all readers' if none is given.")
    ] = None,
) -> None:
    """Name every fault of profiles, with file, line and key.

    The exit code is 1 if there is one.

    Example: digest profiles check profiles/ada.yaml
    """
    files: list[Path] = []
    for path in paths or []:
        files.extend(profiles_of.find(path) if path.is_dir() else [path])
    good, bad = load_profiles(tuple(files) if paths else reader_profiles(settings())[0])
    for path, profile in good:
        interests = len(profile.topics) + len(profile.liked) + len(profile.authors)
        interests += bool(profile.trending or profile.trending_section)
        typer.echo(f"{path}: good: {profile.name}, {counted(interests, 'interest')}")
    for _, error in bad:
        typer.echo(str(error))
    if bad:
        raise typer.Exit(1)
    if not good:
        typer.echo("no profiles found", err=True)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a profile, for editors.

    Example: digest profiles schema > profile.schema.json
    """
    print_json(profiles_of.schema())


@app.command()
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The profile as it is: a file, or a reader's name.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The profile as it would be.")],
    *,
    days: Annotated[int, typer.Option(min=1, max=366, metavar="N", help="How many days of papers to look at.")] = 7,
    until: Annotated[
        date | None, day_option("--until", "The last of them; the day of the newest paper if not given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what an edit would change: the papers it adds to and drops from the last days' issues.

    Example: digest profiles diff ada edited.yaml --days 7
    """
    from digest import pipeline
    from digest.store import Store, papers

    options = settings()
    before, after = (profiles_of.load(profile_path(name, options)) for name in (old, new))
    with Store(options.database) as store:
        with store.reading() as connection:
            last = until or papers.last_day(connection) or today()
        change = pipeline.compare(store, options, before, after, until=last, days=days)
    if as_json:
        lists = {"adds": change.adds, "drops": change.drops}
        rows = {
            name: [{"day": each.day, "id": each.match.paper.id, "title": each.match.paper.title} for each in choices]
            for name, choices in lists.items()
        }
        print_json({"until": last, "days": days, "keeps": change.keeps, **rows})
        return
    typer.echo(f"adds {len(change.adds)}, drops {len(change.drops)}, keeps {change.keeps} in {days} days to {last}")
    for sign, choices in (("+", change.adds), ("-", change.drops)):
        for each in choices:
            typer.echo(f"{sign} {each.day}  {each.match.score:5.1f}  {readable(each.match.paper.title)}")


@app.command()
def learn(
    profile: Annotated[str, typer.Argument(metavar="PROFILE", help="The profile's file, or the reader's name.")],
    *,
    write: Annotated[bool, typer.Option("--write", help="Edit the file instead of showing the edit.")] = False,
) -> None:
    """Turn a reader's judgements into an edit of the profile: entries of liked and disliked, all else as it is.

    Without --write the edit is only shown. With it, the judgements become the profile's and are no longer kept.

    Example: digest profiles learn ada --write
    """
    from digest import feedback
    from digest.store import Store

    options = settings()
    path = _to_edit(profile, options, write=write)
    with Store(options.database) as store:
        lesson = feedback.lesson(store, path)
        if write:
            feedback.learn(store, lesson)
    said = counted(len(lesson.judgements), "judgement")
    if not lesson.judgements:
        typer.echo(f"no judgements of {path.stem} to learn from: digest judge {path.stem} PAPER --more", err=True)
    elif lesson.edited == lesson.content:
        typer.echo(f"{path} says all of it already ({said})", err=True)
    else:
        print_bytes(lesson.diff())
        typer.echo(f"{path}: {said} learned" if write else f"{said}; --write edits {path}", err=True)


@app.command()
def events(
    profile: Annotated[str, typer.Argument(metavar="PROFILE", help="The profile's file, or the reader's name.")],
    *,
    since: Annotated[date | None, day_option("--since", "The first day of events; all if not given.")] = None,
    as_json: Json = False,
) -> None:
    """Tell what happened to the papers a reader likes since they came: new versions, publications.

    Judgements that are noted but not yet learned count, too.

    Example: digest profiles events ada --since 2025-05-01
    """
    from digest import feedback
    from digest.store import Store

    options = settings()
    reader = profiles_of.load(profile_path(profile, options))
    with Store(options.database) as store:
        found = feedback.happened(store, reader, since)
    if as_json:
        fields = ("id", "title", "day", "kind", "detail")
        print_json([dict(zip(fields, row, strict=True)) for row in map(_told, found)])
        return
    for paper_id, title, day, kind, detail in map(_told, found):
        what = f"new version {detail}" if kind == EventKind.NEW_VERSION else f"now published: {detail}"
        typer.echo(f"{day}  {title}  [{paper_id}]\n{' ' * 12}{what}")
    if not found:
        typer.echo(f"nothing happened to papers that {reader.slug} likes", err=True)


def _told(happened: tuple[Event, Paper]) -> tuple[str, str, date, str, str]:
    """Id, title, day, kind and detail; of a publication all that is known of it by now."""
    event, paper = happened
    published = publication(paper) if event.kind is EventKind.PUBLISHED else None
    return paper.id, paper.title, event.day, event.kind, str(published or event.detail)


@app.command("import")
def import_(
    profile: Annotated[str, typer.Argument(metavar="PROFILE", help="The profile's file, or the reader's name.")],
    libraries: Annotated[
        list[Path], typer.Argument(metavar="LIBRARY", help="Files of BibTeX, RIS or Zotero, or folders of them.")
    ],
    *,
    write: Annotated[bool, typer.Option("--write", help="Edit the file instead of showing the edit.")] = False,
) -> None:
    """Bring a reader's own library into the profile: its papers as entries of liked, all else as it is.

    Without --write the edit is only shown. With it, papers that the database does not have are added to it, too.
    References without an arXiv id, a DOI or a PMID cannot be liked and are named, as is what cannot be read; of the
    latter the exit code is 1.

    Example: digest profiles import ada library.bib --write
    """
    from digest import library as library_of
    from digest.store import Store

    options = settings()
    path = _to_edit(profile, options, write=write)
    day = today()
    library = library_of.read(libraries, as_of=day)
    with Store(options.database) as store:
        planned = library_of.plan(store, path, library, day=day)
        if write:
            library_of.bring_in(store, library, planned, day=day)
    for rejection in library.rejections:
        typer.echo(f"rejected: {rejection.where}: {rejection.why}", err=True)
    for paper in library.nameless:
        typer.echo(f"has no id: {readable(paper.title)}", err=True)
    for paper in planned.disliked:
        typer.echo(f"stays disliked: {readable(paper.title)}", err=True)
    if planned.added:
        print_bytes(planned.lesson.diff())
    counts = [
        counted(len(planned.added), "paper") + (" added" if write else " to add"),
        f"{len(planned.known):,} liked already",
        f"{len(planned.disliked):,} disliked",
        f"{len(library.nameless):,} without id",
        f"{len(library.rejections):,} rejected",
    ]
    hint = "" if write or not planned.added else f"; --write edits {path}"
    typer.echo(f"{path}: {', '.join(counts)}{hint}", err=True)
    if library.rejections:
        raise typer.Exit(1)


def _to_edit(profile: str, options: Settings, *, write: bool) -> Path:
    """The file of a profile, which is none of the examples where it is to be written."""
    path = profile_path(profile, options)
    if write and path.parent == sample.PROFILES and not Path(profile).is_file():
        raise typer.BadParameter(f"{profile!r} is one of the examples: copy {path} to {options.profiles} and edit that")
    return path
