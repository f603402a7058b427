"""DBLP's search API for publications, as JSON.

Format: https://dblp.org/faq/How+to+use+the+dblp+search+API.html. It is XML made JSON: what can be there several
times is a list only where it is.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from digest.links import http_url
from digest.sources import fields, json_records, scholarly
from digest.types import Paper

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from digest.sources.records import Document
    from digest.types import Rejection

_HOMONYM = re.compile(r" \d{4}$")  # DBLP tells people of one name apart by a number
_CORR = re.compile(r"abs/(?P<id>\S+)")
_CORR_VENUE = "CoRR"


def parse(document: Document) -> Iterator[Paper | Rejection]:
    """The publications of an answer in its order; a search without hits gives nothing.

    Raises:
        SourceError: It is no JSON array or object.
    """
    return json_records.parse(_FORM, document)


def _paper(record: dict[str, Any]) -> Paper | None:
    if "result" in record:  # an answer without hits
        return None
    info = fields.section(record, "info") or record
    ids = scholarly.ids_of([info.get("doi"), *_several(info.get("ee")), _on_arxiv(info)])
    with scholarly.named(ids.id):
        title = scholarly.title(info)
        canonical = ids.or_title(title, "")
        known = fields.links_of(canonical)
        page = next((url for each in _several(info.get("ee")) if (url := http_url(each))), None)
        venue = ", ".join(name for each in _several(info.get("venue")) if (name := fields.words(each)))
        return Paper(
            id=canonical,
            title=title,
            version=ids.version,
            authors=_authors(fields.section(info, "authors")),
            published=scholarly.published(scholarly.span_written(info.get("year")), canonical),
            venue=venue if venue and venue != _CORR_VENUE else None,
            other_ids=ids.others,
            links=replace(known, abstract=known.abstract or page or http_url(info.get("url"))),
        )


def _several(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _on_arxiv(info: Mapping[str, Any]) -> str | None:
    volume = info.get("volume")
    found = _CORR.fullmatch(volume) if isinstance(volume, str) and info.get("venue") == _CORR_VENUE else None
    return f"arxiv:{found['id']}" if found else None


def _authors(listed: Mapping[str, Any]) -> tuple[str, ...]:
    names = (each.get("text") if isinstance(each, dict) else each for each in _several(listed.get("author")))
    return tuple(_HOMONYM.sub("", name) for each in names if (name := fields.words(each)))


_FORM = json_records.Form(
    what="publications of DBLP", parse=_paper, places={"result": {"hits": {"hit": {}}}}, heads=frozenset({"error"})
)
