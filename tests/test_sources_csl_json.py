"""CSL-JSON."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from digest.sources import Dump, read
from digest.types import Links, Paper, Rejection

REFERENCE: dict[str, Any] = {
    "id": "poe2026",
    "type": "article-journal",
    "title": "Owls at <i>Night</i>: {\\'E}tude",
    "abstract": "Abstract We listen to owls.",
    "DOI": "10.1000/OWL",
    "PMID": 4000001,
    "URL": "https://example.org/owls",
    "container-title": "Owl Letters",
    "author": [
        {"given": "Ann", "family": "Poe"},
        {"given": "Cy", "non-dropping-particle": "van der", "family": "Doe", "suffix": "Jr."},
        {"given": "Jean", "dropping-particle": "de", "family": "Roe"},
        {"literal": "Owl Consortium"},
    ],
    "issued": {"date-parts": [["2026", 6, "1"]]},
}


def outcomes(*references: object) -> list[Paper | Rejection]:
    """What a list of references gives."""
    raw = json.dumps(references).encode()
    return [record.outcome for record in read(Dump("library", io.BytesIO(raw), date(2026, 6, 30)))]


def paper_of(**changes: object) -> Paper:
    """The paper of the reference with some keys changed."""
    (paper,) = outcomes(REFERENCE | changes)
    assert isinstance(paper, Paper)
    return paper


def test_a_reference_becomes_a_paper_with_all_its_fields() -> None:
    """Names have their particles, numbers may be texts, and TeX is resolved."""
    assert paper_of() == Paper(
        id="doi:10.1000/owl",
        title="Owls at Night: Étude",
        abstract="We listen to owls.",
        authors=("Ann Poe", "Cy van der Doe Jr.", "Jean de Roe", "Owl Consortium"),
        published=datetime(2026, 6, 1, tzinfo=UTC),
        venue="Owl Letters",
        other_ids=("pmid:4000001",),
        links=Links(abstract="https://doi.org/10.1000/owl"),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"arxiv": "2601.00001"},
        {"URL": "http://arxiv.org/abs/2601.00001"},
        {"note": "Comment: 7 pages\narXiv: 2601.00001 [cs.CL]"},
        {"number": "arXiv:2601.00001"},
        {"archive": "arXiv", "archive_location": "2601.00001"},
        {"publisher": "Preprint, arXiv:2601.00001 [math.DG] (2026)"},
        {"container-title": "arXiv:2601.00001 [cs]"},
        {"DOI": "https://doi.org/10.48550/arXiv.2601.00001"},
    ],
)
def test_an_arxiv_id_is_found_wherever_programs_put_it(changes: dict[str, object]) -> None:
    """Styles have no field for it, so each program has a place of its own."""
    paper = paper_of(**changes)
    assert paper.id == "arxiv:2601.00001"
    assert paper.venue in (None, "Owl Letters")


def test_a_year_alone_says_less_than_arxiv() -> None:
    """It dates a book; of a work on arXiv the instant is known better there."""
    year = {"date-parts": [[2026]]}
    assert paper_of(issued=year).published == datetime(2026, 1, 1, tzinfo=UTC)
    assert paper_of(issued=year, arxiv="2601.00001").published is None


@pytest.mark.parametrize(
    ("issued", "published"),
    [
        ({"raw": "2026-06-01"}, datetime(2026, 6, 1, tzinfo=UTC)),
        ({"raw": "2026-06-01T12:30:00Z"}, datetime(2026, 6, 1, tzinfo=UTC)),
        ({"literal": "2026/06"}, datetime(2026, 6, 1, tzinfo=UTC)),
        ("2026", datetime(2026, 1, 1, tzinfo=UTC)),
        ({"date-parts": [[2026, 13, 45]]}, datetime(2026, 1, 1, tzinfo=UTC)),
        ({"date-parts": [[99999]]}, None),
        ({"date-parts": [[2999]]}, None),
        ({"date-parts": [[]]}, None),
        ({"date-parts": "2026"}, None),
        ({"literal": "in press"}, None),
        (7, None),
        (None, None),
    ],
)
def test_dates_are_read_in_all_their_forms(issued: object, published: datetime | None) -> None:
    """Parts, text, or nothing to go by."""
    assert paper_of(issued=issued).published == published


def test_a_reference_without_id_is_known_by_its_title() -> None:
    """Its link is the address it gives."""
    paper = paper_of(DOI=None, PMID=None)
    assert paper.id.startswith("title:")
    assert paper.links.abstract == "https://example.org/owls"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"title": ""}, "no title"),
        ({"title": 7}, "title: expected text, got a number"),
        ({"author": {"family": "Poe"}}, "author: expected a list, got an object"),
    ],
)
def test_what_is_no_reference_says_why(changes: dict[str, object], why: str) -> None:
    """The rejection names the work and the key."""
    assert outcomes(REFERENCE | changes) == [Rejection(where="library: entry 1 (doi:10.1000/owl)", why=why)]
