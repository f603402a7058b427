"""Handing over to servers on loopback that misbehave: what becomes of each mail, and that the others are served."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from base64 import b64decode, b64encode
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery_settings import Mechanism, Security
from digest.errors import RelayError
from digest.smtp import auth
from digest.smtp.relay import Relay
from digest.smtp.replies import LONGEST_REPLY, MOST_LINES, Reply, ReplyFault, parse
from digest.smtp.session import Server
from digest.smtp.transaction import framed
from digest.transport import Outcome, Parcel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from digest.transport import Receipt

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

CONTENT = b"Subject: Owls\r\n\r\n.\r\n..two dots\r\nGood morning.\r\n"
HERE = "127.0.0.1"
READERS = ("ada", "bo", "cy", "di")


def parcel(name: str, content: bytes = CONTENT) -> Parcel:
    """A mail to a reader of this name."""
    return Parcel(
        name=name,
        sender="digest@example.org",
        recipient=name if "@" in name else f"{name}@example.org",
        content=content,
    )


def hand_over(relay: Relay, *names: str) -> dict[str, tuple[Outcome, str]]:
    """Hand over a mail to each; what became of it, by name."""
    receipts = {name: relay.send(parcel(name)) for name in names}
    assert not [each for each in receipts.values() if "@" in each.reply or "example.org" in each.reply]
    return {name: (each.outcome, each.reply) for name, each in receipts.items()}


def accepted(receipts: dict[str, tuple[Outcome, str]]) -> list[str]:
    """The names of those whose mail was taken."""
    return [name for name, (outcome, _) in receipts.items() if outcome is Outcome.ACCEPTED]


def failure(server: Server) -> RelayError:
    """How a server that serves nobody is told of."""
    relay = Relay(server, 100)
    with pytest.raises(RelayError) as caught:
        relay.send(parcel("ada"))
    relay.close()
    assert str(caught.value).startswith(f"cannot hand over to '{server.name}': ")
    return caught.value


def why(error: RelayError) -> str:
    """The cause that an error names."""
    return str(error).partition("': ")[2]


# A server that keeps to the protocol, but for what a test wants otherwise


@dataclass
class Post:
    """What aiosmtpd does with mails: what it answers to a recipient's RCPT or content in turn, then 250."""

    rcpt: dict[str, list[str]] = field(default_factory=dict)
    data: dict[str, list[str]] = field(default_factory=dict)
    withheld: tuple[str, ...] = ("PIPELINING",)
    """Keywords of EHLO that are not offered."""
    mails: list[Envelope] = field(default_factory=list)
    sessions: set[int] = field(default_factory=set)

    @property
    def recipients(self) -> list[str]:
        """The local parts of the recipients whose mail came."""
        return [str(mail.rcpt_tos[0]).partition("@")[0] for mail in self.mails]

    async def handle_EHLO(  # noqa: N802  (aiosmtpd's name)
        self,
        _server: SMTP,
        session: Any,  # noqa: ANN401
        _envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Offer PIPELINING, which aiosmtpd can do without saying so, and leave out what is withheld."""
        session.host_name = hostname
        last = responses.pop()
        lines = [*responses, "250-PIPELINING", last]
        return [line for line in lines if not line[4:].startswith(self.withheld)] if self.withheld else lines

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: object, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Answer as the test wants."""
        if due := self.rcpt.get(address.partition("@")[0]):
            return due.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, _server: SMTP, session: object, envelope: Envelope) -> str:  # noqa: N802
        """Answer as the test wants; keep what is taken."""
        if due := self.data.get(str(envelope.rcpt_tos[0]).partition("@")[0]):
            return due.pop(0)
        self.mails.append(envelope)
        self.sessions.add(id(session))
        return "250 2.0.0 queued"


@pytest.fixture
def run() -> Iterator[Callable[..., Server]]:
    """Runs servers of aiosmtpd, and says where they are."""
    running: list[Controller] = []

    def start(post: Post, *, tls: ssl.SSLContext | None = None, **options: Any) -> Server:  # noqa: ANN401
        with socket.socket() as free:
            free.bind((HERE, 0))
            port = free.getsockname()[1]
        controller = Controller(post, hostname=HERE, port=port, ssl_context=tls, **options)
        controller.start()
        running.append(controller)
        return Server(host=HERE, port=port, security=Security.NONE, seconds=2.0)

    yield start
    for controller in running:
        controller.stop()


# A server that says what it is told to, for what aiosmtpd cannot do


class Talk:
    """One connection, from the server's side."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.heard: list[bytes] = []
        self._file = connected.makefile("rb")

    def say(self, *lines: str) -> None:
        """Send lines."""
        self.raw("".join(f"{line}\r\n" for line in lines).encode())

    def raw(self, octets: bytes) -> None:
        """Send octets."""
        self.socket.sendall(octets)

    def hear(self) -> bytes:
        """Read a line."""
        line = self._file.readline()
        if not line:
            raise ConnectionError
        self.heard.append(line.rstrip(b"\r\n"))
        return line

    def greet(self, *features: str) -> None:
        """Greet, and answer EHLO."""
        self.say("220 mail.example.org ready")
        self.hello(*features)

    def hello(self, *features: str) -> None:
        """Answer EHLO."""
        self.hear()
        self.say("250-mail.example.org", *(f"250-{each}" for each in features), "250 HELP")

    def sender(self) -> None:
        """Hear MAIL."""
        self.hear()
        self.say("250 ok")

    def envelope(self) -> None:
        """Hear MAIL, RCPT and DATA, and ask for the content."""
        for answer in ("250 ok", "250 ok", "354 go on"):
            self.hear()
            self.say(answer)

    def content(self) -> None:
        """Hear a mail up to its end."""
        while self.hear() != b".\r\n":
            pass

    def serve(self) -> None:
        """Take all mails to come."""
        while True:
            self.envelope()
            self.content()
            self.say("250 2.0.0 taken")

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Put TLS on."""
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self._file = self.socket.makefile("rb")

    def wait(self) -> None:
        """Say nothing until the client goes."""
        while self.hear():
            pass

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self.socket.close()


