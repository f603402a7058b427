"""Why a paper is recommended: what its score is made of, in shares that add up to 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from digest.ranking.labels import FOLLOWED, OTHER_TERMS, TRENDING
from digest.ranking.ordering import AUTHOR_SCORE
from digest.types import Evidence, Match, Nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.ranking.ordering import Interest, Ranking
    from digest.ranking.space import Space
    from digest.types import Paper

MAX_EVIDENCE = 6
MIN_SHARE = 0.015
"""A term that adds less to a score is no reason."""


def plain_match(ranking: Ranking, place: int, _space: Space, candidates: Sequence[Paper]) -> Match:
    """The match at a place of a ranking, without reasons."""
    return _match(ranking, place, candidates, (), None)


def explained_match(ranking: Ranking, place: int, space: Space, candidates: Sequence[Paper]) -> Match:
    """The match at a place of a ranking, with the reasons that speak most for it.

    The rest is one entry, `OTHER_TERMS`, at the end. Without a score there are no reasons.
    """
    total = float(ranking.totals[place])
    if not total > 0:
        return plain_match(ranking, place, space, candidates)
    row, best = int(ranking.rows[place]), _best(ranking, place)
    score, votes = _score(ranking, place), float(ranking.heat[place])
    names = ranking.followed[row]
    speaking = score + votes + (AUTHOR_SCORE if names else 0.0)
    shares = {f"author {name}": AUTHOR_SCORE / speaking / len(names) for name in names}
    nearest = None
    upvotes = _upvotes(candidates[row].signals.upvotes or 0)
    if votes:
        shares[upvotes] = votes / speaking
    if best is not None and score:
        if best.kind is None:
            shares[upvotes] = shares.get(upvotes, 0.0) + score / speaking
        else:
            terms = _terms(best, row, space, candidates[row])
            shares |= {term: value * score / speaking for term, value in terms.items()}
            nearest = best.kind.nearest(best.number, row)
    return _match(ranking, place, candidates, _evidence(shares), nearest)


def _upvotes(votes: int) -> str:
    return "no upvotes yet" if not votes else "1 upvote" if votes == 1 else f"{votes:,} upvotes"


def _best(ranking: Ranking, place: int) -> Interest | None:
    """The interest that a paper fits best."""
    return ranking.interests[int(np.argmax(ranking.by_interest[:, place]))] if ranking.interests else None


def _score(ranking: Ranking, place: int) -> float:
    """What the interests have of a paper's score."""
    return (1 - ranking.profile.trending) * float(ranking.by_interest[:, place].max(initial=0.0))


def _match(
    ranking: Ranking, place: int, candidates: Sequence[Paper], evidence: tuple[Evidence, ...], nearest: Nearest | None
) -> Match:
    row, best, score = int(ranking.rows[place]), _best(ranking, place), _score(ranking, place)
    votes = float(ranking.heat[place])
    label = TRENDING if votes > score else best.label if best else ""
    if ranking.followed[row] and max(votes, score) <= AUTHOR_SCORE:
        label = FOLLOWED
    return Match(
        paper=candidates[row],
        score=min(round(float(ranking.totals[place]), 2), 100.0),
        interest=label,
        evidence=evidence,
        nearest=nearest,
    )


def _terms(interest: Interest, row: int, space: Space, paper: Paper) -> dict[str, float]:
    """The terms that speak for a paper, each with its share of all that do; the most telling ones by name."""
    assert interest.kind is not None  # noqa: S101  (told apart by the caller)
    speaking = {column: value for column, value in interest.kind.reasons(interest.number, row).items() if value > 0}
    total = sum(speaking.values())
    if not total:
        return {}
    # Terms that other papers have, too, tell more; those of this paper alone are better than nothing.
    telling = sorted(speaking, key=lambda column: (not space.is_shared[column], -speaking[column], column))
    spelt = space.spellings(paper)
    named = {spelt[column]: speaking[column] / total for column in telling[:MAX_EVIDENCE]}
    return named | {OTHER_TERMS: max(1 - sum(named.values()), 0.0)}


def _evidence(shares: dict[str, float]) -> tuple[Evidence, ...]:
    """The largest shares by name, and the rest as one."""
    named = sorted(
        ((term, share) for term, share in shares.items() if term != OTHER_TERMS), key=lambda p: (-p[1], p[0])
    )
    told = [Evidence(term=term, share=round(share, 4)) for term, share in named if share >= MIN_SHARE]
    # With a rest to tell, it takes the last place.
    told = told[: MAX_EVIDENCE - (len(told) < len(shares) or len(told) > MAX_EVIDENCE)]
    rest = round(1 - sum(each.share for each in told), 4)
    return (*told, Evidence(term=OTHER_TERMS, share=rest)) if rest > 0 else tuple(told)
