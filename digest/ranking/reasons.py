"""Why a paper is recommended: what its score is made of, in shares that add up to 1."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from digest.ranking.labels import FOLLOWED, OTHER_TERMS, TRENDING
from digest.ranking.largest import taken
from digest.ranking.ordering import AUTHOR_SCORE
from digest.types import Evidence, Match, Nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from digest.ranking.interest import Interests, Sums
    from digest.ranking.ordering import Interest, Ranking
    from digest.ranking.space import Space
    from digest.types import Paper

MAX_EVIDENCE = 6
MIN_SHARE = 0.015
"""A term that adds less to a score is no reason."""

AT_ONCE = 2000
"""Matches whose terms are held at once."""


def plain_match(ranking: Ranking, place: int, candidates: Sequence[Paper]) -> Match:
    """The match at a place of a ranking, without reasons."""
    return _match(ranking, place, candidates, (), None)


def explained(shown: Sequence[tuple[Ranking, int]], space: Space, candidates: Sequence[Paper]) -> list[Match]:
    """The matches at places of rankings, with the reasons that speak most for each.

    The rest is one entry, `OTHER_TERMS`, at the end. Without a score there are no reasons.
    """
    return [
        match
        for start in range(0, len(shown), AT_ONCE)
        for match in _explained(shown[start : start + AT_ONCE], space, candidates)
    ]


def _explained(shown: Sequence[tuple[Ranking, int]], space: Space, candidates: Sequence[Paper]) -> Iterator[Match]:
    told = _told(shown, space, candidates)
    for n, (ranking, place) in enumerate(shown):
        if not ranking.totals[place] > 0:
            yield plain_match(ranking, place, candidates)
            continue
        row = int(ranking.rows[place])
        score, votes = float(ranking.speaking[place]), float(ranking.heat[place])
        names = ranking.followed[row]
        speaking = score + votes + (AUTHOR_SCORE if names else 0.0)
        shares = {f"author {name}": AUTHOR_SCORE / speaking / len(names) for name in names} if names else {}
        nearest = None
        if votes:
            shares[_upvotes(candidates[row])] = votes / speaking
        if n in told:
            terms, nearest = told[n]
            shares |= {term: value * score / speaking for term, value in terms.items()}
        elif score and _best(ranking, place) is not None:
            upvotes = _upvotes(candidates[row])
            shares[upvotes] = shares.get(upvotes, 0.0) + score / speaking
        yield _match(ranking, place, candidates, _evidence(shares), nearest)


def label(ranking: Ranking, place: int) -> str:
    """What a match stands under: the interest that it fits best, or an author, or votes, whichever has most of it."""
    score, votes = float(ranking.speaking[place]), float(ranking.heat[place])
    if ranking.followed[int(ranking.rows[place])] and max(votes, score) <= AUTHOR_SCORE:
        return FOLLOWED
    best = _best(ranking, place)
    return TRENDING if votes > score else best.label if best else ""


def _upvotes(paper: Paper) -> str:
    votes = paper.signals.upvotes or 0
    return "no upvotes yet" if not votes else "1 upvote" if votes == 1 else f"{votes:,} upvotes"


def _best(ranking: Ranking, place: int) -> Interest | None:
    """The interest that a paper fits best."""
    return ranking.interests[ranking.best[place]] if ranking.interests else None


def _match(
    ranking: Ranking, place: int, candidates: Sequence[Paper], evidence: tuple[Evidence, ...], nearest: Nearest | None
) -> Match:
    return Match(
        paper=candidates[ranking.rows[place]],
        score=min(round(float(ranking.totals[place]), 2), 100.0),
        interest=label(ranking, place),
        evidence=evidence,
        nearest=nearest,
    )


def _told(
    shown: Sequence[tuple[Ranking, int]], space: Space, candidates: Sequence[Paper]
) -> dict[int, tuple[dict[str, float], Nearest | None]]:
    """Of each match that an interest in words or papers has a score for: its telling terms, and the nearest paper."""
    of_kind: dict[Interests, list[tuple[int, int, int]]] = {}
    for n, (ranking, place) in enumerate(shown):
        best = _best(ranking, place)
        if best is not None and best.kind is not None and ranking.totals[place] > 0 and ranking.speaking[place]:
            of_kind.setdefault(best.kind, []).append((n, best.number, int(ranking.rows[place])))
    told: dict[int, tuple[dict[str, float], Nearest | None]] = {}
    for kind, pairs in of_kind.items():
        # Those of one interest together, which takes less time than in any other order.
        numbers, interests, rows = np.array(sorted(pairs, key=itemgetter(1)), dtype=np.intp).T
        terms = _terms(kind.reasons(interests, rows), [candidates[row] for row in rows], space)
        told |= dict(zip(numbers.tolist(), zip(terms, kind.nearest(interests, rows), strict=True), strict=True))
    return told


def _terms(sums: Sums, papers: Sequence[Paper], space: Space) -> list[dict[str, float]]:
    """The terms that speak for each paper, each with its share of all that do; the most telling ones by name."""
    speaking = sums.values > 0
    pairs, columns, values = sums.pairs[speaking], sums.columns[speaking], sums.values[speaking]
    totals = np.bincount(pairs, values, minlength=len(papers))
    # Terms that other papers have, too, tell more; those of this paper alone are better than nothing.
    is_shared = space.is_shared[columns]
    told = _leading(pairs, np.where(is_shared, values, -1 / values), MAX_EVIDENCE)
    order = told[np.lexsort((columns[told], -values[told], ~is_shared[told], pairs[told]))]
    pairs = pairs[order]
    first = order[np.arange(len(order)) - np.searchsorted(pairs, pairs) < MAX_EVIDENCE]
    named = np.minimum(np.bincount(pairs, minlength=len(papers)), MAX_EVIDENCE)
    shares = (values[first] / totals[np.repeat(np.arange(len(papers)), named)]).tolist()
    ends, places = np.cumsum(named).tolist(), columns[first].tolist()
    return [
        _named(space.spelt(paper, places[start:stop]), shares[start:stop]) if start < stop else {}
        for paper, start, stop in zip(papers, [0, *ends], ends, strict=False)
    ]


def _named(terms: Sequence[str], shares: Sequence[float]) -> dict[str, float]:
    """The shares by their terms, and what is left."""
    told = dict(zip(terms, shares, strict=True))
    told[OTHER_TERMS] = max(1 - sum(told.values()), 0.0)
    return told


def _leading(pairs: NDArray[np.intp], values: NDArray[np.float64], n: int) -> NDArray[np.intp]:
    """Where the `n` largest values of each pair stand, and those that equal the least of them; pairs are in order."""
    starts = np.searchsorted(pairs, np.arange(pairs.max(initial=-1) + 1))
    within = np.arange(len(pairs)) - starts[pairs]
    if within.max(initial=0) < n:
        return np.arange(len(pairs))
    spread = np.full((len(starts), int(within.max()) + 1), -np.inf)
    spread[pairs, within] = values
    return np.flatnonzero(values >= taken(spread, n)[pairs, 0])


def _evidence(shares: dict[str, float]) -> tuple[Evidence, ...]:
    """The largest shares by name, and the rest as one."""
    # In falling order, equals by their names.
    named = sorted([(-share, term) for term, share in shares.items() if share >= MIN_SHARE and term != OTHER_TERMS])
    # With a rest to tell, it takes the last place.
    shown = named[: MAX_EVIDENCE - (len(named) < len(shares) or len(named) > MAX_EVIDENCE)]
    told = [Evidence(term=term, share=round(-share, 4)) for share, term in shown]
    rest = round(1 - sum([each.share for each in told]), 4)
    return (*told, Evidence(term=OTHER_TERMS, share=rest)) if rest > 0 else tuple(told)