class Scripted:
    """A server whose connections follow scripts in turn, the last one for ever; then it hangs up."""

    def __init__(self, *scripts: Callable[[Talk], None]) -> None:
        self.talks: list[Talk] = []
        self._scripts = list(scripts)
        self._listening = socket.create_server((HERE, 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        self.server = Server(
            host=HERE,
            port=self._listening.getsockname()[1],
            security=Security.NONE,
            seconds=2.0,
            helo="lab.example.org",
        )

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listening.accept()
            except OSError:
                return
            script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
            talk = Talk(connected)
            self.talks.append(talk)
            self._threads.append(threading.Thread(target=self._follow, args=(talk, script), daemon=True))
            self._threads[-1].start()

    @staticmethod
    def _follow(talk: Talk, script: Callable[[Talk], None]) -> None:
        try:
            script(talk)
        except OSError:
            pass
        finally:
            talk.close()

    def close(self) -> None:
        """Stop."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def scripted() -> Iterator[Callable[..., Scripted]]:
    """Runs scripted servers."""
    running: list[Scripted] = []

    def start(*scripts: Callable[[Talk], None]) -> Scripted:
        running.append(Scripted(*scripts))
        return running[-1]

    yield start
    for each in running:
        each.close()


def good(talk: Talk) -> None:
    """Keep to the protocol."""
    talk.greet()
    talk.serve()


# Certificates


@dataclass(frozen=True)
class Certificates:
    """Contexts for servers at 127.0.0.1, by an authority that `client` trusts and that `stranger` does not know."""

    server: ssl.SSLContext
    of_another: ssl.SSLContext
    client: ssl.SSLContext
    stranger: ssl.SSLContext


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority and two certificates by it, one of them for another host."""
    folder = tmp_path_factory.mktemp("certificates")
    key = ec.generate_private_key(ec.SECP256R1())
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority")])

    def signed(name: str, alternative: x509.GeneralName | None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate(folder / f"{name}.pem", name, alternative))
        return context

    def certificate(path: Path, name: str, alternative: x509.GeneralName | None) -> Path:
        own = ec.generate_private_key(ec.SECP256R1()) if alternative else key
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(authority)
            .public_key(own.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
            .add_extension(x509.BasicConstraints(ca=alternative is None, path_length=None), critical=True)
        )
        if alternative:
            builder = builder.add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        pem = own.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        made = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        path.write_bytes(pem + made)
        return path

    client = ssl.create_default_context()
    client.load_verify_locations(certificate(folder / "authority.pem", "An authority", None))
    return Certificates(
        server=signed("here", x509.IPAddress(ip_address(HERE))),
        of_another=signed("elsewhere", x509.DNSName("elsewhere.example.org")),
        client=client,
        stranger=ssl.create_default_context(),
    )


# Mails that go well


@pytest.mark.parametrize("withheld", [("PIPELINING",), ()], ids=["one by one", "pipelined"])
def test_many_mails_go_over_one_connection(run: Callable[..., Server], withheld: tuple[str, ...]) -> None:
    """Each arrives as it was, with its envelope, command by command or in one go."""
    post = Post(withheld=withheld)
    relay = Relay(run(post), 100)
    assert hand_over(relay, *READERS) == dict.fromkeys(READERS, (Outcome.ACCEPTED, "250 2.0.0 queued"))
    relay.close()
    assert post.recipients == list(READERS)
    assert {mail.content for mail in post.mails} == {CONTENT}
    assert {mail.mail_from for mail in post.mails} == {"digest@example.org"}
    assert len(post.sessions) == 1


def test_a_connection_has_so_many_mails(run: Callable[..., Server]) -> None:
    """Then the next one is opened; and a transport that was closed opens one again."""
    post = Post()
    relay = Relay(run(post), 3)
    names = [f"reader-{number}" for number in range(7)]
    assert accepted(hand_over(relay, *names)) == names
    assert len(post.sessions) == 3
    relay.close()
    assert accepted(hand_over(relay, "ada")) == ["ada"]
    relay.close()
    relay.close()


def test_a_bounce_goes_nowhere_from_the_null_path(run: Callable[..., Server]) -> None:
    """An empty sender is named as such."""
    post = Post()
    relay = Relay(run(post), 100)
    assert relay.send(replace(parcel("ada"), sender="")).outcome is Outcome.ACCEPTED
    relay.close()
    assert [mail.mail_from for mail in post.mails] == ["<>"]


@given(st.lists(st.sampled_from([b".", b"..", b"", b"a", b".a", b"From"]), max_size=6), st.booleans())
def test_dots_are_doubled_and_the_end_is_the_only_one(lines: list[bytes], is_whole: bool) -> None:  # noqa: FBT001
    """What a server makes of the frame (RFC 5321 section 4.5.2) is the mail, ended by CRLF."""
    content = b"\r\n".join(lines) + (b"\r\n" if is_whole and lines else b"")
    sent = framed(content).split(b"\r\n")
    end = sent.index(b".")
    assert sent[end:] == [b".", b""]
    received = b"\r\n".join(line.removeprefix(b".") for line in sent[:end])
    assert received == content.removesuffix(b"\r\n")


def test_no_dot_after_a_lone_line_feed_ends_a_mail() -> None:
    """For a server that takes a line feed for a line's end, what follows is still the same mail (CVE-2023-51764)."""
    assert framed(b"a\n.\r\nMAIL FROM:<x@example.org>\r\n") == b"a\n..\r\nMAIL FROM:<x@example.org>\r\n.\r\n"


# Refusals


@pytest.mark.parametrize("withheld", [("PIPELINING",), ()], ids=["one by one", "pipelined"])
@pytest.mark.parametrize("step", ["rcpt", "data"])
def test_one_that_is_deferred_or_refused_leaves_the_others(
    run: Callable[..., Server], step: str, withheld: tuple[str, ...]
) -> None:
    """4xx is for later, 5xx for good, at the recipient or at the content; the others go over the same connection."""
    answers = {"bo": ["451 4.7.1 Greylisted"], "di": ["550 5.1.1 <di@example.org>: User unknown"]}
    post = Post(withheld=withheld, **{step: answers})
    relay = Relay(run(post), 100)
    assert hand_over(relay, "ada", "bo", "cy", "di", "eve") == {
        "ada": (Outcome.ACCEPTED, "250 2.0.0 queued"),
        "bo": (Outcome.DEFERRED, "451 4.7.1 Greylisted"),
        "cy": (Outcome.ACCEPTED, "250 2.0.0 queued"),
        "di": (Outcome.REJECTED, "550 5.1.1 <…>: User unknown"),
        "eve": (Outcome.ACCEPTED, "250 2.0.0 queued"),
    }
    assert accepted(hand_over(relay, "bo")) == ["bo"]
    relay.close()
    assert post.recipients == ["ada", "cy", "eve", "bo"]
    assert len(post.sessions) == 1


@pytest.mark.parametrize("step", ["rcpt", "data"])
def test_a_server_that_shuts_down_is_asked_anew(run: Callable[..., Server], step: str) -> None:
    """421 defers the mail it answers; the next one has a new connection."""
    post = Post(**{step: {"bo": ["421 4.3.2 Shutting down"]}})
    relay = Relay(run(post), 100)
    receipts = hand_over(relay, "ada", "bo", "cy")
    relay.close()
    assert receipts["bo"] == (Outcome.DEFERRED, "421 4.3.2 Shutting down")
    assert accepted(receipts) == ["ada", "cy"]
    assert len(post.sessions) == 2


def test_a_refused_mail_is_given_to_nobody(scripted: Callable[..., Scripted]) -> None:
    """A server that wants the content though it refused the recipient gets none of it (RFC 2920 section 3.1)."""

    def eager(talk: Talk) -> None:
        talk.greet("PIPELINING")
        talk.hear()
        talk.hear()
        talk.hear()
        talk.say("250 ok", "550 5.1.1 No such user here: ada", "354 go on")
        talk.content()
        talk.say("554 5.5.1 no recipients")
        talk.hear()
        talk.say("250 reset")
        talk.serve()

    server = scripted(eager)
    relay = Relay(server.server, 100)
    assert hand_over(relay, "ada", "bo") == {
        "ada": (Outcome.REJECTED, "550 5.1.1 No such user here: …"),
        "bo": (Outcome.ACCEPTED, "250 2.0.0 taken"),
    }
    relay.close()
    assert server.talks[0].heard[4:6] == [b".", b"RSET"]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("530 5.7.0 Authentication required", "it refuses MAIL: 530 5.7.0 Authentication required"),
        ("550 5.7.1 <digest@example.org>: Sender refused", "it refuses MAIL: 550 5.7.1 <…>: Sender refused"),
        ("503 Speak first", "it refuses MAIL: 503 Speak first"),
    ],
)
def test_a_refused_sender_concerns_everybody(scripted: Callable[..., Scripted], answer: str, told: str) -> None:
    """What a server says of the sender it would say to all mails: it is no mail's fault, and nothing is tried again."""

    def refuse(talk: Talk) -> None:
        talk.greet("PIPELINING")
        for _ in range(3):
            talk.hear()
        talk.say(answer, "503 no sender", "503 no recipient")
        talk.wait()

    error = failure(scripted(refuse).server)
    assert not error.is_transient
    assert why(error) == told


