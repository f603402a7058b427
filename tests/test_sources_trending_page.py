"""The saved text of a trending papers page."""

from __future__ import annotations

import io
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.identity import title_id
from digest.sources import Dump, read
from digest.sources.trending_page import day_heading
from digest.types import Paper, Rejection

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = date(2026, 6, 30)

FURNITURE = [
    "new",
    "Get trending papers in your email inbox!",
    "Subscribe",
    "byAK and the research community",
]
TITLES = [
    "Owls: A Benchmark for Night Vision (and a data set of 12,000 birds)",
    "How Far Do Sparrows See?",
    "UniF^2nch: One Model for Every Beak",
    "A $\\beta$-Divergence View of Flocking in 3D",
]
SHORT = "We count owls by their calls, and show that counting twice is enough in all nights."
LONG = (
    "Owls are hard to count, because they are quiet and the night is dark. We listen instead of looking, and learn a "
    "model of their calls from recordings of many forests. It finds twice as many birds as people do, and needs no "
    "labels at all. The code is at https://github.com/example/owls."
)


def page(*blocks: str, gap: str = "\n\n") -> bytes:
    """A page with these blocks below its furniture."""
    return gap.join((*FURNITURE, *blocks)).encode()


def outcomes(content: bytes) -> list[Paper | Rejection]:
    """What the page gives."""
    dump = Dump("page.txt", io.BytesIO(content), AS_OF)
    return [record.outcome for record in read(dump, format="trending-page")]


def titles(content: bytes) -> list[str]:
    """The titles of the papers of the page."""
    return [outcome.title for outcome in outcomes(content) if isinstance(outcome, Paper)]


def rejections(content: bytes) -> list[Rejection]:
    """The rejections of the page."""
    return [outcome for outcome in outcomes(content) if isinstance(outcome, Rejection)]


def test_the_real_page_gives_all_its_papers_whole(samples: Path) -> None:
    """All 59 papers come out with their own title and abstract, and no word of furniture."""
    content = (samples / "trending_page" / "trending_page_mar13.txt").read_bytes()
    lines = [line for line in content.decode().splitlines() if line][5:]
    papers = outcomes(content)
    assert len(papers) == 59
    for paper, title, abstract in zip(papers, lines[::2], lines[1::2], strict=True):
        assert isinstance(paper, Paper)
        assert paper.title.split()[0] == title.split()[0]
        assert abs(len(paper.title) - len(title)) < 5
        assert paper.abstract.split()[-1] == abstract.split()[-1]
        assert abs(len(paper.abstract) - len(abstract)) < 80
        assert paper.announced == date(2026, 3, 13)
        assert paper.id == title_id(paper.title)
    assert "UniF^2ace" in titles(content)[20]
    assert sum(paper.links.code is not None for paper in papers if isinstance(paper, Paper)) > 5


@pytest.mark.parametrize("gap", ["\n\n", "\n", "\r\n\r\n", "\r\n", "\n\n\n\n"])
def test_titles_and_abstracts_pair_up_however_lines_are_spaced(gap: str) -> None:
    """Blank lines between blocks or none, in either line ending, make no difference."""
    found = outcomes(page("Mar 13", TITLES[0], LONG, TITLES[1], SHORT, TITLES[2], LONG, gap=gap))
    assert [(paper.title, paper.abstract) for paper in found if isinstance(paper, Paper)] == [
        (TITLES[0], LONG), (TITLES[1], SHORT), (TITLES[2], LONG),
    ]  # fmt: skip
    assert len(found) == 3


def test_a_title_and_its_abstract_may_share_a_block() -> None:
    """A page with a blank line only between papers reads the same."""
    assert titles(page("Mar 13", f"{TITLES[0]}\n{SHORT}", f"{TITLES[1]}\n{SHORT}")) == TITLES[:2]


def test_wrapped_lines_are_joined() -> None:
    """A page that went through a mailer, with lines of 60 characters, gives whole abstracts."""
    words, lines = LONG.split(), [""]
    for word in words:
        lines = [*lines, word] if len(lines[-1]) + len(word) > 60 else [*lines[:-1], f"{lines[-1]} {word}".strip()]
    found = outcomes(page("Mar 13", TITLES[0], "\n".join(lines), TITLES[1], "\n".join(lines)))
    assert [paper.abstract for paper in found if isinstance(paper, Paper)] == [LONG, LONG]


def test_days_furniture_and_counts_between_papers_are_no_papers() -> None:
    """Each paper stands under its own day, whatever the page repeats between and behind them."""
    content = page(
        "Mar 13", TITLES[0], "42", LONG, "1.2k", "Submitted by ann", *FURNITURE, "Thursday, 12 March 2026", "128",
        TITLES[1], LONG, "▲ 7 · 3 comments", "Mar 11", TITLES[2], SHORT, *FURNITURE, "Load more",
    )  # fmt: skip
    assert [(paper.title, paper.announced) for paper in outcomes(content) if isinstance(paper, Paper)] == [
        (TITLES[0], date(2026, 3, 13)), (TITLES[1], date(2026, 3, 12)), (TITLES[2], date(2026, 3, 11)),
    ]  # fmt: skip
    assert not rejections(content)


def test_a_title_without_abstract_is_rejected_and_the_next_papers_stay_paired() -> None:
    """The rejection names the line; titles and abstracts behind it keep together."""
    content = page("Mar 13", TITLES[0], TITLES[1], LONG, TITLES[2], SHORT)
    assert titles(content) == TITLES[1:3]
    assert rejections(content) == [
        Rejection(where="page.txt:11", why=f"a title without an abstract: {TITLES[0]!r}")
    ]  # fmt: skip


