"""The installation's own secret, from which unguessable names are derived: made once, kept in a file, never printed."""

from __future__ import annotations

import os
import re
import secrets
from typing import TYPE_CHECKING

from digest.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

_BYTES = 32
_WRITTEN = re.compile(rf"[0-9a-f]{{{2 * _BYTES}}}\n?", re.ASCII)


def load(path: Path) -> bytes:
    """The secret in the file, 32 bytes; made by the first who asks, readable for its owner only.

    Whoever asks at the same time gets the same one. Nothing else ever writes the file: if it is lost, the next one
    differs, and so does all that is derived from it.

    Raises:
        SettingsError: the file cannot be read or made, or holds something else.
    """
    try:
        text = path.read_bytes().decode("ascii", "replace")
    except FileNotFoundError:
        return _made(path)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    if not _WRITTEN.fullmatch(text):
        raise SettingsError(
            f"{path}: not a secret: expected {2 * _BYTES} hexadecimal digits; restore it, or delete it for a new one, "
            "which gives pages and feeds new links and makes those in sent mails lead nowhere"
        )
    return bytes.fromhex(text)


def _made(path: Path) -> bytes:
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(f"{secrets.token_hex(_BYTES)}\n")
                file.flush()
                os.fsync(file.fileno())
            _put(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be made: {error.strerror}") from error
    return load(path)


def _put(unfinished: Path, path: Path) -> None:
    """Give the file its name unless another process was quicker; a link, unlike a renaming, never replaces one."""
    try:
        path.hardlink_to(unfinished)
    except FileExistsError:
        return
    except OSError:  # a file system without links, as on a memory stick
        if not path.exists():
            unfinished.replace(path)