def test_a_mail_that_is_too_large_concerns_itself(scripted: Callable[..., Scripted]) -> None:
    """Though it answers MAIL, 552 is about this mail."""

    def refuse(talk: Talk) -> None:
        talk.greet("SIZE")
        talk.hear()
        talk.say("552 5.3.4 Too large")
        talk.hear()
        talk.say("250 reset")
        talk.serve()

    server = scripted(refuse)
    relay = Relay(server.server, 100)
    receipts = hand_over(relay, "ada", "bo")
    relay.close()
    assert receipts["ada"] == (Outcome.REJECTED, "552 5.3.4 Too large")
    assert accepted(receipts) == ["bo"]
    assert server.talks[0].heard[1] == b"MAIL FROM:<digest@example.org> SIZE=%d" % len(CONTENT)


# What is offered


def sent_to(post: Post, server: Server, *parcels: Parcel) -> list[Receipt]:
    """Hand over to a server, and to ada afterwards, whose mail has to go well."""
    relay = Relay(server, 100)
    receipts = [relay.send(each) for each in parcels]
    assert accepted(hand_over(relay, "ada")) == ["ada"]
    relay.close()
    assert post.recipients[-1] == "ada"
    return receipts


def test_a_mail_larger_than_offered_is_not_sent(run: Callable[..., Server]) -> None:
    """The size is named, and one beyond the server's is refused here."""
    post = Post()
    large = parcel("bo", CONTENT + b"x" * 500 + b"\r\n")
    [receipt] = sent_to(post, run(post, data_size_limit=500), large)
    assert receipt.outcome is Outcome.REJECTED
    assert receipt.reply == f"the mail has {len(large.content)} bytes, the relay takes 500"
    assert post.mails[0].mail_options == [f"SIZE={len(CONTENT)}"]


