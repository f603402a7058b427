"""What a reader cares about, each interest scored on its own, so that separate ones are never averaged.

An interest is a row of weights over terms, and the papers are columns; scores come from one product of the interests of
any number of readers with the papers of a day. 0 is a paper that has nothing of an interest, 1 what the best known
papers reach; for a topic that they cover in part only, less.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from digest.types import Nearest


class Scores(NamedTuple):
    """Papers by their places, ascending, and their scores."""

    places: NDArray[np.int64]
    values: NDArray[np.float64]


class Among(Enum):
    """Which of the known papers are scored."""

    CANDIDATES = "candidates"
    BACKGROUND = "background"


class Interests(Protocol):
    """Interests of one kind, of any number of readers; `weights` has a row for each."""

    weights: csr_matrix

    def scores(self, floors: NDArray[np.float64], among: Among = Among.CANDIDATES) -> list[Scores]:
        """For each interest the papers whose score is its floor or more, all papers where the floor is 0.

        Places count from the first candidate, or from the first paper of the background. A score depends on the
        interest and the known papers only.
        """

    def reasons(self, interest: int, candidate: int) -> dict[int, float]:
        """What each term, by its column of the space, adds to the sum that one candidate's score comes from."""

    def nearest(self, interest: int, candidate: int) -> Nearest | None:
        """The paper, among those that an interest is made of, that is most like a candidate; None if it is of words."""


def products_of_terms(weights: csr_matrix, papers: csr_matrix, row: int, paper: int) -> tuple[list[int], list[float]]:
    """The columns that a row of weights and a paper's row have in common, and the products of the two there."""
    wanted = slice(*weights.indptr[row : row + 2])
    there = slice(*papers.indptr[paper : paper + 2])
    columns, first, second = np.intersect1d(
        weights.indices[wanted], papers.indices[there], assume_unique=True, return_indices=True
    )
    values = weights.data[wanted][first].astype(np.float64) * papers.data[there][second]
    return columns.tolist(), values.tolist()
