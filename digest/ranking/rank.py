"""Readers' rankings of the candidates, each match with its score, its interest and its reasons."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from digest.ranking import reasons, trending
from digest.ranking.bar import adaptive
from digest.ranking.bounds import phrases_of
from digest.ranking.candidates import Candidates
from digest.ranking.interest import Among, Scores
from digest.ranking.labels import LIKED, OUTSIDE, TRENDING
from digest.ranking.likes import Judged, JudgedPapers, Likes, aversion
from digest.ranking.ordering import ROUNDING, Interest, ordered
from digest.ranking.reasons import plain_match
from digest.ranking.select import Selection, choose
from digest.ranking.space import Space
from digest.ranking.topics import TopicMaker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import date

    from numpy.typing import NDArray

    from digest.ranking.interest import Interests
    from digest.ranking.ordering import Ranking
    from digest.ranking.select import Choice
    from digest.ranking.weights import Statistics
    from digest.types import Match, Paper, Profile

NO_VOTES = 0.1
"""What a paper without votes scores with a reader who has no interests: no paper is beneath such a reader."""


COMPARING = 50
"""Readers from which on all candidates are compared at once and not some for each of them."""

UNREACHED = 1e6
"""The floor of an interest that nobody asks for."""

BLOCK = 100
"""Readers whose whole rankings are held at once."""

MOST_HALVINGS = 100
"""However old all of a reader's judgements are, they keep some weight, so that there is a mean of them."""


