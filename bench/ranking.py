"""How fast a day is counted and ranked, against scikit-learn and against one linear classifier a reader.

    python bench/ranking.py --papers 20000 --readers 100000

Papers are made up (bench/make_snapshot.py); the reader of the comparison likes 20 of them. All figures are of one run
on one machine: what carries over to another is the ratios.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import orjson
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC
from sparse_dot_topn import sp_matmul_topn
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parent))
from make_snapshot import lines

from digest.ranking import terms, topn
from digest.ranking.interest import Among
from digest.ranking.likes import Judged, JudgedPapers, Likes
from digest.ranking.rank import Ranker
from digest.ranking.space import Space
from digest.ranking.topn import THREADS, best
from digest.ranking.weights import Statistics
from digest.sources import arxiv_snapshot
from digest.types import Profile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scipy.sparse import csr_matrix

    from digest.types import Paper

T = TypeVar("T")
DAY = 1500
BACKGROUND = 3000
LIKED = 20
TOP = 20
CLASSIFIED = 20
BLOCK = 500
PROCESSES = os.cpu_count() or 1
SAMPLE = 1000
"""Different readers; more of them are these again and again."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time counting and ranking.")
    parser.add_argument("--papers", type=int, default=20_000, help="papers of the corpus (default: 20,000)")
    parser.add_argument("--readers", type=int, default=100_000, help="readers of a day (default: 100,000)")
    options = parser.parse_args()
    papers = [arxiv_snapshot.parse(orjson.loads(line)) for line in lines(options.papers, seed=0)]
    features(papers)
    crowd(papers, options.readers)
    one_reader(papers)


def features(papers: Sequence[Paper]) -> None:
    """Counting and weighing all papers, against scikit-learn's vectorizer on the same texts."""
    ours, counts = timed(lambda: terms.count(papers))
    weighing, _ = timed(lambda: Statistics.of(counts).tfidf(counts))
    texts = [f"{paper.title} {paper.abstract}" for paper in papers]
    theirs, _ = timed(lambda: TfidfVectorizer(ngram_range=(1, 2)).fit_transform(texts))
    total = ours + weighing
    print(f"features: {len(papers) / total:,.0f} papers/s; TfidfVectorizer(ngram_range=(1, 2)) ", end="")
    print(f"{len(papers) / theirs:,.0f} papers/s: {theirs / total:.1f} times as fast")


