"""The Hugging Face daily papers API."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import SourceError
from digest.sources import Dump, read
from digest.types import Links, Paper, Rejection, Signals

if TYPE_CHECKING:
    from pathlib import Path

ENTRY: dict[str, Any] = {
    "paper": {
        "id": "2606.00001",
        "title": "Owls at\n  Night",
        "summary": "We listen to owls. See https://github.com/example/mentioned.",
        "authors": [{"name": "Ann Poe", "hidden": False}, {"name": "Bob Roe", "hidden": True}, {"name": "Cy Doe"}],
        "publishedAt": "2026-06-01T12:00:00.000Z",
        "submittedOnDailyAt": "2026-06-03T00:00:00.000Z",
        "submittedOnDailyBy": {"fullname": "Dee Foe", "name": "deefoe"},
        "upvotes": 12,
        "githubRepo": "https://github.com/example/owls",
        "githubStars": 34,
        "projectPage": "https://example.org/owls",
        "ai_summary": "Owls are heard.",
    },
    "title": "Owls at Night",
    "numComments": 2,
    "thumbnail": "https://cdn.example.org/owls.png",
    "submittedBy": {"fullname": "Dee Foe", "name": "deefoe"},
}


def outcomes(content: bytes | str) -> list[Paper | Rejection]:
    """What an answer gives."""
    raw = content.encode() if isinstance(content, str) else content
    dump = Dump("daily.json", io.BytesIO(raw), date(2026, 6, 30))
    return [record.outcome for record in read(dump, format="hf-daily-papers")]


def with_paper(**changes: object) -> dict[str, Any]:
    """The entry with some keys of its paper changed."""
    return {**ENTRY, "paper": {**ENTRY["paper"], **changes}}


def test_an_entry_becomes_a_paper_with_all_its_signals() -> None:
    """Every field the API gives has its place; hidden authors are left out."""
    assert outcomes(json.dumps([ENTRY])) == [
        Paper(
            id="arxiv:2606.00001",
            title="Owls at Night",
            abstract="We listen to owls. See https://github.com/example/mentioned.",
            authors=("Ann Poe", "Cy Doe"),
            published=datetime(2026, 6, 1, 12, tzinfo=UTC),
            announced=date(2026, 6, 3),
            links=Links(
                abstract="https://arxiv.org/abs/2606.00001",
                pdf="https://arxiv.org/pdf/2606.00001",
                code="https://github.com/example/owls",
                project="https://example.org/owls",
            ),
            signals=Signals(
                upvotes=12,
                comments=2,
                stars=34,
                submitter="Dee Foe",
                thumbnail="https://cdn.example.org/owls.png",
                summary="Owls are heard.",
                summary_by="Hugging Face (machine-written)",
            ),
        )
    ]


@pytest.mark.parametrize("content", [ENTRY, {"papers": [ENTRY]}, {"count": 1, "papers": [ENTRY]}, ENTRY["paper"]])
def test_a_single_paper_and_a_wrapped_list_are_read_as_well(content: object) -> None:
    """One object, a list under "papers", or a paper without its envelope give the same paper."""
    (paper,) = outcomes(json.dumps(content))
    assert isinstance(paper, Paper)
    assert (paper.id, paper.title, paper.signals.upvotes) == ("arxiv:2606.00001", "Owls at Night", 12)


def test_links_that_are_no_web_addresses_are_dropped() -> None:
    """A script in place of an address is not passed on; the abstract's own link takes its place."""
    (paper,) = outcomes(json.dumps([with_paper(githubRepo="javascript:alert(1)", projectPage="javascript:alert(1)")]))
    assert isinstance(paper, Paper)
    assert paper.links.code == "https://github.com/example/mentioned"
    assert paper.links.project is None


def test_signals_of_a_wrong_kind_are_unknown() -> None:
    """A count that is no count costs the count and not the paper."""
    (paper,) = outcomes(json.dumps([with_paper(upvotes="many", githubStars=-1, ai_summary=7, publishedAt="soon")]))
    assert isinstance(paper, Paper)
    assert paper.signals == Signals(comments=2, submitter="Dee Foe", thumbnail="https://cdn.example.org/owls.png")
    assert paper.published is None


