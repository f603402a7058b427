"""Senders that are killed at any moment, against a real SMTP server: every reader gets the issue, copies are named.

What the server accepted and nobody had recorded yet goes out again, with the same Message-ID and the same bytes.
Nothing else does.
"""

from __future__ import annotations

import hashlib
import os
import random  # noqa: TID251  (instants of a test, from a seed)
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller

from digest.issue import issue_id
from digest.outbox import DeliveryState
from digest.store import Store, issues, outbox
from digest.store.tables import deliveries
from digest.types import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.databases import Place

pytestmark = [pytest.mark.slow, pytest.mark.allow_hosts(["127.0.0.1"])]

ZYGOTE = Path(__file__).parent / "senders" / "zygote.py"
CONNECTIONS = 4
IN_FLIGHT = 2 * CONNECTIONS + 16
"""Mails that may be handed over and not recorded: on the way, or in the next transaction."""
KILLS = 200


class Recorder:
    """What a mail server accepted: for each Message-ID the recipients and sums of contents, in order."""

    def __init__(self) -> None:
        self.accepted: list[tuple[str, str, str]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: ANN401, N802  (aiosmtpd's)
        """Take the mail."""
        found = re.search(rb"^Message-ID: (\S+)", envelope.content, re.MULTILINE)
        assert found
        self.accepted.append((found[1].decode(), envelope.rcpt_tos[0], hashlib.sha256(envelope.content).hexdigest()))
        return "250 taken"


@pytest.fixture
def server() -> Iterator[tuple[Recorder, int]]:
    """A mail server on loopback, and its port."""
    recorder = Recorder()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(recorder, hostname="127.0.0.1", port=port, server_hostname="mx.example.org")
    controller.start()
    yield recorder, port
    controller.stop()


@pytest.fixture
def home(tmp_path: Path, server: tuple[Recorder, int]) -> Path:
    """An installation that sends to the server."""
    (tmp_path / "digest.toml").write_text(
        f'sender = "Paper Digest <digest@example.org>"\n[delivery]\ntransport = "smtp"\nhost = "127.0.0.1"\n'
        f'port = {server[1]}\nsecurity = "none"\nconnections = {CONNECTIONS}\n',
        encoding="utf-8",
    )
    return tmp_path


def queue(database: Place, day: date, readers: int) -> None:
    """Put an issue for each reader into the outbox."""
    now = datetime.now(UTC)  # noqa: TID251  (the senders' clock is the real one)
    with Store(database) as store, store.writing() as connection:
        for number in range(readers):
            name = f"reader{number}"
            issue = Issue(
                id=issue_id(name, day),
                profile=name,
                name=name.title(),
                day=day,
                composed=now,
                sections=(),
                considered=number,
                passed=0,
            )
            covered = issues.Coverage(day=day, seq=0)
            assert issues.add(connection, issue, covered=covered, recipient=f"{name}@example.org", now=now)


def states(database: Place) -> dict[DeliveryState, int]:
    """How many deliveries stand in each state."""
    with Store(database) as store, store.reading() as connection:
        return outbox.count(connection)


class Zygote:
    """Starts senders."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._pid = 0

    def start(self, *how: str) -> None:
        """Start a sender."""
        self._say(" ".join(how))
        self._pid = int(self._line())

    def kill(self) -> None:
        """Kill it; where it has ended by itself, nothing."""
        os.kill(self._pid, signal.SIGKILL)

    def ended(self) -> int:
        """Wait for its end; its status, of which the low bits are the signal that ended it."""
        self._say("ended")
        return int(self._line())

    def _say(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()


@contextmanager
def zygote(home: Path) -> Iterator[Zygote]:
    """A process that forks senders."""
    with subprocess.Popen(
        [sys.executable, ZYGOTE, home], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Zygote(process)
        assert process.stdin
        process.stdin.close()


def taken(recorder: Recorder, mails: int) -> None:
    """Wait until the server has taken so many."""
    until = time.monotonic() + 60
    while len(recorder.accepted) < mails:
        assert time.monotonic() < until
        time.sleep(0.01)


def copies(recorder: Recorder, mails: int, kills: int) -> int:
    """Hold what the server accepted to what is promised, print it, and count the copies."""
    seen = Counter(name for name, _, _ in recorder.accepted)
    # Each mail came, and a copy of it is the same to the byte, for the same reader.
    assert len(seen) == len(set(recorder.accepted)) == mails
    found = sum(seen.values()) - mails
    print(  # noqa: T201  (what was proved)
        f"{kills} kills, {mails} mails, 0 that did not come, {found} copies, all with the same Message-ID and bytes"
    )
    return found


def test_two_hundred_senders_killed_at_random_lose_nobody(home: Path, server: tuple[Recorder, int]) -> None:
    """However often senders die, each reader gets the issue; copies are of what was in flight, the same to the byte."""
    recorder, _ = server
    chance = random.Random(5)  # noqa: S311  (instants of a test)
    kills = mails = 0
    with zygote(home) as senders:
        while kills < KILLS:
            if not states(home / "digest.sqlite3").get(DeliveryState.QUEUED):
                queue(home / "digest.sqlite3", date(2025, 5, 1) + timedelta(days=mails), 150)
                mails += 150
            senders.start("run")
            time.sleep(chance.uniform(0.03, 0.25))
            known = len(recorder.accepted)
            senders.kill()
            kills += senders.ended() == signal.SIGKILL
            assert len(recorder.accepted) - known <= IN_FLIGHT
        senders.start("run")
        assert senders.ended() == 0
    assert states(home / "digest.sqlite3") == {DeliveryState.SENT: mails}
    assert copies(recorder, mails, kills) <= kills * IN_FLIGHT


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_sender_killed_at_each_commit_loses_nobody(home: Path, server: tuple[Recorder, int], when: str) -> None:
    """Whether the last commit was made or not, the next sender knows what to do."""
    recorder, _ = server
    queue(home / "digest.sqlite3", date(2025, 5, 9), 60)
    kills = 0
    with zygote(home) as senders:
        for number in range(1, 100):
            senders.start(when, str(number))
            if senders.ended() != signal.SIGKILL:
                break
            kills += 1
    assert states(home / "digest.sqlite3") == {DeliveryState.SENT: 60}
    assert kills > 5
    assert copies(recorder, 60, kills) <= kills * IN_FLIGHT


def test_two_senders_at_once_send_each_mail_once(home: Path, server: tuple[Recorder, int]) -> None:
    """They share the work, and nobody gets a copy; where one is killed, the other takes over what it held."""
    recorder, _ = server
    queue(home / "digest.sqlite3", date(2025, 5, 9), 400)
    with zygote(home) as first, zygote(home) as second:
        first.start("run")
        second.start("run")
        assert (first.ended(), second.ended()) == (0, 0)
        assert copies(recorder, 400, 0) == 0
        queue(home / "digest.sqlite3", date(2025, 5, 10), 400)
        first.start("run")
        second.start("run")
        taken(recorder, 440)
        first.kill()
        assert (first.ended(), second.ended()) == (signal.SIGKILL, 0)
        first.start("run")
        assert first.ended() == 0
    assert states(home / "digest.sqlite3") == {DeliveryState.SENT: 800}
    assert copies(recorder, 800, 1) <= IN_FLIGHT


@pytest.mark.postgres
@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_two_machines_send_from_one_database(
    place: Place, home: Path, server: tuple[Recorder, int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Two that share nothing else send each mail once; what a killed one leaves is sent by the other one."""
    recorder, _ = server
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.copy(home / "digest.toml", elsewhere)
    mails = kills = 0
    with zygote(home) as one, zygote(elsewhere) as another:
        # One that is done before it is killed, as the other one was quick, does not count.
        while kills < 2:
            queue(place, date(2025, 5, 1) + timedelta(days=mails), 100)
            one.start("run")
            another.start("run")
            if mails:
                taken(recorder, mails + 20)
                one.kill()
            mails += 100
            kills += one.ended() == signal.SIGKILL
            assert another.ended() == 0
            if mails == 100:
                assert states(place) == {DeliveryState.SENT: mails}
                assert copies(recorder, mails, 0) == 0
            # Nobody on the other machine knows that this one is dead, until its leases have run out.
            with Store(place) as store, store.writing() as connection:
                lapsed = {"lease_until": datetime(2025, 5, 1, tzinfo=UTC)}
                held = deliveries.c.state == DeliveryState.SENDING
                connection.execute(deliveries.update().where(held).values(lapsed))
        another.start("run")
        assert another.ended() == 0
    assert states(place) == {DeliveryState.SENT: mails}
    assert copies(recorder, mails, kills) <= kills * IN_FLIGHT
