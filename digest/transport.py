"""Handing over a mail: a Protocol and the folder of `.eml` files that needs no server."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Protocol

from digest.errors import DeliveryError

if TYPE_CHECKING:
    from pathlib import Path


class Transport(Protocol):
    """A way for mails to leave."""

    def send(self, name: str, message: bytes) -> None:
        """Hand over one message; the same name and bytes again change nothing.

        Raises:
            DeliveryError: it was not handed over and may be tried again.
        """


class Folder:
    """Writes each message as `NAME.eml` into a folder; whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, name: str, message: bytes) -> None:
        """Write the file; see `Transport.send`."""
        write_whole(self._folder / f"{name}.eml", message)


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in place in one step and onto the disk, so that a crash leaves the old state or the new one.

    Folders above it are made. Writers of the same path do not disturb each other; the last one stays.

    Raises:
        DeliveryError: it cannot be written; nothing is left behind.
    """
    # Two senders may write the same mail when a lease has run out: each has an unfinished file of its own.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with unfinished.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise DeliveryError(f"cannot write: {path.name!r}: {error.strerror or 'unknown reason'}") from error


def _sync_folder(folder: Path) -> None:
    """Make new names in a folder outlast a crash; the standard asks for it besides the file's own fsync."""
    if os.name == "nt":  # folders cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
