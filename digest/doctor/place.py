"""What is on this machine: folders, disk, database, clock, profiles, templates, files that nobody else should read."""

from __future__ import annotations

import shutil
import stat
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from digest import correspondence, profiles, rendering
from digest.access import path
from digest.databases import VARIABLE
from digest.delivery_settings import Way
from digest.doctor.findings import Finding, fault, ok, warning
from digest.errors import ProfileError, SettingsError, StoreError, TemplateError
from digest.store import LATEST, Store, papers, subscriptions
from digest.subscription import Standing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.render import Renderer
    from digest.settings import Settings

_FULL, _NEARLY_FULL = 100_000_000, 1_000_000_000
"""Octets that a run may need at once, and those with which there is no hurry."""

_WRITTEN = datetime(2025, 1, 1, tzinfo=UTC)
"""Before this program was: no clock that is right is there."""

_APART = timedelta(minutes=2)
_ZONE = "Europe/Berlin"


def folders(settings: Settings) -> Iterator[Finding]:
    """Whether the home folder and the place for mails can be written to, and how much room there is."""
    delivery = settings.delivery
    places = {"home": settings.home}
    if delivery.transport is Way.FOLDER:
        places["outbox"] = settings.outbox
    elif delivery.transport is Way.MAILDIR:
        places["maildir"] = path(settings.home, "delivery", delivery.folder or "maildir")
    for name, folder in places.items():
        if folder.exists() and not folder.is_dir():
            yield fault(name, f"{folder}: not a folder", "move the file away")
            continue
        there = _existing(folder)
        try:
            with tempfile.TemporaryFile(dir=there):
                pass
        except OSError as error:
            yield fault(name, f"{folder}: cannot be written to: {error.strerror}", f"give yourself {there}")
            continue
        yield ok(name, f"{folder}" if there == folder else f"{folder}: made when it is needed")
    free = shutil.disk_usage(_existing(settings.home)).free
    room = f"{free / 1e9:,.1f} GB free"
    if free < _FULL:
        yield fault("disk", room, "make room: a run would end in its middle")
    elif free < _NEARLY_FULL:
        yield warning("disk", room, "make room soon")
    else:
        yield ok("disk", room)


def database(settings: Settings) -> Iterator[Finding]:
    """Whether the database opens; its schema is brought up to date, as every command does."""
    here = settings.database
    if isinstance(here, Path) and not here.exists():
        yield warning("database", f"{here}: not there yet", "digest ingest PATH, or digest fetch")
        return
    try:
        with Store(here) as store, store.reading() as connection:
            newest = papers.last_day(connection)
    except StoreError as error:
        mend = "restore it from a backup, or end the program that holds it"
        yield fault("database", str(error), mend if isinstance(here, Path) else f"see to the server, or {VARIABLE}")
        return
    if newest is None:
        yield warning("database", f"schema {LATEST}, without a paper", "digest ingest PATH, or digest fetch")
    else:
        yield ok("database", f"schema {LATEST}, the newest paper is of {newest}")


def readers(settings: Settings) -> Iterator[Finding]:
    """Whether the profiles load, and who of them is sent mails."""
    found = profiles.find(settings.profiles) if settings.profiles.is_dir() else ()
    mailed = good = 0
    for each in found:
        try:
            mailed += bool(profiles.load(each).email)
            good += 1
        except ProfileError as error:
            for line in error.faults:
                yield fault("profiles", line, "correct the file: its reader gets nothing")
    if not found:
        what = f"{settings.profiles}: no profiles, so that the examples stand in"
        yield warning("profiles", what, "write one, or copy an example: see profiles/README.md")
    elif good and not mailed:
        yield warning(
            "profiles", f"none of the {good} that load has an address", "add email to a profile that wants mails"
        )
    elif good:
        yield ok("profiles", f"{mailed} of {good} with an address")


def waiting(settings: Settings) -> Iterator[Finding]:
    """Whether letters wait that are never sent, as there is no site for their links."""
    here = settings.database
    if isinstance(here, Path) and not here.exists():
        return
    try:
        with Store(here) as store:
            number = correspondence.unlinked(store, settings)
            with store.reading() as connection:
                pending = subscriptions.counts(connection).get(Standing.PENDING, 0)
    except StoreError:
        return  # told with the database
    if number:
        yield warning(
            "letters",
            f"{number:,} wait, as there is no site for their links, and {pending:,} subscriptions for a yes",
            "set site_url and run digest serve, or digest subscribers confirm NAME for who told you so",
        )


def templates(settings: Settings) -> tuple[list[Finding], Renderer | None]:
    """Whether all templates compile and render; what renders, if they do."""
    own = "your own before the shipped ones" if settings.templates.is_dir() else "the shipped ones"
    try:
        renderer = rendering.renderer(settings)
    except TemplateError as error:
        mend = f"correct the file in {settings.templates}, or take it away"
        return [fault("templates", line, mend) for line in str(error).splitlines()], None
    except SettingsError as error:
        return [fault("secret", str(error), "restore it, or delete it: then all links are new")], None
    return [ok("templates", own)], renderer


def clock(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Whether the time can be right: mails of the future or the past are taken for spam."""
    mend = "set the clock (timedatectl set-ntp true)"
    if now < _WRITTEN:
        yield fault("clock", f"it says {now:%Y-%m-%d}, which is before this program was written", mend)
        return
    try:
        ZoneInfo(_ZONE)
    except ZoneInfoNotFoundError:
        yield fault("clock", "there are no time zones here", "install tzdata (apt install tzdata, or pip)")
    written = [_changed(settings.home / name) for name in ("digest.sqlite3", "digest.toml")]
    newest = max(filter(None, written), default=now)
    if newest > now + _APART:
        yield warning("clock", f"it says {now:%Y-%m-%d %H:%M} UTC, and files here are of {newest:%Y-%m-%d %H:%M}", mend)
        return
    try:
        with tempfile.NamedTemporaryFile(dir=_existing(settings.home)) as file:
            there = _changed(Path(file.name)) or now
    except OSError:
        return  # told with the folders
    if abs(there - now) > _APART:
        yield warning("clock", f"the file system's is {there - now} from ours", mend)
    else:
        yield ok("clock", f"{now:%Y-%m-%d %H:%M} UTC")


def secrets(settings: Settings) -> Iterator[Finding]:
    """Whether the files that hold secrets are their owner's alone."""
    delivery = settings.delivery
    named = [str(settings.secret), delivery.password_file, delivery.dkim_key, settings.bounces.password_file]
    for each in filter(None, named):
        try:
            file = path(settings.home, "secrets", each)
            mode = stat.S_IMODE(file.stat().st_mode)
        except (OSError, SettingsError):
            continue  # told by what needs it
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield warning("secrets", f"{file}: others on this machine may read it", f"chmod 600 {file}")


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next((each for each in (folder, *folder.parents) if each.is_dir()), Path("/"))


def _changed(file: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except OSError:
        return None
