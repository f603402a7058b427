"""A mail server that takes everything as fast as it can and keeps nothing, to measure clients against.

    python bench/smtp_sink.py

Prints its port on 127.0.0.1 and serves until its input ends; then it prints how many messages and octets of content
came. It offers PIPELINING, 8BITMIME, SMTPUTF8 and SIZE.
"""

from __future__ import annotations

import asyncio
import sys
import threading

_END = b"\r\n.\r\n"
_EHLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 0\r\n"
_ANSWERS = {b"EHLO": _EHLO, b"QUIT": b"221 2.0.0 bye\r\n", b"DATA": b"354 go on\r\n"}
_OK = b"250 2.0.0 ok\r\n"


class Sink(asyncio.Protocol):
    """One connection."""

    messages = 0
    octets = 0

    def __init__(self) -> None:
        self._is_content = False
        self._kept = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Take commands or content."""
        if self._is_content:
            # Only the last octets can hold the beginning of the end; a client waits for the reply to it.
            Sink.octets += len(data)
            self._kept = self._kept[-len(_END) :] + data[-len(_END) :]
            if self._kept.endswith(_END):
                self._is_content, self._kept = False, b""
                Sink.messages += 1
                self._transport.write(_OK)
            return
        *lines, self._kept = (self._kept + data).split(b"\r\n")
        verbs = [line[:4].upper() for line in lines]
        self._transport.write(b"".join(_ANSWERS.get(verb, _OK) for verb in verbs))
        self._is_content = b"DATA" in verbs


async def main() -> None:
    """Serve."""
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait, daemon=True).start()
    await ended.wait()
    print(Sink.messages, Sink.octets)


if __name__ == "__main__":
    asyncio.run(main())
