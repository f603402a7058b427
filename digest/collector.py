"""Python's collector of objects that only point to each other (the standard library's `gc`), kept from useless work."""

from __future__ import annotations

import atexit
import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ALLOCATIONS = 20_000
"""Objects made and not yet freed after which it looks through them: a few hundred mails' worth."""


@contextmanager
def seldom() -> Iterator[None]:
    """While many issues are made, or made into mails, it looks seldom, and at nothing old: all is freed without it.

    By default it would take a fifth of the time, most of it for all that the program has loaded.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def not_at_exit() -> None:
    """When this process ends it looks through nothing once more: all goes with the process."""
    atexit.register(gc.freeze)
