"""A bar that moves: about so many papers a day as a reader asks for, and never one below the least score."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from digest.ranking.bar import FEWEST_DAYS
from digest.ranking.rank import Ranker
from digest.types import Paper, Profile, Signals, Topic

FIRST = date(2025, 5, 1)
DAYS = 8
A_DAY = 12
WORDS = (
    "feather",
    "glide",
    "meadow",
    "vole",
    "barn",
    "prey",
    "dusk",
    "forest",
    "moon",
    "call",
    "ruff",
    "talon",
    "nest",
    "perch",
    "branch",
    "hollow",
    "snow",
    "mouse",
)


def papers_of(day: int) -> list[Paper]:
    """A day's papers: the lower their number, the more of an abstract is about owls; every other one is a survey."""
    found = []
    for n in range(A_DAY):
        rest = " ".join(WORDS[(3 * n + 5 * day + m) % len(WORDS)] + f"s of kind {n}{m}{day}" for m in range(6))
        about = "Owls and owls hunt. " * max(6 - n, 0)
        survey = "A survey." if n % 2 else "A study."
        authors = ("Ada Byron Quill",) if n == A_DAY - 1 else ()
        found.append(
            Paper(
                id=f"arxiv:25{day:02}.{n:05}",
                title=f"Note {n} of day {day}",
                abstract=f"{about}{survey} {rest}",
                authors=authors,
                announced=FIRST + timedelta(days=day),
            )
        )
    return found


PAST = [paper for day in range(DAYS) for paper in papers_of(day)]
TODAY = papers_of(DAYS)


def reader(**wishes: Any) -> Profile:  # noqa: ANN401  (any of a profile's fields)
    """A reader who asks for owls and takes any number of papers."""
    wishes = {"topics": (Topic(text="owls that hunt"),), "max_papers": 200, "min_score": 5.0, "diversity": 0.0} | wishes
    return Profile(slug="ada", name="Ada", **wishes)


def bar(profile: Profile, past: list[Paper] = PAST) -> float:
    """Where the bar is today."""
    (selection,) = Ranker(TODAY, past, {}).select([profile], [None])
    assert selection.bar == pytest.approx(round(selection.bar, 2))
    return selection.bar


def reached(profile: Profile, least: float) -> int:
    """How many papers of the past would have been in the reader's issues with this bar."""
    return sum(match.score >= least for match in Ranker(PAST, TODAY, {}).rank(profile, explained=0))


@pytest.mark.parametrize("wanted", [1, 2, 3, 4])
def test_the_past_would_have_had_about_so_many_a_day(wanted: int) -> None:
    """With the bar where it was put, the papers of the last days that reach it are so many a day, give or take half."""
    profile = reader(papers_a_day=wanted)
    least = bar(profile)
    assert least > profile.min_score
    assert reached(profile, least) / DAYS == pytest.approx(wanted, abs=0.5)


@pytest.mark.parametrize("wanted", [1, 2, 3])
def test_today_has_about_so_many(wanted: int) -> None:
    """A day like those before it brings about so many papers."""
    (selection,) = Ranker(TODAY, PAST, {}).select([reader(papers_a_day=wanted)], [None])
    assert abs(selection.passed - wanted) <= 1


def test_more_papers_a_day_are_a_lower_bar() -> None:
    """The more a reader asks for, the lower the bar; asked for all there are, it is the least score."""
    bars = [bar(reader(papers_a_day=wanted)) for wanted in (1, 2, 4, 200)]
    assert bars == sorted(bars, reverse=True)
    assert len(set(bars[:3])) == 3
    assert bars[3] == 5.0


def test_the_bar_is_never_below_the_least_score() -> None:
    """Where fewer papers reach the least score than the reader would like, it stays the bar."""
    assert bar(reader(papers_a_day=4, min_score=99.99)) == 99.99
    assert bar(reader(papers_a_day=1, topics=(Topic(text="zeppelins"),))) == 5.0


def test_too_few_days_move_nothing() -> None:
    """Until three days are known the least score is the bar; papers that say no day are no day."""
    profile = reader(papers_a_day=1)
    short = [paper for paper in PAST if (paper.announced or FIRST) < FIRST + timedelta(days=FEWEST_DAYS - 1)]
    enough = [paper for paper in PAST if (paper.announced or FIRST) < FIRST + timedelta(days=FEWEST_DAYS)]
    undated = [replace(paper, id=f"{paper.id}9", announced=None) for paper in PAST]
    assert bar(profile, short) == bar(profile, []) == bar(profile, short + undated) == profile.min_score
    assert bar(profile, enough) > profile.min_score


def test_without_the_wish_the_least_score_is_the_bar() -> None:
    """However many papers reach it."""
    assert bar(reader()) == 5.0


def test_papers_out_of_bounds_do_not_raise_the_bar() -> None:
    """A reader who excludes half of the papers gets as many of the others: the bar is lower than for all of them."""
    wide, narrow = reader(papers_a_day=2), reader(papers_a_day=2, exclude=("survey",))
    assert bar(narrow) < bar(wide)
    assert reached(narrow, bar(narrow)) / DAYS == pytest.approx(2, abs=0.5)


def test_the_share_of_votes_is_reckoned_with() -> None:
    """Where votes have half of a score and nobody votes, scores are halved, and the bar with them."""
    blended = reader(papers_a_day=2, trending=0.5, min_score=1)
    assert bar(blended) == pytest.approx(bar(reader(papers_a_day=2, min_score=1)) / 2, abs=0.02)
    assert reached(blended, bar(blended)) / DAYS == pytest.approx(2, abs=0.5)


def test_what_followed_authors_add_is_reckoned_with() -> None:
    """Followed authors' papers are among those a reader asks for: with one of them a day, the bar is above the rest."""
    minor = (Topic(text="owls that hunt", weight=0.5),)
    follows = reader(topics=minor, papers_a_day=3, authors=("Ada Byron Quill",))
    least = bar(follows)
    assert least > bar(replace(follows, authors=()))
    assert reached(follows, least) / DAYS == pytest.approx(3, abs=0.5)
    alone = reader(topics=(), papers_a_day=1, authors=("Ada Byron Quill",))
    assert reached(alone, bar(alone)) == DAYS


def test_todays_votes_do_not_move_the_bar() -> None:
    """The bar is of the past: what is voted for today changes nothing about it."""
    profile = reader(papers_a_day=2, trending=0.3)
    hot = [replace(paper, signals=Signals(upvotes=9)) for paper in TODAY]
    (selection,) = Ranker(hot, PAST, {}).select([profile], [None])
    assert selection.bar == bar(profile)
