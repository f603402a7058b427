"""Proving who we are: PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login) and XOAUTH2 (Google's and Microsoft's).

The exchange is that of RFC 4954. Nothing that was sent in it is ever in an error.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.delivery_settings import Mechanism

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from digest.smtp.replies import Reply

_DONE, _GO_ON = 235, 334
_LONGEST_COMMAND = 512  # octets with the line's end; an initial response must not make it longer (RFC 4954 section 4)
_BEST_FIRST = (Mechanism.PLAIN, Mechanism.LOGIN, Mechanism.XOAUTH2)
"""A password is no token, so XOAUTH2 is the best one only where there is no other."""


class RefusedError(Exception):
    """The server does not believe us; `why` may be shown."""

    def __init__(self, why: str, *, is_transient: bool) -> None:
        super().__init__(why)
        self.why = why
        self.is_transient = is_transient


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """A user's name, and what gives the password or token each time it is needed, as tokens end within the hour."""

    username: str
    secret: Callable[[], str]


def choose(offered: Collection[str], wanted: Mechanism | None) -> Mechanism | None:
    """The mechanism to use: the wanted one, else the best that is offered; None if there is none."""
    return next((each for each in _BEST_FIRST if each.upper() in offered and wanted in (None, each)), None)


def authenticate(ask: Callable[[bytes], Reply], mechanism: Mechanism, username: str, secret: str) -> None:
    """Go through the exchange; `ask` sends one line, given without its end, and returns the reply to it.

    Raises:
        RefusedError: the server says no, or asks for more than the mechanism has.
    """
    answers = [b64encode(each) for each in _answers(mechanism, username, secret)]
    private = (secret, username, *(each.decode("ascii") for each in answers if each))
    command = b"AUTH " + mechanism.upper().encode("ascii")
    # The server speaks first in LOGIN, and has its answers one by one.
    if mechanism is not Mechanism.LOGIN and len(command) + 1 + len(answers[0]) + 2 <= _LONGEST_COMMAND:
        command += b" " + answers.pop(0)
    reply = ask(command)
    while reply.code == _GO_ON and answers:
        reply = ask(answers.pop(0))
    if reply.code == _GO_ON:
        ask(b"*")  # which ends it (RFC 4954 section 4)
        raise RefusedError("it asks for more than a name and a password", is_transient=False)
    if reply.code != _DONE:
        raise RefusedError(reply.line(private), is_transient=reply.severity == 4)  # noqa: PLR2004  (not now)


def _answers(mechanism: Mechanism, username: str, secret: str) -> list[bytes]:
    """What we say in turn, each still to be put into base64."""
    name, word = username.encode(), secret.encode()
    match mechanism:
        case Mechanism.PLAIN:
            return [b"\0" + name + b"\0" + word]
        case Mechanism.LOGIN:
            return [name, word]
        case Mechanism.XOAUTH2:
            # A refusal comes as one more challenge, which wants an empty answer before the code that says no.
            return [b"user=" + name + b"\1auth=Bearer " + word + b"\1\1", b""]
