"""From the outbox to a mail server that misbehaves: each delivery's state, its line in the report, and the others."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.controller import Controller

from digest.clock import Clock
from digest.delivery_settings import Delivery
from digest.progress import Silent
from digest.sending import Means, Policy, send
from digest.settings import Settings
from digest.store import Store, issues, outbox
from digest.transport import Parcel
from digest.transports import opener
from digest.types import Issue

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from aiosmtpd.smtp import SMTP, Envelope, Session

    from digest.run_report import RunReport
    from digest.store.deliveries import Claim

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

HERE = "127.0.0.1"
NOW = datetime(2025, 5, 9, 6, tzinfo=UTC)
READERS = ("ada", "bob", "cyd", "dee")


class Office:
    """An installation whose outbox holds an issue for each reader."""

    def __init__(self, home: Path, store: Store) -> None:
        self.home, self.store, self.now = home, store, NOW
        with store.writing() as connection:
            for reader in READERS:
                issue = Issue(
                    id=reader,
                    profile=reader,
                    name=reader,
                    day=date(2025, 5, 9),
                    composed=NOW,
                    sections=(),
                    considered=0,
                    passed=0,
                )
                covered = issues.Coverage(day=issue.day, seq=0)
                assert issues.add(connection, issue, covered=covered, recipient=f"{reader}@example.org", now=NOW)

    def run(self, port: int, **delivery: object) -> RunReport:
        """Send what is due to the server on that port."""
        words = {"transport": "smtp", "host": HERE, "port": port, "security": "none", "timeout": 0.5, "connections": 1}
        settings = Settings(home=self.home, delivery=Delivery.model_validate({**words, **delivery}))
        means = Means(
            prepare=parcel,
            open_transport=opener(settings, {"PASSWORD": "secret"}),
            clock=Clock(now=lambda: self.now, sleep=self.sleep),
            senders=self.home / "senders",
        )
        report = send(self.store, means, Policy(connections=1), Silent())
        assert "@" not in str(report.failed)
        return report

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.now += timedelta(seconds=seconds)

    def states(self) -> dict[str, str]:
        """Where each reader's delivery stands."""
        with self.store.reading() as connection:
            return {each.subscriber: each.state.value for each in outbox.find(connection)}


def parcel(claim: Claim, _issue: Issue) -> Parcel:
    """A small mail, with a byte beyond ASCII for dee."""
    hello = "Grüße" if claim.subscriber == "dee" else "Hello"
    content = f"Subject: {claim.subscriber}\r\n\r\n{hello}\r\n".encode()
    return Parcel(name=claim.subscriber, sender="digest@example.org", recipient=claim.recipient, content=content)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An outbox with four mails."""
    with Store(tmp_path / "digest.sqlite3") as store:
        yield Office(tmp_path, store)


class Server:
    """What aiosmtpd asks for each mail: `bob` is treated as the test wants, once or always."""

    def __init__(self, treat: Callable[[SMTP, str], str | Coroutine[object, object, str]], times: int, at: str) -> None:
        self.treat, self.times, self.at = treat, times, at
        self.taken: list[str] = []

    async def handle_EHLO(  # noqa: N802  (aiosmtpd's names)
        self,
        _server: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Offer no 8BITMIME."""
        session.host_name = hostname
        return [line for line in responses if "8BITMIME" not in line]

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Answer to a recipient."""
        if self.at == "RCPT" and (answer := await self._answer(server, address)):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Answer to a whole mail."""
        if self.at == "DATA" and (answer := await self._answer(server, envelope.rcpt_tos[0])):
            return answer
        self.taken.append(envelope.rcpt_tos[0].partition("@")[0])
        return "250 taken"

    async def _answer(self, server: SMTP, address: str) -> str:
        if not address.startswith("bob") or not self.times:
            return ""
        self.times -= 1
        answer = self.treat(server, address)
        return answer if isinstance(answer, str) else await answer


