"""Several processes that send from one outbox at once: each claims what no other one has."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from typing import TYPE_CHECKING

from digest.store import deliveries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from digest.clock import Clock
    from digest.progress import Progress
    from digest.run_report import RunReport
    from digest.store import Store

_LOOK_SECONDS = 1.0


def in_parallel(
    share: Callable[[], RunReport], processes: int, store: Store, clock: Clock, progress: Progress
) -> Iterator[RunReport]:
    """What each of the processes did; `share` is what one does, and can be pickled.

    How far they are together is read from the database. What one of them raises is raised here when all have ended.
    """
    with store.reading() as connection:
        total = deliveries.waiting(connection, now=clock.now())
    # Forking would copy the locks of threads that are not copied.
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        working = {pool.submit(share) for _ in range(processes)}
        unfinished = working
        while unfinished:
            _, unfinished = wait(unfinished, _LOOK_SECONDS, FIRST_COMPLETED)
            with store.reading() as connection:
                left = deliveries.waiting(connection, now=clock.now()) + deliveries.held(connection, now=clock.now())
            progress.step("delivering", max(total - left, 0), total)
    yield from (each.result() for each in working)
