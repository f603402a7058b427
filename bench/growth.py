"""What 1,500 more papers cost in a corpus of 5,000 and in a large one: taken in, counted, and indexed for search.

    python bench/growth.py --papers 500000

Papers are made up (bench/make_snapshot.py). Both sizes take turns with the same new papers, other ones each time; the
best try of each size counts. Making the large corpus takes some minutes and some gigabytes of the temporary folder.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import sys
import tempfile
import time
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

sys.path.insert(0, str(Path(__file__).parent))
from ingest import UNIT
from make_snapshot import lines

from digest.ingest import ingest
from digest.progress import Silent
from digest.ranking.search import Query
from digest.sources import arxiv_snapshot
from digest.store import Store, statistics, word_index
from digest.store.search import Bounds, search, similar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from digest.types import Paper

DAY = 1500
SMALL = 5000
PIECE = 50_000
BOUND = 1.2
AS_OF = date(2025, 1, 1)
STAGES = ("ingest", "statistics", "index")


def main() -> None:
    """Make both corpora, add days to them, and print the figures."""
    parser = argparse.ArgumentParser(description="Time a day's papers in a small and in a large corpus.")
    parser.add_argument("--papers", type=int, default=500_000, help="papers of the large corpus (default: 500,000)")
    parser.add_argument("--tries", type=int, default=5, help="days added to each (default: 5)")
    options = parser.parse_args()
    source = lines(options.papers + options.tries * DAY, seed=1)
    with tempfile.TemporaryDirectory() as name:
        small, large = Path(name) / "small", Path(name) / "large"
        began = time.perf_counter()
        first = list(islice(source, SMALL))
        grow(small, first)
        grow(large, first)
        for done in range(SMALL, options.papers, PIECE):
            grow(large, islice(source, min(PIECE, options.papers - done)))
            print(
                f"{time.perf_counter() - began:4.0f} s: {min(done + PIECE, options.papers):,} papers", file=sys.stderr
            )
        print(f"made the corpus of {options.papers:,} papers in {time.perf_counter() - began:.0f} s")
        days = [list(islice(source, DAY)) for _ in range(options.tries)]
        report([(grow_a_copy(small, day), grow(large, day)) for day in days], options.papers)
        with Store(large / "digest.sqlite3") as store:
            searches(store, [arxiv_snapshot.parse(orjson.loads(line)) for line in days[-1][:10]])
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / UNIT:.0f} MB")


def grow(folder: Path, day: Iterable[bytes]) -> list[float]:
    """Seconds of each of `STAGES` for these papers, which go into the corpus in that folder."""
    folder.mkdir(exist_ok=True)
    dump = folder / "dump.json"
    dump.write_bytes(b"".join(day))
    database = folder / "digest.sqlite3"

    def take_in() -> None:
        with Store(database) as store:
            ingest(store, [dump], as_of=AS_OF)

    stored = seconds(take_in)
    with Store(database) as store:
        counted = seconds(lambda: statistics.of_all(store))
        indexed = seconds(lambda: word_index.grow(store, Silent()))
    dump.unlink()
    return [stored, counted, indexed]


def grow_a_copy(folder: Path, day: Iterable[bytes]) -> list[float]:
    """The same, in a copy of a corpus, which stays as it is."""
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    taken = grow(copy, day)
    shutil.rmtree(copy)
    return taken


def report(tries: Sequence[tuple[list[float], list[float]]], count: int) -> None:
    """Print what both sizes took, and the ratio of their best tries."""
    totals = []
    for n, size in enumerate((SMALL, count)):
        best = min((each[n] for each in tries), key=sum)
        totals.append(sum(best))
        stages = ", ".join(f"{stage} {taken:.3f}" for stage, taken in zip(STAGES, best, strict=True))
        print(f"{DAY:,} papers more at {size:,}: {sum(best):.3f} s ({stages}); best of {len(tries)}")
    print(f"ratio {totals[1] / totals[0]:.2f}, to be at most {BOUND}")


def searches(store: Store, some: Sequence[Paper]) -> None:
    """Print how long searches take: for words of titles and of abstracts, and for papers like one."""
    titles = [Query.parse(" ".join(paper.title.split()[-3:])) for paper in some]
    abstracts = [Query.parse(" ".join(paper.abstract.split()[:3])) for paper in some]
    asked: dict[str, list[Callable[[], object]]] = {
        "three words of a title": [partial(search, store, query) for query in titles],
        "three words of an abstract": [partial(search, store, query) for query in abstracts],
        "papers like one": [partial(similar, store, paper.id, Bounds(limit=20)) for paper in some],
    }
    for what, asks in asked.items():
        taken = sorted(seconds(ask) for ask in asks)
        print(f"a search for {what} takes {taken[len(taken) // 2]:.2f} s, at most {taken[-1]:.2f} s")


def seconds(work: Callable[[], object]) -> float:
    """Seconds of wall time."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
