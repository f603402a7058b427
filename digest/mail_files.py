"""Mails in files: a Maildir, and a file or a stream that holds one mail or, as an mbox, many."""

from __future__ import annotations

import os
import re
import stat
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from digest.errors import SourceError
from digest.inbox import Letter
from digest.mime import LARGEST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LONGEST_LINE = 1 << 16
_FROM = re.compile(rb"From \S* ?.{0,99}\d\d:\d\d.{0,40}\d{4}")
_QUOTED = re.compile(rb">+From ")
# A link could lead anywhere, and a pipe would never end.
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class MaildirInbox:
    """The mails in `new` of a Maildir (https://cr.yp.to/proto/maildir.html); they go to `cur` when they are seen.

    Reports have the flag S there, for seen; other mails have none, so that a mail program shows them as unread.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def letters(self) -> Iterator[Letter]:
        """See `Inbox.letters`."""
        try:
            names = sorted(each.name for each in (self._folder / "new").iterdir() if not each.name.startswith("."))
        except OSError as error:
            why = error.strerror or "cannot be read"
            raise SourceError(str(self._folder), f"not a Maildir: its folder new: {why}") from error
        for name in names:
            try:
                yield Letter(name=name, content=_read(self._folder / "new" / name))
            except FileNotFoundError:
                continue  # another program was quicker
            except OSError as error:
                yield Letter(name=name, fault=error.strerror or "cannot be read")

    def seen(self, letter: Letter, *, is_report: bool) -> None:
        """See `Inbox.seen`."""
        unique = letter.name.partition(":2,")[0]
        cur = self._folder / "cur"
        try:
            cur.mkdir(exist_ok=True)
            (self._folder / "new" / letter.name).rename(cur / f"{unique}:2,{'S' * is_report}")
        except FileNotFoundError:
            return
        except OSError as error:
            raise SourceError(letter.name, f"cannot be marked as read: {error.strerror}") from error

    def close(self) -> None:
        """Nothing is kept open."""


class StreamInbox:
    """The mail in a stream, or the mails if it is an mbox (RFC 4155, lines quoted as in mboxrd); it stays as it is."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._name = name

    def letters(self) -> Iterator[Letter]:
        """See `Inbox.letters`."""
        try:
            for number, content in enumerate(_mails(self._stream), start=1):
                yield Letter(name=f"{self._name}: mail {number}", content=content)
        except OSError as error:
            raise SourceError(self._name, error.strerror or "cannot be read") from error

    def seen(self, letter: Letter, *, is_report: bool) -> None:
        """A stream remembers nothing; what comes again is known by its fingerprint."""

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()


def _read(path: Path) -> bytes:
    descriptor = os.open(path, _READ)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "not a file")
        return file.read(LARGEST)


def _mails(stream: BinaryIO) -> Iterator[bytes]:
    """The mails of an mbox, each as far as `LARGEST` octets go, or the one mail that is there."""
    kept: list[bytes] = []
    size = 0
    is_mbox = is_open = False
    is_border = True
    for line in iter(partial(stream.readline, _LONGEST_LINE), b""):
        is_from = is_border and _FROM.match(line[:200]) is not None
        is_mbox = is_mbox or (is_from and not is_open)
        if is_mbox and is_from:
            if is_open:
                yield b"".join(kept)
            kept, size = [], 0
        elif size < LARGEST:
            kept.append(line[1:] if is_mbox and _QUOTED.match(line) else line)
            size += len(line)
        is_open = True
        is_border = line in {b"\n", b"\r\n"}
    if is_open:
        yield b"".join(kept)
