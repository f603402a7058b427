"""Two machines: workers of one Prefect server, on one PostgreSQL database, each with a home of its own.

One is killed while it composes, and two send what there is then: each reader has the one issue that an undisturbed
machine gives, and one mail.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller

from digest import databases, dispatching, settings, subscribing
from digest.progress import Silent
from digest.schedule import Due
from digest.store import Store, issues, outbox, papers, subscriptions
from digest.store.copying import copy
from digest.store.subscriptions import ISSUED
from digest.store.tables import issues as issue_rows
from digest.store.tables import periods, shards
from digest.subscribing import Wish
from digest.types import Paper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from digest.databases import Place
    from digest.types import Issue

pytestmark = [pytest.mark.postgres, pytest.mark.slow, pytest.mark.allow_hosts(["127.0.0.1"])]

REPOSITORY = Path(__file__).resolve().parent.parent
PREFECT = Path(sys.executable).with_name("prefect")
ZYGOTE = Path(__file__).parent / "senders" / "zygote.py"
READERS, SHARD = 400, 50
KINDS = ("owls", "tides", "bread", "rivers", "glass")
HELD = """
    SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE relation = 'shards'::regclass
    AND mode = 'RowShareLock' AND application_name = '{}' AND state = 'idle in transaction'
"""
"""How many transactions of a machine hold a shard while their process is at something else."""


def instant() -> datetime:
    """The time now, which the machines see, too."""
    return datetime.now(UTC)  # noqa: TID251  (their flows read the clock)


def wait_for(what: Callable[[], object], seconds: float = 60) -> bool:
    """Whether something comes true in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.05)
    return False


class Sink:
    """A mail server: for each mail that it took, who greeted it, for whom the mail is and which it is."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, str]] = []

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: ANN401, N802  (aiosmtpd's)
        """Take the mail."""
        found = re.search(rb"^Message-ID: (\S+)", envelope.content, re.MULTILINE)
        assert found
        self.taken.append((session.host_name, envelope.rcpt_tos[0], found[1].decode()))
        return "250 taken"


@contextmanager
def mail_server() -> Iterator[tuple[Sink, int]]:
    """A sink on loopback, and its port."""
    sink = Sink()
    port = free_port()
    controller = Controller(sink, hostname="127.0.0.1", port=port, server_hostname="mx.example.org")
    controller.start()
    try:
        yield sink, port
    finally:
        controller.stop()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running(*command: str | Path, environment: dict[str, str], said: Path) -> Iterator[None]:
    """A program, with what it starts, until it is needed no more."""
    with said.open("ab") as file:
        process = subprocess.Popen(
            command, env=os.environ | environment, cwd=REPOSITORY, stdout=file, stderr=file, start_new_session=True
        )
    try:
        yield
    finally:
        kill_group(process.pid)
        process.wait()


def kill_group(pid: int) -> None:
    """Kill a program with what it started, if it is there."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def prefect_server(folder: Path) -> Iterator[httpx.Client]:
    """A Prefect server with a work pool and the deployments of `prefect.yaml`, none of which is scheduled."""
    folder.mkdir()
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    environment = {
        "PREFECT_HOME": str(folder),
        "PREFECT_API_URL": url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PYTHONPATH": str(REPOSITORY),
    }
    server = (PREFECT, "server", "start", "--port", str(port))
    with (
        running(*server, environment=environment, said=folder / "said"),
        httpx.Client(base_url=url, timeout=60, transport=httpx.HTTPTransport(retries=3)) as api,
    ):
        assert wait_for(lambda: answers(api), 90), (folder / "said").read_text()
        for words in (("work-pool", "create", "digest", "--type", "process"), ("--no-prompt", "deploy", "--all")):
            subprocess.run(
                [PREFECT, *words], env=os.environ | environment, cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL
            )
        for each in asked(api, "POST", "/deployments/filter"):
            asked(api, "PATCH", f"/deployments/{each['id']}", schedules=[])
        yield api


def asked(api: httpx.Client, method: str, path: str, **values: Any) -> Any:  # noqa: ANN401  (JSON)
    """What Prefect's server answers; it asks for patience where its SQLite file is busy."""
    answer = api.request(method, path, json=None if method == "GET" else values)
    for _ in range(20):
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