def test_eight_bits_go_where_they_are_taken(run: Callable[..., Server]) -> None:
    """8BITMIME is asked for where a mail needs it, and a server without it does not get the mail."""
    eight = parcel("bo", "Subject: Eulen\r\n\r\nSchöne Grüße\r\n".encode())
    post = Post()
    [receipt] = sent_to(post, run(post), eight)
    assert receipt.outcome is Outcome.ACCEPTED
    assert ["BODY=8BITMIME" in mail.mail_options for mail in post.mails] == [True, False]
    assert post.mails[0].content == eight.content
    post = Post(withheld=("8BITMIME",))
    [receipt] = sent_to(post, run(post), eight)
    assert receipt.outcome is Outcome.REJECTED
    assert receipt.reply == "the relay does not take mails with 8-bit characters"
    assert post.recipients == ["ada"]


def test_addresses_beyond_ascii_go_where_they_are_taken(run: Callable[..., Server]) -> None:
    """SMTPUTF8 is asked for where an address needs it, and a server without it does not get the mail."""
    post = Post()
    [receipt] = sent_to(post, run(post, enable_SMTPUTF8=True), parcel("jürgen@example.org"))
    assert receipt.outcome is Outcome.ACCEPTED
    assert post.mails[0].rcpt_tos == ["jürgen@example.org"]
    assert ["SMTPUTF8" in mail.mail_options for mail in post.mails] == [True, False]
    post = Post()
    [receipt] = sent_to(post, run(post, enable_SMTPUTF8=False), parcel("jürgen@example.org"))
    assert receipt.outcome is Outcome.REJECTED
    assert receipt.reply == "the relay does not take addresses beyond ASCII"


@pytest.mark.parametrize(
    "address",
    ["a@example.org>\r\nRCPT TO:<b@example.org", "a@example.org> SIZE=1", "a b@example.org", "a@b@c", "\x00@c", "ada"],
)
def test_an_address_brings_no_commands_along(run: Callable[..., Server], address: str) -> None:
    """What could be more than one address is refused here."""
    post = Post()
    receipts = sent_to(post, run(post), replace(parcel("bo"), recipient=address), replace(parcel("bo"), sender=address))
    assert {receipt.outcome for receipt in receipts} == {Outcome.REJECTED}
    assert [receipt.reply[:13] for receipt in receipts] == ["the recipient", "the sender is"]
    assert post.recipients == ["ada"]


def test_a_server_without_extensions_is_enough(scripted: Callable[..., Scripted]) -> None:
    """One that knows no EHLO is greeted by HELO, and offers nothing."""

    def old(talk: Talk) -> None:
        talk.say("220 old")
        talk.hear()
        talk.say("502 what")
        talk.hear()
        talk.say("250-PIPELINING", "250 SIZE 1")
        talk.serve()

    server = scripted(old)
    relay = Relay(server.server, 100)
    assert accepted(hand_over(relay, *READERS)) == list(READERS)
    relay.close()
    assert server.talks[0].heard[:3] == [
        b"EHLO lab.example.org",
        b"HELO lab.example.org",
        b"MAIL FROM:<digest@example.org>",
    ]


# Connections that break


def drop_after(*steps: str) -> Callable[[Talk], None]:
    """Take one mail well, then hang up in the middle of the next."""

    def drop(talk: Talk) -> None:
        talk.greet()
        talk.envelope()
        talk.content()
        talk.say("250 2.0.0 taken")
        for step in steps:
            getattr(talk, step)()

    return drop


@pytest.mark.parametrize(
    ("steps", "outcome", "reply"),
    [
        (("sender",), Outcome.DEFERRED, "broken off"),
        (("envelope",), Outcome.DEFERRED, "broken off"),
        (("envelope", "hear", "hear"), Outcome.DEFERRED, "broken off"),
        (("envelope", "content"), Outcome.UNCERTAIN, "broken off after the whole mail was sent"),
    ],
    ids=["after MAIL", "after DATA", "within the content", "after the final dot"],
)
def test_a_connection_that_breaks_costs_one_mail_at_most(
    scripted: Callable[..., Scripted], steps: tuple[str, ...], outcome: Outcome, reply: str
) -> None:
    """Before its last byte a mail is deferred, after it nobody knows; the next one has a new connection."""
    relay = Relay(scripted(drop_after(*steps), good).server, 100)
    # More than sockets hold, so that it cannot all be written where nobody reads it.
    large = b"x" * 70 + b"\r\n"
    receipts = [relay.send(parcel(name, CONTENT + large * 200_000 if name == "bo" else CONTENT)) for name in READERS]
    relay.close()
    assert [each.outcome for each in receipts[:1] + receipts[2:]] == [Outcome.ACCEPTED] * 3
    assert receipts[1].outcome is outcome
    assert re.fullmatch(rf"{reply}: (it hung up|the connection was lost: .*)", receipts[1].reply)


