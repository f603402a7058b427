"""Issues as JSON: what comes back is what was put in, whatever papers were read before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from digest.store import issue_content
from digest.types import Evidence, Gist, Issue, Links, Match, Nearest, Paper, Section, Signals, Update

if TYPE_CHECKING:
    from collections.abc import Collection

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    # What reading looks for, and what ends a string or an object.
    st.sampled_from(['"paper":{"id":"a"}', '\\"paper":{"id":"', '{"id":"a"', '"', "\\", "a", "\u2028\x00\x7f"]),
)
IDS = st.one_of(st.sampled_from(["arxiv:2505.00001", "doi:10.1/a", 'title:"paper":{"id":"x"']), TEXTS)


@st.composite
def papers(draw: st.DrawFn) -> Paper:
    """Papers of few ids, so that one often says something else than before."""
    return Paper(
        id=draw(IDS),
        title=draw(TEXTS),
        abstract=draw(TEXTS),
        version=draw(st.none() | st.integers(1, 3)),
        authors=tuple(draw(st.lists(TEXTS, max_size=2))),
        published=draw(st.none() | st.just(datetime(2025, 5, 9, 6, tzinfo=UTC))),
        links=Links(abstract=draw(st.none() | TEXTS)),
        signals=Signals(upvotes=draw(st.none() | st.integers(0, 9))),
    )


@st.composite
def issues(draw: st.DrawFn) -> Issue:
    """Issues with papers in all places where there may be some."""
    matches = st.builds(
        Match,
        paper=papers(),
        score=st.floats(0, 100) | st.integers(0, 100),
        interest=TEXTS,
        evidence=st.lists(st.builds(Evidence, term=TEXTS, share=st.floats(0, 1) | st.integers(0, 1)), max_size=2).map(
            tuple
        ),
        nearest=st.none() | st.builds(Nearest, id=IDS, title=TEXTS, likeness=st.floats(0, 1) | st.integers(0, 1)),
        similar=st.lists(papers(), max_size=2).map(tuple),
        gist=st.none() | st.builds(Gist, text=TEXTS, by=TEXTS),
    )
    sections = st.builds(Section, heading=TEXTS, matches=st.lists(matches, max_size=3).map(tuple))
    return Issue(
        id="one",
        profile="ada",
        name=draw(TEXTS),
        day=date(2025, 5, 9),
        composed=datetime(2025, 5, 9, 6, tzinfo=UTC),
        sections=tuple(draw(st.lists(sections, max_size=2))),
        considered=3,
        passed=2,
        updates=tuple(draw(st.lists(st.builds(Update, paper=papers(), what=TEXTS), max_size=2))),
    )


def read(*several: issue_content.Written) -> list[Issue]:
    """What comes back, of a database that keeps the papers of all of them."""
    kept = {name: paper for each in several for name, paper in each.papers.items()}
    return issue_content.read([each.content for each in several], lambda names: {name: kept[name] for name in names})


@given(st.lists(issues(), min_size=1, max_size=4))
def test_issues_come_back_as_they_were(several: list[Issue]) -> None:
    """Whatever stands in their texts, alone or together, and whatever was read of papers of the same ids before."""
    written = [issue_content.written(issue) for issue in several]
    for issue, each in zip(several, written, strict=True):
        assert read(each) == [issue]
        assert issue_content.names(each.content) == each.papers.keys()
    assert read(*written) == several, "now that their papers are remembered"


@given(st.lists(issues(), min_size=1, max_size=4))
def test_issues_are_written_as_their_type_says(several: list[Issue]) -> None:
    """To the byte, where each paper stands in the place of its name."""
    whole = TypeAdapter(Issue)
    for issue in several:
        written = issue_content.written(issue)
        content = written.content
        for name, paper in written.papers.items():
            content = content.replace(f'"{name}"', paper)
        assert content.encode() == whole.dump_json(issue)


@given(st.lists(issues(), min_size=1, max_size=4))
def test_issues_with_their_papers_in_them_are_read(several: list[Issue]) -> None:
    """As they were written before papers stood beside them; no paper is looked for then."""
    whole = TypeAdapter(Issue)
    assert issue_content.read([whole.dump_json(issue).decode() for issue in several], lambda _: {}) == several


def test_issues_share_their_papers() -> None:
    """A paper that is the same in two issues is one object, also among the updates; one that changed is another."""
    paper = Paper(id="arxiv:2505.00001", title="Owls", abstract="They fly.")
    sections = (Section(heading="", matches=(Match(paper=paper, score=50, interest="owls"),)),)
    first = Issue(
        id="one",
        profile="ada",
        name="Ada",
        day=date(2025, 5, 9),
        composed=datetime(2025, 5, 9, 6, tzinfo=UTC),
        sections=sections,
        considered=1,
        passed=1,
        updates=(Update(paper=paper, what="a new version"),),
    )
    changed = replace(sections[0].matches[0], paper=replace(paper, title="Owls again"))
    second = replace(first, id="two", sections=(replace(sections[0], matches=(changed,)),))
    written = [issue_content.written(each) for each in (first, second)]
    assert written[0].papers.keys().isdisjoint(written[1].papers)
    (one,), (two,) = read(written[0]), read(written[0])
    assert one.matches[0].paper is two.matches[0].paper is one.updates[0].paper
    assert read(written[1])[0].matches[0].paper.title == "Owls again"


def test_papers_are_asked_for_once() -> None:
    """Those that issues have in common in one question, and none that are remembered."""
    papers = [Paper(id=f"title:asked for {number}", title=f"Owls {number}") for number in range(3)]
    several = [
        Issue(
            id=str(number),
            profile="ada",
            name="Ada",
            day=date(2025, 5, 9),
            composed=datetime(2025, 5, 9, 6, tzinfo=UTC),
            sections=(Section(heading="", matches=tuple(Match(paper=each, score=50, interest="") for each in own)),),
            considered=1,
            passed=1,
        )
        for number, own in enumerate((papers[:2], papers[1:], papers))
    ]
    written = [issue_content.written(each) for each in several]
    kept = {name: paper for each in written for name, paper in each.papers.items()}
    asked: list[set[str]] = []

    def find(names: Collection[str]) -> dict[str, str]:
        asked.append(set(names))
        return {name: kept[name] for name in names}

    contents = [each.content for each in written]
    assert issue_content.read(contents[:2], find) == several[:2]
    assert asked == [kept.keys()]
    assert issue_content.read(contents, find) == several
    assert asked == [kept.keys()]
