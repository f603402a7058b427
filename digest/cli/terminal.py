"""Progress for whoever watches stderr: a bar on a terminal, now and then a plain line elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from types import TracebackType

_SECONDS_BETWEEN_LINES = 5.0


class Watcher:
    """A `digest.progress.Progress` on stderr, for the length of a `with` block."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar = Progress(
            SpinnerColumn(),
            # Names of files are not markup.
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._stage = ""
        self._task: TaskID | None = None
        self._spoke = time.monotonic()

    def step(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """See `digest.progress.Progress.step`."""
        if self._console.is_terminal:
            if self._task is None or stage != self._stage:
                # One bar at a time: a folder may hold more dumps than a terminal has lines.
                if self._task is not None:
                    self._bar.remove_task(self._task)
                self._stage, self._task = stage, self._bar.add_task(stage, total=total, note=note)
            self._bar.update(self._task, completed=done, total=total, note=note)
        elif time.monotonic() - self._spoke >= _SECONDS_BETWEEN_LINES:
            share = f"{done / total:.0%}" if total else f"{done}"
            self.say(f"{stage}: {share} {note}".rstrip())

    def say(self, line: str) -> None:
        """See `digest.progress.Progress.say`."""
        self._console.print(line, markup=False)
        self._spoke = time.monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
