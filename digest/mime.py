"""Mails that anybody may have written, taken apart as far as reports need it: bounded, linear, never raising (pure).

Of `email` only the header parser is used. Its parser of whole mails nests a generator for each multipart, so that deep
nesting costs lines times depth and then a RecursionError; and it reads parameters in ways that may raise.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from email.policy import compat32
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LARGEST = 1 << 20
"""Octets of a mail that are looked at: what a report says stands before the mail that it returns."""

_LONGEST_HEADER = 1 << 16
_LONGEST_VALUE = 2000
_MOST_VALUES = 50
_DEEPEST = 4
_MOST_PARTS = 50

_TYPE = re.compile(r"\s*([\w.+-]+/[\w.+-]+)")
_BOUNDARY = re.compile(r'\bboundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_HEADERS = BytesHeaderParser(policy=compat32)


@dataclass(frozen=True)
class Part:
    r"""A mail, or a part of one, with line ends `\n`: its header fields by small names, and its body as it came."""

    headers: Mapping[str, list[str]]
    body: bytes

    def first(self, name: str) -> str:
        """The first value of a field, on one line; empty without one."""
        return next(iter(self.headers.get(name, ())), "")

    @cached_property
    def kind(self) -> str:
        """The media type in small letters, without parameters; RFC 2045 section 5.2 has text/plain for none."""
        found = _TYPE.match(self.first("content-type"))
        return found[1].lower() if found else "text/plain"

    @cached_property
    def content(self) -> bytes:
        """The body with its transfer encoding undone; as it came where that is broken or unknown."""
        encoding = self.first("content-transfer-encoding").strip().lower()
        try:
            if encoding == "base64":
                return binascii.a2b_base64(self.body).replace(b"\r\n", b"\n")
            if encoding == "quoted-printable":
                return binascii.a2b_qp(self.body)
        except ValueError:
            pass
        return self.body

    @property
    def text(self) -> str:
        """The content as text, whatever charset it claims: what is looked for in it is ASCII."""
        return self.content.decode("utf-8", "replace")

    def leaves(self) -> Iterator[Part]:
        """What it holds that is no multipart, itself if it is none, in order; a mail within it is not entered."""
        waiting = [(self, 0)]
        for _ in range(_MOST_PARTS):
            if not waiting:
                return
            part, depth = waiting.pop()
            inner = part._parts() if depth < _DEEPEST else []  # noqa: SLF001  (another one of this class)
            waiting += ((each, depth + 1) for each in reversed(inner))
            if not inner:
                yield part

    def _parts(self) -> list[Part]:
        found = _BOUNDARY.search(self.first("content-type")) if self.kind.startswith("multipart/") else None
        if found is None:
            return []
        boundary = re.escape((found[1] or found[2]).encode())
        marks = re.compile(rb"^--" + boundary + rb"(--)?[ \t]*$\n?", re.MULTILINE)
        parts: list[Part] = []
        start = None
        for mark in marks.finditer(self.body):
            if start is not None:
                parts.append(parse(self.body[start : mark.start()]))
            start = None if mark[1] else mark.end()
            if mark[1] or len(parts) == _MOST_PARTS:
                return parts
        # One that was cut off ends with the mail.
        return parts if start is None else [*parts, parse(self.body[start:])]


def parse(mail: bytes) -> Part:
    """A mail or a part of one, as far as `LARGEST` octets go."""
    mail = mail[:LARGEST].replace(b"\r\n", b"\n")
    head, _, body = (b"", b"", mail[1:]) if mail.startswith(b"\n") else mail.partition(b"\n\n")
    return Part(fields(head), body)


def fields(head: bytes) -> dict[str, list[str]]:
    """Header fields by small names, with the values of each in order, unfolded; bytes that are not ASCII as UTF-8."""
    found: dict[str, list[str]] = {}
    for name, value in _HEADERS.parsebytes(head[:_LONGEST_HEADER]).raw_items():
        values = found.setdefault(name.lower(), [])
        if len(values) < _MOST_VALUES:
            raw = str(value)[:_LONGEST_VALUE].encode("ascii", "surrogateescape")
            values.append(" ".join(raw.decode("utf-8", "replace").split()))
    return found


def paragraphs(text: bytes, most: int) -> list[bytes]:
    """The first blocks of lines between empty lines, such as the fields of RFC 3464 stand in."""
    return [each for each in re.split(rb"\n[ \t]*\n", text.strip(b"\n"), maxsplit=most)[:most] if each.strip()]
