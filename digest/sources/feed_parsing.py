"""feedparser, kept from what takes it for ever and from what breaks it.

What is not well-formed it reads with a parser of its own, a hundred times as slow, in time that grows with the square
of some documents' length; and each tag costs it about ten microseconds. So documents are shown to Expat first, and
entries have limits.
"""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

import feedparser

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Else it looks for another parser of XML each time, which takes half of its time, and which might expand entities.
feedparser.api.PREFERRED_XML_PARSERS = []

LONGEST_ENTRY = 2**20
"""Characters of the longest entry read."""

# A feed has so many tags, and one more for so many characters.
_MANY_TAGS = 10_000
_TEXT_A_TAG = 16
# So often entries that feedparser fails on are looked for among others, which costs half a millisecond.
_MANY_TRIES = 500
# feedparser looks for an address in an author's name in time that grows with the square of a word's length.
_ENDLESS_WORD = re.compile(r"([\w.+-]{400})[\w.+-]+")


class Limits:
    """What the entries of one feed may cost, one after the other."""

    def __init__(self) -> None:
        self._tags_left = _MANY_TAGS
        self._tries_left = _MANY_TRIES

    def excess(self, entry: str) -> str:
        """Why an entry is not to be read; empty where it may be, and then its tags count for those behind it."""
        if len(entry) > LONGEST_ENTRY:
            return f"longer than {LONGEST_ENTRY // 2**20} MiB"
        left = self._tags_left + len(entry) // _TEXT_A_TAG - entry.count("<")
        if left < 0:
            return "hardly anything but tags"
        self._tags_left = left
        return ""

    def parsed(self, document: Callable[[Sequence[str]], bytes], entries: Sequence[str]) -> list[Any | None]:
        """What feedparser makes of each of some entries, in the document that they make; None for those it fails on.

        They are found by halving; where too many were looked for in a feed already, all are None.
        """
        found = parsed(document(entries)) if entries else None
        if found and len(found.entries) == len(entries):
            return list(found.entries)
        half = len(entries) // 2
        if not half or self._tries_left <= 0:
            return [None] * len(entries)
        self._tries_left -= 2
        return [*self.parsed(document, entries[:half]), *self.parsed(document, entries[half:])]


def shortened(entry: str) -> str:
    """An entry without the rest of words of more than 400 characters."""
    return _ENDLESS_WORD.sub(r"\1", entry)


def fault(document: bytes) -> str:
    """Why a document is not well-formed, in Expat's words; empty where it is."""
    parser = expat.ParserCreate(namespace_separator=" ")
    try:
        parser.Parse(document, True)  # noqa: FBT003 - it takes no names
    except expat.ExpatError as error:
        return str(expat.errors.messages.get(error.code, "")).removeprefix("not well-formed ").strip("()") or str(error)
    return ""


def parsed(document: bytes) -> Any:  # noqa: ANN401 - feedparser's results have no types
    """What feedparser makes of a document, with `feed` and `entries`; None where it is not well-formed, or it fails."""
    if fault(document):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # As a stream: a string or bytes might be taken for an address or a path and opened.
            found = feedparser.parse(io.BytesIO(document), sanitize_html=False, resolve_relative_uris=False)
        except Exception:  # noqa: BLE001 - its parsers raise whatever a wild declaration, date or base64 makes them raise
            return None
    return None if found.bozo else found
