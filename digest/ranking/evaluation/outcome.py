"""Methods run over the tasks of a set, and what came out: values, intervals and differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digest.ranking.evaluation.measures import DEPTH, MEASURES, interval, measured

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from digest.progress import Progress
    from digest.ranking.evaluation.methods import Method
    from digest.ranking.evaluation.sets import EvaluationSet, Task
    from digest.types import Paper, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one method did: `values` are tasks x `MEASURES`, `seconds` the time it took for one reader.

    `places` has, by the id of each task, where its relevant papers stand in the ranking, from 1 and in that order;
    those that the method leaves out are not among them.
    """

    method: str
    values: NDArray[np.float64]
    seconds: float
    places: Mapping[str, tuple[int, ...]]

    def mean(self, measure: str) -> float:
        """The mean of a measure over all tasks."""
        return float(self._of(measure).mean())

    def interval(self, measure: str) -> tuple[float, float]:
        """The 95 % interval of that mean."""
        low, high = interval(self._of(measure))
        return float(low), float(high)

    def lead(self, other: Outcome, measure: str) -> tuple[float, float, float]:
        """By how much this method is better than another over the same tasks: the mean, and its paired interval."""
        differences = self._of(measure) - other._of(measure)
        low, high = interval(differences)
        return float(differences.mean()), float(low), float(high)

    def figures(self) -> dict[str, float | list[float]]:
        """The mean and the interval of every measure under `name` and `name_interval`, and `seconds`."""
        found: dict[str, float | list[float]] = {}
        bounds = interval(self.values)
        for column, (measure, mean) in enumerate(zip(MEASURES, self.values.mean(axis=0), strict=True)):
            found[measure] = round(float(mean), 4)
            found[f"{measure}_interval"] = [round(float(bound), 4) for bound in bounds[:, column]]
        return found | {"seconds": round(self.seconds, 6)}

    def _of(self, measure: str) -> NDArray[np.float64]:
        values: NDArray[np.float64] = self.values[:, list(MEASURES).index(measure)]
        return values


def run(
    evaluation_set: EvaluationSet, methods: Sequence[Method], *, clock: Callable[[], float], progress: Progress
) -> list[Outcome]:
    """Rank every pool for its readers with each method, and measure the rankings; outcomes are in the methods' order.

    Papers that a reader likes already are left out of the ranking, whatever a method says; equal scores are ordered
    by paper id. `clock` counts seconds from any start; only the methods' own work is timed.
    """
    pools = list(dict.fromkeys(task.pool for task in evaluation_set.tasks))
    tasks = {pool: [task for task in evaluation_set.tasks if task.pool == pool] for pool in pools}
    values: dict[str, list[NDArray[np.float64]]] = {method.name: [] for method in methods}
    places: dict[str, dict[str, tuple[int, ...]]] = {method.name: {} for method in methods}
    seconds = dict.fromkeys(values, 0.0)
    for n, pool in enumerate(pools):
        candidates, history = evaluation_set.candidates(pool), evaluation_set.history(pool)
        readers = [task.reader for task in tasks[pool]]
        relevant = [task.relevant for task in tasks[pool]]
        for place, method in enumerate(methods):
            progress.step("evaluating", n * len(methods) + place, len(pools) * len(methods), f"{pool}: {method.name}")
            started = clock()
            scores = method.scores(candidates, history, readers)
            seconds[method.name] += clock() - started
            rankings = _rankings(scores, candidates, readers)
            values[method.name].append(measured([_ids(ranking[:DEPTH]) for ranking in rankings], relevant))
            places[method.name] |= {task.id: _places(r, task) for task, r in zip(tasks[pool], rankings, strict=True)}
    return [
        Outcome(
            method=method.name,
            values=np.concatenate(values[method.name]),
            seconds=seconds[method.name] / len(evaluation_set.tasks),
            places=places[method.name],
        )
        for method in methods
    ]


def _rankings(
    scores: NDArray[np.float64], candidates: Sequence[Paper], readers: Sequence[Profile]
) -> list[list[tuple[str, float]]]:
    """For each reader the papers that the reader does not like already, best first: id and score."""
    # Candidates come ordered by id, and a stable sort leaves equals in that order.
    order = np.argsort(-scores, axis=1, kind="stable")
    rankings = []
    for own, row, reader in zip(scores, order, readers, strict=True):
        known = frozenset(reader.liked)
        best = ((candidates[n].id, float(own[n])) for n in row)
        rankings.append([(paper_id, score) for paper_id, score in best if paper_id not in known])
    return rankings


def _ids(ranking: Sequence[tuple[str, float]]) -> list[str]:
    return [paper_id for paper_id, _ in ranking]


def _places(ranking: Sequence[tuple[str, float]], task: Task) -> tuple[int, ...]:
    listed = enumerate(ranking, start=1)
    return tuple(place for place, (paper_id, score) in listed if paper_id in task.relevant and score > -np.inf)
