"""Topics in readers' words, widened by what the best known papers have in common.

The words are weighted by BM25 and widened first by RM3 (Abdul-Jaleel et al., UMass at TREC 2004), then by likeness to
the best papers' centroid. A score is the square root of how a paper compares with the best known one, which spreads the
low end, where a reader's bar lies; times how well that one covers the topic's own words, so a topic that no known paper
fits has no high scores.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, diags, hstack

from digest.ranking.interest import Among, Scores, Sums, entries, values_at
from digest.ranking.topn import above, best, dense, product
from digest.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from digest.ranking.space import Space
    from digest.types import Nearest

# Chosen with written information needs over library abstracts and a saved page of a day's papers in view; around them
# the measures hardly change. docs/evaluation.md has the figures.
RM3_PAPERS, RM3_TERMS, RM3_ORIGINAL = 10, 20, 0.4
NEIGHBOURS, NEIGHBOUR_BAR, NEIGHBOUR_SHARE = 18, 0.4, 0.65
WORDS_POWER = 5
"""The words' part of a score counts for papers near the best only; the rest is ordered by likeness."""

CHANCE, COVERED = 0.1, 0.6
"""What share of a topic's words some paper covers by chance, and what share one covers that is about the topic."""

SLACK = 1e-4
"""Far above what rounding adds to a sum of single precision, far below what a score shows."""


REMEMBERED = 2_048
"""Topics of a generation, as readers share many; some 20 MB when full of usual ones."""


class Topics:
    """Topics, each a text, over a space's known papers; see `digest.ranking.interest.Interests`."""

    def __init__(self, made: Sequence[Topic], space: Space) -> None:
        self._space = space
        #: How a paper's words compare with those of the best known one: at most 1.
        self._words = _stacked([each.words for each in made], space.bm25.shape[1])
        self._likeness = _stacked([each.likeness for each in made], space.width)
        self.weights = hstack([(1 - NEIGHBOUR_SHARE) * self._words, self._likeness], format="csr", dtype=np.float32)
        self._words.resize(self.weights.shape)
        self._strengths = np.array([each.strength for each in made])

    def scores(self, floors: NDArray[np.float64], among: Among = Among.CANDIDATES) -> list[Scores]:
        """See `Interests.scores`."""
        columns = self._space.columns_of(self._space.topic_columns, among)
        least = (floors * _inverse(self._strengths)) ** 2 * (1 - SLACK)
        # No topic that nothing covers has a paper above a floor.
        least[(self._strengths == 0) & (floors > 0)] = np.inf
        # The words' part is a power of at most 1, so the product is a bound from above.
        bounds = above(self.weights, columns, least)
        matches = dense(self._words, columns)
        found = []
        for n, (places, bound) in enumerate(bounds):
            match = matches[n, places]
            raw = bound - (1 - NEIGHBOUR_SHARE) * (match - match**WORDS_POWER)
            values = self._strengths[n] * np.sqrt(np.maximum(raw, 0.0))
            passing = values >= floors[n]
            found.append(Scores(places[passing], values[passing]))
        return found

    def reasons(self, interests: NDArray[np.intp], candidates: NDArray[np.intp]) -> Sums:
        """See `Interests.reasons`."""
        space = self._space
        at, pairs = entries(space.tfidf, candidates)
        columns = space.tfidf.indices[at].astype(np.intp)
        values = values_at(self._likeness, interests[pairs], columns) * space.tfidf.data[at]
        # A paper's words stand in both matrices, in the same order; TF-IDF has its pairs of words between them.
        at, of = entries(space.bm25, candidates)
        words = values_at(self._words, interests[of], space.bm25.indices[at].astype(np.intp)) * space.bm25.data[at]
        matches = np.bincount(of, words, minlength=len(interests))
        closeness = (1 - NEIGHBOUR_SHARE) * matches ** (WORDS_POWER - 1)
        values[columns < space.bm25.shape[1]] += closeness[of] * words
        return Sums(pairs, columns, values)

    def nearest(self, interests: NDArray[np.intp], _candidates: NDArray[np.intp]) -> list[Nearest | None]:
        """None for each: a topic is made of words."""
        return [None] * len(interests)


