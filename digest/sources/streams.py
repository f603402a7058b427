"""Bytes of a dump in chunks, with a look ahead; and documents read as a whole.

A stream that breaks (a gzip file cut short, a disk error) must not cost what was read before: reading goes chunk by
chunk, and a buffered reader is asked for one raw read at a time, because a longer read would lose the bytes it had when
the error came.
"""

from __future__ import annotations

import itertools
import zlib
from typing import TYPE_CHECKING, BinaryIO

from digest.errors import SourceError
from digest.sources.records import Document, Dump, Record
from digest.types import Paper, Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

READ_ERRORS = (OSError, EOFError, zlib.error)
MAX_DOCUMENT = 64 * 2**20
_CHUNK = 256 * 2**10


def chunks(stream: BinaryIO) -> Iterator[bytes]:
    """The bytes of `stream` from where it stands, in pieces of at most 256 KiB; raises what reading raises."""
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    while chunk := read(_CHUNK):
        yield chunk


def look_ahead(pieces: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """The first `size` bytes or more, and the whole once again, with an error of reading at the place it came.

    An error before the first byte is raised at once.
    """
    head: list[bytes] = []
    rest = pieces
    try:
        while sum(map(len, head)) < size:
            head.append(next(pieces))
    except StopIteration:
        rest = iter(())
    except READ_ERRORS as error:
        if not head:
            raise
        rest = _broken(error)
    return b"".join(head), itertools.chain(head, rest)


def _broken(error: Exception) -> Iterator[bytes]:
    yield from ()
    raise error


def read_document(
    parse: Callable[[Document], Iterable[Paper | Rejection]], dump: Dump, pieces: Iterator[bytes]
) -> Iterator[Record]:
    """The records of a format that is one document, parsed as a whole.

    Where reading breaks off, what `parse` makes of the part is kept and one rejection says so at the end.

    Raises:
        SourceError: The document has more than 64 MiB, or is not what `parse` takes.
    """
    body = bytearray()
    cut: str | None = None
    try:
        for piece in pieces:
            body += piece
            if len(body) > MAX_DOCUMENT:
                raise SourceError(dump.name, f"longer than {MAX_DOCUMENT // 2**20} MiB, the most read of one document")
    except READ_ERRORS as error:
        cut = describe(error)
    outcomes = list(parse(Document(dump.name, bytes(body), dump.as_of, cut)))
    if cut is not None:
        papers = sum(isinstance(outcome, Paper) for outcome in outcomes)
        outcomes.append(Rejection(where=dump.name, why=f"cut off after {papers} records: {cut}"))
    return (Record(outcome) for outcome in outcomes)


def describe(error: Exception) -> str:
    """An error of reading in words, without the path of the file."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return reason[:1].lower() + reason[1:].rstrip(".") if reason else type(error).__name__
