"""Both files that are made from all papers, grown together while papers come: each paper is read once for the two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.progress import Silent
from digest.ranking.lexicon import OnceReader
from digest.store import papers, statistics, word_index

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.store import Store

_CHUNK = 5000
_PATIENCE_SECONDS = 0.2
_KEPT_EVERY = 100_000
"""Papers; statistics are 16 MB of file, and a kill costs what was counted since they were kept."""


def follow(store: Store, is_over: Callable[[float], bool], tell: Callable[[int], None]) -> None:
    """Grow term statistics and word index behind an ingest, and to the last paper when it is over.

    `is_over` waits for so many seconds at most and says whether the ingest is over; what it raises ends this, with
    all that was done kept. `tell` is told the number of the last paper that is in both.

    Raises:
        StoreError: one of the two cannot be read or written.
    """
    reader = OnceReader()
    kept = state = statistics.kept(store, Silent())
    indexed = 0
    try:
        while True:
            over = is_over(0)
            with store.reading() as connection:
                last = papers.last_seq(connection)
            # Small pieces would make many small segments of the index, to be merged later.
            if not over and last - min(indexed, state.counted) < _CHUNK:
                is_over(_PATIENCE_SECONDS)
                continue
            # In step, the index in front: what it has just read is counted next.
            if over or indexed <= state.counted:
                indexed = word_index.grow(store, Silent(), reader, chunks=1)
            grown = statistics.grown(store, state, reader) if over or state.counted < indexed else None
            reader.forget()
            state = grown or state
            tell(min(indexed, state.counted))
            if state.counted - kept.counted >= _KEPT_EVERY:
                statistics.keep(store, state)
                kept = state
            if over and grown is None and indexed >= last:
                word_index.grow(store, Silent(), reader)
                return
    finally:
        if state is not kept:
            statistics.keep(store, state)
