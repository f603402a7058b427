"""The API of bioRxiv and medRxiv."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from digest.sources import Dump, read
from digest.types import AnnounceType, Links, Paper, Rejection

PREPRINT: dict[str, Any] = {
    "title": "Owls &amp; mice at <i>night</i>",
    "authors": "Poe, A. B.; van der Doe, C., Jr.; Owl Consortium; ",
    "doi": "10.64898/2026.06.01.000001",
    "date": "2026-06-02",
    "version": "1",
    "category": "zoology",
    "abstract": "BackgroundOwls hunt.\n\nStudy DesignWe listened to TO_SCPLOWYTOC_SCPLOW.\n\nResultsAll p [&le;] 0.05.",
    "published": "NA",
    "server": "bioRxiv",
}


def outcomes(*records: object) -> list[Paper | Rejection]:
    """What an answer with these records gives."""
    raw = json.dumps({"messages": [{"status": "ok"}], "collection": records}).encode()
    return [record.outcome for record in read(Dump("answer", io.BytesIO(raw), date(2026, 6, 30)))]


def paper_of(**changes: object) -> Paper:
    """The paper of the preprint with some keys changed."""
    (paper,) = outcomes(PREPRINT | changes)
    assert isinstance(paper, Paper)
    return paper


def test_a_preprint_becomes_a_paper_with_all_its_fields() -> None:
    """Names are in spoken order, run-in headings are parted from their text, and the links name the version."""
    page = "https://www.biorxiv.org/content/10.64898/2026.06.01.000001v1"
    assert paper_of() == Paper(
        id="doi:10.64898/2026.06.01.000001",
        title="Owls & mice at night",
        abstract="Background: Owls hunt. Study Design: We listened to TYTO. Results: All p ≤ 0.05.",
        version=1,
        authors=("A. B. Poe", "C. van der Doe, Jr.", "Owl Consortium"),
        categories=("zoology",),
        published=datetime(2026, 6, 2, tzinfo=UTC),
        updated=datetime(2026, 6, 2, tzinfo=UTC),
        announced=date(2026, 6, 2),
        announce_type=AnnounceType.NEW,
        venue="bioRxiv",
        links=Links(abstract="https://doi.org/10.64898/2026.06.01.000001", pdf=f"{page}.full.pdf", html=f"{page}.full"),
    )


def test_a_later_version_is_a_replacement_of_the_same_work() -> None:
    """Versions share the id; the date of a later one is that of the revision and no news."""
    first, second = outcomes(PREPRINT, {**PREPRINT, "version": "2", "date": "2026-06-20", "server": "medRxiv"})
    assert isinstance(first, Paper)
    assert isinstance(second, Paper)
    assert second.id == first.id
    assert (second.version, second.announce_type, second.announced) == (2, AnnounceType.REPLACE, None)
    assert (second.published, second.updated) == (None, datetime(2026, 6, 20, tzinfo=UTC))
    assert second.links.pdf == "https://www.medrxiv.org/content/10.64898/2026.06.01.000001v2.full.pdf"


def test_a_version_behind_the_doi_counts_where_there_is_no_other() -> None:
    """Some callers keep `v3` in the DOI itself."""
    paper = paper_of(doi="10.1101/2020.01.02.123456v3", version=None)
    assert (paper.id, paper.version) == ("doi:10.1101/2020.01.02.123456", 3)


@pytest.mark.parametrize(
    ("published", "others"),
    [("10.1000/OWL", ("doi:10.1000/owl",)), ("NA", ()), (None, ()), (7, ()), ("10.64898/2026.06.01.000001", ())],
)
def test_the_published_article_is_another_id_of_the_work(published: object, others: tuple[str, ...]) -> None:
    """The journal's DOI is kept where it is one."""
    assert paper_of(published=published).other_ids == others


def test_published_preprints_are_read_from_their_own_answers() -> None:
    """`pubs` spells the keys with a prefix and names the journal."""
    record = {
        "biorxiv_doi": "10.1101/2020.01.02.123456",
        "published_doi": "10.1000/owl",
        "published_journal": "Owl Letters",
        "preprint_platform": "bioRxiv",
        "preprint_title": "Owls",
        "preprint_authors": "Poe, A.",
        "preprint_category": "zoology",
        "preprint_date": "2020-01-02",
        "preprint_abstract": "We listen.",
    }
    (paper,) = outcomes(record)
    assert isinstance(paper, Paper)
    assert (paper.id, paper.other_ids) == ("doi:10.1101/2020.01.02.123456", ("doi:10.1000/owl",))
    assert (paper.title, paper.authors, paper.venue) == ("Owls", ("A. Poe",), "Owl Letters")
    assert paper.published == datetime(2020, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"doi": None}, "doi: not a DOI: 'None'"),
        ({"title": " "}, "no title"),
        ({"authors": ["Poe"]}, "authors: expected text, got a list"),
        ({"abstract": 7}, "abstract: expected text, got a number"),
    ],
)
def test_a_record_that_is_no_preprint_says_why(changes: dict[str, object], why: str) -> None:
    """The rejection names the key."""
    (rejection,) = outcomes(PREPRINT | changes)
    assert isinstance(rejection, Rejection)
    assert rejection.why == why


@pytest.mark.parametrize("day", ["soon", "0000-00-00", "99999-01-01", 20260601, None])
def test_an_absurd_date_is_no_date(day: object) -> None:
    """It costs the date and not the paper."""
    paper = paper_of(date=day)
    assert (paper.published, paper.announced) == (None, None)
