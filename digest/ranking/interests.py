"""What a reader cares about, one scorer an interest, so that separate interests are never averaged.

A scorer gives every paper a score that comes from a sum over terms, which is what makes it explainable. 0 is a paper
that has nothing of an interest, 1 what the best known papers reach; for a topic that they cover in part only, less.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from digest.ranking.space import Space

# Chosen with written information needs over library abstracts and a saved page of a day's papers in view; around them
# the measures hardly change. docs/evaluation.md has the figures.
RM3_PAPERS, RM3_TERMS, RM3_ORIGINAL = 10, 20, 0.4
NEIGHBOURS, NEIGHBOUR_BAR, NEIGHBOUR_SHARE = 18, 0.4, 0.65
WORDS_POWER = 5
"""The words' part of a score counts for papers near the best only; the rest is ordered by likeness."""

CHANCE, COVERED = 0.1, 0.6
"""What share of a topic's words some paper covers by chance, and what share one covers that is about the topic."""

CONCEPT_SHARE = 0.4
DISLIKED_SHARE = 0.5
BEST_KNOWN = 5
"""Papers whose average stands for what the best known ones reach."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an interest's scores that is a sum over terms: candidates x columns times `weights`, times `factor`."""

    rows: csr_matrix
    weights: NDArray[np.float64]
    factor: NDArray[np.float64]

    def scores(self) -> NDArray[np.float64]:
        """What the part adds to each candidate's score."""
        scores: NDArray[np.float64] = (self.rows @ self.weights) * self.factor
        return scores

    def of(self, row: int) -> dict[int, float]:
        """What each term (column) adds to one candidate's score."""
        start, stop = self.rows.indptr[row : row + 2]
        columns = self.rows.indices[start:stop]
        values = self.rows.data[start:stop] * self.weights[columns] * self.factor[row]
        return dict(zip(columns.tolist(), values.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Scored:
    """One interest's view of the candidates: their scores, and the parts these are made of (none for votes)."""

    label: str
    scores: NDArray[np.float64]
    parts: tuple[Part, ...] = ()
    weight: float = 1.0

    def times(self, weight: float) -> Scored:
        """The same view with a weight: above 1 it has more turns, below 1 fewer, and its scores are lower."""
        return replace(self, scores=self.scores * min(weight, 1.0), weight=weight)

    def reasons(self, row: int) -> dict[int, float]:
        """What each term (column) adds to the sum that one candidate's score comes from."""
        reasons: dict[int, float] = {}
        for part in self.parts:
            for column, value in part.of(row).items():
                reasons[column] = reasons.get(column, 0.0) + value
        return reasons


def of_topic(text: str, space: Space) -> Scored:
    """Score papers by a topic in a reader's words.

    The words are weighted by BM25 and widened by what the best known papers have in common: first by RM3 (Abdul-Jaleel
    et al., UMass at TREC 2004), then by likeness to the best papers' centroid. A score is the square root of how a
    paper compares with the best known one, which spreads the low end, where a reader's bar lies; times how well that
    one covers the topic's own words, so a topic that no known paper fits has no high scores.
    """
    words, ceiling = space.words(text)
    covered = space.bm25 @ words
    if not covered.any():
        return Scored(text, np.zeros(space.candidates))
    widened = _relevance_model(words / words.sum(), covered, space.bm25)
    matched = space.bm25 @ widened
    near = _neighbourhood(matched, space.tfidf)
    likeness = space.tfidf @ near
    closeness = (matched[: space.candidates] / matched.max()) ** (WORDS_POWER - 1)
    by_words = (1 - NEIGHBOUR_SHARE) / matched.max() * closeness
    by_likeness = np.full(space.candidates, NEIGHBOUR_SHARE / likeness.max())
    parts = (Part(space.own_bm25, widened, by_words), Part(space.own_tfidf, near, by_likeness))
    strength = np.clip((covered.max() / ceiling - CHANCE) / (COVERED - CHANCE), 0.0, 1.0)
    return Scored(text, strength * np.sqrt(parts[0].scores() + parts[1].scores()), parts)


def of_likes(label: str, space: Space, liked: csr_matrix, disliked: csr_matrix) -> Scored:
    """Score papers by the papers a reader liked and disliked (sharp rows; at least one liked).

    Most of a score is Rocchio's (1971): likeness to the liked ones' mean, less that of all known papers, less half of
    the disliked ones' difference from it. The rest is the same in the space of concepts, there by Fisher's
    discriminant, so that papers are found that say the same in other words. Both are measured in standard
    deviations over the known papers, from their mean. 1 is what the best five known papers reach on average.
    """
    wanted = _mean_row(liked) - space.mean
    points = space.concepts.points
    centre = points.mean(axis=0)
    difference = space.concepts.project(liked)[0].mean(axis=0) - centre
    if disliked.shape[0]:
        wanted -= DISLIKED_SHARE * (_mean_row(disliked) - space.mean)
        difference -= DISLIKED_SHARE * (space.concepts.project(disliked)[0].mean(axis=0) - centre)
    direction = space.concepts.discriminant(difference)
    direct, indirect = space.sharp @ wanted, points @ direction
    share = CONCEPT_SHARE if indirect.std() > 0 else 0.0
    a, b = (1 - share) / (direct.std() or 1.0), share / (indirect.std() or 1.0)
    scores = a * (direct - direct.mean()) + b * (indirect - indirect.mean())
    best = _best_known(scores)
    scale = 1 / best if best > 0 else 0.0
    lengths = space.concepts.lengths[: space.candidates]
    by_terms = np.full(space.candidates, a * scale)
    by_concepts = b * scale / np.where(lengths > 0, lengths, 1)
    own, in_concepts = space.own_sharp, space.concepts.term_weights(direction)
    parts = (Part(own, wanted, by_terms), Part(own, in_concepts, by_concepts))
    return Scored(label, np.maximum(scores[: space.candidates] * scale, 0.0), parts)


def of_votes(label: str, upvotes: Sequence[int]) -> Scored:
    """Score papers by their upvotes, from 0.1 for none (no paper is beneath a reader without topics) to 1."""
    votes = np.log1p(np.array(upvotes, dtype=np.float64))
    return Scored(label, 0.1 + 0.9 * votes / (votes.max(initial=0.0) or 1.0))


def _best_known(scores: NDArray[np.float64]) -> float:
    """What the best known papers score on average: five, or fewer where there are few."""
    return float(np.sort(scores)[-max(1, min(BEST_KNOWN, len(scores) // 10)) :].mean())


def _relevance_model(words: NDArray[np.float64], covered: NDArray[np.float64], bm25: csr_matrix) -> NDArray[np.float64]:
    best = _best(covered, RM3_PAPERS)
    expansion = _largest(_mean(bm25[best], covered[best]), RM3_TERMS)
    widened: NDArray[np.float64] = RM3_ORIGINAL * words + (1 - RM3_ORIGINAL) * expansion / expansion.sum()
    return widened


def _neighbourhood(scores: NDArray[np.float64], tfidf: csr_matrix) -> NDArray[np.float64]:
    best = _best(scores, NEIGHBOURS)
    best = best[scores[best] >= NEIGHBOUR_BAR * scores.max()]
    return _mean(tfidf[best], scores[best])


def _best(scores: NDArray[np.float64], n: int) -> NDArray[np.intp]:
    order = np.argsort(-scores, kind="stable")[:n]
    return order[scores[order] > 0]


def _mean(rows: csr_matrix, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = rows.T @ (weights / weights.sum())
    return mean


def _mean_row(rows: csr_matrix) -> NDArray[np.float64]:
    return np.asarray(rows.mean(axis=0)).ravel()


def _largest(weights: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    found = np.flatnonzero(weights)
    if len(found) <= n:
        return weights
    return np.where(weights >= np.partition(weights[found], -n)[-n], weights, 0.0)
