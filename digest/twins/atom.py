"""Papers as an Atom feed (RFC 4287), with what publishers' feeds say of a paper in Dublin Core and PRISM.

Dublin Core: https://www.dublincore.org/specifications/dublin-core/dcmi-terms; PRISM:
https://www.w3.org/submissions/2020/SUBM-prism-20200910.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from datetime import datetime

    from digest.twins.entries import Entry, Feed
    from digest.view import TwinsView

_SPACES = {
    "xmlns": "http://www.w3.org/2005/Atom",
    "xmlns:dc": "http://purl.org/dc/elements/1.1/",
    "xmlns:prism": "http://prismstandard.org/namespaces/basic/2.0/",
}
_PROGRAM = "Paper Digest"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2, Char


def write(feed: Feed, twins: TwinsView | None = None) -> str:
    """The feed as an XML document; `twins` say where it and the reader's archive stand, if they do."""
    root = ET.Element("feed", _SPACES)
    _add(root, "id", feed.id)
    _add(root, "title", feed.title)
    _add(root, "updated", _instant(feed.updated))
    # Papers whose authors nobody knows have the feed's (section 4.1.1).
    _add(ET.SubElement(root, "author"), "name", _PROGRAM)
    _add(root, "generator", _PROGRAM)
    if twins:
        ET.SubElement(root, "link", rel="self", type="application/atom+xml", href=twins.base + twins.atom)
        ET.SubElement(root, "link", rel="alternate", type="text/html", href=twins.base + twins.archive)
    for entry in feed.entries:
        _append(root, entry)
    ET.indent(root)
    return f"<?xml version='1.0' encoding='utf-8'?>\n{ET.tostring(root, encoding='unicode')}\n"


def _append(root: ET.Element, entry: Entry) -> None:
    element = ET.SubElement(root, "entry")
    _add(element, "id", entry.id)
    _add(element, "title", entry.title)
    _add(element, "updated", _instant(entry.added))
    for name in entry.authors:
        _add(ET.SubElement(element, "author"), "name", name)
    if entry.url:
        ET.SubElement(element, "link", rel="alternate", type="text/html", href=entry.url)
    if entry.pdf:
        ET.SubElement(element, "link", rel="related", type="application/pdf", title="PDF", href=entry.pdf)
    for category in entry.categories:
        ET.SubElement(element, "category", term=_text(category))
    for name in entry.names:
        _add(element, "dc:identifier", name)
    if entry.venue:
        _add(element, "prism:publicationName", entry.venue)
    if entry.published:
        _add(element, "prism:publicationDate", entry.published.isoformat())
    _add(element, "content", entry.html).set("type", "html")


def _add(parent: ET.Element, name: str, text: str) -> ET.Element:
    element = ET.SubElement(parent, name)
    element.text = _text(text)
    return element


def _text(text: str) -> str:
    return _NO_XML.sub("", text)


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
