"""What may be shown of a paper at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.fitting import cut
from digest.paper_view import PaperView, SimilarView, web_url
from digest.ranking.labels import FOLLOWED, LIKED, OUTSIDE, TRENDING
from digest.types import Evidence, Gist, Issue, Links, Match, Nearest, Paper, Section
from digest.view import SOURCES_SHOWN, view

OWLS = Match(paper=Paper(id="title:owls", title="Owls"), score=50.0, interest="owls")
HEARD = Nearest(id="arxiv:2401.00001", title="Owls Heard", likeness=0.6189)


def issue(*papers: Paper) -> Issue:
    """An issue with a section for each paper."""
    evidence = tuple(Evidence(term=f"term {number}", share=0.1) for number in range(9))
    matches = [Match(paper=paper, score=50.4, interest="owls", evidence=evidence) for paper in papers]
    return Issue(
        id="1",
        profile="ada",
        name="Ada",
        day=date(2025, 5, 9),
        composed=datetime(2025, 5, 9, tzinfo=UTC),
        sections=tuple(Section(heading="Owls", matches=(match,)) for match in matches),
        considered=10,
        passed=5,
    )


def shown(match: Match, heading: str = "") -> PaperView:
    """The match as the only one under a heading."""
    one = replace(issue(), sections=(Section(heading=heading, matches=(match,)),))
    return view(one, characters=0).sections[0].papers[0]


@pytest.mark.parametrize(
    ("paper", "day"),
    [
        (Paper(id="a", title="A"), ""),
        (Paper(id="a", title="A", updated=datetime(2025, 5, 3, tzinfo=UTC)), "3 May 2025"),
        (Paper(id="a", title="A", published=datetime(2024, 12, 31, 23, 59, tzinfo=UTC)), "31 December 2024"),
        (
            Paper(id="a", title="A", published=datetime(2025, 5, 1, tzinfo=UTC), announced=date(2025, 5, 2)),
            "2 May 2025",
        ),
    ],
)
def test_a_papers_day_is_the_first_known(paper: Paper, day: str) -> None:
    """The day shown is when the paper was announced, else published, else updated, else nothing."""
    assert view(issue(paper), characters=None).sections[0].papers[0].day == day


def test_held_papers_are_counted_and_leave_no_empty_section() -> None:
    """An issue that is cut keeps the first papers, drops sections left without any, and counts the rest."""
    whole = issue(*[Paper(id=str(number), title=f"Paper {number}") for number in range(3)])
    left = view(cut(whole, 2), characters=0)
    assert [[paper.title for paper in section.papers] for section in left.sections] == [["Paper 0"], ["Paper 1"]]
    assert (left.held, left.shown) == (1, 2)


@pytest.mark.parametrize(
    ("interests", "topic"),
    [
        (("talking heads",) * 3 + (TRENDING,), "talking heads"),
        (("talking heads", "owls"), ""),
        (("talking heads",), ""),
        ((LIKED,) * 4, ""),
        (("talking heads and faces that are driven by speech",) * 4, ""),
    ],
)
def test_the_topic_of_an_issue_is_that_of_nearly_all_papers(interests: tuple[str, ...], topic: str) -> None:
    """Only a short topic of the reader's own that three quarters of several papers are here for can name an issue."""
    matches = tuple(replace(OWLS, interest=interest) for interest in interests)
    shown = view(replace(issue(), sections=(Section(heading="", matches=matches),)), characters=0)
    assert shown.topic == topic


@pytest.mark.parametrize("title", ["\u202e \n", "\u200b\u200b", "\ufffe", "\u00ad"])
def test_a_paper_is_never_nameless(title: str) -> None:
    """A title of nothing visible gives way to the paper's identifier."""
    shown = view(issue(Paper(id="arxiv:2505.00001", title=title)), characters=0)
    assert shown.first == shown.sections[0].papers[0].title == "arxiv:2505.00001"


