"""What every command needs: the settings, the clock, days and profiles as users name them."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from digest import profiles, sample
from digest import settings as settings_of
from digest.errors import ProfileError
from digest.settings import Settings
from digest.store import Store, papers
from digest.types import Profile

SEND_TIME = time(6, tzinfo=UTC)
"""The instant a mail bears when its day is named: the same day then gives the same bytes."""


def settings() -> Settings:
    """The settings of the installation that DIGEST_HOME names."""
    return settings_of.load(settings_of.home(os.environ))


def clock() -> datetime:
    """The time now, read once a command, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251  (a command is where the clock is read)


def today() -> date:
    """The day it is where the user is."""
    return clock().astimezone().date()


def composed_at(day: date | None, now: datetime) -> datetime:
    """The instant that mails of a run bear."""
    return now if day is None else datetime.combine(day, SEND_TIME)


def parse_day(text: str) -> date:
    """A day as users write it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"expected a day like 2025-03-13, got {text!r}") from None


def day_option(name: str, about: str) -> Any:  # noqa: ANN401  (Typer's own type is Any, too)
    """An option that takes a day."""
    return typer.Option(name, parser=parse_day, metavar="DATE", help=about)


Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def print_json(value: Any) -> None:  # noqa: ANN401  (whatever JSON can hold)
    """One JSON document on stdout."""
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode())


def profile_path(name: str, settings: Settings) -> Path:
    """The file of a profile that is named by its path, or by its name among the reader profiles.

    Raises:
        typer.BadParameter: there is none.
    """
    named = Path(name)
    places = [named, *(folder / f"{name}.yaml" for folder in (settings.profiles, sample.PROFILES))]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        known = ", ".join(path.stem for path in reader_profiles(settings)[0])
        raise typer.BadParameter(f"no profile {name!r}: no such file, and none of that name (known: {known or 'none'})")
    return found


def reader_profiles(settings: Settings) -> tuple[tuple[Path, ...], bool]:
    """The files of all readers, and whether they are the examples, which stand in while there are no others."""
    own = profiles.find(settings.profiles) if settings.profiles.is_dir() else ()
    return (own, False) if own else (profiles.find(sample.PROFILES), True)


def newest(store: Store) -> str:
    """Where to look when a day has no papers."""
    with store.reading() as connection:
        day = papers.last_day(connection)
    return "there are none yet: digest ingest PATH…" if day is None else f"the newest paper here is of {day}"


def load_profiles(paths: tuple[Path, ...]) -> tuple[list[tuple[Path, Profile]], list[tuple[Path, ProfileError]]]:
    """The good profiles and the errors of the others, each with its file."""
    good: list[tuple[Path, Profile]] = []
    bad: list[tuple[Path, ProfileError]] = []
    for path in paths:
        try:
            good.append((path, profiles.load(path)))
        except ProfileError as error:
            bad.append((path, error))
    return good, bad
