"""One mail through a session: MAIL, RCPT, DATA, content (RFC 5321 section 3.3), in one write where that is offered."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from digest.smtp.replies import SHUTTING_DOWN
from digest.smtp.session import PATIENCE
from digest.smtp.wire import BrokenError, HungUpError
from digest.transport import Outcome, Receipt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.smtp.replies import Reply
    from digest.smtp.session import Session
    from digest.transport import Parcel

_DONE, _NOT_NOW, _NEVER = 2, 4, 5
_SEND_IT = 354

_PIPELINING = "PIPELINING"  # RFC 2920

_OUT_OF_STEP = frozenset({500, 502, 503})
_WANTS_LOGIN = frozenset({530, 534, 535, 538})  # RFC 4954 section 6
_TOO_LARGE = 552
_ABOUT_THE_MAIL = frozenset({"5.2.3", "5.3.4", "5.6.7"})
"""Statuses of RFC 3463 and RFC 6531 that are about this mail even where they answer MAIL: its size, its addresses."""

_LEADING_DOT = re.compile(rb"\n\.")
_ADDRESS = re.compile(r'(?:"[^"\\\x00-\x1f\x7f]*"|[^\s<>"@\x00-\x1f\x7f]+)@[^\s<>"@\x00-\x1f\x7f]+')


class StaleError(Exception):
    """The server had hung up before this mail began; on a new connection it goes as if nothing had been."""


class _Step(StrEnum):
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"


def hand_over(session: Session, parcel: Parcel) -> Receipt:
    """Hand over one mail; afterwards the session is ready for the next one, or closed.

    Raises:
        StaleError: nothing was handed over, as the server had closed the connection since the last mail.
        RelayError: the server refuses everybody's mail.
    """
    unfit = _unfit(session, parcel)
    if unfit:
        return Receipt(outcome=Outcome.REJECTED, reply=unfit)
    commands = _commands(session, parcel)
    is_reused, heard = session.handed > 0, session.heard
    session.handed += 1
    try:
        if session.offers(_PIPELINING):
            session.write(b"".join(commands.values()))
        content = framed(parcel.content)  # while the server thinks
        refusal = _refusal(session, parcel, commands)
    except BrokenError as error:
        session.close()
        if is_reused and isinstance(error, HungUpError) and session.heard == heard:
            raise StaleError from error
        return Receipt(outcome=Outcome.DEFERRED, reply=f"broken off: {error}")
    return _refused(session, parcel, *refusal) if refusal else _content(session, parcel, content)


def framed(content: bytes) -> bytes:
    """A mail as DATA wants it: dots at the beginning of lines doubled, a dot on the last line (RFC 5321 4.5.2)."""
    # Also after a lone line feed, which ends a line for some servers: what follows the dot would be a mail of its own.
    # An expression finds them in a quarter of the time that `bytes.replace` takes.
    stuffed = _LEADING_DOT.sub(rb"\n..", content)
    return b"".join(
        [b"." if stuffed.startswith(b".") else b"", stuffed, b"" if stuffed.endswith(b"\r\n") else b"\r\n", b".\r\n"]
    )


def _unfit(session: Session, parcel: Parcel) -> str:
    """Why this mail is not for this server, known without asking; empty if it may be."""
    if not _ADDRESS.fullmatch(parcel.recipient):
        return "the recipient is no address that can be named to a relay"
    if parcel.sender and not _ADDRESS.fullmatch(parcel.sender):
        return "the sender is no address that can be named to a relay"
    if session.largest and len(parcel.content) > session.largest:
        return f"the mail has {len(parcel.content)} bytes, the relay takes {session.largest}"
    if not (parcel.sender + parcel.recipient).isascii() and not session.offers("SMTPUTF8"):
        return "the relay does not take addresses beyond ASCII"
    if not parcel.content.isascii() and not session.offers("8BITMIME"):
        return "the relay does not take mails with 8-bit characters"
    return ""


def _commands(session: Session, parcel: Parcel) -> dict[_Step, bytes]:
    options = ""
    if session.offers("SIZE"):
        options += f" SIZE={len(parcel.content)}"
    if not parcel.content.isascii():
        options += " BODY=8BITMIME"
    if not (parcel.sender + parcel.recipient).isascii():
        options += " SMTPUTF8"
    return {
        _Step.MAIL: f"MAIL FROM:<{parcel.sender}>{options}\r\n".encode(),
        _Step.RCPT: f"RCPT TO:<{parcel.recipient}>\r\n".encode(),
        _Step.DATA: b"DATA\r\n",
    }


def _replies(session: Session, parcel: Parcel, commands: dict[_Step, bytes]) -> Iterator[tuple[_Step, Reply]]:
    """The reply to each command; where they went out at once, each has to be heard."""
    is_pipelined = session.offers(_PIPELINING)
    for step, command in commands.items():
        if not is_pipelined:
            session.write(command)
        reply = session.read()
        if reply.severity < _NOT_NOW and not _is_granted(step, reply):
            raise BrokenError(f"its reply to {step} makes no sense: {reply.line(parcel.private)}")
        yield step, reply
        if reply.code == SHUTTING_DOWN or (reply.severity >= _NOT_NOW and not is_pipelined):
            return


def _is_granted(step: _Step, reply: Reply) -> bool:
    return reply.code == _SEND_IT if step is _Step.DATA else reply.severity == _DONE


def _refusal(session: Session, parcel: Parcel, commands: dict[_Step, bytes]) -> tuple[_Step, Reply] | None:
    """The first command that was refused and the reply to it; None if the server waits for the content."""
    refusal: tuple[_Step, Reply] | None = None
    try:
        for step, reply in _replies(session, parcel, commands):
            if not _is_granted(step, reply):
                refusal = refusal or (step, reply)
            elif refusal and step is _Step.DATA:
                _send_nothing(session)
    except BrokenError:
        if refusal is None:
            raise
        session.close()
    return refusal


def _send_nothing(session: Session) -> None:
    """End the content that the server waits for, though it has nobody to give it to (RFC 2920 section 3.1)."""
    if session.server.is_lmtp:  # it would answer once a recipient, so not at all
        session.close()
        return
    session.write(b".\r\n")
    session.read(PATIENCE)


def _refused(session: Session, parcel: Parcel, step: _Step, reply: Reply) -> Receipt:
    """What a refusal before the content means: for this mail, or for all of them."""
    line = reply.line(parcel.private)
    is_final = reply.severity == _NEVER
    is_about_mail = reply.code == _TOO_LARGE or reply.status in _ABOUT_THE_MAIL
    if is_final and (reply.code in _WANTS_LOGIN | _OUT_OF_STEP or (step is _Step.MAIL and not is_about_mail)):
        session.close()
        raise session.server.failure(f"it refuses {step}: {line}", is_transient=False)
    if reply.code == SHUTTING_DOWN:
        session.close()
    elif session.is_open:
        session.reset()
    return Receipt(outcome=Outcome.REJECTED if is_final else Outcome.DEFERRED, reply=line)


def _content(session: Session, parcel: Parcel, content: bytes) -> Receipt:
    try:
        session.write(content, PATIENCE)
    except BrokenError as error:
        # Without its last byte a mail is none, whatever came of the rest; but the server may have said what it minds.
        reply = session.last_words()
        session.close()
        if reply is None or reply.severity < _NOT_NOW:
            return Receipt(outcome=Outcome.DEFERRED, reply=f"broken off: {error}")
        return Receipt(outcome=_outcome(reply), reply=reply.line(parcel.private))
    try:
        reply = session.read(PATIENCE)
    except BrokenError as error:
        session.close()
        return Receipt(outcome=Outcome.UNCERTAIN, reply=f"broken off after the whole mail was sent: {error}")
    if reply.code == SHUTTING_DOWN or reply.severity not in (_DONE, _NOT_NOW, _NEVER):
        session.close()
    return Receipt(outcome=_outcome(reply), reply=reply.line(parcel.private))


def _outcome(reply: Reply) -> Outcome:
    """What the reply to the content makes of a mail."""
    meanings = {_DONE: Outcome.ACCEPTED, _NOT_NOW: Outcome.DEFERRED, _NEVER: Outcome.REJECTED}
    return meanings.get(reply.severity, Outcome.UNCERTAIN)
