"""Variety within one issue: near-duplicates found, and the next paper chosen by what it adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

NEAR_DUPLICATE = 0.7
"""The cosine of two papers' TF-IDF rows from which on they say nearly the same."""


def near_duplicates(likeness: NDArray[np.float32]) -> dict[int, list[int]]:
    """Papers in the order of a ranking: each that is not like an earlier one, with the later ones that are like it.

    `likeness` are cosines, papers x papers. Whatever is folded is like the first of its group, so no group drifts.
    """
    is_like = likeness >= NEAR_DUPLICATE
    np.fill_diagonal(is_like, val=False)
    if not is_like.any():
        return {n: [] for n in range(len(likeness))}
    earlier_of: dict[int, list[int]] = {}
    for one, other in np.argwhere(is_like).tolist():
        if other < one:
            earlier_of.setdefault(one, []).append(other)
    groups: dict[int, list[int]] = {}
    for n in range(len(likeness)):
        first = next((place for place in earlier_of.get(n, ()) if place in groups), None)
        if first is None:
            groups[n] = []
        else:
            groups[first].append(n)
    return groups


def varied(
    values: NDArray[np.float64], likeness: NDArray[np.float32], places: list[int], diversity: float
) -> Iterator[int]:
    """These places, each time the one worth most beside those before it; equals in their order.

    A place is worth its value, less the share `diversity` (0 to 1) of its likeness to the one before it that is most
    like it: maximal marginal relevance (Carbonell, Goldstein, SIGIR 1998), as a factor, so that it works on any scale.
    """
    # What is left of a place's value, after the likeness that costs it most.
    costs = 1 - diversity * np.clip(likeness.astype(np.float64), 0.0, 1.0)
    left = np.ones(len(values))
    gone = np.full(len(values), -np.inf)
    gone[places] = 0.0
    for _ in places:
        best = int((values * left + gone).argmax())
        gone[best] = -np.inf
        yield best
        np.minimum(left, costs[best], out=left)
