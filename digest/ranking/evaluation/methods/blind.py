"""Baselines that do not look at the reader: chance, and what everybody wants."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from digest.ranking.evaluation.methods.cosine import features
from digest.ranking.evaluation.methods.documents import Documents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from digest.types import Paper, Profile


class Chance:
    """Any order is as good as another; the same reader always meets the same one."""

    name = "random"

    def scores(
        self,
        candidates: Sequence[Paper],
        history: Sequence[Paper],  # noqa: ARG002  (the protocol's)
        readers: Sequence[Profile],
    ) -> NDArray[np.float64]:
        """See `Method.scores`; uniform in 0 to 1, seeded by the reader's slug."""
        seeds = (int.from_bytes(blake2b(reader.slug.encode(), digest_size=8).digest()) for reader in readers)
        return np.array([np.random.default_rng(seed).random(len(candidates)) for seed in seeds])


class Popularity:
    """What everybody wants, the same for (nearly) every reader.

    Papers are ordered by their upvotes where any candidate has some. Papers that are new have none, and nobody can
    have liked them yet; then it is the other readers of the pool who say what is popular, by what they liked before:
    papers are ordered by the cosine with the sum of all other readers' documents. The reader's own are left out, and
    so are, by the form of the sets, all likes of the pool's papers, for these are what is to be foretold.
    """

    name = "popularity"

    def scores(
        self, candidates: Sequence[Paper], history: Sequence[Paper], readers: Sequence[Profile]
    ) -> NDArray[np.float64]:
        """See `Method.scores`; upvotes, or products of TF-IDF rows."""
        upvotes = [paper.signals.upvotes for paper in candidates]
        if any(upvotes):
            return np.tile(np.array([votes or 0 for votes in upvotes], dtype=np.float64), (len(readers), 1))
        documents = Documents.of(candidates, history, readers)
        vectors = documents.vectors(features(longest=1))
        liking = ((documents.wanted @ vectors) @ vectors[: len(candidates)].T).toarray()
        others: NDArray[np.float64] = liking.sum(axis=0) - liking
        return others
