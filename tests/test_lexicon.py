"""Reading a text once for counting and for searching: the same words as each of the two reads by itself."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.ranking import memo, search, terms
from digest.ranking.lexicon import OnceReader, Reader
from digest.ranking.memo import Memo
from digest.ranking.weights import Statistics
from digest.types import Paper

# Letters that fold to several, marks, letters that are composed of two, symbols that spell words, and what parts words.
ODD = (
    "aBxß12_'-. \u0130\u03c3\u03a3\u00e9\u00c9\u00f1\u0301\u0308\u05bc\u1b05\u1b35\u1100\u1161\u13a0\uab70\ud800"
    "\u4e2d\u6587\ud55c\u00b2\u2122\u2026\u2116\u24d0\ufb01\u201c\u201d\u2013\u2014\u00b4\u00a0\u3000"
)
TEXTS = st.text() | st.text(st.sampled_from(ODD), max_size=30)


def plain_folding(text: str) -> str:
    """Small letters without marks, by the definition: the whole text decomposed, folded and composed again."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", "".join(char for char in apart if not unicodedata.combining(char)))


@pytest.mark.parametrize("reader", [Reader(), OnceReader()])
@pytest.mark.parametrize(
    ("text", "stems", "counted"),
    [
        ("The owls' Night-vision, 7 p.m.", "the owl night vision 7 p m", 3),
        ("\u201cOwls\u201d \u2013 hunting\u2026", "owl hunt", 2),
        ("Schrödinger's™ cats", "schroding stm cat", 2),
        ("", "", 0),
    ],
)
def test_a_text_is_read_as_stems_and_as_codes(reader: Reader, text: str, stems: str, counted: int) -> None:
    """Stems of all words without marks, and a code above 0 for each word that says something."""
    assert reader.stems(text) == stems
    assert sum(code > 0 for code in reader.codes(text)) == counted


@given(text=TEXTS)
def test_one_reading_gives_what_two_give(text: str) -> None:
    """Whatever a text holds, its stems are those of the search and its terms those of the statistics."""
    reader = OnceReader()
    assert reader.stems(text) == " ".join(search.stems(text)) == Reader().stems(text)
    for found in (reader.codes(text), Reader().codes(text)):
        assert [code for code in found if code != terms.NO_WORD] == terms.coded_text(text)
    reader.forget()
    assert [code for code in reader.codes(text) if code != terms.NO_WORD] == terms.coded_text(text)


@given(text=TEXTS)
def test_marks_are_taken_off_one_by_one_as_from_the_whole(text: str) -> None:
    """Folding character by character finds the words that folding the whole text finds."""
    assert search.stems(text) == search.stems(plain_folding(text))


@settings(max_examples=30)
@given(papers=st.lists(st.tuples(TEXTS, TEXTS), max_size=6))
def test_statistics_of_coded_papers_are_those_of_their_counts(papers: list[tuple[str, str]]) -> None:
    """Counting without a matrix comes to the same frequencies and lengths."""
    reader = Reader()
    found = Statistics.of_coded([(reader.codes(title), reader.codes(abstract)) for title, abstract in papers])
    counts = terms.count([Paper(id="arxiv:2505.00001", title=title, abstract=abstract) for title, abstract in papers])
    wanted = Statistics.of(counts)
    assert (found.papers, found.length) == (wanted.papers, wanted.length)
    np.testing.assert_array_equal(found.frequency, wanted.frequency)


def test_more_papers_than_are_sorted_at_once() -> None:
    """A term that thousands of papers have, twice each, is counted once for each paper."""
    coded = terms.coded(["owl", "mice", "owl"])
    found = Statistics.of_coded([(coded, coded[:1])] * 2500)
    assert found.frequency[terms.columns_of(["owl", "mice", "owl mice"])].tolist() == [2500, 2500, 2500]
    assert (found.papers, found.length) == (2500, 6)


def test_a_memo_asks_once_and_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was made of a word is remembered, and all is forgotten when it is too much."""
    monkeypatch.setattr(memo, "MOST", 3)
    asked: list[str] = []

    def made(word: str) -> int:
        asked.append(word)
        return len(word)

    known = Memo(made)
    assert [known[word] for word in ("a", "bb", "a", "ccc", "dddd", "a")] == [1, 2, 1, 3, 4, 1]
    assert asked == ["a", "bb", "ccc", "dddd", "a"]
    assert len(known) <= 3
