"""Copies of an installation that are whole as of one instant, and coming back from one without mailing anybody twice.

A backup is older than what was lost: mails were sent since, of which the database that comes back does not know. So
what waited to be sent in it counts as sent, and papers from before the coming back are no news any more
(`digest.store.restored`). What that costs is at most what a reader would have had next; what it saves is that nobody
is mailed twice.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from digest.adoption import adopt
from digest.databases import Server
from digest.errors import StoreError
from digest.settings import FILE
from digest.store import Store, restored

if TYPE_CHECKING:
    from datetime import date, datetime
    from pathlib import Path

    from digest.settings import Settings
    from digest.store.restored import Restored

DATABASE = "digest.sqlite3"
"""What the database is called in a backup."""

_BESIDE = (FILE, "secret", "operator-token", "profiles", "digests", "templates")
_NAME = re.compile(r"digest-\d{8}T\d{6}Z")


def take(settings: Settings, folder: Path, *, now: datetime) -> Path:
    """Put a backup into a folder: the database as it is at one instant, whatever runs meanwhile, and what is beside it.

    It appears whole or not at all, readable for its owner only. Mails, pages and what can be made again are not in it.

    Returns:
        The backup, itself a folder, named by the instant.

    Raises:
        StoreError: the database is on a server, not there, or cannot be read; or the folder cannot be written to.
    """
    if isinstance(settings.database, Server):
        raise StoreError(f"{settings.database}: a server has its own way: pg_dump --format=custom")
    if not settings.database.exists():
        raise StoreError(f"no database: {str(settings.database)!r}: not there")
    whole = folder / f"digest-{now:%Y%m%dT%H%M%SZ}"
    unfinished = folder / f".{whole.name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        with closing(sqlite3.connect(settings.database, timeout=60)) as connection:
            # Reads one state of the database and lets others write meanwhile (https://sqlite.org/lang_vacuum.html).
            connection.execute("VACUUM INTO ?", (str(unfinished / DATABASE),))
        for name in _BESIDE:
            path = settings.home / name
            if path.is_dir():
                shutil.copytree(path, unfinished / name)
            elif path.exists():
                shutil.copy2(path, unfinished / name)
        _onto_disk(unfinished)
        unfinished.rename(whole)
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise StoreError(f"cannot make a backup: {str(whole)!r}: {error}") from error
    return whole


def prune(folder: Path, keep: int) -> list[Path]:
    """Delete all but the newest backups of a folder; those that went, the oldest first."""
    found = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    gone = found[: max(len(found) - keep, 0)]
    for path in gone:
        shutil.rmtree(path)
    return gone


def put_back(backup: Path, home: Path) -> None:
    """Put what is in a backup into a home folder that has no database.

    Raises:
        StoreError: it is no backup, or one of a newer program; there is a database already; or something cannot be
            written.
    """
    if not (backup / DATABASE).is_file():
        raise StoreError(f"not a backup: {str(backup)!r}: there is no {DATABASE} in it")
    if (home / DATABASE).exists():
        raise StoreError(f"there is a database already: {str(home / DATABASE)!r}: move it away first")
    # Before anything is put: a database that is there, but that nobody could settle, a newer program would send from.
    Store(backup / DATABASE, upgrade=False).close()
    try:
        home.mkdir(parents=True, exist_ok=True)
        for name in _BESIDE:
            path = backup / name
            if path.is_dir():
                shutil.copytree(path, home / name, dirs_exist_ok=True)
            elif path.exists():
                shutil.copy2(path, home / name)
        # Last: while it is not there, nothing runs.
        shutil.copy2(backup / DATABASE, home / f".{DATABASE}.part")
        (home / f".{DATABASE}.part").rename(home / DATABASE)
    except OSError as error:
        raise StoreError(f"cannot restore: {str(home)!r}: {error}") from error


def settle(store: Store, settings: Settings, *, now: datetime, since: date) -> Restored:
    """Let nothing be sent twice by a database that came back; papers of before a day are no news any more.

    Raises:
        StoreError: the database cannot be written to.
    """
    # Readers whose profiles are files have a row then, which says it for them, too.
    adopt(store, settings, now=now)
    with store.writing() as connection:
        return restored.settle(connection, now=now, since=since)


def _onto_disk(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
