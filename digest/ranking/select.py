"""From a ranking to the papers of an issue: the bar, near-duplicates, variety, quotas, and papers from outside.

Each paper that reaches the bar and is not chosen is left out by one rule, which is kept for those who ask.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digest.ranking.diversity import near_duplicates, varied
from digest.ranking.reasons import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from digest.ranking.ordering import Ranking
    from digest.ranking.space import Space
    from digest.types import Match, Paper

FEW, MANY = 20, 200
"""Papers of a ranking that are compared with each other: so few and three issues full, or so many where topics have a
maximum of their own."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What an issue holds: its matches in order, how many papers reached the bar, and where the bar was.

    `dropped` says of papers (by id) that reached the bar and are not in the issue which rule left them out: of all of
    them where that was asked for.
    """

    chosen: tuple[Match, ...]
    passed: int
    bar: float
    dropped: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Choice:
    """A `Selection` whose matches are not made yet.

    `places` are those of the ranking, `similar` the papers folded under each; the last `outside` of them are from
    outside the interests.
    """

    places: tuple[int, ...]
    similar: tuple[tuple[Paper, ...], ...]
    outside: int
    passed: int
    bar: float
    dropped: Mapping[str, str]


def choose(
    ranking: Ranking, bar: float, space: Space, candidates: Sequence[Paper], *, absences: bool = False
) -> Choice:
    """The papers of one reader's issue.

    Of those that reach the bar, near-duplicates are folded under the first of them; then one is chosen after the other,
    by its place in the ranking, less for each that is like one before it; a topic's own maximum and that of the issue
    are kept. Papers from outside the interests take the last places of the issue, beside at least one from within.
    With `absences` it is said of each other one why it is not there.
    """
    profile = ranking.profile
    passing = np.flatnonzero((ranking.totals >= bar) & (ranking.totals > 0))
    quota = {each.label: each.max_papers for each in ranking.interests if each.max_papers is not None}
    # A topic with a maximum may fill a long stretch of the ranking with papers that it has no place for.
    compared = passing[: MANY if quota else FEW + 3 * profile.max_papers]
    likeness = space.likeness(ranking.rows[compared])
    groups = near_duplicates(likeness)
    rows = ranking.rows[passing].tolist()
    dropped = {
        candidates[rows[n]].id: f"it says nearly the same as {candidates[rows[first]].id}"
        for first in groups
        for n in groups[first]
    }
    outside = _outside(ranking, bar, candidates)[: min(profile.explore, profile.max_papers - 1)] if rows else []
    room = profile.max_papers - len(outside)
    chosen: list[int] = []
    similar: list[tuple[Paper, ...]] = []
    for n in varied(_values(ranking, compared), likeness, list(groups), profile.diversity):
        if len(chosen) == room:
            break
        place = int(compared[n])
        if quota:
            interest = label(ranking, place)
            if quota.get(interest) == 0:
                dropped[candidates[rows[n]].id] = f"max_papers of the topic {interest!r}: better ones filled its places"
                continue
            if interest in quota:
                quota[interest] -= 1
        chosen.append(place)
        similar.append(tuple([candidates[rows[other]] for other in groups[n]]))
    if absences:
        taken = {candidates[ranking.rows[place]].id for place in chosen}
        why = f"max_papers: the issue holds {profile.max_papers}, and better ones filled them"
        dropped = dict.fromkeys({candidates[row].id for row in rows} - taken, why) | dropped
    similar += [()] * len(outside)
    return Choice((*chosen, *outside), tuple(similar), len(outside), len(rows), bar, dropped)


def _values(ranking: Ranking, places: NDArray[np.intp]) -> NDArray[np.float64]:
    """What each place is worth, in falling order: its fused value; below all of these, the scores of the unclaimed."""
    fused = ranking.fused[places]
    claimed = fused[fused > 0]
    return np.where(fused > 0, fused, claimed.min(initial=1.0) * ranking.totals[places] / 200)


def _outside(ranking: Ranking, bar: float, candidates: Sequence[Paper]) -> list[int]:
    """Places of papers below the bar, the most voted for first; among equals each reader meets others each day."""
    profile = ranking.profile
    if not profile.explore:
        return []
    below = np.flatnonzero((ranking.totals < bar) | (ranking.totals == 0)).tolist()

    def order(place: int) -> tuple[int, str]:
        paper = candidates[ranking.rows[place]]
        return -(paper.signals.upvotes or 0), hashlib.sha256(f"{profile.slug}\n{paper.id}".encode()).hexdigest()

    return sorted(below, key=order)
