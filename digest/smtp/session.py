"""A session: greeting, EHLO or LHLO, TLS and who we are; after that, mails can be handed over."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.delivery_settings import Mechanism, Security
from digest.errors import RelayError
from digest.smtp import auth
from digest.smtp.wire import BrokenError, Wire

if TYPE_CHECKING:
    from digest.smtp.replies import Reply

CONNECT = 30.0
"""Seconds that a connection may take at most."""

PATIENCE = 5
"""How many times as long as a command the content may take, and the reply to it; RFC 5321 section 4.5.3.2 has it so."""

FAREWELL = 2.0
"""Seconds to wait for the reply to QUIT, which makes no difference any more."""

_OK, _NOT_NOW = 2, 4
_UNKNOWN_COMMAND = frozenset({500, 502, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a server is, and how to speak to it.

    `path` is that of a Unix socket, in place of host and port. `context` is there unless security is NONE; `helo` is
    our own name, `seconds` the time of a command.
    """

    host: str = ""
    port: int = 25
    path: str = ""
    is_lmtp: bool = False
    security: Security = Security.STARTTLS
    context: ssl.SSLContext | None = None
    credentials: auth.Credentials | None = None
    mechanism: Mechanism | None = None
    helo: str = "localhost"
    seconds: float = 60.0

    @property
    def name(self) -> str:
        """How errors call it."""
        return self.path or (f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}")

    def failure(self, why: str, *, is_transient: bool) -> RelayError:
        """That it takes no mails, and why."""
        return RelayError(f"cannot hand over to {self.name!r}: {why}", is_transient=is_transient)


