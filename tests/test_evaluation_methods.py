"""Ours and the baselines as methods: what each puts first, and that none stumbles over poor papers or readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.progress import Silent
from digest.ranking.evaluation import outcome, sets
from digest.ranking.evaluation.baselines import BASELINES
from digest.ranking.evaluation.methods.ours import Ours
from digest.types import Paper, Profile, Signals, Topic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from digest.ranking.evaluation.methods import Method

CANDIDATES = (
    Paper(id="new:1", title="Organs in scans", abstract="Few labels are enough to find organs in scans of patients."),
    Paper(id="new:2", title="Heads that talk", abstract="Faces and lips of talking heads follow a recorded speech."),
    Paper(id="new:3", title="Sound from text", abstract="Music for several instruments is made from a sentence."),
)
HISTORY = (
    Paper(id="old:1", title="Lips in motion", abstract="Talking heads whose lips and faces fit the speech they say."),
    Paper(id="old:2", title="Livers in scans", abstract="Livers and other organs of patients are marked in scans."),
    Paper(id="old:3", title="Songs of birds", abstract="Birds are told apart by what they sing."),
)
READERS = (
    Profile(slug="ada", name="Ada", liked=("old:1",)),
    Profile(slug="ben", name="Ben", topics=(Topic(text="organs of patients"),)),
)
SEEING: tuple[Method, ...] = (Ours(), *(BASELINES[name] for name in ("tfidf", "tfidf-bigrams", "bm25", "svm")))
ALL: tuple[Method, ...] = (Ours(), *BASELINES.values())


def first(scores: np.ndarray, papers: Sequence[Paper] = CANDIDATES) -> list[str]:
    """The best paper for each reader."""
    return [papers[n].id for n in scores.argmax(axis=1)]


@pytest.mark.parametrize("method", SEEING, ids=lambda method: method.name)
def test_each_reader_gets_papers_like_the_liked_ones_or_about_the_topic(method: Method) -> None:
    """Whoever liked a paper on talking heads gets another one, whoever wrote of organs gets organs."""
    assert first(method.scores(CANDIDATES, HISTORY, READERS)) == ["new:2", "new:1"]


@pytest.mark.parametrize("method", SEEING, ids=lambda method: method.name)
def test_a_pool_without_history_is_its_own_background(method: Method) -> None:
    """Topics are found among the candidates where there are no other papers."""
    assert first(method.scores(CANDIDATES, (), READERS[1:])) == ["new:1"]


@pytest.mark.parametrize("method", ALL, ids=lambda method: method.name)
def test_the_same_inputs_give_the_same_scores(method: Method) -> None:
    """No method rolls dice that it cannot roll again."""
    once, again = (method.scores(CANDIDATES, HISTORY, READERS) for _ in range(2))
    assert once.tolist() == again.tolist()


def test_chance_differs_by_reader_only() -> None:
    """Two readers meet different orders, and who else is there changes neither."""
    both = BASELINES["random"].scores(CANDIDATES, HISTORY, READERS)
    alone = BASELINES["random"].scores(CANDIDATES, (), READERS[1:])
    assert both[0].tolist() != both[1].tolist()
    assert both[1].tolist() == alone[0].tolist()


def test_popularity_is_upvotes_where_there_are_some() -> None:
    """The paper with most votes is first for everyone, and none counts as 0."""
    voted = (CANDIDATES[0], *(Paper(id=f"v{n}", title="x", signals=Signals(upvotes=n)) for n in (2, 9)))
    scores = BASELINES["popularity"].scores(voted, HISTORY, READERS)
    assert scores.tolist() == [[0.0, 2.0, 9.0]] * 2


def test_popularity_without_votes_is_what_the_other_readers_want() -> None:
    """A reader's own likes say nothing about what everybody else finds worth reading."""
    assert first(BASELINES["popularity"].scores(CANDIDATES, HISTORY, READERS)) == ["new:1", "new:2"]


@pytest.mark.parametrize("method", ALL, ids=lambda method: method.name)
def test_papers_without_words_and_a_reader_who_likes_all_are_no_fault(method: Method) -> None:
    """Stop words, empty papers and nothing to tell apart give equal scores, not an exception."""
    empty = (Paper(id="a", title=""), Paper(id="b", title="the of and"))
    readers = (Profile(slug="ada", name="Ada", liked=("a", "b")), READERS[1])
    scores = method.scores(empty, (), readers)
    assert scores.shape == (2, 2)
    assert not np.isnan(scores).any()


PAPER = st.builds(lambda title, abstract: (title, abstract), st.text(max_size=20), st.text(max_size=40))


@settings(max_examples=60)
@given(st.lists(PAPER, min_size=2, max_size=8), st.text(max_size=20), st.data())
def test_any_text_gives_a_score_for_every_reader_and_candidate(
    texts: list[tuple[str, str]], topic: str, data: st.DataObject
) -> None:
    """Scores are readers x candidates without a hole, whatever is written in papers and topics."""
    papers = [Paper(id=f"p{n}", title=title, abstract=abstract) for n, (title, abstract) in enumerate(texts)]
    split = data.draw(st.integers(1, len(papers) - 1))
    liked = tuple(data.draw(st.sets(st.sampled_from([paper.id for paper in papers]))))
    readers = (Profile(slug="ada", name="Ada", liked=liked), Profile(slug="b", name="B", topics=(Topic(text=topic),)))
    for method in BASELINES.values():
        scores = method.scores(papers[:split], papers[split:], readers)
        assert scores.shape == (2, split)
        assert np.isfinite(scores).all()


def test_baselines_reach_their_reference_figures_for_topics(samples: Path) -> None:
    """On written information needs, nDCG@10 is that of the reference: cosine 0.367, stemmed BM25 0.419."""
    cisi = sets.read(samples.parent / "eval" / "cisi-topics")
    cosine, bm25 = outcome.run(cisi, [BASELINES["tfidf"], BASELINES["bm25"]], clock=lambda: 0.0, progress=Silent())
    assert cosine.mean("ndcg@10") == pytest.approx(0.367, abs=0.001)
    assert bm25.mean("ndcg@10") == pytest.approx(0.419, abs=0.001)


@pytest.mark.slow
def test_the_classifier_reaches_its_reference_figure_for_liked_papers(samples: Path) -> None:
    """On readers' libraries, nDCG@20 of arxiv-sanity-lite's classifier is near the reference of 0.1485."""
    libraries = sets.read(samples.parent / "eval" / "citeulike-small")
    (svm,) = outcome.run(libraries, [BASELINES["svm"]], clock=lambda: 0.0, progress=Silent())
    assert svm.mean("ndcg@20") == pytest.approx(0.1485, abs=0.001)
