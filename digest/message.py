"""Rendered issue + envelope -> the bytes of a mail (RFC 5322, MIME as in RFC 2045), and the names that it goes by."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from digest.headers import header, host
from digest.pieces import quoted

if TYPE_CHECKING:
    from digest.types import Envelope, Mail

_LIST_LABEL = 40
_SENDER_ID = 12  # Google asks for 5 to 15 characters


def build(mail: Mail, envelope: Envelope) -> bytes:
    """The mail as it goes over the wire: CRLF line ends, ASCII headers, no line over 998 octets.

    multipart/alternative (RFC 2046 section 5.1.4), plain text first and HTML last, or the text alone where there is no
    HTML; UTF-8 in quoted-printable. The same arguments give the same bytes. Control and bidi characters in the subject
    and in display names are dropped.

    Raises:
        DeliveryError: an address, an identifier or a link of the envelope is none; see `digest.headers.header`.
    """
    if not mail.html:
        head = f"{header(mail.subject, envelope)}MIME-Version: 1.0\r\n{_part('plain')}"
        return b"".join([head.encode("ascii"), *quoted(mail.text)])
    # Quoted-printable has no "=_", so this boundary stands in neither part (RFC 2045 section 6.7).
    boundary = "=_" + _digest(envelope.message_id)
    head = (
        f"{header(mail.subject, envelope)}MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n--{boundary}\r\n{_part("plain")}'
    )
    between, foot = f"\r\n--{boundary}\r\n{_part('html')}", f"\r\n--{boundary}--\r\n"
    text, html = quoted(mail.text), quoted(mail.html)
    return b"".join([head.encode("ascii"), *text, between.encode("ascii"), *html, foot.encode("ascii")])


def message_id(issue_id: str, subscriber: str, domain: str) -> str:
    """The Message-ID of one issue for one subscriber, `<hash@domain>` (RFC 5322 section 3.6.4).

    The same arguments give the same identifier, so that a mail sent twice is known for a copy.

    Raises:
        DeliveryError: `domain` is not a host name in ASCII.
    """
    return f"<{_digest(issue_id, subscriber)}@{host(domain)}>"


def thread_id(subscriber: str, domain: str) -> str:
    """What all mails to one subscriber refer to where they are to be one conversation, `<hash@domain>`.

    No mail bears it: a conversation outlives its first mail, which the reader may never have had.

    Raises:
        DeliveryError: `domain` is not a host name in ASCII.
    """
    return f"<{_digest('', 'thread', subscriber)}@{host(domain)}>"


def list_id(profile: str, domain: str) -> str:
    """The List-Id of a profile's mails, `<profile.paper-digest.domain>` (RFC 2919).

    A slug that is no host label is spelt with hyphens and told apart by a hash.

    Raises:
        DeliveryError: `domain` is not a host name in ASCII.
    """
    label = re.sub(r"[^a-z0-9]+", "-", profile.lower())[:_LIST_LABEL].strip("-")
    if label != profile or not label:
        label = f"{label}-{_digest(profile)[:8]}".lstrip("-")
    return f"<{label}.paper-digest.{host(domain)}>"


def feedback_id(campaign: str, kind: str, domain: str) -> str:
    """The Feedback-ID of all mails of a campaign: `campaign:kind:paper-digest:sender`.

    By it Google counts complaints (support.google.com/mail/answer/6254652), mails of the same values together: so it
    names no reader, nor anything that only one reader has. The sender is a hash of the domain.
    """
    return f"{campaign}:{kind}:paper-digest:{_digest('sender', domain)[:_SENDER_ID]}"


def _part(subtype: str) -> str:
    """The header of a body part."""
    return f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'


def _digest(*words: str) -> str:
    """128 bits of SHA-256 in hexadecimal."""
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:32]
