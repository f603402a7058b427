"""What goes into a parser and what comes out: dump, document, record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from datetime import date

    from digest.types import Paper, Rejection


@dataclass(frozen=True, slots=True)
class Dump:
    """A stream of bytes some source gave, uncompressed, with the day it was taken.

    `stream` need not be seekable; `name` only names the dump in messages.
    """

    name: str
    stream: BinaryIO
    as_of: date


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a dump as a paper or a rejection, and where the next record begins.

    `offset` counts bytes and `line` counts lines before the next record; both are 0 in formats that cannot be resumed
    in the middle.
    """

    outcome: Paper | Rejection
    offset: int = 0
    line: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """A dump read as a whole. `cut` says why reading ended early; None where all of it was read."""

    name: str
    body: bytes
    as_of: date
    cut: str | None = None


class RecordError(Exception):
    """One record is unfit to become a paper; `id` is its canonical id where it has one.

    Never leaves this package: the reader that knows the record's place makes it a `Rejection`.
    """

    def __init__(self, why: str, id: str | None = None) -> None:  # noqa: A002 - the field is called `id` everywhere
        super().__init__(why)
        self.why = why
        self.id = id
