"""CSL-JSON, the form in which Zotero, Mendeley, Pandoc and DOI resolvers give references.

Format: https://citeproc-js.readthedocs.io/en/latest/csl-json/markup.html and
https://github.com/citation-style-language/schema/blob/master/schemas/input/csl-data.json.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from digest.links import http_url
from digest.sources import fields, json_records, scholarly
from digest.sources.records import RecordError
from digest.types import Paper

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from digest.sources.records import Document
    from digest.types import Rejection

# Where styles have no field for an id, programs write it into another ("arXiv:1501.04916 [physics]", "PMID: 1").
_WRITTEN = re.compile(r"\b(?:arxiv:\s*[\w./-]{6,30}|pmid:\s*\d{1,9}|doi:\s*10\.\S{3,200})", re.IGNORECASE | re.ASCII)
_FIELDS_WITH_IDS = ("note", "number", "archive", "container-title", "publisher")
_LONGEST_NOTE = 10_000


def parse(document: Document) -> Iterator[Paper | Rejection]:
    """The references of a list in its order, or the single one.

    Raises:
        SourceError: It is no JSON array or object.
    """
    return json_records.parse(_FORM, document)


def _paper(record: dict[str, Any]) -> Paper:
    ids = scholarly.ids_of(_spellings(record))
    with scholarly.named(ids.id):
        title = scholarly.first_text(record, "title")
        if not title:
            raise RecordError("no title")
        abstract = scholarly.abstract(record, "abstract")
        canonical = ids.or_title(title, abstract)
        known = fields.links_of(canonical, abstract)
        return Paper(
            id=canonical,
            title=title,
            abstract=abstract,
            version=ids.version,
            authors=scholarly.authors(record, "author", _name),
            published=scholarly.published(scholarly.span_of_parts(record.get("issued")), canonical),
            venue=_venue(record),
            other_ids=ids.others,
            links=replace(known, abstract=known.abstract or http_url(record.get("URL"))),
        )


def _spellings(record: Mapping[str, Any]) -> Iterator[object]:
    for key in ("arxiv", "arXiv"):
        if isinstance(record.get(key), str):
            yield f"arxiv:{record[key].strip().removeprefix('arXiv:')}"
    yield record.get("DOI")
    yield scholarly.pmid(record.get("PMID"))
    yield record.get("URL")
    if str(record.get("archive")).lower() == "arxiv":
        yield f"arxiv:{record.get('archive_location') or record.get('archive-location')}"
    for key in _FIELDS_WITH_IDS:
        value = record.get(key)
        if isinstance(value, str):
            yield from _WRITTEN.findall(value[:_LONGEST_NOTE])


def _venue(record: Mapping[str, Any]) -> str | None:
    venue = (
        scholarly.first_text(record, "container-title")
        or scholarly.first_text(record, "event-title")
        or scholarly.first_text(record, "publisher")
    )
    return None if not venue or _WRITTEN.search(venue[:_LONGEST_NOTE]) else venue


def _name(author: Mapping[str, Any]) -> str | None:
    given = scholarly.full_name(author.get("given"), author.get("dropping-particle"))
    family = scholarly.full_name(author.get("non-dropping-particle"), author.get("family"))
    return scholarly.full_name(given, family, author.get("suffix")) or fields.words(author.get("literal"))


_FORM = json_records.Form(what="references", parse=_paper, places={"items": {}}, heads=frozenset({"error"}))
