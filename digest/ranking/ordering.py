"""One reader's ranking: what the reader's interests score, in the order that gives each of them its turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digest.ranking.bounds import Bounds
from digest.ranking.fuse import reciprocal_ranks
from digest.ranking.labels import LIKED, TRENDING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

    from digest.ranking.candidates import Candidates
    from digest.ranking.interest import Interests, Scores
    from digest.types import Paper, Profile

AUTHOR_SCORE = 50.0
"""What a followed author adds to a paper's score of 0 to 100."""

FUSED_SHARE = 0.25
"""An interest takes its turn with papers that reach the reader's bar and this share of its best one's score; the others
follow by score."""

ROUNDING = 0.01
"""Scores are rounded to this, so a paper may reach a bar that it misses by less."""


@dataclass(frozen=True, slots=True)
class Interest:
    """One interest of one reader: `number` of its kind; None for what is trending."""

    label: str
    kind: Interests | None = None
    number: int = 0
    weight: float = 1.0
    max_papers: int | None = None
    phrases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranking:
    """One reader's ranking: candidates by their rows, in order.

    `by_interest` are scores of 0 to 100, interests x candidates in order; `totals` what comes of them with authors
    and votes; `fused` the values that the order is by; `heat` what votes have of the totals. `best` is the number of
    the interest that each paper fits best (0 where there are none), `speaking` what that one has of the total.
    `followed` are the names of followed authors by row.
    """

    profile: Profile
    interests: tuple[Interest, ...]
    rows: NDArray[np.int64]
    by_interest: NDArray[np.float64]
    totals: NDArray[np.float64]
    fused: NDArray[np.float64]
    heat: NDArray[np.float64]
    best: NDArray[np.intp]
    speaking: NDArray[np.float64]
    followed: Mapping[int, Sequence[str]]


def ordered(  # noqa: PLR0913  (a reader, the reader's interests, and the papers)
    profile: Profile,
    interests: tuple[Interest, ...],
    scores: Sequence[Scores],
    candidates: Candidates,
    heat: NDArray[np.float64],
    *,
    aversion: NDArray[np.float64] | None,
    among: AbstractSet[str] | None,
    whole: bool,
) -> Ranking:
    """The ranking of the candidates within the profile's bounds (and `among` these ids), equals in order of their ids.

    Args:
        profile: The reader.
        interests: The reader's interests.
        scores: For each of them the candidates it lists and their scores, 0 to 100.
        candidates: The papers.
        heat: How much each of them is trending, 0 to 1.
        aversion: How like each is to a paper that the reader dislikes, 0 to 1; by so much a topic has less of it.
        among: Ids of those that may be in the ranking; None for all.
        whole: Whether candidates that no interest lists are in it, too.
    """
    papers = candidates.papers
    is_listed = np.full(len(papers), whole)
    for own in scores:
        is_listed[own.places] = True
    if among is not None:
        is_listed &= candidates.among(among)
    bounds = Bounds(profile)
    is_listed[candidates.rows_of(bounds.judged)] = False
    followed = _within(bounds, papers, np.flatnonzero(is_listed).tolist())
    rows = np.array(list(followed), dtype=np.int64)
    by_interest = np.zeros((len(interests), len(rows)))
    here = np.full(len(papers), -1)
    here[rows] = np.arange(len(rows))
    for n, (interest, own) in enumerate(zip(interests, scores, strict=True)):
        at = here[own.places]
        by_interest[n, at[at >= 0]] = own.values[at >= 0]
        # Likes have the dislikes in them already.
        if aversion is not None and interest.label not in {LIKED, TRENDING}:
            by_interest[n] *= 1 - aversion[rows]
        for phrase in interest.phrases:
            by_interest[n] *= [bounds.holds(papers[row], phrase) for row in followed]
    by_author = np.array([AUTHOR_SCORE if names else 0.0 for names in followed.values()])
    by_votes = 100 * profile.trending * heat[rows]
    best = by_interest.max(axis=0, initial=0.0)
    speaking = (1 - profile.trending) * best
    totals = (speaking + by_votes + by_author).round(2)
    fused = _fused(interests, by_interest, totals, by_author > 0, profile.min_score)
    order = np.lexsort((rows, -totals, -fused))
    by_interest = by_interest[:, order]
    return Ranking(
        profile=profile,
        interests=interests,
        rows=rows[order],
        by_interest=by_interest,
        totals=totals[order],
        fused=fused[order],
        heat=by_votes[order],
        best=by_interest.argmax(axis=0) if interests else np.zeros(len(rows), dtype=np.intp),
        speaking=speaking[order],
        followed=followed,
    )


def _within(bounds: Bounds, papers: Sequence[Paper], listed: Sequence[int]) -> dict[int, list[str]]:
    """The listed papers that are within bounds, by row, each with its followed authors."""
    if bounds.only_what_is_known:
        nobody: list[str] = []
        return dict.fromkeys(listed, nobody)
    followed = {row: bounds.followed(papers[row]) for row in listed}
    return {row: names for row, names in followed.items() if not bounds.refusal(papers[row], followed=bool(names))}


def _fused(
    interests: Sequence[Interest],
    by_interest: NDArray[np.float64],
    totals: NDArray[np.float64],
    followed: NDArray[np.bool_],
    bar: float,
) -> NDArray[np.float64]:
    """The fused value of each paper; 0 for papers that no interest claims."""
    orders = []
    # Where votes have most of a score, a paper that fits an interest well may still fall short.
    reaching = (totals > 0) & (totals >= bar - ROUNDING)
    for scores in by_interest:
        claimed = reaching & (scores > 0) & (scores >= max(FUSED_SHARE * scores.max(initial=0.0), bar - ROUNDING))
        orders.append(_falling(np.flatnonzero(claimed), scores))
    orders.append(_falling(np.flatnonzero(followed), totals))
    return reciprocal_ranks(orders, [*(each.weight for each in interests), 1.0], len(totals))


def _falling(places: NDArray[np.intp], scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """These places, ascending, in falling order of their scores; equals as they came."""
    return places[np.argsort(-scores[places], kind="stable")]
