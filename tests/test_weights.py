"""Weights of terms, held against scikit-learn and against the formulas written as plain loops."""

from __future__ import annotations

from collections import Counter
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from digest.ranking import terms
from digest.ranking.space import Space
from digest.ranking.weights import BM25_B, BM25_K1, ENOUGH, Statistics, general
from digest.types import Paper

CORPUS = (
    "Speech-driven animation of talking heads: the head talks when speech is heard, and talks and talks.",
    "Retrieval of documents for questions; questions are answered from retrieved documents.",
    "",
    "A survey of talking heads and of facial animation.",
    "The and of",
    "Gaussian splatting renders heads and faces of avatars, faces first.",
    "Music for strings. Music, music, music!",
)


def papers(texts: tuple[str, ...] | list[str]) -> list[Paper]:
    """One paper a text, without title, so that nothing but the text counts."""
    return [Paper(id=f"arxiv:2505.{number:05}", title="", abstract=text) for number, text in enumerate(texts)]


def test_tfidf_is_that_of_scikit_learn() -> None:
    """With a plain IDF, the rows are those of TfidfVectorizer over the same terms."""
    vectorizer = TfidfVectorizer(
        analyzer=lambda text: list(terms.stems(text)), sublinear_tf=True, smooth_idf=True, norm="l2"
    )
    expected = vectorizer.fit_transform(CORPUS).toarray()
    counts = terms.count(papers(CORPUS))
    found = Statistics.of(counts).tfidf(counts, power=1)
    columns = terms.columns_of(list(vectorizer.get_feature_names_out()))
    np.testing.assert_allclose(found[:, columns].toarray(), expected, rtol=1e-6, atol=1e-9)
    assert found.nnz == (expected != 0).sum()


def test_statistics_grow_by_what_comes() -> None:
    """Papers counted in two parts give the statistics, and so the weights, of all of them."""
    counts = terms.count(papers(CORPUS))
    whole, grown = Statistics.of(counts), Statistics.of(counts[:3]) + Statistics.of(counts[3:])
    assert grown.papers == whole.papers
    assert grown.length == pytest.approx(whole.length)
    np.testing.assert_array_equal(grown.frequency, whole.frequency)
    assert abs(grown.bm25(counts) - whole.bm25(counts)).max() < 1e-12


def test_bm25_is_the_formula() -> None:
    """Each word of each paper weighs idf * tf / (tf + k1 * (1 - b + b * length / mean length)); pairs weigh nothing."""
    found = [Counter(terms.stems(text)) for text in CORPUS]
    mean = sum(count.total() for count in found) / len(found)
    counts = terms.count(papers(CORPUS))
    rows = Statistics.of(counts).bm25(counts).toarray()
    for count, row in zip(found, rows, strict=True):
        expected = np.zeros(terms.WORDS)
        for term in count:
            if " " not in term:
                having = sum(term in each for each in found)
                idf = log(1 + (len(CORPUS) - having + 0.5) / (having + 0.5))
                saturation = BM25_K1 * (1 - BM25_B + BM25_B * count.total() / mean)
                expected[terms.columns_of([term])] = idf * count[term] / (count[term] + saturation)
        np.testing.assert_allclose(row, expected, rtol=1e-6)


def test_general_statistics_stand_in_for_missing_papers() -> None:
    """Of two words that one day has equally often, the one that is common in general weighs less."""
    day = terms.count(papers(["model xylophagous"]))
    common, rare = terms.columns_of(["model", "xylophag"])
    alone, padded = Statistics.of(day), Statistics.of(day).padded()
    assert general().frequency[common] > 0
    assert alone.word_idf(np.array([common])) == alone.word_idf(np.array([rare]))
    assert padded.word_idf(np.array([common])) < padded.word_idf(np.array([rare]))
    many = Statistics(ENOUGH, alone.frequency, alone.length)
    np.testing.assert_array_equal(many.padded().frequency, many.frequency)


def test_a_readers_words_are_shares_of_all_words() -> None:
    """Known words of a reader's text have their share of it; pairs count nothing, and unknown words have no column."""
    space = Space(papers(CORPUS), [])
    rows, ceilings = space.words(["talking heads talking zebras", "zebras of the 123"])
    shares = rows.toarray()
    np.testing.assert_allclose(np.sort(shares[0])[-2:], [1 / 4, 2 / 4])
    assert ceilings[0] > (space.bm25 @ shares[0]).max()
    assert not shares[1].any()


def test_a_paper_never_scores_above_the_ceiling() -> None:
    """A paper full of a topic's words comes near the score that no paper exceeds."""
    space = Space(papers(["talking heads " * 1000, *CORPUS]), [])
    words, ceilings = space.words(["talking heads"])
    scores = space.bm25 @ words.toarray()[0]
    assert 0.8 * ceilings[0] < scores[0] < ceilings[0]
    assert scores.max() == scores[0]


def test_papers_outside_the_statistics_are_weighted_alike() -> None:
    """A paper that is weighted later has the row it would have had, and brings no term along."""
    space = Space(papers(CORPUS), [])
    again = space.sharp_of(papers([*CORPUS, "zebras"])).toarray()
    np.testing.assert_allclose(again[: len(CORPUS)], space.sharp.toarray())
    assert not again[-1].any()


def test_terms_of_a_single_paper_are_not_shared() -> None:
    """What only one paper has, however often, is not shared; what two have is."""
    known = papers(CORPUS)
    space = Space(known, [])
    rows = [space.tfidf[space.row_of[paper.id]].indices for paper in known]
    shared = {
        text for paper, row in zip(known, rows, strict=True) for text in space.spelt(paper, row[space.is_shared[row]])
    }
    assert {"talking", "heads", "talking heads", "animation"} <= shared
    assert "music" not in shared


def test_a_megabyte_of_abstract_is_only_long() -> None:
    """A hostile abstract of a megabyte neither fails nor scores above an honest one on the topic."""
    space = Space(papers(["talking heads " + "noise " * 170_000, "talking heads"]), [])
    scores = space.bm25 @ space.words(["talking heads"])[0].toarray()[0]
    assert scores[0] < scores[1]


@given(
    texts=st.lists(st.one_of(st.text(max_size=30), st.sampled_from(CORPUS), st.just("talking head")), max_size=6),
    title=st.text(max_size=20),
    wanted=st.text(max_size=20),
)
@settings(max_examples=40)
def test_whatever_the_papers_weights_are_finite(texts: list[str], title: str, wanted: str) -> None:
    """Odd texts, empty ones and no term at all give finite weights, rows no longer than 1, and no warning."""
    space = Space([Paper(id="title:0", title=title), *papers(texts)], [])
    lengths = np.sqrt(np.asarray(space.tfidf.multiply(space.tfidf).sum(axis=1)).ravel())
    assert np.isfinite(lengths).all()
    assert (lengths < 1 + 1e-6).all()
    words, ceilings = space.words([wanted])
    scores = space.bm25 @ words.toarray()[0]
    assert np.isfinite(scores).all()
    assert (scores <= ceilings[0] + 1e-6).all()
