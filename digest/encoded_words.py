"""What a header says in other characters than those of ASCII: encoded words (RFC 2047).

Not by `email.header`: its words have up to 77 characters, where section 2 allows 75, and for each character it measures
all of a word anew.
"""

from __future__ import annotations

import string
from base64 import b64encode

LONGEST = 75
"""Characters of an encoded word, at the most."""

_LINE = 76
_CHARSET = "utf-8"
_FRAME = len(f"=?{_CHARSET}?q??=")

# What may stand as it is in a display name too (section 5); a space is an underscore.
_AS_IT_IS = f"{string.ascii_letters}{string.digits}-!*+/"
_QUOTED = {octet: chr(octet) if chr(octet) in _AS_IT_IS else f"={octet:02X}" for octet in range(256)} | {ord(" "): "_"}


def encoded_words(text: str, *, beside: int) -> str:
    """The text in encoded words, a line each, folded by CRLF and a space; no character is parted.

    `beside` characters stand on the first line already. It is written by Q or B, whichever takes less.
    """
    octets = text.encode("utf-8", "replace")
    is_quoted = sum([len(_QUOTED[octet]) for octet in octets]) <= _base64_length(len(octets))
    words: list[str] = []
    word: list[bytes] = []
    size = 0
    room = _room(_LINE - beside, is_quoted=is_quoted)
    for character in text:
        own = character.encode("utf-8", "replace")
        more = sum([len(_QUOTED[octet]) for octet in own]) if is_quoted else len(own)
        if size + more > room and word:
            words.append(_word(b"".join(word), is_quoted=is_quoted))
            word, size, room = [], 0, _room(LONGEST, is_quoted=is_quoted)
        word.append(own)
        size += more
    return "\r\n ".join([*words, _word(b"".join(word), is_quoted=is_quoted)])


def _room(characters: int, *, is_quoted: bool) -> int:
    """What has room in a word of so many characters: characters of Q, or octets before B makes four of three."""
    within = min(characters, LONGEST) - _FRAME
    return within if is_quoted else within // 4 * 3


def _base64_length(octets: int) -> int:
    return -(-octets // 3) * 4


def _word(octets: bytes, *, is_quoted: bool) -> str:
    if is_quoted:
        return f"=?{_CHARSET}?q?{''.join([_QUOTED[octet] for octet in octets])}?="
    return f"=?{_CHARSET}?b?{b64encode(octets).decode('ascii')}?="
