"""Transports that need no server: a folder of `.eml` files, a Maildir, and a stream of mails."""

from __future__ import annotations

import errno
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO

from digest.durable import put
from digest.errors import RelayError
from digest.transport import Outcome, Receipt

if TYPE_CHECKING:
    from pathlib import Path

    from digest.transport import Parcel

_PASSING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ESTALE})
_DATE = re.compile(rb"^Date:([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)", re.MULTILINE | re.IGNORECASE)
_FROM = re.compile(rb"^(>*From )", re.MULTILINE)
_ONE_AT_A_TIME = Lock()


class Folder:
    """Writes each mail as `NAME.eml` into a folder, whole or not at all; the same again changes nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, parcel: Parcel) -> Receipt:
        """Write the file; see `Transport.send`."""
        path = self._folder / f"{parcel.name}.eml"
        _put(path, parcel.content)
        return Receipt(outcome=Outcome.ACCEPTED, reply=f"written to {path.name}")

    def close(self) -> None:
        """Nothing is kept open."""


class Maildir:
    """Delivers into a Maildir (https://cr.yp.to/proto/maildir.html), as a mail server does: from `tmp` to `new`.

    The file's name is the parcel's, so a delivery that comes twice is there once: it replaces the one in `new`, and
    where the reader has seen that already, so that it is in `cur`, it stays as it is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: frozenset[str] = frozenset()
        self._seen_at = 0

    def send(self, parcel: Parcel) -> Receipt:
        """Put the mail into `new`, with its envelope in front as RFC 5321 section 4.4 asks; see `Transport.send`."""
        # A colon begins the flags, and a dot in front hides a file.
        name = parcel.name.replace(":", "_").lstrip(".")
        if name not in self._in_cur():
            head = f"Return-Path: <{parcel.sender}>\nDelivered-To: {parcel.recipient}\n".encode()
            content = head + parcel.content.replace(b"\r\n", b"\n")
            _put(self._folder / "new" / name, content, by_way_of=self._folder / "tmp")
        return Receipt(outcome=Outcome.ACCEPTED, reply="put into the Maildir")

    def close(self) -> None:
        """Nothing is kept open."""

    def _in_cur(self) -> frozenset[str]:
        """The names of mails that the reader's program has taken up; read again when there are others."""
        cur = self._folder / "cur"
        try:
            cur.mkdir(parents=True, exist_ok=True)
            changed = cur.stat().st_mtime_ns
            if changed != self._seen_at:
                self._seen = frozenset(path.name.partition(":")[0] for path in cur.iterdir())
                self._seen_at = changed
        except OSError as error:
            raise _failure("cur", error) from error
        return self._seen


class Stream:
    """Writes mails one after the other, in the format mboxrd (RFC 4155, with each `From ` in a text quoted by a `>`).

    Transports of several threads may share a stream.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def send(self, parcel: Parcel) -> Receipt:
        """Write the mail; see `Transport.send`."""
        text = _FROM.sub(rb">\1", parcel.content.replace(b"\r\n", b"\n"))
        head = f"From {parcel.sender or 'MAILER-DAEMON'} {_dated(parcel.content).ctime()}\n".encode()
        try:
            with _ONE_AT_A_TIME:
                self._stream.write(head + text + b"\n")
                self._stream.flush()
        except OSError as error:
            raise _failure("standard output", error) from error
        return Receipt(outcome=Outcome.ACCEPTED, reply="written")

    def close(self) -> None:
        """The stream belongs to whoever gave it."""


def _put(path: Path, content: bytes, *, by_way_of: Path | None = None) -> None:
    try:
        put(path, content, by_way_of=by_way_of)
    except OSError as error:
        raise _failure(path.name, error) from error


def _failure(name: str, error: OSError) -> RelayError:
    why = error.strerror or "unknown reason"
    return RelayError(f"cannot write: {name!r}: {why}", is_transient=error.errno in _PASSING)


def _dated(content: bytes) -> datetime:
    """When a mail says that it was written, in UTC; the beginning of 1970 if it does not say."""
    found = _DATE.search(content.partition(b"\r\n\r\n")[0])
    try:
        return parsedate_to_datetime(found[1].decode("ascii", "replace") if found else "").astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime(1970, 1, 1, tzinfo=UTC)
