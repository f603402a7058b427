"""A past issue once more: is it what was sent?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.context import Json, print_bytes, print_json, reader_profiles, settings
from digest.maths import readable
from digest.store import Store
from digest.types import Skip

if TYPE_CHECKING:
    from digest.replaying import Rebuilt, Recomposed
    from digest.settings import Settings

SAME, OTHER, GONE = "the same", "differs", "no copy"


def replay(
    issue: Annotated[str, typer.Argument(metavar="ISSUE", help="An issue's id, or its name: 2025-05-09-ada.")],
    *,
    compose: Annotated[
        bool, typer.Option("--compose", help="Compose it again, too, from the papers and the profile of that day.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", allow_dash=True, help="Write the mail there; - is stdout.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Rebuild a past issue from what is kept of it, and say whether mail and pages are what was sent, byte for byte.

    They are compared with the outbox folder and the pages; mails that left by a server are not kept. With --compose it
    says which papers would be in it otherwise, and why. The exit code is 1 where something differs.

    Example: digest replay 2025-05-09-ada --compose
    """
    from digest import replaying, served

    options = settings()
    with Store(options.database) as store:
        kept = replaying.find(store, issue)
        rebuilt = replaying.rebuild(options, kept)
        site = "" if options.site_url else served.last_site(options.home)
        if site and OTHER in _compared(options, rebuilt).values():
            # It was made beside a site that does not run now, and without an address of its own in `digest.toml`.
            beside = replaying.rebuild(options.model_copy(update={"site_url": site}), kept)
            rebuilt = rebuilt if OTHER in _compared(options, beside).values() else beside
        again = replaying.recompose(store, options, kept, reader_profiles(options)[0]) if compose else None
    if output is not None:
        _write(output, rebuilt)
    found = _compared(options, rebuilt)
    if as_json:
        name = f"{kept.issue.day}-{kept.issue.profile}"
        print_json({"issue": kept.issue.id, "name": name, "files": found, "composed": again and _plain(again)})
    elif output is None or str(output) != "-":
        typer.echo(f"{kept.issue.day}-{kept.issue.profile}: {len(kept.issue.matches)} papers, {kept.state}")
        for path, verdict in found.items():
            typer.echo(f"{verdict:<8}  {path}")
        if again:
            _tell(again)
    if OTHER in found.values() or (again and not again.is_same):
        raise typer.Exit(1)


def _write(output: Path, rebuilt: Rebuilt) -> None:
    from digest.durable import write_whole

    if rebuilt.parcel is None:
        raise typer.BadParameter("this issue was never a mail: its reader has no address")
    if str(output) == "-":
        print_bytes(rebuilt.parcel.content)
    else:
        write_whole(output, rebuilt.parcel.content)


def _compared(options: Settings, rebuilt: Rebuilt) -> dict[str, str]:
    """For each file that there should be, whether it is what was rebuilt."""
    made = {options.pages / name: content for name, content in rebuilt.pages.items()}
    if rebuilt.parcel:
        made = {options.outbox / f"{rebuilt.parcel.name}.eml": rebuilt.parcel.content} | made
    verdicts = {}
    for path, content in made.items():
        try:
            verdict = SAME if path.read_bytes() == content else OTHER
        except FileNotFoundError:
            verdict = GONE
        verdicts[str(path.relative_to(options.home))] = verdict
    return verdicts


def _tell(again: Recomposed) -> None:
    if again.is_same:
        typer.echo("composed again: the same issue in every word")
        return
    typer.echo(f"composed again: {len(again.added)} added, {len(again.dropped)} dropped")
    for sign, changes in (("+", again.added), ("-", again.dropped)):
        for each in changes:
            typer.echo(f"{sign} {readable(each.title)}  [{each.paper}]\n{' ' * 4}{each.why}")
    for line in again.others:
        typer.echo(f"differs   {line}")
    for line in again.unknown:
        typer.echo(f"not known any more: {line}", err=True)


def _plain(again: Recomposed) -> dict[str, Any]:
    return {
        "same": again.is_same,
        "skipped": again.outcome.reason if isinstance(again.outcome, Skip) else None,
        "added": [{"id": each.paper, "title": each.title, "why": each.why} for each in again.added],
        "dropped": [{"id": each.paper, "title": each.title, "why": each.why} for each in again.dropped],
        "others": again.others,
        "unknown": again.unknown,
    }