def test_a_connection_that_was_closed_meanwhile_is_opened_anew(scripted: Callable[..., Scripted]) -> None:
    """Nothing of the mail was sent yet, so it is not deferred; nor where the server says why before it goes."""
    closed = threading.Event()

    def impatient(talk: Talk) -> None:
        talk.greet()
        talk.envelope()
        talk.content()
        talk.say("250 2.0.0 taken")
        talk.say("421 4.4.2 Idle for too long")
        talk.close()
        closed.set()

    def hangs_up_at_mail(talk: Talk) -> None:
        talk.greet()
        talk.envelope()
        talk.content()
        talk.say("250 2.0.0 taken")
        talk.hear()

    server = scripted(impatient, hangs_up_at_mail, good)
    relay = Relay(server.server, 100)
    assert accepted(hand_over(relay, "ada")) == ["ada"]
    assert closed.wait(2)
    assert accepted(hand_over(relay, "bo", "cy", "di")) == ["bo", "cy", "di"]
    relay.close()
    assert len(server.talks) == 3


def test_a_new_connection_that_breaks_is_not_opened_for_ever(scripted: Callable[..., Scripted]) -> None:
    """A server that hangs up at each mail defers each of them, with two connections at most for one."""

    def drop(talk: Talk) -> None:
        talk.greet()
        talk.hear()

    server = scripted(drop)
    relay = Relay(server.server, 100)
    assert hand_over(relay, *READERS) == dict.fromkeys(READERS, (Outcome.DEFERRED, "broken off: it hung up"))
    relay.close()
    assert len(server.talks) == len(READERS)


def test_what_a_server_minds_in_the_middle_of_a_mail_is_heard(scripted: Callable[..., Scripted]) -> None:
    """It says so and hangs up before it has read everything."""

    def minds(talk: Talk) -> None:
        talk.greet()
        talk.envelope()
        talk.hear()
        talk.say("552 5.3.4 Too large")
        talk.socket.shutdown(socket.SHUT_WR)
        talk.content()

    relay = Relay(scripted(minds, good).server, 100)
    receipts = hand_over(relay, "ada", "bo")
    relay.close()
    assert receipts["ada"] == (Outcome.REJECTED, "552 5.3.4 Too large")
    assert accepted(receipts) == ["bo"]


# Servers that are slow, or talk nonsense


def test_a_slow_server_is_waited_for_but_not_for_ever(scripted: Callable[..., Scripted]) -> None:
    """The time of a step is that of the whole step: a reply that comes octet by octet has to come to its end."""
    over = threading.Event()

    def slow(talk: Talk) -> None:
        talk.greet()
        talk.hear()
        for octet in b"250 2.1.0 sender ok, I think, but I need some time":
            talk.raw(bytes([octet]))
            if over.wait(0.05):
                return

    def late(talk: Talk) -> None:
        talk.greet()
        talk.envelope()
        talk.content()
        over.wait(0.5)  # longer than a command may take
        talk.say("250 2.0.0 taken")
        talk.envelope()
        talk.content()
        over.wait(5)

    relay = Relay(replace(scripted(slow, late, good).server, seconds=0.3), 100)
    receipts = hand_over(relay, *READERS)
    over.set()
    relay.close()
    assert receipts == {
        "ada": (Outcome.DEFERRED, "broken off: no reply within 0.3 s"),
        "bo": (Outcome.ACCEPTED, "250 2.0.0 taken"),
        "cy": (Outcome.UNCERTAIN, "broken off after the whole mail was sent: no reply within 1.5 s"),
        "di": (Outcome.ACCEPTED, "250 2.0.0 taken"),
    }


@pytest.mark.parametrize(
    "garbage",
    [b"\xff\x00\x1b[2J\r\n", b"HTTP/1.1 400 Bad Request\r\n", b"250-one\r\n550 two\r\n", b"250-" + b"x" * 20_000],
)
def test_garbage_is_no_reply(scripted: Callable[..., Scripted], garbage: bytes) -> None:
    """Where it answers the envelope the mail is deferred, where it answers the content nobody knows."""

    def early(talk: Talk) -> None:
        talk.greet()
        talk.hear()
        talk.raw(garbage)
        talk.wait()

    def late(talk: Talk) -> None:
        talk.greet()
        talk.envelope()
        talk.content()
        talk.raw(garbage)
        talk.wait()

    relay = Relay(scripted(early, late, good).server, 100)
    receipts = hand_over(relay, *READERS)
    relay.close()
    assert receipts["ada"] == (Outcome.DEFERRED, "broken off: it sent what is no reply")
    assert receipts["bo"] == (Outcome.UNCERTAIN, "broken off after the whole mail was sent: it sent what is no reply")
    assert accepted(receipts) == ["cy", "di"]


