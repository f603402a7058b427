"""The recipe for several machines, by its own commands: PostgreSQL, Prefect's server on it, a worker, and a mail."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller

from digest import databases, leash, settings
from digest.adoption import adopt
from digest.outbox import DeliveryState
from digest.store import Store, outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiosmtpd.smtp import SMTP, Envelope, Session

    from digest.databases import Server

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

REPOSITORY = Path(__file__).resolve().parent.parent
RECIPE = REPOSITORY / "docs" / "recipes" / "machines.md"
BIN = Path(sys.executable).parent


def commands() -> dict[str, str]:
    """The scripts of the recipe by what they start."""
    scripts = re.findall(r"```sh\n(.*?)```", RECIPE.read_text(encoding="utf-8"), flags=re.DOTALL)
    named = {"server": "prefect server start", "deploy": "prefect --no-prompt deploy", "worker": "prefect worker start"}
    return {name: next(script for script in scripts if words in script) for name, words in named.items()}


@dataclass
class Mailbox:
    """A mail server on loopback, and to whom it took which mails: their subjects and Message-IDs."""

    mails: list[tuple[str, str, str]] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)
    is_open: threading.Event = field(default_factory=threading.Event)

    async def handle_RCPT(  # noqa: N802  (aiosmtpd's)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Do not know bo, and repeat the address of whom one does not know, as servers do."""
        if address == "bo@example.org":
            return f"550 5.1.1 <{address}>: no such user here"
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  (aiosmtpd's)
        """Take a mail, once the door is open."""
        self.asked.set()
        await asyncio.to_thread(self.is_open.wait)
        assert isinstance(envelope.content, bytes)
        read = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((",".join(envelope.rcpt_tos), str(read["Subject"]), str(read["Message-ID"])))
        return "250 taken"


@pytest.fixture(scope="module")
def ports() -> list[int]:
    """Two ports that nobody listens on."""
    with ExitStack() as stack:
        free = [stack.enter_context(socket.socket()) for _ in range(2)]
        for each in free:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in free]


@pytest.fixture(scope="module")
def mailbox(ports: list[int]) -> Iterator[Mailbox]:
    """A mail server that takes all."""
    box = Mailbox()
    box.is_open.set()
    controller = Controller(box, hostname="127.0.0.1", port=ports[1], server_hostname="mx.example.org")
    controller.start()
    yield box
    controller.stop()


