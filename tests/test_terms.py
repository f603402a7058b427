"""Text cut into terms: which words count, which pairs are made, in which columns they are counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from digest.ranking import terms
from digest.ranking.stop_words import STOP_WORDS
from digest.types import Paper


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("talking heads", ["talk", "head", "talk head"]),
        ("Talking, HEADS!", ["talk", "head", "talk head"]),
        ("heads of states", ["head", "state"]),
        ("heads 2024 states", ["head", "state"]),
        ("head-to-head", ["head", "head"]),
        ("speech-driven", ["speech", "driven", "speech driven"]),
        ("snake_case", ["snake", "case", "snake case"]),
        ("3D heads", ["3d", "head", "3d head"]),
        ("a b c", []),
        ("", []),
        ("the of and 123", []),
        ("Маски Масок", ["маски", "масок", "маски масок"]),
    ],
)
def test_text_becomes_stems_and_pairs_of_neighbours(text: str, found: list[str]) -> None:
    """Words are stemmed, stop words and bare numbers say nothing and part their neighbours, one letter is no word."""
    assert list(terms.stems(text)) == found


@pytest.mark.parametrize(
    "text", ["生成会说话的头部视频", "توليد رأس متكلم", "Génération de têtes parlantes", "🙂 👩‍👩‍👧", "\x00\ud800"]
)
def test_any_writing_is_text(text: str) -> None:
    """Papers in other languages have terms as well; what is no letter has none."""
    assert bool(list(terms.stems(text))) == any(character.isalpha() for character in text)
    assert bool(terms.count_texts([text]).nnz) == any(character.isalpha() for character in text)


def test_stop_words_are_those_of_scikit_learn() -> None:
    """Our list says what it is."""
    assert STOP_WORDS == ENGLISH_STOP_WORDS


TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(["talking", "Talks", "head", "heads", "the", "7", "of", "Über"]), max_size=12).map(
        " ".join
    ),
)


@given(TEXTS)
def test_counts_are_those_of_the_stems(text: str) -> None:
    """Each term is counted in its column as often as it stands there, pairs behind words."""
    expected = np.zeros(terms.COLUMNS)
    found = list(terms.stems(text))
    np.add.at(expected, terms.columns_of(found), 1)
    row = terms.count_texts([text]).toarray().ravel()
    np.testing.assert_array_equal(row, expected)
    for term, column in zip(found, terms.columns_of(found), strict=True):
        assert (column >= terms.WORDS) == (" " in term)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=5))
def test_papers_counted_together_are_the_papers_counted_alone(texts: list[tuple[str, str]]) -> None:
    """No pair crosses from title to abstract or from paper to paper; a title's terms count `TITLE_WEIGHT` times."""
    papers = [Paper(id=str(n), title=title, abstract=abstract) for n, (title, abstract) in enumerate(texts)]
    together = terms.count(papers)
    assert together.shape == (len(papers), terms.COLUMNS)
    for row, (title, abstract) in enumerate(texts):
        alone = terms.TITLE_WEIGHT * terms.count_texts([title]) + terms.count_texts([abstract])
        assert abs(together[row] - alone).sum() == 0


@given(TEXTS)
def test_every_term_can_be_written_as_the_text_writes_it(text: str) -> None:
    """A column of a text is spelt with the words that stand there, in small letters."""
    spelt = terms.spellings(text)
    assert sorted(spelt) == sorted(set(terms.count_texts([text]).indices.tolist()))
    assert all(word in text.casefold() for words in spelt.values() for word in words.split())


def test_words_of_one_stem_share_a_column() -> None:
    """`heads` and `head` are one term, `headed by` is none with them."""
    rows = terms.count_texts(["talking head", "talks heads"])
    assert (rows[0] != rows[1]).nnz == 0
    assert terms.spellings("Talking Heads")[int(terms.columns_of(["talk head"])[0])] == "talking heads"