@pytest.mark.parametrize("answer", ["354 go on", "250 2.0.0 taken already"])
def test_a_reply_out_of_its_place_is_none(scripted: Callable[..., Scripted], answer: str) -> None:
    """354 before the envelope is complete, or 250 where 354 is due: the server and we are out of step."""

    def confused(talk: Talk) -> None:
        talk.greet("PIPELINING")
        for _ in range(3):
            talk.hear()
        talk.say(*(["250 ok"] * (2 if answer.startswith("250") else 0)), answer)
        talk.wait()

    relay = Relay(scripted(confused, good).server, 100)
    receipts = hand_over(relay, "ada", "bo")
    relay.close()
    assert receipts["ada"][0] is Outcome.DEFERRED
    assert "makes no sense" in receipts["ada"][1]
    assert accepted(receipts) == ["bo"]


def test_a_server_that_answers_before_it_is_asked_is_not_believed(scripted: Callable[..., Scripted]) -> None:
    """Replies beyond those to what was sent would be taken for those to the next mail."""

    def eager(talk: Talk) -> None:
        talk.greet()
        for answer in ("250 ok", "250 ok"):
            talk.hear()
            talk.say(answer)
        talk.hear()
        talk.say("354 go on", "250 2.0.0 taken")
        talk.wait()

    relay = Relay(scripted(eager, good).server, 100)
    receipts = hand_over(relay, "ada", "bo")
    relay.close()
    assert receipts["ada"] == (Outcome.DEFERRED, "broken off: it answered before it was asked")
    assert accepted(receipts) == ["bo"]


# Servers that serve nobody


@pytest.mark.parametrize(
    ("greeting", "told", "is_transient"),
    [
        ("421 4.3.2 Too busy", "it greets with 421 4.3.2 Too busy", True),
        ("554 5.7.1 No mails from you", "it greets with 554 5.7.1 No mails from you", False),
        ("SSH-2.0-OpenSSH_9.9", "it sent what is no reply", True),
        ("", "it hung up", True),
    ],
)
def test_a_server_that_does_not_want_us_says_so_at_once(
    scripted: Callable[..., Scripted],
    greeting: str,
    told: str,
    is_transient: bool,  # noqa: FBT001
) -> None:
    """A greeting that is none concerns all mails; one that says 'not now' may go well later."""

    def greet(talk: Talk) -> None:
        if greeting:
            talk.say(greeting)
            talk.wait()

    error = failure(scripted(greet).server)
    assert why(error) == told
    assert error.is_transient is is_transient


def test_a_server_that_greets_and_closes_may_be_back_later(scripted: Callable[..., Scripted]) -> None:
    """It is told as one that hung up, and a transport that met it goes on when it is back."""
    server = scripted(lambda talk: talk.say("220 hello and goodbye"), good).server
    relay = Relay(server, 100)
    with pytest.raises(RelayError) as caught:
        relay.send(parcel("ada"))
    assert caught.value.is_transient
    assert why(caught.value) in ("it hung up", "the connection was lost: connection reset by peer")
    assert accepted(hand_over(relay, "ada", "bo")) == ["ada", "bo"]
    relay.close()


def test_a_server_that_is_not_there_may_be_back_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens, or the name is not found, however long it is: all of it may go well later."""
    with socket.create_server((HERE, 0)) as listening:
        server = Server(host=HERE, port=listening.getsockname()[1], security=Security.NONE)
    error = failure(server)
    assert (why(error), error.is_transient) == ("no connection: connection refused", True)

    def lookup(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    error = failure(replace(server, host=f"{'x' * 64}.example.org"))
    assert (why(error), error.is_transient) == ("the host is not found: no name that a host can have", True)
    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    error = failure(replace(server, host="mail.example.org"))
    assert (why(error), error.is_transient) == ("the host is not found: temporary failure in name resolution", True)


# TLS


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_mails_go_over_tls(run: Callable[..., Server], certificates: Certificates, security: Security) -> None:
    """From the first byte or from STARTTLS on; each mail arrives, over one connection."""
    post = Post(withheld=())
    options = {"tls_context" if security is Security.STARTTLS else "tls": certificates.server}
    server = run(post, require_starttls=security is Security.STARTTLS, **options)
    relay = Relay(replace(server, security=security, context=certificates.client), 100)
    assert accepted(hand_over(relay, *READERS)) == list(READERS)
    relay.close()
    assert post.recipients == list(READERS)
    assert len(post.sessions) == 1


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
@pytest.mark.parametrize(
    ("side", "context", "told"),
    [
        ("server", "stranger", "its certificate is not good: unable to get local issuer certificate"),
        ("of_another", "client", "its certificate is not good: IP address mismatch"),
    ],
)
def test_a_certificate_that_is_not_good_is_final(
    run: Callable[..., Server], certificates: Certificates, security: Security, side: str, context: str, told: str
) -> None:
    """By whom nobody knows, or for another host: no mail and no password goes there, nor in the clear."""
    post = Post()
    option = "tls_context" if security is Security.STARTTLS else "tls"
    server = run(post, **{option: getattr(certificates, side)})
    error = failure(replace(server, security=security, context=getattr(certificates, context)))
    assert not error.is_transient
    assert why(error).startswith(told)
    assert post.mails == []


def test_without_starttls_nothing_is_sent(run: Callable[..., Server], certificates: Certificates) -> None:
    """A server, or somebody between, that does not offer TLS does not get the mails in the clear."""
    post = Post()
    error = failure(replace(run(post), security=Security.STARTTLS, context=certificates.client))
    assert not error.is_transient
    assert why(error) == "it does not offer STARTTLS, and mails do not go in the clear"
    assert post.mails == []


@pytest.mark.parametrize(
    ("answer", "is_transient"), [("454 4.7.0 TLS not available", True), ("502 5.5.1 What?", False)]
)
def test_starttls_refused_is_no_reason_to_go_without(
    scripted: Callable[..., Scripted],
    certificates: Certificates,
    answer: str,
    is_transient: bool,  # noqa: FBT001
) -> None:
    """Offered and then refused: nothing but QUIT is said any more."""

    def refuse(talk: Talk) -> None:
        talk.greet("STARTTLS")
        talk.hear()
        talk.say(answer)
        talk.wait()

    server = scripted(refuse)
    error = failure(replace(server.server, security=Security.STARTTLS, context=certificates.client))
    assert why(error) == f"it refuses STARTTLS: {answer}"
    assert error.is_transient is is_transient
    assert server.talks[0].heard == [b"EHLO lab.example.org", b"STARTTLS"]


def test_what_is_said_in_the_clear_does_not_count_under_tls(
    scripted: Callable[..., Scripted], certificates: Certificates
) -> None:
    """Replies that somebody puts behind the one to STARTTLS would be taken for the server's own (CVE-2021-38371)."""

    def inject(talk: Talk) -> None:
        talk.greet("STARTTLS")
        talk.hear()
        talk.say("220 go on", "250-mail.example.org", "250 AUTH PLAIN")
        talk.wait()

    error = failure(replace(scripted(inject).server, security=Security.STARTTLS, context=certificates.client))
    assert not error.is_transient
    assert why(error) == "it went on in the clear after the reply to STARTTLS: refused"


