"""Text as terms: stemmed words and pairs of neighbouring words, without words that say nothing."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import Stemmer

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = re.compile(r"[^\W_]{2,}")
_NUMBER = re.compile(r"\d+")


class Analyser:
    """Cuts text into terms, and remembers how papers spell each stem while `learning` is true.

    A term is a stem (`anim`) or two stems that stood side by side (`facial anim`). Stop words are scikit-learn's
    English ones; they and bare numbers break a pair. Stems are Porter's second algorithm, "english" in Snowball.
    """

    def __init__(self) -> None:
        self._stem = Stemmer.Stemmer("english").stemWord
        self.learning = True
        self._stems: dict[str, str] = {}
        self._spellings: dict[str, Counter[str]] = {}

    def terms(self, text: str) -> Iterator[str]:
        """The terms of a text in reading order, each pair behind its second word."""
        previous = ""
        for word in _WORD.findall(text.casefold()):
            stem = self._stems.get(word)
            if stem is None:
                stem = self._stems[word] = self._fold(word)
            if stem:
                if self.learning:
                    self._spellings[stem][word] += 1
                yield stem
                if previous:
                    yield f"{previous} {stem}"
            previous = stem

    def spelling(self, term: str) -> str:
        """The term as it was written most often: `talking heads`, not `talk head`."""
        return " ".join(self._spell(stem) for stem in term.split())

    def _spell(self, stem: str) -> str:
        spellings = self._spellings[stem]
        return min(spellings, key=lambda word: (-spellings[word], word))

    def _fold(self, word: str) -> str:
        if word in _stop_words() or _NUMBER.fullmatch(word):
            return ""
        stem: str = self._stem(word)
        self._spellings.setdefault(stem, Counter())
        return stem


@cache
def _stop_words() -> frozenset[str]:
    # scikit-learn takes a second to import, which those who only list papers should not wait for.
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS  # noqa: PLC0415

    return frozenset(ENGLISH_STOP_WORDS)
