"""A reader's visit: the cookie that a signed link is changed for, and what proves that a form is one of ours (pure).

The cookie names the subscription by which its reader came in and the end of the visit, signed like the links
(`digest.tokens`) with a key of its own; nothing is kept of it here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

COOKIE = "visit"
PATH = "/me"
"""Below which the cookie is sent."""

LASTING = timedelta(hours=8)

_MAC = 16
_VALUE = re.compile(r"([A-Za-z0-9_-]{1,120})\.(\d{1,12})\.([0-9a-f]{32})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Whose visit it is, by the name of a subscription, and what each of its forms has to carry."""

    slug: str
    csrf: str = field(repr=False)


def key(secret: bytes) -> bytes:
    """The key that cookies are signed with, which tells nothing of the installation's secret."""
    return hmac.digest(secret, b"visits to the site", hashlib.sha256)


def begin(key: bytes, slug: str, now: datetime) -> str:
    """The cookie's value for a visit that begins now."""
    named = base64.urlsafe_b64encode(slug.encode()).decode().rstrip("=")
    head = f"{named}.{int((now + LASTING).timestamp())}"
    return f"{head}.{_mac(key, 'visit', head)}"


def read(key: bytes, value: str, now: datetime) -> Visit | None:
    """The visit that a cookie is of; None if it is over, or none of ours."""
    found = _VALUE.fullmatch(value)
    if not found or not hmac.compare_digest(found[3], _mac(key, "visit", f"{found[1]}.{found[2]}")):
        return None
    if now >= datetime.fromtimestamp(int(found[2]), UTC):
        return None
    try:
        slug = base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return Visit(slug=slug, csrf=_mac(key, "csrf", value))


def is_ours(visit: Visit, typed: str) -> bool:
    """Whether a form carries what our page gave it."""
    return hmac.compare_digest(visit.csrf.encode(), typed.encode())


def _mac(key: bytes, kind: str, text: str) -> str:
    return hmac.digest(key, f"{kind}\0{text}".encode(), hashlib.sha256)[:_MAC].hex()
