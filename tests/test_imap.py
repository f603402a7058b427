"""Returned mails on an IMAP server on loopback: what is read, how it is marked, and what is told of faults."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from base64 import b64decode
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from digest import bounce_reading, inboxes, settings
from digest.clock import Clock
from digest.errors import SettingsError
from digest.imap import KEYWORD
from digest.store import Store, bounces, issues
from digest.types import Issue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from digest.bounce_reading import ReadReport

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

HERE = "127.0.0.1"
NOW = datetime(2025, 5, 9, 12, tzinfo=UTC)
MARK = "abcdefghijklmnopqrstuvw2"
PASSWORD = 'open "sesame" \\o/'  # noqa: S105  (that of the test's server)
SHAPES = Path(__file__).parent / "returned"


def returned(shape: str, token: str = MARK) -> bytes:
    """A mail of this shape that comes back to a token's address, with line ends as IMAP has them."""
    values = {
        "to": f"bounces+{token}@example.org",
        "action": "failed",
        "status": "5.1.1",
        "words": "550 5.1.1 no such user",
        "kind": "abuse",
        "message_id": "<1@example.org>",
    }
    inner = (SHAPES / "returned.txt").read_text("utf-8").format(**values)
    text = (SHAPES / f"{shape}.eml").read_text("utf-8").format(returned=inner, **values)
    return text.replace("\n", "\r\n").encode()


@dataclass
class Server:
    """A small server of IMAP4rev1 with one account; each mail has flags, and is in one mailbox."""

    mails: dict[int, tuple[bytes, set[str]]] = field(default_factory=dict)
    moved: dict[int, str] = field(default_factory=dict)
    capabilities: str = "IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 MOVE"
    tls: ssl.SSLContext | None = None
    is_tls_at_once: bool = True
    heard: list[str] = field(default_factory=list)
    hang_up_at: str = ""
    """The command at which the connection is cut."""

    def __post_init__(self) -> None:
        """Listen."""
        self.listening = socket.create_server((HERE, 0))
        self.port = self.listening.getsockname()[1]
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    def close(self) -> None:
        """Listen no more."""
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        for thread in self.threads:
            thread.join(5)

    def put(self, *mails: bytes) -> None:
        """Unread mails that came."""
        for mail in mails:
            self.mails[len(self.mails) + 7] = (mail, set())

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connected, _ = self.listening.accept()
                self._serve(connected)

    def _serve(self, connected: socket.socket) -> None:
        try:
            if self.tls and self.is_tls_at_once:
                connected = self.tls.wrap_socket(connected, server_side=True)
            file = connected.makefile("rwb", buffering=0)
            file.write(b"* OK [CAPABILITY " + self.capabilities.encode() + b"] ready\r\n")
            while line := file.readline():
                tag, command, *rest = line.decode().strip().split(" ", 2)
                words = rest[0] if rest else ""
                self.heard.append(f"{command} {words}".strip())
                if self.hang_up_at and self.heard[-1].startswith(self.hang_up_at):
                    break
                if command == "STARTTLS" and self.tls:
                    file.write(f"{tag} OK go on\r\n".encode())
                    file.close()
                    connected = self.tls.wrap_socket(connected, server_side=True)
                    file = connected.makefile("rwb", buffering=0)
                    continue
                for part in self._answer(command, words, file.readline, file.write):
                    file.write(part if part.startswith(b"* ") else tag.encode() + b" " + part)
            file.close()
        except OSError:
            pass
        finally:
            connected.close()

    def _answer(
        self, command: str, words: str, hear: Callable[[], bytes], say: Callable[[bytes], object]
    ) -> Iterator[bytes]:
        if command == "CAPABILITY":
            yield f"* CAPABILITY {self.capabilities}\r\n".encode()
        elif command == "LOGIN" and words != '"me" "open \\"sesame\\" \\\\o/"':
            yield b"NO [AUTHENTICATIONFAILED] me is not known with " + words.encode() + b"\r\n"
            return
        elif command == "AUTHENTICATE" and (refusal := self._refusal(words, hear, say)):
            yield refusal
            return
        elif command == "SELECT":
            if words != '"INBOX"':
                yield b"NO no such mailbox\r\n"
                return
            yield b"* %d EXISTS\r\n" % len(self.mails)
        elif command == "LOGOUT":
            yield b"* BYE\r\n"
        elif command == "UID":
            kind, _, rest = words.partition(" ")
            yield from self._answer_uid(kind, rest)
        yield b"OK done\r\n"

    def _refusal(self, mechanism: str, hear: Callable[[], bytes], say: Callable[[bytes], object]) -> bytes:
        say(b"+ \r\n")
        answer = b64decode(hear())
        if mechanism == "XOAUTH2" and answer != b"user=me\1auth=Bearer " + PASSWORD.encode() + b"\1\1":
            say(b"+ eyJzdGF0dXMiOiI0MDEifQ==\r\n")
            assert hear() == b"\r\n"
            return b"NO the token has ended\r\n"
        return b"NO who are you?\r\n" if mechanism == "PLAIN" and answer != b"\0me\0" + PASSWORD.encode() else b""

    def _answer_uid(self, kind: str, rest: str) -> Iterator[bytes]:
        if kind == "SEARCH":
            assert rest == f"UNSEEN UNDELETED UNKEYWORD {KEYWORD}"
            unread = [n for n, (_, flags) in self.mails.items() if not {r"\Seen", KEYWORD} & flags]
            yield f"* SEARCH {' '.join(map(str, unread))}".strip().encode() + b"\r\n"
            return
        number, _, what = rest.partition(" ")
        content, flags = self.mails[int(number)]
        if kind == "FETCH":
            assert re.fullmatch(r"\(BODY\.PEEK\[\]<0\.\d+>\)", what)
            yield b"* 1 FETCH (UID %s BODY[]<0> {%d}\r\n" % (number.encode(), len(content)) + content + b")\r\n"
        elif kind == "STORE":
            flags |= set(what.partition("(")[2].rstrip(")").split())
        elif kind == "MOVE":
            self.moved[int(number)] = what


