"""The methods that ours is compared with, by name."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from digest.ranking.evaluation.methods.blind import Chance, Popularity
from digest.ranking.evaluation.methods.bm25 import Bm25
from digest.ranking.evaluation.methods.cosine import Cosine
from digest.ranking.evaluation.methods.svm import Svm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.ranking.evaluation.methods import Method

_METHODS: tuple[Method, ...] = (
    Chance(),
    Popularity(),
    Cosine("tfidf", longest=1),
    Cosine("tfidf-bigrams", longest=2),
    Bm25(),
    Svm(),
)

BASELINES: Mapping[str, Method] = MappingProxyType({method.name: method for method in _METHODS})
"""All of them, in the order of reports: from the blind to the strong."""
