"""Interest profiles: checking them before a digest depends on them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from digest import profiles as profiles_of
from digest.cli.context import counted, load_profiles, print_json, reader_profiles, settings

app = typer.Typer(no_args_is_help=True, help="Check interest profiles.\n\nExample: digest profiles check")


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
