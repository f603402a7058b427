"""Papers as weighted terms: TF-IDF rows for likeness, BM25 rows for words that a reader wrote.

TF-IDF is scikit-learn's, with its IDF to a power: sublinear term frequency 1 + ln tf, smoothed IDF
ln((1 + n) / (1 + df)) + 1, rows of length 1 (Manning, Raghavan, Schütze: Introduction to Information Retrieval,
section 6.4). BM25 is Robertson and Zaragoza's (The Probabilistic Relevance Framework, 2009), with the IDF that never
falls below 0.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from digest.ranking.terms import Analyser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from digest.types import Paper

TITLE_WEIGHT = 1
"""How often the words of a title count."""

IDF_POWER = 1.25
"""Above 1 it lifts rare words further over common ones, which keeps a topic's neighbours together."""

BM25_K1 = 1.2
BM25_B = 0.75


class Features:
    """The papers of a day and their background, counted once; weights for any of them and for a reader's words.

    Document frequencies come from the papers themselves. While these are fewer than the general ones that ship with
    the program, those stand in for the missing papers: sixty papers of one field would otherwise make that field's
    own words look like words that say nothing.
    """

    def __init__(self, papers: Sequence[Paper], *, general: bool = True, idf_power: float = IDF_POWER) -> None:
        self._analyser = Analyser()
        self._columns: dict[str, int] = {}
        self._counts = self._count(papers, grow=True)
        # What is asked of these features later must not change what they say.
        self._analyser.learning = False
        n_papers, n_terms = self._counts.shape
        self.terms: list[str] = list(self._columns)
        frequency = np.bincount(self._counts.indices, minlength=n_terms).astype(np.float64)
        self._is_shared = frequency > 1
        n = float(n_papers)
        if general:
            counted, of_term = general_frequencies()
            share = max(0.0, 1 - n / counted)
            frequency += share * np.array([of_term.get(term, 0) for term in self.terms])
            n += share * counted
        self.idf: NDArray[np.float64] = (np.log((1 + n) / (1 + frequency)) + 1) ** idf_power
        is_word = np.array([" " not in term for term in self.terms], dtype=bool)
        self._word_idf = np.log1p((n - frequency + 0.5) / (frequency + 0.5)) * is_word

    def tfidf(self) -> csr_matrix:
        """Rows of length 1, papers x terms; a paper without a term is a row of zeros."""
        return self._unit_rows(self._counts)

    def tfidf_of(self, papers: Sequence[Paper]) -> csr_matrix:
        """The same for papers that are not part of the statistics; terms that are not known are passed over."""
        return self._unit_rows(self._count(papers, grow=False))

    def bm25(self, n: int) -> csr_matrix:
        """BM25 weights of the words (not pairs) in the first `n` papers, each divided by its ceiling k1 + 1.

        A row times words that sum to 1 lies between 0 and `ceiling(words)`.
        """
        lengths = np.asarray(self._counts.sum(axis=1), dtype=np.float64).ravel()
        relative = lengths[:n] / (lengths.mean() or 1.0)
        counts = self._counts[:n]
        saturation = np.repeat(BM25_K1 * (1 - BM25_B + BM25_B * relative), np.diff(counts.indptr))
        return _weighted(counts, counts.data / (counts.data + saturation) * self._word_idf[counts.indices])

    def words(self, text: str) -> NDArray[np.float64]:
        """How often each known word (not pair) stands in a reader's text, summing to 1; zeros if none is known."""
        found = np.zeros(len(self.terms))
        for term in self._analyser.terms(text):
            column = self._columns.get(term)
            if column is not None and " " not in term:
                found[column] += 1
        shares: NDArray[np.float64] = found / max(found.sum(), 1.0)
        return shares

    def ceiling(self, words: NDArray[np.float64]) -> float:
        """The score that a paper saturated with these words would reach."""
        return float(words @ self._word_idf)

    def is_shared(self, term: int) -> bool:
        """Whether more than one paper has the term: one that a single paper has explains nothing to a reader."""
        return bool(self._is_shared[term])

    def spelling(self, term: int) -> str:
        """The term as papers write it most often."""
        return self._analyser.spelling(self.terms[term])

    def _count(self, papers: Sequence[Paper], *, grow: bool) -> csr_matrix:
        indices: list[int] = []
        data: list[int] = []
        starts = [0]
        columns = self._columns
        for paper in papers:
            counts = Counter(self._analyser.terms(paper.title))
            for term in counts:
                counts[term] *= TITLE_WEIGHT
            counts.update(self._analyser.terms(paper.abstract))
            if not grow:
                counts = Counter({term: count for term, count in counts.items() if term in columns})
            indices.extend(columns.setdefault(term, len(columns)) for term in counts)
            data.extend(counts.values())
            starts.append(len(indices))
        shape = (len(papers), len(columns))
        return csr_matrix((np.array(data, dtype=np.float64), np.array(indices, dtype=np.int64), starts), shape=shape)

    def _unit_rows(self, counts: csr_matrix) -> csr_matrix:
        weights = (1 + np.log(counts.data)) * self.idf[counts.indices]
        rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        lengths = np.sqrt(np.bincount(rows, weights=weights**2, minlength=counts.shape[0]))
        return _weighted(counts, weights / lengths[rows])


@cache
def general_frequencies() -> tuple[int, dict[str, int]]:
    """Document frequencies of terms over papers of many fields, and the number of papers they were counted in."""
    lines = files("digest.ranking").joinpath("frequencies.tsv").read_text(encoding="utf-8").splitlines()
    counted, *rows = (line.rpartition("\t") for line in lines)
    return int(counted[2]), {term: int(frequency) for term, _, frequency in rows}


def _weighted(counts: csr_matrix, weights: NDArray[np.float64]) -> csr_matrix:
    return csr_matrix((weights, counts.indices, counts.indptr), shape=counts.shape)
