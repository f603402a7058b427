"""What a score is worth: of the papers that score so much, the share that readers chose."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from digest.ranking.rank import Ranker

if TYPE_CHECKING:
    from digest.progress import Progress
    from digest.ranking.evaluation.sets import EvaluationSet

EDGES = (0, 10, 25, 40, 60, 80, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The papers that scored from `low` to below `high` (100 included), over all tasks, and how many were chosen."""

    low: int
    high: int
    papers: int
    chosen: int


def calibration(evaluation_set: EvaluationSet, progress: Progress) -> list[Band]:
    """How often papers of each band of scores were chosen; what a reader knew already is in none."""
    papers, hits = np.zeros(len(EDGES)), np.zeros(len(EDGES))
    pools = list(dict.fromkeys(task.pool for task in evaluation_set.tasks))
    for n, pool in enumerate(pools):
        progress.step("scores", n, len(pools), pool)
        candidates, history = evaluation_set.candidates(pool), evaluation_set.history(pool)
        ranker = Ranker(candidates, history, evaluation_set.papers)
        tasks = [task for task in evaluation_set.tasks if task.pool == pool]
        for task, (ranked, scores) in zip(tasks, ranker.scores([task.reader for task in tasks]), strict=True):
            band = np.clip(np.searchsorted(EDGES, scores, side="right"), 1, len(EDGES) - 1)
            papers += np.bincount(band, minlength=len(EDGES))
            hits += np.bincount(band, [paper.id in task.relevant for paper in ranked], len(EDGES))
    return [
        Band(low=low, high=high, papers=int(papers[n]), chosen=int(hits[n]))
        for n, (low, high) in enumerate(pairwise(EDGES), start=1)
    ]