class Machine:
    """A home and a worker of Prefect's that takes one flow run at a time."""

    def __init__(self, home: Path, place: Place, port: int, *, more: str = "") -> None:
        self.home = home
        (home / "digests").mkdir(parents=True)
        (home / "secret").write_text("0" * 64, encoding="utf-8")
        self.say(port, more)
        assert isinstance(place, databases.Server)
        self.environment = {
            "DIGEST_HOME": str(home),
            databases.VARIABLE: f"{place.url}&application_name={home.name}",
            "PREFECT_HOME": str(home / "prefect"),
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PYTHONPATH": str(REPOSITORY),
        }

    def say(self, port: int, more: str = "") -> None:
        """Write the settings."""
        text = (
            f"write_pages = false\nmachines = 2\nprocesses = 1\nshard_readers = {SHARD}\n"
            f'sender = "Paper Digest <digest@example.org>"\n[delivery]\ntransport = "smtp"\nhost = "127.0.0.1"\n'
            f'port = {port}\nsecurity = "none"\nconnections = 2\nhelo = "{self.home.name}.example.org"\n{more}'
        )
        (self.home / settings.FILE).write_text(text, encoding="utf-8")

    def worker(self, api: httpx.Client) -> Any:  # noqa: ANN401  (a context)
        """Its worker, until it is needed no more."""
        command = (PREFECT, "worker", "start", "--pool", "digest", "--type", "process", "--limit", "1")
        url = str(api.base_url).rstrip("/")
        return running(*command, environment=self.environment | {"PREFECT_API_URL": url}, said=self.home / "worker")

    def processes(self) -> list[int]:
        """All that runs on it, known by its home."""
        return [pid for pid in self._numbers() if self._is_mine(pid)]

    @staticmethod
    def _numbers() -> list[int]:
        return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]

    def _is_mine(self, pid: int) -> bool:
        try:
            return f"DIGEST_HOME={self.home}\0".encode() in Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False

    def lose(self) -> int:
        """Cut its power; how many processes it had."""
        found = self.processes()
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        return len(found)


def fill(store: Store, here: settings.Settings, today: date) -> list[str]:
    """Papers of today, and readers who are due; the names of their subscriptions."""
    found = [
        Paper(
            id=f"doi:10.1000/{kind}.{number}",
            title=f"On {kind} number{number}",
            abstract=f"What {kind} do. " + " ".join(f"{kind[:3]}{number}{letter}" for letter in "abcdefgh"),
            announced=today,
        )
        for kind in KINDS
        for number in range(8)
    ]
    with store.writing() as connection:
        papers.add(connection, found, today)
    slugs = []
    for number in range(READERS):
        interests = f"topics: [{KINDS[number % 5]}, {KINDS[number % 3]}]\nmin_score: 1\n"
        wish = Wish(email=f"reader{number}@example.org", interests=interests)
        slugs.append(subscribing.enrol(store, here, wish, now=instant()).slug)
    with store.writing() as connection:
        for each in subscriptions.by_slugs(connection, slugs).values():
            due = Due(day=today, at=instant() - timedelta(minutes=1))
            subscriptions.replace(connection, replace(each, due=due))
    return slugs


def rows_of(store: Store, query: sa.Select[Any]) -> list[Any]:
    """What a query finds."""
    with store.reading() as connection:
        return list(connection.execute(query))


def kept(store: Store, slugs: list[str]) -> dict[str, tuple[Issue, ...]]:
    """All issues of readers."""
    with store.reading() as connection:
        return {slug: issues.newest(connection, slug, 9) for slug in slugs}


def count(store: Store, table: sa.Table) -> int:
    """How many rows a table has."""
    return int(rows_of(store, sa.select(sa.func.count()).select_from(table))[0][0])


def is_over(api: httpx.Client, run: str) -> bool:
    """Whether a flow run has come to a good end."""
    return bool(asked(api, "GET", f"/flow_runs/{run}")["state"]["type"] == "COMPLETED")


def lose_the_helper(
    store: Store, machines: list[Machine], has_in_hand: Callable[[Machine], bool]
) -> tuple[Machine, Machine, set[int]]:
    """Lose the machine that helps the dispatcher's while both have a shard in hand: both of them, and those shards.

    Nobody can commit while another one writes, so until both have one in hand they go on slowly, and then not at all.
    """
    for _ in range(30):
        with store.writing():
            if not wait_for(lambda: all(map(has_in_hand, machines)), 2):
                continue
            dispatcher, helper = machines if is_dispatching(machines[0]) else machines[::-1]
            begun = sa.select(shards.c.number).where(shards.c.tries > 0, shards.c.report.is_(None))
            in_hand = {each.number for each in rows_of(store, begun)}
            assert helper.lose() >= 2
            return dispatcher, helper, in_hand
    pytest.fail(log(machines))


