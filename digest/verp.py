"""Return paths that name the delivery (VERP), so that a mail that comes back tells which one it was (pure).

`bounces@example.org` becomes `bounces+TOKEN@example.org` (sub-addressing, RFC 5233). The token is made with the
installation's secret: nobody else can make up that a mail came back.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

_BYTES = 15  # 24 letters and digits; 120 bits
_TOKEN = re.compile(r"\+([a-z2-7]{24})\Z")


def token(secret: bytes, issue_id: str, subscriber: str) -> str:
    """What one reader's copy of one issue is known by when it comes back: 24 small letters and digits."""
    message = f"verp\0{issue_id}\0{subscriber}".encode()
    return base64.b32encode(hmac.digest(secret, message, hashlib.sha256)[:_BYTES]).decode().lower()


def return_path(bounce_address: str, delivery: str) -> str:
    """The envelope sender of the mail that bears this token."""
    local, _, domain = bounce_address.rpartition("@")
    return f"{local}+{delivery}@{domain}"


def token_of(address: str) -> str | None:
    """The token in an address that a returned mail came to, in letters of any size; None if there is none."""
    found = _TOKEN.search(address.rpartition("@")[0].lower())
    return found[1] if found else None
