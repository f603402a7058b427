"""The arXiv metadata snapshot: one JSON object a line, as Kaggle hosts it.

Format: https://www.kaggle.com/datasets/Cornell-University/arxiv. Millions of lines, so this parser is the one whose
speed matters.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from digest.identity import parse_id
from digest.sources import fields
from digest.sources.records import RecordError
from digest.text import clean_each, people
from digest.types import Paper

# `Mon, 2 Apr 2007 19:18:42 GMT`: always this form and zone, read ten times as fast as by email.utils.
_CREATED = re.compile(r"[A-Z][a-z]{2}, (\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII)
_MONTHS = {
    name: number
    for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1)  # noqa: SIM905
}
_NAME_PARTS = 3


def parse(record: dict[str, Any]) -> Paper:
    """The paper of one line; `announced` is None, because the snapshot tells when versions were sent in, not shown.

    Raises:
        RecordError: The id is not arXiv's, the title is missing, or a field has the wrong type.
    """
    raw_id = record.get("id")
    found = parse_id(raw_id) if isinstance(raw_id, str) else None
    if found is None or not found.id.startswith("arxiv:"):
        raise RecordError(f"id: not an arXiv id: {str(raw_id)[:60]!r}")
    try:
        return _paper(found.id, record)
    except RecordError as error:
        raise RecordError(error.why, found.id) from error


def _paper(canonical: str, record: dict[str, Any]) -> Paper:
    abstract = fields.text(record, "abstract")
    comment = fields.text(record, "comments") or None
    version, published, updated = _history(record)
    return Paper(
        id=canonical,
        title=fields.title(record),
        abstract=abstract,
        version=version,
        authors=_authors(record),
        categories=fields.arxiv_categories(fields.text(record, "categories").split()),
        published=published,
        updated=updated or fields.instant(record.get("update_date")),
        venue=fields.text(record, "journal-ref") or None,
        comment=comment,
        other_ids=fields.dois(record.get("doi"), besides=canonical),
        links=fields.links_of(canonical, abstract, comment or ""),
    )


def _authors(record: dict[str, Any]) -> tuple[str, ...]:
    parsed = record.get("authors_parsed")
    if not parsed:
        return people(fields.text(record, "authors"))
    if not isinstance(parsed, list):
        raise RecordError(f"authors_parsed: expected a list, got {fields.kind(parsed)}")
    names = [_name(parts) for parts in parsed]
    return tuple(name for name in clean_each(names) if name)


def _name(parts: object) -> str:
    if not isinstance(parts, list) or set(map(type, parts)) - {str}:
        raise RecordError("authors_parsed: expected lists of texts")
    # Last name, first names, suffix; what follows are affiliations.
    last, first, suffix = parts if len(parts) == _NAME_PARTS else (*parts, "", "", "")[:_NAME_PARTS]
    return f"{first} {last} {suffix}"


def _history(record: dict[str, Any]) -> tuple[int | None, datetime | None, datetime | None]:
    versions = record.get("versions")
    if not isinstance(versions, list) or not versions:
        return None, None, None
    first, last = versions[0], versions[-1]
    if not isinstance(first, dict) or not isinstance(last, dict):
        raise RecordError("versions: expected a list of objects")
    number = str(last.get("version", "")).removeprefix("v")
    version = int(number) if number.isascii() and number.isdigit() and len(number) <= 4 else None  # noqa: PLR2004
    published = _created(first.get("created"))
    return version or None, published, published if last is first else _created(last.get("created"))


def _created(value: object) -> datetime | None:
    found = _CREATED.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return fields.instant(value)
    day, month, year, hour, minute, second = found.groups()
    try:
        return datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except (ValueError, KeyError):
        return None
