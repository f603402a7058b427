"""Why a paper is in a reader's issue, or why it is not: the one rule that decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.issue import above_bar
from digest.ranking.bounds import Bounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.types import Evidence, Match, Paper, Profile


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


def refused(profile: Profile, paper: Paper, why: str) -> Explanation:
    """A paper that was never ranked."""
    return Explanation(paper=paper.id, chosen=False, why=why, bar=profile.min_score)


def explain(profile: Profile, paper: Paper, ranking: Sequence[Match]) -> Explanation:
    """What became of a paper that was new to the reader, in a ranking of all that were."""
    place = next((n for n, match in enumerate(ranking, start=1) if match.paper.id == paper.id), None)
    if place is None:
        bounds = Bounds(profile)
        why = bounds.refusal(paper, followed=bool(bounds.followed(paper)))
        return refused(profile, paper, why or "it was not ranked")
    match = ranking[place - 1]
    better = len(above_bar(profile, ranking[: place - 1]))
    if not above_bar(profile, [match]):
        chosen, why = False, f"min_score: its score of {match.score:g} is below the bar of {profile.min_score:g}"
    elif better >= profile.max_papers:
        chosen, why = False, f"max_papers: {better} papers come before it, and the issue holds {profile.max_papers}"
    else:
        chosen, why = True, f"it is number {better + 1} of the issue"
    return Explanation(
        paper=paper.id,
        chosen=chosen,
        why=why,
        bar=profile.min_score,
        ranked=len(ranking),
        place=place,
        score=match.score,
        interest=match.interest,
        evidence=match.evidence,
    )