def test_a_last_title_without_abstract_is_rejected() -> None:
    """A page that ends in a title, or has one before the next day, lacks an abstract there."""
    assert [rejection.where for rejection in rejections(page("Mar 13", TITLES[0], LONG, TITLES[1]))] == ["page.txt:15"]
    assert titles(page("Mar 13", TITLES[0], LONG, TITLES[1], "Mar 12", TITLES[2], LONG)) == [TITLES[0], TITLES[2]]


def test_an_abstract_without_title_is_rejected() -> None:
    """It is not given to the paper before or behind it."""
    content = page("Mar 13", LONG, TITLES[0], LONG)
    assert titles(content) == [TITLES[0]]
    assert [rejection.where for rejection in rejections(content)] == ["page.txt:11"]
    endless = " ".join([LONG] * 4)
    content = page("Mar 13", TITLES[0], endless, endless, TITLES[1], LONG)
    assert [paper.abstract for paper in outcomes(content) if isinstance(paper, Paper)] == [endless, LONG]
    assert [rejection.where for rejection in rejections(content)] == ["page.txt:15"]


def test_an_abstract_in_two_paragraphs_is_one_abstract() -> None:
    """A second paragraph that arXiv's limit leaves room for belongs to the first."""
    more = "Data are at https://example.org/owls."
    found = outcomes(page("Mar 13", TITLES[0], LONG, more, TITLES[1], LONG))
    assert [paper.abstract for paper in found if isinstance(paper, Paper)] == [f"{LONG} {more}", LONG]


def test_a_page_without_a_day_is_of_the_day_of_the_dump() -> None:
    """Where no heading stands above a paper, it was news on the day the page was saved."""
    found = outcomes(page(TITLES[0], LONG, "Mar 12", TITLES[1], LONG))
    assert [paper.announced for paper in found if isinstance(paper, Paper)] == [AS_OF, date(2026, 3, 12)]


def test_links_of_the_abstract_are_links_of_the_paper() -> None:
    """The repository an abstract names is the paper's code."""
    (paper,) = outcomes(page("Mar 13", TITLES[0], LONG))
    assert isinstance(paper, Paper)
    assert paper.links.code == "https://github.com/example/owls"


def test_one_line_in_another_encoding_spoils_no_other() -> None:
    """A line that is not UTF-8 is read as Windows would have written it."""
    content = (
        page("Mar 13", "Caf\u00e9 Owls", LONG).replace("\u00e9".encode(), b"\xe9") + f"\n\nÜber Owls\n\n{LONG}".encode()
    )
    assert titles(content) == ["Café Owls", "Über Owls"]


@pytest.mark.parametrize(
    ("line", "as_of", "day"),
    [
        ("Mar 13", date(2026, 3, 13), date(2026, 3, 13)),
        ("Mar 13", date(2026, 3, 12), date(2025, 3, 13)),
        ("March 13", date(2026, 6, 1), date(2026, 3, 13)),
        ("13 Mar", date(2026, 6, 1), date(2026, 3, 13)),
        ("Fri, 13th of March", date(2026, 6, 1), date(2026, 3, 13)),
        ("thursday sept. 4th", date(2026, 6, 1), date(2025, 9, 4)),
        ("Dec 31", date(2026, 1, 1), date(2025, 12, 31)),
        ("Feb 29", date(2026, 6, 1), date(2024, 2, 29)),
        ("Feb 29", date(2103, 6, 1), date(2096, 2, 29)),
        ("March 13, 2024", date(2026, 6, 1), date(2024, 3, 13)),
        ("2025-03-13", date(2026, 6, 1), date(2025, 3, 13)),
        ("Feb 30", date(2026, 6, 1), None),
        ("13", date(2026, 6, 1), None),
        ("March of the Penguins", date(2026, 6, 1), None),
        ("May 2026", date(2026, 6, 1), None),
        ("Mar 13: A Paper", date(2026, 6, 1), None),
    ],
)
def test_a_day_without_year_is_the_latest_that_has_been(line: str, as_of: date, day: date | None) -> None:
    """Headings in the usual forms name a day not after the dump's; impossible days and other lines name none."""
    assert day_heading(line, as_of) == day


@given(st.lists(st.sampled_from([*TITLES, "42", "Subscribe", "", "Mar 12"]), max_size=6), st.integers(0, 3))
@settings(max_examples=100, deadline=None)
def test_whatever_stands_before_a_day_leaves_the_papers_below_it_alone(noise: list[str], which: int) -> None:
    """Each day is read by itself: stray titles above a heading never shift the pairs below."""
    content = page("Mar 13", *noise, "Mar 10", TITLES[which], LONG, TITLES[which - 1], SHORT)
    below = [outcome for outcome in outcomes(content) if isinstance(outcome, Paper)][-2:]
    assert [(paper.title, paper.abstract) for paper in below] == [(TITLES[which], LONG), (TITLES[which - 1], SHORT)]


def test_a_title_that_is_nothing_but_markup_is_rejected() -> None:
    """A paper has a title; the next one is read."""
    found = outcomes(page("Mar 13", "<p></p>", SHORT, TITLES[1], LONG))
    assert titles(page("Mar 13", "<p></p>", SHORT, TITLES[1], LONG)) == [TITLES[1]]
    assert Rejection(where="page.txt:11", why="a title that is nothing but markup: '<p></p>'") in found


def test_a_page_has_an_end() -> None:
    """Beyond ten thousand lines of papers one rejection names the line where reading stops."""
    content = page("Mar 13", *[TITLES[1], SHORT] * 5001, gap="\n")
    assert len(titles(content)) == 5000
    (rejection,) = rejections(content)
    assert rejection == Rejection(
        where="page.txt:10006", why="more than 10000 lines of papers: the rest is left unread"
    )
