"""DBLP's XML: the whole bibliography (dblp.xml, 4 GB), and the pages of one record, person or venue.

Format: https://dblp.org/xml/docu/dblpxml.pdf (Michael Ley, "DBLP: Some Lessons Learned", VLDB 2009) and
https://dblp.org/xml/dblp.dtd. Home pages (`www`, `person`), data sets and volumes as a whole (`proceedings`) are no
papers and are passed over. DBLP has no abstracts.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from digest.identity import title_id
from digest.links import http_url
from digest.sources import fields
from digest.sources.records import RecordError
from digest.sources.xml_records import Shape, all_words, ids_in, without_full_stop, words
from digest.types import Paper

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from digest.types import Links

SHAPE = Shape(
    "a DBLP export",
    ("dblp", "dblpperson", "bht"),
    ("article", "inproceedings", "incollection", "book", "phdthesis", "mastersthesis"),
    re.compile(r"<ee\b[^<>]*>\s*([^<>\s]{1,200})"),
)

# DBLP numbers people of the same name: `Wei Wang 0001`.
_HOMONYM = re.compile(r"\s+[0-9]{4}$")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_YEAR = re.compile(r"(?:1[5-9]|20)[0-9]{2}")


def parse(record: Element) -> Paper:
    """The paper of one record, known by the arXiv id or DOI among its electronic editions, else by its title.

    `published` is the first day of the month, or of the year, that the record names.

    Raises:
        RecordError: It has no title.
    """
    editions = all_words(record, "ee")
    found = ids_in(*editions)
    title = without_full_stop(words(record, "title"))
    if not title:
        raise RecordError(f"no title: {record.get('key', '')[:80]!r}", found[0].id if found else None)
    canonical = found[0].id if found else title_id(title)
    return Paper(
        id=canonical,
        title=title,
        version=found[0].version if found else None,
        authors=_people(record, "author") or _people(record, "editor"),
        published=_published(record),
        venue=next((text for name in _VENUES if (text := words(record, name))), None),
        comment=words(record, "note") or None,
        other_ids=tuple(known.id for known in found[1:]),
        links=_links(canonical, editions),
    )


_VENUES = ("journal", "booktitle", "school", "publisher", "series")


def _people(record: Element, name: str) -> tuple[str, ...]:
    return tuple(_HOMONYM.sub("", text) for text in all_words(record, name))


def _published(record: Element) -> datetime | None:
    year = words(record, "year")
    if not _YEAR.fullmatch(year):
        return None
    # `August`, `November/December`, `May 1994`
    name = re.match(r"[A-Za-z]*", words(record, "month"))
    month = _MONTHS.index(name[0].lower()) + 1 if name and name[0].lower() in _MONTHS else 1
    return datetime(int(year), month, 1, tzinfo=UTC)


def _links(canonical: str, editions: list[str]) -> Links:
    links = fields.links_of(canonical)
    urls = [url for text in editions if (url := http_url(text))]
    pdf = next((url for url in urls if url.lower().endswith(".pdf")), None)
    return replace(
        links,
        abstract=links.abstract or next((url for url in urls if url != pdf), None),
        pdf=links.pdf or pdf,
    )
