"""Semantic Scholar: answers of the Academic Graph and Recommendations APIs, and the `papers` dataset (JSON lines).

Format: https://api.semanticscholar.org/api-docs/graph and /datasets. The dataset spells its keys in small letters; so
keys are compared without regard to case.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from digest.links import http_url
from digest.sources import fields, json_records, scholarly
from digest.types import Paper, Signals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from digest.sources.records import Document
    from digest.types import Rejection


def parse(document: Document) -> Iterator[Paper | Rejection]:
    """The papers of an answer in its order; a search without hits gives nothing.

    Raises:
        SourceError: It is no JSON array or object, or Semantic Scholar reports an error.
    """
    return json_records.parse(_FORM, document)


def parse_paper(record: dict[str, Any]) -> Paper:
    """The paper of one record; its id is that of arXiv where Semantic Scholar knows it to be there too.

    Raises:
        RecordError: There is no title, or a field has the wrong type.
    """
    record = _small(record)
    # Citations and references have the paper inside.
    record = _small(fields.section(record, "citingpaper") or fields.section(record, "citedpaper") or record)
    given = _small(fields.section(record, "externalids"))
    arxiv = given.get("arxiv")
    ids = scholarly.ids_of(
        [f"arxiv:{arxiv}" if isinstance(arxiv, str) else None, given.get("doi"), scholarly.pmid(given.get("pubmed"))]
    )
    with scholarly.named(ids.id):
        return _paper(ids, record)


def _small(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key.lower(): value for key, value in record.items()}


def _paper(ids: scholarly.Ids, record: Mapping[str, Any]) -> Paper:
    title = fields.title(record)
    abstract = scholarly.abstract(record, "abstract")
    canonical = ids.or_title(title, abstract)
    when = scholarly.span_written(record.get("publicationdate")) or scholarly.span_written(record.get("year"))
    known = fields.links_of(canonical, abstract)
    free = record.get("openaccesspdf")
    said = _tldr(record)
    return Paper(
        id=canonical,
        title=title,
        abstract=abstract,
        version=ids.version,
        authors=scholarly.authors(record, "authors", lambda author: fields.words(author.get("name"))),
        published=scholarly.published(when, canonical),
        venue=_venue(record),
        other_ids=ids.others,
        links=replace(
            known,
            abstract=known.abstract or http_url(record.get("url")),
            pdf=known.pdf or (http_url(free.get("url")) if isinstance(free, dict) else None),
        ),
        signals=Signals(summary=said, summary_by="Semantic Scholar (machine-written)" if said else None),
    )


def _venue(record: Mapping[str, Any]) -> str | None:
    journal = record.get("journal")
    name = journal.get("name") if isinstance(journal, dict) else None
    found = fields.words(record.get("venue")) or fields.words(name)
    return None if found in ("arXiv.org", "ArXiv") else found


def _tldr(record: Mapping[str, Any]) -> str | None:
    tldr = record.get("tldr")
    return fields.words(tldr.get("text") if isinstance(tldr, dict) else tldr)


def _answer(record: dict[str, Any]) -> Paper | None:
    # A search without hits has no `data`.
    return None if record.get("total") == 0 else parse_paper(record)


_FORM = json_records.Form(
    what="papers of Semantic Scholar", parse=_answer, places={"data": {}, "recommendedPapers": {}, "papers": {}}
)