class Row(NamedTuple):
    """One row of a sparse matrix: its columns, ascending, and the entries there."""

    columns: NDArray[np.int32]
    values: NDArray[np.float32]


class Topic(NamedTuple):
    """One topic: its row over words, its row over terms, and how well known papers cover it, 0 to 1."""

    words: Row
    likeness: Row
    strength: float


class TopicMaker:
    """Makes topics of readers' texts; what many readers ask for is made once while it is remembered.

    What a topic is depends on its text and the known papers only, not on those that are made with it.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._known: Recent[str, Topic] = Recent(REMEMBERED)

    def topics(self, texts: Sequence[str]) -> Topics:
        """The topics of these texts, in their order."""
        found: dict[str, Topic] = {}
        for text in texts:
            with suppress(KeyError):
                found[text] = self._known[text]
        new = [text for text in dict.fromkeys(texts) if text not in found]
        for text, topic in zip(new, _made(new, self._space) if new else (), strict=True):
            self._known.keep(text, topic)
            found[text] = topic
        return Topics([found[text] for text in texts], self._space)


def _made(texts: Sequence[str], space: Space) -> Iterator[Topic]:
    """The topics of these texts."""
    shares, ceilings = space.words(texts)
    words = space.bm25.shape[1]
    by_word, by_term = space.topic_columns[:words], space.topic_columns[words:]
    covered = best(shares, by_word, RM3_PAPERS)
    widened = RM3_ORIGINAL * _summing_to_one(shares) + (1 - RM3_ORIGINAL) * _summing_to_one(
        best(_summing_to_one(covered), space.bm25, RM3_TERMS)
    )
    widened.sort_indices()
    matched = best(widened, by_word, NEIGHBOURS)
    near = product(_summing_to_one(_near_the_best(matched)), space.tfidf)
    nearest = best(near, by_term, 1)
    cover = _largest(covered) * _inverse(ceilings)
    strengths = np.clip((cover - CHANCE) / (COVERED - CHANCE), 0.0, 1.0)
    likeness = _scaled(near, NEIGHBOUR_SHARE * _inverse(_largest(nearest)))
    return map(Topic, _rows(_scaled(widened, _inverse(_largest(matched)))), _rows(likeness), strengths.tolist())


def _rows(matrix: csr_matrix) -> Iterator[Row]:
    """The rows, each of arrays of its own, so that one that is remembered keeps no other."""
    matrix.sort_indices()
    for start, stop in pairwise(matrix.indptr.tolist()):
        yield Row(matrix.indices[start:stop].copy(), matrix.data[start:stop].copy())


def _stacked(rows: Sequence[Row], width: int) -> csr_matrix:
    """These rows, one below the other."""
    ends = np.cumsum([0, *(len(row.columns) for row in rows)])
    columns, values = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    return csr_matrix((values, columns, ends), shape=(len(rows), width))


def _summing_to_one(rows: csr_matrix) -> csr_matrix:
    return _scaled(rows, _inverse(np.asarray(rows.sum(axis=1), dtype=np.float64).ravel()))


def _scaled(rows: csr_matrix, factors: NDArray[np.float64]) -> csr_matrix:
    return (diags(factors) @ rows).tocsr().astype(np.float32)


def _near_the_best(matched: csr_matrix) -> csr_matrix:
    """The same without entries that are too far below the largest of their row."""
    of = np.repeat(np.arange(matched.shape[0]), np.diff(matched.indptr))
    near = matched.data >= NEIGHBOUR_BAR * _largest(matched)[of]
    return csr_matrix((matched.data[near], (of[near], matched.indices[near])), shape=matched.shape)


def _largest(rows: csr_matrix) -> NDArray[np.float64]:
    """The largest entry of each row, of which none is below 0."""
    return np.asarray(rows.max(axis=1).toarray(), dtype=np.float64).ravel()


def _inverse(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)
