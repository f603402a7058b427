"""The papers that parts of a run look at: the same for all of them, and counted once in a process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digest.ranking.rank import Ranker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from digest.ranking.weights import Statistics
    from digest.types import Paper

REMEMBERED = 2
"""Days that are kept counted, some hundred megabytes each: between two time zones a dispatcher has two at once."""


@dataclass(frozen=True, slots=True)
class _Counted:
    candidates: Sequence[Paper]
    background: Sequence[Paper]
    statistics: Statistics
    day: date
    ranker: Ranker


class Corpus:
    """All papers up to number `seq`; None for all there are when it is asked. Not to be shared between threads."""

    def __init__(self, seq: int | None = None) -> None:
        self.seq = seq
        self._counted: list[_Counted] = []

    def last(self, known: int) -> int:
        """The number of the last paper to look at, where `known` is that of the last there is."""
        return known if self.seq is None else min(self.seq, known)

    def up_to(self, seq: int) -> Corpus:
        """The papers up to another number; what is counted is counted for both."""
        other = Corpus(seq)
        other._counted = self._counted
        return other

    def ranker(
        self,
        candidates: Sequence[Paper],
        background: Sequence[Paper],
        judged: Mapping[str, Paper],
        statistics: Statistics,
        day: date,
    ) -> Ranker:
        """`Ranker` of the same, whose candidates and background are not counted again if they were of late.

        They are held against what was counted then, paper by paper: no number could tell of each change of a paper.
        """
        for each in self._counted:
            if (
                each.day == day
                and each.candidates == candidates
                and each.background == background
                and each.statistics.length == statistics.length
                and np.array_equal(each.statistics.frequency, statistics.frequency)
            ):
                return each.ranker.judging(judged)
        made = Ranker(candidates, background, judged, statistics, day)
        self._counted.append(_Counted(candidates, background, statistics, day, made))
        del self._counted[:-REMEMBERED]
        return made
