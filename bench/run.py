"""A whole morning: a day's papers taken in, readers ranked, composed, rendered and sent; seconds, and memory.

    python bench/run.py --readers 10000 --processes 2

The feed (bench/day.py), the corpus that it comes into and the readers are made up: three topics each, like titles of
papers, and five liked papers. A process runs all stages one after the other
(bench/stage.py), as `digest run` does; the mails go to a sink on the same machine (bench/smtp_sink.py).
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random  # noqa: TID251  (seeded)
import sys
import tempfile
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import orjson
import sinks
import stage
from day import CORPUS_DAY, DAY, rss
from make_snapshot import lines

from digest.ingest import ingest
from digest.progress import Silent
from digest.store import Store, outbox, statistics, word_index

STAGES = "ingest", "compose", "send"
TOPICS, LIKED = 3, 5


def main() -> None:
    """Make a corpus, a feed and readers, run the stages, and print the figures."""
    parser = argparse.ArgumentParser(description="Time a whole run.")
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--papers", type=int, default=1500)
    parser.add_argument("--corpus", type=int, default=20_000, help="papers known before (default: 20,000)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        sinks.ours() as port,
    ):
        home = Path(folder)
        (home / "digest.toml").write_text(
            'sender = "Paper Digest <digest@example.org>"\nwrite_pages = false\n'
            f"processes = {options.processes}\n"
            f'[delivery]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {port}\n'
            'security = "none"\nconnections = 2\nmails_per_connection = 1000\n'
        )
        prepare(home, options)
        figures, whole = stage.run(home, DAY, *STAGES)
        with Store(home / "digest.sqlite3") as store, store.reading() as connection:
            states = outbox.count(connection)
    for name, figure in zip(STAGES, figures, strict=True):
        print(f"{name}: {figure['seconds']:.1f} s; {figure['done']}")
    last = figures[-1]
    print(
        f"the whole run: {whole:.1f} s, its start included; {options.readers / whole:,.0f} readers/s, "
        f"{last['processor']:.0f} s of the processor; peak memory of a process {last['peak']:.0f} MB; {states}"
    )


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
    (home / stage.READERS).write_bytes(orjson.dumps(readers))


if __name__ == "__main__":
    main()