def crowd(papers: Sequence[Paper], n: int) -> None:
    """The best 20 papers of a day for many readers by the product alone, and what goes before and after it."""
    day, background = papers[:DAY], papers[DAY : DAY + BACKGROUND]
    profiles, liked = likers(papers, SAMPLE)
    ranker = Ranker(day, background, liked)
    ranker.select(profiles[:1], [None])
    whole, _ = timed(lambda: ranker.select(profiles, [None] * SAMPLE, explained=False))
    space = Space(day, background)
    judged = JudgedPapers(liked, space)
    readers = [Judged(judged.rows(dict.fromkeys(profile.liked, 1.0)), {}) for profile in profiles]
    _ = space.like_columns
    making, likes = timed(lambda: Likes(readers, judged, space))
    columns = space.columns_of(space.like_columns, Among.CANDIDATES)
    rounds = max(n // SAMPLE, 1)
    bare, _ = timed(lambda: [sp_matmul_topn(likes.weights, columns, TOP, n_threads=THREADS) for _ in range(rounds)])
    ours, _ = timed(lambda: [best(likes.weights, columns, TOP) for _ in range(rounds)])
    shown = rounds * SAMPLE
    print(f"{shown:,} readers x {DAY:,} papers, the best {TOP} each, {THREADS} cores: ", end="")
    print(f"{shown / ours:,.0f} readers/s, ties by id ({bare / ours:.2f} of the speed of the bare product)")
    print(f"  a profile of {likes.weights.nnz / SAMPLE:,.0f} weights from {LIKED} liked papers: ", end="")
    print(f"{1e6 * making / SAMPLE:,.0f} us a reader; with bounds, bar, variety and quotas all of it ", end="")
    print(f"{1e6 * whole / SAMPLE:,.0f} us")


def one_reader(papers: Sequence[Paper]) -> None:
    """A reader of 20 liked papers among all there are, by ours and by a linear classifier for each.

    That is how arxiv-sanity-lite does it. The best papers of a day, which is what a digest is, and the best of all. Its
    loop is one process; ours composes by one for each core, with blocks of readers.
    """
    texts = [f"{paper.title} {paper.abstract}" for paper in papers]
    # The features and the settings of its `compute.py` and `serve.py`.
    matrix = TfidfVectorizer(
        strip_accents="unicode", ngram_range=(1, 2), token_pattern=r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b",  # noqa: S106
        max_features=20_000, stop_words="english", sublinear_tf=True, min_df=5, max_df=0.1,
    ).fit_transform(texts)  # fmt: skip
    known = {paper.id: row for row, paper in enumerate(papers)}
    for day in (DAY, len(papers)):
        ranked = (papers[:day], papers[day:])
        profiles, liked = likers(ranked[1] or papers, SAMPLE)
        wanted = [[known[paper_id] for paper_id in profile.liked] for profile in profiles[:CLASSIFIED]]
        theirs = timed(lambda: classified(matrix, wanted, day))[0] / CLASSIFIED  # noqa: B023  (called at once)
        ranker = Ranker(*ranked, liked)
        ranker.select(profiles[:1], [None])
        whole, _ = timed(lambda: ranker.select(profiles, [None] * SAMPLE, explained=False))  # noqa: B023  (as above)
        space = Space(*ranked)
        judged = JudgedPapers(liked, space)
        readers = [Judged(judged.rows(dict.fromkeys(profile.liked, 1.0)), {}) for profile in profiles]
        columns = space.columns_of(space.like_columns, Among.CANDIDATES)
        _ = space.reference_columns, space.reference_points, judged.points

        def of_some(some: Sequence[Judged]) -> None:
            best(Likes(some, judged, space).weights, columns, TOP)  # noqa: B023  (as above)

        steps = {
            "a linear classifier for each, the plain loop": theirs,
            f"ours, by {PROCESSES} processes": by_processes(of_some, readers) / (PROCESSES * SAMPLE),
            "ours, by one": timed(lambda: of_some(readers))[0] / SAMPLE,  # noqa: B023  (as above)
            "ours, by one, an issue: bounds, bar, variety": whole / SAMPLE,
        }
        print(f"{LIKED} liked papers among {len(papers):,}; the best {TOP} of {day:,}: seconds a reader, and the ratio")
        for name, seconds in steps.items():
            print(f"  {name:<46}{seconds:.6f}  {theirs / seconds:,.0f}", flush=True)


def classified(matrix: csr_matrix, liked: Sequence[Sequence[int]], day: int) -> None:
    """The best of the first `day` papers for readers who like the papers of these rows, one reader after the other."""
    for rows in liked:
        wanted = np.zeros(matrix.shape[0], dtype=bool)
        wanted[rows] = True
        classifier = LinearSVC(class_weight="balanced", verbose=False, max_iter=10_000, tol=1e-6, C=0.01)
        np.argsort(-classifier.fit(matrix, wanted).decision_function(matrix[:day]))[:TOP]


def by_processes(work: Callable[[Sequence[Judged]], None], readers: Sequence[Judged]) -> float:
    """Seconds until each of as many processes as there are cores has done all of these."""
    # Copies of this one, so that nothing is handed over; they start together.
    context = multiprocessing.get_context("fork")
    ready = context.Barrier(PROCESSES + 1)

    def run() -> None:
        topn.THREADS = 1  # there is a process for each core already, and threads of the first are not copied
        threadpool_limits(1)
        # Pages that are written to for the first time are copied then; the product's processes go on for many blocks.
        work(readers[:BLOCK])
        ready.wait()
        for start in range(0, len(readers), BLOCK):
            work(readers[start : start + BLOCK])

    started = [context.Process(target=run) for _ in range(PROCESSES)]
    for process in started:
        process.start()
    ready.wait()
    return timed(lambda: [process.join() for process in started])[0]


def likers(papers: Sequence[Paper], n: int) -> tuple[list[Profile], dict[str, Paper]]:
    """Readers who like 20 papers each, and these papers."""
    rng = np.random.default_rng(0)
    picks = [[papers[i] for i in rng.choice(len(papers), LIKED, replace=False)] for _ in range(n)]
    profiles = [
        Profile(slug=f"r{number}", name="A", liked=tuple(paper.id for paper in pick))
        for number, pick in enumerate(picks)
    ]
    return profiles, {paper.id: paper for pick in picks for paper in pick}


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds of wall time, and what came of it."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


if __name__ == "__main__":
    main()
