"""What readers liked and disliked, as profiles of few terms.

Most of a score is Rocchio's (1971): likeness to the liked papers' mean, less that of all known papers, less half of the
disliked ones' difference from it. The rest is the same in a space of concepts, there by Fisher's discriminant, so that
papers are found that say the same in other words. Both are measured in standard deviations over papers of reference,
from their mean. 1 is what the best five of these reach on average, the judged ones left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from digest.ranking.interest import Among, Scores, Sums, entries, values_at
from digest.ranking.largest import taken
from digest.ranking.topn import above, dense, heaviest
from digest.types import Nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from digest.ranking.space import Space
    from digest.types import Paper

TERMS = 800
"""The terms of a profile: the heaviest that the liked papers have. More of them ranked no better."""

CONCEPT_SHARE = 0.3
DISLIKED_SHARE = 0.5
BEST_KNOWN = 5
"""Papers whose average stands for what the best known ones reach."""

POWER = 1.5
"""It spreads the high end, so that a bar of 25 lets through one of twenty or thirty known papers and not of ten."""

SLACK = 1e-4
BLOCK, AT_ONCE = 256, 16
"""Readers whose products are made together, and those whose scores are looked at together."""

LIKED_AT_ONCE = 100
"""Liked papers whose likeness to all papers that are shown to their readers is found at once: of more of them most is
of papers that their readers are not shown."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What one reader judged: the papers' rows among the judged papers, and how much each counts (above 0)."""

    liked: Mapping[int, float]
    disliked: Mapping[int, float]


class JudgedPapers:
    """The papers that readers like or dislike, outside the statistics: what others like must change no ranking."""

    def __init__(self, papers: Mapping[str, Paper], space: Space) -> None:
        #: The id and the title of each, which is all that is said of one.
        self.named = [(paper.id, paper.title) for paper in papers.values()]
        self._row = {paper_id: row for row, paper_id in enumerate(papers)}
        self.sharp = space.sharp_of(list(papers.values()))
        row_of = {row: place for place, row in enumerate(space.reference.tolist())}
        rows_of_known = [space.row_of.get(paper_id, -1) for paper_id, _ in self.named]
        self._places = [row_of.get(row) for row in rows_of_known]
        self._has_terms = np.diff(self.sharp.indptr) > 0
        self._rows_of_known = np.array(rows_of_known, dtype=np.intp)
        self._space = space

    def rows(self, weights: Mapping[str, float]) -> dict[int, float]:
        """Those that are known and hold a term that is known here, by row, each with its weight.

        A paper without a known term says nothing; in a mean it would only be what all papers are not.
        """
        found = {self._row[paper_id]: weight for paper_id, weight in weights.items() if paper_id in self._row}
        # In one order, whatever order a reader named them in: sums of floating-point numbers depend on it.
        known = sorted((self.named[row][0], row) for row in found if self._has_terms[row])
        return {row: found[row] for _, row in known}

    @cached_property
    def points(self) -> NDArray[np.float32]:
        """The papers in the space of concepts; of those that are known papers, the points that are known."""
        concepts, row_of = self._space.concepts, self._rows_of_known
        points = np.empty((len(self.named), concepts.points.shape[1]), dtype=np.float32)
        points[row_of >= 0] = concepts.points[row_of[row_of >= 0]]
        points[row_of < 0] = concepts.project(self.sharp[np.flatnonzero(row_of < 0)])
        return points

    def reference_places(self, judged: Judged) -> list[int]:
        """The places, among the papers of reference, of those that one reader judged."""
        places = (self._places[row] for row in (*judged.liked, *judged.disliked))
        return [place for place in places if place is not None]


def aversion(judged: Sequence[Judged], papers: JudgedPapers, space: Space) -> list[NDArray[np.float64] | None]:
    """For each reader how like each candidate is to the disliked paper that is most like it, 0 to 1 (cosine).

    None for readers who dislike nothing.
    """
    disliked = sorted({row for each in judged for row in each.disliked})
    if not disliked:
        return [None] * len(judged)
    place = {row: n for n, row in enumerate(disliked)}
    likeness = np.clip(dense(papers.sharp[disliked], space.sharp[: space.candidates].T.tocsr()), 0.0, 1.0)
    return [likeness[[place[row] for row in each.disliked]].max(axis=0) if each.disliked else None for each in judged]