class Ranker:
    """The day's candidates before their background, counted once, ranked for any number of readers.

    `background` is what candidates are compared with: earlier papers, from which term statistics and the common
    drift of all papers are learned. `judged` holds the known papers that readers like or dislike, by the ids they
    wrote. `statistics` are those of all papers there are; if None, of candidates and background. `day` is the one that
    ages are counted to; if None, the newest candidate's. The same inputs give the same ranking, in whatever order
    candidates and readers come.
    """

    def __init__(
        self,
        candidates: Sequence[Paper],
        background: Sequence[Paper],
        judged: Mapping[str, Paper],
        statistics: Statistics | None = None,
        day: date | None = None,
    ) -> None:
        self._known = Candidates(candidates)
        self._candidates = self._known.papers
        # Sums of floating-point numbers depend on their order, so that must not depend on who asks.
        self._background = sorted(background, key=lambda paper: paper.id)
        self._space = Space(self._candidates, self._background, statistics)
        self._topics = TopicMaker(self._space)
        self._judged_papers = judged
        self._day = day or max(filter(None, (paper.news_day for paper in self._candidates)), default=None)

    def __getstate__(self) -> dict[str, object]:
        """All but the judged papers once they are counted: most of what would be written, and nobody reads it."""
        return {**self.__dict__, "_judged_papers": {}} if "_judged" in self.__dict__ else self.__dict__

    def prepare(self, *, likes: bool) -> None:
        """Make now what all readers share and the first to ask would pay for, before this goes to other processes."""
        if not self._candidates:
            return
        space = self._space
        with ThreadPoolExecutor(1) as pool:
            if likes:
                _ = space.sharp  # both threads ask for it
                # Found by SciPy and BLAS, which leave the interpreter to the counting of judged papers.
                concepts = pool.submit(getattr, space, "concepts")
                _ = self._judged
            _ = space.topic_columns, space.all_likeness, self._heat
        if likes:
            _ = concepts.result(), space.reference_columns, space.reference_points, self._judged.points

    def judging(self, judged: Mapping[str, Paper]) -> Ranker:
        """The same candidates, which are not counted again, for readers who judged other papers."""
        other = copy(self)
        other.__dict__.pop("_judged", None)
        other._judged_papers = judged  # noqa: SLF001  (of its own class)
        return other

    def rank(
        self, profile: Profile, *, among: AbstractSet[str] | None = None, explained: int | None = None
    ) -> list[Match]:
        """All candidates within the profile's bounds, best first; equals are ordered by paper id.

        Bounds are the words to have or to exclude and the categories; a followed author's paper is never out of bounds
        for its category. Papers that the reader likes or dislikes are known already and left out.

        A paper's score is that of the interest it fits best, times a weight below 1; a followed author adds
        `ordering.AUTHOR_SCORE`; 100 is the most. The order gives every interest its turn: see `digest.ranking.fuse`.

        Args:
            profile: The reader.
            among: Ids of the candidates that may be in the ranking; None for all.
            explained: How many of the first matches get their evidence, which takes most of the time; None for all.
        """
        (ranking,) = self._rankings([profile], [among], self._interests([profile]), whole=True)
        return self._matches(ranking, range(len(ranking.rows)), explained)

    def best_by_score(self, profile: Profile, *, explained: int | None = None) -> list[Match]:
        """The same matches, highest score first, whichever interest's turn it is; equals are ordered by paper id."""
        (ranking,) = self._rankings([profile], [None], self._interests([profile]), whole=True)
        return self._matches(ranking, np.lexsort((ranking.rows, -ranking.totals)).tolist(), explained)

    def scores(self, profiles: Sequence[Profile]) -> Iterator[tuple[list[Paper], NDArray[np.float64]]]:
        """For each reader the papers of `rank` in their order, and their scores, without reasons."""
        for start in range(0, len(profiles), BLOCK):
            block = profiles[start : start + BLOCK]
            for ranking in self._rankings(block, [None] * len(block), self._interests(block), whole=True):
                yield [self._candidates[row] for row in ranking.rows], np.minimum(ranking.totals, 100.0)

    def select(
        self,
        profiles: Sequence[Profile],
        among: Sequence[AbstractSet[str] | None],
        *,
        explained: bool = True,
        absences: bool = False,
    ) -> list[Selection]:
        """What each reader's issue holds, out of the candidates that are new to that reader (`among`; None for all).

        Unless `explained` is false the matches have their evidence; with `absences` each other paper above the bar has
        the rule that left it out.
        """
        if len(profiles) >= COMPARING:
            _ = self._space.all_likeness
        interests = self._interests(profiles)
        bars = self._bars(profiles, interests)
        rankings = self._rankings(profiles, among, interests, whole=False)
        choices = [
            choose(ranking, bar, self._space, self._candidates, absences=absences)
            for ranking, bar in zip(rankings, bars, strict=True)
        ]
        shown = [(ranking, place) for ranking, choice in zip(rankings, choices, strict=True) for place in choice.places]
        if explained:
            matches = iter(reasons.explained(shown, self._space, self._candidates))
        else:
            matches = (plain_match(*each, self._candidates) for each in shown)
        return [_selection(choice, [next(matches) for _ in choice.places]) for choice in choices]

    def _matches(self, ranking: Ranking, places: Sequence[int], explained: int | None) -> list[Match]:
        shown = [(ranking, place) for place in places]
        first = len(shown) if explained is None else explained
        return [
            *reasons.explained(shown[:first], self._space, self._candidates),
            *(plain_match(*each, self._candidates) for each in shown[first:]),
        ]

    @cached_property
    def _judged(self) -> JudgedPapers:
        return JudgedPapers(self._judged_papers, self._space)

    @cached_property
    def _heat(self) -> NDArray[np.float64]:
        return trending.heat(self._candidates, self._day)

    def _interests(self, profiles: Sequence[Profile]) -> list[tuple[Interest, ...]]:
        """The interests of each reader, those of one kind made together; a topic that several have is made once."""
        number = {text: n for n, text in enumerate(sorted({t.text for each in profiles for t in each.topics}))}
        topics = self._topics.topics(list(number)) if number and self._candidates else None
        judged = [self._judgements(profile) for profile in profiles]
        liking = [n for n, each in enumerate(judged) if each.liked]
        likes = Likes([judged[n] for n in liking], self._judged, self._space) if liking and self._candidates else None
        place = {n: number for number, n in enumerate(liking)}
        found = []
        for n, profile in enumerate(profiles):
            own = [
                Interest(t.text, topics, number[t.text], t.weight, t.max_papers, phrases_of(t.text))
                for t in profile.topics
            ]
            own += [Interest(LIKED, likes, place[n])] if n in place else []
            if profile.trending_section or (not own and (profile.categories or profile.trending)):
                own.append(Interest(TRENDING))
            found.append(tuple(own))
        return found

    def _judgements(self, profile: Profile) -> Judged:
        disliked = set(profile.disliked)
        liked = {paper_id: self._weight(profile, paper_id) for paper_id in profile.liked if paper_id not in disliked}
        return Judged(
            liked=self._judged.rows(liked),
            disliked=self._judged.rows({paper_id: self._weight(profile, paper_id) for paper_id in profile.disliked}),
        )

    def _weight(self, profile: Profile, paper_id: str) -> float:
        """How much a judgement counts: half for every `half_life` that it is old; one without a date does not age."""
        judged_on = profile.judged_on.get(paper_id)
        if profile.half_life is None or judged_on is None or self._day is None:
            return 1.0
        halvings = max((self._day - judged_on).days, 0) / profile.half_life
        return float(0.5 ** min(halvings, MOST_HALVINGS))

    def _bars(self, profiles: Sequence[Profile], interests: Sequence[tuple[Interest, ...]]) -> list[float]:
        """The least score that a paper of each reader's issue has."""
        asking = [n for n, profile in enumerate(profiles) if profile.papers_a_day is not None]
        bars = [profile.min_score for profile in profiles]
        if not asking or not self._background:
            return bars
        days = [paper.news_day for paper in self._background]
        readers = [profiles[n] for n in asking]
        least = [_least(profile) for profile in readers]
        found = self._scores([interests[n] for n in asking], least, Among.BACKGROUND)
        for n, scores in zip(asking, found, strict=True):
            bars[n] = adaptive(profiles[n], self._background, days, scores)
        return bars

    def _scores(
        self, interests: Sequence[tuple[Interest, ...]], least: Sequence[float], among: Among
    ) -> list[list[Scores]]:
        """For each reader and interest the papers that score `least` or more, on the scale of 0 to 100."""
        size = self._space.candidates if among is Among.CANDIDATES else len(self._background)
        floors: dict[Interests, dict[int, float]] = {}
        for own, bar in zip(interests, least, strict=True):
            for each in own:
                if each.kind is not None:
                    wanted = floors.setdefault(each.kind, {})
                    wanted[each.number] = min(wanted.get(each.number, np.inf), _floor(each, bar))
        found = {
            kind: kind.scores(np.array([wanted.get(n, UNREACHED) for n in range(kind.weights.shape[0])]), among)
            for kind, wanted in floors.items()
        }
        everything = np.arange(size)
        listed = []
        for own, bar in zip(interests, least, strict=True):
            scores = []
            for each in own:
                if each.kind is None:
                    known = self._heat if among is Among.CANDIDATES else np.zeros(size)
                    alone = NO_VOTES if len(own) == 1 else 0.0
                    scores.append(Scores(everything, 100 * (alone + (1 - alone) * known)))
                else:
                    places, values = found[each.kind][each.number]
                    # Another reader of the same topic may have asked for more.
                    reaching = values >= _floor(each, bar)
                    places, values = places[reaching], values[reaching]
                    scores.append(Scores(places, 100 * min(each.weight, 1.0) * values))
            listed.append(scores)
        return listed

    def _rankings(
        self,
        profiles: Sequence[Profile],
        among: Sequence[AbstractSet[str] | None],
        interests: Sequence[tuple[Interest, ...]],
        *,
        whole: bool,
    ) -> list[Ranking]:
        """Each reader's ranking, of all candidates within bounds, or at least of those that reach the least score."""
        least = [0.0 if whole or profile.explore else _least(profile) for profile in profiles]
        listed = self._scores(interests, least, Among.CANDIDATES)
        averse = aversion([self._judgements(profile) for profile in profiles], self._judged, self._space)
        return [
            ordered(profile, own, scores, self._known, self._heat, aversion=dislike, among=ids, whole=floor == 0)
            for profile, own, scores, dislike, ids, floor in zip(
                profiles, interests, listed, averse, among, least, strict=True
            )
        ]


def _selection(choice: Choice, matches: Sequence[Match]) -> Selection:
    within = len(matches) - choice.outside
    chosen = [
        replace(match, similar=similar) if similar else match
        for match, similar in zip(matches, choice.similar, strict=True)
    ]
    chosen[within:] = [replace(match, interest=OUTSIDE) for match in chosen[within:]]
    return Selection(tuple(chosen), choice.passed, choice.bar, choice.dropped)


def _least(profile: Profile) -> float:
    """The score from which on an interest lists papers: where a score is not the interest's alone, all of them."""
    return 0.0 if profile.authors or profile.trending else profile.min_score


def _floor(interest: Interest, bar: float) -> float:
    """The least score of an interest, 0 to 1 and before its weight, that may come to a bar of 0 to 100."""
    return max(bar - ROUNDING, 0.0) / 100 / min(interest.weight, 1.0)
