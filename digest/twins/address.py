"""Where a paper stands on the web for good: the address that its id spells, so that the id can be read off it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from digest.paper_view import web_url

if TYPE_CHECKING:
    from digest.types import Paper

_RESOLVERS: Final = {
    "arxiv": "https://arxiv.org/abs/",
    "doi": "https://doi.org/",
    "pmid": "https://pubmed.ncbi.nlm.nih.gov/",
    "openreview": "https://openreview.net/forum?id=",
}


def address(paper: Paper) -> str | None:
    """The page of the paper's id (arXiv, DOI, PubMed, OpenReview), else its first safe link; None if it has none."""
    kind, _, name = paper.id.partition(":")
    if kind in _RESOLVERS:
        # What a DOI may hold beside these (DOI Handbook, section 2.5.2.4) would end or break an address.
        spelt = web_url(_RESOLVERS[kind] + quote(name, safe="/:;()._-"))
        if spelt:
            return spelt
    links = paper.links
    return next(filter(None, map(web_url, (links.abstract, links.html, links.pdf))), None)
