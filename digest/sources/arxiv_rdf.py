"""arXiv's announcement feeds as they were until 2024: RSS 1.0 (RDF).

Format: https://web.resource.org/rss/1.0/spec, and what arXiv made of it (https://arxiv.org/help/rss, until January
2024): a title ends in `(arXiv:1805.01234v1 [hep-ex] UPDATED)`, and authors are links in one text. Archives of feeds are
full of them.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from digest.identity import parse_id
from digest.sources import feed_xml, fields
from digest.sources.records import RecordError
from digest.sources.xml_records import Shape, document_outcomes, words
from digest.text import people
from digest.types import AnnounceType, Paper, Rejection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from xml.etree.ElementTree import Element

    from digest.sources.records import Document

SHAPE = Shape("an RDF feed (RSS 1.0)", ("rdf:RDF",), ("item",), re.compile(r"/abs/([^\s<>\"]{4,30})"))

_TAIL = re.compile(
    r"(?P<id>\S{1,40})(?:\s+\[(?P<category>[\w.-]+)\])?(?:\s+(?P<kind>UPDATED|CROSS LISTED))?\)",
    re.IGNORECASE,
)
_KINDS = {None: AnnounceType.NEW, "CROSS LISTED": AnnounceType.CROSS, "UPDATED": AnnounceType.REPLACE}
_FIRST_ITEM = re.compile(r"<item[\s>]")
_DAY = re.compile(r"<dc:date>([^<]{1,60})</dc:date>")
_FEED = re.compile(r"<title>\s*(\S{1,40}) updates on arXiv\.org")


def parse(document: Document) -> Iterator[Paper | Rejection]:
    """The papers of a feed in its order; new and cross-listed ones are announced on the day the feed names.

    Raises:
        SourceError: The document is no RDF.
    """
    text = feed_xml.decode(document.body)
    first = _FIRST_ITEM.search(text)
    head = text[: first.start()] if first else text
    day, feed = _DAY.search(head), _FEED.search(head)
    of_feed = partial(_paper, day=fields.day_written(day[1]) if day else None, feed=feed[1] if feed else "")
    yield from document_outcomes(of_feed, SHAPE, document)


def _paper(item: Element, *, day: date | None, feed: str) -> Paper:
    raw_title = words(item, "title")
    before, mark, behind = raw_title.rpartition("(arXiv:")
    tail = _TAIL.fullmatch(behind) if mark else None
    spelt = (tail["id"] if tail else "", words(item, "link"), item.get("{rdf}about") or "")
    found = next((known for text in spelt if (known := parse_id(text)) and known.id.startswith("arxiv:")), None)
    if found is None:
        raise RecordError(f"no arXiv id: {raw_title[:60]!r}")
    title = before.rstrip().removesuffix(".") if tail else raw_title
    if not title:
        raise RecordError("no title", found.id)
    kind = _KINDS[tail["kind"].upper() if tail["kind"] else None] if tail else None
    abstract = words(item, "description")
    return Paper(
        id=found.id,
        title=title,
        abstract=abstract,
        version=found.version,
        authors=people(words(item, "creator")),
        categories=_categories(tail["category"] or "" if tail else "", feed),
        announced=day if kind in (AnnounceType.NEW, AnnounceType.CROSS) else None,
        announce_type=kind,
        links=fields.links_of(found.id, abstract),
    )


def _categories(primary: str, feed: str) -> tuple[str, ...]:
    # A paper of another category stands in this feed because it is listed here too; `cs.CL` is in `cs` anyway.
    also = "" if primary == feed or primary.startswith(f"{feed}.") else feed
    return fields.arxiv_categories([primary, also])