@pytest.fixture
def server() -> Iterator[Server]:
    """A server without TLS."""
    running = Server()
    yield running
    running.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A database in which Ada was sent an issue."""
    issue = Issue(id="1", profile="ada", name="Ada", day=NOW.date(), composed=NOW, sections=(), considered=0, passed=0)
    with Store(tmp_path / "digest.sqlite3") as opened:
        with opened.writing() as connection:
            covered = issues.Coverage(day=issue.day, seq=0)
            issues.add(connection, issue, covered=covered, recipient="ada@example.org", now=NOW, token=MARK)
            connection.execute(sa.text("UPDATE deliveries SET state = 'sent'"))
        yield opened


def read(store: Store, server: Server, security: str = "none", more: str = "", password: str = PASSWORD) -> ReadReport:
    """Read the server's mailbox, as settings in a file say."""
    home = store.folder
    home.joinpath("digest.toml").write_text(
        '[delivery]\nbounce_address = "bounces@example.org"\n'
        f'[bounces]\nhost = "{HERE}"\nport = {server.port}\nsecurity = "{security}"\nusername = "me"\n'
        f'password_variable = "SECRET"\ntimeout = 3\n{more}\n',
        encoding="utf-8",
    )
    options = settings.load(home)
    inbox = inboxes.configured(options, {"SECRET": password})
    return bounce_reading.read(store, options, inbox, Clock(now=lambda: NOW))


def suppressed(store: Store) -> list[str]:
    """Suppressed addresses."""
    with store.reading() as connection:
        return [each.address for each in bounces.listing(connection)]


def test_unread_mails_are_read_once_and_none_is_deleted(store: Store, server: Server) -> None:
    """What counted is seen, anything else stays unread for people; both are passed over the next time."""
    server.put(returned("postfix"), returned("vacation"), b"Subject: hello\r\n\r\nme", returned("gmail", "q" * 24))
    report = read(store, server)
    assert (report.read, report.counted, report.strangers, report.failed) == (4, {"hard": 1}, 1, [])
    assert suppressed(store) == ["ada@example.org"]
    assert [flags for _, flags in server.mails.values()] == [{r"\Seen"}, {KEYWORD}, {KEYWORD}, {KEYWORD}]
    assert read(store, server).read == 0
    assert server.heard[-1] == "LOGOUT"
    assert not [each for each in server.heard if re.search("EXPUNGE|CLOSE|Deleted", each)]


@pytest.mark.parametrize(("capabilities", "moved"), [("IMAP4rev1 MOVE", {7: '"Done \\"x\\""'}), ("IMAP4rev1", {})])
def test_reports_are_moved_if_so_wished(store: Store, server: Server, capabilities: str, moved: dict[int, str]) -> None:
    """Where the server can; else they stay, as read."""
    server.capabilities = capabilities
    server.put(returned("postfix"), b"Subject: hello\r\n\r\nme")
    read(store, server, more="move_to = 'Done \"x\"'")
    assert server.moved == moved
    assert server.mails[7][1] == {r"\Seen"}


