"""A synthetic arXiv snapshot from disk to a corpus that can be searched: papers a second, and memory as it goes.

    python bench/ingest.py --lines 200000

The snapshot comes from make_snapshot.py. The work is that of `digest ingest`, and of the first search behind it, which
counts terms and indexes words; it is done in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import make_snapshot
import orjson

from digest.ingest import ingest
from digest.store import Store, statistics, word_index

if TYPE_CHECKING:
    from collections.abc import Callable

AS_OF = date(2025, 1, 1)
MARKS = (0.25, 0.5, 1.0)
UNIT = 2**20 if sys.platform == "darwin" else 2**10
"""Of `ru_maxrss` in a megabyte: bytes on macOS, kilobytes elsewhere (getrusage(2))."""

STAGES = ("parse, fold, store", "term statistics", "word index")


class Gauge:
    """Watches a stage: the peak memory of this process, in MB, when each share of its work is done."""

    def __init__(self) -> None:
        self.peaks: dict[float, float] = defaultdict(peak)

    def step(self, stage: str, done: int, total: int | None, note: str = "") -> None:  # noqa: ARG002
        """Note the peak where a mark has been passed."""
        for mark in MARKS:
            if mark not in self.peaks and total and done >= mark * total:
                self.peaks[mark] = peak()

    def say(self, line: str) -> None:
        """Pass over it."""


def main() -> None:
    """Make the snapshot, take it in in a child process, and print the figures."""
    parser = argparse.ArgumentParser(description="Speed and memory from a snapshot to a corpus that can be searched.")
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(measure(arguments.child)))
        return
    with tempfile.TemporaryDirectory() as folder:
        snapshot = Path(folder) / "snapshot.json"
        make_snapshot.write(snapshot, arguments.lines, arguments.seed)
        megabytes = snapshot.stat().st_size / 1e6
        bare = bare_loop(snapshot)
        child = [sys.executable, __file__, "--child", str(snapshot)]
        figures = json.loads(subprocess.run(child, check=True, stdout=subprocess.PIPE).stdout)
    papers = figures["new"]
    print(f"{papers:,} papers ({megabytes:,.0f} MB), {bare:.2f} s of CPU to read and parse as JSON and nothing else")
    for stage, (wall, cpu, peaks) in zip(STAGES, figures["stages"], strict=True):
        marks = ", ".join(f"{megabytes:.0f} at {mark:.0%}" for mark, megabytes in zip(MARKS, peaks, strict=True))
        print(f"{stage:18} {told(wall, cpu, papers, bare)}; peak memory in MB {marks}")
    wall, cpu = (sum(stage[n] for stage in figures["stages"]) for n in (0, 1))
    print(f"{'all of it':18} {told(wall, cpu, papers, bare)}")


def told(wall: float, cpu: float, papers: int, bare: float) -> str:
    """What a stage took, also in bare loops: a machine with other work slows both down alike."""
    return f"{wall:7.1f} s, {papers / wall:7,.0f} papers/s; {cpu:7.1f} s of CPU, {cpu / bare:5.1f} bare loops"


def measure(snapshot: Path) -> dict[str, object]:
    """Take it into a new database: papers added; of each stage seconds, seconds of CPU, and the peaks in MB."""
    stages = []
    with Store(snapshot.with_name("digest.sqlite3")) as store:
        work: tuple[Callable[[Gauge], object], ...] = (
            lambda gauge: ingest(store, [snapshot], as_of=AS_OF, progress=gauge),
            lambda gauge: statistics.of_all(store, gauge),
            lambda gauge: word_index.grow(store, gauge),
        )
        done = []
        for stage in work:
            gauge = Gauge()
            wall, cpu = time.perf_counter(), time.process_time()
            done.append(stage(gauge))
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            stages.append((wall, cpu, [gauge.peaks[mark] for mark in MARKS]))
    return {"new": done[0].new, "stages": stages}  # type: ignore[attr-defined]  # the first one is the report


def peak() -> float:
    """The most memory, in MB, that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / UNIT


def bare_loop(snapshot: Path) -> float:
    """Seconds of CPU that reading and parsing the lines take, and nothing else."""
    began = time.process_time()
    with snapshot.open("rb") as lines:
        for line in lines:
            orjson.loads(line)
    return time.process_time() - began


if __name__ == "__main__":
    main()
