"""Zotero's JSON: answers of its web API, and the Better BibTeX export, which has the same items without their envelope.

Formats: https://www.zotero.org/support/dev/web_api/v3/basics (items, `data`) and https://api.zotero.org/schema (fields
of each type of item). Zotero's other exports are BibTeX, RIS and CSL JSON.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from digest.errors import SourceError
from digest.sources import fields
from digest.sources.json_walk import BrokenJsonError, decode, elements, members
from digest.sources.records import Document, RecordError
from digest.sources.references import Reference, paper_of
from digest.types import Paper, Rejection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

_NO_WORKS = frozenset({"attachment", "note", "annotation"})
_TITLES = ("title", "caseName", "nameOfAct", "subject")
_VENUES = (
    "publicationTitle", "proceedingsTitle", "bookTitle", "conferenceName", "university", "institution", "repository",
    "websiteTitle", "publisher",
)  # fmt: skip
_MENTIONS = ("publicationTitle", "archiveID", "number", "reportNumber", "archiveLocation", "volume")
_WHOLE_IDS = ("DOI", "archiveID", "url", "number")
_AUTHORS = ("author", "presenter", "inventor", "artist", "programmer", "contributor", "editor")
_EXTRA = re.compile(r"\s*(arxiv|doi|pmid)\s*:\s*(.+)", re.IGNORECASE)


def parse(document: Document) -> Iterator[Paper | Rejection]:
    """The papers among the items; attachments, notes and annotations are no works and are passed over.

    Raises:
        SourceError: It is no JSON array or object of items.
    """
    text = document.body.decode(json.detect_encoding(document.body), "replace")
    number = 0
    try:
        for number, item in enumerate(_items(document.name, text), start=1):
            outcome = _outcome(f"{document.name}: item {number}", item, document.as_of)
            if outcome is not None:
                yield outcome
    except BrokenJsonError as error:
        if document.cut is None:
            line = text.count("\n", 0, error.at) + 1
            problem = "cut off here" if error.is_end else "broken here, the rest is lost"
            yield Rejection(where=f"{document.name}: item {number + 1} (line {line})", why=f"{problem}: {error.why}")


def _items(name: str, text: str) -> Iterator[object]:
    start = len(text) - len(text.lstrip())
    opening = text[start : start + 1]
    if opening == "[":
        yield from elements(text, start)
        return
    if opening != "{":
        raise SourceError(name, "not a JSON array or object of Zotero's items")
    for key, at in members(text, start):
        if key == "items" and text[at : at + 1] == "[":
            yield from elements(text, at)
            return
    yield decode(text, start)[0]


def _outcome(where: str, item: object, as_of: date) -> Paper | Rejection | None:
    key = item.get("key") if isinstance(item, dict) else None
    try:
        if not isinstance(item, dict):
            raise RecordError(f"expected an object, got {fields.kind(item)}")  # noqa: TRY301 - one place makes rejections
        data = fields.section(item, "data") or item
        if data.get("itemType") in _NO_WORKS:
            return None
        return paper_of(_reference(data), as_of)
    except RecordError as error:
        return Rejection(where=f"{where} ({key})" if isinstance(key, str) else where, why=error.why)


def _reference(data: Mapping[str, Any]) -> Reference:
    title = next((text for key in _TITLES if (text := fields.text(data, key))), "")
    extra = [found for line in _words(data, "extra").split("\n") if (found := _EXTRA.fullmatch(line))]
    return Reference(
        title=title,
        abstract=fields.text(data, "abstractNote"),
        authors=_authors(data),
        ids=(
            *(_words(data, key) for key in _WHOLE_IDS),
            *(f"{found[1]}:{found[2].strip()}" for found in extra),
            f"pmid:{_words(data, 'PMID')}",
        ),
        mentions=tuple(_words(data, key) for key in _MENTIONS),
        venue=next((text for key in _VENUES if (text := _words(data, key))), ""),
        dates=tuple(filter(None, (_words(data, "date"), _words(data, "year")))),
    )


def _authors(data: Mapping[str, Any]) -> tuple[str, ...]:
    creators = data.get("creators")
    if creators is None:
        return ()
    if not isinstance(creators, list):
        raise RecordError(f"creators: expected a list, got {fields.kind(creators)}")
    people = [each for each in creators if isinstance(each, dict)]
    kinds = {str(each.get("creatorType")) for each in people}
    kind = next((each for each in _AUTHORS if each in kinds), None)
    shown = [each for each in people if str(each.get("creatorType")) == kind] if kind else people
    # One field for institutions and for names of one part, two for people.
    names = (_words(each, "name") or f"{_words(each, 'firstName')} {_words(each, 'lastName')}" for each in shown)
    return tuple(name for each in names if (name := each.strip()))


def _words(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value.strip() if isinstance(value, str) else ""
