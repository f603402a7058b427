"""Europe PMC's RESTful search, in its `core` and `lite` forms of JSON.

Format: https://europepmc.org/RestfulWebService (search, article). It holds PubMed, PubMed Central and preprints.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from digest.links import http_url
from digest.sources import fields, json_records, scholarly
from digest.types import Links, Paper

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from digest.sources.records import Document
    from digest.types import Rejection

_MEDLINE = "MED"


def parse(document: Document) -> Iterator[Paper | Rejection]:
    """The papers of an answer in its order; a search without hits gives nothing.

    Raises:
        SourceError: It is no JSON array or object, or Europe PMC reports an error.
    """
    return json_records.parse(_FORM, document)


def _paper(record: dict[str, Any]) -> Paper | None:
    if record.get("hitCount") == 0:
        return None
    medline = record.get("id") if record.get("source") == _MEDLINE else None
    ids = scholarly.ids_of([record.get("doi"), scholarly.pmid(record.get("pmid") or medline)])
    with scholarly.named(ids.id):
        title = scholarly.title(record)
        abstract = scholarly.abstract(record, "abstractText")
        canonical = ids.or_title(title, abstract)
        first = scholarly.span_written(record.get("firstPublicationDate"))
        return Paper(
            id=canonical,
            title=title,
            abstract=abstract,
            version=ids.version or fields.count(record.get("versionNumber")) or None,
            authors=_authors(record),
            published=scholarly.published(first or scholarly.span_written(record.get("pubYear")), canonical),
            venue=_venue(record),
            other_ids=ids.others,
            links=_links(record, fields.links_of(canonical, abstract)),
        )


def _authors(record: Mapping[str, Any]) -> tuple[str, ...]:
    listed = scholarly.authors(fields.section(record, "authorList"), "author", _name)
    return listed or scholarly.listed_initials_last(fields.text(record, "authorString"))


def _name(author: Mapping[str, Any]) -> str | None:
    given = fields.words(author.get("firstName")) or fields.words(author.get("initials"))
    if name := scholarly.full_name(given, author.get("lastName")) if author.get("lastName") else None:
        return name
    whole = fields.words(author.get("fullName"))
    return scholarly.initials_first(whole) if whole else fields.words(author.get("collectiveName"))


def _venue(record: Mapping[str, Any]) -> str | None:
    journal = fields.section(fields.section(record, "journalInfo"), "journal")
    publisher = fields.section(record, "bookOrReportDetails").get("publisher")
    return fields.words(journal.get("title")) or fields.words(record.get("journalTitle")) or fields.words(publisher)


def _links(record: Mapping[str, Any], known: Links) -> Links:
    listed = fields.section(record, "fullTextUrlList").get("fullTextUrl")
    by_style: dict[str, str] = {}
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and (url := http_url(each.get("url"))):
            by_style.setdefault(str(each.get("documentStyle")), url)
    return replace(known, pdf=known.pdf or by_style.get("pdf"), html=known.html or by_style.get("html"))


_FORM = json_records.Form(
    what="papers of Europe PMC",
    parse=_paper,
    places={"resultList": {"result": {}}, "result": {}},
)
