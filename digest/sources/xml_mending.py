"""A broken element of XML -> a whole one that says the same, as far as it says anything.

What browsers do with HTML, for the fields of a feed's entry: tags that close nothing go, tags that nothing closes are
closed, a `<` that begins no tag is a character, and a field that is not closed ends where the next begins. One pass, in
time linear in the text.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_TAG = re.compile(
    r"""<(?P<close>/?)(?P<name>[A-Za-z_][\w.-]*+(?::[A-Za-z_][\w.-]*+)?)(?P<rest>(?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+)>""",
    re.ASCII,
)
_ATTRIBUTE = re.compile(
    r"""([A-Za-z_][\w.-]*+(?::[A-Za-z_][\w.-]*+)?)\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'>]++)""", re.ASCII
)
# Comments and processing instructions say nothing; what a section of characters holds stays.
_CHARACTERS = "<![CDATA["
_SECTIONS = ((_CHARACTERS, "]]>"), ("<!--", "-->"), ("<?", "?>"))
_FIELDS = frozenset(
    {
        *("title", "link", "guid", "id", "description", "summary", "content", "encoded", "category", "subject"),
        *("pubdate", "published", "updated", "date", "creator", "author", "identifier", "doi", "source", "comments"),
        *("enclosure", "publicationname", "publicationdate", "volume", "number", "startingpage"),
    }
)
_WITH_PARTS = frozenset({"author", "content", "source"})


def mended(text: str, prefixes: Collection[str]) -> str:
    """One whole element made of `text`, which begins with its opening tag; other prefixes than these are dissolved."""
    return _Mender({*prefixes, "xml"}).mend(text)


class _Mender:
    """What is written so far, and the elements open in it: each name in small letters, and as it is spelt."""

    def __init__(self, known: set[str]) -> None:
        self._known = known
        self._written: list[str] = []
        self._stack: list[tuple[str, str]] = []
        self._open: Counter[str] = Counter()
        self._endless: set[str] = set()

    def mend(self, text: str) -> str:
        at = 0
        while (start := text.find("<", at)) >= 0:
            self._written.append(_characters(text[at:start]))
            if section := next((each for each in _SECTIONS if text.startswith(each[0], start)), None):
                at = self._section(text, start, *section)
            elif tag := _TAG.match(text, start):
                at = tag.end()
                if tag["close"]:
                    self._close_named(tag["name"].lower())
                else:
                    self._open_tag(tag["name"], tag["rest"])
                if not self._stack:
                    break
            else:
                # A declaration is nothing anybody meant to be read.
                is_declaration = text.startswith("<!", start)
                self._written.append("" if is_declaration else "&lt;")
                at = start + 1 + is_declaration
        if self._stack:
            self._written.append(_characters(text[at:]))
        while self._stack:
            self._close()
        return "".join(self._written)

    def _section(self, text: str, start: int, opening: str, closing: str) -> int:
        """Write characters, leave out a comment; the place behind it, or behind its mark where it has no end."""
        inside = start + len(opening)
        end = -1 if closing in self._endless else text.find(closing, inside)
        if end < 0:
            self._endless.add(closing)
            return inside
        end += len(closing)
        if opening == _CHARACTERS:
            self._written.append(text[start:end])
        return end

    def _open_tag(self, tag: str, rest: str) -> None:
        name = tag.lower()
        if len(self._stack) > 1 and _is_next_field(self._stack[1][0], name):
            while len(self._stack) > 1:
                self._close()
        attributes = self._attributes(rest)
        prefix, colon, local = tag.rpartition(":")
        spelt = tag if not colon or prefix in self._known else f"{prefix}-{local}"
        self._written.append(f"<{spelt}{attributes}>")
        self._stack.append((name, spelt))
        self._open[name] += 1
        if rest.endswith("/"):
            self._close()

    def _close_named(self, name: str) -> None:
        """Close the innermost element of that name with all in it; where none is open the tag closes nothing."""
        is_closed = not self._open[name]
        while not is_closed:
            is_closed = self._close() == name

    def _close(self) -> str:
        name, spelt = self._stack.pop()
        self._open[name] -= 1
        self._written.append(f"</{spelt}>")
        return name

    def _attributes(self, text: str) -> str:
        """The attributes of a tag, each once and quoted; prefixes that they declare become known."""
        found: dict[str, str] = {}
        for name, value in _ATTRIBUTE.findall(text):
            prefix, _, local = name.rpartition(":")
            bare = value[1:-1] if value[0] in "\"'" else value.removesuffix("/")
            if prefix == "xmlns" and bare and local not in ("xml", "xmlns"):
                self._known.add(local)
            elif prefix and prefix not in self._known:
                continue
            if name != "xmlns" or bare:
                found.setdefault(name, bare.replace('"', "&quot;"))
        return "".join(f' {name}="{value}"' for name, value in found.items())


def _is_next_field(current: str, following: str) -> bool:
    current, following = current.rpartition(":")[2], following.rpartition(":")[2]
    return following in _FIELDS and current in _FIELDS and current not in _WITH_PARTS


def _characters(text: str) -> str:
    return text.replace("]]>", "]]&gt;")
