"""Ways to rank a pool for readers: ours, and what it must be better than."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from digest.types import Paper, Profile


class Method(Protocol):
    """A way to rank papers for readers."""

    @property
    def name(self) -> str:
        """What reports call it."""

    def scores(
        self, candidates: Sequence[Paper], history: Sequence[Paper], readers: Sequence[Profile]
    ) -> NDArray[np.float64]:
        """A score for each candidate and reader, readers x candidates; the higher, the earlier; -inf for never.

        `history` are earlier papers. A reader's liked papers are among candidates and history. Scores are compared
        within a reader only, and no entry is NaN.
        """
