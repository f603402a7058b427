"""Stages of a run, one after the other in a process of their own: what each did, its seconds, and what it took.

    python bench/stage.py HOME 2025-05-09 ingest compose send

Prints JSON, a line for each stage. A stage imports what it needs and no more, as the commands do: each process that it
starts imports this file again. `compose` reads the profiles in `readers.json` (bench/run.py).
"""

# ruff: noqa: PLC0415  (as said above)

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from datetime import time as hour
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

UNIT = 2**20 if sys.platform == "darwin" else 2**10
"""Of `ru_maxrss` in a megabyte: bytes on macOS, kilobytes elsewhere (getrusage(2))."""

READERS = "readers.json"


def main() -> None:
    """Run the stages that are named, and print the figures of each."""
    from digest import collector

    collector.not_at_exit()  # as the commands do
    home, day, *names = sys.argv[1:]
    stages: dict[str, Callable[[Path, date], str]] = {"ingest": ingested, "compose": composed, "send": sent}
    for name in names:
        began = time.perf_counter()
        done = stages[name](Path(home), date.fromisoformat(day))
        seconds = time.perf_counter() - began
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        figures = {
            "done": done,
            "seconds": seconds,
            "processor": sum(each.ru_utime + each.ru_stime for each in used),
            "peak": max(each.ru_maxrss for each in used) / UNIT,
        }
        print(json.dumps(figures), flush=True)


def run(home: Path, day: date, *names: str) -> tuple[list[dict[str, Any]], float]:
    """The figures of each stage, and the seconds of all with the start of their process.

    The processor's time and the peak memory of a process are those up to the end of a stage.
    """
    began = time.perf_counter()
    command = [sys.executable, __file__, str(home), day.isoformat(), *names]
    child = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return [json.loads(line) for line in child.stdout.splitlines()], time.perf_counter() - began


def ingested(home: Path, day: date) -> str:
    """Take in `feed.xml` of the folder."""
    from digest import settings
    from digest.ingest import ingest
    from digest.progress import Silent
    from digest.store import Store, statistics, word_index

    with Store(settings.load(home).database) as store:
        report = ingest(store, [home / "feed.xml"], as_of=day)
        statistics.of_all(store)
        word_index.grow(store, Silent())
    return f"{report.new:,} new papers"


def composed(home: Path, day: date) -> str:
    """Compose the readers' issues."""
    import orjson

    from digest import pipeline, settings
    from digest.store import Store
    from digest.types import Profile, Topic

    readers = [
        Profile(
            slug=f"reader{n}",
            name=f"Reader {n}",
            email=f"reader{n}@example.org",
            topics=tuple(Topic(text=text) for text in each["topics"]),
            liked=tuple(each["liked"]),
        )
        for n, each in enumerate(orjson.loads((home / READERS).read_bytes()))
    ]
    options = settings.load(home)
    now = datetime.combine(day, hour(6), tzinfo=UTC)
    with Store(options.database) as store:
        made = pipeline.compose_issues(store, options, readers, day=day, now=now, queued=instant())
    return f"{len(made.issues):,} issues, {sum(each['papers'] for each in made.issues):,} papers in them"


def sent(home: Path, _: date) -> str:
    """Send all that is due."""
    from digest import delivering, settings
    from digest.clock import Clock
    from digest.rendering import renderer
    from digest.store import Store

    options = settings.load(home)
    with Store(options.database) as store:
        clock = Clock(now=instant)
        report = delivering.deliver(store, options, renderer(options), clock=clock, environment=os.environ)
    if report.failed:
        raise SystemExit(str(report.failed[:3]))
    return f"{report.delivered:,} mails"


def instant() -> datetime:
    """The time now."""
    return datetime.now(UTC)  # noqa: TID251  (a program is where the clock is read)


if __name__ == "__main__":
    main()
