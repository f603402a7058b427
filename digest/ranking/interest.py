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

    def reasons(self, interests: NDArray[np.intp], candidates: NDArray[np.intp]) -> Sums:
        """What each term adds to the sum that a score comes from, for each pair of an interest and a candidate.

        What a pair gets depends on nothing but the pair.
        """

    def nearest(self, interests: NDArray[np.intp], candidates: NDArray[np.intp]) -> list[Nearest | None]:
        """For each pair the paper, among those that the interest is made of, that is most like the candidate.

        None if the interest is of words.
        """


class Sums(NamedTuple):
    """Sums by their terms: the pair (its place among those asked for, ascending), the term's column, what it adds."""

    pairs: NDArray[np.intp]
    columns: NDArray[np.intp]
    values: NDArray[np.float64]


def entries(rows: csr_matrix, wanted: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where the entries of the wanted rows stand, one row after the other, and the place of each one's row."""
    starts, lengths = rows.indptr[wanted], rows.indptr[wanted + 1] - rows.indptr[wanted]
    of = np.repeat(np.arange(len(wanted)), lengths)
    return np.arange(len(of)) + (starts - np.cumsum(lengths) + lengths)[of], of


def values_at(matrix: csr_matrix, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float64]:
    """The matrix's values at these rows and columns, 0 where it has no entry.

    Each row is spread out once for all places that follow each other in it, so that none has to be searched for.
    """
    found = np.empty(len(rows))
    spread = np.zeros(matrix.shape[1], dtype=matrix.dtype)
    ends = [*(np.flatnonzero(np.diff(rows)) + 1).tolist(), len(rows)] if len(rows) else []
    for start, stop in zip([0, *ends], ends, strict=False):
        entries_of = slice(*matrix.indptr[rows[start] : rows[start] + 2])
        own = matrix.indices[entries_of]
        spread[own] = matrix.data[entries_of]
        found[start:stop] = spread[columns[start:stop]]
        spread[own] = 0
    return found
