"""OpenAlex: works as the API lists them, a single work, and the snapshot (JSON lines).

Format: https://docs.openalex.org/api-entities/works/work-object. Abstracts come as an index from words to their places.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from digest.links import http_url
from digest.sources import fields, json_records, scholarly
from digest.sources.records import RecordError
from digest.text import clean
from digest.types import Links, Paper

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from digest.sources.records import Document
    from digest.types import Rejection


def parse(document: Document) -> Iterator[Paper | Rejection]:
    """The works of an answer in its order.

    Raises:
        SourceError: It is no JSON array or object, or OpenAlex reports an error.
    """
    return json_records.parse(_FORM, document)


def parse_work(record: dict[str, Any]) -> Paper:
    """The paper of one work; its id is that of arXiv where OpenAlex knows it to be there too.

    Raises:
        RecordError: There is no title, or a field has the wrong type.
    """
    known = fields.section(record, "ids")
    ids = scholarly.ids_of(
        [
            record.get("doi"),
            known.get("doi"),
            known.get("pmid"),
            *(place.get("landing_page_url") for place in _places(record)),
        ]
    )
    with scholarly.named(ids.id):
        return _paper(ids, record)


def _paper(ids: scholarly.Ids, record: Mapping[str, Any]) -> Paper:
    title = fields.title(record, "title" if record.get("title") else "display_name")
    abstract = _abstract(record)
    canonical = ids.or_title(title, abstract)
    when = scholarly.span_written(record.get("publication_date"))
    return Paper(
        id=canonical,
        title=title,
        abstract=abstract,
        version=ids.version,
        authors=scholarly.authors(record, "authorships", _name),
        published=scholarly.published(when or scholarly.span_written(record.get("publication_year")), canonical),
        venue=_venue(record),
        comment="Retracted" if record.get("is_retracted") is True else None,
        other_ids=ids.others,
        links=_links(record, fields.links_of(canonical, abstract)),
    )


def _places(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Where a work stands, the place that OpenAlex prefers in front."""
    listed = record.get("locations")
    others = listed if isinstance(listed, list) else []
    places = [record.get("primary_location"), record.get("best_oa_location"), *others]
    return [place for place in places if isinstance(place, dict)]


def _abstract(record: Mapping[str, Any]) -> str:
    index = fields.section(record, "abstract_inverted_index")
    placed: list[tuple[int, str]] = []
    for word, places in index.items():
        if not isinstance(places, list) or not all(type(place) is int for place in places):
            raise RecordError("abstract_inverted_index: expected lists of numbers")
        placed += ((place, word) for place in places)
    placed.sort()
    return scholarly.without_heading(clean(" ".join(word for _, word in placed)))


def _name(authorship: Mapping[str, Any]) -> str | None:
    name = fields.words(fields.section(authorship, "author").get("display_name"))
    raw = fields.words(authorship.get("raw_author_name"))
    return name or (scholarly.uninverted(raw) if raw else None)


def _venue(record: Mapping[str, Any]) -> str | None:
    # A repository holds papers that appeared elsewhere or nowhere yet.
    source = fields.section(fields.section(record, "primary_location"), "source")
    return None if source.get("type") == "repository" else fields.words(source.get("display_name"))


def _links(record: Mapping[str, Any], known: Links) -> Links:
    pdfs = (http_url(place.get("pdf_url")) for place in _places(record))
    return replace(known, pdf=known.pdf or next((url for url in pdfs if url), None))


_FORM = json_records.Form(what="works of OpenAlex", parse=parse_work, places={"results": {}})
