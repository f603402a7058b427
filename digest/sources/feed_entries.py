"""Feeds of anyone -> their entries as feedparser reads them, each whole and each by itself.

Formats: RSS 0.9x and 2.0 (https://www.rssboard.org/rss-specification), RSS 1.0 (RDF, https://web.resource.org/rss/1.0/)
and Atom (RFC 4287). The text is cut into entries before feedparser sees it, so that one broken entry does not swallow
those behind it, and entries that are not well-formed are mended first: feedparser's own lenient parser loses a field
that is not closed, and takes ten times as long. Nothing is fetched, and of a document type declaration only names for a
few characters (`nbsp`) are kept.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from digest.sources import feed_xml
from digest.sources.feed_parsing import Limits, fault, shortened
from digest.sources.xml_mending import mended

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_ENTRIES = 5000
"""Entries read of one feed; no feed has so many, and feedparser takes its time for each."""

_BATCH = 200
_BATCH_SIZE = 2**20
_MANY_NAMESPACES = 100

_TITLE = re.compile(r"<(?:\w{1,20}:)?title[\s>/]", re.IGNORECASE)
_PROLOG = re.compile(r"\s*+(?:<\?[^>]*+>|<!--.*?-->)", re.DOTALL)
_ROOT = re.compile(r"\s*+<(?:(?P<prefix>[A-Za-z_][\w.-]*+):)?(?P<name>feed|rss|rdf)(?=[\s>/])", re.IGNORECASE)
_LATE_ROOT = re.compile(
    r"<rss\s[^>]{0,300}version\s*=|<(?:\w+:)?feed\s[^>]{0,300}Atom|<rdf:RDF\s|<rss>\s*<channel", re.IGNORECASE
)
_LATEST_ROOT = 8192
_NAMESPACE = re.compile(r"""\sxmlns(?::([A-Za-z_][\w.-]*))?\s*=\s*("[^"<&]*"|'[^'<&]*')""")
_BASE = re.compile(r"""\sxml:base\s*=\s*("[^"<&]*"|'[^'<&]*')""")
_KNOWN_NAMESPACES: Final = {
    "atom": "http://www.w3.org/2005/Atom",
    "cc": "http://web.resource.org/cc/",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "media": "http://search.yahoo.com/mrss/",
    "prism": "http://prismstandard.org/namespaces/basic/2.0/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "xhtml": "http://www.w3.org/1999/xhtml",
}