@pytest.mark.parametrize(
    ("entry", "where", "why"),
    [
        (7, "daily.json: entry 2", "expected an object, got a number"),
        ({"paper": {"id": "2606.00002"}}, "daily.json: entry 2 (arxiv:2606.00002)", "no title"),
        (with_paper(summary=["x"]), "daily.json: entry 2 (arxiv:2606.00001)", "summary: expected text, got a list"),
        (with_paper(authors="Ann"), "daily.json: entry 2 (arxiv:2606.00001)", "authors: expected a list, got text"),
        ({"paper": [1]}, "daily.json: entry 2", "paper: expected an object, got a list"),
    ],
)
def test_a_bad_entry_is_rejected_and_its_neighbours_stay(entry: object, where: str, why: str) -> None:
    """The rejection names the entry and the key, and the papers around it come out."""
    first, middle, last = outcomes(json.dumps([ENTRY, entry, ENTRY]))
    assert isinstance(first, Paper)
    assert first == last
    assert middle == Rejection(where=where, why=why)


def test_a_paper_without_id_is_named_by_its_title() -> None:
    """An entry with no arXiv id still is a paper."""
    (paper,) = outcomes(json.dumps([with_paper(id=None)]))
    assert isinstance(paper, Paper)
    assert paper.id.startswith("title:")


def test_an_answer_without_papers_gives_none() -> None:
    """A weekend's empty list is neither an error nor a rejection."""
    assert outcomes("[]") == []
    assert outcomes('{"papers": []}') == []


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_an_answer_cut_anywhere_keeps_the_whole_entries(data: st.DataObject) -> None:
    """Any prefix gives the entries that are whole in it and one rejection for the rest, with its place."""
    content = json.dumps([ENTRY, with_paper(id="2606.00002"), with_paper(id="2606.00003")], indent=1)
    whole = outcomes(content)
    cut = content[: data.draw(st.integers(1, len(content) - 1))]
    *papers, last = outcomes(cut)
    assert papers == whole[: len(papers)]
    assert len(papers) == cut.count("\n }")
    assert isinstance(last, Rejection)
    assert last.where.startswith(f"daily.json: entry {len(papers) + 1} (line ")
    assert last.why.startswith("cut off here: ")


def test_a_broken_entry_in_the_middle_ends_the_reading_there() -> None:
    """What is not JSON cannot be stepped over; the rejection says that the rest is lost."""
    first, last = outcomes(f"[{json.dumps(ENTRY)}, {{oops}}, {json.dumps(ENTRY)}]")
    assert isinstance(first, Paper)
    assert isinstance(last, Rejection)
    assert "broken here, the rest is lost" in last.why


@pytest.mark.parametrize("content", ["[" * 100_000, '[{"paper": ' + "9" * 5000 + "}]"])
def test_absurd_json_is_rejected(content: str) -> None:
    """Nesting or numbers without end are a rejection like any other."""
    (rejection,) = outcomes(content)
    assert isinstance(rejection, Rejection)


def test_an_error_of_the_api_is_no_quiet_day() -> None:
    """An answer that is an error refuses the dump with the API's own words."""
    with pytest.raises(SourceError, match="the source answers with an error: too many requests"):
        outcomes('{"error": "too many requests"}')


def test_the_real_answer_has_the_figures_of_its_day(samples: Path) -> None:
    """All thirty papers of 12 June 2026 have authors, an abstract, a summary and their day."""
    papers = outcomes((samples / "hf_daily_papers" / "api_2026-06-12.json").read_bytes())
    assert len(papers) == 30
    for paper in papers:
        assert isinstance(paper, Paper)
        assert paper.announced == date(2026, 6, 12)
        assert paper.authors
        assert len(paper.abstract) > 200
        assert paper.signals.summary
        assert paper.signals.upvotes is not None
    assert sum(paper.links.code is not None for paper in papers if isinstance(paper, Paper)) >= 16
