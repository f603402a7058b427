"""DBLP's search API."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime

from digest.sources import Dump, read
from digest.types import Links, Paper, Rejection


def outcomes(*infos: object) -> list[Paper | Rejection]:
    """What an answer with these hits gives."""
    hits = [{"@score": "1", "@id": str(n), "info": info, "url": f"URL#{n}"} for n, info in enumerate(infos)]
    answer = {"query": "owl", "status": {"@code": "200"}, "hits": {"@total": str(len(hits)), "hit": hits}}
    raw = json.dumps({"result": answer}).encode()
    return [record.outcome for record in read(Dump("answer", io.BytesIO(raw), date(2026, 6, 30)))]


def test_a_hit_becomes_a_paper() -> None:
    """Numbers behind names and the full stop behind the title are DBLP's own and gone."""
    info = {
        "authors": {"author": [{"@pid": "1", "text": "Ann Poe 0001"}, {"@pid": "2", "text": "Cy Doe"}]},
        "title": "Owls &amp; mice.",
        "venue": ["OWL", "LNCS"],
        "year": "2025",
        "doi": "10.1000/OWL",
        "ee": "https://doi.org/10.1000/OWL",
        "url": "https://dblp.org/rec/conf/owl/PoeD25",
    }
    assert outcomes(info) == [
        Paper(
            id="doi:10.1000/owl",
            title="Owls & mice",
            authors=("Ann Poe", "Cy Doe"),
            published=datetime(2025, 1, 1, tzinfo=UTC),
            venue="OWL, LNCS",
            links=Links(abstract="https://doi.org/10.1000/owl"),
        )
    ]


def test_what_is_there_once_is_no_list() -> None:
    """One author, one venue and several addresses are read as well; a paper of CoRR is one of arXiv."""
    info = {
        "authors": {"author": {"@pid": "1", "text": "Ann Poe"}},
        "title": "Owls.",
        "venue": "CoRR",
        "volume": "abs/2601.00001",
        "year": "2026",
        "ee": ["https://openreview.net/forum?id=AbC123xyz", "https://example.org/owls"],
    }
    (paper,) = outcomes(info)
    assert isinstance(paper, Paper)
    assert (paper.id, paper.other_ids) == ("arxiv:2601.00001", ("openreview:AbC123xyz",))
    assert (paper.authors, paper.venue, paper.published) == (("Ann Poe",), None, None)


def test_a_hit_without_id_leads_to_where_it_can_be_read() -> None:
    """It is known by its title; one without a title is rejected."""
    paper, rejection = outcomes({"title": "Owls again.", "ee": "https://example.org/owls"}, {"year": "2026"})
    assert isinstance(paper, Paper)
    assert paper.links.abstract == "https://example.org/owls"
    assert rejection == Rejection(where="answer: entry 2", why="no title")
