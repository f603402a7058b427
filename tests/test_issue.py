"""From what was selected to an issue: under which headings it stands, what it counts, and when there is none."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from digest.issue import compose, issue_id
from digest.ranking.select import Selection
from digest.types import EmptyDay, Evidence, Gist, Issue, Match, Nearest, Paper, Profile, Signals, Skip, SkipReason

DAY = date(2025, 5, 9)
NOW = datetime(2025, 5, 9, 6, tzinfo=UTC)
READER = Profile(slug="ada", name="Ada")
APART = replace(READER, sections=True)


def selection(interests: str, *, passed: int | None = None) -> Selection:
    """One chosen paper for each letter, which is its interest; the first scores highest."""
    chosen = tuple(
        Match(paper=Paper(id=f"arxiv:2505.{n:05}", title=f"Paper {n}"), score=90.0 - n, interest=letter)
        for n, letter in enumerate(interests)
    )
    return Selection(chosen, passed=len(chosen) if passed is None else passed, bar=25.0, dropped={})


def issue_of(profile: Profile, selected: Selection) -> Issue:
    """The issue, where there must be one."""
    issue = compose(profile, selected, considered=100, day=DAY, now=NOW)
    assert isinstance(issue, Issue)
    return issue


def under_headings(issue: Issue) -> list[tuple[str, list[int]]]:
    """Each heading with the numbers of its papers."""
    return [(section.heading, [int(match.paper.id[-5:]) for match in section.matches]) for section in issue.sections]


def test_an_issue_says_whose_it_is_and_of_when() -> None:
    """The reader, the day, the instant and the counts are those given, also where more passed than were chosen."""
    issue = issue_of(READER, selection("a", passed=7))
    assert (issue.profile, issue.name, issue.day, issue.composed) == ("ada", "Ada", DAY, NOW)
    assert (issue.considered, issue.passed) == (100, 7)


def test_nothing_above_the_bar_is_a_reason_for_no_mail() -> None:
    """A reader for whom nothing passes is skipped unless the profile says otherwise, and the reason says so."""
    outcome = compose(READER, selection(""), considered=3, day=DAY, now=NOW)
    assert outcome == Skip(profile="ada", reason=SkipReason.BELOW_BAR)


def test_a_reader_may_ask_for_a_note_on_an_empty_day() -> None:
    """With `empty_day: note` the day has an issue without sections that still counts what was looked at."""
    issue = issue_of(replace(READER, empty_day=EmptyDay.NOTE, sections=True), selection(""))
    assert (issue.sections, issue.matches, issue.papers) == ((), (), ())
    assert (issue.considered, issue.passed, issue.id) == (100, 0, issue_id("ada", DAY))


def test_the_choice_for_empty_days_changes_no_other_day() -> None:
    """Where something was chosen, skip and note give the same issue, but for the choice that its foot tells."""
    skipping, noting = (replace(READER, empty_day=choice) for choice in EmptyDay)
    noted = issue_of(noting, selection("ab"))
    assert noted.empty_day is EmptyDay.NOTE
    assert issue_of(skipping, selection("ab")) == replace(noted, empty_day=EmptyDay.SKIP)


def test_without_sections_all_stand_under_one_empty_heading() -> None:
    """One list in the order of the selection, whatever the interests."""
    assert under_headings(issue_of(READER, selection("aba"))) == [("", [0, 1, 2])]


def test_sections_stand_in_the_order_of_their_best_papers() -> None:
    """Each interest has one heading; headings are ordered by their first papers, papers as they were selected."""
    assert under_headings(issue_of(APART, selection("bacb"))) == [("b", [0, 3]), ("a", [1]), ("c", [2])]


def test_an_issue_tells_of_near_duplicates_behind_the_paper_they_are_like() -> None:
    """`papers` has each recommended paper before those that say nearly the same; `matches` has only the former."""
    twin = Paper(id="arxiv:2505.99999", title="Paper 0 again")
    first, second = selection("ab").chosen
    chosen = (replace(first, similar=(twin,)), second)
    issue = issue_of(APART, replace(selection("ab"), chosen=chosen))
    assert issue.papers == (first.paper, twin, second.paper)
    assert issue.matches == chosen


def test_an_issues_id_is_its_readers_and_days() -> None:
    """The same reader and day give the same id in every version; another reader or day gives another."""
    assert issue_id("ada", DAY) == "53f9d40e78ba3d7f897b043f"
    others = {issue_id("ada", date(2025, 5, 10)), issue_id("adb", DAY), issue_id("ad", DAY), issue_id("ada", DAY)}
    assert len(others) == 4
    assert issue_of(READER, selection("a")).id == issue_id("ada", DAY)


@given(interests=st.text("abc", max_size=30), passed=st.integers(0, 99), note=st.booleans(), apart=st.booleans())
def test_an_issue_loses_and_invents_nothing(interests: str, passed: int, *, note: bool, apart: bool) -> None:
    """Every selected paper stands under one heading, its interest's own if these are apart, and no heading is bare."""
    reader = replace(READER, sections=apart, empty_day=EmptyDay.NOTE if note else EmptyDay.SKIP)
    selected = selection(interests, passed=passed)
    outcome = compose(reader, selected, considered=100, day=DAY, now=NOW)
    if isinstance(outcome, Skip):
        assert not interests
        assert not note
        return
    assert sorted(outcome.matches, key=lambda match: match.paper.id) == list(selected.chosen)
    assert outcome.passed == passed
    headings = [section.heading for section in outcome.sections]
    assert len(set(headings)) == len(headings) <= (3 if apart else 1)
    for section in outcome.sections:
        assert section.matches
        assert not apart or {match.interest for match in section.matches} == {section.heading}
        assert [match.score for match in section.matches] == sorted((m.score for m in section.matches), reverse=True)


def test_papers_of_an_issue_have_a_gist() -> None:
    """Each paper gets its source's summary, or a sentence of its abstract, or none where there is neither."""
    (told, bare) = selection("ab").chosen
    signals = Signals(summary="Owls are heard.", summary_by="the authors")
    told = replace(told, paper=replace(told.paper, signals=signals))
    issue = issue_of(READER, Selection((told, bare), passed=2, bar=25.0, dropped={}))
    assert [match.gist for match in issue.matches] == [Gist(text="Owls are heard.", by="the authors"), None]


def test_an_issue_says_all_that_was_found_of_a_paper() -> None:
    """Each part of a match is in the issue as it was chosen, beside the gist."""
    (first,) = selection("a").chosen
    chosen = replace(
        first,
        evidence=(Evidence(term="owl", share=1.0),),
        nearest=Nearest(id="arxiv:2401.00001", title="Bats", likeness=0.4),
        similar=(Paper(id="arxiv:2505.99999", title="Paper 0 again"),),
    )
    bare = Match(paper=Paper(id="", title=""), score=0.0, interest="")
    left_out = [each.name for each in fields(Match) if getattr(chosen, each.name) == getattr(bare, each.name)]
    assert left_out == ["gist"], "a part that nothing is said of here"
    (told,) = issue_of(READER, Selection((chosen,), passed=1, bar=25.0, dropped={})).matches
    assert told == chosen
