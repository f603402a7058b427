"""Crossref: works as the REST API lists them, a single work, the public data file and its lines.

Format: https://github.com/CrossRef/rest-api-doc/blob/master/api_format.md. Titles are lists of
one, abstracts are JATS, dates are parts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from digest.links import http_url
from digest.sources import fields, json_records, scholarly
from digest.sources.records import RecordError
from digest.text import people
from digest.types import Links, Paper

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from digest.sources.records import Document
    from digest.types import Rejection

_DELETED = "CrossRef Listing of Deleted DOIs"
# Relations that name another edition of the same work (https://www.crossref.org/documentation/schema-library/).
_SAME_WORK = ("is-preprint-of", "has-preprint", "is-identical-to")
_PUBLISHED = ("issued", "published", "published-online", "published-print", "posted")


def parse(document: Document) -> Iterator[Paper | Rejection]:
    """The works of an answer in its order; DOIs that were deleted are rejected.

    Raises:
        SourceError: It is no JSON array or object, or Crossref reports an error.
    """
    return json_records.parse(_FORM, document)


def parse_work(record: dict[str, Any]) -> Paper:
    """The paper of one work.

    Raises:
        RecordError: There is no title, the DOI is deleted or none, or a field has the wrong type.
    """
    doi = record.get("DOI")
    ids = scholarly.ids_of([doi])
    if ids.id is None:
        raise RecordError(f"DOI: not a DOI: {str(doi)[:60]!r}")
    with scholarly.named(ids.id):
        return _paper(ids, record)


def _paper(doi: scholarly.Ids, record: Mapping[str, Any]) -> Paper:
    venue = scholarly.first_text(record, "container-title") or _institution(record)
    if venue == _DELETED:
        raise RecordError("Crossref lists this DOI as deleted")
    title = _title(record)
    abstract = scholarly.abstract(record, "abstract")
    ids = scholarly.ids_of([doi.id, *_same_work(record)])
    canonical = ids.or_title(title, abstract)
    return Paper(
        id=canonical,
        title=title,
        abstract=abstract,
        version=doi.version if canonical == doi.id else None,
        authors=_authors(record),
        published=_published(record, canonical),
        venue=venue,
        other_ids=ids.others,
        links=_links(record, fields.links_of(canonical, abstract)),
    )


def _title(record: Mapping[str, Any]) -> str:
    title, subtitle = scholarly.first_text(record, "title"), scholarly.first_text(record, "subtitle")
    if not title:
        raise RecordError("no title")
    return f"{title}: {subtitle}" if subtitle and subtitle.lower() not in title.lower() else title


def _authors(record: Mapping[str, Any]) -> tuple[str, ...]:
    listed = record.get("author")
    if listed is not None and not isinstance(listed, list):
        raise RecordError(f"author: expected a list, got {fields.kind(listed)}")
    return tuple(name for each in listed or () if isinstance(each, dict) for name in _names(each))


def _names(author: Mapping[str, Any]) -> tuple[str, ...]:
    family = fields.words(author.get("family"))
    if family and not author.get("given") and "," in family:
        # Some publishers put a whole name, or those of all authors, where the family name belongs.
        return people(family) if " " in family.partition(",")[0] else (scholarly.uninverted(family),)
    name = scholarly.full_name(author.get("given"), family, author.get("suffix")) or fields.words(author.get("name"))
    return (name,) if name else ()


def _published(record: Mapping[str, Any], paper_id: str) -> datetime | None:
    # A DOI is registered when its work appears, or long after. So a later date is that of a printed issue (or absurd),
    # and a month or year with the registration in it is that very day.
    spans = (scholarly.span_of_parts(record.get(key)) for key in _PUBLISHED)
    when = next((found for found in spans if found), None)
    created = record.get("created")
    registered = fields.instant(created.get("date-time")) if isinstance(created, dict) else None
    if registered and (when is None or registered.date() <= when.last):
        return registered
    return scholarly.published(when, paper_id)


def _same_work(record: Mapping[str, Any]) -> Iterator[object]:
    relations = record.get("relation")
    if not isinstance(relations, dict):
        return
    for name in _SAME_WORK:
        listed = relations.get(name)
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict) and each.get("id-type") in ("doi", "arxiv", "pmid", "uri"):
                yield f"pmid:{each.get('id')}" if each["id-type"] == "pmid" else each.get("id")


def _institution(record: Mapping[str, Any]) -> str | None:
    listed = record.get("institution")
    first = listed[0] if isinstance(listed, list) and listed else listed
    return fields.words(first.get("name")) if isinstance(first, dict) else None


def _links(record: Mapping[str, Any], known: Links) -> Links:
    listed = record.get("link")
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and each.get("content-type") == "application/pdf" and known.pdf is None:
            return replace(known, pdf=http_url(each.get("URL")))
    return known


def _complaint(key: str, value: object) -> str | None:
    if key == "status":
        return None if value == "ok" else fields.words(value) or "unknown"
    return json_records.error_said(key, value)


_FORM = json_records.Form(
    what="works of Crossref",
    parse=parse_work,
    places={"message": {"items": {}, json_records.ITSELF: {}}, "items": {}},
    heads=frozenset({"status", "error"}),
    complaint=_complaint,
)
