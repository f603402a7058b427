"""Text as terms: stemmed words and pairs of neighbouring words, counted in a fixed number of columns.

A term's column is a hash of it (feature hashing; Weinberger et al., 2009), so no vocabulary has to be kept or grown: a
day's papers cost what the day brings, whatever the corpus holds. Stems are Porter's second algorithm, "english" in
Snowball; stop words are scikit-learn's English ones. Stop words and bare numbers break a pair.
"""

from __future__ import annotations

import re
import zlib
from itertools import chain
from typing import TYPE_CHECKING, Protocol

import numpy as np
import Stemmer
from scipy.sparse import csr_matrix

from digest.ranking.memo import Memo
from digest.ranking.stop_words import STOP_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

WORDS = 1 << 20
"""Columns of words; pairs stand behind them."""

COLUMNS = 1 << 22
"""All columns. A corpus of a million papers shares few of its telling terms' columns."""

TITLE_WEIGHT = 1
"""How often the terms of a title count. Twice and three times ranked no better on either set of docs/evaluation.md."""

SHORTEST = 2
"""Letters and digits of a word."""

NO_WORD = -1
"""The code of what is too short for a word."""

_WORD = re.compile(r"[^\W_]{2,}")
_ASCII_WORD = re.compile("[a-z0-9]{2,}")
_NUMBER = re.compile(r"\d+")
_stem_of: Callable[[str], str] = Stemmer.Stemmer("english").stemWord
_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(29))


class Text(Protocol):
    """A paper, or anything else with a title and an abstract."""

    @property
    def title(self) -> str:
        """The title."""

    @property
    def abstract(self) -> str:
        """The abstract, empty where there is none."""


def count(papers: Sequence[Text]) -> csr_matrix:
    """How often each term stands in each paper, papers x `COLUMNS`, terms of the title `TITLE_WEIGHT` times."""
    segments = [coded_text(text) for paper in papers for text in (paper.title, paper.abstract)]
    weights = np.tile(np.array([TITLE_WEIGHT, 1], dtype=np.float32), len(papers))
    return _matrix(segments, np.repeat(np.arange(len(papers)), 2), weights, len(papers))


def count_texts(texts: Sequence[str]) -> csr_matrix:
    """The same for texts that readers write."""
    segments = [coded_text(text) for text in texts]
    return _matrix(segments, np.arange(len(texts)), np.ones(len(texts), dtype=np.float32), len(texts))


def coded(words: Iterable[str]) -> list[int]:
    """A 32-bit code for each word in small letters, the same for words of one stem.

    It is 0 for a word that says nothing, which breaks a pair, and `NO_WORD` for a single letter, which does not.
    """
    return list(map(_CODES.__getitem__, words))


def coded_text(text: str) -> list[int]:
    """The codes of the words of a text, in reading order."""
    return coded(_words(text))


def columns(segments: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The columns of all words and pairs of coded texts, as often as they stand there, and which text has each.

    No pair reaches from one text into the next.
    """
    lengths = np.fromiter(map(len, segments), dtype=np.int64, count=len(segments))
    all_codes = np.fromiter(chain.from_iterable(segments), dtype=np.int64, count=lengths.sum())
    is_read = all_codes != NO_WORD
    codes = all_codes[is_read].astype(np.uint64)
    segment_of = np.repeat(np.arange(len(segments)), lengths)[is_read]
    word = codes > 0
    pair = word[:-1] & word[1:] & (segment_of[:-1] == segment_of[1:])
    found = np.concatenate([(codes[word] % WORDS).astype(np.int64), _pairs(codes[:-1][pair], codes[1:][pair])])
    return found, np.concatenate([segment_of[word], segment_of[:-1][pair]])


def spellings(text: str) -> dict[int, str]:
    """How a text spells each of its terms: column -> the words as they stand there first, in small letters."""
    words = _words(text)
    codes = np.array(coded(words), dtype=np.uint64)
    spelt = {code % WORDS: word for code, word in zip(reversed(codes.tolist()), reversed(words), strict=True) if code}
    first = np.flatnonzero((codes[:-1] > 0) & (codes[1:] > 0))
    for place, column in zip(first.tolist(), _pairs(codes[first], codes[first + 1]).tolist(), strict=True):
        spelt.setdefault(column, f"{words[place]} {words[place + 1]}")
    return spelt


def columns_of(terms: Sequence[str]) -> NDArray[np.int64]:
    """The columns of terms that are stems already, words or pairs of words parted by a space."""
    found = []
    for term in terms:
        stems = [_code(stem) for stem in term.split()]
        pair = _pairs(*(np.array([stem], dtype=np.uint64) for stem in stems)) if len(stems) > 1 else None
        found.append(stems[0] % WORDS if pair is None else int(pair[0]))
    return np.array(found, dtype=np.int64)


def stems(text: str) -> Iterator[str]:
    """The terms of a text, spelt as stems, in reading order, each pair behind its second word."""
    previous = ""
    for word in _words(text):
        stem = _STEMS[word]
        if stem:
            yield stem
            if previous:
                yield f"{previous} {stem}"
        previous = stem


def _words(text: str) -> list[str]:
    # Most texts; the same by a quicker way.
    return _ASCII_WORD.findall(text.lower()) if text.isascii() else _WORD.findall(text.casefold())


def _code_of(word: str) -> int:
    if len(word) < SHORTEST:
        return NO_WORD
    stem = _stem(word)
    return _code(stem) if stem else 0


_CODES = Memo(_code_of)


def _code(stem: str) -> int:
    return zlib.crc32(stem.encode()) or 1


def _stem(word: str) -> str:
    return "" if word in STOP_WORDS or _NUMBER.fullmatch(word) else _stem_of(word)


_STEMS = Memo(_stem)


def _pairs(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.int64]:
    mixed = (first * _MIX[0]) ^ (second * _MIX[1])
    mixed ^= mixed >> _MIX[2]
    mixed *= _MIX[0]
    return (WORDS + (mixed >> np.uint64(20)) % np.uint64(COLUMNS - WORDS)).astype(np.int64)


def _matrix(
    segments: Sequence[Sequence[int]], rows: NDArray[np.int64], weights: NDArray[np.float32], n_rows: int
) -> csr_matrix:
    """Count the words and pairs of each segment into its row."""
    found, of = columns(segments)
    counts = csr_matrix((weights[of], (rows[of], found)), shape=(n_rows, COLUMNS))
    counts.sum_duplicates()
    return counts
