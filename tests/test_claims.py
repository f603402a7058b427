"""How many papers dumps say they hold, against how many they hold."""

from __future__ import annotations

import gzip
import io
import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest import sources
from digest.sources import Dump
from digest.sources.claims import COUNTS, claimed

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = date(2025, 3, 14)


def api(total: int, start: int, size: int, prefix: str = "opensearch:") -> bytes:
    """The head of an answer of arXiv's API, and an entry that quotes one."""
    numbers = {"totalResults": total, "startIndex": start, "itemsPerPage": size}
    head = "".join(f'<{prefix}{name} xmlns:a="x">{number}</{prefix}{name}>' for name, number in numbers.items())
    return f"<feed>{head}<entry><totalResults>7</totalResults></entry></feed>".encode()


@pytest.mark.parametrize(
    ("total", "start", "size", "expected"),
    [(250_000, 0, 10, 10), (250_000, 249_995, 10, 5), (3, 0, 10, 3), (0, 0, 10, 0), (3, 10, 10, 0)],
)
def test_a_page_of_a_query_claims_what_is_on_it(total: int, start: int, size: int, expected: int) -> None:
    """Not how many hits there are: those of this page, of which the last has the rest."""
    assert claimed("arxiv-api", api(total, start, size)) == expected
    assert claimed("arxiv-api", api(total, start, size, prefix="")) == expected


def test_every_item_of_an_announcement_feed_is_announced() -> None:
    """One that is broken, too; RSS 1.0 says before its items how many come."""
    assert claimed("arxiv-feed", b'<rss><channel><item>a</item><item rdf:about="b"><b></item><items/>') == 2
    assert claimed("arxiv-feed", b"<feed><entry/><entry>cut off") == 2
    listed = b"<rdf:Seq><rdf:li rdf:resource='a' /><rdf:li rdf:resource='b'/></rdf:Seq>"
    assert claimed("arxiv-rdf", b"<rdf:RDF>" + listed + b"<item>the other was lost</item></rdf:RDF>") == 2


def crossref(**message: Any) -> dict[str, Any]:  # noqa: ANN401  (what JSON can hold)
    """An answer of Crossref's."""
    return {"status": "ok", "message": {"items": [{"title": ["Owls"]}], **message}}


@pytest.mark.parametrize(
    ("form", "answer", "expected"),
    [
        ("biorxiv", {"messages": [{"count": 30, "total": "873"}], "collection": []}, 30),
        ("biorxiv", {"messages": [{"count": "30"}], "collection": []}, 30),
        ("biorxiv", {"messages": [{"status": "no posts found"}], "collection": []}, None),
        ("biorxiv", {"messages": [{"count": "-3"}], "collection": []}, None),
        ("biorxiv", {"messages": "ok", "collection": []}, None),
        ("crossref", crossref(**{"total-results": 9, "items-per-page": 20, "query": {"start-index": 0}}), 9),
        ("crossref", crossref(**{"total-results": 99, "items-per-page": 20, "query": {"start-index": 80}}), 19),
        ("crossref", crossref(**{"total-results": 99, "items-per-page": 20, "next-cursor": "x"}), None),
        ("crossref", crossref(), None),
        ("openalex", {"meta": {"count": 1297, "page": 1, "per_page": 20}, "results": []}, 20),
        ("openalex", {"meta": {"count": 25, "page": 2, "per_page": 20}, "results": []}, 5),
        ("openalex", {"meta": {"count": 25, "page": None, "per_page": 20}, "results": []}, None),
        ("openalex", {"meta": {"count": 25, "page": 1, "per_page": 20, "groups_count": 3}}, None),
        ("europe-pmc", {"hitCount": 2416, "request": {"cursorMark": "*", "pageSize": 25}}, 25),
        ("europe-pmc", {"hitCount": 2416, "request": {"cursorMark": "AoJ", "pageSize": 25}}, None),
        ("dblp-search", {"result": {"hits": {"@total": "345", "@sent": "30", "hit": []}}}, 30),
        ("semantic-scholar", {"total": 360715, "offset": 0, "next": 5, "data": []}, None),
        ("openreview", {"notes": [], "count": 5000}, None),
        ("interchange", {"id": "2503.00001", "count": 5}, None),
        ("openalex", {"meta": {"count": True, "page": 1, "per_page": 20}}, None),
        ("openalex", {"meta": {"count": 10**40, "page": 1, "per_page": 20}}, None),
    ],
)
def test_answers_say_how_many_records_they_hold(form: str, answer: dict[str, Any], expected: int | None) -> None:
    """By the length of their page and their place among all hits; None where that cannot be known."""
    assert claimed(form, json.dumps(answer).encode()) == expected


def test_answers_in_a_row_are_added_up() -> None:
    """Pages saved one behind the other; if one does not say, the sum is not known. One that is cut off still counts."""
    page = json.dumps({"messages": [{"count": 30}], "collection": [{"doi": "10.1101/1"}]}).encode()
    assert claimed("biorxiv", page + b"\n" + page) == 60
    assert claimed("biorxiv", page + b"\n" + page[:-9]) == 60
    assert claimed("biorxiv", page + b"{}") is None
    assert claimed("biorxiv", b"[1]") is None


def oai(*answers: tuple[int, str]) -> bytes:
    """Answers with a record each: the cursor of each list and its token."""
    return b"".join(
        f"<OAI-PMH><ListRecords><record><header/></record>"
        f'<resumptionToken completeListSize="{len(answers) + 1}" cursor="{cursor}">{token}</resumptionToken>'
        f"</ListRecords></OAI-PMH>".encode()
        for cursor, token in answers
    )


def test_a_harvested_list_is_held_to_its_size_where_it_is_whole() -> None:
    """From the first answer to the one whose token is empty; deleted records are none to be read."""
    whole = oai((0, "a|1"), (1, "a|2"), (2, ""))
    assert claimed("oai-pmh", whole) == 4
    assert claimed("oai-pmh", whole.replace(b"<header/>", b"<header status='deleted'/>", 1)) == 3
    for part in (oai((0, "a|1")), oai((1, "a|2"), (2, "")), b"<OAI-PMH><record/></OAI-PMH>", whole + oai((0, "a|1"))):
        assert claimed("oai-pmh", part) is None
    assert claimed("oai-pmh", whole.replace(b"completeListSize", b"size")) is None


@given(st.sampled_from(sorted(COUNTS)), st.binary(max_size=300) | st.text('{}[]"<>/:, itemcoun0129', max_size=300))
def test_whatever_a_dump_holds_a_claim_is_a_count(form: str, content: bytes | str) -> None:
    """No bytes raise, and none claim less than nothing."""
    found = claimed(form, content.encode() if isinstance(content, str) else content)
    assert found is None or found >= 0


WHOLE = ("arxiv_api", "arxiv_rss2", "arxiv_atom_feed", "arxiv_rdf_old")


def test_real_answers_hold_what_they_claim(samples: Path) -> None:
    """ArXiv's answers and feeds as they came: as many records, papers or rejections, as they say."""
    seen = 0
    for path in sorted(each for folder in WHOLE for each in (samples / folder).rglob("*") if each.is_file()):
        content = path.read_bytes()
        content = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
        found = sources.opened(Dump(path.name, io.BytesIO(content), AS_OF))
        assert found.announced == len(list(found.records)), path
        seen += 1
    assert seen >= 10
