"""No program outlives the one that started it: `python -m digest.leash` waits for its end and then ends its programs.

It reads process ids on stdin, `123` for one that was started and `-123` for one that is over; each leads a group of its
own. When the other end of the pipe is gone, by whatever kind of death, those that are left are asked to end, and killed
if they do not.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

GRACE = 3.0
"""Seconds that programs have to end by themselves."""

_PAUSE = 0.05
_PARENT = 1
_STATE = 0


def family(roots: Iterable[int]) -> set[int]:
    """These processes and all that they started and those started, as far as the system tells (Linux: proc(5))."""
    found = set(roots)
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # The name before the bracket may hold anything.
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if fields[_STATE] != "Z":
                parents[int(path.parent.name)] = int(fields[_PARENT])
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def end(roots: Iterable[int], seconds: float = GRACE) -> None:
    """Ask leaders of groups to end, and after some seconds kill those of their families and groups that are left."""
    roots = set(roots)
    every = family(roots)
    for pid in roots:
        _signal(pid, signal.SIGTERM)
    until = time.monotonic() + seconds
    while time.monotonic() < until and any(_is_alive(pid) for pid in every):
        time.sleep(_PAUSE)
    for pid in every:
        _signal(pid, signal.SIGKILL)
    for pid in roots:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def _signal(pid: int, what: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, what)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    # One whose end nobody has asked for yet is over all the same.
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return False
    return fields[_STATE] == "Z"


def main() -> None:
    """Wait until nobody writes any more."""
    for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(kind, signal.SIG_IGN)
    kept: set[int] = set()
    for line in sys.stdin:
        with contextlib.suppress(ValueError):
            number = int(line)
            if number > 0:
                kept.add(number)
            else:
                kept.discard(-number)
    if kept:
        end(kept)


if __name__ == "__main__":
    main()
