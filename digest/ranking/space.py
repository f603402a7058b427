"""Known papers as matrices: counted once a run, asked by every interest of every reader."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from digest.ranking import terms
from digest.ranking.concepts import Concepts
from digest.ranking.weights import Statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from digest.types import Paper

SHARP_IDF_POWER = 2.0
TELLING_WORDS = 12
"""Words of a topic that a paper is asked to cover: nobody writes more of them on purpose."""


class Space:
    """The first `candidates` rows are the papers to rank; behind them stands the background they are compared with.

    Term statistics are those of all known papers unless `statistics` gives a larger corpus's.
    """

    def __init__(
        self, candidates: Sequence[Paper], background: Sequence[Paper], statistics: Statistics | None = None
    ) -> None:
        self.candidates = len(candidates)
        counts = self._counts = terms.count([*candidates, *background])
        self._statistics = (statistics or Statistics.of(counts)).padded()
        # Of four million columns a run uses some hundred thousand; vectors have only those.
        self._columns, frequency = np.unique(counts.indices, return_counts=True)
        self._n_words = int(np.searchsorted(self._columns, terms.WORDS))
        #: Whether more than one known paper has a term; one that a single paper has tells a reader little.
        self.is_shared: NDArray[np.bool_] = frequency > 1
        self.bm25: csr_matrix = self._narrowed(self._statistics.bm25(counts))[:, : self._n_words]
        self.tfidf: csr_matrix = self._narrowed(self._statistics.tfidf(counts))
        self.own_bm25: csr_matrix = self.bm25[: self.candidates]
        self.own_tfidf: csr_matrix = self.tfidf[: self.candidates]

    @cached_property
    def own_sharp(self) -> csr_matrix:
        """The candidates' sharp rows."""
        return self.sharp[: self.candidates]

    @cached_property
    def sharp(self) -> csr_matrix:
        """TF-IDF rows with the IDF to a higher power: of many liked papers, what they share is mostly rare words."""
        return self._narrowed(self._statistics.tfidf(self._counts, SHARP_IDF_POWER))

    @cached_property
    def mean(self) -> NDArray[np.float64]:
        """The mean known paper, over sharp rows."""
        return np.asarray(self.sharp.mean(axis=0)).ravel()

    @cached_property
    def concepts(self) -> Concepts:
        """What the known papers' words have in common; costs a second or two, so only those who ask pay."""
        return Concepts(self.sharp)

    def sharp_of(self, papers: Sequence[Paper]) -> csr_matrix:
        """Sharp rows for papers that are not part of the statistics; terms that no known paper has are left out."""
        return self._narrowed(self._statistics.tfidf(terms.count(papers), SHARP_IDF_POWER))

    def words(self, text: str) -> tuple[NDArray[np.float64], float]:
        """The share of each known word (not pair) in a reader's text, and the BM25 score of a paper full of its words.

        Shares sum to less than 1 where the text has words that no known paper has; the score counts those as well, so
        a topic of which only "talking" is known is not covered by a paper that talks. Of a long text the score counts
        the most telling words only, since no paper has all of them.
        """
        counts = terms.count_texts([text])
        row = self._narrowed(counts)[:, : self._n_words].toarray().ravel()
        wanted = counts.indices < terms.WORDS
        total = max(counts.data[wanted].sum(), 1.0)
        telling = np.sort(counts.data[wanted] * self._statistics.word_idf(counts.indices[wanted]))[-TELLING_WORDS:]
        return row / total, float(telling.sum()) / total

    def spellings(self, paper: Paper) -> dict[int, str]:
        """How a known paper spells its terms, by column of this space."""
        spelt = terms.spellings(paper.title) | terms.spellings(paper.abstract)
        places = np.searchsorted(self._columns, list(spelt))
        return {int(place): text for place, text in zip(places, spelt.values(), strict=True)}

    def _narrowed(self, matrix: csr_matrix) -> csr_matrix:
        """The same rows over the columns of this space."""
        places = np.searchsorted(self._columns, matrix.indices)
        # One past the last column is no column: a term behind all known ones ends up there.
        known = np.append(self._columns, -1)[places] == matrix.indices
        rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        shape = (matrix.shape[0], len(self._columns))
        return csr_matrix((matrix.data[known], (rows[known], places[known])), shape=shape)
