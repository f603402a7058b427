"""A mail server that takes everything as fast as it can and keeps nothing, to measure clients against.

    python bench/smtp_sink.py

Prints its port on 127.0.0.1 and serves until its input ends; then it prints how many messages and octets of content
came, and the seconds of the processor that this took. It offers PIPELINING, 8BITMIME, SMTPUTF8 and SIZE. One thread
reads all connections into one buffer, since it shares the machine with the client.
"""

from __future__ import annotations

import selectors
import socket
import sys
import time

_END = b"\r\n.\r\n"
_EHLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 0\r\n"
_ANSWERS = {b"EHLO": _EHLO, b"QUIT": b"221 2.0.0 bye\r\n", b"DATA": b"354 go on\r\n"}
_OK = b"250 2.0.0 ok\r\n"
_BUFFER = memoryview(bytearray(1 << 18))


class Connection:
    """One client."""

    messages = 0
    octets = 0

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._is_content = False
        self._kept = b""
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.sendall(b"220 sink\r\n")

    def serve(self) -> bool:
        """Take the commands or the content that came; whether the client is still there."""
        try:
            size = self._socket.recv_into(_BUFFER)
        except ConnectionResetError:
            size = 0
        if not size:
            self._socket.close()
        elif self._is_content:
            self._content(size)
        else:
            self._commands(size)
        return size > 0

    def _content(self, size: int) -> None:
        # Only the last octets can hold the beginning of the end; a client waits for the reply to it.
        Connection.octets += size
        last = bytes(_BUFFER[max(size - len(_END), 0) : size])
        self._kept = (self._kept + last)[-len(_END) :]
        if self._kept == _END:
            self._is_content, self._kept = False, b""
            Connection.messages += 1
            self._socket.sendall(_OK)

    def _commands(self, size: int) -> None:
        *lines, self._kept = (self._kept + bytes(_BUFFER[:size])).split(b"\r\n")
        verbs = [line[:4].upper() for line in lines]
        self._is_content = b"DATA" in verbs
        self._socket.sendall(b"".join(_ANSWERS.get(verb, _OK) for verb in verbs))


def main() -> None:
    """Serve."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening, selectors.DefaultSelector() as ready:
        print(listening.getsockname()[1], flush=True)
        ready.register(sys.stdin, selectors.EVENT_READ)
        ready.register(listening, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.data and not key.data.serve():
                    ready.unregister(key.fd)
                elif key.fileobj is listening:
                    connected = listening.accept()[0]
                    ready.register(connected, selectors.EVENT_READ, Connection(connected))
                elif key.fileobj is sys.stdin:
                    print(Connection.messages, Connection.octets, time.process_time())
                    return


if __name__ == "__main__":
    main()
