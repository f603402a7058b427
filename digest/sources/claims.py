"""How many papers a dump says it holds, for what was read of it to be held against.

A claim is about this dump, not about what there is in all: one page of a query that has 250,000 hits claims the ten
that it should show. Where an answer does not say how long its page is, it claims nothing: Semantic Scholar calls its
`total` an approximation, and OpenReview's `count` is that of all pages.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from digest.sources import feed_xml, fields, oai_pmh
from digest.sources.json_walk import BrokenJsonError, decode, members, skip_space

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NUMBER = re.compile(r"[0-9]{1,9}")
_OPEN_SEARCH = r"<(?:\w+:)?{}(?:\s[^<>]*)?>\s*([0-9]{{1,9}})\s*<"
_ENTRY = re.compile(r"<entry[\s>/]")
_ITEM = re.compile(r"<(?:item|entry)(?=[\s>/])")
_LISTED_ITEM = re.compile(r"<rdf:li\s[^<>]*\bresource\s*=")


def claimed(format: str, body: bytes) -> int | None:  # noqa: A002 - the field is called `format` everywhere else
    """How many papers a dump of a format says it holds; None where it does not say."""
    count = COUNTS.get(format)
    return None if count is None else count(body)


def _of_arxiv_api(body: bytes) -> int | None:
    """What OpenSearch 1.1 calls the page (https://github.com/dewitt/opensearch, response elements)."""
    text = feed_xml.decode(body)
    entry = _ENTRY.search(text)
    head = text[: entry.start()] if entry else text
    names = ("totalResults", "itemsPerPage", "startIndex")
    total, size, start = (re.search(_OPEN_SEARCH.format(name), head) for name in names)
    return _shown(total and total[1], size and size[1], start[1] if start else 0)


def _of_arxiv_feed(body: bytes) -> int | None:
    """Every item of an announcement feed is an announcement; RSS 1.0 lists them once more before (`items`)."""
    text = feed_xml.decode(body)
    return len(_LISTED_ITEM.findall(text)) or len(_ITEM.findall(text))


def _of_json(count: Callable[[dict[str, Any]], int | None]) -> Callable[[bytes], int | None]:
    """The sum over the answers that stand in a row."""

    def total(body: bytes) -> int | None:
        counts = [count(answer) for answer in _answers(body.decode(json.detect_encoding(body), "replace"))]
        known = [each for each in counts if each is not None]
        return sum(known) if known and len(known) == len(counts) else None

    return total


def _answers(text: str) -> Iterator[dict[str, Any]]:
    """The objects in a row; of one that is cut off or broken the members that can be read."""
    at = skip_space(text, 0)
    while text[at : at + 1] == "{":
        try:
            answer, end = decode(text, at)
        except BrokenJsonError:
            yield dict(_readable(text, at))
            return
        if isinstance(answer, dict):
            yield answer
        at = skip_space(text, end)


def _readable(text: str, at: int) -> Iterator[tuple[str, object]]:
    try:
        for key, place in members(text, at):
            yield key, decode(text, place)[0]
    except BrokenJsonError:
        return


def _of_biorxiv(answer: dict[str, Any]) -> int | None:
    """`count` of the message: the records of this page (https://api.biorxiv.org/)."""
    messages = answer.get("messages")
    return _number(_part(messages[0] if isinstance(messages, list) and messages else None, "count"))


def _of_crossref(answer: dict[str, Any]) -> int | None:
    """`items-per-page` from `start-index` on; with a cursor an answer does not say how far it is."""
    message = _part(answer, "message")
    if _part(message, "next-cursor") is not None:
        return None
    start = _part(_part(message, "query"), "start-index")
    return _shown(_part(message, "total-results"), _part(message, "items-per-page"), start)


def _of_openalex(answer: dict[str, Any]) -> int | None:
    """`per_page` on the page of that number; with a cursor there is none."""
    meta = _part(answer, "meta")
    page, size = _number(_part(meta, "page")), _number(_part(meta, "per_page"))
    if not page or size is None or _part(meta, "groups_count") is not None:
        return None
    return _shown(_part(meta, "count"), size, (page - 1) * size)


def _of_europe_pmc(answer: dict[str, Any]) -> int | None:
    """`pageSize` of the request on the first page; a later cursor does not say how far it is."""
    request = _part(answer, "request")
    is_first = _part(request, "cursorMark") == "*"
    return _shown(_part(answer, "hitCount"), _part(request, "pageSize"), 0) if is_first else None


def _of_dblp(answer: dict[str, Any]) -> int | None:
    """`@sent` of the hits."""
    return _number(_part(_part(_part(answer, "result"), "hits"), "@sent"))


def _part(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, dict) else None


def _shown(total: object, size: object, start: object) -> int | None:
    """How many of all hits stand on a page of that size that begins behind `start`; None if one is no number."""
    known = [_number(each) for each in (total, size, start)]
    if None in known:
        return None
    hits, room, before = (each or 0 for each in known)
    return min(room, max(hits - before, 0))


def _number(value: object) -> int | None:
    """A count, given as a number or as digits."""
    if isinstance(value, str):
        return int(value) if _NUMBER.fullmatch(value) else None
    return fields.count(value)


COUNTS: Final = {
    "arxiv-api": _of_arxiv_api,
    "arxiv-feed": _of_arxiv_feed,
    "arxiv-rdf": _of_arxiv_feed,
    "oai-pmh": oai_pmh.complete_list_size,
    "biorxiv": _of_json(_of_biorxiv),
    "crossref": _of_json(_of_crossref),
    "openalex": _of_json(_of_openalex),
    "europe-pmc": _of_json(_of_europe_pmc),
    "dblp-search": _of_json(_of_dblp),
}
"""Formats whose dumps say how many papers they hold, and what finds it in their bytes."""
