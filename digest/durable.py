"""Files that are there whole or not at all, and that outlast a crash."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from digest.errors import DeliveryError

if TYPE_CHECKING:
    from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in place as `put` does, with an error that a report can show.

    Raises:
        DeliveryError: it cannot be written; nothing is left behind.
    """
    try:
        put(path, content)
    except OSError as error:
        raise DeliveryError(f"cannot write: {path.name!r}: {error.strerror or 'unknown reason'}") from error


def put(path: Path, content: bytes, *, by_way_of: Path | None = None) -> None:
    """Put a file in place in one step and onto the disk, so that a crash leaves the old state or the new one.

    It is written in the folder `by_way_of` of the same file system, by default its own. Folders are made. Writers of
    the same path do not disturb each other; the last one stays.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    # Two senders may write the same mail when a lease has run out: each has an unfinished file of its own.
    unfinished = (by_way_of or path.parent) / f".{path.name}.{os.getpid()}-{threading.get_ident()}.part"
    for folder in (path.parent, unfinished.parent):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make new names in a folder outlast a crash; the standard asks for it besides the file's own fsync."""
    if os.name == "nt":  # folders cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
