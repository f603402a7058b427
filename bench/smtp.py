"""How many mails a second the SMTP client hands over, beside a client that knows nothing but to write and to read.

    python bench/smtp.py --seconds 2

The server is a sink in a process of its own (bench/smtp_sink.py). The raw client sends the same octets in the same two
steps (envelope, content) and looks at no more than the number of replies. Both take turns, and of all turns the best
counts, as others may use the machine; what carries over to another one is the ratio. The standard library's smtplib,
which sends command by command, takes its turns as well.
"""

from __future__ import annotations

import argparse
import smtplib
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))
import sinks

from digest.delivery_settings import Security
from digest.smtp.relay import Relay
from digest.smtp.session import Server
from digest.transport import Outcome, Parcel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Send = Callable[[int], None]
    """Hands over the mail of this number."""

HERE = "127.0.0.1"
SIZES = (66_000, 10_000)
CONNECTIONS = (1, 4)
LINE = b'<td style=3D"padding:0 16px 4px;font-size:15px;line-height:22px">An abstract=\r\n'


def content(size: int) -> bytes:
    """A mail of about so many octets."""
    return b"Subject: Owls\r\n\r\n" + LINE * (size // len(LINE))


def ours(port: int, mails: Sequence[bytes]) -> tuple[Send, Callable[[], None]]:
    """This package's client, and what ends it."""
    relay = Relay(Server(host=HERE, port=port, security=Security.NONE), 1_000_000)

    def send(number: int) -> None:
        mail = mails[number % len(mails)]
        parcel = Parcel(name="a", sender="digest@example.org", recipient=f"reader-{number}@example.org", content=mail)
        if relay.send(parcel).outcome is not Outcome.ACCEPTED:
            raise SystemExit("a mail was not taken")

    return send, relay.close


def raw(port: int, mails: Sequence[bytes]) -> tuple[Send, Callable[[], None]]:
    """Octets out, octets in."""
    framed = [mail + b".\r\n" for mail in mails]
    connected = socket.create_connection((HERE, port))
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(lines: int) -> None:
        while lines > 0:
            lines -= connected.recv(8192).count(b"\n")

    read(1)
    connected.sendall(b"EHLO here\r\n")
    offered = b""
    while b"\n250 " not in offered:  # which begins its last line
        offered += connected.recv(8192)

    def send(number: int) -> None:
        mail = framed[number % len(framed)]
        connected.sendall(
            b"MAIL FROM:<digest@example.org> SIZE=%d\r\nRCPT TO:<reader-%d@example.org>\r\nDATA\r\n"
            % (len(mail), number)
        )
        read(3)
        connected.sendall(mail)
        read(1)

    return send, connected.close


def standard(port: int, mails: Sequence[bytes]) -> tuple[Send, Callable[[], None]]:
    """The standard library's."""
    client = smtplib.SMTP(HERE, port)

    def send(number: int) -> None:
        client.sendmail("digest@example.org", f"reader-{number}@example.org", mails[number % len(mails)])

    return send, client.close


def rate(
    client: Callable[[int, Sequence[bytes]], tuple[Send, Callable[[], None]]],
    port: int,
    mails: Sequence[bytes],
    connections: int,
    seconds: float,
) -> float:
    """Mails a second over so many connections, a thread each."""
    counts = [0] * connections
    started = threading.Barrier(connections)

    def work(index: int) -> None:
        send, close = client(port, mails)
        send(0)
        started.wait()
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            send(counts[index])
            counts[index] += 1
        close()

    threads = [threading.Thread(target=work, args=(index,)) for index in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def main() -> None:
    """Print a line for each size and number of connections."""
    parser = argparse.ArgumentParser(description="Mails a second by SMTP.")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a turn")
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    clients = {"ours": ours, "raw": raw, "smtplib": standard}
    print("octets  connections   ours/s    raw/s  smtplib/s  ours:raw")
    with sinks.ours() as port:
        for size in SIZES:
            mail = content(size)
            for connections in CONNECTIONS:
                best = dict.fromkeys(clients, 0.0)
                for _ in range(options.turns):
                    for name, client in clients.items():
                        best[name] = max(best[name], rate(client, port, [mail], connections, options.seconds))
                print(
                    f"{len(mail):6}  {connections:11}  {best['ours']:7.0f}  {best['raw']:7.0f}  {best['smtplib']:9.0f}"
                    f"  {best['ours'] / best['raw']:8.2f}"
                )


if __name__ == "__main__":
    main()
