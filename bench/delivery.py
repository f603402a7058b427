"""From ranked issues in the outbox to mails that a server has accepted: mails a second, and memory.

    python bench/delivery.py --readers 10000 100000

Each reader has ten of a day's 300 papers, with scores and reasons of his own (bench/render.py). Rendering, MIME, SMTP
and the record of each outcome are what `digest outbox send` does, in processes of its own; the servers are sinks on the
same machine (bench/sinks.py). The reference is a raw client that knows nothing but to write and to read, pipelined
(bench/smtp.py): it has the mails of the first readers in memory, and sends these over and over to the same sink, before
and behind the product's turn; the better turn counts. It sends over one connection, and then by as many processes, each
with its own. What carries over to another machine is the ratio, and the processor's time a mail.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))
import sinks
import stage
from render import DAY, issue_of, issues
from smtp import rate, raw

from digest import pipeline, settings
from digest.rendering import renderer
from digest.store import Store, outbox, papers
from digest.store import issues as kept

if TYPE_CHECKING:
    from digest.types import Issue

BATCH = 500
SAMPLED = 500
TURN = 3.0
PORT = 2525
"""What stands in the settings until a sink has its own."""

SINKS = {"a sink that looks at no octet": sinks.ours, "Postfix's smtp-sink": sinks.postfix}


def main() -> None:
    """Fill an outbox, send it in a child process, and print the figures, for each number of readers."""
    parser = argparse.ArgumentParser(description="Mails a second from the outbox to a mail server.")
    parser.add_argument("--readers", type=int, nargs="+", default=[10_000], help="one run for each (default: 10,000)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--connections", type=int, default=4, help="of all processes")
    parser.add_argument("--fill", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--raw", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.fill:
        fill(Path(arguments.fill[0]), int(arguments.fill[1]))
    elif arguments.raw:
        print(repeat(int(arguments.raw[0]), Path(arguments.raw[1])))
    else:
        peaks = [measure(readers, arguments) for readers in arguments.readers]
        if len(peaks) > 1:
            print(
                f"memory of {arguments.readers[-1]:,} by that of {arguments.readers[0]:,}: {peaks[-1] / peaks[0]:.2f}"
            )


def measure(readers: int, arguments: argparse.Namespace) -> float:
    """A run to each sink; prints its figures and gives the peak memory in MB."""
    peak = 0.0
    with tempfile.TemporaryDirectory() as folder:
        filled, home = Path(folder) / "filled", Path(folder) / "home"
        filled.mkdir()
        configure(filled, arguments)
        # Not here: what is started has at least the memory of its parent for its peak.
        subprocess.run([sys.executable, __file__, "--fill", filled, str(readers)], check=True)
        for name, sink in SINKS.items():
            if sink is sinks.postfix and not sinks.program():
                print(f"  to {name}: not on this machine; make smtp-sink gets it")
                continue
            shutil.copytree(filled, home)
            with sink() as port:
                one, many = (reference(home, port, processes) for processes in (1, arguments.processes))
            with sink() as port:
                text = (home / "digest.toml").read_text().replace(str(PORT), str(port))
                (home / "digest.toml").write_text(text)
                (figures,), _ = stage.run(home, DAY, "send")
            with sink() as port:
                one, many = (max(each, reference(home, port, n)) for each, n in ((one, 1), (many, arguments.processes)))
            with Store(home / "digest.sqlite3") as store, store.reading() as connection:
                states = {state.value: number for state, number in outbox.count(connection).items()}
            shutil.rmtree(home)
            speed, peak = readers / figures["seconds"], max(peak, figures["peak"])
            size = sum(json.loads((filled / "mails.json").read_text())) / SAMPLED
            print(
                f"{readers:,} mails of {size / 1000:.0f} kB by {arguments.processes} processes to {name}: "
                f"{speed:,.0f} mails/s, {figures['processor'] / readers * 1e6:,.0f} µs of the processor each; "
                f"peak memory of a process {figures['peak']:.0f} MB; {states}\n"
                f"  a raw pipelined client: {one:,.0f} mails/s, ratio {speed / one:.2f}; "
                f"by {arguments.processes} processes: {many:,.0f} mails/s, ratio {speed / many:.2f}",
                flush=True,
            )
    return peak


def configure(home: Path, arguments: argparse.Namespace) -> None:
    """Write the settings."""
    (home / "digest.toml").write_text(
        f'sender = "Paper Digest <digest@example.org>"\nwrite_pages = false\nprocesses = {arguments.processes}\n'
        f'[delivery]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {PORT}\nsecurity = "none"\n'
        f"connections = {arguments.connections}\nmails_per_connection = 1000\n"
    )


def reference(home: Path, port: int, processes: int) -> float:
    """Mails a second that the raw client hands over."""
    command = [sys.executable, __file__, "--raw", str(port), str(home / "mails")]
    clients = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    return sum(float(client.communicate()[0]) for client in clients)


def repeat(port: int, file: Path) -> float:
    """The same of one process."""
    content = file.read_bytes()
    sizes = json.loads(file.with_suffix(".json").read_text())
    starts = [sum(sizes[:at]) for at in range(len(sizes))]
    mails = [content[start : start + size] for start, size in zip(starts, sizes, strict=True)]
    return rate(raw, port, mails, 1, TURN)


def sample(home: Path) -> None:
    """Put the mails of the first readers into a file."""
    options = settings.load(home)
    ready = renderer(options)
    found = map(issue_of, islice(issues(SAMPLED), SAMPLED))
    mails = [pipeline.mail(options, ready.mail(each), each, f"{each.profile}@example.org") for each in found]
    (home / "mails").write_bytes(b"".join(mails))
    (home / "mails.json").write_text(json.dumps([*map(len, mails)]))


def fill(home: Path, readers: int) -> None:
    """Put the issues into an outbox, and some mails beside it."""
    sample(home)
    now = datetime.now(UTC)  # noqa: TID251  (a program is where the clock is read)
    with Store(settings.load(home).database) as store:
        known: set[str] = set()
        made = map(issue_of, issues(readers))
        while batch := [*islice(made, BATCH)]:
            add(store, batch, known, now)


def add(store: Store, batch: list[Issue], known: set[str], now: datetime) -> None:
    """A transaction's worth of issues, with the papers that are not there yet."""
    with store.writing() as connection:
        fresh = {paper.id: paper for issue in batch for paper in issue.papers if paper.id not in known}
        papers.add(connection, list(fresh.values()), DAY)
        known |= fresh.keys()
        covered = kept.Coverage(day=DAY, seq=0)
        entries = [
            kept.Entry(issue=issue, covered=covered, recipient=f"{issue.profile}@example.org") for issue in batch
        ]
        kept.add_all(connection, entries, now=now)


if __name__ == "__main__":
    main()
