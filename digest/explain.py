"""Why a paper is in a reader's issue, or why it is not: the one rule that decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.ranking.bounds import Bounds
from digest.ranking.labels import OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.ranking.select import Selection
    from digest.types import Evidence, Match, Nearest, Paper, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A paper's standing with a reader: whether it is chosen, the rule that decided, and its place if it was ranked.

    `place` is the paper's among `ranked` papers, from 1; `score` and `bar` are on the scale of 0 to 100.
    """

    paper: str
    chosen: bool
    why: str
    bar: float
    ranked: int = 0
    place: int | None = None
    score: float | None = None
    interest: str | None = None
    evidence: tuple[Evidence, ...] = ()
    nearest: Nearest | None = None


def refused(profile: Profile, paper: Paper, why: str) -> Explanation:
    """A paper that was never ranked."""
    return Explanation(paper=paper.id, chosen=False, why=why, bar=profile.min_score)


def explain(profile: Profile, paper: Paper, ranking: Sequence[Match], selection: Selection) -> Explanation:
    """What became of a paper that was new to the reader, in a ranking of all that were and what was selected of it."""
    place = next((n for n, match in enumerate(ranking, start=1) if match.paper.id == paper.id), None)
    if place is None:
        bounds = Bounds(profile)
        why = bounds.refusal(paper, followed=bool(bounds.followed(paper)))
        return refused(profile, paper, why or "it was not ranked")
    match = ranking[place - 1]
    number = next((n for n, each in enumerate(selection.chosen, start=1) if each.paper.id == paper.id), None)
    if number is not None:
        why = f"it is number {number} of the issue"
        if (label := selection.chosen[number - 1].interest) == OUTSIDE:
            why += f", from {label} (explore)"
    elif paper.id in selection.dropped:
        why = selection.dropped[paper.id]
    elif match.score >= selection.bar:
        why = "min_score: a score of 0 is below any bar"
    else:
        moved = f" (papers_a_day: {profile.papers_a_day})" if selection.bar > profile.min_score else ""
        why = f"min_score: its score of {match.score:g} is below the bar of {selection.bar:g}{moved}"
    return Explanation(
        paper=paper.id,
        chosen=number is not None,
        why=why,
        bar=selection.bar,
        ranked=len(ranking),
        place=place,
        score=match.score,
        interest=match.interest,
        evidence=match.evidence,
        nearest=match.nearest,
    )
