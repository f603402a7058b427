"""Term statistics of all papers, kept beside the database and grown by what came since, so a day costs what it brings.

They are made from the papers and can be made again: a file that is missing, damaged, of another version or of another
database is replaced, which counts every paper once more.
"""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from digest.errors import StoreError
from digest.progress import Silent
from digest.ranking import terms
from digest.ranking.lexicon import Reader
from digest.ranking.weights import Statistics
from digest.store import merges, papers

if TYPE_CHECKING:
    from pathlib import Path

    import sqlalchemy as sa

    from digest.progress import Progress
    from digest.store import Store

VERSION = 1
"""Changes whenever the same papers would be counted otherwise: other stems, stop words, columns or title weight."""

_CHUNK = 5000
_FILE = "statistics.npz"


def of_all(store: Store, progress: Progress | None = None) -> Statistics:
    """The statistics of all papers in the database; each is counted once, as it was when it arrived.

    A work that became part of another counts no more.

    Raises:
        StoreError: they cannot be written.
    """
    watch = progress or Silent()
    state = before = kept(store, watch)
    with store.reading() as connection:
        last = papers.last_seq(connection)
    while (more := grown(store, state)) is not None:
        state = more
        watch.step("counting terms", state.counted - before.counted, max(last - before.counted, 0))
    if state is not before:
        keep(store, state)
    return state.statistics


@dataclass(frozen=True, slots=True)
class State:
    """Statistics, number and id of the last paper that they count, and the last merge that they heed."""

    statistics: Statistics
    counted: int
    name: str
    merged: int


def kept(store: Store, progress: Progress) -> State:
    """What was kept last; of no papers where nothing was, or nothing of use."""
    path = store.folder / _FILE
    found = _load(path)
    with store.reading() as connection:
        if found is not None and _is_of(connection, found):
            return found
        merged = merges.last(connection)
    if path.exists():
        progress.say("the term statistics are not of this version or this database: counting all papers again …")
    return State(Statistics.of(terms.count([])), 0, "", merged)


def _is_of(connection: sa.Connection, state: State) -> bool:
    """Whether statistics are of this database, as it is or was."""
    is_known = papers.seq_of(connection, state.name) == merges.current(connection, state.counted)
    return is_known and state.merged <= merges.last(connection)


def grown(store: Store, state: State, reader: Reader | None = None) -> State | None:
    """The state after the next papers, less those that were merged into others; None if nothing happened since."""
    reader = reader or Reader()
    with store.reading() as connection:
        chunk = papers.texts_after(connection, state.counted, _CHUNK)
        merged = merges.after(connection, state.merged)
    if not chunk and not merged:
        return None
    # What was merged before it could be counted is no longer there to be counted.
    gone = [each.text for each in merged.values() if each.gone <= state.counted]
    statistics = state.statistics
    if gone:
        statistics -= Statistics.of(terms.count(gone))
    if chunk:
        statistics += Statistics.of_coded([(reader.codes(each.title), reader.codes(each.abstract)) for each in chunk])
        state = replace(state, counted=chunk[-1].seq, name=chunk[-1].id)
    return replace(state, statistics=statistics, merged=max(merged, default=state.merged))


def _load(path: Path) -> State | None:
    """What a file holds; None if it is of no use."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            version, columns, seq = (int(kept[name]) for name in ("version", "columns", "seq"))
            if version != VERSION or columns != terms.COLUMNS:
                return None
            frequency = kept["frequency"].astype(np.float32, copy=False)
            if frequency.shape != (columns,):
                places, found = kept["places"], frequency
                frequency = np.zeros(columns, dtype=np.float32)
                frequency[places] = found
            statistics = Statistics(float(kept["papers"]), frequency, float(kept["length"]))
            # Files of before works were merged do not have the last.
            return State(statistics, seq, str(kept["name"]), int(kept["merged"]) if "merged" in kept else 0)
    except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile):
        return None


def keep(store: Store, state: State) -> None:
    """Keep a state for those who ask next.

    Raises:
        StoreError: it cannot be written.
    """
    path = store.folder / _FILE
    statistics = state.statistics
    frequency, places = statistics.frequency, np.arange(0, dtype=np.int32)
    # Where most columns are used they are kept as they stand: that is half the bytes and a quarter of the time.
    if 2 * np.count_nonzero(frequency) < terms.COLUMNS:
        places = np.flatnonzero(frequency).astype(np.int32)
        frequency = frequency[places]
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            np.savez(
                file,
                version=np.array(VERSION),
                columns=np.array(terms.COLUMNS),
                seq=np.array(state.counted),
                name=np.array(state.name),
                merged=np.array(state.merged),
                papers=np.array(statistics.papers),
                length=np.array(statistics.length),
                places=places,
                frequency=frequency,
            )
        unfinished.replace(path)
    except OSError as error:
        raise StoreError(f"cannot keep the term statistics: {str(path)!r}: {error.strerror}") from error
