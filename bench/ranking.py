"""How fast a day is counted and ranked, against scikit-learn and against one linear classifier a reader.

    python bench/ranking.py --papers 20000 --readers 20

Papers are made up (bench/make_snapshot.py); the reader of the comparison likes 20 of them. All figures are of one run
on one machine: what carries over to another is the ratios.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import orjson
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

sys.path.insert(0, str(Path(__file__).parent))
from make_snapshot import lines

from digest.ranking import terms
from digest.ranking.rank import Ranker
from digest.ranking.weights import Statistics
from digest.sources import arxiv_snapshot
from digest.types import Profile, Topic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from digest.types import Paper

T = TypeVar("T")
DAY = 1500
BACKGROUND = 3000
LIKED = 20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time counting and ranking.")
    parser.add_argument("--papers", type=int, default=20_000, help="papers of the corpus (default: 20,000)")
    parser.add_argument("--readers", type=int, default=20, help="readers ranked (default: 20)")
    options = parser.parse_args()
    papers = [arxiv_snapshot.parse(orjson.loads(line)) for line in lines(options.papers, seed=0)]
    features(papers)
    readers(papers, options.readers)


def features(papers: Sequence[Paper]) -> None:
    """Counting and weighing all papers, against scikit-learn's vectorizer on the same texts."""
    ours, counts = timed(lambda: terms.count(papers))
    weighing, _ = timed(lambda: Statistics.of(counts).tfidf(counts))
    texts = [f"{paper.title} {paper.abstract}" for paper in papers]
    theirs, _ = timed(lambda: TfidfVectorizer(ngram_range=(1, 2)).fit_transform(texts))
    total = ours + weighing
    print(f"features: {len(papers) / total:,.0f} papers/s; TfidfVectorizer(ngram_range=(1, 2)) ", end="")
    print(f"{len(papers) / theirs:,.0f} papers/s: {theirs / total:.1f} times as fast")


def readers(papers: Sequence[Paper], n: int) -> None:
    """A day's papers ranked for readers who like 20 papers or write a topic, against one classifier a reader."""
    day, background = papers[:DAY], papers[DAY : DAY + BACKGROUND]
    rng = np.random.default_rng(0)
    picks = [[papers[i] for i in rng.choice(len(papers), LIKED, replace=False)] for _ in range(n)]
    liked = {paper.id: paper for pick in picks for paper in pick}
    profiles = [Profile(slug="a", name="A", liked=tuple(paper.id for paper in pick)) for pick in picks]
    topics = [Profile(slug="a", name="A", topics=(Topic(text=pick[0].title),)) for pick in picks]
    once, ranker = timed(lambda: Ranker(day, background, liked))
    first, _ = timed(lambda: ranker.rank(profiles[0], explained=10))
    by_likes, _ = timed(lambda: [ranker.rank(profile, explained=10) for profile in profiles])
    by_topic, _ = timed(lambda: [ranker.rank(profile, explained=10) for profile in topics])
    texts = [f"{paper.title} {paper.abstract}" for paper in papers]
    matrix = TfidfVectorizer(ngram_range=(1, 2), max_features=20_000, stop_words="english").fit_transform(texts)
    wanted = np.isin([paper.id for paper in papers], [paper.id for paper in picks[0]])
    svm, _ = timed(lambda: LinearSVC(class_weight="balanced", C=0.01).fit(matrix, wanted).decision_function(matrix))
    print(f"a day of {DAY:,} papers before {BACKGROUND:,}: {once + first:.2f} s once, then a reader takes ", end="")
    print(f"{1000 * by_likes / n:.1f} ms by {LIKED} liked papers, {1000 * by_topic / n:.1f} ms by a topic")
    print(f"one linear classifier over {len(papers):,} papers: {svm:.2f} s a reader, ", end="")
    print(f"{svm / (by_likes / n):,.0f} times as long as ours by liked papers")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds of wall time, and what came of it."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


if __name__ == "__main__":
    main()
