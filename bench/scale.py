"""How time and memory grow with readers and with papers, and what a reader costs beside a classifier for each.

    python bench/scale.py --readers 1000 4000 --papers 5000 20000 80000 --million 1000000

Each cell of the table is a whole day of its own: a corpus of so many papers, 1,500 new ones, so many readers with three
topics and five liked papers each (bench/run.py), composed by one process and by two. Growth is the exponent between two
neighbours: 0 where nothing grows, 1 where it grows as its cause does. Then readers drawn from the papers' own words are
ranked by the million, and one reader's issue is set beside a linear classifier that learns their likes among 20,000
papers, which is what arxiv-sanity-lite does for each (bench/ranking.py).
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))
import orjson
import ranking
import run
import stage
from day import DAY
from make_snapshot import lines

from digest.sources import arxiv_snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

COMPARED = 20_000
"""Papers of the comparison with a classifier for each reader."""


@dataclass(frozen=True)
class Cell:
    """One day: seconds of taking in the new papers, of composing by one process and by two, and peak megabytes."""

    papers: int
    readers: int
    ingest: float
    alone: float
    together: float
    peak: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time a day at several sizes.")
    parser.add_argument("--readers", type=int, nargs="+", default=[500, 2000], help="readers (default: 500 2000)")
    parser.add_argument("--papers", type=int, nargs="+", default=[5000, 20_000], help="papers known before")
    parser.add_argument("--million", type=int, default=0, help="readers that are only ranked (default: none)")
    options = parser.parse_args()
    print("papers      readers    ingest   compose, 1 and 2 processes    a reader    peak memory")
    cells = [told(measured(papers, readers)) for papers in options.papers for readers in options.readers]
    for papers in options.papers:
        row = [cell for cell in cells if cell.papers == papers]
        growth(f"composing, with readers, at {papers:,} papers", [(cell.readers, cell.alone) for cell in row])
    for readers in options.readers:
        column = [cell for cell in cells if cell.readers == readers]
        growth(f"composing, with papers, at {readers:,} readers", [(cell.papers, cell.alone) for cell in column])
        growth(f"memory, with papers, at {readers:,} readers", [(cell.papers, cell.peak) for cell in column])
    corpus = [arxiv_snapshot.parse(orjson.loads(line)) for line in lines(COMPARED, seed=0)]
    if options.million:
        ranking.crowd(corpus, options.million)
    ranking.one_reader(corpus)


def measured(papers: int, readers: int) -> Cell:
    """A day of these sizes, in a home that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        options = argparse.Namespace(corpus=papers, papers=1500, readers=readers)
        run.prepare(home, options)
        took: list[float] = []
        peaks: list[float] = []
        _, ingested = stage.run(home, DAY, "ingest")
        kept = (home / "digest.sqlite3").read_bytes()
        for processes in (1, 2):
            (home / "digest.sqlite3").write_bytes(kept)
            (home / "digest.toml").write_text(f"processes = {processes}\nwrite_pages = false\n", encoding="utf-8")
            (figures,), whole = stage.run(home, DAY, "compose")
            took.append(whole)
            peaks.append(figures["peak"])
        return Cell(papers, readers, ingested, took[0], took[1], max(peaks))


def told(cell: Cell) -> Cell:
    """The cell, printed."""
    each = 1e3 * min(cell.alone, cell.together) / cell.readers
    print(
        f"{cell.papers:>9,} {cell.readers:>9,} {cell.ingest:>7.1f} s {cell.alone:>9.1f} s {cell.together:>9.1f} s "
        f"({cell.alone / cell.together:.2f}) {each:>9.1f} ms {cell.peak:>9.0f} MB",
        flush=True,
    )
    return cell


def growth(what: str, points: Sequence[tuple[float, float]]) -> None:
    """Print the exponents between neighbours, if there are any."""
    found = [
        math.log(after / before) / math.log(larger / smaller) for (smaller, before), (larger, after) in pairwise(points)
    ]
    if found:
        print(f"{what}: exponents {', '.join(f'{each:.2f}' for each in found)}")


if __name__ == "__main__":
    main()
