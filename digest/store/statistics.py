"""Term statistics of all papers, kept beside the database and grown by what came since, so a day costs what it brings.

They are made from the papers and can be made again: a file that is missing, damaged, of another version or of another
database is replaced, which counts every paper once more.
"""

from __future__ import annotations

import os
import zipfile
from typing import TYPE_CHECKING

import numpy as np

from digest.errors import StoreError
from digest.progress import Silent
from digest.ranking import terms
from digest.ranking.weights import Statistics
from digest.store import papers

if TYPE_CHECKING:
    from pathlib import Path

    from digest.progress import Progress
    from digest.store import Store

VERSION = 1
"""Changes whenever the same papers would be counted otherwise: other stems, stop words, columns or title weight."""

_CHUNK = 5000


def of_all(store: Store, progress: Progress | None = None) -> Statistics:
    """The statistics of all papers in the database; each is counted once, as it was when it arrived.

    Raises:
        StoreError: they cannot be written.
    """
    watch = progress or Silent()
    path = store.path.with_name("statistics.npz")
    kept = _load(path)
    with store.reading() as connection:
        last = papers.last_seq(connection)
        if kept is not None and papers.seq_of(connection, kept[2]) != kept[1]:
            kept = None
    statistics, counted, name = kept or (Statistics.of(terms.count([])), 0, "")
    if kept is None and path.exists():
        watch.say("the term statistics are not of this version or this database: counting all papers again …")
    if counted == last:
        return statistics
    start = counted
    while counted < last:
        with store.reading() as connection:
            chunk = papers.after(connection, counted, _CHUNK)
        statistics += Statistics.of(terms.count([paper for *_, paper in chunk]))
        counted, name = chunk[-1][0], chunk[-1][2].id
        watch.step("counting terms", counted - start, last - start)
    _save(path, statistics, counted, name)
    return statistics


def _load(path: Path) -> tuple[Statistics, int, str] | None:
    """The statistics in a file, with number and id of the last paper they count; None if they are of no use."""
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
            return Statistics(float(kept["papers"]), frequency, float(kept["length"])), seq, str(kept["name"])
    except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile):
        return None


def _save(path: Path, statistics: Statistics, seq: int, name: str) -> None:
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
                seq=np.array(seq),
                name=np.array(name),
                papers=np.array(statistics.papers),
                length=np.array(statistics.length),
                places=places,
                frequency=frequency,
            )
        unfinished.replace(path)
    except OSError as error:
        raise StoreError(f"cannot keep the term statistics: {str(path)!r}: {error.strerror}") from error
