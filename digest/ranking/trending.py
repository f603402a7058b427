"""What is trending: how fast a paper gathers votes, and how lately.

The heat of a paper is the logarithm of its votes a day, halved with every `HALF_LIFE` days of age. Votes count by their
logarithm because the tenth tells more than the thousandth; the rate, and not the sum, lets a paper of today be hotter
than one that had a week to gather more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from digest.types import Paper

HALF_LIFE = 3.0
"""Days in which heat halves."""


def heat(papers: Sequence[Paper], day: date | None) -> NDArray[np.float64]:
    """The heat of each paper on a day, 0 (no votes) to 1 (the hottest of them).

    Age counts from the day a paper was presented as news, else from its publication; one that says neither is new, and
    so is one that is dated later than `day`. Without a `day` all are new.
    """
    votes = np.array([max(paper.signals.upvotes or 0, 0) for paper in papers], dtype=np.float64)
    ages = np.array([_age(paper, day) for paper in papers], dtype=np.float64)
    degrees = np.log1p(votes / (ages + 1)) * 0.5 ** (ages / HALF_LIFE)
    hottest = degrees.max(initial=0.0)
    heats: NDArray[np.float64] = degrees / (hottest or 1.0)
    return heats


def _age(paper: Paper, day: date | None) -> int:
    since = paper.news_day
    return max((day - since).days, 0) if day and since else 0
