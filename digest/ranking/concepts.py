"""What words have in common: papers in a space of a hundred concepts (latent semantic indexing).

Deerwester et al., 1990, by the randomised decomposition of Halko, Martinsson and Tropp (2011).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from digest.ranking.interest import entries

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIMENSIONS = 100
PAPERS_A_DIMENSION = 10
KEPT, TOLD_APART = 15, 30
MIN_PAPERS = 2
OVERSAMPLED, ROUNDS = 30, 7
LEAST_ANGLE = 1e-2
EXPLAINED = 2048
"""Papers whose terms' shares of their points are remembered; about 40 MB."""

RIDGE = 0.01


class Concepts:
    """The directions in which known papers vary most; `points` are those papers, rows of length 1 (or 0).

    A point keeps the `KEPT` concepts that say most about its paper, which ranks as well as all of them and makes likes
    one sparse product.
    """

    def __init__(self, tfidf: csr_matrix) -> None:
        columns = np.flatnonzero(np.bincount(tfidf.indices, minlength=tfidf.shape[1]) >= MIN_PAPERS)
        self._place = np.full(tfidf.shape[1], -1)
        self._place[columns] = np.arange(len(columns))
        dimensions = min(DIMENSIONS, tfidf.shape[0] // PAPERS_A_DIMENSION, len(columns))
        if dimensions:
            shared = tfidf[:, columns].astype(np.float32)
            # Several threads gain nothing with so narrow matrices, and round by how many they are. That turns
            # directions whose singular values are close, and a ranking would depend on how many cores there are.
            with threadpool_limits(1):
                self._directions = _directions(shared, dimensions)
        else:
            self._directions = np.zeros((len(columns), 0), dtype=np.float32)
        sums = self._sums(tfidf)
        self._sums_of_known = csr_matrix(sums)
        self._explained: dict[int, tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.float64]]] = {}
        self.points = _of_length_one(sums).astype(np.float32)
        self.centre = self.points.mean(axis=0, dtype=np.float64)
        centred = self.points - self.centre
        spread = centred.T @ centred / max(len(centred), 1) + RIDGE * np.eye(dimensions)
        self._inverse = np.linalg.inv(spread) if dimensions else spread

    def project(self, tfidf: csr_matrix) -> NDArray[np.float64]:
        """Papers as points, rows of length 1 (or 0)."""
        return _of_length_one(self._sums(tfidf))

    def discriminant(self, difference: NDArray[np.float64]) -> NDArray[np.float64]:
        """The direction that tells apart two groups whose means differ so: Fisher (1936), with a ridge.

        It keeps the `TOLD_APART` concepts that tell them apart most.
        """
        direction: NDArray[np.float64] = self._inverse @ difference
        if len(direction) > TOLD_APART:
            least = -np.partition(-np.abs(direction), TOLD_APART - 1)[TOLD_APART - 1]
            direction[np.abs(direction) < least] = 0
        return direction

    def contributions(
        self, tfidf: csr_matrix, papers: NDArray[np.intp], directions: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """What each entry of some papers' rows adds to the product of the paper's point with its direction.

        `tfidf` are the papers that these concepts are made of, `papers` rows of it, `directions` a row for each of
        them; the entries come one paper after the other.
        """
        at, of = entries(tfidf, papers)
        starts = np.searchsorted(of, np.arange(len(papers) + 1))
        order = np.argsort(papers, kind="stable")
        shown, first = np.unique(papers[order], return_index=True)
        added = np.zeros(len(at))
        for paper, pairs in zip(shown.tolist(), np.split(order, first)[1:], strict=True):
            known, kept, weights = self._weights(tfidf, paper)
            for pair in pairs.tolist():
                # One by one: what a product with several directions rounds to would depend on how many they are.
                added[starts[pair] + known] = weights @ directions[pair, kept]
        return added

    def _weights(
        self, tfidf: csr_matrix, paper: int
    ) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.float64]]:
        """What a known paper's terms have of its point: which terms, which concepts, and terms x concepts.

        The best papers of a day are explained to many readers.
        """
        found = self._explained.get(paper)
        if found is None:
            if len(self._explained) >= EXPLAINED:
                self._explained.clear()
            within = slice(*tfidf.indptr[paper : paper + 2])
            places = self._place[tfidf.indices[within]]
            known = np.flatnonzero(places >= 0)
            own = slice(*self._sums_of_known.indptr[paper : paper + 2])
            kept, sums = self._sums_of_known.indices[own], self._sums_of_known.data[own]
            shares = (tfidf.data[within][known] / (np.linalg.norm(sums) or 1.0))[:, None]
            found = self._explained[paper] = known, kept, self._directions[np.ix_(places[known], kept)] * shares
        return found

    def _sums(self, tfidf: csr_matrix) -> NDArray[np.float64]:
        """Papers as points before they are made of length 1."""
        places = self._place[tfidf.indices]
        rows = np.repeat(np.arange(tfidf.shape[0]), np.diff(tfidf.indptr))[places >= 0]
        shape = (tfidf.shape[0], len(self._directions))
        known = csr_matrix((tfidf.data[places >= 0].astype(np.float64), (rows, places[places >= 0])), shape=shape)
        # Kept in single precision, as they are most of what is handed to other processes.
        points: NDArray[np.float64] = known @ self._directions.astype(np.float64)
        if points.shape[1] > KEPT:
            # Equals at the cut all stay: which of them came first would be chance.
            least = -np.partition(-np.abs(points), KEPT - 1, axis=1)[:, KEPT - 1 : KEPT]
            points[np.abs(points) < least] = 0
        return points


def _of_length_one(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of length 1, or 0 where they are 0."""
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    points /= np.where(lengths > 0, lengths, 1)
    return points


def _directions(rows: csr_matrix, n: int) -> NDArray[np.float32]:
    """The first `n` right singular vectors of these rows, columns x n: orthonormal, those of the largest values first.

    A random subspace of rows is drawn towards them by products with the matrix and its transpose (algorithm 4.4). It is
    made orthonormal where it is narrow, among rows: there are twenty times as many columns.
    """
    columns = rows.T.tocsr()
    start = np.random.RandomState(0).normal(size=(rows.shape[0], n + OVERSAMPLED))
    subspace = start.astype(np.float32)
    for _ in range(ROUNDS):
        subspace = _orthonormal(rows @ (columns @ subspace))
    basis = _orthonormal(columns @ subspace)
    _, _, turns = np.linalg.svd(rows @ basis, full_matrices=False)
    directions: NDArray[np.float32] = basis @ turns[:n].T
    return directions


def _orthonormal(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """An orthonormal basis of what these columns span, by Cholesky's decomposition: mostly one product."""
    products = (vectors.T @ vectors).astype(np.float64)
    try:
        triangle = np.linalg.cholesky(products)
    except np.linalg.LinAlgError:
        triangle = np.zeros_like(products)
    diagonal = triangle.diagonal()
    if diagonal.min() <= LEAST_ANGLE * diagonal.max():
        # Columns that nearly depend on each other, as those of a few papers do, take more care.
        return np.linalg.qr(vectors)[0]
    basis: NDArray[np.float32] = vectors @ np.linalg.inv(triangle).T.astype(np.float32)
    return basis