def test_what_was_offered_in_the_clear_is_forgotten(
    scripted: Callable[..., Scripted], certificates: Certificates
) -> None:
    """Under TLS the server is greeted again, and what it offers then is what counts (RFC 3207 section 4.2)."""

    def modest(talk: Talk) -> None:
        talk.greet("STARTTLS", "SIZE 1", "PIPELINING")
        talk.hear()
        talk.say("220 go on")
        talk.encrypt(certificates.server)
        talk.hello()
        talk.serve()

    server = scripted(modest)
    relay = Relay(replace(server.server, security=Security.STARTTLS, context=certificates.client, seconds=2.0), 100)
    assert accepted(hand_over(relay, *READERS)) == list(READERS)
    relay.close()
    assert server.talks[0].heard[2:4] == [b"EHLO lab.example.org", b"MAIL FROM:<digest@example.org>"]


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_server_that_knows_no_tls_is_told(
    scripted: Callable[..., Scripted], certificates: Certificates, security: Security
) -> None:
    """It answers the handshake in plain text, or hangs up within it."""

    def plain(talk: Talk) -> None:
        talk.greet("STARTTLS")
        talk.hear()
        talk.say("220 go on")
        talk.socket.recv(10)
        talk.say("500 What?")
        talk.wait()

    def gone(talk: Talk) -> None:
        if security is Security.STARTTLS:
            talk.greet("STARTTLS")
            talk.hear()
            talk.say("220 go on")
        talk.socket.recv(10_000)

    for script, told in ((plain, "TLS does not come about: "), (gone, "it broke off while TLS began")):
        server = replace(scripted(script).server, security=security, context=certificates.client)
        error = failure(server)
        assert why(error).startswith(told)
        assert error.is_transient is (script is gone)


# Who we are


def credentials(word: str = "open sesame") -> auth.Credentials:
    """Somebody with a password."""
    return auth.Credentials("digest@example.org", lambda: word)


