"""Texts read for two uses: as codes of words, which term statistics count, and as stems, which a search looks up.

Both read the same words in ASCII, which most texts are; then one reading serves both.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from digest.ranking import terms
from digest.ranking.memo import Memo
from digest.ranking.search import stemmed, stems

if TYPE_CHECKING:
    from collections.abc import Sequence

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_WORD_CHARACTER = re.compile(r"[^\W_]")
# Small letters and digits as they are, capitals as small letters, everything else as a space.
_APART = "".join(chr(n).lower() if chr(n).isalnum() else " " for n in range(128))


class Reader:
    """Reads texts."""

    def codes(self, text: str) -> Sequence[int]:
        """The words of a text as `digest.ranking.terms.coded` gives them, in reading order."""
        words = _ascii_words(text)
        return terms.coded_text(text) if words is None else terms.coded(words)

    def stems(self, text: str) -> str:
        """The words of a text as `digest.ranking.search.stems` gives them, parted by spaces."""
        words = _ascii_words(text)
        return " ".join(stems(text) if words is None else stemmed(words))


class OnceReader(Reader):
    """Reads texts of which the stems are asked for first and the codes soon after; each text is read once.

    `forget` lets go of codes that nobody asked for.
    """

    def __init__(self) -> None:
        self._codes: dict[str, Sequence[int]] = {}

    def codes(self, text: str) -> Sequence[int]:
        """See `Reader.codes`."""
        found = self._codes.get(text)
        return super().codes(text) if found is None else found

    def stems(self, text: str) -> str:
        """See `Reader.stems`."""
        words = _ascii_words(text)
        if words is None:
            return " ".join(stems(text))
        self._codes[text] = terms.coded(words)
        return " ".join(stemmed(words))

    def forget(self) -> None:
        """Forget what was read."""
        self._codes.clear()


def _ascii_words(text: str) -> list[str] | None:
    """The words of a text in small letters; None where some have letters beyond ASCII."""
    if not text.isascii():
        text = _BEYOND_ASCII.sub(_spaced, text)
        if not text.isascii():
            return None
    return text.translate(_APART).split()


def _spaced(found: re.Match[str]) -> str:
    return _SPACED[found[0]]


def _space_or_letter(character: str) -> str:
    """A space for what is no part of a word, spelt out (NFKD) or not: for quotes and dashes, not for `™` and `é`."""
    if unicodedata.category(character)[0] not in "PSZ":
        return character
    return character if _WORD_CHARACTER.search(unicodedata.normalize("NFKD", character)) else " "


_SPACED = Memo(_space_or_letter)
