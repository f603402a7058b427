"""From a ranking to an issue: what is taken, under which headings, and when there is none."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.issue import compose, issue_id
from digest.types import Issue, Match, Paper, Profile, Skip, SkipReason

DAY = date(2025, 5, 9)
NOW = datetime(2025, 5, 9, 6, tzinfo=UTC)


def ranking(*scores: float, interests: str = "") -> list[Match]:
    """Matches with these scores and, letter by letter, these interests."""
    papers = [Paper(id=f"arxiv:2505.{number:05}", title=f"Paper {number}") for number in range(len(scores))]
    letters = interests.ljust(len(scores), "a")
    return [
        Match(paper=paper, score=score, interest=letter)
        for paper, score, letter in zip(papers, scores, letters, strict=True)
    ]


def issue_of(profile: Profile, matches: list[Match]) -> Issue:
    """The issue, where there must be one."""
    issue = compose(profile, matches, considered=100, day=DAY, now=NOW)
    assert isinstance(issue, Issue)
    return issue


def profile(*, max_papers: int = 10, min_score: float = 5.0, sections: bool = False) -> Profile:
    """A reader with this bar and cap."""
    return Profile(slug="ada", name="Ada", max_papers=max_papers, min_score=min_score, sections=sections)


def test_an_issue_says_whose_it_is_and_of_when() -> None:
    """The reader, the day, the instant and the counts are those given."""
    issue = issue_of(profile(), ranking(50, 4))
    assert (issue.profile, issue.name, issue.day, issue.composed) == ("ada", "Ada", DAY, NOW)
    assert (issue.considered, issue.passed) == (100, 1)


def test_the_bar_is_the_least_score_that_passes() -> None:
    """A paper with just the minimum score is in, one below is out."""
    issue = issue_of(profile(min_score=20), ranking(30, 20, 19.99))
    assert [match.score for match in issue.matches] == [30, 20]


def test_the_cap_takes_the_first_and_counts_the_rest() -> None:
    """At most `max_papers` are taken, in the order of the ranking; `passed` counts all above the bar."""
    issue = issue_of(profile(max_papers=2), ranking(30, 20, 10, 1))
    assert [match.score for match in issue.matches] == [30, 20]
    assert issue.passed == 3


@pytest.mark.parametrize("scores", [(), (4.99, 0), (0, 0)])
def test_no_paper_above_the_bar_is_a_reason_for_no_mail(scores: tuple[float, ...]) -> None:
    """A reader for whom nothing passes is skipped, and the reason says so."""
    outcome = compose(profile(), ranking(*scores), considered=3, day=DAY, now=NOW)
    assert outcome == Skip(profile="ada", reason=SkipReason.BELOW_BAR)


def test_a_bar_of_nothing_still_asks_for_some_score() -> None:
    """With a minimum of 0, papers that match no interest are not recommended."""
    assert isinstance(compose(profile(min_score=0), ranking(0, 0), considered=2, day=DAY, now=NOW), Skip)
    assert len(issue_of(profile(min_score=0), ranking(0.01, 0)).matches) == 1


def test_without_sections_all_stand_under_one_empty_heading() -> None:
    """One list, whatever the interests."""
    issue = issue_of(profile(), ranking(9, 8, 7, interests="aba"))
    assert [section.heading for section in issue.sections] == [""]
    assert [match.score for match in issue.matches] == [9, 8, 7]


def test_sections_stand_in_the_order_of_their_best_papers() -> None:
    """Each interest has one heading; headings are ordered by their best papers, papers by score."""
    issue = issue_of(profile(sections=True), ranking(9, 8, 7, 6, interests="bacb"))
    assert [(section.heading, [match.score for match in section.matches]) for section in issue.sections] == [
        ("b", [9, 6]),
        ("a", [8]),
        ("c", [7]),
    ]


def test_the_cap_goes_before_the_sections() -> None:
    """The best papers are taken first and sorted under headings then, so no heading is empty."""
    issue = issue_of(profile(sections=True, max_papers=2), ranking(9, 8, 7, interests="aab"))
    assert [section.heading for section in issue.sections] == ["a"]


def test_an_issues_id_is_its_readers_and_days() -> None:
    """The same reader and day give the same id in every version; another reader or day gives another."""
    assert issue_id("ada", DAY) == "53f9d40e78ba3d7f897b043f"
    others = {issue_id("ada", date(2025, 5, 10)), issue_id("adb", DAY), issue_id("ad", DAY), issue_id("ada", DAY)}
    assert len(others) == 4
    assert issue_of(profile(), ranking(50)).id == issue_id("ada", DAY)


@given(
    scores=st.lists(st.floats(0, 100), max_size=30),
    interests=st.text("abc", max_size=30),
    max_papers=st.integers(1, 40),
    min_score=st.floats(0, 100),
    sections=st.booleans(),
)
def test_an_issue_is_the_top_of_the_ranking(
    scores: list[float], interests: str, max_papers: int, min_score: float, *, sections: bool
) -> None:
    """With or without sections an issue holds the first papers above the bar, each once, and never none."""
    matches = ranking(*sorted(scores, reverse=True), interests=interests[: len(scores)])
    reader = profile(max_papers=max_papers, min_score=min_score, sections=sections)
    above = [match for match in matches if match.score >= min_score and match.score > 0]
    outcome = compose(reader, matches, considered=len(matches), day=DAY, now=NOW)
    if isinstance(outcome, Skip):
        assert not above
        return
    assert sorted(match.paper.id for match in outcome.matches) == [match.paper.id for match in above[:max_papers]]
    assert outcome.passed == len(above)
    assert all(section.matches for section in outcome.sections)
    assert len({section.heading for section in outcome.sections}) == len(outcome.sections)
