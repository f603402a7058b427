"""Searching all papers: the index finds some hundred, the ranking's features score them.

What the index finds is already in good order, so what it cuts off would not have come first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.errors import StoreError
from digest.progress import Silent
from digest.ranking import search as features
from digest.store import papers, statistics, word_index

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import numpy as np
    from numpy.typing import NDArray

    from digest.progress import Progress
    from digest.store import Store
    from digest.types import Paper

DEPTH = 500
"""Papers that are scored for one search; where more are wanted, twice as many as are wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A paper that was found, the day it is news of, and its score, 0 to 100."""

    day: date
    score: float
    paper: Paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The first and the last day of papers that may be found, None for any, and how many at most; None for `DEPTH`."""

    since: date | None = None
    until: date | None = None
    limit: int | None = None


ANY = Bounds()


def search(store: Store, query: features.Query, bounds: Bounds = ANY, progress: Progress | None = None) -> list[Found]:
    """The papers that answer a query best, best first, equals by id; those that it names by id lead, with 100.

    Raises:
        StoreError: the database, its statistics or its index cannot be read or written.
    """
    with store.reading() as connection:
        named = {seq for name in query.ids if (seq := papers.seq_of(connection, name)) is not None}
        rows = papers.by_seqs(connection, named)
    leading = [
        Found(day=day, score=100.0, paper=paper)
        for _, day, paper in rows
        if (bounds.since is None or bounds.since <= day) and (bounds.until is None or day <= bounds.until)
    ]
    others: list[Found] = []
    if query.loose or query.phrases:
        watch = progress or Silent()
        known = statistics.of_all(store, watch)
        words = features.telling_words(query.loose, known)
        rows = [row for row in _candidates(store, query.phrases, words, bounds, watch) if row[0] not in named]
        others = _scored(rows, features.by_words(query, [paper for *_, paper in rows], known))
    return [*sorted(leading, key=_order), *others][: bounds.limit]


def similar(store: Store, paper_id: str, bounds: Bounds = ANY, progress: Progress | None = None) -> list[Found]:
    """The papers most like the one that bears this id, itself left out; the most alike first, equals by id.

    Raises:
        StoreError: no paper bears the id, or the database, its statistics or its index cannot be read or written.
    """
    watch = progress or Silent()
    with store.reading() as connection:
        seq = papers.seq_of(connection, paper_id)
        if seq is None:
            raise StoreError(f"no such paper: {paper_id!r}: it was never ingested")
        [(_, _, paper)] = papers.by_seqs(connection, [seq])
    known = statistics.of_all(store, watch)
    words = features.telling_words([paper.title, paper.abstract], known)
    rows = [row for row in _candidates(store, (), words, bounds, watch) if row[0] != seq]
    return _scored(rows, features.by_likeness(paper, [other for *_, other in rows], known))[: bounds.limit]


def _candidates(
    store: Store, phrases: Sequence[str], words: Sequence[str], bounds: Bounds, watch: Progress
) -> list[tuple[int, date, Paper]]:
    depth = max(DEPTH, 2 * (bounds.limit or 0))
    days = (bounds.since, bounds.until)
    seqs = word_index.find(store, phrases, words, days=days, limit=depth, progress=watch)
    with store.reading() as connection:
        return papers.by_seqs(connection, seqs)


def _scored(rows: Sequence[tuple[int, date, Paper]], scores: NDArray[np.float64]) -> list[Found]:
    found = (
        Found(day=day, score=score, paper=paper) for (_, day, paper), score in zip(rows, scores.tolist(), strict=True)
    )
    return sorted(found, key=_order)


def _order(found: Found) -> tuple[float, str]:
    return -found.score, found.paper.id
