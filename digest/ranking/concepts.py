"""What words have in common: papers in a space of a hundred concepts (latent semantic indexing).

Deerwester et al., 1990, by the randomised decomposition of Halko, Martinsson and Tropp (2011).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils.extmath import randomized_svd

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

DIMENSIONS = 100
PAPERS_A_DIMENSION = 10
MIN_PAPERS = 2
RIDGE = 0.01


class Concepts:
    """The directions in which known papers vary most; `points` are those papers, rows of length 1 (or 0)."""

    def __init__(self, tfidf: csr_matrix) -> None:
        frequency = np.bincount(tfidf.indices, minlength=tfidf.shape[1])
        self._columns = np.flatnonzero(frequency >= MIN_PAPERS)
        dimensions = min(DIMENSIONS, tfidf.shape[0] // PAPERS_A_DIMENSION, len(self._columns))
        if dimensions:
            shared = tfidf[:, self._columns].astype(np.float32)
            _, _, directions = randomized_svd(shared, dimensions, n_oversamples=30, n_iter=7, random_state=0)
            self._directions = np.ascontiguousarray(directions.T, dtype=np.float64)
        else:
            self._directions = np.zeros((len(self._columns), 0))
        self._width = tfidf.shape[1]
        self.points, self.lengths = self.project(tfidf)
        centred = self.points - self.points.mean(axis=0)
        self._spread = centred.T @ centred / max(len(centred), 1) + RIDGE * np.eye(centred.shape[1])

    def project(self, tfidf: csr_matrix) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Papers as points, rows of length 1 (or 0), and how long they were before."""
        points = tfidf[:, self._columns] @ self._directions
        lengths = np.linalg.norm(points, axis=1)
        return points / np.where(lengths > 0, lengths, 1)[:, None], lengths

    def discriminant(self, difference: NDArray[np.float64]) -> NDArray[np.float64]:
        """The direction that tells apart two groups whose means differ so: Fisher (1936), with a ridge."""
        return np.linalg.solve(self._spread, difference) if difference.size else difference

    def term_weights(self, direction: NDArray[np.float64]) -> NDArray[np.float64]:
        """What each term's weight in a paper adds along a direction, before the paper's point is made of length 1."""
        weights = np.zeros(self._width)
        weights[self._columns] = self._directions @ direction
        return weights
