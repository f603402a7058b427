"""How a long stage tells how far it is, without knowing who watches."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Somebody who watches a run."""

    def step(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """`done` of `total` units of a stage are over; `total` is None where nobody knows.

        `note` is what is being done. One that begins with a number counts what the units are not (`1200 papers`, where
        `done` is bytes of a file); of these is the rate then, so many a second.
        """

    def say(self, line: str) -> None:
        """One line that a person should read now."""


class Silent:
    """Nobody watches."""

    def step(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """Pass over it."""

    def say(self, line: str) -> None:
        """Pass over it."""
