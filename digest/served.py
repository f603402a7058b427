"""Where the site of a home is that `digest serve` runs: it leaves word of that in the file that it holds a lock on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if sys.platform != "win32":  # where `digest serve` does not run
    import fcntl

if TYPE_CHECKING:
    from pathlib import Path

LOCK = "serve.lock"
"""The file in the home folder."""


def site(home: Path) -> str:
    """The URL of the site that is served there now; empty if none is."""
    found = last_site(home)
    return found if found and _is_held(home) else ""


def last_site(home: Path) -> str:
    """The URL of the site that is served there, or was last; empty if none was, or its address is in `digest.toml`."""
    try:
        return (home / LOCK).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _is_held(home: Path) -> bool:
    if sys.platform == "win32":
        return False
    try:
        with (home / LOCK).open("rb") as file:
            # Not to shut out one that starts: it asks for more than once.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
