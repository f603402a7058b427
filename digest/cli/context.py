"""What every command needs: the settings, the clock, days and profiles as users name them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any

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
    return instant().replace(microsecond=0)


def instant() -> datetime:
    """The time now, as often as somebody waits for it."""
    return datetime.now(UTC)  # noqa: TID251  (a command is where the clock is read)


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
    """One JSON document on stdout, in UTF-8 wherever that goes (RFC 8259, section 8.1); days as ISO 8601 text."""
    text = json.dumps(value, default=lambda day: day.isoformat(), ensure_ascii=False, indent=2)
    # A file's name need not be UTF-8; the bytes that are not become escapes, which JSON knows.
    print_bytes(f"{text}\n".encode(errors="backslashreplace"))


def print_bytes(content: bytes) -> None:
    """Bytes on stdout as they are."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def counted(number: int, noun: str) -> str:
    """`1 paper`, `1,234 papers`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def gists_told(model: str, counts: Mapping[str, int], faults: Mapping[str, int]) -> str:
    """`gists: 8 by MODEL, 2 by extraction: localhost: timed out (2 papers)`."""
    told = {"model": model, "extraction": "extraction", "source": "their sources"}
    parts = [f"{counts.get(who, 0):,} by {name}" for who, name in told.items() if who == "model" or counts.get(who)]
    why = ", ".join(f"{why} ({counted(count, 'paper')})" for why, count in faults.items())
    return f"gists: {', '.join(parts)}" + (f": {why}" if why else "")


def profile_path(name: str, settings: Settings) -> Path:
    """The file of a profile that is named by its path, or by its name among the reader profiles.

    Raises:
        typer.BadParameter: there is none.
    """
    named = Path(name)
    if named.is_file():
        return named
    # Of two files for one reader the first counts, as it does when profiles are loaded.
    known = {path.stem: path for path in reversed(reader_profiles(settings)[0])}
    if name not in known:
        names = ", ".join(sorted(known)) or "none"
        raise typer.BadParameter(f"no profile {name!r}: no such file, and none of that name (known: {names})")
    return known[name]


def reader_profiles(settings: Settings) -> tuple[tuple[Path, ...], bool]:
    """The files of all readers, and whether they are the examples, which stand in while there are no others."""
    own = profiles.find(settings.profiles) if settings.profiles.is_dir() else ()
    return (own, False) if own else (profiles.find(sample.PROFILES), True)


def newest(store: Store) -> str:
    """Where to look when a day has no papers."""
    with store.reading() as connection:
        day = papers.last_day(connection)
    return "there are none yet: digest ingest PATH" if day is None else f"the newest paper here is of {day}"


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
