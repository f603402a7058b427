"""Handing over to a server for local delivery (LMTP, RFC 2033) over a Unix socket."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from digest.delivery_settings import Security
from digest.errors import RelayError
from digest.smtp.relay import Relay
from digest.smtp.session import Server
from digest.transport import Outcome, Parcel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CONTENT = b"Subject: Owls\r\n\r\nGood morning.\r\n"
ANSWERS = {
    b"ada": ("250 2.1.5 ok", "250 2.0.0 delivered"),
    b"bo": ("550 5.1.1 no such mailbox: bo@example.org", ""),
    b"cy": ("250 2.1.5 ok", "452 4.2.2 mailbox full"),
    b"di": ("250 2.1.5 ok", "550 5.2.1 mailbox closed"),
}
"""What the server says to a recipient, and to the mail for that one."""

needs_unix_sockets = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here")


def serve(connected: socket.socket, heard: list[bytes], *, is_pipelined: bool, is_eager: bool) -> None:
    """Speak LMTP over one connection; an eager server wants the content even where it refused the recipient."""
    with connected, connected.makefile("rb") as lines:

        def say(*said: str) -> None:
            connected.sendall("".join(f"{line}\r\n" for line in said).encode())

        say("220 lmtp.example.org")
        taken, answer = False, ""
        for line in lines:
            heard.append(line.rstrip())
            command = line[:4].upper()
            if command == b"LHLO":
                say("250-lmtp.example.org", *(["250-PIPELINING"] if is_pipelined else []), "250 ENHANCEDSTATUSCODES")
            elif command == b"RCPT":
                said, answer = ANSWERS[line.partition(b"<")[2].partition(b"@")[0]]
                taken = said.startswith("2")
                say(said)
            elif command == b"DATA" and (taken or is_eager):
                say("354 go on")
                while next(lines, b".\r\n") != b".\r\n":
                    pass
                if taken:
                    say(answer)
            elif command == b"DATA":
                say("503 5.5.1 no recipients")
            elif command in (b"MAIL", b"RSET", b"QUIT"):
                say("250 2.0.0 ok")
            else:
                say("500 5.5.1 what?")


@pytest.fixture
def listen(tmp_path: Path) -> Iterator[Callable[..., tuple[Server, list[bytes]]]]:
    """Starts a server; where it is, and what it hears."""
    open_sockets: list[socket.socket] = []

    def start(*, is_pipelined: bool = True, is_eager: bool = False) -> tuple[Server, list[bytes]]:
        path = str(tmp_path / "lmtp")
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(path)
        listening.listen()
        open_sockets.append(listening)
        heard: list[bytes] = []

        def accept() -> None:
            while True:
                try:
                    connected, _ = listening.accept()
                except OSError:
                    return
                serve(connected, heard, is_pipelined=is_pipelined, is_eager=is_eager)

        threading.Thread(target=accept, daemon=True).start()
        return Server(path=path, is_lmtp=True, security=Security.NONE, seconds=2.0), heard

    yield start
    for each in open_sockets:
        each.shutdown(socket.SHUT_RDWR)
        each.close()


@needs_unix_sockets
@pytest.mark.parametrize("is_pipelined", [True, False])
@pytest.mark.parametrize("is_eager", [True, False])
def test_each_mailbox_answers_for_itself(
    listen: Callable[..., tuple[Server, list[bytes]]],
    is_pipelined: bool,  # noqa: FBT001
    is_eager: bool,  # noqa: FBT001
) -> None:
    """LHLO greets, and the reply to the mail is that of the recipient's mailbox; others are served meanwhile."""
    server, heard = listen(is_pipelined=is_pipelined, is_eager=is_eager)
    relay = Relay(server, 100)
    receipts = [
        relay.send(Parcel(name=name, sender="digest@example.org", recipient=f"{name}@example.org", content=CONTENT))
        for name in ("ada", "bo", "cy", "di", "ada")
    ]
    relay.close()
    assert [(each.outcome, each.reply) for each in receipts] == [
        (Outcome.ACCEPTED, "250 2.0.0 delivered"),
        (Outcome.REJECTED, "550 5.1.1 no such mailbox: …"),
        (Outcome.DEFERRED, "452 4.2.2 mailbox full"),
        (Outcome.REJECTED, "550 5.2.1 mailbox closed"),
        (Outcome.ACCEPTED, "250 2.0.0 delivered"),
    ]
    assert heard[0] == b"LHLO localhost"
    assert not [line for line in heard if line.startswith((b"EHLO", b"HELO"))]


@needs_unix_sockets
def test_a_socket_without_server_may_have_one_later(tmp_path: Path) -> None:
    """The error names the socket."""
    path = str(tmp_path / "lmtp")
    relay = Relay(Server(path=path, is_lmtp=True, security=Security.NONE), 100)
    with pytest.raises(RelayError, match="no connection: no such file or directory") as caught:
        relay.send(Parcel(name="a", sender="", recipient="ada@example.org", content=CONTENT))
    assert caught.value.is_transient
    assert str(caught.value).startswith(f"cannot hand over to '{path}': ")
