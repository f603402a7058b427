"""Handing over a mail: a Protocol and the folder of `.eml` files that needs no server."""

from __future__ import annotations

import os
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

    Raises:
        DeliveryError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.part")
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise DeliveryError(f"cannot write: {path.name!r}: {error.strerror}") from error
