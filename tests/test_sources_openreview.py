"""OpenReview notes, and conference lists."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from digest.sources import Dump, read
from digest.types import Links, Paper, Rejection, Signals

CONTENT: dict[str, Any] = {
    "title": "Owls at Night",
    "abstract": "We listen to owls.",
    "authors": ["Ann Poe", "Cy Doe"],
    "TL;DR": "Owls are heard.",
    "venue": "OWL 2026 oral",
    "pdf": "/pdf/0f.pdf",
    "code": "https://github.com/example/owls",
}
NOTE: dict[str, Any] = {
    "id": "AbC_123-xyz",
    "forum": "AbC_123-xyz",
    "cdate": 1_767_225_600_000,
    "pdate": 1_767_312_000_000,
    "mdate": 1_769_904_000_000,
    "content": CONTENT,
}
OWLS = Paper(
    id="openreview:AbC_123-xyz",
    title="Owls at Night",
    abstract="We listen to owls.",
    authors=("Ann Poe", "Cy Doe"),
    published=datetime(2026, 1, 2, tzinfo=UTC),
    updated=datetime(2026, 2, 1, tzinfo=UTC),
    venue="OWL 2026 oral",
    links=Links(
        abstract="https://openreview.net/forum?id=AbC_123-xyz",
        pdf="https://openreview.net/pdf/0f.pdf",
        code="https://github.com/example/owls",
    ),
    signals=Signals(summary="Owls are heard.", summary_by="the authors"),
)


def outcomes(document: object) -> list[Paper | Rejection]:
    """What an answer gives."""
    raw = json.dumps(document).encode()
    return [record.outcome for record in read(Dump("answer", io.BytesIO(raw), date(2026, 6, 30)))]


def test_both_versions_of_the_api_give_the_same_paper() -> None:
    """API 2 wraps each value."""
    wrapped = {key: {"value": value} for key, value in CONTENT.items()}
    assert outcomes({"notes": [NOTE, NOTE | {"content": wrapped}], "count": 2}) == [OWLS, OWLS]


def test_names_are_read_in_each_form_they_have_had() -> None:
    """Authors may be objects, one text, or hidden while a paper is under review."""
    shapes: list[object] = [[{"fullname": "Ann Poe", "username": "~A1"}, "Cy Doe"], "Ann Poe, Cy Doe", None, [None, 7]]
    found = outcomes([NOTE | {"content": CONTENT | {"authors": shape}} for shape in shapes])
    assert [paper.authors for paper in found if isinstance(paper, Paper)] == [OWLS.authors, OWLS.authors, (), ()]


def test_other_ids_of_a_note_are_kept() -> None:
    """Notes imported from elsewhere name their DOI or arXiv id."""
    (paper,) = outcomes([NOTE | {"externalIds": ["dblp:conf/owl/Poe26", "doi:10.1000/owl", "arxiv:2601.00001"]}])
    assert isinstance(paper, Paper)
    assert (paper.id, paper.other_ids) == ("arxiv:2601.00001", ("doi:10.1000/owl", "openreview:AbC_123-xyz"))


@pytest.mark.parametrize(
    ("note", "where", "why"),
    [
        (NOTE | {"id": "Review12"}, "entry 1 (openreview:Review12)", "a reply to 'AbC_123-xyz', no paper"),
        (NOTE | {"id": None, "forum": None}, "entry 1", "id: not an id of OpenReview: 'None'"),
        (NOTE | {"content": {}}, "entry 1 (openreview:AbC_123-xyz)", "no title"),
        (
            NOTE | {"content": {"title": {"value": 7}}},
            "entry 1 (openreview:AbC_123-xyz)",
            "title: expected text, got a number",
        ),
    ],
)
def test_what_is_no_paper_says_why(note: dict[str, object], where: str, why: str) -> None:
    """A review is no paper, nor is a note without id or title."""
    assert outcomes({"notes": [note], "count": 1}) == [Rejection(where=f"answer: {where}", why=why)]


@pytest.mark.parametrize("instant", [10**30, -(10**30), "soon", True, None, 1e300])
def test_an_absurd_instant_is_none(instant: object) -> None:
    """It costs the date and not the paper; the next one in order counts."""
    (paper,) = outcomes([NOTE | {"pdate": instant, "mdate": instant}])
    assert isinstance(paper, Paper)
    assert (paper.published, paper.updated) == (datetime(2026, 1, 1, tzinfo=UTC), None)


def test_a_conference_list_becomes_papers() -> None:
    """Authors stand in one text; the site gives the id where it is OpenReview's, and the link where it is another."""
    entry = {
        "id": "AbC_123-xyz",
        "title": "Owls at Night",
        "track": "main",
        "status": "Oral",
        "tldr": "Owls are heard.",
        "abstract": "We listen to owls.",
        "author": "Ann Poe;Cy Doe;",
        "site": "https://openreview.net/forum?id=AbC_123-xyz",
        "github": "https://github.com/example/owls;https://github.com/example/mice",
        "project": "",
    }
    other = entry | {"site": "https://example.org/owls", "arxiv": "2601.00001"}
    nameless = entry | {"site": "https://example.org/owls"}
    first, second, third = outcomes([entry, other, nameless])
    assert first == Paper(
        id="openreview:AbC_123-xyz",
        title="Owls at Night",
        abstract="We listen to owls.",
        authors=("Ann Poe", "Cy Doe"),
        comment="Oral",
        links=Links(abstract="https://openreview.net/forum?id=AbC_123-xyz", code="https://github.com/example/owls"),
        signals=Signals(summary="Owls are heard.", summary_by="the authors"),
    )
    assert isinstance(second, Paper)
    assert isinstance(third, Paper)
    assert second.id == "arxiv:2601.00001"
    assert third.id.startswith("title:")
    assert third.links.abstract == "https://example.org/owls"
