"""Rendered issue + envelope -> the bytes of a mail (RFC 5322, MIME as in RFC 2045).

The header lines are written here, not by `email.policy`: it decodes an encoded word that stands in a subject (so that a
paper's title can bring a line break into the header), drops the quotes of a long display name, and turns a long List-Id
into an encoded word that no mail program can read; and how it folds changes with the version of Python, where a
mail that is sent again must be the same bytes.
"""

from __future__ import annotations

import hashlib
import re
from email.header import Header
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from digest import quoted_printable
from digest.errors import DeliveryError
from digest.typeset import one_line, shorten

if TYPE_CHECKING:
    from digest.types import Envelope, Mail

_PLAIN_LINE = 60  # characters of a header's text that need no folding beside the longest header name we write
_DISPLAY_NAME = 100
_LIST_LABEL = 40
_LONGEST_IDENTIFIER = 500  # a line may have 998 octets, and identifiers are not folded

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_ADDR_SPEC = re.compile(rf"(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_DOMAIN.pattern}")
_MAILBOX = re.compile(r"(?P<name>.*)<(?P<address>[^<>]*)>\s*", re.DOTALL)
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_IDENTIFIER = re.compile(r"<[!-;=?-~]+>")


def build(mail: Mail, envelope: Envelope) -> bytes:
    """The mail as it goes over the wire: CRLF line ends, ASCII headers, no line over 998 octets.

    multipart/alternative (RFC 2046 section 5.1.4), plain text first and HTML last, both UTF-8 in quoted-printable. The
    same arguments give the same bytes. Control and bidi characters in the subject and in display names are dropped.

    Raises:
        DeliveryError: the sender or the recipient is not one ASCII `local@domain`, bare or as `name <local@domain>`, or
            an identifier is not `<printable ASCII>`. The text says which, never what it is.
    """
    # Quoted-printable has no "=_", so this boundary stands in neither part (RFC 2045 section 6.7).
    boundary = "=_" + _digest(envelope.message_id)
    headers = "".join(f"{name}: {value}\r\n" for name, value in _headers(mail.subject, envelope).items())
    head = (
        f"{headers}MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n--{boundary}\r\n{_part("plain")}'
    )
    between, foot = f"\r\n--{boundary}\r\n{_part('html')}", f"\r\n--{boundary}--\r\n"
    text, html = quoted_printable.encode(mail.text), quoted_printable.encode(mail.html)
    return b"".join([head.encode("ascii"), text, between.encode("ascii"), html, foot.encode("ascii")])


def message_id(issue_id: str, subscriber: str, domain: str) -> str:
    """The Message-ID of one issue for one subscriber, `<hash@domain>` (RFC 5322 section 3.6.4).

    The same arguments give the same identifier, so that a mail sent twice is known for a copy.

    Raises:
        DeliveryError: `domain` is not a host name in ASCII.
    """
    return f"<{_digest(issue_id, subscriber)}@{_host(domain)}>"


def list_id(profile: str, domain: str) -> str:
    """The List-Id of a profile's mails, `<profile.paper-digest.domain>` (RFC 2919).

    A slug that is no host label is spelt with hyphens and told apart by a hash.

    Raises:
        DeliveryError: `domain` is not a host name in ASCII.
    """
    label = re.sub(r"[^a-z0-9]+", "-", profile.lower())[:_LIST_LABEL].strip("-")
    if label != profile:
        label = f"{label}-{_digest(profile)[:8]}".lstrip("-")
    return f"<{label}.paper-digest.{_host(domain)}>"


def _headers(subject: str, envelope: Envelope) -> dict[str, str]:
    return {
        "Date": format_datetime(envelope.date),
        "From": _mailbox("sender", envelope.sender),
        "To": _mailbox("recipient", envelope.recipient),
        "Subject": _unstructured(one_line(subject)),
        "Message-ID": _identifier("message_id", envelope.message_id),
        "List-Id": _identifier("list_id", envelope.list_id),
        "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers, please
    }


def _part(subtype: str) -> str:
    """The header of a body part."""
    return f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'


def _mailbox(field: str, value: str) -> str:
    """One address, with its display name if there is one (RFC 5322 section 3.4)."""
    named = _MAILBOX.fullmatch(value)
    address = named["address"] if named else value
    if not _ADDR_SPEC.fullmatch(address):
        raise DeliveryError(f"envelope.{field}: not one address of the form local@domain in ASCII")
    name = shorten(one_line(named["name"]), _DISPLAY_NAME) if named else ""
    if name.startswith('"') and name.endswith('"'):
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    if not name:
        return address
    phrase = _phrase(name)
    room = _PLAIN_LINE - len(phrase.rpartition("\n")[2])
    return f"{phrase} <{address}>" if len(address) <= room else f"{phrase}\r\n <{address}>"


def _phrase(name: str) -> str:
    """A display name as words, as a quoted string, or as encoded words (RFC 2047 section 5)."""
    if not name.isascii() or len(name) > _PLAIN_LINE or "=?" in name:
        return _encoded_words(name)
    if _PHRASE.fullmatch(name):
        return name
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'


def _unstructured(text: str) -> str:
    return text if text.isascii() and len(text) <= _PLAIN_LINE and "=?" not in text else _encoded_words(text)


@lru_cache(4096)  # senders, and subjects: readers for whom the same paper comes first
def _encoded_words(text: str) -> str:
    """The text in encoded words of at most 75 characters, a line each (RFC 2047 section 2)."""
    return Header(text, charset="utf-8", header_name="Subject").encode(linesep="\r\n")


def _identifier(field: str, value: str) -> str:
    if not _IDENTIFIER.fullmatch(value) or len(value) > _LONGEST_IDENTIFIER:
        raise DeliveryError(f"envelope.{field}: not an identifier of the form <printable ASCII>")
    return value


def _host(domain: str) -> str:
    if not _DOMAIN.fullmatch(domain):
        raise DeliveryError(f"mail domain: {domain!r}: not a host name in ASCII")
    return domain


def _digest(*words: str) -> str:
    """128 bits of SHA-256 in hexadecimal."""
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:32]