class Likes:
    """Readers' likes and dislikes (at least one liked each); see `digest.ranking.interest.Interests`."""

    def __init__(self, judged: Sequence[Judged], papers: JudgedPapers, space: Space) -> None:
        self._space, self._papers, self._judged = space, papers, judged
        shape = (len(judged), len(papers.named))
        liked, disliked = (_means([getattr(each, side) for each in judged], shape) for side in ("liked", "disliked"))
        has_dislikes = np.array([bool(each.disliked) for each in judged])
        self._terms = heaviest(liked, papers.sharp, TERMS)
        if disliked.nnz:
            self._terms -= DISLIKED_SHARE * heaviest(disliked, papers.sharp, TERMS)
            self._terms.sort_indices()
        self._drift = -1.0 + DISLIKED_SHARE * has_dislikes
        self._directions = np.array([self._direction(each) for each in judged])
        self.weights, self._offsets = self._scaled()

    def scores(self, floors: NDArray[np.float64], among: Among = Among.CANDIDATES) -> list[Scores]:
        """See `Interests.scores`."""
        columns = self._space.columns_of(self._space.like_columns, among)
        least = np.where(floors > 0, (floors ** (1 / POWER) - self._offsets) * (1 - SLACK) - SLACK, 0.0)
        found = []
        for (places, values), offset, floor in zip(
            above(self.weights, columns, least), self._offsets, floors, strict=True
        ):
            scores = np.maximum(values + offset, 0.0) ** POWER
            passing = scores >= floor
            found.append(Scores(places[passing], scores[passing]))
        return found

    def reasons(self, interests: NDArray[np.intp], candidates: NDArray[np.intp]) -> Sums:
        """See `Interests.reasons`."""
        space = self._space
        direct, around = self._factors[interests].T
        at, pairs = entries(space.sharp, candidates)
        columns = space.sharp.indices[at].astype(np.intp)
        values = (direct * self._drift[interests])[pairs] * space.mean[columns] * space.sharp.data[at]
        concepts = space.concepts.contributions(space.sharp, candidates, self._directions[interests])
        values += around[pairs] * concepts
        values += direct[pairs] * (values_at(self._terms, interests[pairs], columns) * space.sharp.data[at])
        return Sums(pairs, columns, values)

    def nearest(self, interests: NDArray[np.intp], candidates: NDArray[np.intp]) -> list[Nearest | None]:
        """See `Interests.nearest`: of the liked papers."""
        found: list[Nearest | None] = [None] * len(interests)
        rows_of = {n: list(self._judged[n].liked) for n in np.unique(interests).tolist()}
        for group in _groups(rows_of, LIKED_AT_ONCE):
            among = np.flatnonzero(np.isin(interests, group))
            liked = sorted({row for n in group for row in rows_of[n]})
            shown = np.unique(candidates[among])
            likeness = dense(self._papers.sharp[liked], self._space.sharp[shown].T.tocsr())
            place = {row: n for n, row in enumerate(liked)}
            places = {n: [place[row] for row in rows_of[n]] for n in group}
            own = [places[n] for n in interests[among].tolist()]
            columns = np.repeat(np.searchsorted(shown, candidates[among]), [len(each) for each in own])
            values = likeness[list(chain.from_iterable(own)), columns].tolist()
            start = 0
            for pair, of_pair in zip(among.tolist(), own, strict=True):
                stop = start + len(of_pair)
                best = max(range(start, stop), key=values.__getitem__)  # of equals, the first
                paper_id, title = self._papers.named[liked[of_pair[best - start]]]
                found[pair] = Nearest(id=paper_id, title=title, likeness=round(min(values[best], 1.0), 4))
                start = stop
        return found

    def _direction(self, judged: Judged) -> NDArray[np.float64]:
        concepts, points = self._space.concepts, self._papers.points
        difference = _mean_point(points, judged.liked) - concepts.centre
        if judged.disliked:
            difference -= DISLIKED_SHARE * (_mean_point(points, judged.disliked) - concepts.centre)
        return concepts.discriminant(difference)

    def _scaled(self) -> tuple[csr_matrix, NDArray[np.float64]]:
        """The rows whose products with papers, and an offset, are scores."""
        terms = _beside(self._terms, self._drift[:, None])
        self._factors, offsets = np.zeros((len(self._judged), 2)), np.zeros(len(self._judged))
        for rows, straight, around in _by_rows(terms, self._directions, self._space):
            direct, concepts = _Centred.of(straight), _Centred.of(around)
            share = np.where(concepts.deviation > 0, CONCEPT_SHARE, 0.0)
            a, b = (1 - share) / _or_one(direct.deviation), share / _or_one(concepts.deviation)
            total = a[:, None] * direct.values + b[:, None] * concepts.values
            # How like the liked papers are to themselves is no measure of what others can reach.
            own = [self._papers.reference_places(each) for each in self._judged[rows]]
            reached = _best_known(total, own)
            scale = np.where(reached > 0, 1 / _or_one(reached), 0.0)
            self._factors[rows] = np.column_stack([a * scale, b * scale])
            offsets[rows] = -scale * (a * direct.mean + b * concepts.mean)
        straight, around = self._factors.T
        terms.data = (terms.data * np.repeat(straight, np.diff(terms.indptr))).astype(np.float32)
        return _beside(terms, around[:, None] * self._directions), offsets