def send(machines: list[Machine]) -> None:
    """Send what there is from all machines at once."""
    senders = [
        subprocess.Popen(
            [sys.executable, ZYGOTE, each.home],
            env=os.environ | each.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for each in machines
    ]
    for sender in senders:
        assert sender.stdin
        sender.stdin.write("run\n")
        sender.stdin.flush()
    assert [sender.communicate("ended\n")[0].splitlines()[1] for sender in senders] == ["0", "0"]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="a machine's processes are looked for in /proc")
@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_one_of_two_machines_is_lost_and_every_reader_has_one_issue_and_one_mail(
    place: Place,
    postgres: Any,  # noqa: ANN401  (a fixture)
    tmp_path: Path,
) -> None:
    """A worker killed while it holds a shard is followed by the other one; two senders then send each mail once."""
    began = time.monotonic()
    assert isinstance(place, databases.Server)
    name = place.url.partition("?")[0].rpartition("/")[2]
    with ExitStack() as stack:
        sink, port = stack.enter_context(mail_server())
        # The dispatcher is to leave its mails to the two senders.
        machines = [Machine(tmp_path / each, place, port, more="per_day = 1\n") for each in ("one", "two")]
        store = stack.enter_context(Store(place))
        slugs = fill(store, settings.load(machines[0].home, machines[0].environment), instant().date())
        alone = stack.enter_context(Store(tmp_path / "alone" / "digest.sqlite3"))
        copy(store, alone, now=instant(), progress=Silent())
        api = stack.enter_context(prefect_server(tmp_path / "prefect"))
        for each in machines:
            stack.enter_context(each.worker(api))
        deployment = asked(api, "GET", "/deployments/name/dispatch/dispatch")
        run = asked(api, "POST", f"/deployments/{deployment['id']}/create_flow_run")

        assert wait_for(lambda: count(store, shards)), log(machines)
        dispatcher, helper, in_hand = lose_the_helper(
            store, machines, lambda each: bool(postgres.run(name, HELD.format(each.home.name))[0][0])
        )
        assert len(in_hand) == 2
        assert count(store, issue_rows) < READERS
        assert wait_for(lambda: is_over(api, run["id"])), log(machines)
        # The one that the lost machine had in hand was done by the other one.
        assert in_hand <= finished(dispatcher)
        assert in_hand.isdisjoint(finished(helper))
        found = kept(store, slugs)
        (composed,) = {each.composed for of_reader in found.values() for each in of_reader}
        dispatching.compose_due(alone, settings.Settings(home=tmp_path / "alone"), now=composed, environment={})
        assert found == kept(alone, slugs)
        assert {len(each) for each in found.values()} == {1}
        assert Counter(each.outcome for each in rows_of(store, sa.select(periods))) == {ISSUED: READERS}
        assert count(store, shards) == 0

        for each in machines:
            each.say(port)
        send(machines)
        with store.reading() as connection:
            assert outbox.count(connection) == {outbox.DeliveryState.SENT: READERS}
    assert Counter(to for _, to, _ in sink.taken) == {f"reader{number}@example.org": 1 for number in range(READERS)}
    assert len({message for _, _, message in sink.taken}) == READERS
    assert {who for who, _, _ in sink.taken} == {"one.example.org", "two.example.org"}
    print(f"{READERS} readers, one of two machines lost: {time.monotonic() - began:.0f} s")  # noqa: T201  (what it took)


def is_dispatching(machine: Machine) -> bool:
    """Whether the dispatcher's flow runs on a machine, as its worker said."""
    return "for flow 'dispatch'" in (machine.home / "worker").read_text(encoding="utf-8")


def finished(machine: Machine) -> set[int]:
    """The shards that were done on a machine, as its worker said."""
    said = (machine.home / "worker").read_text(encoding="utf-8")
    return set(map(int, re.findall(r"'shard (\d+)' - Finished in state Completed", said)))


def log(machines: list[Machine]) -> str:
    """What the workers said."""
    return "\n".join((each.home / "worker").read_text(encoding="utf-8") for each in machines)
