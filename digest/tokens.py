"""Signed tokens: what a link in a mail lets its reader do, in bytes that nobody without the secret can make (pure).

A token is its reader's id (8 bytes), the last day on which it counts (its proleptic ordinal, 3 bytes; not where it
counts for good), the truncated HMAC-SHA256 (RFC 2104, section 5; 10 bytes) of these, what they are for and the paper,
and behind it the id of the paper that it is about, if any; all in base64url without padding (RFC 4648, section 5). What
it is for is told by the link's path and is only signed. No token holds an address; the same arguments give the same.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from digest.errors import LinkError


class Purpose(StrEnum):
    """What a link is for; the value is its path on the site, `/m/TOKEN`."""

    MORE = "m"
    LESS = "l"
    INTERESTS = "i"
    PAUSE = "p"
    UNSUBSCRIBE = "u"
    CONFIRM = "c"

    @property
    def is_of_a_paper(self) -> bool:
        """Whether such a link is about one paper."""
        return self in {Purpose.MORE, Purpose.LESS}

    @property
    def expires(self) -> bool:
        """Whether such a link counts until a day only: whoever wants no more mails never comes too late."""
        return self is not Purpose.UNSUBSCRIBE


LONGEST_PAPER = 200
"""Bytes of a paper's id that a token takes."""

_READER, _DAY, _MAC = 8, 3, 10
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,400}", re.ASCII)

_LONGEST_URL = 75
"""Characters of a URL in a header that every mail program reads: some take a longer one for a word to decode."""

LONGEST_SITE = _LONGEST_URL - len("/u/") - (_READER + _MAC) * 4 // 3
"""Characters of a site's URL, without a slash at its end, with which the unsubscribe link keeps to that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a token says: whose it is, the last day on which it counts (None for good), and the paper it is about."""

    reader: bytes
    expires: date | None = None
    paper: str = ""


def key(secret: bytes) -> bytes:
    """The key that tokens are signed with, 32 bytes, which tells nothing of the installation's secret."""
    return hmac.digest(secret, b"signed links", hashlib.sha256)


def reader_id(secret: bytes, slug: str) -> bytes:
    """What a reader is called in tokens, 8 bytes that tell nothing of the profile's name."""
    return hmac.digest(secret, b"reader id\0" + slug.encode(), hashlib.sha256)[:_READER]


def write(key: bytes, purpose: Purpose, signed: Signed) -> str:
    """The token: 24 characters to unsubscribe, else 28 and four for three bytes of the paper's id.

    Raises:
        ValueError: it is not what such a token says, or the paper's id is too long; a bug of the caller's.
    """
    paper = signed.paper.encode()
    is_whole = (signed.expires is not None, bool(paper)) == (purpose.expires, purpose.is_of_a_paper)
    if not is_whole or len(signed.reader) != _READER or len(paper) > LONGEST_PAPER:
        raise ValueError(f"no token of purpose {purpose.name} can say this")
    head = signed.reader + (signed.expires.toordinal().to_bytes(_DAY, "big") if signed.expires else b"")
    token = head + _mac(key, purpose, head, paper) + paper
    return base64.urlsafe_b64encode(token).decode().rstrip("=")


def read(key: bytes, purpose: Purpose, token: str, today: date) -> Signed:
    """What a token says that came by the path of a purpose.

    Raises:
        LinkError: it is damaged, was made for something else or by somebody else, or its last day is over; the error
            then says which day that was.
    """
    content = _decoded(token)
    length = _READER + (_DAY if purpose.expires else 0)
    head, mac, paper = content[:length], content[length : length + _MAC], content[length + _MAC :]
    if len(mac) != _MAC or bool(paper) != purpose.is_of_a_paper:
        raise LinkError("not a whole link: a part of it is missing, or was added")
    if not hmac.compare_digest(mac, _mac(key, purpose, head, paper)):
        raise LinkError("not a link of ours, or not as it was sent")
    expires = date.fromordinal(int.from_bytes(head[_READER:], "big")) if purpose.expires else None
    if expires and today > expires:
        raise LinkError(f"too old: it counted until {expires.isoformat()}", expired=expires)
    return Signed(reader=head[:_READER], expires=expires, paper=paper.decode())


def _mac(key: bytes, purpose: Purpose, head: bytes, paper: bytes) -> bytes:
    return hmac.digest(key, purpose.encode() + head + paper, hashlib.sha256)[:_MAC]


def _decoded(token: str) -> bytes:
    """The bytes of a token that is spelt as we spell it, and no other way that means the same bytes."""
    try:
        content = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)) if _TOKEN.fullmatch(token) else b""
    except binascii.Error:
        content = b""
    if not content or base64.urlsafe_b64encode(content).decode().rstrip("=") != token:
        raise LinkError("not a whole link: it is cut off, or holds characters that no link has")
    return content
