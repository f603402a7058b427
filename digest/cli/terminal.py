"""Progress for whoever watches stderr: a bar on a terminal, now and then a plain line elsewhere."""

from __future__ import annotations

import re
import time
from datetime import timedelta
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
_FIRST_SECONDS = 1.0
"""A rate of less time says nothing."""

_COUNT = re.compile(r"\d+")


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
            TextColumn("{task.fields[rate]}", markup=False),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._stage = ""
        self._task: TaskID | None = None
        self._spoke = time.monotonic()
        self._begun = (self._spoke, 0, 0)
        """When the stage began, and what was done and counted by then."""

    def step(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """See `digest.progress.Progress.step`."""
        counted = _COUNT.match(note)
        count = int(counted[0]) if counted else done
        if is_new := stage != self._stage:
            self._stage, self._begun = stage, (time.monotonic(), done, count)
        note = f"{count:,}{note[counted.end() :]}" if counted else note
        rate = self._rate(count - self._begun[2])
        if self._console.is_terminal:
            if self._task is None or is_new:
                # One bar at a time: a folder may hold more dumps than a terminal has lines.
                if self._task is not None:
                    self._bar.remove_task(self._task)
                self._task = self._bar.add_task(stage, total=total, note=note, rate="")
            self._bar.update(self._task, completed=done, total=total, note=note, rate=f"{rate:,.0f}/s" if rate else "")
        elif time.monotonic() - self._spoke >= _SECONDS_BETWEEN_LINES:
            share = f"{done / total:.0%}" if total else f"{done:,}"
            said = [f"{share} {note}".rstrip()]
            if rate:
                said.append(f"{rate:,.0f}/s")
            if total and (pace := self._rate(done - self._begun[1])):
                said.append(f"{timedelta(seconds=round((total - done) / pace))} left")
            self.say(f"{stage}: {', '.join(said)}")

    def _rate(self, count: int) -> float:
        """So many a second since the stage began; 0 where that is not one, or too early to say."""
        seconds = time.monotonic() - self._begun[0]
        return count / seconds if seconds >= _FIRST_SECONDS and count >= seconds else 0.0

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
