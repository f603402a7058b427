"""Text files that declare no encoding: UTF-8, UTF-16 with or without its mark, or what older programs left.

A file of references is saved by whatever program the reader has. What is not UTF-8 is what the file says it is (JabRef
writes `% Encoding: …` on top), else Windows' old default, line by line: a library that was put together from several
exports mixes both.
"""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"\s*%+\s*Encoding:\s*([A-Za-z0-9_-]{2,30})", re.IGNORECASE)
# Bytes that are no UTF-8 are decoded as these (PEP 383).
_LINE_WITH_BYTES = re.compile("(?<![^\r\n])[^\r\n\udc80-\udcff]*+[\udc80-\udcff][^\r\n]*+")
_LOOKED_AT = 4096
_MOSTLY = 0.7


def decode(body: bytes) -> str:
    """The text with line feeds as the ends of its lines; bytes that fit no encoding become U+FFFD."""
    return "\n".join(_decode(body).splitlines())


def unmarked_utf16(head: bytes) -> str | None:
    """The codec of UTF-16 without a byte order mark, told by where the NUL halves of ASCII stand; None otherwise."""
    half = min(len(head), _LOOKED_AT) // 2
    if half < 2 or head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # noqa: PLR2004 - two characters or more
        return None
    first, second = head[: 2 * half : 2].count(0), head[1 : 2 * half : 2].count(0)
    if second > half * _MOSTLY and not first:
        return "utf-16-le"
    return "utf-16-be" if first > half * _MOSTLY and not second else None


def _decode(body: bytes) -> str:
    for mark, marked in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(marked, "replace")
    if encoding := unmarked_utf16(body):
        return body.decode(encoding, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if declared := _DECLARED.match(body):
        try:
            return body.decode(declared[1].decode("ascii"))
        except (LookupError, ValueError):
            pass
    return _LINE_WITH_BYTES.sub(_as_windows, body.decode("utf-8", "surrogateescape"))


def _as_windows(line: re.Match[str]) -> str:
    return line[0].encode("utf-8", "surrogateescape").decode("cp1252", "replace")
