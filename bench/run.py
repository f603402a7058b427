"""A whole morning: a day's papers taken in, readers ranked, composed, rendered and sent; seconds, and memory.

    python bench/run.py --readers 10000 --processes 2

The feed (bench/day.py), the corpus that it comes into and the readers are made up: three topics each, like titles of
papers, and five liked papers. Every stage is a process of its own, as in a nightly run; the mails go to a sink on the
same machine (bench/smtp_sink.py).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random  # noqa: TID251  (seeded)
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from datetime import time as hour
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import orjson
from day import CORPUS_DAY, DAY, rss
from make_snapshot import lines

from digest import delivering, pipeline, settings
from digest.clock import Clock
from digest.ingest import ingest
from digest.progress import Silent
from digest.rendering import renderer
from digest.store import Store, outbox, statistics, word_index
from digest.types import Profile, Topic

UNIT = 2**20 if sys.platform == "darwin" else 2**10
"""Of `ru_maxrss` in a megabyte: bytes on macOS, kilobytes elsewhere (getrusage(2))."""

NOW = datetime.combine(DAY, hour(6), tzinfo=UTC)
TOPICS, LIKED = 3, 5


def main() -> None:
    """Make a corpus, a feed and readers, run the stages, and print the figures."""
    parser = argparse.ArgumentParser(description="Time a whole run.")
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--papers", type=int, default=1500)
    parser.add_argument("--corpus", type=int, default=20_000, help="papers known before (default: 20,000)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--stage", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stage:
        name, home = options.stage
        print(json.dumps(measure(name, Path(home))))
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, Path(__file__).with_name("smtp_sink.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as sink,
    ):
        if sink.stdout is None:
            raise SystemExit("the sink does not speak")
        home = Path(folder)
        (home / "digest.toml").write_text(
            'sender = "Paper Digest <digest@example.org>"\nwrite_pages = false\n'
            f"processes = {options.processes}\n"
            f'[delivery]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {int(sink.stdout.readline())}\n'
            'security = "none"\nconnections = 2\nmails_per_connection = 1000\n'
        )
        prepare(home, options)
        figures = {name: stage(name, home) for name in ("ingest", "compose", "send")}
        with Store(home / "digest.sqlite3") as store, store.reading() as connection:
            states = outbox.count(connection)
        sink.communicate()
    for name, figure in figures.items():
        print(f"{name}: {figure['seconds']:.1f} s, peak memory of a process {figure['peak']:.0f} MB; {figure['done']}")
    whole = sum(figure["seconds"] for figure in figures.values())
    print(f"the whole run: {whole:.1f} s, {options.readers / whole:,.0f} readers/s; {states}")


def prepare(home: Path, options: argparse.Namespace) -> None:
    """Take in the corpus; write the feed of the day and the readers.

    Not here: what is started later has at least the memory of its parent for its peak.
    """
    apart = multiprocessing.get_context("spawn").Process(target=_prepare, args=(home, options))
    apart.start()
    apart.join()
    if apart.exitcode:
        raise SystemExit("the corpus could not be made")


def _prepare(home: Path, options: argparse.Namespace) -> None:
    source = lines(options.corpus + options.papers, seed=1)
    (home / "known.json").write_bytes(b"".join(islice(source, options.corpus)))
    news = [orjson.loads(line) for line in source]
    (home / "feed.xml").write_text(rss(news), encoding="utf-8")
    with Store(home / "digest.sqlite3") as store:
        ingest(store, [home / "known.json"], as_of=CORPUS_DAY)
        statistics.of_all(store)
        word_index.grow(store, Silent())
    known = [orjson.loads(line) for line in (home / "known.json").read_bytes().splitlines()[-5000:]]
    chance = random.Random(1)  # noqa: S311  (no secret)
    readers = [
        {
            "topics": [chance.choice(news)["title"] for _ in range(TOPICS)],
            "liked": [f"arxiv:{chance.choice(known)['id']}" for _ in range(LIKED)],
        }
        for _ in range(options.readers)
    ]
    (home / "readers.json").write_bytes(orjson.dumps(readers))


def stage(name: str, home: Path) -> dict[str, Any]:
    """What a process of its own measures, its start included."""
    began = time.perf_counter()
    child = subprocess.run([sys.executable, __file__, "--stage", name, home], check=True, stdout=subprocess.PIPE)
    figures: dict[str, Any] = json.loads(child.stdout)
    return figures | {"seconds": time.perf_counter() - began}


def measure(name: str, home: Path) -> dict[str, Any]:
    """Run one stage; what it did, and the peak memory of the largest process in MB."""
    options = settings.load(home)
    with Store(options.database) as store:
        if name == "ingest":
            report = ingest(store, [home / "feed.xml"], as_of=DAY)
            statistics.of_all(store)
            word_index.grow(store, Silent())
            done = f"{report.new:,} new papers"
        elif name == "compose":
            made = pipeline.compose_issues(store, options, readers(home), day=DAY, now=NOW, queued=instant())
            done = f"{len(made.issues):,} issues, {sum(each['papers'] for each in made.issues):,} papers in them"
        else:
            clock = Clock(now=instant)
            sent = delivering.deliver(store, options, renderer(options), clock=clock, environment=os.environ)
            done = f"{sent.delivered:,} mails"
    used = (resource.getrusage(who).ru_maxrss / UNIT for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"peak": max(used), "done": done}


def readers(home: Path) -> list[Profile]:
    """The readers' profiles."""
    return [
        Profile(
            slug=f"reader{n}",
            name=f"Reader {n}",
            email=f"reader{n}@example.org",
            topics=tuple(Topic(text=text) for text in each["topics"]),
            liked=tuple(each["liked"]),
        )
        for n, each in enumerate(orjson.loads((home / "readers.json").read_bytes()))
    ]


def instant() -> datetime:
    """The time now."""
    return datetime.now(UTC)  # noqa: TID251  (a program is where the clock is read)


if __name__ == "__main__":
    main()
