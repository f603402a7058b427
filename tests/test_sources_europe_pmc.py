"""Europe PMC's search."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from typing import Any

from digest.sources import Dump, read
from digest.types import Links, Paper

CORE: dict[str, Any] = {
    "id": "4000001",
    "source": "MED",
    "pmid": "4000001",
    "doi": "10.1000/Owl",
    "title": "Owls hear mice&lt;sup&gt;+&lt;/sup&gt;.",
    "authorString": "Poe A, Doe C.",
    "authorList": {
        "author": [
            {"fullName": "Poe AB", "firstName": "Ann B", "lastName": "Poe", "initials": "AB"},
            {"fullName": "Doe CJ", "lastName": "Doe", "initials": "CJ"},
            {"collectiveName": "Owl Consortium"},
            {"fullName": "Roe X"},
        ]
    },
    "journalInfo": {"journal": {"title": "Owl letters"}, "dateOfPublication": "2026 Dec"},
    "pubYear": "2026",
    "abstractText": "<h4>Background</h4>Owls hunt.<h4>Results:</h4>They <i>hear</i> CO<sub>2</sub>.",
    "fullTextUrlList": {
        "fullTextUrl": [
            {"documentStyle": "doi", "url": "https://doi.org/10.1000/owl"},
            {"documentStyle": "pdf", "url": "https://example.org/owl.pdf"},
            {"documentStyle": "html", "url": "https://example.org/owl"},
        ]
    },
    "firstPublicationDate": "2026-03-10",
}


def paper_of(record: object) -> Paper:
    """The paper of one result."""
    raw = json.dumps({"hitCount": 1, "resultList": {"result": [record]}}).encode()
    (found,) = read(Dump("answer", io.BytesIO(raw), date(2026, 6, 30)))
    assert isinstance(found.outcome, Paper)
    return found.outcome


def test_a_result_in_full_becomes_a_paper() -> None:
    """Doubly escaped mark-up is gone, sections have a colon, names are as spoken, and the first date counts."""
    assert paper_of(CORE) == Paper(
        id="doi:10.1000/owl",
        title="Owls hear mice⁺",
        abstract="Background: Owls hunt. Results: They hear CO₂.",
        authors=("Ann B Poe", "CJ Doe", "Owl Consortium", "X Roe"),
        published=datetime(2026, 3, 10, tzinfo=UTC),
        venue="Owl letters",
        other_ids=("pmid:4000001",),
        links=Links(
            abstract="https://doi.org/10.1000/owl", pdf="https://example.org/owl.pdf", html="https://example.org/owl"
        ),
    )


def test_a_result_in_brief_becomes_a_paper() -> None:
    """The `lite` form has names in one text and the journal at the top; the id of PubMed is enough."""
    paper = paper_of(
        {
            "id": "4000002",
            "source": "MED",
            "title": "Owls again.",
            "authorString": "van der Doe CJ, Poe A, Owl Consortium.",
            "journalTitle": "Owl Lett",
            "pubYear": "2025",
        }
    )
    assert (paper.id, paper.other_ids) == ("pmid:4000002", ())
    assert paper.authors == ("CJ van der Doe", "A Poe", "Owl Consortium")
    assert (paper.venue, paper.published) == ("Owl Lett", datetime(2025, 1, 1, tzinfo=UTC))


def test_a_preprint_has_its_version_and_server() -> None:
    """The id of another database than PubMed is not taken for PubMed's."""
    paper = paper_of(
        {
            "id": "PPR1",
            "source": "PPR",
            "doi": "10.1101/2026.01.01.000001",
            "title": "Owls...",
            "authorString": "",
            "bookOrReportDetails": {"publisher": "bioRxiv"},
            "versionNumber": 2,
        }
    )
    assert (paper.id, paper.version, paper.venue) == ("doi:10.1101/2026.01.01.000001", 2, "bioRxiv")
    assert (paper.title, paper.authors, paper.other_ids) == ("Owls...", (), ())
