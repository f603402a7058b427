"""A bar that moves, so that a reader gets about as many papers a day as asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from digest.ranking.bounds import Bounds
from digest.ranking.ordering import AUTHOR_SCORE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from digest.ranking.interest import Scores
    from digest.types import Paper, Profile

FEWEST_DAYS = 3
"""Days of papers that it takes to say what is usual."""


def adaptive(profile: Profile, papers: Sequence[Paper], days: Sequence[date | None], scores: Sequence[Scores]) -> float:
    """The score that so many papers reached as make `papers_a_day` on each day of the past, never below `min_score`.

    The past are `papers`, each of a day (None: not known, and not counted); `scores` those of the reader's interests
    with them, 0 to 100. What votes made of them on their day is not known any more: they count as if nobody had voted.
    While fewer than `FEWEST_DAYS` days are known, `min_score` stands.
    """
    past = {day for day in days if day is not None}
    if profile.papers_a_day is None or len(past) < FEWEST_DAYS:
        return profile.min_score
    totals = np.zeros(len(papers))
    for own in scores:
        totals[own.places] = np.maximum(totals[own.places], own.values)
    bounds = Bounds(profile)
    followed = np.array([bool(bounds.followed(paper)) for paper in papers])
    totals = (1 - profile.trending) * totals + AUTHOR_SCORE * followed
    wanted, reached = profile.papers_a_day * len(past), 0
    for row in np.lexsort((np.arange(len(papers)), -totals)).tolist():
        if totals[row] <= profile.min_score:
            break
        if days[row] is not None and bounds.refusal(papers[row], followed=bool(followed[row])) is None:
            reached += 1
            if reached == wanted:
                return min(round(float(totals[row]), 2), 100.0)
    return profile.min_score
