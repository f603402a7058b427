"""Feed XML taken apart: what stands before the entries, each whole entry, and whether the document is whole.

The parts are cut out of the text rather than left to a lenient parser, which makes half a paper of an entry that is cut
off, and lets one broken entry swallow those behind it. Nothing is fetched and no entity is expanded: a document type
declaration, the only place entities come from, is refused.
"""

from __future__ import annotations

import html
import re
import sys
from dataclasses import dataclass
from html.entities import html5
from types import MappingProxyType
from typing import TYPE_CHECKING

from digest.sources.feed_encoding import decode

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TAG_REST", "FeedParts", "decode", "repaired", "root_element", "split"]

TAG_REST = re.compile(r"""[^>"']*+(?:"[^"]*+"[^>"']*+|'[^']*+'[^>"']*+)*+>""")
"""What is left of a tag behind its name."""

_PROLOG = re.compile(r"\s*(?:<\?.*?\?>|<!--.*?-->)\s*", re.DOTALL)
_ROOT = re.compile(r"\s*<(!DOCTYPE|[A-Za-z_][\w.:-]*)", re.IGNORECASE)
_DECLARATION = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_AMPERSAND = re.compile(
    r"&+(?=&)|&(?!(?:amp|lt|gt|quot|apos);)"
    r"(?:#(?P<number>[0-9]{1,7}|[xX][0-9a-fA-F]{1,6});|(?P<name>[A-Za-z][\w.-]{0,31});)?"
)
# The root element -> what an entry is called in it, and what closes the document behind the entries.
_FRAMES = {"feed": ("entry", "</feed>"), "rss": ("item", "</channel></rss>")}
_LONG_HEAD = 2048


@dataclass(frozen=True, slots=True)
class FeedParts:
    """A feed's text in parts, from which any selection of entries makes a whole document again.

    `opening` is the head, or of a long one the opening of the root element; `is_cut` is whether the document ends
    before its root element does.
    """

    head: str
    opening: str
    entries: tuple[str, ...]
    tail: str
    is_cut: bool

    def document(self, *entries: str) -> bytes:
        """A whole XML document (UTF-8) with these entries."""
        return _document(self.head, *entries, self.tail)

    def alone(self, *entries: str) -> bytes:
        """The same, with of a long head the root element only."""
        return _document(self.opening, *entries, self.tail)


def root_element(text: str) -> re.Match[str] | None:
    """The opening of the root element, its name as group 1, or of a document type declaration (`!DOCTYPE`)."""
    at = 0
    while prolog := _PROLOG.match(text, at):
        at = prolog.end()
    return _ROOT.match(text, at)


def split(text: str) -> FeedParts | None:
    """The parts of an Atom or RSS 2 document; None where the text is neither, or declares a document type.

    An entry that is never closed counts as an entry where another follows, and as cut off where none does.
    """
    text = repaired(text)
    root = root_element(text)
    if root is None or root[1] not in _FRAMES or _DECLARATION.search(text):
        return None
    name, tail = _FRAMES[root[1]]
    begin, closing = re.compile(rf"<{name}(?=[\s>/])"), f"</{name}>"
    entries: list[str] = []
    found = first = begin.search(text, root.end())
    while found:
        following = begin.search(text, found.end())
        limit = following.start() if following else len(text)
        end = text.find(closing, found.end(), limit)
        if end < 0 and following is None:
            break
        entries.append(text[found.start() : limit if end < 0 else end + len(closing)])
        found = following
    head = text[root.start() : first.start()] if first else ""
    opening = head
    if len(head) > _LONG_HEAD and (tag := TAG_REST.match(head, root.end() - root.start())):
        opening = f"{head[: tag.end()]}<channel>" if name == "item" else head[: tag.end()]
    return FeedParts(head, opening, tuple(entries), tail, is_cut=f"</{root[1]}>" not in text)


def _document(*parts: str) -> bytes:
    return "".join(('<?xml version="1.0" encoding="utf-8"?>\n', *parts)).encode()


def repaired(text: str, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """The text without what makes XML ill-formed for no loss: stray ampersands, HTML's entities, control characters.

    `names` are entities that the document declares, with the characters that they stand for.
    """

    def replaced(found: re.Match[str]) -> str:
        if number := found["number"]:
            code = int(number[1:], 16) if number[0] in "xX" else int(number)
            return f"&#{code};" if code <= sys.maxunicode and not _FORBIDDEN.match(chr(code)) else ""
        if name := found["name"]:
            if name in names:
                return html.escape(names[name])
            if f"{name};" in html5:
                return "".join(f"&#{ord(char)};" for char in html5[f"{name};"])
        behind = found[0].lstrip("&")
        return "&amp;" * (len(found[0]) - len(behind)) + behind

    return _AMPERSAND.sub(replaced, _FORBIDDEN.sub("", text))
