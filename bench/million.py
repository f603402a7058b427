"""A million readers on one day: interests drawn from the words of real papers, ranked, and papers chosen for each.

    python bench/million.py ../shared/samples --readers 10000 100000 1000000 --processes 2

The papers are those of the dumps; the last 1,500 of them are the day's, the others what it is compared with. A reader
asks for one to three topics of two to four words, each drawn as often as papers have it, and half of the readers like
some papers. Nobody's profile is held: reader number n is made when n comes, so memory should not grow with readers.
What is measured is all that is a reader's own before the mail: interests, scores, bounds, the bar, variety. Reasons,
the outbox and mails are in bench/run.py.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parent))
from linkage import read
from stage import UNIT

from digest.ranking import terms, topn
from digest.ranking.rank import Ranker
from digest.types import Paper, Profile, Topic

DAY = 1500
BLOCK = 500
"""Readers ranked together, as `digest.composing` does."""

MOST_TOPICS, MOST_WORDS, MOST_LIKED = 3, 4, 8


@dataclass
class Crowd:
    """Readers without number: the n-th is always the same one."""

    papers: list[Paper]

    def __post_init__(self) -> None:
        counts = terms.count(self.papers)
        of, frequency = np.unique(counts.indices[counts.indices < terms.WORDS], return_counts=True)
        spelt: dict[int, str] = {}
        for paper in self.papers:
            spelt |= terms.spellings(paper.abstract) | terms.spellings(paper.title)
        named = [column in spelt for column in of.tolist()]
        self._words = [spelt[column] for column in of[named].tolist()]
        self._law = np.cumsum(frequency[named])
        self._known = [paper.id for paper in self.papers[:-DAY]]

    def block(self, number: int) -> list[Profile]:
        """The readers from `number * BLOCK` on."""
        rng = np.random.default_rng(number)
        topics, words = rng.integers(1, MOST_TOPICS + 1, BLOCK), rng.integers(2, MOST_WORDS + 1, (BLOCK, MOST_TOPICS))
        drawn = np.searchsorted(self._law, rng.random((BLOCK, MOST_TOPICS, MOST_WORDS)) * self._law[-1], side="right")
        liked = rng.integers(0, len(self._known), (BLOCK, MOST_LIKED))
        return [
            Profile(
                slug=f"reader{number * BLOCK + n}",
                name="A reader",
                topics=tuple(
                    Topic(text=" ".join(self._words[word] for word in drawn[n, topic, : words[n, topic]]))
                    for topic in range(topics[n])
                ),
                liked=tuple(dict.fromkeys(self._known[place] for place in liked[n])) if n % 2 else (),
            )
            for n in range(BLOCK)
        ]


@dataclass
class Done:
    """What became of some readers: how many, how many get an issue, and papers in them."""

    readers: int = 0
    issues: int = 0
    papers: int = 0
    peak: float = 0.0

    def add(self, other: Done) -> None:
        """Add those of others; the peak is the higher one, in MB."""
        self.readers += other.readers
        self.issues += other.issues
        self.papers += other.papers
        self.peak = max(self.peak, other.peak)


class Worker:
    """What one process has: the crowd and the day's ranker, made once."""

    crowd: Crowd
    ranker: Ranker


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Rank and choose for up to a million readers.")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--readers", type=int, nargs="+", default=[10_000])
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    began = time.perf_counter()
    with ProcessPoolExecutor(options.processes, context, initializer=partial(begin, options.paths)) as pool:
        list(pool.map(one_block, range(options.processes)))
        print(f"{options.processes} processes are ready after {time.perf_counter() - began:.1f} s", flush=True)
        for readers in options.readers:
            done, start = Done(), time.perf_counter()
            for part in pool.map(one_block, range(-(-readers // BLOCK)), chunksize=4):
                done.add(part)
            seconds = time.perf_counter() - start
            print(
                f"{done.readers:>9,} readers: {seconds:7.1f} s, {done.readers / seconds:,.0f} readers/s; "
                f"{done.issues:,} have an issue, {done.papers / max(done.issues, 1):.1f} papers each; "
                f"peak memory of a process {done.peak:.0f} MB",
                flush=True,
            )


def begin(paths: list[Path]) -> None:
    """Count the day's papers, once a process."""
    topn.THREADS = 1
    threadpool_limits(1)
    papers = [paper for paper in read(paths).values() if paper.abstract]
    Worker.crowd = Crowd(papers)
    known = papers[:-DAY]
    Worker.ranker = Ranker(papers[-DAY:], known, {paper.id: paper for paper in known})


def one_block(number: int) -> Done:
    """Rank and choose for one block of readers."""
    profiles = Worker.crowd.block(number)
    selections = Worker.ranker.select(profiles, [None] * len(profiles), explained=False)
    chosen = [len(each.chosen) for each in selections]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / UNIT
    return Done(len(profiles), sum(map(bool, chosen)), sum(chosen), peak)


if __name__ == "__main__":
    main()
