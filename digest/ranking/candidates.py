"""The papers to rank, and which of them bear given ids."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

    from digest.types import Paper


class Candidates:
    """The papers to rank, in order of their ids."""

    def __init__(self, papers: Iterable[Paper]) -> None:
        #: The papers; a row is a place here.
        self.papers = sorted(papers, key=lambda paper: paper.id)
        self._last: tuple[frozenset[str], NDArray[np.bool_]] | None = None

    def rows_of(self, ids: Iterable[str]) -> list[int]:
        """The rows of the papers that bear any of these ids, as their own or as another one."""
        return [row for paper_id in ids for row in self._rows.get(paper_id, ())]

    def among(self, ids: AbstractSet[str]) -> NDArray[np.bool_]:
        """Which of the papers have their own id among these; not to be changed."""
        # The same papers are new to most readers of a day.
        last = self._last
        if last is not None and last[0] is ids:
            return last[1]
        found = np.fromiter((paper.id in ids for paper in self.papers), dtype=bool, count=len(self.papers))
        if isinstance(ids, frozenset):
            self._last = ids, found
        return found

    @cached_property
    def _rows(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for row, paper in enumerate(self.papers):
            for paper_id in {paper.id, *paper.other_ids}:
                rows.setdefault(paper_id, []).append(row)
        return rows
