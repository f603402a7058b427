"""Several processes that send from one outbox at once: each claims what no other one has."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from datetime import timedelta
from typing import TYPE_CHECKING

from digest.store import deliveries

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.clock import Clock
    from digest.progress import Progress
    from digest.run_report import RunReport
    from digest.store import Store

_LOOK = timedelta(seconds=1)


def in_parallel(
    own: Callable[[Progress], RunReport],
    share: Callable[[], RunReport],
    processes: int,
    together: Together,
) -> list[RunReport]:
    """What this process did and each of the others; `share` is what one of these does, and can be pickled.

    This one begins at once, while the others start. What one of them raises is raised here when all have ended.
    """
    # Forking would copy the locks of threads that are not copied.
    with ProcessPoolExecutor(processes - 1, mp_context=multiprocessing.get_context("spawn")) as pool:
        working = [pool.submit(share) for _ in range(processes - 1)]
        done = own(together)
        unfinished = set(working)
        while unfinished:
            _, unfinished = wait(unfinished, _LOOK.total_seconds(), FIRST_COMPLETED)
            together.look()
    return [done, *(each.result() for each in working)]


class Together:
    """How far all processes are, as the database has it, for whoever watches this one."""

    def __init__(self, store: Store, clock: Clock, watch: Progress) -> None:
        self._store, self._clock, self._watch = store, clock, watch
        self._looked = clock.now()
        self._total = self._left()

    def step(self, stage: str, _done: int, _total: int | None, note: str = "") -> None:
        """What this process did is part of it."""
        if self._clock.now() - self._looked >= _LOOK:
            self.look(stage, note)

    def say(self, line: str) -> None:
        """Pass a line on."""
        self._watch.say(line)

    def look(self, stage: str = "delivering", note: str = "") -> None:
        """Look, and tell."""
        left = self._left()
        self._looked = self._clock.now()
        self._watch.step(stage, max(self._total - left, 0), self._total, note)

    def _left(self) -> int:
        now = self._clock.now()
        with self._store.reading() as connection:
            return deliveries.waiting(connection, now=now) + deliveries.held(connection, now=now)
