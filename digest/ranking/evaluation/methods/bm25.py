"""Baseline: BM25 of the reader's words (Robertson, Zaragoza: The Probabilistic Relevance Framework, 2009)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import Stemmer
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

from digest.ranking.evaluation.methods.documents import Documents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from digest.types import Paper, Profile

K1, B = 1.5, 0.75
"""The defaults of rank_bm25, the package most Python programs take BM25 from."""

_WORD = re.compile(r"\w\w+")


class Bm25:
    """The reader's documents as one query, each word counting as often as it stands there.

    Words are stems ("english" in Snowball) without English stop words. It does not share the product's analyser:
    a baseline must stay where it is when the product changes.
    """

    name = "bm25"

    def scores(
        self, candidates: Sequence[Paper], history: Sequence[Paper], readers: Sequence[Profile]
    ) -> NDArray[np.float64]:
        """See `Method.scores`; 0 or more."""
        documents = Documents.of(candidates, history, readers)
        stems = _Stems()
        counts = documents.vectors(CountVectorizer(analyzer=stems.of)).astype(np.float64)
        weights = _weights(counts[: len(documents.papers)])[: len(candidates)]
        scores: NDArray[np.float64] = (documents.wanted @ counts @ weights.T).toarray()
        return scores


class _Stems:
    """Texts as stems; each word is stemmed once."""

    def __init__(self) -> None:
        self._stem = Stemmer.Stemmer("english").stemWord
        self._known: dict[str, str] = {}

    def of(self, text: str) -> list[str]:
        stems = []
        for word in _WORD.findall(text.lower()):
            if word not in ENGLISH_STOP_WORDS:
                stem = self._known.get(word)
                if stem is None:
                    stem = self._known[word] = self._stem(word)
                stems.append(stem)
        return stems


def _weights(counts: csr_matrix) -> csr_matrix:
    """BM25 weights of papers x terms, with the IDF ln(1 + (n - df + 0.5) / (df + 0.5)), which is never below 0."""
    papers, terms = counts.shape
    frequency = np.bincount(counts.indices, minlength=terms)
    idf = np.log1p((papers - frequency + 0.5) / (frequency + 0.5))
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    norms = K1 * (1 - B + B * lengths / (lengths.mean() or 1.0))
    saturated = counts.data * (K1 + 1) / (counts.data + np.repeat(norms, np.diff(counts.indptr)))
    return csr_matrix((saturated * idf[counts.indices], counts.indices, counts.indptr), shape=counts.shape)
