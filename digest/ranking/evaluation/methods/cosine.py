"""Baseline: TF-IDF vectors and the angle between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from digest.ranking.evaluation.methods.documents import Documents

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from digest.types import Paper, Profile


def features(*, longest: int) -> TfidfVectorizer:
    """scikit-learn's TF-IDF with sublinear term frequency, without English stop words, of up to `longest` words."""
    return TfidfVectorizer(stop_words="english", sublinear_tf=True, ngram_range=(1, longest))


@dataclass(frozen=True, slots=True)
class Cosine:
    """The cosine with the mean of the reader's documents; terms are of up to `longest` words, not stemmed."""

    name: str
    longest: int

    def scores(
        self, candidates: Sequence[Paper], history: Sequence[Paper], readers: Sequence[Profile]
    ) -> NDArray[np.float64]:
        """See `Method.scores`; 0 to 1."""
        documents = Documents.of(candidates, history, readers)
        vectors = documents.vectors(features(longest=self.longest))
        # The sum has the mean's direction, and the cosine sees nothing else.
        interests = normalize(documents.wanted @ vectors)
        scores: NDArray[np.float64] = (interests @ vectors[: len(candidates)].T).toarray()
        return scores
