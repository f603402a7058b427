"""One reader's ranking of the candidates, each match with its score, its interest and its reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from digest.ranking import interests
from digest.ranking.bounds import Bounds
from digest.ranking.fuse import reciprocal_ranks
from digest.ranking.space import Space
from digest.types import Evidence, Match

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from digest.ranking.interests import Scored
    from digest.ranking.weights import Statistics
    from digest.types import Paper, Profile

AUTHOR_SCORE = 50.0
"""What a followed author adds to a paper's score of 0 to 100."""

FUSED_SHARE = 0.25
"""An interest takes its turn with papers that reach the reader's bar and this share of its best one's score; the others
follow by score."""

MAX_EVIDENCE = 6
MIN_SHARE = 0.015
"""A term that adds less to a score is no reason."""

LIKED = "papers you liked"
FOLLOWED = "authors you follow"
TRENDING = "most upvoted"


class Ranker:
    """The day's candidates before their background, counted once, ranked for any number of readers.

    `background` is what candidates are compared with: earlier papers, from which term statistics and the common
    drift of all papers are learned. `judged` holds the known papers that readers like or dislike, by the ids they
    wrote. `statistics` are those of all papers there are; if None, of candidates and background. The same inputs give
    the same ranking, in whatever order candidates and readers come.
    """

    def __init__(
        self,
        candidates: Sequence[Paper],
        background: Sequence[Paper],
        judged: Mapping[str, Paper],
        statistics: Statistics | None = None,
    ) -> None:
        self._candidates = sorted(candidates, key=lambda paper: paper.id)
        # Sums of floating-point numbers depend on their order, so that must not depend on who asks.
        self._space = Space(self._candidates, sorted(background, key=lambda paper: paper.id), statistics)
        # Outside the statistics: what other readers of the batch like must not change this one's ranking.
        self._judgements = self._space.sharp_of(list(judged.values()))
        self._judged_rows = {paper_id: n for n, paper_id in enumerate(judged)}

    def rank(
        self, profile: Profile, *, among: AbstractSet[str] | None = None, explained: int | None = None
    ) -> list[Match]:
        """The candidates within the profile's bounds, best first; equals are ordered by paper id.

        Bounds are the words to have or to exclude and the categories; a followed author's paper is never out of bounds
        for its category. Papers that the reader likes or dislikes are known already and left out.

        A paper's score is that of the interest it fits best, times a weight below 1; a followed author adds
        `AUTHOR_SCORE`; 100 is the most. The order gives every interest its turn: see `digest.ranking.fuse`.

        Args:
            profile: The reader.
            among: Ids of the candidates that may be in the ranking; None for all.
            explained: How many of the first matches get their evidence, which takes most of the time; None for all.
        """
        bounds = Bounds(profile)
        followed: dict[int, list[str]] = {}
        for row, paper in enumerate(self._candidates):
            names = bounds.followed(paper)
            if (among is None or paper.id in among) and bounds.refusal(paper, followed=bool(names)) is None:
                followed[row] = names
        rows = np.array(list(followed), dtype=np.intp)
        scored = self._interests(profile)
        by_author = np.array([AUTHOR_SCORE if followed[row] else 0.0 for row in rows])
        by_interest = 100 * np.max([interest.scores[rows] for interest in scored], axis=0, initial=0.0)
        totals = (by_author + by_interest).round(2)
        fused = self._fused(rows, scored, totals, by_author > 0, profile.min_score)
        # Candidates stand in order of their ids, and so do equals.
        order = np.lexsort((rows, -totals, -fused))
        return [
            self._match(int(rows[n]), scored, followed[rows[n]], explain=explained is None or place < explained)
            for place, n in enumerate(order)
        ]

    def _interests(self, profile: Profile) -> list[Scored]:
        scored = [interests.of_topic(topic.text, self._space).times(topic.weight) for topic in profile.topics]
        liked, disliked = self._judged(profile.liked), self._judged(profile.disliked)
        # Papers without a term that is known here say nothing; their mean would only be what all papers are not.
        if liked.nnz:
            scored.append(interests.of_likes(LIKED, self._space, liked, disliked))
        if not scored and profile.categories:
            scored.append(interests.of_votes(TRENDING, [paper.signals.upvotes or 0 for paper in self._candidates]))
        return scored

    def _judged(self, ids: Sequence[str]) -> csr_matrix:
        return self._judgements[[self._judged_rows[paper_id] for paper_id in ids if paper_id in self._judged_rows]]

    def _fused(
        self,
        rows: NDArray[np.intp],
        scored: Sequence[Scored],
        totals: NDArray[np.float64],
        followed: NDArray[np.bool_],
        bar: float,
    ) -> NDArray[np.float64]:
        """The fused value of each row; 0 for papers that no interest claims."""
        orders, weights = [], []
        for interest in scored:
            scores = 100 * interest.scores[rows]
            order = np.argsort(-scores, kind="stable")
            claimed = (scores > 0) & (scores >= max(FUSED_SHARE * scores.max(initial=0.0), bar))
            orders.append(order[claimed[order]])
            weights.append(interest.weight)
        order = np.argsort(-totals, kind="stable")
        orders.append(order[followed[order]])
        return reciprocal_ranks(orders, [*weights, 1.0], len(rows))

    def _match(self, row: int, scored: Sequence[Scored], followed: Sequence[str], *, explain: bool) -> Match:
        best = max(scored, key=lambda interest: float(interest.scores[row]), default=None)
        score = 100 * float(best.scores[row]) if best else 0.0
        label = best.label if best else ""
        reasons = self._reasons(best, row) if explain and best and score else {}
        if followed:
            label = label if score > AUTHOR_SCORE else FOLLOWED
            share = AUTHOR_SCORE / (score + AUTHOR_SCORE)
            score += AUTHOR_SCORE
            reasons = {term: value * (1 - share) for term, value in reasons.items()}
            reasons |= {f"author {name}": share / len(followed) for name in followed}
        ordered = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))[:MAX_EVIDENCE]
        evidence = tuple(Evidence(term=term, share=round(value, 4)) for term, value in ordered if value >= MIN_SHARE)
        paper = self._candidates[row]
        return Match(paper=paper, score=round(min(score, 100.0), 2), interest=label, evidence=evidence)

    def _reasons(self, interest: Scored, row: int) -> dict[str, float]:
        """The terms that speak most for a paper, each with its share of all that speaks for it."""
        if not interest.parts:
            return {interest.label: 1.0}
        speaking = {column: value for column, value in interest.reasons(row).items() if value > 0}
        # Terms that other papers have, too, tell more; those of this paper alone are better than nothing.
        shared = self._space.is_shared
        telling = sorted(speaking, key=lambda column: (not shared[column], -speaking[column], column))
        spelt, total = self._space.spellings(self._candidates[row]), sum(speaking.values())
        return {spelt[column]: speaking[column] / total for column in telling[:MAX_EVIDENCE]}