class Machines:
    """Programs that the recipe starts, each with what it says in a file; all of them end with the test."""

    def __init__(self, folder: Path, place: Server, prefect: str, port: int) -> None:
        self.folder, self.place, self.port = folder, place, port
        self._changes = {
            "10.0.0.2": "127.0.0.1",
            ":4200": f":{port}",
            "postgresql+asyncpg://prefect@db.example.org/prefect": f"'{prefect}'",
        }
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "DIGEST_"))},
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "PYTHONPATH": str(REPOSITORY),
            "DIGEST_HOME": str(folder / "home"),
            "DIGEST_DATABASE_URL": place.url,
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
            "PREFECT_SERVER_API_PORT": str(port),
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "DO_NOT_TRACK": "1",
        }
        self.running: list[subprocess.Popen[bytes]] = []

    def _script(self, name: str) -> str:
        script = commands()[name]
        for before, after in self._changes.items():
            script = script.replace(before, after)
        return script

    def run(self, script: str) -> str:
        """What a script prints that comes to an end."""
        done = subprocess.run(
            ["bash", "-ec", script], cwd=REPOSITORY, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def do(self, name: str) -> str:
        """What a script of the recipe prints that comes to an end."""
        return self.run(self._script(name))

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """A script of the recipe that goes on."""
        with (self.folder / f"{name}.log").open("ab") as log:
            command = ["bash", "-ec", self._script(name)]
            started = subprocess.Popen(command, cwd=REPOSITORY, env=self._environment, stdout=log, stderr=log)
        self.running.append(started)
        return started

    def said(self, name: str) -> str:
        """What it said so far."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8")

    def ask(self, path: str, **body: object) -> Any:  # noqa: ANN401  (JSON)
        """What Prefect's server answers."""
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/{path}", data=data, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  (loopback)
            return json.load(answer)

    def due(self, *names: str) -> None:
        """Readers, by file, whose issues have been due for a moment."""
        home = self.folder / "home"
        for name in names:
            profile = f"name: {name.title()}\nemail: {name}@example.org\ntopics: [owls]\nmin_score: 1\n"
            (home / "profiles" / f"{name}.yaml").write_text(profile, encoding="utf-8")
        now = datetime.now(UTC)  # noqa: TID251  (the programs' clock is the real one)
        with Store(self.place) as store:
            adopt(store, settings.load(home, {}), now=now - timedelta(minutes=30), with_offers=False)

    def dispatch(self) -> str:
        """How a run of the dispatcher ended."""
        return self.run("prefect deployment run dispatch/dispatch --watch --watch-timeout 60 2>&1 || true")

    def is_up(self) -> bool:
        """Whether Prefect's server answers."""
        try:
            return bool(self.ask("health"))
        except OSError:
            return False

    def end(self) -> None:
        """End all of it."""
        for each in reversed(self.running):
            leash.end(leash.family([each.pid]), 3)
            each.wait()


def wait_for(what: Callable[[], object], seconds: float) -> bool:
    """Whether something comes true in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.2)
    return False


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a server with room for a database's name; not the wheel's, as Prefect needs pg_trgm of contrib."""
    if shutil.which("initdb") is None or shutil.which("pg_ctl") is None:
        pytest.skip("initdb and pg_ctl are missing: apt-get install postgresql, and put its programs on the PATH")
    psycopg = pytest.importorskip("psycopg")
    folder = Path(tempfile.mkdtemp(prefix="digest-machines-"))
    who = {"user": "postgres"} if os.geteuid() == 0 else {}  # it never runs as root
    if who:
        shutil.chown(folder, "postgres")
    run = partial(subprocess.run, check=True, capture_output=True, cwd=folder, **who)
    data = str(folder / "data")
    run(["initdb", "--pgdata", data, "--auth", "trust", "--username", "postgres", "--encoding", "UTF8", "--no-sync"])
    options = f"-c unix_socket_directories={folder} -c listen_addresses= -c fsync=off"
    run(["pg_ctl", "--pgdata", data, "--log", str(folder / "log"), "--options", options, "--wait", "start"])
    try:
        with psycopg.connect(f"postgresql://postgres@/postgres?host={folder}", autocommit=True) as connection:
            for name in ("digest", "prefect"):
                connection.execute(f"CREATE ROLE {name} LOGIN")
                connection.execute(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0 ENCODING 'UTF8'")
        yield f"postgresql://{{0}}@/{{0}}?host={folder}"
    finally:
        run(["pg_ctl", "--pgdata", data, "--mode", "immediate", "stop"])
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def machines(server: str, tmp_path_factory: pytest.TempPathFactory, ports: list[int]) -> Iterator[Machines]:
    """An installation whose database is on a server, as Prefect's is, with papers of today; nothing runs yet."""
    folder = tmp_path_factory.mktemp("machines")
    home = folder / "home"
    (home / "profiles").mkdir(parents=True)
    now = datetime.now(UTC)  # noqa: TID251  (the programs' clock is the real one)
    papers = [
        {"id": f"doi:10.1000/{n}", "title": f"On owls {n}", "abstract": "Of owls.", "announced": f"{now:%Y-%m-%d}"}
        for n in range(3)
    ]
    (folder / "papers.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in papers), encoding="utf-8")
    (home / settings.FILE).write_text(
        f'send_at = "{now:%H:%M}"\nsources = ["{folder / "papers.jsonl"}"]\n'
        'sender = "Paper Digest <digest@example.org>"\n'
        f'[delivery]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {ports[1]}\nsecurity = "none"\n',
        encoding="utf-8",
    )
    place = databases.server(server.format("digest"), home)
    prefect = server.format("prefect").replace("postgresql://", "postgresql+asyncpg://")
    made = Machines(folder, place, prefect, ports[0])
    yield made
    made.end()


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_the_recipe_brings_an_issue_to_its_reader(machines: Machines, mailbox: Mailbox) -> None:
    """Each command does what it says; ingest and dispatch run on the worker; a mail leaves, and another is refused.

    No address is in what the programs say, nor in all that Prefect keeps.
    """
    machines.due("ada", "bo")
    machines.start("server")
    assert wait_for(machines.is_up, 90), machines.said("server")
    assert "dispatch" in machines.do("deploy")
    machines.start("worker")
    assert "Completed" in machines.run("prefect deployment run fetch/ingest --watch --watch-timeout 60")
    assert "Completed" in machines.dispatch()
    assert [to for to, *_ in mailbox.mails] == ["ada@example.org"]
    assert "owls" in mailbox.mails[0][1].lower()
    with Store(machines.place) as store, store.reading() as connection:
        found = {str(state): number for state, number in outbox.count(connection).items() if number}
    assert found == {"sent": 1, "rejected": 1}
    assert {each["name"] for each in machines.ask("deployments/filter", limit=10)} == {
        "ingest",
        "dispatch",
        "bounces",
        "compose",
        "housekeeping",
    }
    kept = {
        what: json.dumps(machines.ask(f"{what}/filter", limit=200))
        for what in ("flow_runs", "task_runs", "logs", "artifacts")
    }
    assert "no such user here" in kept["artifacts"]
    for said in (machines.said("server"), machines.said("worker"), *kept.values()):
        assert "@example.org" not in said
        assert "Traceback" not in said


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_run_that_died_with_its_machines_keeps_no_other_out(machines: Machines, mailbox: Mailbox) -> None:
    """Prefect's server and the worker are killed at once, in the midst of a mail; it is sent by the next."""
    machines.due("cy")
    mailbox.is_open.clear()
    mailbox.asked.clear()
    machines.run("prefect deployment run dispatch/dispatch")
    assert mailbox.asked.wait(60)
    for each in machines.running:
        for pid in leash.family([each.pid]):
            os.kill(pid, signal.SIGKILL)
        each.wait()
    # As if the five minutes were over that Prefect waits for a sign of life.
    leases = list((machines.folder / "prefect" / "concurrency_leases").glob("*.json"))
    assert leases
    for lease in leases:
        text = lease.read_text(encoding="utf-8")
        lease.write_text(re.sub(r"20\d\d-\d\d-\d\dT[\d:.]+", "2025-05-09T07:00:00.000000", text), encoding="utf-8")
    mailbox.is_open.set()
    mailbox.mails.clear()
    machines.start("server")
    assert wait_for(machines.is_up, 90), machines.said("server")
    machines.start("worker")
    assert wait_for(lambda: "Completed" in machines.dispatch(), 120)
    # The copy that was in hand when its sender died is the same mail, by which readers' programs know it.
    (mail,) = {(to, known) for to, _, known in mailbox.mails}
    assert mail[0] == "cy@example.org"
    with Store(machines.place) as store, store.reading() as connection:
        assert outbox.count(connection)[DeliveryState.SENT] == 2
