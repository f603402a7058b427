"""Semantic Scholar papers."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from digest.sources import Dump, read
from digest.types import Links, Paper, Rejection, Signals

PAPER: dict[str, Any] = {
    "paperId": "0f",
    "externalIds": {"ArXiv": "2601.00001", "DOI": "10.1000/OWL", "PubMed": "4000001", "CorpusId": 1},
    "url": "https://www.semanticscholar.org/paper/0f",
    "title": "Owls at Night",
    "abstract": "ABSTRACT We listen to owls.",
    "venue": "Owl Letters",
    "year": 2026,
    "publicationDate": "2026-01-02",
    "openAccessPdf": {"url": "", "status": None},
    "tldr": {"model": "tldr@v2", "text": "Owls are heard."},
    "authors": [{"authorId": "1", "name": "Ann Poe"}, {"authorId": None, "name": None}],
}


def outcomes(document: object) -> list[Paper | Rejection]:
    """What an answer gives."""
    raw = json.dumps(document).encode()
    return [record.outcome for record in read(Dump("answer", io.BytesIO(raw), date(2026, 6, 30)))]


def test_a_paper_has_all_its_ids_and_its_short_summary() -> None:
    """The strongest id names it; what Semantic Scholar says in a sentence is a signal, not the abstract."""
    assert outcomes({"total": 1, "offset": 0, "data": [PAPER]}) == [
        Paper(
            id="arxiv:2601.00001",
            title="Owls at Night",
            abstract="We listen to owls.",
            authors=("Ann Poe",),
            published=datetime(2026, 1, 2, tzinfo=UTC),
            venue="Owl Letters",
            other_ids=("doi:10.1000/owl", "pmid:4000001"),
            links=Links(abstract="https://arxiv.org/abs/2601.00001", pdf="https://arxiv.org/pdf/2601.00001"),
            signals=Signals(summary="Owls are heard.", summary_by="Semantic Scholar (machine-written)"),
        )
    ]


def test_a_line_of_the_dataset_has_keys_in_small_letters() -> None:
    """The `papers` dataset spells its keys otherwise than the API."""
    line = {
        "corpusid": 1,
        "externalids": {"ArXiv": None, "DOI": "10.1000/owl"},
        "title": "Owls",
        "authors": [{"name": "Ann Poe"}],
        "year": 2025,
        "publicationdate": None,
        "journal": {"name": "Owl Lett"},
        "venue": "",
        "url": "https://www.semanticscholar.org/paper/0f",
    }
    (paper,) = outcomes(line)
    assert isinstance(paper, Paper)
    assert (paper.id, paper.venue, paper.published) == ("doi:10.1000/owl", "Owl Lett", datetime(2025, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("key", ["citingPaper", "citedPaper"])
def test_citations_and_references_are_papers(key: str) -> None:
    """The paper stands inside."""
    (paper,) = outcomes({"offset": 0, "data": [{"isInfluential": True, key: PAPER}]})
    assert isinstance(paper, Paper)
    assert paper.id == "arxiv:2601.00001"


def test_an_unknown_id_of_a_batch_is_named_and_the_others_stay() -> None:
    """Semantic Scholar answers null for what it does not know."""
    missing, paper = outcomes([None, PAPER])
    assert missing == Rejection(where="answer: entry 1", why="expected an object, got nothing")
    assert isinstance(paper, Paper)


def test_a_paper_without_id_leads_to_semantic_scholar() -> None:
    """It is known by its title; the PDF is taken where it is a web address."""
    (paper,) = outcomes([PAPER | {"externalIds": None, "openAccessPdf": {"url": "http://example.org/owl.pdf"}}])
    assert isinstance(paper, Paper)
    assert paper.id.startswith("title:")
    assert paper.links == Links(abstract="https://www.semanticscholar.org/paper/0f", pdf="http://example.org/owl.pdf")


def test_wrong_types_are_named() -> None:
    """A list where ids belong costs the record."""
    first, second = outcomes([PAPER | {"externalIds": []}, PAPER | {"title": 7}])
    assert first == Rejection(where="answer: entry 1", why="externalids: expected an object, got a list")
    assert second == Rejection(where="answer: entry 2 (arxiv:2601.00001)", why="title: expected text, got a number")
