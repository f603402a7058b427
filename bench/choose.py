"""What the ranking is worth where its settings were not chosen: they are chosen on some tasks, measured on the others.

    python bench/choose.py ../sets/libraries
    python bench/choose.py ../sets/needs --measure ndcg@10

The set is cut by pools, or, where it has one pool only, into halves of its tasks. For each part every setting is chosen
anew on the other parts, one after the other, and the part is measured with what was chosen. What the shipped settings
reach on the same tasks, some of which they were chosen on, stands beside it.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from digest.progress import Silent
from digest.ranking import concepts, likes, space, topics
from digest.ranking.evaluation import outcome, sets
from digest.ranking.evaluation.measures import MEASURES
from digest.ranking.evaluation.methods.ours import Ours

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    from digest.ranking.evaluation.sets import EvaluationSet

Setting = tuple["ModuleType", str]

OF_LIKES: dict[Setting, tuple[float, ...]] = {
    (space, "SHARP_IDF_POWER"): (1.5, 2.0, 2.5),
    (likes, "CONCEPT_SHARE"): (0.2, 0.3, 0.4, 0.5),
    (likes, "TERMS"): (300, 500, 800),
    (concepts, "KEPT"): (10, 15, 20),
    (concepts, "TOLD_APART"): (20, 30, 50),
}
OF_TOPICS: dict[Setting, tuple[float, ...]] = {
    (space, "IDF_POWER"): (1.0, 1.5, 2.0),
    (topics, "NEIGHBOUR_SHARE"): (0.5, 0.65, 0.8),
    (topics, "NEIGHBOURS"): (12, 18, 25),
    (topics, "RM3_TERMS"): (10, 20, 30),
    (topics, "RM3_ORIGINAL"): (0.3, 0.4, 0.6),
    (topics, "WORDS_POWER"): (3, 5),
}


def main() -> None:
    """Choose, measure and print."""
    parser = argparse.ArgumentParser(description="Choose settings on some tasks and measure them on others.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--measure", choices=list(MEASURES), default="ndcg@20")
    options = parser.parse_args()
    whole = sets.read(options.folder)
    grid = OF_LIKES if any(task.reader.liked for task in whole.tasks) else OF_TOPICS
    trials = Trials(whole, grid, list(MEASURES).index(options.measure))
    pools = np.array([task.pool for task in whole.tasks])
    parts = [pools == pool for pool in dict.fromkeys(pools)]
    if len(parts) == 1:
        parts = [np.arange(len(pools)) % 2 == half for half in (0, 1)]
    shipped = {setting: getattr(*setting) for setting in grid}
    chosen_on_others = np.zeros(len(pools))
    for n, part in enumerate(parts, start=1):
        chosen = trials.choose(~part)
        chosen_on_others[part] = trials.values(chosen)[part]
        told = ", ".join(f"{name} {value:g}" for (_, name), value in chosen.items())
        print(f"part {n} of {len(parts)}: {chosen_on_others[part].mean():.4f} with {told}", flush=True)
    print(f"{options.measure}: {chosen_on_others.mean():.4f} where settings were chosen on other tasks, ", end="")
    print(f"{trials.values(shipped).mean():.4f} with the shipped ones")


class Trials:
    """Settings tried on a set, each combination once."""

    def __init__(self, whole: EvaluationSet, grid: dict[Setting, tuple[float, ...]], column: int) -> None:
        self._whole, self._grid, self._column = whole, grid, column
        self._known: dict[tuple[float, ...], NDArray[np.float64]] = {}

    def choose(self, tasks: NDArray[np.bool_]) -> dict[Setting, float]:
        """The settings that do best on some tasks, each chosen with those before it chosen."""
        # The start is the middle of each range, which no task has chosen.
        settings = {setting: choices[len(choices) // 2] for setting, choices in self._grid.items()}
        for setting, choices in self._grid.items():
            settings[setting] = max(
                choices, key=lambda value, of=setting: float(self.values({**settings, of: value})[tasks].mean())
            )
        return settings

    def values(self, settings: dict[Setting, float]) -> NDArray[np.float64]:
        """The measure of each task."""
        key = tuple(settings.values())
        if key not in self._known:
            for (module, name), value in settings.items():
                setattr(module, name, value)
            started = time.perf_counter()
            (found,) = outcome.run(self._whole, [Ours()], clock=time.perf_counter, progress=Silent())
            self._known[key] = found.values[:, self._column]
            print(f"\r{len(self._known)} tried, {time.perf_counter() - started:.0f} s each ", end="", file=sys.stderr)
        return self._known[key]


if __name__ == "__main__":
    main()
