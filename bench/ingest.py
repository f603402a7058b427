"""Ingest a synthetic arXiv snapshot and print what that takes: papers a second, and memory as the file goes by.

    python bench/ingest.py --lines 200000

The snapshot comes from make_snapshot.py; the ingest runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import make_snapshot
import orjson

from digest.ingest import ingest
from digest.store import Store

AS_OF = date(2025, 1, 1)
MARKS = (0.25, 0.5, 1.0)
UNIT = 2**20 if sys.platform == "darwin" else 2**10
"""Of `ru_maxrss` in a megabyte: bytes on macOS, kilobytes elsewhere (getrusage(2))."""


class Gauge:
    """Watches an ingest: the peak memory of this process, in MB, when each share of the file has been read."""

    def __init__(self) -> None:
        self.peaks: dict[float, float] = {}

    def step(self, stage: str, done: int, total: int | None, note: str = "") -> None:  # noqa: ARG002
        """Note the peak where a mark has been passed."""
        for mark in MARKS:
            if mark not in self.peaks and total and done >= mark * total:
                self.peaks[mark] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / UNIT

    def say(self, line: str) -> None:
        """Pass over it."""


def main() -> None:
    """Make the snapshot, ingest it in a child process, and print the figures."""
    parser = argparse.ArgumentParser(description="Speed and memory of an ingest.")
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
    seconds, peaks = figures["seconds"], figures["peaks"]
    print(
        f"{figures['new']:,} papers ({megabytes:,.0f} MB) in {seconds:.1f} s: {figures['new'] / seconds:,.0f} papers/s"
    )
    print(f"bare loop (orjson.loads of the same lines) {bare:.2f} s: ingest takes {seconds / bare:.0f} times as long")
    marks = ", ".join(f"{peak:.0f} at {mark:.0%}" for mark, peak in zip(MARKS, peaks, strict=True))
    print(f"peak memory in MB: {marks} of the file; last to first {peaks[-1] / peaks[0]:.2f}")


def measure(snapshot: Path) -> dict[str, object]:
    """Ingest into a new database: papers added, seconds, and the peaks in MB."""
    gauge = Gauge()
    with Store(snapshot.with_name("digest.sqlite3")) as store:
        began = time.perf_counter()
        report = ingest(store, [snapshot], as_of=AS_OF, progress=gauge)
        seconds = time.perf_counter() - began
    return {"new": report.new, "seconds": seconds, "peaks": [gauge.peaks[mark] for mark in MARKS]}


def bare_loop(snapshot: Path) -> float:
    """Seconds that reading and parsing the lines take, and nothing else."""
    began = time.perf_counter()
    with snapshot.open("rb") as lines:
        for line in lines:
            orjson.loads(line)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
