"""What may be shown of a paper at all."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from digest.types import Evidence, Issue, Match, Paper, Section
from digest.view import view, web_url


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


def test_left_out_papers_are_counted_and_leave_no_empty_section() -> None:
    """Showing fewer papers keeps the first ones, drops sections left without any, and counts the rest."""
    shown = view(
        issue(*[Paper(id=str(number), title=f"Paper {number}") for number in range(3)]), characters=0, papers=2
    )
    assert [[paper.title for paper in section.papers] for section in shown.sections] == [["Paper 0"], ["Paper 1"]]
    assert shown.left_out == 1
    assert shown.shown == 3


def test_a_paper_is_never_nameless() -> None:
    """A title of nothing visible gives way to the paper's identifier."""
    assert view(issue(Paper(id="arxiv:2505.00001", title="\u202e \n")), characters=0).first == "arxiv:2505.00001"


def test_only_the_strongest_reasons_are_shown() -> None:
    """At most six reasons are shown, in the order they came."""
    reasons = view(issue(Paper(id="a", title="A")), characters=0).sections[0].papers[0].reasons
    assert [reason.term for reason in reasons] == [f"term {number}" for number in range(6)]
    assert {reason.percent for reason in reasons} == {10}


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
