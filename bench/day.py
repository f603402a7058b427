"""A day's papers as arXiv's RSS, from bytes to a corpus that can be searched: seconds, besides the network.

    python bench/day.py --papers 1500 --corpus 20000

The feed is made up (bench/make_snapshot.py), and so is the corpus that it comes into. The work is done in a fresh
process, as by a nightly run; what its imports take is printed apart.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import orjson
from make_snapshot import lines

if TYPE_CHECKING:
    from collections.abc import Iterable

CORPUS_DAY = date(2025, 5, 8)
DAY = CORPUS_DAY + timedelta(days=1)


def main() -> None:
    """Make a corpus and a feed, take the feed in in a child process, and print the figures."""
    parser = argparse.ArgumentParser(description="Time a day's papers from RSS.")
    parser.add_argument("--papers", type=int, default=1500)
    parser.add_argument("--corpus", type=int, default=20_000, help="papers known before (default: 20,000)")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options.child)))
        return
    source = lines(options.corpus + options.papers, seed=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        known, feed = folder / "known.json", folder / "feed.xml"
        known.write_bytes(b"".join(islice(source, options.corpus)))
        figures = child(known)
        feed.write_text(rss(orjson.loads(line) for line in source), encoding="utf-8")
        print(f"{figures['new']:,} papers known before; a feed of {feed.stat().st_size / 1e6:.1f} MB")
        figures = child(feed)
    stages = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in figures["seconds"].items())
    in_all = sum(figures["seconds"].values())
    print(f"{figures['new']:,} new papers from RSS: {in_all:.2f} s ({stages}), {figures['cpu']:.2f} s of CPU; ", end="")
    print(f"imports took {figures['imports']:.2f} s")


def child(dump: Path) -> dict[str, Any]:
    """What a process of its own measures."""
    command = [sys.executable, __file__, "--child", str(dump)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


def measure(dump: Path) -> dict[str, object]:
    """Take a dump into the database beside it: papers added, seconds of each stage, of CPU, and of the imports."""
    began = time.perf_counter()
    import sklearn.feature_extraction.text  # noqa: F401, PLC0415 - its stop words are loaded late

    from digest.ingest import ingest  # noqa: PLC0415
    from digest.progress import Silent  # noqa: PLC0415
    from digest.store import Store, statistics, word_index  # noqa: PLC0415

    imported = time.perf_counter()
    cpu = time.process_time()
    with Store(dump.with_name("digest.sqlite3")) as store:
        report = ingest(store, [dump], as_of=DAY)
        stored = time.perf_counter()
        statistics.of_all(store)
        counted = time.perf_counter()
        word_index.grow(store, Silent())
        indexed = time.perf_counter()
    seconds = {"parse and store": stored - imported, "statistics": counted - stored, "index": indexed - counted}
    cpu = time.process_time() - cpu
    return {"new": report.new, "seconds": seconds, "cpu": cpu, "imports": imported - began}


def rss(records: Iterable[dict[str, Any]]) -> str:
    """The papers of records as arXiv announces them (https://info.arxiv.org/help/rss_specifications.html)."""
    items = "".join(
        f"<item><title>{escape(each['title'])}</title><link>https://arxiv.org/abs/{each['id']}</link>"
        f"<description>arXiv:{each['id']}v1 Announce Type: new \nAbstract: {escape(each['abstract'])}</description>"
        f'<guid isPermaLink="false">oai:arXiv.org:{each["id"]}v1</guid>'
        f"{''.join(f'<category>{name}</category>' for name in each['categories'].split())}"
        f"<pubDate>{DAY:%a, %d %b %Y} 00:00:00 -0400</pubDate><arxiv:announce_type>new</arxiv:announce_type>"
        f"<dc:creator>{escape(each['authors'])}</dc:creator></item>\n"
        for each in records
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss xmlns:arxiv="http://arxiv.org/schemas/atom" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0"><channel><title>updates on arXiv.org</title>'
        f"<link>http://rss.arxiv.org/rss/cs</link><description>updates</description>{items}</channel></rss>"
    )


if __name__ == "__main__":
    main()
