"""Our own interchange form: one paper a line as a JSON object whose keys are the fields of `Paper`.

`id` may have any form `parse_id` reads, or be missing; days are `YYYY-MM-DD`, instants ISO 8601. Only `title` is
required. Keys this version does not know are passed over.
"""

from __future__ import annotations

import dataclasses
import re
from datetime import date, datetime
from typing import Any

from digest.identity import PaperId, parse_id, title_id
from digest.links import http_url
from digest.sources import fields
from digest.sources.records import RecordError
from digest.types import AnnounceType, Links, Paper, Signals

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_COUNTS = ("upvotes", "comments", "stars")
_LARGEST_VERSION = 9999


def parse(record: dict[str, Any]) -> Paper:
    """The paper of one line.

    Raises:
        RecordError: There is no title, the id is none, or a value is not of its key's type.
    """
    found = _id(record)
    try:
        return _paper(found, record)
    except RecordError as error:
        raise RecordError(error.why, found.id if found else None) from error


def _id(record: dict[str, Any]) -> PaperId | None:
    value = record.get("id")
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise RecordError(f"id: expected text, got {fields.kind(value)}")
    found = parse_id(value)
    if found is None:
        raise RecordError(f"id: neither an arXiv id nor a DOI: {value[:60]!r}")
    return found


def _paper(found: PaperId | None, record: dict[str, Any]) -> Paper:
    title = fields.title(record)
    abstract = fields.text(record, "abstract")
    comment = fields.text(record, "comment") or None
    canonical = found.id if found else title_id(title, abstract)
    categories = fields.texts(record, "categories")
    return Paper(
        id=canonical,
        title=title,
        abstract=abstract,
        version=_version(record) or (found.version if found else None),
        authors=fields.texts(record, "authors"),
        categories=fields.arxiv_categories(list(categories)) if canonical.startswith("arxiv:") else categories,
        published=_instant(record, "published"),
        updated=_instant(record, "updated"),
        announced=_day(record, "announced"),
        announce_type=_announce_type(record),
        venue=fields.text(record, "venue") or None,
        comment=comment,
        other_ids=_other_ids(record, canonical),
        links=_links(record, fields.links_of(canonical, abstract, comment or "")),
        signals=_signals(record),
    )


def _version(record: dict[str, Any]) -> int | None:
    value = record.get("version")
    if value is None:
        return None
    if type(value) is not int or not 1 <= value <= _LARGEST_VERSION:
        raise RecordError(f"version: expected a number from 1 to {_LARGEST_VERSION}, got {str(value)[:20]!r}")
    return value


def _day(record: dict[str, Any], key: str) -> date | None:
    value = record.get(key)
    if value is None:
        return None
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise RecordError(f"{key}: expected a day as YYYY-MM-DD, got {str(value)[:40]!r}")


def _instant(record: dict[str, Any], key: str) -> datetime | None:
    value = record.get(key)
    if value is None:
        return None
    moment = fields.instant(value)
    if moment is None:
        raise RecordError(f"{key}: expected an instant in ISO 8601, got {str(value)[:40]!r}")
    return moment


def _announce_type(record: dict[str, Any]) -> AnnounceType | None:
    value = record.get("announce_type")
    if value is None:
        return None
    try:
        return AnnounceType(value)
    except ValueError as error:
        known = ", ".join(AnnounceType)
        raise RecordError(f"announce_type: expected one of {known}, got {str(value)[:20]!r}") from error


def _other_ids(record: dict[str, Any], canonical: str) -> tuple[str, ...]:
    found = [parse_id(value) for value in fields.texts(record, "other_ids")]
    return tuple(dict.fromkeys(other.id for other in found if other and other.id != canonical))


def _links(record: dict[str, Any], known: Links) -> Links:
    given = fields.section(record, "links")
    said = {field.name: http_url(given.get(field.name)) for field in dataclasses.fields(Links)}
    return dataclasses.replace(known, **{name: url for name, url in said.items() if url})


def _signals(record: dict[str, Any]) -> Signals:
    given = fields.section(record, "signals")
    counts: dict[str, int | None] = {}
    for name in _COUNTS:
        counts[name] = fields.count(given.get(name))
        if given.get(name) is not None and counts[name] is None:
            raise RecordError(f"signals.{name}: expected a count, got {str(given[name])[:20]!r}")
    return Signals(
        upvotes=counts["upvotes"],
        comments=counts["comments"],
        stars=counts["stars"],
        submitter=fields.text(given, "submitter") or None,
        thumbnail=http_url(given.get("thumbnail")),
        summary=fields.text(given, "summary") or None,
        summary_by=fields.text(given, "summary_by") or None,
    )
