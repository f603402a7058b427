"""Several rankings as one, so that every interest gets its turn and none is averaged into another.

After reciprocal rank fusion (Cormack, Clarke, Büttcher, SIGIR 2009), with two changes that suit a short list: a paper
has its best turn and not the sum of its turns, because a middling paper for three interests should not pass the best
one of a fourth; and the constant is small, so that the second papers come behind all first ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CONSTANT = 2.0


def reciprocal_ranks(orders: Sequence[NDArray[np.intp]], weights: Sequence[float], n: int) -> NDArray[np.float64]:
    """The fused value of each of `n` papers: the most of 1 / (constant + rank / weight) over the rankings that have it.

    `orders` hold for each ranking the papers in it, best first; a paper that no ranking has gets 0. An interest of
    weight 2 has two papers in the time another has one.
    """
    fused = np.zeros(n)
    for order, weight in zip(orders, weights, strict=True):
        turns = 1 / (CONSTANT + np.arange(1, len(order) + 1) / weight)
        fused[order] = np.maximum(fused[order], turns)
    return fused
