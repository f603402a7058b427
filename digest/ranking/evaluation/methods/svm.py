"""Baseline: one linear classifier a reader over TF-IDF, as arxiv-sanity-lite recommends papers.

Settings are those of `compute.py` and `serve.py` in https://github.com/karpathy/arxiv-sanity-lite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from digest.ranking.evaluation.methods.documents import Documents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from digest.types import Paper, Profile

MIN_PAPERS, MAX_SHARE = 5, 0.1
"""A term must stand in so many papers at least, and in this share of them at most."""

SMALL = 100
"""Limits made for thousands of papers would leave fewer than this no terms: there, the share is 1, and up to
`SMALL * MIN_PAPERS` papers a hundredth of them is enough."""


class Svm:
    """The distance from a plane between the reader's documents and all other papers.

    It learns from the pool's papers, too, as ones that the reader does not want. A reader's topics are positives
    beside the liked papers; arxiv-sanity-lite itself has no topics.
    """

    name = "svm"

    def scores(
        self, candidates: Sequence[Paper], history: Sequence[Paper], readers: Sequence[Profile]
    ) -> NDArray[np.float64]:
        """See `Method.scores`; 0 for all where there is nothing to tell apart."""
        documents = Documents.of(candidates, history, readers)
        papers = len(documents.papers)
        rows = documents.vectors(_features(papers)).astype(np.float32)
        return np.array([_distances(rows, wanted.indices, papers)[: len(candidates)] for wanted in documents.wanted])


def _features(papers: int) -> TfidfVectorizer:
    return TfidfVectorizer(
        strip_accents="unicode",
        stop_words="english",
        token_pattern=r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b",  # noqa: S106  (a pattern, not a password)
        ngram_range=(1, 2),
        max_features=20_000,
        sublinear_tf=True,
        min_df=min(MIN_PAPERS, max(1, papers // SMALL)),
        max_df=1.0 if papers < SMALL else MAX_SHARE,
    )


def _distances(rows: csr_matrix, wanted: NDArray[np.int32], papers: int) -> NDArray[np.float64]:
    """The distance of each paper from the plane of one reader, whose documents are the rows `wanted`."""
    known = np.concatenate([np.arange(papers), wanted[wanted >= papers]])
    is_wanted = np.isin(known, wanted)
    if is_wanted.all() or not is_wanted.any():
        return np.zeros(papers)
    # liblinear visits rows in a random order; fixed, so that two runs agree to the last digit.
    classifier = LinearSVC(class_weight="balanced", C=0.01, max_iter=10_000, tol=1e-6, random_state=0)
    classifier.fit(rows[known], is_wanted)
    distances: NDArray[np.float64] = classifier.decision_function(rows[:papers])
    return distances
