"""What a reader cares about, one scorer an interest, so that separate interests are never averaged.

A scorer gives every paper a score in 0 to 1 as a sum over terms, which is what makes each score explainable.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from digest.ranking.features import Features

# Chosen together: written information needs over library abstracts, and a saved page of one day's papers.
RM3_PAPERS, RM3_TERMS, RM3_ORIGINAL = 10, 30, 0.3
NEIGHBOURS, NEIGHBOUR_BAR, NEIGHBOUR_SHARE = 20, 0.5, 0.95


@dataclass(frozen=True, slots=True)
class Scored:
    """One interest's view of the candidates: `contributions` is papers x terms and sums row by row to `scores`.

    Contributions are None where no term is the reason.
    """

    label: str
    scores: NDArray[np.float64]
    contributions: csr_matrix | None

    def times(self, weight: float) -> Scored:
        """The same view, counting `weight` times as much."""
        contributions = None if self.contributions is None else self.contributions * weight
        return replace(self, scores=self.scores * weight, contributions=contributions)


def of_topic(text: str, features: Features, tfidf: csr_matrix, bm25: csr_matrix) -> Scored:
    """Score papers by a topic in a reader's words.

    The words are weighted by BM25 and widened by what the best papers have in common: first by RM3 (Abdul-Jaleel et
    al., UMass at TREC 2004), then by likeness to the best papers' centroid. The best paper scores what share of the
    topic's own words it covers, so a day without a fitting paper has no high score. `tfidf` and `bm25` hold the
    same papers row by row.
    """
    words = features.words(text)
    covered = bm25 @ words
    if not covered.any():
        return Scored(text, np.zeros(bm25.shape[0]), csr_matrix(bm25.shape))
    widened = _relevance_model(words, covered, bm25)
    matched = bm25 @ widened
    near = _neighbourhood(matched, tfidf)
    likeness = tfidf @ near
    strength = covered.max() / features.ceiling(words)
    by_words = (1 - NEIGHBOUR_SHARE) * strength / matched.max()
    by_likeness = NEIGHBOUR_SHARE * strength / likeness.max()
    contributions = csr_matrix(bm25.multiply(widened * by_words) + tfidf.multiply(near * by_likeness))
    return Scored(text, by_words * matched + by_likeness * likeness, contributions)


def of_likes(label: str, liked: csr_matrix, background: csr_matrix, tfidf: csr_matrix) -> Scored:
    """Score papers by the papers a reader liked: the liked ones' mean minus the background's (Rocchio 1971)."""
    wanted = np.asarray(liked.mean(axis=0)).ravel() - np.asarray(background.mean(axis=0)).ravel()
    contributions = csr_matrix(tfidf.multiply(wanted / (np.linalg.norm(wanted) or 1.0)))
    return Scored(label, np.maximum(np.asarray(contributions.sum(axis=1)).ravel(), 0.0), contributions)


def of_votes(label: str, upvotes: Sequence[int]) -> Scored:
    """Score papers by their upvotes, from 0.1 for none (no paper is beneath a reader without topics) to 1."""
    votes = np.log1p(np.array(upvotes, dtype=np.float64))
    return Scored(label, 0.1 + 0.9 * votes / (votes.max(initial=0.0) or 1.0), None)


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


def _largest(weights: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    if len(weights) <= n:
        return weights
    return np.where(weights >= np.partition(weights, -n)[-n], weights, 0.0)