class _Centred(NamedTuple):
    """Rows of scores less their mean, that mean, and their standard deviation."""

    values: NDArray[np.float64]
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    @classmethod
    def of(cls, scores: NDArray[np.float64]) -> _Centred:
        mean = scores.mean(axis=1)
        values = scores - mean[:, None]
        return cls(values, mean, np.sqrt(np.square(values).mean(axis=1)))


def _by_rows(
    terms: csr_matrix, directions: NDArray[np.float64], space: Space
) -> Iterator[tuple[slice, NDArray[np.float64], NDArray[np.float64]]]:
    """Some rows, and their products with the papers of reference by terms and by concepts.

    A few rows at a time, as arrays of them all would be large, and those of a few stay in the processor's cache.
    """
    for start in range(0, terms.shape[0], BLOCK):
        block = slice(start, start + BLOCK)
        straight = dense(terms[block], space.reference_columns)
        around = np.ascontiguousarray((space.reference_points @ directions[block].T).T)
        for within in range(0, len(straight), AT_ONCE):
            part = slice(within, within + AT_ONCE)
            yield slice(start + within, start + within + len(straight[part])), straight[part], around[part]


def _beside(left: csr_matrix, right: NDArray[np.float64]) -> csr_matrix:
    """Both as one matrix of single precision, `right` with its entries that are not 0; `left` is in order of columns.

    As `scipy.sparse.hstack` does it, which goes by way of coordinates and sorts them.
    """
    rows, columns = np.nonzero(right)
    lengths, more = np.diff(left.indptr), np.bincount(rows, minlength=len(right))
    ends = np.concatenate([[0], np.cumsum(lengths + more)])
    is_right = np.zeros(ends[-1], dtype=bool)
    is_right[np.arange(len(rows)) + np.repeat(np.cumsum(lengths), more)] = True
    indices, data = np.empty(len(is_right), dtype=left.indices.dtype), np.empty(len(is_right), dtype=np.float32)
    indices[is_right], indices[~is_right] = left.shape[1] + columns, left.indices
    data[is_right], data[~is_right] = right[rows, columns], left.data
    return csr_matrix((data, indices, ends), shape=(left.shape[0], left.shape[1] + right.shape[1]))


def _groups(rows_of: Mapping[int, Sequence[int]], most: int) -> Iterator[list[int]]:
    """The interests in groups that have at most so many rows between them, or are one alone."""
    group: list[int] = []
    rows = 0
    for n, own in rows_of.items():
        if group and rows + len(own) > most:
            yield group
            group, rows = [], 0
        group.append(n)
        rows += len(own)
    if group:
        yield group


def _means(weights: Sequence[Mapping[int, float]], shape: tuple[int, int]) -> csr_matrix:
    """Rows that multiplied with papers give weighted means of them; of no papers, 0."""
    columns = [column for each in weights for column in each]
    values = [value / sum(each.values()) for each in weights for value in each.values()]
    rows = np.repeat(np.arange(len(weights)), [len(each) for each in weights])
    return csr_matrix((np.array(values, dtype=np.float32), (rows, columns)), shape=shape)


def _mean_point(points: NDArray[np.float32], weights: Mapping[int, float]) -> NDArray[np.float64]:
    factors = np.array(list(weights.values()))
    mean: NDArray[np.float64] = factors @ points[list(weights)] / factors.sum()
    return mean


def _best_known(scores: NDArray[np.float64], own: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """What each row's best papers score on average, its `own` ones left out: five, or fewer where there are few."""
    for row, places in zip(scores, own, strict=True):
        row[places] = -np.inf
    left = scores.shape[1] - np.array([len(set(places)) for places in own])
    best = taken(scores, min(BEST_KNOWN, scores.shape[1]))
    counted = np.clip(left // 10, 1, BEST_KNOWN)
    means = [
        float(row[len(row) - n :].mean()) if papers else 0.0 for row, n, papers in zip(best, counted, left, strict=True)
    ]
    return np.array(means)


def _or_one(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values to divide by, 1 for those that are 0."""
    return np.where(values, values, 1.0)
