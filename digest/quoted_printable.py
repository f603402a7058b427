"""Text in quoted-printable (RFC 2045 section 6.7), each different line encoded once.

The encoding of a line depends on nothing but the line, and the mails of a day share most of theirs: what is said of a
paper, how it is marked up, reasons and their percentages. So lines are remembered, whoever they were for; those that no
other mail has are forgotten first.
"""

from __future__ import annotations

import re

from digest.recent import Recent

REMEMBERED = 32_768
"""Lines of a generation, as many as 450 papers have in text and HTML: 15 MB when full of usual ones."""

LONGEST = 2_000
"""Characters of a line that is remembered. A template may put a whole mail on one line, which no other mail has."""

_WIDTH = 76
_SOFT_BREAK = b"=\r\n"
_SPECIAL = re.compile(rb"[^\t -<>-~]")
_ESCAPES = {bytes([value]): b"=%02X" % value for value in range(256)}


def encode(text: str) -> bytes:
    """The text as UTF-8 in quoted-printable, byte for byte as `email` has it at 76 characters a line.

    Line ends of any kind become CRLF, at the end of the text too; lone surrogates, which UTF-8 cannot say, question
    marks. Threads may call it at the same time.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.removesuffix("\n").split("\n")
    return _as_it_is(text, lines) or b"".join(map(_LINES.__getitem__, lines))


def _as_it_is(text: str, lines: list[str]) -> bytes:
    """Text that needs no escape and no break, as plain parts of mails mostly do; else empty."""
    is_plain = text.isascii() and "=" not in text and " \n" not in text and text[-1:] != " "
    if is_plain and len(max(lines, key=len)) <= _WIDTH and "".join(lines).isprintable():
        return "\r\n".join([*lines, ""]).encode("ascii")
    return b""


class _Lines(Recent[str, bytes]):
    """Lines that were encoded, each with its CRLF."""

    def __missing__(self, line: str) -> bytes:
        try:
            return super().__missing__(line)
        except KeyError:
            piece = _encoded(line)
        if len(line) <= LONGEST:
            self.keep(line, piece)
        return piece


_LINES = _Lines(REMEMBERED)


def _encoded(line: str) -> bytes:
    """The line with its CRLF, broken softly wherever it would be longer than 76 characters."""
    raw = line.encode("utf-8", "replace")
    # An HTML line has little that needs an escape but the signs of its attributes.
    is_plain = line.isascii() and line.isprintable()
    raw = raw.replace(b"=", b"=3D") if is_plain else _SPECIAL.sub(lambda found: _ESCAPES[found[0]], raw)
    if len(raw) <= _WIDTH and not raw.endswith((b" ", b"\t")):
        return raw + b"\r\n"
    pieces = []
    start = 0
    while len(raw) - start > _WIDTH:
        end = start + _WIDTH - 1
        begun = raw.find(b"=", end - 2, end)  # an escape that the break would part
        pieces.append(raw[start : begun if begun > 0 else end])
        start += len(pieces[-1])
    return _SOFT_BREAK.join([*pieces, *_last(raw[start:])]) + b"\r\n"


def _last(piece: bytes) -> list[bytes]:
    """The end of a line, whose last character may be no blank: some servers take blanks away there."""
    if not piece.endswith((b" ", b"\t")):
        return [piece]
    if len(piece) == _WIDTH - 1:
        return [piece, b""]
    escape = _ESCAPES[piece[-1:]]
    return [piece[:-1] + escape] if len(piece) < _WIDTH - 1 else [piece[:-1], escape]
