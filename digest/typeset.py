"""Fitting text to the place where it is shown: one line, a number of characters, 72 columns.

Lengths are in characters (Unicode code points), columns as a terminal counts them: two for a wide East Asian
character, none for a combining mark. Nothing here knows about papers or templates.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from digest.sentences import ends

if TYPE_CHECKING:
    from collections.abc import Iterator

ELLIPSIS = "\N{NO-BREAK SPACE}…"
"""What closes a text that goes on; it never stands alone on a line."""

# Controls, bidi marks, embeddings, overrides and isolates (Unicode UAX #9), and the other invisible format characters
# that can make a line read as what it is not. Joiners stay: emoji, Persian and Indic scripts are spelt with them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")

_BREAK = re.compile(r"[ \t\n]+")


def one_line(text: str) -> str:
    """The text on one line: whitespace folded, control and bidi characters gone, lone surrogates as U+FFFD."""
    if not (text.isascii() and text.isprintable()):  # which most are, and need no look at each character
        text = _UNSEEN.sub("", _SURROGATE.sub("\ufffd", text))
    return " ".join(text.split())


def shorten(text: str, limit: int) -> str:
    """The text in at most `limit` characters, cut between words and closed with an ellipsis.

    A word is cut only where the gap before it would lose half of the room, as in scripts without spaces. Empty where
    not even one character and the ellipsis have room.
    """
    if len(text) <= limit:
        return text
    room = limit - len(ELLIPSIS)
    if room < 1:
        return ""
    gap = text.rfind(" ", 0, room + 1)
    end = gap if gap >= room / 2 else _between_clusters(text, room)
    head = text[:end].rstrip(" ,;:.\N{EN DASH}\N{EM DASH}-(") or text[:end].rstrip()
    return head + ELLIPSIS if head else ""


def lead(text: str, limit: int) -> str:
    """The first sentences of the text, in at most `limit` characters, closed with an ellipsis where more follows.

    Where no sentence ends in the second half of the room, the text is cut between words.
    """
    if len(text) <= limit:
        return text
    room = limit - len(ELLIPSIS)
    end = max((end for end in ends(text[: max(room, 0) + 2]) if end <= room), default=0)
    return text[:end] + ELLIPSIS if end and end >= limit / 2 else shorten(text, limit)


def columns(text: str) -> int:
    """How many columns the text takes in a terminal (Unicode UAX #11, East Asian Width)."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def wrap(text: str, width: int = 72, first: str = "", rest: str | None = None) -> str:
    """The text in lines of at most `width` columns, joined with newlines; no-break spaces hold.

    `first` starts the first line, `rest` every other one (as many spaces as `first` has columns, unless given). A word
    longer than a line is broken.
    """
    used = columns(first)
    rest = " " * used if rest is None else rest
    indent = columns(rest)
    if indent == used and text.isascii() and text.isprintable():
        line = " ".join(text.split())
        if len(line) <= width - indent:
            return (first + line).rstrip()
        if lines := _cut(line, width - indent):
            return (first + f"\n{rest}".join(lines)).rstrip()
    size_of = len if text.isascii() else columns
    words = _BREAK.split(text.strip())
    sizes = list(map(size_of, words))
    room = max(2, width - max(used, indent))
    if max(sizes) > room:
        words = list(_pieces(words, room))
        sizes = list(map(size_of, words))
    lines = []
    begin = 0
    prefix = first
    used -= 1  # the first word of a line has no blank before it
    for at, size in enumerate(sizes):
        used += 1 + size
        if used > width and at > begin:
            lines.append(prefix + " ".join(words[begin:at]))
            begin, prefix, used = at, rest, indent + size
    lines.append((prefix + " ".join(words[begin:])).rstrip())
    return "\n".join(lines)


def _cut(line: str, room: int) -> list[str]:
    """A line of letters that are a column wide, in lines of at most so many; empty where a word is longer."""
    lines = []
    start = 0
    while len(line) - start > room:
        gap = line.rfind(" ", start, start + room + 1)
        if gap < 0:
            return []
        lines.append(line[start:gap])
        start = gap + 1
    return [*lines, line[start:]]


def _between_clusters(text: str, end: int) -> int:
    """The last place at or before `end` that does not part a character from what combines with it."""
    while end > 1 and (_columns(text[end]) == 0 or text[end - 1] == "\u200d" or "🏻" <= text[end] <= "🏿"):
        end -= 1
    return end


def _columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _pieces(words: list[str], width: int) -> Iterator[str]:
    """The words, those wider than `width` columns in pieces that are not."""
    for word in words:
        if columns(word) <= width:
            yield word
            continue
        start, used = 0, 0
        for at, character in enumerate(word):
            used += _columns(character)
            if used > width:
                yield word[start:at]
                start, used = at, _columns(character)
        yield word[start:]
