"""Known papers as matrices: counted once a run, asked by every interest of every reader."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix, diags, vstack

from digest.ranking import terms
from digest.ranking.concepts import Concepts
from digest.ranking.interest import Among
from digest.ranking.weights import IDF_POWER, Statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from digest.types import Paper

SHARP_IDF_POWER = 2.0
REFERENCE = 2000
"""Papers on which a mean and a deviation are known well enough. The best of so many mean the same in any corpus."""

COMPARED = 4096
"""Candidates that are all compared with each other at once; of so many the cosines have 64 MB."""

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
        self._spellings: dict[str, dict[int, str]] = {}
        #: The row of each known paper, by its id.
        self.row_of = {paper.id: row for row, paper in enumerate((*candidates, *background))}
        self._parts: dict[tuple[int, Among], csr_matrix] = {}
        counts = self._counts = terms.count([*candidates, *background])
        self._statistics = (statistics or Statistics.of(counts)).padded()
        # Of four million columns a run uses some hundred thousand; vectors have only those.
        self._columns, frequency = np.unique(counts.indices, return_counts=True)
        self._n_words = int(np.searchsorted(self._columns, terms.WORDS))
        #: Whether more than one known paper has a term; one that a single paper has tells a reader little.
        self.is_shared: NDArray[np.bool_] = frequency > 1
        self.bm25: csr_matrix = self._narrowed(self._statistics.bm25(counts))[:, : self._n_words]
        self.tfidf: csr_matrix = self._narrowed(self._statistics.tfidf(counts, IDF_POWER))

    def __getstate__(self) -> dict[str, object]:
        """All but what is found by the addresses of matrices, which are others in another process."""
        return {**self.__dict__, "_parts": {}}

    @property
    def width(self) -> int:
        """How many terms, words before pairs, the known papers have between them: the columns of all rows here."""
        return len(self._columns)

    @cached_property
    def sharp(self) -> csr_matrix:
        """TF-IDF rows with the IDF to a higher power: of many liked papers, what they share is mostly rare words."""
        return self._narrowed(self._statistics.tfidf(self._counts, SHARP_IDF_POWER))

    @cached_property
    def mean(self) -> NDArray[np.float32]:
        """The mean known paper, over sharp rows."""
        return np.asarray(self.sharp.mean(axis=0), dtype=np.float32).ravel()

    @cached_property
    def concepts(self) -> Concepts:
        """What the known papers' words have in common; costs a second or two, so only those who ask pay."""
        return Concepts(self.sharp)

    @cached_property
    def topic_columns(self) -> csr_matrix:
        """The known papers as columns that topics are multiplied with: words by BM25 above all terms by TF-IDF."""
        return vstack([self.bm25.T, self.tfidf.T], format="csr")

    @cached_property
    def like_columns(self) -> csr_matrix:
        """The known papers as columns that likes are multiplied with.

        Sharp terms, then likeness to the mean known paper, then concepts.
        """
        drift = csr_matrix(self.sharp @ self.mean)
        return vstack([self.sharp.T, drift, csr_matrix(self.concepts.points.T)], format="csr")

    @cached_property
    def reference(self) -> NDArray[np.intp]:
        """Rows of known papers, all or `REFERENCE` evenly among them, on which scores are scaled."""
        known = self.sharp.shape[0]
        return np.arange(known) if known <= REFERENCE else np.linspace(0, known - 1, REFERENCE).astype(np.intp)

    @cached_property
    def reference_columns(self) -> csr_matrix:
        """Of `like_columns` those of the papers of reference, without concepts."""
        return self.like_columns[: self.width + 1, self.reference]

    @cached_property
    def reference_points(self) -> csr_matrix:
        """The papers of reference in the space of concepts, as rows."""
        return csr_matrix(self.concepts.points[self.reference].astype(np.float64))

    @cached_property
    def all_likeness(self) -> NDArray[np.float32] | None:
        """How like the candidates are to each other, the cosines of their TF-IDF rows; None if they are too many."""
        return _cosines(self.tfidf[: self.candidates]) if self.candidates <= COMPARED else None

    def likeness(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """How like these candidates are to each other; looked up if `all_likeness` was asked for.

        A cosine depends on its two papers only, not on what else it was found with.
        """
        known: NDArray[np.float32] | None = self.__dict__.get("all_likeness")
        return _cosines(self.tfidf[rows]) if known is None else known[np.ix_(rows, rows)]

    def columns_of(self, papers: csr_matrix, among: Among) -> csr_matrix:
        """Of columns that are the known papers those of the candidates, or those of the background."""
        key = (id(papers), among)
        if key not in self._parts:
            part = slice(None, self.candidates) if among is Among.CANDIDATES else slice(self.candidates, None)
            self._parts[key] = papers[:, part]
        return self._parts[key]

    def sharp_of(self, papers: Sequence[Paper]) -> csr_matrix:
        """Sharp rows for papers that are not part of the statistics; terms that no known paper has are left out."""
        return self._narrowed(self._statistics.tfidf(terms.count(papers), SHARP_IDF_POWER))

    def words(self, texts: Sequence[str]) -> tuple[csr_matrix, NDArray[np.float64]]:
        """The share of each known word (not pair) in readers' texts, and the BM25 scores of papers full of their words.

        Shares sum to less than 1 where a text has words that no known paper has; the score counts those as well, so
        a topic of which only "talking" is known is not covered by a paper that talks. Of a long text the score counts
        the most telling words only, since no paper has all of them.
        """
        counts = terms.count_texts(texts)
        ceilings, totals = np.zeros(len(texts)), np.ones(len(texts))
        for n, (start, stop) in enumerate(pairwise(counts.indptr)):
            wanted = counts.indices[start:stop] < terms.WORDS
            of, columns = counts.data[start:stop][wanted], counts.indices[start:stop][wanted]
            totals[n] = max(of.sum(), 1.0)
            telling = np.sort(of * self._statistics.word_idf(columns))[-TELLING_WORDS:]
            ceilings[n] = telling.sum() / totals[n]
        known = self._narrowed(counts)[:, : self._n_words]
        return (diags(1 / totals) @ known).tocsr().astype(np.float32), ceilings

    def spelt(self, paper: Paper, columns: Sequence[int]) -> list[str]:
        """How a known paper spells its terms in these columns."""
        known = self._spellings.get(paper.id)
        if known is None:
            # The best papers of a day are explained to many readers.
            known = self._spellings[paper.id] = terms.spellings(paper.title) | terms.spellings(paper.abstract)
        return [known[hashed] for hashed in self._columns[columns].tolist()]

    def _narrowed(self, matrix: csr_matrix) -> csr_matrix:
        """The same rows over the columns of this space."""
        places = np.searchsorted(self._columns, matrix.indices)
        # One past the last column is no column: a term behind all known ones ends up there.
        known = np.append(self._columns, -1)[places] == matrix.indices
        rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        shape = (matrix.shape[0], len(self._columns))
        values = matrix.data[known].astype(np.float32)
        return csr_matrix((values, (rows[known], places[known])), shape=shape)


def _cosines(rows: csr_matrix) -> NDArray[np.float32]:
    products: NDArray[np.float32] = (rows @ rows.T).toarray()
    return products
