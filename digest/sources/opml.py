"""OPML: a list of feeds, as feed readers export it (http://opml.org/spec2.opml).

A list of feeds holds no papers, so it is no dump to ingest: its feeds are sources to add. The tags are read one by one,
whatever they are nested in, so that a file cut short or broken gives the feeds it names whole; no entity is expanded.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.errors import SourceError
from digest.links import http_url
from digest.sources.feed_encoding import decode
from digest.text import clean
from digest.types import Rejection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.sources.records import Document

_ROOT = re.compile(r"<opml(?=[\s>])", re.IGNORECASE)
_LATEST_ROOT = 8192
_SIGN = re.compile(r"<!--|(<outline)(?=[\s/>])", re.IGNORECASE)
_ATTRIBUTES = re.compile(r"""(?:\s++[A-Za-z_:][\w:.-]*+\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+'))*+\s*+/?>""")
_ATTRIBUTE = re.compile(r"""([A-Za-z_:][\w:.-]*+)\s*+=\s*+("[^"<]*+"|'[^'<]*+')""")
_LONGEST_TAG = 16 * 2**10
_END = re.compile(r"</opml\s*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed of a list: an http(s) URL, and what the list calls it (its URL where it has no title)."""

    title: str
    url: str


def feeds(document: Document) -> Iterator[Feed | Rejection]:
    """The feeds of a list in its order, each URL once; outlines whose URL is none, or that are broken, are rejected.

    An outline without any URL is a folder and gives nothing itself.

    Raises:
        SourceError: The document is no OPML.
    """
    text = decode(document.body)
    root = _ROOT.search(text, 0, _LATEST_ROOT)
    if root is None:
        raise SourceError(document.name, "not a list of feeds (OPML)")
    seen: set[str] = set()
    for number, attributes in enumerate(_outlines(text, root.end()), start=1):
        where = f"{document.name}: outline {number}"
        if attributes is None:
            yield Rejection(where=where, why="not well-formed")
        elif (url := attributes.get("xmlurl") or attributes.get("url")) is None:
            continue
        elif (address := http_url(url)) is None:
            yield Rejection(where=where, why=f"no http(s) URL: {url[:80]!r}")
        elif address not in seen:
            seen.add(address)
            yield Feed(clean(attributes.get("title", "")) or clean(attributes.get("text", "")) or address, address)
    if not _END.search(text, root.end()):
        yield Rejection(where=document.name, why=f"cut off after {len(seen)} feeds")


def _outlines(text: str, at: int) -> Iterator[dict[str, str] | None]:
    """The attributes of each outline by lower-case name; None for one that is broken. Comments hold none."""
    while sign := _SIGN.search(text, at):
        at = sign.end()
        if not sign[1]:
            end = text.find("-->", at)
            at = end if end >= 0 else len(text)
            continue
        tag = _ATTRIBUTES.match(text, at, at + _LONGEST_TAG)
        if tag is None:
            yield None
            continue
        at = tag.end()
        found = ((name.lower(), html.unescape(value[1:-1]).strip()) for name, value in _ATTRIBUTE.findall(tag[0]))
        yield {name: value for name, value in found if value}
