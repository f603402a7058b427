"""Texts in pieces: what many of them have in common is encoded for mails once (`digest.quoted_printable`).

A line's encoding depends on nothing but the line, so whole lines can be encoded apart and put together again.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from digest import quoted_printable

if TYPE_CHECKING:
    from collections.abc import Iterable


class Piece(str):
    """A text that is part of many others: it knows its encoding when it was asked for it before.

    In HTML it is taken for what it is, markup. It stays a piece wherever it is printed.
    """

    __slots__ = ("__dict__",)

    def __html__(self) -> str:
        return self

    def __str__(self) -> str:
        return self

    @cached_property
    def quoted(self) -> bytes:
        """In quoted-printable."""
        return quoted_printable.encode(self)

    @cached_property
    def octets(self) -> int:
        """How many bytes it has in UTF-8."""
        return octets(self[:])


class Pieced(str):
    """A text that knows its `parts`, which are `Piece`s where these stand on lines of their own."""

    parts: tuple[str, ...]

    __slots__ = ("parts",)


def joined(texts: Iterable[str]) -> Pieced:
    """The texts as one."""
    parts: list[str] = []
    run: list[str] = []
    is_at_start = True
    for text in texts:
        if not text:
            continue
        if is_at_start and type(text) is Piece and text[-1] == "\n":
            if run:
                parts.append("".join(run))
                run.clear()
            parts.append(text)
        else:
            run.append(text)
            is_at_start = text[-1] == "\n"
    if run:
        parts.append("".join(run))
    made = Pieced("".join(parts))
    made.parts = tuple(parts)
    return made


def quoted(text: str) -> list[bytes]:
    """The text as UTF-8 in quoted-printable, in pieces: together the same bytes as by `quoted_printable.encode`."""
    encode = quoted_printable.encode
    if not isinstance(text, Pieced) or not text:
        return [encode(text)]
    return [part.quoted if type(part) is Piece else encode(part) for part in text.parts]


def octets(text: str) -> int:
    """How many bytes the text has in UTF-8.

    Raises:
        UnicodeEncodeError: it has a lone surrogate.
    """
    if not isinstance(text, Pieced):
        return len(text) if text.isascii() else len(text.encode())
    return sum([part.octets if type(part) is Piece else octets(part) for part in text.parts])