@contextmanager
def serving(server: Server) -> Iterator[int]:
    """Run it; its port."""
    with socket.socket() as free:
        free.bind((HERE, 0))
        port = int(free.getsockname()[1])
    controller = Controller(server, hostname=HERE, port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


async def slowly(_server: SMTP, _address: str) -> str:
    """Answer when nobody waits any more."""
    await asyncio.sleep(4)
    return "250 at last"


def hang_up(server: SMTP, _address: str) -> str:
    """Break the connection and say nothing."""
    server.transport.abort()
    return "250 nobody hears this"


MISBEHAVIOURS = {
    "451 once": (lambda *_: "451 4.7.1 greylisted, try later", 1, "RCPT", "deferred", "451 4.7.1", "sent"),
    "421 once": (lambda *_: "421 4.3.2 going down", 1, "DATA", "deferred", "421 4.3.2", "sent"),
    "452 once": (lambda *_: "452 4.3.1 disk full", 1, "DATA", "deferred", "452 4.3.1", "sent"),
    "550 for one of many": (lambda *_: "550 5.1.1 no such user", -1, "RCPT", "rejected", "550 5.1.1", "rejected"),
    "554 to the whole mail": (lambda *_: "554 5.7.1 spam", -1, "DATA", "rejected", "554 5.7.1", "rejected"),
    "gone before the content": (hang_up, 1, "RCPT", "deferred", "", "sent"),
    "gone behind the final dot, once": (hang_up, 1, "DATA", "uncertain", "it is sent once more", "sent"),
    "gone behind the final dot, always": (hang_up, -1, "DATA", "uncertain", "it is sent once more", "uncertain"),
    "slow behind the final dot": (slowly, 1, "DATA", "uncertain", "it is sent once more", "sent"),
}


@pytest.mark.parametrize("case", MISBEHAVIOURS)
def test_one_mail_that_goes_wrong_spoils_no_other(office: Office, case: str) -> None:
    """The others are served in the same run; what becomes of the one is told, and comes right where it can."""
    treat, times, at, state, why, after = MISBEHAVIOURS[case]
    server = Server(treat, times, at)
    with serving(server) as port:
        report = office.run(port)
        served = {"ada": "sent", "cyd": "sent", "dee": "rejected"}
        assert office.states() == {**served, "bob": state}
        (line,) = (fault["why"] for fault in report.failed if fault["profile"] == "bob")
        assert why in line
        office.sleep(3600)
        office.run(port)
    assert office.states() == {**served, "bob": after}
    assert server.taken == sorted(set(server.taken), key=server.taken.index)


def test_a_mail_of_eight_bits_is_refused_where_none_are_taken(office: Office) -> None:
    """It is not changed on the way, so it cannot be sent; the report says why."""
    with serving(Server(hang_up, 0, "")) as port:
        report = office.run(port)
    assert office.states() == {"ada": "sent", "bob": "sent", "cyd": "sent", "dee": "rejected"}
    (line,) = (fault["why"] for fault in report.failed)
    assert "8-bit" in line


@pytest.mark.parametrize(
    ("delivery", "why"),
    [
        ({"security": "starttls"}, "STARTTLS"),
        ({"username": "digest", "password_variable": "PASSWORD"}, "log in"),
        ({"security": "tls"}, "TLS"),
    ],
)
def test_a_server_that_refuses_what_keeps_us_safe_gets_nothing(
    office: Office, delivery: dict[str, str], why: str
) -> None:
    """No password and no mail goes out in the clear where TLS or AUTH is not to be had: all mails stay as they were."""
    server = Server(hang_up, 0, "")
    with serving(server) as port:
        report = office.run(port, **delivery)
    assert server.taken == []
    assert set(office.states().values()) == {"queued"}
    (line,) = (fault["why"] for fault in report.failed)
    assert why in line
    assert "secret" not in line


@pytest.mark.parametrize("words", [b"", b"220 hello\r\n", b"\x00\xff" * 400, b"554 5.7.1 not you\r\n"])
def test_a_server_that_talks_nonsense_gets_nothing(office: Office, words: bytes) -> None:
    """Who greets and hangs up, sends garbage or wants nobody: nothing is lost, and the next run sends it."""
    stop = threading.Event()
    with closing(socket.create_server((HERE, 0))) as listening:
        listening.settimeout(0.1)

        def answer() -> None:
            while not stop.is_set():
                try:
                    connected, _ = listening.accept()
                except TimeoutError:
                    continue
                with connected:
                    connected.sendall(words)

        thread = threading.Thread(target=answer)
        thread.start()
        report = office.run(listening.getsockname()[1])
        stop.set()
        thread.join()
    assert set(office.states().values()) == {"queued"}
    assert [fault["profile"] for fault in report.failed] == [""]
    with serving(Server(hang_up, 0, "")) as port:
        office.run(port)
    assert [*office.states().values()].count("sent") == 3