def test_maths_is_readable_wherever_a_paper_is_named() -> None:
    """Title, abstract, the nearest and the similar papers, and what stands beside the subject show no TeX."""
    tex = Paper(id="a", title=r"Owls at $10^{-3}$ dB", abstract=r"In $\mathbb{R}^d$ at $\sqrt{s}=2$.")
    nearest = Nearest(id="b", title=r"Near $\Sigma$-owls", likeness=0.5)
    paper = shown(replace(OWLS, paper=tex, similar=(tex,), nearest=nearest))
    assert (paper.title, paper.similar[0].title) == ("Owls at 10⁻³ dB", "Owls at 10⁻³ dB")
    assert paper.nearest is not None
    assert paper.nearest.title == "Near Σ-owls"
    for characters in (None, 600):
        both = view(issue(tex, tex), characters=characters)
        assert both.sections[0].papers[0].abstract == "In ℝᵈ at √s = 2."
        assert both.first == "Owls at 10⁻³ dB"
        assert both.preheader.endswith("Also: Owls at 10⁻³ dB")


def test_only_the_strongest_reasons_are_shown() -> None:
    """At most six reasons are shown, in the order they came; what the others have is one share."""
    paper = view(issue(Paper(id="a", title="A")), characters=0).sections[0].papers[0]
    assert [reason.term for reason in paper.reasons] == [f"term {number}" for number in range(6)]
    assert {reason.percent for reason in paper.reasons} == {10}
    assert paper.rest == 30


def test_other_terms_are_no_reason() -> None:
    """The entry for all that is not named is a share of its own, and none where every term is named."""
    evidence = (Evidence(term="owl", share=0.7), Evidence(term="other terms", share=0.3))
    paper = shown(replace(OWLS, evidence=evidence))
    assert [(reason.term, reason.percent) for reason in paper.reasons] == [("owl", 70)]
    assert paper.rest == 30
    assert shown(replace(OWLS, evidence=(Evidence(term="owl", share=1.0),))).rest == 0


@pytest.mark.parametrize(
    ("interest", "heading"),
    [
        (LIKED, "Papers you liked"),
        (FOLLOWED, "Authors you follow"),
        (TRENDING, "Trending"),
        (OUTSIDE, "Outside your interests"),
        ("eBPF and owls", "eBPF and owls"),
        ("", ""),
    ],
)
def test_our_headings_have_a_capital_letter_and_a_readers_topic_is_as_written(interest: str, heading: str) -> None:
    """Only the names that we give to interests change as headings."""
    sections = (Section(heading=interest, matches=(replace(OWLS, interest=interest),)),)
    assert view(replace(issue(), sections=sections), characters=0).sections[0].heading == heading


@pytest.mark.parametrize(
    ("interest", "heading", "label", "closest"),
    [
        (OUTSIDE, "", "Outside your interests", ""),
        (TRENDING, "", "Trending", ""),
        (OUTSIDE, OUTSIDE, "", ""),
        (TRENDING, TRENDING, "", ""),
        (OUTSIDE, "owls", "Outside your interests", ""),
        (LIKED, "", "", LIKED),
        (FOLLOWED, "", "", FOLLOWED),
        ("owls", "", "", "owls"),
        ("owls", "owls", "", ""),
    ],
)
def test_what_is_here_for_no_interest_says_so(interest: str, heading: str, label: str, closest: str) -> None:
    """A trending paper and one from outside the interests have a label, unless they stand under that very heading."""
    paper = shown(replace(OWLS, interest=interest), heading)
    assert (paper.label, paper.closest) == (label, closest)


def test_the_nearest_paper_speaks_for_the_papers_you_liked() -> None:
    """Where the nearest liked paper is named, likes are not named once more; a topic is."""
    assert shown(replace(OWLS, interest=LIKED, nearest=HEARD)).closest == ""
    assert shown(replace(OWLS, nearest=HEARD)).closest == "owls"


def test_the_nearest_paper_has_a_title_and_a_likeness() -> None:
    """A liked paper is named by its title, else by its identifier, with a likeness in percent; none is none."""
    near = shown(replace(OWLS, nearest=HEARD)).nearest
    assert near is not None
    assert (near.title, near.percent) == ("Owls Heard", 62)
    nameless = shown(replace(OWLS, nearest=replace(HEARD, title="\u202e"))).nearest
    assert nameless is not None
    assert nameless.title == "arxiv:2401.00001"
    assert shown(OWLS).nearest is None


def test_three_similar_papers_are_named_and_the_others_counted() -> None:
    """Papers folded under another keep their order, and those beyond the third are a number."""
    similar = tuple(Paper(id=f"title:{name}", title=name) for name in "ABCDE")
    five, three = (shown(replace(OWLS, similar=similar[:many])) for many in (5, 3))
    assert [each.title for each in five.similar] == ["A", "B", "C"] == [each.title for each in three.similar]
    assert (five.more_similar, three.more_similar, shown(OWLS).more_similar) == (2, 0, 0)


