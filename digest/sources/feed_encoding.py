"""Bytes of a feed -> text, whatever encoding it has, says it has, or does not have.

Feeds are hand-made by a thousand programs: the declared encoding is often wrong, unknown to Python, or no encoding of
text at all. So a declaration counts only if it can read itself, and bytes that are not what they claim to be are read
one by one as Windows-1252, which is what they are in practice (WHATWG Encoding Standard, section 4.2).
"""

from __future__ import annotations

import codecs
import re

_DECLARED = re.compile(r"""<\?xml[^>]{0,200}?\bencoding\s*=\s*["']\s*([A-Za-z0-9._:-]{1,40})\s*["']""")
# The codecs drop the marks; that of UTF-32 begins like that of UTF-16.
_MARKS = (
    ((codecs.BOM_UTF8,), "utf-8-sig"),
    ((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE), "utf-32"),
    ((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE), "utf-16"),
)
# A document without a mark begins with `<` and another sign of ASCII (XML 1.0, appendix F.1).
_UNMARKED = (
    (re.compile(rb"<\0\0\0[!-~]\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0\0\0<\0\0\0[!-~]"), "utf-32-be"),
    (re.compile(rb"<\0[!-~]\0"), "utf-16-le"),
    (re.compile(rb"\0<\0[!-~]"), "utf-16-be"),
)
_EBCDIC = "cp037"
_EBCDIC_DECLARATION = "<?xml".encode(_EBCDIC)
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
# Bytes that begin no character of UTF-8: such as never do, and such as nothing follows that would continue one.
_NO_UTF8 = re.compile(rb"(?:[\x80-\xc1\xf5-\xff]|[\xc2-\xf4](?![\x80-\xbf]))+")
_HEAD = 1024


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    run = _NO_UTF8.match(error.object, error.start)
    end = max(error.end, run.end() if run else 0)
    return error.object[error.start : end].decode("cp1252", "replace"), end


codecs.register_error("digest-as-windows", _as_windows)


def decode(body: bytes) -> str:
    """The text of a feed, in the encoding that `encoding` finds.

    Never fails. What is not UTF-8 in a document that should be is read as Windows-1252, byte by byte.
    """
    name = encoding(body)
    return body.decode(name, "digest-as-windows" if name in ("utf-8", "utf-8-sig") else "replace")


def encoding(head: bytes) -> str:
    """The codec that reads a document with these first bytes, and drops its byte order mark.

    It is told by the mark, by how the first characters look in units of two or four bytes, by the XML declaration where
    that can be true, and is UTF-8 otherwise.
    """
    for marks, name in _MARKS:
        if head.startswith(marks):
            return name
    return wide(head) or _declared(head)


def wide(head: bytes) -> str | None:
    """The codec of UTF-16 or UTF-32 without a byte order mark, for XML; None for what is neither."""
    return next((name for pattern, name in _UNMARKED if pattern.match(head)), None)


def _declared(head: bytes) -> str:
    is_ebcdic = head.startswith(_EBCDIC_DECLARATION)
    family = _EBCDIC if is_ebcdic else "latin-1"
    found = _DECLARED.search(head[:_HEAD].decode(family))
    try:
        name = codecs.lookup(found[1] if found else "").name
        name = _MEANT.get(name, name)
        # An encoding that cannot read its own declaration (UTF-16 in a file of single bytes) is not the document's.
        is_true = found is not None and name not in _NO_DOCUMENT and found[0].encode(family).decode(name) == found[0]
    except (LookupError, UnicodeError, ValueError):
        is_true = False
    return name if is_true else _EBCDIC if is_ebcdic else "utf-8"
