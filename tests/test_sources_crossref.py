"""Crossref works."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from digest.sources import Dump, read
from digest.types import Links, Paper, Rejection

WORK: dict[str, Any] = {
    "DOI": "10.1000/OWL",
    "title": ["Owls at <i>Night</i>", "Another title"],
    "subtitle": ["A Field Study"],
    "abstract": "<jats:title>Abstract</jats:title><jats:sec><jats:title>Aims</jats:title><jats:p>We listen.</jats:p>",
    "author": [
        {"given": "Ann", "family": "Poe", "sequence": "first"},
        {"given": "Cy", "family": "Doe", "suffix": "Jr."},
        {"name": "Owl Consortium"},
        {"family": "ROE, R. S."},
        {"family": "Dee Foe, Eve Goe"},
        {},
    ],
    "container-title": ["Owl Letters"],
    "created": {"date-time": "2026-03-05T10:00:00Z"},
    "deposited": {"date-time": "2026-04-01T00:00:00Z"},
    "issued": {"date-parts": [[2026, 3]]},
    "link": [
        {"URL": "https://example.org/owl.xml", "content-type": "text/xml"},
        {"URL": "https://example.org/owl.pdf", "content-type": "application/pdf"},
    ],
}


def outcome_of(**changes: object) -> Paper | Rejection:
    """What a list with the work, some keys changed, gives."""
    raw = json.dumps({"status": "ok", "message-type": "work-list", "message": {"items": [WORK | changes]}}).encode()
    (found,) = read(Dump("answer", io.BytesIO(raw), date(2026, 6, 30)))
    return found.outcome


def paper_of(**changes: object) -> Paper:
    """The paper of the work, some keys changed."""
    outcome = outcome_of(**changes)
    assert isinstance(outcome, Paper)
    return outcome


def test_a_work_becomes_a_paper_with_all_its_fields() -> None:
    """Title and subtitle are one, JATS is gone, and whole names in the place of family names are people."""
    assert outcome_of() == Paper(
        id="doi:10.1000/owl",
        title="Owls at Night: A Field Study",
        abstract="Aims: We listen.",
        authors=("Ann Poe", "Cy Doe Jr.", "Owl Consortium", "R. S. ROE", "Dee Foe", "Eve Goe"),
        published=datetime(2026, 3, 5, 10, tzinfo=UTC),
        venue="Owl Letters",
        links=Links(abstract="https://doi.org/10.1000/owl", pdf="https://example.org/owl.pdf"),
    )


@pytest.mark.parametrize(
    ("issued", "created", "published"),
    [
        ([2026, 3, 1], "2026-03-05", datetime(2026, 3, 1, tzinfo=UTC)),  # registered some days later
        ([2026], "2026-03-05", datetime(2026, 3, 5, tzinfo=UTC)),  # a year holds the day of registration
        ([1987, 5], "2002-12-31", datetime(1987, 5, 1, tzinfo=UTC)),  # registered long after
        ([2106], "2016-04-02", datetime(2016, 4, 2, tzinfo=UTC)),  # a slip of the hand
        ([2026, 12, 1], "2026-03-05", datetime(2026, 3, 5, tzinfo=UTC)),  # a printed issue to come
        ([None], "2026-03-05", datetime(2026, 3, 5, tzinfo=UTC)),
        (["2026", "02", "30"], None, datetime(2026, 2, 1, tzinfo=UTC)),
        ([10**9, 1, 1], None, None),
        ([0], None, None),
        ([], "soon", None),
    ],
)
def test_the_day_of_publication_is_never_after_the_registration(
    issued: list[object], created: str | None, published: datetime | None
) -> None:
    """Parts of a date are filled from the registration of the DOI, and dates to come give way to it."""
    paper = paper_of(issued={"date-parts": [issued]}, created={"date-time": created})
    assert paper.published == published


def test_preprint_and_article_are_one_work() -> None:
    """Relations that say so give the other ids, arXiv's in front; other relations do not."""
    relation = {
        "has-preprint": [{"id-type": "uri", "id": "https://arxiv.org/abs/2601.00001v3"}, {"id-type": "doi", "id": 7}],
        "is-preprint-of": [{"id-type": "doi", "id": "10.1000/late"}],
        "references": [{"id-type": "doi", "id": "10.1000/unlike"}],
    }
    paper = paper_of(relation=relation)
    assert (paper.id, paper.other_ids) == ("arxiv:2601.00001", ("doi:10.1000/owl", "doi:10.1000/late"))
    assert paper.version is None


def test_a_preprint_server_is_the_venue_where_there_is_no_journal() -> None:
    """Posted content names its institution; texts in place of lists, as DOI resolvers give them, are read as well."""
    paper = paper_of(**{"container-title": [], "institution": [{"name": "bioRxiv"}]})
    assert paper.venue == "bioRxiv"
    assert paper_of(title="Owls", subtitle=None, **{"container-title": "Owl Letters"}).title == "Owls"


def test_a_subtitle_that_the_title_has_is_not_said_twice() -> None:
    """Some publishers give both."""
    assert paper_of(title=["Owls: a field study"]).title == "Owls: a field study"


@pytest.mark.parametrize(
    ("changes", "where", "why"),
    [
        ({"DOI": 7}, "answer: entry 1", "DOI: not a DOI: '7'"),
        ({"title": []}, "answer: entry 1 (doi:10.1000/owl)", "no title"),
        ({"title": [7]}, "answer: entry 1 (doi:10.1000/owl)", "title: expected a list of texts, got a number in it"),
        ({"author": "Ann"}, "answer: entry 1 (doi:10.1000/owl)", "author: expected a list, got text"),
        (
            {"container-title": ["CrossRef Listing of Deleted DOIs"]},
            "answer: entry 1 (doi:10.1000/owl)",
            "Crossref lists this DOI as deleted",
        ),
    ],
)
def test_a_record_that_is_no_paper_says_why(changes: dict[str, object], where: str, why: str) -> None:
    """The rejection names the work and the key."""
    assert outcome_of(**changes) == Rejection(where=where, why=why)
