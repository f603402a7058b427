"""What is trending: how hot a paper is, and what that is to a reader: a share of scores, a heading, or all there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.issue import compose
from digest.ranking.labels import OTHER_TERMS, TRENDING
from digest.ranking.rank import NO_VOTES, Ranker
from digest.ranking.trending import HALF_LIFE, heat
from digest.types import Issue, Match, Paper, Profile, Signals, Topic

DAY = date(2025, 5, 9)
NOW = datetime(2025, 5, 9, 6, tzinfo=UTC)


def voted(votes: int | None, age: int | None = 0, number: int = 1, title: str = "") -> Paper:
    """A paper with so many votes, so many days old on the day; one without an age says no date."""
    announced = None if age is None else DAY - timedelta(days=age)
    return Paper(id=f"arxiv:2505.{number:05}", title=title, announced=announced, signals=Signals(upvotes=votes))


def heats(*papers: Paper, day: date | None = DAY) -> list[float]:
    """How hot these papers are on the day."""
    return [float(degree) for degree in heat(papers, day)]


def test_votes_a_day_and_not_votes_make_heat() -> None:
    """Forty votes in four days are cooler than forty on the first day, and hotter than as many a day later."""
    assert heats(voted(40), voted(40, 3), voted(40, 4)) == sorted(heats(voted(40), voted(40, 3), voted(40, 4)))[::-1]
    fresh, old = heats(voted(20), voted(40, 3))
    assert fresh > old


def test_the_hottest_is_1_and_others_are_measured_by_it() -> None:
    """Of papers of one day heat grows as the logarithm of their votes: 9 of 99 votes are half as hot."""
    assert heats(voted(99), voted(9), voted(0)) == pytest.approx([1, 0.5, 0])


def test_heat_halves_with_its_half_life() -> None:
    """At the same votes a day a paper is half as hot after a half-life, a quarter after two."""
    ages = [0, int(HALF_LIFE), int(2 * HALF_LIFE)]
    assert heats(*(voted(10 * (age + 1), age) for age in ages)) == pytest.approx([1, 0.5, 0.25])


def test_without_votes_nothing_is_hot() -> None:
    """No votes, none that a source tells of, and fewer than none are 0; so is a day without any papers."""
    assert heats(voted(None), voted(0), voted(-3)) == [0, 0, 0]
    assert heats(voted(5), voted(None)) == [1, 0]
    assert heats() == []


def test_a_paper_of_no_day_or_of_tomorrow_is_new() -> None:
    """One that says no date, and one dated later than the day, are as hot as one of the day."""
    assert heats(voted(5), voted(5, None), voted(5, -30)) == [1, 1, 1]


def test_without_a_day_all_are_new() -> None:
    """Where there is no day to count to, votes alone decide."""
    assert heats(voted(9, 100), voted(99, 0), day=None) == pytest.approx([0.5, 1])


def test_a_paper_is_news_when_it_was_announced() -> None:
    """The day it was presented goes before that of its publication, which stands in where there is none."""
    paper = Paper(id="arxiv:1", title="", published=datetime(2025, 5, 1, 23, tzinfo=UTC))
    assert (replace(paper, announced=DAY).news_day, paper.news_day) == (DAY, date(2025, 5, 1))
    assert Paper(id="arxiv:1", title="").news_day is None


@given(
    papers=st.lists(st.builds(voted, st.none() | st.integers(-5, 10**9), st.none() | st.integers(-99, 9999))),
    day=st.none() | st.just(DAY),
)
def test_heat_stays_on_its_scale(papers: list[Paper], day: date | None) -> None:
    """Whatever votes and dates, heat is from 0 to 1, 1 is there if anybody voted, and more votes are no cooler."""
    degrees = heats(*papers, day=day)
    assert all(0 <= degree <= 1 for degree in degrees)
    if any((paper.signals.upvotes or 0) > 0 and (paper.announced or DAY) >= DAY for paper in papers):
        assert max(degrees) == 1
    same = sorted(
        (paper.signals.upvotes or 0, degree)
        for paper, degree in zip(papers, degrees, strict=True)
        if (paper.announced or DAY) >= DAY or day is None
    )
    assert [degree for _, degree in same] == sorted(degree for _, degree in same)


# The topic's own papers, and others with votes.
OWLS = replace(voted(None, 0, 1, "Owls"), abstract="Barn owls strike at what moves in the dark.")
BARN = replace(voted(1200, 0, 2, "Barns"), abstract="A barn for hay; owls are mentioned at its end, by the way.")
BREAD = replace(voted(90, 0, 3, "Sourdough"), abstract="Yeast and bacteria share the sugar of flour.")
SETS = replace(voted(None, 0, 4, "Cardinals"), abstract="Measurable sets and inner models.")
PAPERS = (OWLS, BARN, BREAD, SETS)


def ranked(profile: Profile, *papers: Paper) -> dict[str, Match]:
    """The reader's matches by title, in order."""
    return {match.paper.title: match for match in Ranker(papers or PAPERS, [], {}).rank(profile)}


