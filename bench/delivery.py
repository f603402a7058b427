"""From ranked issues in the outbox to mails that a server has accepted: mails a second, and memory.

    python bench/delivery.py --readers 10000

Each reader has ten of a day's 300 papers, with scores and reasons of his own (bench/render.py). Rendering, MIME, SMTP
and the record of each outcome are what `digest outbox send` does, in processes of its own; the server is a sink on the
same machine (bench/smtp_sink.py). The reference is a client that knows nothing but to write and to read
(bench/smtp.py), which sends as many octets over one connection.
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
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))
from render import DAY, issues
from smtp import rate, raw

from digest import pipeline, settings
from digest.clock import Clock
from digest.rendering import renderer
from digest.store import Store, issue_content, outbox, papers
from digest.store import issues as kept

if TYPE_CHECKING:
    from digest.types import Issue

UNIT = 2**20 if sys.platform == "darwin" else 2**10
"""Of `ru_maxrss` in a megabyte: bytes on macOS, kilobytes elsewhere (getrusage(2))."""

BATCH = 500
SAMPLED = 200


def main() -> None:
    """Fill an outbox, send it in a child process, and print the figures."""
    parser = argparse.ArgumentParser(description="Mails a second from the outbox to a mail server.")
    parser.add_argument("--readers", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--connections", type=int, default=2)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(send(arguments.child)))
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
        port = int(sink.stdout.readline())
        home = Path(folder)
        (home / "digest.toml").write_text(
            f'sender = "Paper Digest <digest@example.org>"\nwrite_pages = false\nprocesses = {arguments.processes}\n'
            f'[delivery]\ntransport = "smtp"\n'
            f'host = "127.0.0.1"\nport = {port}\nsecurity = "none"\nconnections = {arguments.connections}\n'
            "mails_per_connection = 1000\n"
        )
        size = fill(home, arguments.readers)
        bare = rate(raw, port, b"x" * 70 + (b"\r\n" + b"y" * 74) * (size // 76) + b"\r\n", 1, 3.0)
        began = time.perf_counter()
        child = subprocess.run([sys.executable, __file__, "--child", home], check=True, stdout=subprocess.PIPE)
        wall = time.perf_counter() - began
        figures = json.loads(child.stdout)
        with Store(home / "digest.sqlite3") as store, store.reading() as connection:
            states = outbox.count(connection)
        sink.communicate()
    took = figures["seconds"]
    print(f"{arguments.readers:,} mails of {size / 1000:.0f} kB: {states}")
    print(
        f"{arguments.readers / took:,.0f} mails/s ({wall:.1f} s with the program's start), "
        f"peak memory {figures['peak']:.0f} MB; the bare client {bare:,.0f} mails/s, "
        f"ratio {arguments.readers / took / bare:.2f}"
    )


def fill(home: Path, readers: int) -> int:
    """Put the issues into an outbox; the size of a mail in octets."""
    options = settings.load(home)
    now = instant()
    with Store(options.database) as store:
        known: set[str] = set()
        batch: list[Issue] = []
        for content in issues(readers):
            issue = issue_content.read(content)
            batch.append(issue)
            if len(batch) == BATCH:
                add(store, batch, known, now)
                batch = []
        add(store, batch, known, now)
    rendered = renderer(options).render(issue, None)
    return len(pipeline.mail(options, rendered, issue, "reader@example.org"))


def add(store: Store, batch: list[Issue], known: set[str], now: datetime) -> None:
    """A transaction's worth of issues, with the papers that are not there yet."""
    with store.writing() as connection:
        fresh = {paper.id: paper for issue in batch for paper in issue.papers if paper.id not in known}
        papers.add(connection, list(fresh.values()), DAY)
        known |= fresh.keys()
        for issue in batch:
            covered = kept.Coverage(day=DAY, seq=0)
            kept.add(connection, issue, covered=covered, recipient=f"{issue.profile}@example.org", now=now)


def instant() -> datetime:
    """The time now."""
    return datetime.now(UTC)  # noqa: TID251  (a program is where the clock is read)


def send(home: Path) -> dict[str, float]:
    """Send all that is due; seconds, and the peak memory of the largest process in MB."""
    options = settings.load(home)
    ready = renderer(options)
    began = time.perf_counter()
    with Store(options.database) as store:
        report = pipeline.deliver(store, options, ready, clock=Clock(now=instant), environment=os.environ)
    if report.failed:
        raise SystemExit(str(report.failed[:3]))
    seconds = time.perf_counter() - began
    used = (resource.getrusage(who).ru_maxrss / UNIT for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"seconds": seconds, "peak": max(used)}


if __name__ == "__main__":
    main()
