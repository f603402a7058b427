"""Publications and preprints: what DOIs and venues say of where a work appeared."""

from __future__ import annotations

import pytest

from digest.identity import parse_id
from digest.publication import (
    Publication,
    is_deposit,
    is_preprint,
    is_publication,
    publication,
    without_version,
)
from digest.types import Paper


@pytest.mark.parametrize(
    "text",
    [
        "2505.00001",
        "10.48550/arXiv.2505.00001",
        "10.1101/2021.02.03.429999",
        "10.1101/087601",
        "10.64898/2026.01.02.123456",
        "10.21203/rs.3.rs-12345/v1",
        "10.20944/preprints202001.0001.v2",
        "10.2139/ssrn.1234567",
        "10.26434/chemrxiv-2021-ab1cd",
        "10.36227/techrxiv.1234567.v1",
        "10.31234/osf.io/abc12",
        "10.31219/osf.io/abc12_v1",
        "10.7287/peerj.preprints.123v1",
        "10.5194/acp-2020-123",
        "10.5194/esurfd-2-1005-2014",
    ],
)
def test_preprint_servers_are_known_by_their_dois(text: str) -> None:
    """An id that a server of preprints gives is no publication, however the server writes it."""
    paper_id = parse_id(text)
    assert paper_id
    assert is_preprint(paper_id.id)
    assert publication(Paper(id=paper_id.id, title="Sand")) is None


@pytest.mark.parametrize(
    "doi",
    [
        "10.1038/s41586-020-0001-1",
        "10.1101/gr.123456.120",
        "10.1101/gad.12345",
        "10.5194/acp-20-1234-2020",
        "10.1103/physrevd.76.013009",
        "10.12688/f1000research.7408.1",
    ],
)
def test_journals_are_no_preprint_servers(doi: str) -> None:
    """Journals that share a prefix with a server of preprints stay journals."""
    assert not is_preprint(f"doi:{doi}")
    assert publication(Paper(id="arxiv:2505.00001", title="Sand", other_ids=(f"doi:{doi}",))) == Publication(
        venue=None, doi=f"doi:{doi}"
    )


def test_a_deposit_is_no_publication() -> None:
    """What lies in a repository may be a paper's data or code."""
    for doi in ("doi:10.5281/zenodo.123", "doi:10.6084/m9.figshare.123.v1", "doi:10.5061/dryad.abc"):
        assert is_deposit(doi)
        assert not is_preprint(doi)
        assert publication(Paper(id=doi, title="Sand")) is None


@pytest.mark.parametrize(
    ("venue", "expected"),
    [
        ("Nature", True),
        ("Phys.Rev.D76:013009,2007", True),
        ("Phys. Rev. D 76, 013009 (2007), arXiv:0704.0001v2 [hep-ph]", True),
        ("accepted at Journal of Sand", True),
        ("Faraday Discussions", True),
        ("Corrosion Science", True),
        ("Journal of Reviews", True),
        (None, False),
        ("", False),
        ("arXiv", False),
        ("arXiv:2505.00001 [cs.CV]", False),
        ("arXiv preprint arXiv:2505.00001", False),
        ("arXiv (Cornell University)", False),
        ("CoRR", False),
        ("bioRxiv : the preprint server for biology", False),
        ("medRxiv", False),
        ("SSRN Electronic Journal", False),
        ("Cold Spring Harbor Laboratory", False),
        ("Earth Surface Dynamics Discussions", False),
        ("Submitted to ICLR 2024", False),
        ("ICLR 2024 Conference Withdrawn Submission", False),
        ("under review", False),
        ("PhD thesis", False),
        ("12 (3)", False),
    ],
)
def test_a_venue_is_where_a_paper_appeared(venue: str | None, *, expected: bool) -> None:
    """Journals, proceedings and what is accepted there; not servers of preprints, hopes and theses."""
    assert is_publication(venue) is expected


def test_a_publication_has_venue_and_doi_as_far_as_known() -> None:
    """The journal's DOI is found behind the preprint's, and both stand in the words for it."""
    paper = Paper(
        id="arxiv:2505.00001",
        title="Sand",
        venue="Journal of Sand",
        other_ids=("doi:10.1101/2021.02.03.429999", "doi:10.5281/zenodo.1", "doi:10.5555/sand.1"),
    )
    found = publication(paper)
    assert found == Publication(venue="Journal of Sand", doi="doi:10.5555/sand.1")
    assert str(found) == "Journal of Sand, doi:10.5555/sand.1"


@pytest.mark.parametrize(
    ("doi", "plain"),
    [
        ("doi:10.21203/rs.3.rs-12345/v2", "doi:10.21203/rs.3.rs-12345"),
        ("doi:10.20944/preprints202001.0001.v2", "doi:10.20944/preprints202001.0001"),
        ("doi:10.26434/chemrxiv-2021-ab1cd-v3", "doi:10.26434/chemrxiv-2021-ab1cd"),
        ("doi:10.31219/osf.io/abc12_v1", "doi:10.31219/osf.io/abc12"),
        ("doi:10.2139/ssrn.1234567", "doi:10.2139/ssrn.1234567"),
        ("doi:10.5555/sand/v2", "doi:10.5555/sand/v2"),
    ],
)
def test_versions_behind_a_preprints_doi(doi: str, plain: str) -> None:
    """Servers that give each version a DOI put its number behind; what journals write stays."""
    assert without_version(doi) == plain
