"""One connection to a server: lines out, replies in, each step with its time."""

from __future__ import annotations

import socket
import ssl
import time
from typing import TYPE_CHECKING, Self

from digest.smtp.replies import ReplyFault, parse

if TYPE_CHECKING:
    from digest.smtp.replies import Reply

_CHUNK = 8192


class BrokenError(Exception):
    """The connection is of no more use; the text says why."""


class HungUpError(BrokenError):
    """The other side closed it."""


class Wire:
    """A connected socket. `is_local` tells whether the other end is on this machine, `is_encrypted` whether TLS is on.

    Times are in seconds, and are those of a whole step, however many bytes or pauses it has.
    """

    def __init__(self, connected: socket.socket, *, is_local: bool) -> None:
        self.is_local = is_local
        self.is_encrypted = False
        self._socket = connected
        self._received = bytearray()

    @classmethod
    def to_host(cls, host: str, port: int, seconds: float) -> Self:
        """Connect to the first of a host's addresses that answers.

        Raises:
            OSError: none does, or the name cannot be resolved (`socket.gaierror`).
        """
        try:
            connected = socket.create_connection((host, port), timeout=seconds)
        except UnicodeError as error:  # a label that is too long
            raise socket.gaierror(socket.EAI_NONAME, "no name that a host can have") from error
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            address = str(connected.getpeername()[0])
        except OSError:  # it hung up at once
            connected.close()
            raise
        return cls(connected, is_local=address.startswith("127.") or address in ("::1", "::ffff:127.0.0.1"))

    @classmethod
    def to_path(cls, path: str, seconds: float) -> Self:
        """Connect to a Unix socket.

        Raises:
            OSError: nobody listens there.
        """
        unconnected = socket.socket(socket.AF_UNIX)
        try:
            unconnected.settimeout(seconds)
            unconnected.connect(path)
        except OSError:
            unconnected.close()
            raise
        return cls(unconnected, is_local=True)

    def encrypt(self, context: ssl.SSLContext, host: str, seconds: float) -> None:
        """Put TLS on it.

        Raises:
            BrokenError: the server had more to say before: it, or somebody between, wants words that came in the clear
                to be taken for words that came over TLS.
            OSError: the handshake fails; `ssl.SSLCertVerificationError` where it is for the certificate.
        """
        if self._received:
            raise BrokenError("it went on in the clear after the reply to STARTTLS")
        self._socket.settimeout(seconds)
        self._socket = context.wrap_socket(self._socket, server_hostname=host)
        self.is_encrypted = True

    def write(self, octets: bytes, seconds: float) -> None:
        """Send everything in one go.

        Raises:
            BrokenError: not everything could be sent, or a reply is there that nothing was asked for.
        """
        if self._received:
            raise BrokenError("it answered before it was asked")
        try:
            self._socket.settimeout(seconds)
            self._socket.sendall(octets)
        except TimeoutError as error:
            raise BrokenError(f"it took nothing for {seconds:g} s") from error
        except OSError as error:
            raise HungUpError(f"the connection was lost: {_words(error)}") from error

    def read(self, seconds: float) -> Reply:
        """The next reply.

        Raises:
            BrokenError: it does not come, or not within its time, or what comes is none.
        """
        deadline = 0.0
        left = seconds
        while True:
            try:
                found = parse(self._received) if self._received else None
            except ReplyFault as error:
                raise BrokenError(str(error)) from error
            if found is not None:
                reply, length = found
                del self._received[:length]
                return reply
            # The clock is read from the second piece on: most replies come in one.
            if deadline:
                left = deadline - time.monotonic()
            try:
                self._receive(left)
            except TimeoutError as error:
                raise BrokenError(f"no reply within {seconds:g} s") from error
            deadline = deadline or time.monotonic() + seconds

    @property
    def certificate(self) -> dict[str, object] | None:
        """The certificate of the other side, as `ssl` tells it; None without TLS."""
        return dict(self._socket.getpeercert() or {}) if isinstance(self._socket, ssl.SSLSocket) else None

    def is_quiet(self) -> bool:
        """Whether the server is still there and has said nothing unasked, such as that it is about to hang up."""
        if self._received:
            return False
        try:
            self._socket.settimeout(0)
            self._socket.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            pass
        return False

    def close(self) -> None:
        """Close it without a word."""
        self._socket.close()

    def _receive(self, seconds: float) -> None:
        """Add to what was received, until a line ends or too much is there.

        Raises:
            TimeoutError: nothing came.
            HungUpError: nothing will come.
        """
        if seconds <= 0:
            raise TimeoutError
        try:
            self._socket.settimeout(seconds)
            chunk = self._socket.recv(_CHUNK)
        except TimeoutError:
            raise
        except OSError as error:
            raise HungUpError(f"the connection was lost: {_words(error)}") from error
        if not chunk:
            raise HungUpError("it hung up")
        self._received += chunk


def _words(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
