"""Queries as people type them, and the scores of the papers that answer them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.ranking import search, terms
from digest.ranking.search import Query
from digest.ranking.weights import Statistics
from digest.types import Paper

OWLS = Paper(
    id="arxiv:2505.00001",
    title="Owls that hunt at night",
    abstract="We watch how owls find mice in the dark. Night vision matters less than hearing.",
    authors=("Émile Beispiel", "Ada Example"),
)
MICE = Paper(id="arxiv:2505.00002", title="Mice at night", abstract="Mice sleep by day.", authors=("Rose Example",))
SAND = Paper(id="arxiv:2505.00003", title="Sand in slow rivers", abstract="Rivers carry sand to the sea.")
ALL = (OWLS, MICE, SAND)
KNOWN = Statistics.of(terms.count(ALL))


def scores(text: str) -> list[float]:
    """What the three papers score for a query."""
    found: list[float] = search.by_words(Query.parse(text), ALL, KNOWN).tolist()
    return found


@pytest.mark.parametrize(
    ("text", "loose", "phrases", "ids"),
    [
        ("talking heads", ("talking heads",), (), ()),
        ('faces "talking head" in 3D', ("faces", "in 3D"), ("talking head",), ()),
        ("“talking head”", (), ("talking head",), ()),
        ('faces "talking head', ('faces "talking head',), (), ()),
        ("owls https://arxiv.org/abs/2505.00001v2 mice", ("owls mice",), (), ("arxiv:2505.00001",)),
        ("10.5555/ABC", (), (), ("doi:10.5555/abc",)),
        ("the of 2024 x", (), (), ()),
        ('"the who"', (), ("the who",), ()),
        ('"" "?!" %', (), (), ()),
        ("", (), (), ()),
    ],
)
def test_a_query_is_words_phrases_and_ids(
    text: str, loose: tuple[str, ...], phrases: tuple[str, ...], ids: tuple[str, ...]
) -> None:
    """Quotation marks make phrases, whatever names a paper is an id, and runs without a telling word are nothing."""
    query = Query.parse(text)
    assert (query.loose, query.phrases, query.ids) == (loose, phrases, ids)
    assert bool(query) == bool(loose or phrases or ids)


def test_stems_keep_every_word_in_its_place() -> None:
    """Stop words, numbers and letters stay, so that phrases can be found; case and marks do not count."""
    assert search.stems("The Émile-Zola owls, at 7 p.m.: heads!") == [
        "the",
        "emil",
        "zola",
        "owl",
        "at",
        "7",
        "p",
        "m",
        "head",
    ]


@settings(max_examples=25)
@given(st.text(max_size=60))
def test_any_text_is_a_query(text: str) -> None:
    """Nothing a person types is an error, and scores stay between 0 and 100."""
    query = Query.parse(text)
    found = search.by_words(query, ALL, KNOWN)
    assert ((found >= 0) & (found <= 100)).all()
    assert set(search.telling_words(query.loose, KNOWN)) <= set(search.stems(" ".join(query.loose)))


def test_more_of_the_query_is_a_better_answer() -> None:
    """All words beat some, a word that repeats beats one that does not, and nothing in common is 0."""
    owls, mice, sand = scores("owls hunting mice")
    assert owls > mice > sand == 0
    assert scores("owls")[0] > scores("hunt")[0] > 0


def test_neighbours_in_the_query_want_neighbours() -> None:
    """Words side by side as in the query score more than the same words apart."""
    apart = Paper(id="a", title="Vision by night", abstract="")
    together = Paper(id="b", title="By night vision", abstract="")
    low, high = search.by_words(Query.parse("night vision"), [apart, together], KNOWN)
    assert 0 < low < high


def test_authors_are_found_by_their_names() -> None:
    """A name finds its papers before those that only use the word, with or without its marks."""
    for name in ("Émile Beispiel", "emile beispiel", "EXAMPLE Ada"):
        owls, mice, sand = scores(name)
        assert owls > 70 > mice
        assert sand == 0
    assert scores("rose example")[1] > scores("rose example")[0] > 0


def test_a_long_list_of_authors_hides_nobody() -> None:
    """One name among three thousand is found as well as one of two."""
    names = tuple(f"Person{n} Surname{n}" for n in range(3000))
    crowd = Paper(id="a", title="Owls", authors=(*names, "Ada Example"))
    pair = Paper(id="b", title="Owls", authors=("Ada Example", "Bob Roe"))
    many, few = search.by_words(Query.parse("Ada Example"), [crowd, pair], KNOWN)
    assert many == few > 80


def test_phrases_of_common_words_are_all_that_was_asked_for() -> None:
    """Every paper that was found holds a phrase of stop words: alone it is all, beside a word it is half of it."""
    assert scores('"to the"') == [100.0] * 3
    owls, mice, sand = scores('"to the" sand')
    assert 100 > sand > owls == mice == 75


def test_the_words_that_tell_most_are_looked_up() -> None:
    """Rare words come before common ones, at most `TELLING_WORDS` of them, each once."""
    assert search.telling_words(["night owls owls", "hearing"], KNOWN)[-1] == "night"
    many = " ".join(f"word{n}x" for n in range(200))
    words = search.telling_words([many, many], KNOWN)
    assert len(words) == len(set(words)) == search.TELLING_WORDS
    assert search.telling_words(["the of"], KNOWN) == []


def test_likeness_is_the_cosine_of_tfidf_rows() -> None:
    """A paper is like itself by 100, like a stranger by 0, and another by the product of both their rows."""
    copy, other, stranger = search.by_likeness(OWLS, ALL, KNOWN)
    assert (copy, stranger) == (100, 0)
    rows = KNOWN.padded().tfidf(terms.count([OWLS, MICE])).toarray()
    np.testing.assert_allclose(other, 100 * rows[0] @ rows[1], atol=0.01)
    assert 0 < other < 100
    assert search.by_likeness(Paper(id="a", title="7"), ALL, KNOWN).tolist() == [0, 0, 0]
