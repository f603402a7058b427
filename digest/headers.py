"""The header of a mail, written line by line (RFC 5322): who, when, what list, how to leave it (pure).

Not by `email.policy`: it decodes an encoded word that stands in a subject (so that a paper's title can bring a line
break into the header), drops the quotes of a long display name, and turns a List-Id or an unsubscribe link of 76
characters or more into an encoded word that no mail program can read; and how it folds changes with the version of
Python, where a mail that is sent again must be the same bytes.
"""

from __future__ import annotations

import re
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from digest.encoded_words import encoded_words
from digest.errors import DeliveryError
from digest.typeset import one_line, shorten

if TYPE_CHECKING:
    from datetime import datetime

    from digest.types import Envelope

LONGEST_LINK = 75
"""Characters of an unsubscribe link. A gateway that is written with `email.policy` makes an encoded word of a longer
one, and nobody can leave by it any more."""

_PLAIN_LINE = 60  # characters of a header's text that need no folding beside the longest header name we write
_DISPLAY_NAME = 100
_LONGEST_IDENTIFIER = 500  # a line may have 998 octets, and identifiers are not folded

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
# Without an encoded word, which has no place in an address (RFC 2047 section 5): `email.policy` decodes one, and
# there may be a line break in it.
_ADDR_SPEC = re.compile(rf"(?=.{{1,64}}@)(?!.*=\?){_ATOM}(?:\.{_ATOM})*@{_DOMAIN.pattern}")
_MAILBOX = re.compile(r"(?P<name>.*)<(?P<address>[^<>]*)>\s*", re.DOTALL)
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_IDENTIFIER = re.compile(r"<[!-;=?-~]+>")
_LINK = re.compile(r"https://[A-Za-z0-9._-]+(?::[0-9]+)?/[A-Za-z0-9._~/-]*")
# What may stand in a mailto link as it is; "%", "?", "&" and the like would have to be written otherwise (RFC 6068).
_IN_MAILTO = re.compile(rf"[A-Za-z0-9._~!$'*+-]{{1,64}}@{_DOMAIN.pattern}")
_FEEDBACK_ID = re.compile(r"(?:[A-Za-z0-9._-]{0,40}:){3}[A-Za-z0-9]{5,15}")


def header(subject: str, envelope: Envelope) -> str:
    """All header lines but those of MIME, each with its CRLF: ASCII, and none longer than 998 octets.

    Control and bidi characters in the subject and in display names are dropped.

    Raises:
        DeliveryError: the sender or the recipient is not one ASCII `local@domain`, bare or as `name <local@domain>`; an
            identifier is not `<printable ASCII>`; or the unsubscribe link is not an https URL of `LONGEST_LINK`
            characters. The text says which, never what it is.
    """
    fields = {
        "Date": _date(envelope.date),
        "From": _sender(envelope.sender),
        "To": _mailbox("recipient", envelope.recipient),
        "Subject": _unstructured(one_line(subject)),
        "Message-ID": _identifier("message_id", envelope.message_id),
        # No In-Reply-To: an issue answers nothing. References alone tells of a conversation (RFC 5322 section 3.6.4),
        # and its first identifier need not be that of a mail which anybody has.
        "References": _identifier("thread", envelope.thread) if envelope.thread else None,
        "List-Id": _identifier("list_id", envelope.list_id),
        "List-Unsubscribe": _ways_out(envelope) or None,
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" if envelope.unsubscribe_url else None,
        "Feedback-ID": _feedback_id(envelope.feedback_id) if envelope.feedback_id else None,
        # Auto-Submitted is what the standard wants programs to look at before they answer (RFC 3834 section 2): with
        # "auto-generated" none should, as it is for what no person sent and no mail caused (section 5). Responders
        # older than it look at Precedence, which is why section 3.1.8 allows it. It says "bulk": for some programs
        # "list" means that there is an address to which all subscribers can write.
        "Precedence": "bulk",
        "Auto-Submitted": "auto-generated",
    }
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None)


def host(domain: str) -> str:
    """The domain itself, which can stand in an identifier.

    Raises:
        DeliveryError: it is not a host name in ASCII.
    """
    if not _DOMAIN.fullmatch(domain):
        raise DeliveryError(f"mail domain: {domain!r}: not a host name in ASCII")
    return domain


def _ways_out(envelope: Envelope) -> str:
    """How to leave the list: the link that a POST suffices for (RFC 8058), before a mail to write (RFC 2369)."""
    ways = []
    if link := envelope.unsubscribe_url:
        if not _LINK.fullmatch(link) or len(link) > LONGEST_LINK:
            raise DeliveryError(f"envelope.unsubscribe_url: not an https URL of at most {LONGEST_LINK} characters")
        ways.append(f"<{link}>")
    if address := envelope.unsubscribe_mail:
        if not _IN_MAILTO.fullmatch(address):
            raise DeliveryError("envelope.unsubscribe_mail: not one address that a mailto link can hold")
        ways.append(f"<mailto:{address}?subject=unsubscribe>")
    return ",\r\n ".join(ways)


def _feedback_id(value: str) -> str:
    if not _FEEDBACK_ID.fullmatch(value):
        raise DeliveryError("envelope.feedback_id: not of the form a:b:c:sender")
    return value


@lru_cache(64)  # a run's mails bear one or few
def _date(instant: datetime) -> str:
    return format_datetime(instant)


@lru_cache(64)  # one, as a rule
def _sender(value: str) -> str:
    return _mailbox("sender", value)


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
    """The text in encoded words, beside the longest name of a header that has some."""
    return encoded_words(text, beside=len("Subject: "))


def _identifier(field: str, value: str) -> str:
    if not _IDENTIFIER.fullmatch(value) or len(value) > _LONGEST_IDENTIFIER:
        raise DeliveryError(f"envelope.{field}: not an identifier of the form <printable ASCII>")
    return value
