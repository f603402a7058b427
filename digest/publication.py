"""What is a publication and what a preprint: told from DOIs and from what sources give as venue.

Preprint servers register DOIs, too, and sources name the server, or what an author hopes for, where others name the
journal. Prefixes are those that Crossref and DataCite list for the servers
(https://www.crossref.org/documentation/research-nexus/posted-content-includes-preprints/).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digest.types import Paper

# Some share their prefix with journals: Cold Spring Harbor's with Genome Research, Copernicus' discussions with its
# journals, whose papers have the volume where a discussion has a year or a `d` behind the journal's name.
_PREPRINT = re.compile(
    r"""
    doi:10\.(?:
        48550/arxiv\.                                   # arXiv
      | 1101/(?:\d{4}\.\d\d\.\d\d\.)?\d{6,8}\b          # bioRxiv, medRxiv
      | 64898/                                          # openRxiv: both of them since 2025
      | 21203/rs\.                                      # Research Square
      | 20944/preprints                                 # Preprints.org
      | 2139/ssrn\.                                     # SSRN
      | 26434/chemrxiv                                  # ChemRxiv
      | 36227/techrxiv                                  # TechRxiv
      | 22541/                                          # Authorea, ESS Open Archive
      | 312(?:19|2[0-9]|3[0-9])/ | 31730/ | 35542/ | 32942/   # OSF Preprints, PsyArXiv, SocArXiv and those like them
      | 33774/ | 7287/peerj\.preprints | 3386/w\d       # Cambridge Open Engage, PeerJ Preprints, NBER
      | 5194/(?:egusphere-|[a-z]+d-\d|[a-z]+-(?:19|20)\d\d-\d+$)   # Copernicus' discussions
    )
    """,
    re.VERBOSE | re.ASCII,
)
# Data, code, slides and posters; where a paper is among them, nobody can tell by the DOI.
_DEPOSIT = re.compile(
    r"doi:10\.(?:5281/zenodo|6084/m9\.figshare|5061/dryad|17605/|57967/hf|7910/dvn|17632/|59350/)", re.ASCII
)
_VERSION = re.compile(r"(?:[/.]v|-v|_v)\d{1,3}$", re.ASCII)

_ARXIV_ID = re.compile(
    r"\[?arxiv:\s?(?:[a-z-]+(?:\.[a-z]{2})?/)?[\d.]+(?:v\d+)?(?:\s?\[[\w.-]+\])?\]?", re.IGNORECASE | re.ASCII
)
_NOWHERE = re.compile(
    r"""
      \b(?:arxiv|biorxiv|medrxiv|chemrxiv|techrxiv|psyarxiv|socarxiv|openrxiv|eartharxiv|ssrn|zenodo|figshare
        |research\ square|authorea|osf)\b
    | ^(?:corr\b|cold\ spring\ harbor\ laboratory$)
    | (?<!faraday)\ discussions$   # Copernicus' again; Faraday Discussions is a journal
    | \b(?:e-?prints?|pre-?prints?|preprints\.org|submitted|submission|withdrawn|reject(?:ed)?|under\ review
        |in\ preparation|unpublished|manuscript|technical\ report|working\ paper|thesis|dissertation)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Where a work was published: the journal, proceedings or book, and the DOI (`doi:…`); one may be unknown."""

    venue: str | None
    doi: str | None

    def __str__(self) -> str:
        return ", ".join(part for part in (self.venue, self.doi) if part)


def publication(paper: Paper) -> Publication | None:
    """Where the work appeared as far as its venue and ids say; None for what is only a preprint as far as is known."""
    venue = paper.venue if is_publication(paper.venue) else None
    doi = next((each for each in (paper.id, *paper.other_ids) if _is_of_publication(each)), None)
    return Publication(venue=venue, doi=doi) if venue or doi else None


def is_publication(venue: str | None) -> bool:
    """Whether a venue is a place of publication: no preprint server, and not what a paper was only submitted to."""
    text = _ARXIV_ID.sub(" ", venue or "")
    return any(map(str.isalpha, text)) and not _NOWHERE.search(text)


def is_preprint(paper_id: str) -> bool:
    """Whether a canonical id is one that a preprint server gives: arXiv's, or the DOI of another server."""
    return paper_id.startswith("arxiv:") or bool(_PREPRINT.match(paper_id))


def is_deposit(paper_id: str) -> bool:
    """Whether a canonical id is the DOI of something in a repository, be it a paper, its data, its code or a poster."""
    return bool(_DEPOSIT.match(paper_id))


def without_version(paper_id: str) -> str:
    """The DOI of a preprint without the version that some servers put behind it; other ids as they are."""
    return _VERSION.sub("", paper_id) if _PREPRINT.match(paper_id) else paper_id


def _is_of_publication(paper_id: str) -> bool:
    return paper_id.startswith("doi:") and not is_preprint(paper_id) and not is_deposit(paper_id)
