"""Text in quoted-printable (RFC 2045 section 6.7), each different line encoded once.

The encoding of a line depends on nothing but the line, and the mails of a day share most of theirs: what is said of a
paper, how it is marked up, reasons and their percentages. So lines are remembered, whoever they were for; those that no
other mail has are forgotten first.
"""

from __future__ import annotations

import re

REMEMBERED = 32_768
"""Lines of a generation, as many as 450 papers have in text and HTML: 15 MB when full of usual ones."""

LONGEST = 2_000
"""Characters of a line that is remembered. A template may put a whole mail on one line, which no other mail has."""

_WIDTH = 76
_SOFT_BREAK = b"=\r\n"
_SPECIAL = re.compile(rb"[^\t -<>-~]")
_PIECES = re.compile(rb"(?=.{%d}).{%d}(?:[^=][^=]?)?|.+" % (_WIDTH + 1, _WIDTH - 3), re.DOTALL)
"""What stands between soft breaks: 75 characters, one or two fewer where these would part an escape, and at last 76."""

_ESCAPES = {bytes([value]): b"=%02X" % value for value in range(256)}


def encode(text: str) -> bytes:
    """The text as UTF-8 in quoted-printable, byte for byte as `email` has it at 76 characters a line.

    Line ends of any kind become CRLF, at the end of the text too; lone surrogates, which UTF-8 cannot say, question
    marks. Threads may call it at the same time.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return b"".join(_LINES.encoded(text.removesuffix("\n").split("\n")))


class _Lines:
    """Lines that were encoded, in two generations: what nobody asked for while one was filled goes with the next."""

    def __init__(self) -> None:
        self._young: dict[str, bytes] = {}
        self._old: dict[str, bytes] = {}

    def encoded(self, lines: list[str]) -> list[bytes]:
        """Each line with its CRLF."""
        found = list(map(self._young.get, lines))
        return [self._sought(line) if piece is None else piece for line, piece in zip(lines, found, strict=True)]

    def _sought(self, line: str) -> bytes:
        piece = self._old.get(line) or _encoded(line)
        if len(line) <= LONGEST:
            if len(self._young) >= REMEMBERED:
                self._old, self._young = self._young, {}
            self._young[line] = piece
        return piece


_LINES = _Lines()


def _encoded(line: str) -> bytes:
    """The line with its CRLF, broken softly wherever it would be longer than 76 characters."""
    raw = line.encode("utf-8", "replace")
    # An HTML line has little that needs an escape but the signs of its attributes.
    is_plain = line.isascii() and line.isprintable()
    raw = raw.replace(b"=", b"=3D") if is_plain else _SPECIAL.sub(lambda found: _ESCAPES[found[0]], raw)
    if len(raw) <= _WIDTH and not raw.endswith((b" ", b"\t")):
        return raw + b"\r\n"
    pieces = _PIECES.findall(raw)
    pieces[-1:] = _last(pieces[-1])
    return _SOFT_BREAK.join(pieces) + b"\r\n"


def _last(piece: bytes) -> list[bytes]:
    """The end of a line, whose last character may be no blank: some servers take blanks away there."""
    if not piece.endswith((b" ", b"\t")):
        return [piece]
    if len(piece) == _WIDTH - 1:
        return [piece, b""]
    escape = _ESCAPES[piece[-1:]]
    return [piece[:-1] + escape] if len(piece) < _WIDTH - 1 else [piece[:-1], escape]