@pytest.mark.parametrize("hang_up_at", ["UID STORE", "UID FETCH 8", "LOGOUT"])
def test_a_connection_that_breaks_loses_and_doubles_nothing(store: Store, server: Server, hang_up_at: str) -> None:
    """What was counted and not marked is known when it is read again."""
    server.put(returned("postfix"), returned("complaint"))
    server.hang_up_at = hang_up_at
    first = read(store, server)
    assert bool(first.failed) is (hang_up_at != "LOGOUT")
    server.hang_up_at = ""
    second = read(store, server)
    assert {**first.counted, **second.counted} == {"hard": 1, "complaint": 1}
    assert sum([*first.counted.values(), *second.counted.values()]) == 2
    assert all(flags == {r"\Seen"} for _, flags in server.mails.values())


@pytest.mark.parametrize(
    ("capabilities", "more", "heard"),
    [
        ("IMAP4rev1", "", "LOGIN"),
        ("IMAP4rev1 AUTH=PLAIN", "", "AUTHENTICATE PLAIN"),
        ("IMAP4rev1 AUTH=PLAIN", 'auth = "login"', "LOGIN"),
        ("IMAP4rev1 AUTH=XOAUTH2", 'auth = "xoauth2"', "AUTHENTICATE XOAUTH2"),
    ],
)
def test_who_we_are_is_proved_as_the_settings_say(
    store: Store, server: Server, capabilities: str, more: str, heard: str
) -> None:
    """PLAIN where it is offered, else LOGIN; a token only if that is wished. A wrong password is told without it."""
    server.capabilities = capabilities
    assert read(store, server, more=more).failed == []
    assert [each for each in server.heard if each.startswith(heard)]
    [failed] = read(store, server, more=more, password="wrong-one").failed  # noqa: S106
    assert failed["where"] == HERE
    assert re.search("not known|who are you|token has ended", failed["why"])
    assert "wrong-one" not in failed["why"]


def test_faults_of_the_server_are_told(store: Store, server: Server) -> None:
    """No such mailbox, no login, nobody there."""
    assert read(store, server, more='mailbox = "Nowhere"').failed == [{"where": HERE, "why": "no such mailbox"}]
    server.capabilities = "IMAP4rev1 LOGINDISABLED"
    assert read(store, server).failed[0]["why"] == "it lets nobody log in over this connection"
    assert read(store, server, password="grün").failed[0]["why"].startswith("it lets")  # noqa: S106
    server.capabilities = "IMAP4rev1"
    assert 'needs auth = "plain"' in read(store, server, password="grün").failed[0]["why"]  # noqa: S106
    with socket.socket() as free:
        free.bind((HERE, 0))
        nobody = Server.__new__(Server)
        nobody.port = free.getsockname()[1]
        assert read(store, nobody).failed[0]["why"] == "Connection refused"


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_the_password_goes_only_to_a_server_whose_certificate_is_good(
    store: Store, tmp_path: Path, security: str
) -> None:
    """Over TLS from the first byte or within; an unknown certificate gets nothing, nor does a server without TLS."""
    pem = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = Server(tls=context, is_tls_at_once=security == "tls", capabilities="IMAP4rev1 STARTTLS")
    server.put(returned("postfix"))
    try:
        [failed] = read(store, server, security).failed
        assert failed["why"].startswith("its certificate is not good")
        assert not [each for each in server.heard if "LOGIN" in each]
        assert read(store, server, security, more='ca_file = "server.pem"').counted == {"hard": 1}
        if security == "starttls":
            server.capabilities = "IMAP4rev1"
            server.heard.clear()
            [failed] = read(store, server, security, more='ca_file = "server.pem"').failed
            assert "TLS not supported" in failed["why"]
            assert not [each for each in server.heard if "LOGIN" in each]
    finally:
        server.close()


def certificate(folder: Path) -> Path:
    """A key and a certificate for this host, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HERE))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ('maildir = "x"\nhost = "h"', "bounces: expected maildir or host, got both"),
        ('host = "h"', "bounces: host needs a username"),
        ('host = "h"\nusername = "me"', "bounces: host needs a username"),
        ('password_file = "x"\npassword_variable = "y"', "bounces: expected password_variable or password_file"),
        ('password = "x"', "bounces.password: a password never stands in this file"),
        ('mailbox = "Gelöscht"', "bounces.mailbox: expected ASCII, in IMAP's modified UTF-7"),
        ('mailbox = ""', "bounces.mailbox: "),
        ('mailbox = "a\\r\\nb"', "bounces.mailbox: expected words on one line"),
        ('auth = "cram-md5"', "bounces.auth: expected 'plain', 'login' or 'xoauth2'"),
        ("port = 0", "bounces.port: "),
        ('security = "ssl"', "bounces.security: expected "),
    ],
)
def test_faults_of_the_table_name_the_key(tmp_path: Path, lines: str, fault: str) -> None:
    """Before anything is asked of anybody."""
    (tmp_path / "digest.toml").write_text(f"[bounces]\n{lines}\n", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        settings.load(tmp_path)
    assert fault in str(caught.value)