@pytest.mark.parametrize(
    ("links", "url"),
    [
        (Links(), ""),
        (Links(abstract="https://example.org/a", pdf="https://example.org/p"), "https://example.org/a"),
        (Links(abstract="javascript:alert(1)", pdf="https://example.org/p"), "https://example.org/p"),
        (Links(abstract="https://example.org/" + "a" * 200, code="https://example.org/c"), "https://example.org/c"),
        (Links(abstract="https://example.org/" + "a" * 200), ""),
    ],
)
def test_a_similar_papers_link_is_safe_and_short(links: Links, url: str) -> None:
    """A paper named in passing leads to its first safe link of at most 200 characters, or nowhere."""
    similar = Paper(id="title:near", title="Near", links=links)
    assert shown(replace(OWLS, similar=(similar,))).similar == (SimilarView(title="Near", url=url),)


@example(title=".", times=121)
@given(title=st.text(alphabet=st.characters(), max_size=400), times=st.integers(min_value=1, max_value=300))
def test_titles_named_in_passing_are_one_short_line(title: str, times: int) -> None:
    """Whatever a source calls a paper, its name beside another is not empty, one line, and at most 120 characters."""
    wild = Paper(id="title:wild", title=title * times)
    near = Nearest(id=wild.id, title=wild.title, likeness=1.0)
    paper = shown(replace(OWLS, nearest=near, similar=(wild,)))
    assert paper.nearest is not None
    for name in (paper.nearest.title, paper.similar[0].title):
        assert 0 < len(name) <= 120
        assert name.splitlines() == [name]
        assert name.encode()


@pytest.mark.parametrize(
    ("considered", "summary"),
    [
        (214, "None of the 214 new papers reached your bar."),
        (1200, "None of the 1,200 new papers reached your bar."),
        (1, "The one new paper did not reach your bar."),
        (0, "There were no new papers."),
    ],
)
def test_a_day_with_nothing_above_the_bar_is_one_sentence(considered: int, summary: str) -> None:
    """Without papers the summary says of how many new ones none was good enough, and the preheader says the same."""
    empty = view(replace(issue(), considered=considered, passed=0), characters=None)
    assert empty.summary == summary == empty.preheader
    assert (empty.shown, empty.first, empty.sections) == (0, "", ())


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://arxiv.org/abs/2505.00001v2", True),
        ("http://example.org:8080/a?b=c&d=%20#e", True),
        ("HTTPS://EXAMPLE.ORG/", True),
        ("https://例え.jp/論文", True),
        ("javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        (" https://example.org", False),
        ("https://example.org/\u202egpj", False),
        ("https://arxiv.org@example.org/", False),
        ("https://[::1/", False),
        ("https:///path", False),
        ("//example.org/", False),
        ("mailto:ada@example.org", False),
        ('https://example.org/"x', False),
        ("https://example.org/" + "a" * 1000, False),
        ("", False),
        (None, False),
    ],
)
def test_only_plain_web_urls_are_links(url: str | None, *, safe: bool) -> None:
    """A URL is a link only when it is absolute http or https with nothing hidden in it."""
    assert web_url(url) == (url if safe else None)


def test_what_was_read_is_a_few_short_lines() -> None:
    """Sources name themselves, so their lines are cleaned and bounded as all texts from strangers are."""
    lines = ("arXiv cs.CV: 2 papers\u202e\n", "x" * 10_000, *"abcdefghijklmn")
    told = view(replace(issue(), sources=lines), characters=0)
    assert told.sources[0] == "arXiv cs.CV: 2 papers"
    assert len(told.sources) == SOURCES_SHOWN
    assert max(map(len, told.sources)) <= 160


def test_a_gist_is_one_bounded_line_with_its_author() -> None:
    """What is shown of a gist is clean and short however long it is; a sentence of the abstract has no author."""
    mine = shown(replace(OWLS, gist=Gist(text="Owls\u202e hunt\nat night.")))
    assert (mine.gist, mine.gist_by) == ("Owls hunt at night.", "")
    theirs = shown(replace(OWLS, gist=Gist(text="owl " * 1000, by="a machine " * 100)))
    assert len(theirs.gist) <= 240
    assert 0 < len(theirs.gist_by) <= 80
    assert (shown(OWLS).gist, shown(OWLS).gist_by) == ("", "")
