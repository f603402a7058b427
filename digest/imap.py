"""Mails in a mailbox of an IMAP server (RFC 3501): unread ones are read, marked, and moved if so wished (RFC 6851).

None is ever deleted. Reports are flagged as seen, other mails only by a keyword of ours, so that people find them
unread.
"""

from __future__ import annotations

import imaplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from digest.delivery_settings import Mechanism, Security
from digest.errors import FetchError
from digest.inbox import Letter
from digest.mime import LARGEST
from digest.transport import reply_line

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYWORD = "PaperDigestNoReport"
"""The keyword of mails that were looked at and are no reports."""

_FAULTS = (imaplib.IMAP4.error, OSError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Account:
    """A mailbox on a server, and how to get to it; `context` is there unless security is NONE."""

    host: str
    port: int
    security: Security
    context: ssl.SSLContext | None
    username: str
    password: str
    mechanism: Mechanism | None = None
    mailbox: str = "INBOX"
    move_to: str = ""
    seconds: float = 60.0


class ImapInbox:
    """The unread mails of a mailbox; nothing is connected before they are asked for."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._imap: imaplib.IMAP4 | None = None

    def letters(self) -> Iterator[Letter]:
        """See `Inbox.letters`."""
        imap = self._connected()
        self._ask(imap.select, _quoted(self._account.mailbox))
        found = self._ask(imap.uid, "SEARCH", "UNSEEN", "UNDELETED", "UNKEYWORD", KEYWORD)
        for uid in (found[0] or b"").split():
            answer = self._ask(imap.uid, "FETCH", uid.decode("ascii", "replace"), f"(BODY.PEEK[]<0.{LARGEST}>)")
            content = next((each[1] for each in answer if isinstance(each, tuple)), None)
            if content is not None:  # else another program has deleted it
                yield Letter(name=uid.decode("ascii", "replace"), content=content)

    def seen(self, letter: Letter, *, is_report: bool) -> None:
        """See `Inbox.seen`."""
        imap = self._connected()
        if not is_report:
            # A server may keep no keywords; then the mail is looked at again, which does no harm.
            with suppress(FetchError):
                self._ask(imap.uid, "STORE", letter.name, "+FLAGS.SILENT", f"({KEYWORD})")
            return
        self._ask(imap.uid, "STORE", letter.name, "+FLAGS.SILENT", r"(\Seen)")
        if self._account.move_to and "MOVE" in imap.capabilities:
            self._ask(imap.uid, "MOVE", letter.name, _quoted(self._account.move_to))

    def close(self) -> None:
        """Log out."""
        imap, self._imap = self._imap, None
        if imap is not None:
            with suppress(*_FAULTS):
                imap.logout()
            with suppress(*_FAULTS):
                imap.shutdown()

    def _connected(self) -> imaplib.IMAP4:
        if self._imap is None:
            account = self._account
            try:
                if account.security is Security.TLS:
                    self._imap = imaplib.IMAP4_SSL(
                        account.host, account.port, ssl_context=account.context, timeout=account.seconds
                    )
                else:
                    self._imap = imaplib.IMAP4(account.host, account.port, timeout=account.seconds)
                if account.security is Security.STARTTLS:
                    self._imap.starttls(account.context)
            except _FAULTS as error:
                raise self._failure(error) from error
            self._log_in(self._imap)
        return self._imap

    def _log_in(self, imap: imaplib.IMAP4) -> None:
        account = self._account
        mechanism = account.mechanism
        if mechanism is None:
            mechanism = Mechanism.PLAIN if "AUTH=PLAIN" in imap.capabilities else Mechanism.LOGIN
        if mechanism is Mechanism.LOGIN:
            if "LOGINDISABLED" in imap.capabilities:
                raise FetchError(account.host, "it lets nobody log in over this connection", is_transient=False)
            self._ask(imap.login, _quoted(account.username), account.password, lasting=True)
            return
        if mechanism is Mechanism.PLAIN:
            answers = [f"\0{account.username}\0{account.password}".encode()]
        else:
            answers = [f"user={account.username}\1auth=Bearer {account.password}\1\1".encode()]
        # A refusal may come as one more challenge, which wants an empty answer before the server says no.
        self._ask(
            imap.authenticate, mechanism.upper(), lambda _challenge: answers.pop() if answers else b"", lasting=True
        )

    def _ask(self, command: Any, *arguments: Any, lasting: bool = False) -> list[Any]:  # noqa: ANN401  (imaplib's)
        """What a server answers that says yes.

        Raises:
            FetchError: it says no, or nothing; a no that is `lasting` stays one until somebody mends it.
        """
        try:
            kind, answer = command(*arguments)
        except _FAULTS as error:
            is_no = isinstance(error, imaplib.IMAP4.error) and not isinstance(error, imaplib.IMAP4.abort)
            raise self._failure(error, is_lasting=lasting and is_no) from error
        if kind != "OK":
            raise self._failure(imaplib.IMAP4.error(*answer[-1:]))
        return list(answer)

    def _failure(self, error: Exception, *, is_lasting: bool = False) -> FetchError:
        said = error.args[0] if error.args else ""
        if isinstance(error, ssl.SSLCertVerificationError):
            why, is_lasting = f"its certificate is not good: {error.verify_message}", True
        elif isinstance(error, OSError):
            why = error.strerror or str(error) or "no answer"
        elif isinstance(error, imaplib.IMAP4.error):
            why = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        elif isinstance(error, UnicodeEncodeError):
            why, is_lasting = 'the name or the password is not ASCII, which needs auth = "plain"', True
        else:
            why = "its answer is none"
        private = (self._account.password, self._account.username)
        line = reply_line(why, private) or "it said no"
        return FetchError(self._account.host, line, is_transient=not is_lasting)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'