def reader(**wishes: Any) -> Profile:  # noqa: ANN401  (any of a profile's fields)
    """A reader who asks for owls, unless for something else."""
    return Profile(slug="ada", name="Ada", **({"topics": (Topic(text="owls"),), "min_score": 5.0} | wishes))


def test_votes_have_the_share_that_the_reader_gives_them() -> None:
    """With a share of 0.3 a score is 0.7 of the topic's and 0.3 of the heat, which lifts a voted paper."""
    plain, blended = ranked(reader()), ranked(reader(trending=0.3))
    degrees = dict(zip([paper.title for paper in PAPERS], heats(*PAPERS), strict=True))
    for title, match in blended.items():
        assert match.score == pytest.approx(0.7 * plain[title].score + 30 * degrees[title], abs=0.011)
    assert blended["Barns"].score > plain["Barns"].score
    assert blended["Owls"].score < plain["Owls"].score


def test_votes_are_a_reason_with_their_share() -> None:
    """The reasons of a voted paper name its votes, with the part of the score that they have."""
    match = ranked(reader(trending=0.3))["Barns"]
    (share,) = [each.share for each in match.evidence if each.term == "1,200 upvotes"]
    assert share == pytest.approx(30 / match.score, abs=0.001)
    assert len(match.evidence) > 1
    assert sum(each.share for each in match.evidence) == pytest.approx(1, abs=0.001)


def test_a_paper_that_votes_alone_speak_for_is_called_trending() -> None:
    """Where the votes have more of a score than any interest, the paper stands under what is trending."""
    found = ranked(reader(trending=0.3))
    assert {title: match.interest for title, match in found.items() if match.score} == {
        "Owls": "owls",
        "Barns": found["Barns"].interest,
        "Sourdough": TRENDING,
    }
    assert [(each.term, each.share) for each in found["Sourdough"].evidence] == [("90 upvotes", 1)]


def test_all_of_the_score_may_be_votes() -> None:
    """With a share of 1 the order is that of heat, and papers without votes score nothing."""
    found = ranked(reader(trending=1.0))
    assert list(found) == ["Barns", "Sourdough", "Owls", "Cardinals"]
    assert [match.score for match in found.values()][2:] == [0, 0]


def test_without_a_share_votes_decide_nothing() -> None:
    """A reader who gives votes no share has the ranking that there is without any votes."""
    quiet = [replace(paper, signals=Signals()) for paper in PAPERS]
    voting = {title: replace(match, paper=PAPERS[0]) for title, match in ranked(reader()).items()}
    assert {title: replace(match, paper=PAPERS[0]) for title, match in ranked(reader(), *quiet).items()} == voting


def test_what_trends_may_have_a_heading_and_turns_of_its_own() -> None:
    """With a section for it, the hottest papers come in turn with the topic's and stand under their own heading."""
    profile = reader(trending_section=True, sections=True)
    assert next(iter(ranked(reader()))) == "Owls"
    (selection,) = Ranker(PAPERS, [], {}).select([profile], [None])
    assert {match.interest for match in selection.chosen[:2]} == {"owls", TRENDING}
    issue = compose(profile, selection, considered=4, day=DAY, now=NOW)
    assert isinstance(issue, Issue)
    titles = {section.heading: [match.paper.title for match in section.matches] for section in issue.sections}
    assert titles == {"owls": ["Owls"], TRENDING: ["Barns", "Sourdough"]}


def test_a_section_for_what_trends_takes_nothing_from_a_topic() -> None:
    """The topic's papers score as they do without it, and a paper that nobody voted for is not under it."""
    plain, beside = ranked(reader()), ranked(reader(trending_section=True))
    assert beside["Owls"].score == plain["Owls"].score
    assert (beside["Barns"].score, beside["Barns"].interest) == (100, TRENDING)
    assert beside["Cardinals"].score == 0


def test_a_reader_of_categories_only_gets_what_is_hot() -> None:
    """Without other interests the order is that of heat, and no paper is beneath such a reader."""
    papers = [replace(paper, categories=("cs.CV",)) for paper in PAPERS[1:]]
    found = ranked(reader(topics=(), categories=("cs.*",)), *papers, replace(OWLS, categories=("math.LO",)))
    assert list(found) == ["Barns", "Sourdough", "Cardinals"]
    assert {match.interest for match in found.values()} == {TRENDING}
    assert found["Cardinals"].score == pytest.approx(100 * NO_VOTES)
    assert found["Barns"].score == 100
    assert OTHER_TERMS not in {each.term for match in found.values() for each in match.evidence}


def test_yesterdays_votes_count_less_today() -> None:
    """The same votes are a lower score for the older paper, counted to the day of the issue."""
    old = replace(voted(90, 4, 5, "Old bread"), abstract=BREAD.abstract)
    profile = reader(topics=(), trending=0.5)
    ranking = Ranker([BREAD, old], [], {}, day=DAY).rank(profile)
    assert [match.paper.title for match in ranking] == ["Sourdough", "Old bread"]
    assert ranking[0].score > 2 * ranking[1].score