_DOCTYPE = re.compile(r"<!DOCTYPE\b", re.IGNORECASE)
_DOCTYPE_SIGN = re.compile(r"""["'\[\]>]|<!--""")
_DOCTYPE_ENDS = {"'": "'", '"': '"', "<!--": "-->"}
_ENTITY = re.compile(r"""<!ENTITY\s+([A-Za-z][\w.-]{0,31})\s+(?:"([^"<%]{0,40})"|'([^'<%]{0,40})')\s*>""")
_LONGEST_VALUE = 4
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_COMMENT, _COMMENT_END = "<!--", "-->"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry: its text, and what feedparser made of it, or why it made nothing of it."""

    text: str
    fields: dict[str, Any] | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What opens and closes a document for any of a feed's entries, and the namespace prefixes it declares."""

    opening: str
    closing: str
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed: the text before its entries, the texts of its entries, and whether it ends before its root does."""

    head: str
    entries: tuple[str, ...]
    frame: Frame
    is_cut: bool


def starts_late(text: str) -> bool:
    """Whether a feed begins in `text` behind something that is none of it, such as a warning of the server."""
    return _LATE_ROOT.search(text, 0, _LATEST_ROOT) is not None


def split(text: str) -> Feed | None:
    """The parts of a feed; None where the text is none.

    Whatever stands before the root element is dropped. An entry that is not closed ends where the next begins or the
    feed does; the last entry of a feed that is cut off is dropped.
    """
    text, names = _without_doctype(text)
    text = feed_xml.repaired(text, names)
    root = _root(text)
    tag = feed_xml.TAG_REST.match(text, root.end()) if root else None
    if root is None or tag is None:
        return None
    prefix, kind = (root["prefix"] or ""), root["name"].lower()
    colon = rf"(?:(?:{re.escape(prefix)}|rss\w*):)?"
    closing = f"</{prefix}:{root['name']}>" if prefix else f"</{root['name']}>"
    end = text.rfind(closing)
    limit = end if end >= 0 else len(text)
    spans = list(_spans(text, f"{colon}{'entry' if kind == 'feed' else 'item'}", tag.end(), limit))
    if not spans and kind == "feed":
        spans = list(_spans(text, f"{colon}item", tag.end(), limit))
    entries = [text[start:stop] if stop else f"{text[start:limit]}</{called}>" for start, stop, limit, called in spans]
    if spans and end < 0 and spans[-1][1] is None:
        entries.pop()
    head = text[root.start() : spans[0][0]] if spans else text[root.start() :]
    return Feed(head, tuple(entries), _frame(root, text[root.end() : tag.end()], head, closing), is_cut=end < 0)


def read(feed: Feed) -> Iterator[Entry]:
    """The first `MAX_ENTRIES` entries of a feed in their order."""
    texts = iter(feed.entries[:MAX_ENTRIES])
    limits = Limits()
    while batch := list(_batch(texts)):
        faults = [limits.excess(text) if _TITLE.search(text) else "no title" for text in batch]
        batch = [shortened(text) for text in batch]
        whole = [text for text, fault in zip(batch, faults, strict=True) if not fault]
        found = iter(_entries(feed.frame, whole, limits))
        yield from (
            Entry(text, None, fault) if fault else next(found) for text, fault in zip(batch, faults, strict=True)
        )


def _batch(texts: Iterator[str]) -> Iterator[str]:
    size = 0
    for text in islice(texts, _BATCH):
        yield text
        size += len(text)
        if size > _BATCH_SIZE:
            return


def _entries(frame: Frame, texts: Sequence[str], limits: Limits) -> list[Entry]:
    """What feedparser makes of entries, of which those that are not well-formed are mended first."""
    whole, faults = texts, [""] * len(texts)
    if _fault(frame, "".join(texts)):
        whole = [mended(text, frame.prefixes) if _fault(frame, text) else text for text in texts]
        faults = [_fault(frame, text) for text in whole]

    def document(entries: Sequence[str]) -> bytes:
        return f'<?xml version="1.0" encoding="utf-8"?>\n{frame.opening}{"".join(entries)}{frame.closing}'.encode()

    read = iter(limits.parsed(document, [text for text, fault in zip(whole, faults, strict=True) if not fault]))
    return [
        Entry(text, None, f"not well-formed: {fault}") if fault else _entry(text, next(read))
        for text, fault in zip(texts, faults, strict=True)
    ]


def _entry(text: str, fields: dict[str, Any] | None) -> Entry:
    return Entry(text, None if fields is None else dict(fields), "" if fields else "feedparser cannot read it")


def _fault(frame: Frame, text: str) -> str:
    return fault(f"{frame.opening}{text}{frame.closing}".encode())


def _root(text: str) -> re.Match[str] | None:
    at = 0
    while prolog := _PROLOG.match(text, at):
        at = prolog.end()
    if root := _ROOT.match(text, at):
        return root
    late = _LATE_ROOT.search(text, 0, _LATEST_ROOT)
    return _ROOT.match(text, late.start()) if late else None


def _frame(root: re.Match[str], attributes: str, head: str, closing: str) -> Frame:
    """The root with all namespaces that the feed declares before its entries, and those everybody means."""
    found = {prefix: uri for prefix, uri in _NAMESPACE.findall(head) if prefix}
    found |= {prefix: uri for prefix, uri in _NAMESPACE.findall(attributes) if prefix}
    default = [uri for prefix, uri in _NAMESPACE.findall(attributes) if not prefix][:1]
    known = {prefix: f'"{uri}"' for prefix, uri in _KNOWN_NAMESPACES.items()}
    used = {prefix: uri for prefix, uri in (known | found).items() if prefix not in ("xml", "xmlns") and uri[1:-1]}
    if root["prefix"] and root["prefix"] not in used:
        used[root["prefix"]] = '"http://www.w3.org/2005/Atom"'
    used = dict(islice(used.items(), _MANY_NAMESPACES))
    declared = "".join(f" xmlns:{prefix}={uri}" for prefix, uri in used.items())
    base = "".join(f" xml:base={uri}" for uri in _BASE.findall(attributes)[:1])
    opening = f"{root[0].strip()}{''.join(f' xmlns={uri}' for uri in default)}{base}{declared}"
    if root["name"].lower() == "rss":
        return Frame(f'{opening} version="2.0"><channel>', f"</channel>{closing}", tuple(used))
    return Frame(f"{opening}>", closing, tuple(used))


def _spans(text: str, name: str, at: int, limit: int) -> Iterator[tuple[int, int | None, int, str]]:
    """Start, end (None if it is not closed), limit and name of each entry; what looks like one in CDATA is none."""
    signs = re.compile(
        rf"<!\[CDATA\[|<!--|(?P<open><(?P<name>{name})(?=[\s>/]))|(?P<close></(?:{name})\s*>)", re.IGNORECASE
    )
    again = re.compile(rf"</(?:{name})\s*>\s*<(?:{name})(?=[\s>/])", re.IGNORECASE)
    beginning: tuple[int, str] | None = None
    ends = {_CDATA: _CDATA_END, _COMMENT: _COMMENT_END}
    while found := signs.search(text, at, limit):
        at = found.end()
        if found["open"]:
            if beginning:
                yield beginning[0], None, found.start(), beginning[1]
            beginning = found.start(), found["name"]
        elif found["close"]:
            if beginning:
                yield beginning[0], found.end(), found.end(), beginning[1]
            beginning = None
        elif found[0] in ends:
            end = text.find(ends[found[0]], at, limit)
            if end < 0:
                del ends[found[0]]  # there is no other either, and looking again and again would take for ever
            elif not (beginning and again.search(text, at, end)):
                at = end
    if beginning:
        yield beginning[0], None, limit, beginning[1]


def _without_doctype(text: str) -> tuple[str, dict[str, str]]:
    """The text without its document type declaration, and the few characters that their entities stand for."""
    names: dict[str, str] = {}
    found = _DOCTYPE.search(text, 0, _LATEST_ROOT)
    end = _doctype_end(text, found.start()) if found else None
    if found is None or end is None:
        return text, names
    for name, one, other in _ENTITY.findall(text, found.start(), end):
        value = html.unescape(one or other)
        if len(value) <= _LONGEST_VALUE and "&" not in value:
            names.setdefault(name, value)
    return text[: found.start()] + text[end:], names


def _doctype_end(text: str, start: int) -> int | None:
    """Where the document type declaration that begins at `start` ends; None where it does not."""
    depth, at = 0, start
    while found := _DOCTYPE_SIGN.search(text, at):
        sign, at = found[0], found.end()
        if sign in _DOCTYPE_ENDS:
            end = text.find(_DOCTYPE_ENDS[sign], at)
            if end < 0:
                return None
            at = end + len(_DOCTYPE_ENDS[sign])
        elif sign in "[]":
            depth += 1 if sign == "[" else -1
        elif depth <= 0:
            return at
    return None
