"""OpenAlex works."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from digest.sources import Dump, read
from digest.types import Links, Paper, Rejection

WORK: dict[str, Any] = {
    "id": "https://openalex.org/W1",
    "doi": "https://doi.org/10.1000/OWL",
    "title": "Owls at <i>Night</i>",
    "display_name": "Owls at Night",
    "publication_year": 2026,
    "publication_date": "2026-06-01",
    "ids": {"openalex": "https://openalex.org/W1", "pmid": "https://pubmed.ncbi.nlm.nih.gov/4000001"},
    "primary_location": {
        "landing_page_url": "https://doi.org/10.1000/owl",
        "pdf_url": "javascript:alert(1)",
        "source": {"display_name": "Owl Letters", "type": "journal"},
    },
    "best_oa_location": {"landing_page_url": "https://example.org/owl", "pdf_url": "https://example.org/owl.pdf"},
    "authorships": [
        {"author": {"display_name": "Ann Poe"}, "raw_author_name": "Poe, Ann"},
        {"author": {"display_name": None}, "raw_author_name": "Doe, C. J."},
        {"author": {}},
    ],
    "abstract_inverted_index": {"mice.": [4], "Abstract": [0], "Owls": [1, 3], "hear": [2]},
}


def outcome_of(**changes: object) -> Paper | Rejection:
    """What a page with the work, some keys changed, gives."""
    raw = json.dumps({"meta": {"count": 1}, "results": [WORK | changes]}).encode()
    (found,) = read(Dump("answer", io.BytesIO(raw), date(2026, 6, 30)))
    return found.outcome


def test_a_work_becomes_a_paper_and_its_index_a_text() -> None:
    """Words stand at all their places again, the heading is gone, and a link that is no web address is not taken."""
    assert outcome_of() == Paper(
        id="doi:10.1000/owl",
        title="Owls at Night",
        abstract="Owls hear Owls mice.",
        authors=("Ann Poe", "C. J. Doe"),
        published=datetime(2026, 6, 1, tzinfo=UTC),
        venue="Owl Letters",
        other_ids=("pmid:4000001",),
        links=Links(abstract="https://doi.org/10.1000/owl", pdf="https://example.org/owl.pdf"),
    )


def test_a_work_that_is_on_arxiv_too_has_its_arxiv_id_in_front() -> None:
    """Of two arXiv ids the first counts: they are two works."""
    places = [
        {"landing_page_url": "http://arxiv.org/abs/2601.00001v2"},
        {"landing_page_url": "https://doi.org/10.48550/arxiv.2601.00002"},
        {"landing_page_url": None},
        None,
    ]
    paper = outcome_of(locations=places, publication_date=None)
    assert isinstance(paper, Paper)
    assert (paper.id, paper.version) == ("arxiv:2601.00001", 2)
    assert paper.other_ids == ("doi:10.1000/owl", "pmid:4000001")
    assert paper.published is None  # a year says less than arXiv does
    assert paper.links.pdf == "https://arxiv.org/pdf/2601.00001"


def test_a_repository_is_no_venue_and_a_retraction_is_said() -> None:
    """A reader should know both."""
    paper = outcome_of(primary_location={"source": {"display_name": "Shelf", "type": "repository"}}, is_retracted=True)
    assert isinstance(paper, Paper)
    assert (paper.venue, paper.comment) == (None, "Retracted")


def test_a_work_without_any_id_is_known_by_its_title() -> None:
    """Not every work has a DOI."""
    paper = outcome_of(doi=None, ids={}, title=None, locations=[], primary_location=None)
    assert isinstance(paper, Paper)
    assert paper.id.startswith("title:")
    assert paper.title == "Owls at Night"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"title": None, "display_name": None}, "no title"),
        ({"abstract_inverted_index": ["a"]}, "abstract_inverted_index: expected an object, got a list"),
        ({"abstract_inverted_index": {"a": 1}}, "abstract_inverted_index: expected lists of numbers"),
        ({"abstract_inverted_index": {"a": ["0"]}}, "abstract_inverted_index: expected lists of numbers"),
        ({"authorships": {}}, "authorships: expected a list, got an object"),
    ],
)
def test_a_work_of_wrong_types_says_which(changes: dict[str, object], why: str) -> None:
    """The rejection names the work and the key."""
    assert outcome_of(**changes) == Rejection(where="answer: entry 1 (doi:10.1000/owl)", why=why)


def test_places_far_away_cost_no_memory() -> None:
    """A place is an order, not an address."""
    paper = outcome_of(abstract_inverted_index={"second": [10**18], "first": [-5]})
    assert isinstance(paper, Paper)
    assert paper.abstract == "first second"
