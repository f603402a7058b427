"""A synthetic arXiv snapshot from disk to a corpus that can be searched: papers a second, and memory as it goes.

    python bench/ingest.py --lines 200000
    python bench/ingest.py --lines 200000 --apart

The snapshot comes from make_snapshot.py. What is measured is `digest ingest` as a user has it, from its start to its
end, when all papers are counted and indexed; by itself it starts a process for that. `--apart` does the same work in
one process, one stage after the other, so that each has figures of its own.

Processor time is also told in bare loops, which read and parse the lines and do nothing else: a machine with other work
slows both down alike. Memory is what all processes of the command have at a time (Linux); pages they share count twice.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import make_snapshot
import orjson

from digest.ingest import ingest
from digest.progress import Silent
from digest.store import Store, statistics, word_index
from digest.store.papers import count

if TYPE_CHECKING:
    from collections.abc import Callable

AS_OF = date(2025, 1, 1)
MARKS = (0.25, 0.5, 1.0)
UNIT = 2**20 if sys.platform == "darwin" else 2**10
"""Of `ru_maxrss` in a megabyte: bytes on macOS, kilobytes elsewhere (getrusage(2))."""

SECONDS_BETWEEN_LOOKS = 0.2

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
    parser.add_argument("--apart", action="store_true", help="one stage after the other, in one process")
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
        print(f"{arguments.lines:,} papers ({megabytes:,.0f} MB); a bare loop takes {bare:.2f} s of CPU")
        if not arguments.apart:
            as_a_user(snapshot, arguments.lines, bare)
            return
        child = [sys.executable, __file__, "--child", str(snapshot)]
        figures = json.loads(subprocess.run(child, check=True, stdout=subprocess.PIPE).stdout)
    papers = figures["new"]
    for stage, (wall, cpu, peaks) in zip(STAGES, figures["stages"], strict=True):
        marks = ", ".join(f"{megabytes:.0f} at {mark:.0%}" for mark, megabytes in zip(MARKS, peaks, strict=True))
        print(f"{stage:18} {told(wall, cpu, papers, bare)}; peak memory in MB {marks}")
    wall, cpu = (sum(stage[n] for stage in figures["stages"]) for n in (0, 1))
    print(f"{'all of it':18} {told(wall, cpu, papers, bare)}")


def as_a_user(snapshot: Path, lines: int, bare: float) -> None:
    """Run `digest ingest` on it, see that all papers are counted and indexed, and print the figures."""
    home = snapshot.parent / "home"
    command = [sys.executable, "-c", "from digest.cli import main; main()", "ingest", str(snapshot)]
    began, memory = time.perf_counter(), [(0.0, 0.0)]
    with subprocess.Popen(command, env=os.environ | {"DIGEST_HOME": str(home)}) as run:
        while run.poll() is None:
            memory.append((time.perf_counter() - began, megabytes_of(run.pid)))
            with suppress(subprocess.TimeoutExpired):
                run.wait(SECONDS_BETWEEN_LOOKS)
    wall = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    with Store(home / "digest.sqlite3") as store:
        counted, indexed = statistics.kept(store, Silent()).counted, word_index.grow(store, Silent(), chunks=0)
        with store.reading() as connection:
            papers = count(connection)
    if not run.returncode == 0 < lines == papers == counted == indexed:
        sys.exit(f"not all of it was done: {papers:,} papers, {counted:,} counted, {indexed:,} indexed")
    print(f"{'digest ingest':18} {told(wall, used.ru_utime + used.ru_stime, papers, bare)}; memory in MB ", end="")
    print(", ".join(f"{max(mb for at, mb in memory if at <= mark * wall):.0f} at {mark:.0%}" for mark in MARKS))


def megabytes_of(process: int) -> float:
    """What a process and those it started have in memory; 0 where the system does not tell (proc(5))."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
        started = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except (OSError, IndexError):
        return 0.0
    return pages * resource.getpagesize() / 2**20 + sum(megabytes_of(int(each)) for each in started)


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
