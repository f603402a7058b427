"""One reader's ranking of the candidates, each match with its score, its interest and its reasons."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from digest.ranking import interests
from digest.ranking.features import Features
from digest.types import Evidence, Match

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from digest.ranking.interests import Scored
    from digest.types import Paper, Profile

AUTHOR_SCORE = 50.0
"""What a followed author adds to a paper's score of 0 to 100."""

MAX_EVIDENCE = 6
LIKED = "papers you liked"
FOLLOWED = "authors you follow"
TRENDING = "most upvoted"


class Ranker:
    """The day's candidates before their background, counted once, ranked for any number of readers.

    `background` is what candidates are compared with: earlier papers, from which term statistics and the common
    drift of all papers are learned. `liked` holds the known papers that readers like, by the ids they wrote. The same
    inputs give the same ranking, in whatever order readers come.
    """

    def __init__(self, candidates: Sequence[Paper], background: Sequence[Paper], liked: Mapping[str, Paper]) -> None:
        self._candidates = candidates
        self._features = Features([*candidates, *background])
        self._all = self._features.tfidf()
        self._tfidf = self._all[: len(candidates)]
        self._bm25 = self._features.bm25(len(candidates))
        # Outside the statistics: what other readers of the batch like must not change this one's ranking.
        self._liked = self._features.tfidf_of(list(liked.values()))
        self._liked_rows = {paper_id: n for n, paper_id in enumerate(liked)}

    def rank(self, profile: Profile) -> list[Match]:
        """All candidates within the profile's bounds, best first; equals are ordered by paper id.

        Bounds are the excluded words and the categories; a followed author's paper is never out of bounds for its
        category. Papers that the reader names as liked are known already and left out. A paper's score is that of the
        interest it fits best, times the interest's weight; a followed author adds `AUTHOR_SCORE`; 100 is the most.
        """
        scored = self._interests(profile)
        bounds = _Bounds(profile)
        matches = []
        for row, paper in enumerate(self._candidates):
            followed = bounds.followed(paper)
            if bounds.admit(paper, followed=bool(followed)):
                best = max(scored, key=lambda interest: float(interest.scores[row]), default=None)
                matches.append(self._match(paper, row, best, followed))
        return sorted(matches, key=lambda match: (-match.score, match.paper.id))

    def _interests(self, profile: Profile) -> list[Scored]:
        scored = [
            interests.of_topic(topic.text, self._features, self._tfidf, self._bm25).times(topic.weight)
            for topic in profile.topics
        ]
        rows = [self._liked_rows[paper_id] for paper_id in profile.liked if paper_id in self._liked_rows]
        if rows:
            scored.append(interests.of_likes(LIKED, self._liked[rows], self._all, self._tfidf))
        if not scored and profile.categories:
            scored.append(interests.of_votes(TRENDING, [paper.signals.upvotes or 0 for paper in self._candidates]))
        return scored

    def _match(self, paper: Paper, row: int, best: Scored | None, followed: Sequence[str]) -> Match:
        points = {} if best is None else self._points(best, row)
        label = best.label if best else ""
        score = 100 * float(best.scores[row]) if best else 0.0
        if followed:
            label = label if score > AUTHOR_SCORE else FOLLOWED
            score += AUTHOR_SCORE
            points |= {f"author {name}": AUTHOR_SCORE / len(followed) for name in followed}
        reasons = sorted(points.items(), key=lambda pair: (-pair[1], pair[0]))[:MAX_EVIDENCE]
        evidence = tuple(Evidence(term=term, share=round(value / score, 4)) for term, value in reasons if value)
        return Match(paper=paper, score=round(min(score, 100.0), 2), interest=label, evidence=evidence)

    def _points(self, interest: Scored, row: int) -> dict[str, float]:
        """What each term adds to the paper's score, for the terms that add most."""
        if interest.contributions is None:
            return {interest.label: 100 * float(interest.scores[row])}
        contributions = interest.contributions[row]
        ordered = np.lexsort((contributions.indices, -contributions.data))
        telling = (
            n for n in ordered if contributions.data[n] > 0 and self._features.is_shared(contributions.indices[n])
        )
        return {
            self._features.spelling(contributions.indices[n]): 100 * float(contributions.data[n])
            for n in islice(telling, MAX_EVIDENCE)
        }


class _Bounds:
    """What a profile leaves out, whatever it scores."""

    def __init__(self, profile: Profile) -> None:
        words = "|".join(re.escape(" ".join(word.casefold().split())) for word in profile.exclude)
        self._excluded = re.compile(rf"(?<!\w)(?:{words})(?!\w)") if words else None
        self._categories = tuple(category.removesuffix(".*") for category in profile.categories)
        self._authors = {_name_key(name) for name in profile.authors}
        self._known = frozenset(profile.liked)

    def followed(self, paper: Paper) -> list[str]:
        return [name for name in paper.authors if _name_key(name) in self._authors] if self._authors else []

    def admit(self, paper: Paper, *, followed: bool) -> bool:
        if not self._known.isdisjoint((paper.id, *paper.other_ids)):
            return False
        if self._excluded and self._excluded.search(f"{paper.title}\n{paper.abstract}".casefold()):
            return False
        # A source without categories (a saved page) says nothing against a paper.
        return followed or not (self._categories and paper.categories) or any(map(self._listed, paper.categories))

    def _listed(self, category: str) -> bool:
        return any(category == wanted or category.startswith(f"{wanted}.") for wanted in self._categories)


def _name_key(name: str) -> tuple[str, ...]:
    return tuple(name.casefold().replace(".", " ").split())