class Session:
    """An open session with a server, and what the server offers.

    Raises:
        RelayError: there is none to be had.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.handed = 0
        """Mails that were tried."""
        self.heard = 0
        """Replies that came."""
        self.is_open = True
        self._features: dict[str, str] = {}
        self._wire = self._connected()
        try:
            self._greet()
        except BrokenError as error:
            self.close()
            raise server.failure(str(error), is_transient=True) from error
        except BaseException:
            self.close()
            raise

    def offers(self, keyword: str) -> bool:
        """Whether the server said that it has this extension."""
        return keyword in self._features

    @property
    def largest(self) -> int | None:
        """Octets of the largest mail that the server takes (RFC 1870); None if it does not say."""
        said = self._features.get("SIZE", "")
        return int(said) or None if said.isascii() and said.isdigit() else None

    @property
    def certificate(self) -> dict[str, object] | None:
        """The server's certificate; see `Wire.certificate`."""
        return self._wire.certificate

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine."""
        return self._wire.is_local

    @property
    def is_quiet(self) -> bool:
        """Whether the server is still there, waiting."""
        return self._wire.is_quiet()

    def write(self, octets: bytes, patience: int = 1) -> None:
        """Send; see `Wire.write`."""
        self._wire.write(octets, patience * self.server.seconds)

    def read(self, patience: int = 1) -> Reply:
        """The next reply; see `Wire.read`."""
        reply = self._wire.read(patience * self.server.seconds)
        self.heard += 1
        return reply

    def ask(self, command: bytes) -> Reply:
        """Send a line, given without its end, and wait for the reply."""
        self.write(command + b"\r\n")
        return self.read()

    def last_words(self) -> Reply | None:
        """What the server said before it hung up, if that has come."""
        with suppress(BrokenError):
            return self._wire.read(min(1.0, self.server.seconds))
        return None

    def reset(self) -> None:
        """Leave a transaction (RSET); the session is closed if that does not go well."""
        try:
            if self.ask(b"RSET").severity == _OK:
                return
        except BrokenError:
            pass
        self.close()

    def quit(self) -> None:
        """Take leave (QUIT) and close."""
        if self.is_open:
            with suppress(BrokenError):
                self._wire.write(b"QUIT\r\n", FAREWELL)
                self._wire.read(min(FAREWELL, self.server.seconds))
            self.close()

    def close(self) -> None:
        """Close without a word, as when the server is out of step."""
        self.is_open = False
        self._wire.close()

    def _connected(self) -> Wire:
        server = self.server
        seconds = min(CONNECT, server.seconds)
        try:
            if server.path:
                return Wire.to_path(server.path, seconds)
            return Wire.to_host(server.host, server.port, seconds)
        except socket.gaierror as error:
            raise server.failure(f"the host is not found: {_words(error)}", is_transient=True) from error
        except TimeoutError as error:
            raise server.failure(f"no connection within {seconds:g} s", is_transient=True) from error
        except OSError as error:
            raise server.failure(f"no connection: {_words(error)}", is_transient=True) from error

    def _greet(self) -> None:
        server = self.server
        if server.security is Security.TLS:
            self._encrypt()
        greeting = self.read()
        if greeting.severity != _OK:
            raise self._refusal("it greets with", greeting)
        self._hello()
        if server.security is Security.STARTTLS and not server.path:
            if not self.offers("STARTTLS"):
                raise server.failure("it does not offer STARTTLS, and mails do not go in the clear", is_transient=False)
            reply = self.ask(b"STARTTLS")
            if reply.severity != _OK:
                raise self._refusal("it refuses STARTTLS:", reply)
            self._encrypt()
            self._hello()  # what was offered in the clear counts for nothing (RFC 3207 section 4.2)
        if server.credentials:
            self._authenticate(server.credentials)

    def _encrypt(self) -> None:
        server = self.server
        if server.context is None:
            raise ValueError("TLS without a context")
        try:
            self._wire.encrypt(server.context, server.host, server.seconds)
        except ssl.SSLCertVerificationError as error:
            why = f"its certificate is not good: {error.verify_message}"
            raise server.failure(why, is_transient=False) from error
        except BrokenError as error:
            raise server.failure(f"{error}: refused", is_transient=False) from error
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError, TimeoutError) as error:
            raise server.failure("it broke off while TLS began", is_transient=True) from error
        except OSError as error:
            why = error.reason if isinstance(error, ssl.SSLError) and error.reason else _words(error)
            why = why.replace("_", " ").lower()
            raise server.failure(f"TLS does not come about: {why}", is_transient=False) from error

    def _hello(self) -> None:
        verbs = [b"LHLO"] if self.server.is_lmtp else [b"EHLO", b"HELO"]
        for verb in verbs:
            reply = self.ask(verb + b" " + self.server.helo.encode("ascii"))
            if reply.severity == _OK:
                self._features = _features(reply) if verb != b"HELO" else {}
                return
            if reply.code not in _UNKNOWN_COMMAND:
                break
        raise self._refusal("it answers our greeting with", reply)

    def _authenticate(self, credentials: auth.Credentials) -> None:
        server = self.server
        if not (self._wire.is_encrypted or self._wire.is_local or server.security is Security.NONE):
            raise server.failure("a password does not go in the clear", is_transient=False)
        offered = self._features.get("AUTH", "").upper().split()
        mechanism = auth.choose(offered, server.mechanism)
        if mechanism is None:
            asked = f" by {server.mechanism}" if server.mechanism else ""
            raise server.failure(f"it does not offer to log in{asked}", is_transient=False)
        try:
            auth.authenticate(self.ask, mechanism, credentials.username, credentials.secret())
        except auth.RefusedError as error:
            why = f"it refuses the login ({mechanism}): {error.why}"
            raise server.failure(why, is_transient=error.is_transient) from error

    def _refusal(self, what: str, reply: Reply) -> RelayError:
        return self.server.failure(f"{what} {reply.line()}", is_transient=reply.severity == _NOT_NOW)


def _features(reply: Reply) -> dict[str, str]:
    """What a reply to EHLO offers: parameters by keyword, all but the first line (RFC 5321 section 4.1.1.1)."""
    found: dict[str, str] = {}
    for line in reply.lines[1:]:
        # Old servers write `AUTH=LOGIN`, some in addition to the right way.
        keyword, _, rest = line.replace("=", " ", 1).strip().partition(" ")
        known = found.get(keyword.upper(), "")
        found[keyword.upper()] = f"{known} {rest}".strip()
    return found


def _words(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).lower()
