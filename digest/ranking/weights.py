"""Counts as weights: TF-IDF rows for likeness, BM25 rows for words that a reader wrote.

TF-IDF is scikit-learn's, with its IDF to a power: sublinear term frequency 1 + ln tf, smoothed IDF
ln((1 + n) / (1 + df)) + 1, rows of length 1 (Manning, Raghavan, Schütze: Introduction to Information Retrieval,
section 6.4). BM25 is Robertson and Zaragoza's (The Probabilistic Relevance Framework, 2009), with the IDF that never
falls below 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from digest.ranking import terms
from digest.ranking.terms import COLUMNS, WORDS, columns_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

IDF_POWER = 1.5
"""Above 1 it lifts rare words further over common ones."""

ENOUGH = 1000
"""Papers whose own statistics need no help."""

_GROUP = 2**32 // COLUMNS

BM25_K1 = 1.2
BM25_B = 0.75


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of `papers` papers, `frequency[c]` hold a term of column c; a paper is `length` terms long on average."""

    papers: float
    frequency: NDArray[np.float32]
    length: float

    @classmethod
    def of(cls, counts: csr_matrix) -> Statistics:
        """The statistics of these papers."""
        frequency = np.bincount(counts.indices, minlength=COLUMNS).astype(np.float32)
        return cls(counts.shape[0], frequency, counts.sum() / max(counts.shape[0], 1))

    @classmethod
    def of_coded(cls, papers: Sequence[tuple[Sequence[int], Sequence[int]]]) -> Statistics:
        """The same of coded titles and abstracts (`digest.ranking.terms.coded`), for many papers in half the time."""
        frequency = np.zeros(COLUMNS, dtype=np.float32)
        length = 0
        for start in range(0, len(papers), _GROUP):
            columns, segments = terms.columns([*chain.from_iterable(papers[start : start + _GROUP])])
            is_abstract = segments & 1
            length += terms.TITLE_WEIGHT * len(columns) + (1 - terms.TITLE_WEIGHT) * int(is_abstract.sum())
            # Each paper counts once in each of its columns: column and paper are one number of 32 bits, sorted.
            both = (columns * _GROUP + (segments >> 1)).astype(np.uint32)
            both.sort()
            found = both[np.flatnonzero(np.diff(both, prepend=both[:1] + 1))] // _GROUP
            starts = np.flatnonzero(np.diff(found, prepend=found[:1] + 1))
            frequency[found[starts]] += np.diff(starts, append=len(found))
        return cls(len(papers), frequency, length / max(len(papers), 1))

    def __add__(self, other: Statistics) -> Statistics:
        """The statistics of both together."""
        papers = self.papers + other.papers
        length = (self.papers * self.length + other.papers * other.length) / max(papers, 1)
        return Statistics(papers, self.frequency + other.frequency, length)

    def __sub__(self, other: Statistics) -> Statistics:
        """The statistics without the papers of the other ones; none falls below 0."""
        papers = max(self.papers - other.papers, 0.0)
        length = max(self.papers * self.length - other.papers * other.length, 0.0) / max(papers, 1)
        return Statistics(papers, np.maximum(self.frequency - other.frequency, 0), length)

    def padded(self) -> Statistics:
        """The same, with a share of the general statistics that falls to none as the papers become `ENOUGH`.

        Sixty papers of one field would otherwise make that field's own words look like words that say nothing.
        """
        share = max(0.0, 1 - self.papers / ENOUGH)
        if not share:
            return self
        frequency = self.frequency + np.float32(share) * general().frequency
        return Statistics(self.papers + share * general().papers, frequency, self.length)

    def tfidf(self, counts: csr_matrix, power: float = IDF_POWER) -> csr_matrix:
        """Rows of length 1 for these counts, papers x `COLUMNS`; a paper without a term is a row of zeros."""
        frequency = self.frequency[counts.indices].astype(np.float64)
        idf = (np.log((1 + self.papers) / (1 + frequency)) + 1) ** power
        weights = (1 + np.log(counts.data.astype(np.float64))) * idf
        rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        lengths = np.sqrt(np.bincount(rows, weights=weights**2, minlength=counts.shape[0]))
        return _like(counts, weights / lengths[rows])

    def bm25(self, counts: csr_matrix) -> csr_matrix:
        """BM25 weights of the words (not pairs), papers x `WORDS`, each divided by its ceiling k1 + 1.

        A row times words that sum to 1 is at most the mean of their `word_idf`.
        """
        lengths = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel() / (self.length or 1.0)
        words = counts.indices < WORDS
        rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))[words]
        columns, data = counts.indices[words], counts.data[words]
        saturation = BM25_K1 * (1 - BM25_B + BM25_B * lengths[rows])
        weights = data / (data + saturation) * self.word_idf(columns)
        return csr_matrix((weights, (rows, columns)), shape=(counts.shape[0], WORDS))

    def word_idf(self, columns: NDArray[np.int64]) -> NDArray[np.float64]:
        """BM25's IDF of the terms in these columns."""
        frequency = self.frequency[columns].astype(np.float64)
        return np.log1p((self.papers - frequency + 0.5) / (frequency + 0.5))


@cache
def general() -> Statistics:
    """Statistics over papers of many fields, which ship with the program."""
    lines = files("digest.ranking").joinpath("frequencies.tsv").read_text(encoding="utf-8").splitlines()
    (_, _, papers), *rows = (line.rpartition("\t") for line in lines)
    frequency = np.zeros(COLUMNS, dtype=np.float32)
    np.add.at(frequency, columns_of([term for term, _, _ in rows]), [float(n) for _, _, n in rows])
    return Statistics(float(papers), frequency, 0.0)


def _like(counts: csr_matrix, weights: NDArray[np.float64]) -> csr_matrix:
    return csr_matrix((weights, counts.indices, counts.indptr), shape=counts.shape)
