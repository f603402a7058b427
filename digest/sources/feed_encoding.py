"""Bytes of a feed -> text, whatever encoding it has, says it has, or does not have.

Feeds are hand-made by a thousand programs: the declared encoding is often wrong, unknown to Python, or no encoding of
text at all. So a declaration counts only if it can read itself, and bytes that are not what they claim to be are read
one by one as Windows-1252, which is what they are in practice (WHATWG Encoding Standard, section 4.2).
"""

from __future__ import annotations

import codecs
import re

_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?\bencoding\s*=\s*["']\s*([A-Za-z0-9._:-]{1,40})\s*["']""")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What writers mean by a name is often a superset of it (the same standard).
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
# No encodings of documents: quadratic in time, or of Python's string literals.
_NO_DOCUMENT = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7"})
# Bytes that begin no character of UTF-8, because none that continues one follows.
_NO_UTF8 = re.compile(rb"(?:[\x80-\xff](?![\x80-\xbf]))+")
_HEAD = 1024


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    run = _NO_UTF8.match(error.object, error.start)
    end = max(error.end, run.end() if run else 0)
    return error.object[error.start : end].decode("cp1252", "replace"), end


codecs.register_error("digest-as-windows", _as_windows)


def decode(body: bytes) -> str:
    """The text of a feed: by byte order mark, by its XML declaration where that can be true, else UTF-8.

    Never fails. What is not UTF-8 in a document that should be is read as Windows-1252, byte by byte.
    """
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "digest-as-windows" if encoding == "utf-8" else "replace")
    encoding = _declared(body)
    return body.decode(encoding, "digest-as-windows" if encoding == "utf-8" else "replace")


def _declared(body: bytes) -> str:
    found = _DECLARED.search(body, 0, _HEAD)
    if found is None:
        return "utf-8"
    try:
        name = codecs.lookup(found[1].decode("ascii")).name
        name = _MEANT.get(name, name)
        # An encoding that cannot read its own declaration (UTF-16 in a file of single bytes) is not the document's.
        is_true = name not in _NO_DOCUMENT and found[0].decode(name) == found[0].decode("ascii")
    except (LookupError, UnicodeError, ValueError):
        return "utf-8"
    return name if is_true else "utf-8"