def knows(_server: SMTP, _session: object, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:  # noqa: ANN401
    """Whether a name and a password are right."""
    return AuthResult(success=(data.login, data.password) == (b"digest@example.org", b"open sesame"), handled=False)


@pytest.mark.parametrize(
    ("wanted", "withheld"), [(None, ()), (Mechanism.PLAIN, ()), (Mechanism.LOGIN, ()), (None, ("AUTH LOGIN PLAIN",))]
)
def test_a_password_is_believed(
    run: Callable[..., Server], certificates: Certificates, wanted: Mechanism | None, withheld: tuple[str, ...]
) -> None:
    """By PLAIN or LOGIN, over TLS; where nothing is offered, nothing is said."""
    post = Post(withheld=withheld)
    server = run(post, tls_context=certificates.server, authenticator=knows, auth_required=True)
    server = replace(
        server, security=Security.STARTTLS, context=certificates.client, credentials=credentials(), mechanism=wanted
    )
    if withheld:
        error = failure(server)
        assert (why(error), error.is_transient) == ("it does not offer to log in", False)
        return
    relay = Relay(server, 100)
    assert accepted(hand_over(relay, *READERS)) == list(READERS)
    relay.close()


@pytest.mark.parametrize("mechanism", [Mechanism.PLAIN, Mechanism.LOGIN])
def test_a_wrong_password_is_final(
    run: Callable[..., Server], certificates: Certificates, mechanism: Mechanism
) -> None:
    """It will be wrong the next time, too; the error has neither name nor password."""
    post = Post()
    server = run(post, tls_context=certificates.server, authenticator=knows, auth_required=True)
    error = failure(
        replace(
            server,
            security=Security.STARTTLS,
            context=certificates.client,
            credentials=credentials("open barley"),
            mechanism=mechanism,
        )
    )
    assert not error.is_transient
    assert why(error) == f"it refuses the login ({mechanism}): 535 5.7.8 Authentication credentials invalid"
    assert post.mails == []


def login(*answers: str, offer: str = "AUTH XOAUTH2") -> Callable[[Talk], None]:
    """Offer a login, and answer it line by line; then take mails."""

    def script(talk: Talk) -> None:
        talk.greet(offer)
        for answer in answers:
            talk.hear()
            talk.say(answer)
        talk.serve()

    return script


def test_a_token_goes_by_xoauth2(scripted: Callable[..., Scripted]) -> None:
    """In the form that Google and Microsoft want; a long one goes on a line of its own (RFC 4954 section 4)."""
    whole = b"user=digest@example.org\1auth=Bearer %s\1\1"
    server = scripted(login("235 welcome"))
    relay = Relay(replace(server.server, credentials=credentials("ya29.token")), 100)
    assert accepted(hand_over(relay, "ada")) == ["ada"]
    relay.close()
    command, _, token = server.talks[0].heard[1].rpartition(b" ")
    assert command == b"AUTH XOAUTH2"
    assert b64decode(token) == whole % b"ya29.token"
    server = scripted(login("334 ", "235 welcome"))
    relay = Relay(replace(server.server, credentials=credentials("t" * 900)), 100)
    assert accepted(hand_over(relay, "ada")) == ["ada"]
    relay.close()
    assert server.talks[0].heard[1] == b"AUTH XOAUTH2"
    assert b64decode(server.talks[0].heard[2]) == whole % (b"t" * 900)


def test_a_token_that_is_refused_is_told_in_two_steps(scripted: Callable[..., Scripted]) -> None:
    """The challenge that says no wants an empty line, and then the code comes; what was sent is in no error."""
    challenge = b64encode(b'{"status":"400","schemes":"Bearer"}').decode()
    server = scripted(login(f"334 {challenge}", "535 5.7.8 digest@example.org: bad token ya29.token"))
    error = failure(replace(server.server, credentials=credentials("ya29.token")))
    assert not error.is_transient
    assert why(error) == "it refuses the login (xoauth2): 535 5.7.8 … bad token …"
    assert server.talks[0].heard[2] == b""


def test_what_is_sent_to_log_in_is_in_no_error(scripted: Callable[..., Scripted]) -> None:
    """A server that says back what it was told does not bring the password into a log."""
    encoded = b64encode(b"\0digest@example.org\0sesame").decode()
    server = scripted(login(f"501 cannot decode {encoded} with sesame", offer="AUTH=PLAIN"))
    error = failure(replace(server.server, credentials=credentials("sesame")))
    assert why(error) == "it refuses the login (plain): 501 cannot decode … with …"


def test_a_server_that_asks_on_and_on_is_told_to_stop(scripted: Callable[..., Scripted]) -> None:
    """A challenge beyond the mechanism's ends the exchange (RFC 4954 section 4); a passing fault is one."""
    server = scripted(login("334 ", "334 ", "334 ", "501 cancelled", offer="AUTH LOGIN"))
    error = failure(replace(server.server, credentials=credentials()))
    assert why(error) == "it refuses the login (login): it asks for more than a name and a password"
    assert server.talks[0].heard[-1] == b"*"
    busy = failure(replace(scripted(login("454 4.7.0 Not now")).server, credentials=credentials()))
    assert busy.is_transient


# Replies


TEXT = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=30)


@given(st.integers(200, 599), st.lists(TEXT, min_size=1, max_size=6), st.binary(max_size=20), st.integers(0, 200))
def test_a_reply_is_read_wherever_it_is_cut(code: int, lines: list[str], rest: bytes, cut: int) -> None:
    """Any code and any lines come back, what follows is left alone, and a part of a reply is not one."""
    written = "".join(
        f"{code}{' ' if number == len(lines) else '-'}{line}\r\n" for number, line in enumerate(lines, start=1)
    ).encode()
    assert parse(written + rest) == (Reply(code, tuple(lines)), len(written))
    assert parse(written[: min(cut, len(written) - 1)]) is None
    assert parse(written.replace(b"\r\n", b"\n")) == (Reply(code, tuple(lines)), len(written) - len(lines))


@given(st.one_of(st.binary(max_size=80), st.text("250 -\r\nab", max_size=40).map(str.encode)))
def test_any_octets_are_a_reply_the_beginning_of_one_or_none(octets: bytes) -> None:
    """Nothing else comes of them, and what is no reply does not become one by more octets."""
    try:
        found = parse(octets)
    except ReplyFault:
        with pytest.raises(ReplyFault):
            parse(octets + b"\r\n250 ok\r\n")
        return
    if found:
        reply, length = found
        assert 0 < length <= len(octets)
        assert 200 <= reply.code <= 599
        line = reply.line()
        assert line.isprintable()
        assert "@" not in line


def test_a_reply_has_an_end() -> None:
    """One that goes on for ever is none, be it in one line or in many."""
    for endless in (b"250 " + b"x" * LONGEST_REPLY, b"250-x\r\n" * (MOST_LINES + 1)):
        with pytest.raises(ReplyFault):
            parse(endless + b"\r\n")
    assert parse(b"250-x\r\n" * (MOST_LINES - 1)) is None


def test_a_reply_is_one_line_with_its_status_once() -> None:
    """Code, enhanced status and the text of all lines, as a report shows it."""
    found = parse(b"550-5.7.1 Our policy\r\n550-5.7.1  is strict.\r\n550 5.7.1 See https://example.org/why\r\n")
    assert found
    assert found[0].status == "5.7.1"
    assert found[0].line() == "550 5.7.1 Our policy is strict. See https://example.org/why"
    assert Reply(250, ("",)).line() == "250"
