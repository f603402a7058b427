"""The product's own ranking as a method among others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from digest.ranking.rank import Ranker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from digest.types import Paper, Profile


class Ours:
    """What readers get."""

    name = "ours"

    def scores(
        self, candidates: Sequence[Paper], history: Sequence[Paper], readers: Sequence[Profile]
    ) -> NDArray[np.float64]:
        """See `Method.scores`; 0 for the first paper of a ranking, -1 for the next, -inf for one left out of it."""
        return _ranked(candidates, history, readers)


def _ranked(candidates: Sequence[Paper], history: Sequence[Paper], readers: Sequence[Profile]) -> NDArray[np.float64]:
    named = {paper_id for reader in readers for paper_id in (*reader.liked, *reader.disliked)}
    judged = {paper.id: paper for paper in (*candidates, *history) if paper.id in named}
    ranker = Ranker(candidates, background=history, judged=judged)
    column = {paper.id: n for n, paper in enumerate(candidates)}
    scores = np.full((len(readers), len(candidates)), -np.inf)
    for row, (order, _) in zip(scores, ranker.scores(readers), strict=True):
        # The place, not the score: the ranking's order is more than that.
        row[[column[paper.id] for paper in order]] = -np.arange(len(order))
    return scores
