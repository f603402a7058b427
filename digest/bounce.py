"""One returned mail, from its bytes: did it come back, was it complained of, is it a wish to get no more (pure).

Read are delivery status notifications (RFC 3464; RFC 6533 for addresses in UTF-8), feedback reports (ARF, RFC 5965),
mails to the address of `List-Unsubscribe` (RFC 2369), and what mail systems wrote before there were reports.

Anybody may send anything to an address for returned mails, so a report speaks for a delivery by the token of its return
path (`digest.verp`), which nobody can guess: in an address that the report came to, or in what it returns. What it says
of addresses counts for nothing then. A report without a token has the Message-ID that it returns and the address that
it names, both of which others may know; whether that is enough is not decided here (`digest.store.bounces`).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from digest import mime, status_codes
from digest.transport import reply_line
from digest.verp import token_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from digest.mime import Part


class Kind(StrEnum):
    """What a returned mail says."""

    HARD = "hard"
    """There is no such address."""
    SOFT = "soft"
    """The mail did not arrive, for a reason that is not the address's."""
    COMPLAINT = "complaint"
    """Its reader called it spam."""
    UNSUBSCRIBE = "unsubscribe"
    """Its reader wants no more."""


class Other(StrEnum):
    """What a mail is that counts against nobody."""

    AUTO_REPLY = "automatic answers"
    DELAYED = "delays"
    DELIVERED = "delivery receipts"
    NOT_SPAM = "reports of no spam"
    NO_REPORT = "other mails"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A mail that came back, and how it is known which one it was.

    `report` is a fingerprint: the same report that comes by two ways has the same one. `token` is that of the return
    path. `address` and `message_id` are what the report says of them, which is no proof of anything. `status` is an
    enhanced status code or empty, `detail` one line without an address.
    """

    kind: Kind
    report: str
    token: str | None = None
    address: str | None = None
    message_id: str | None = None
    status: str = ""
    detail: str = ""


_CAME_TO = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to")
_RETURNED_BY = ("return-path", "list-unsubscribe")
_STATUS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RETURNED = frozenset({"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"})
_COMPLAINTS = frozenset({"abuse", "fraud", "opt-out", "opt-out-list", "other"})
_NOT_FAILED = {
    "delayed": Other.DELAYED,
    "delivered": Other.DELIVERED,
    "relayed": Other.DELIVERED,
    "expanded": Other.DELIVERED,
}
_SYSTEMS = frozenset({"mailer-daemon", "mailerdaemon", "mail-daemon", "postmaster", "mdaemon", "mmdf"})
_QMAIL = "Hi. This is the "  # qmail-send, or a program that speaks as it does
_WORDS = 4000  # characters of a report in words that are looked at
_MOST_RECIPIENTS = 100

_BETWEEN = re.compile(r'[\s<>,;:?"()\[\]]+')
_HEXADECIMAL = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")  # RFC 6533 section 3
_COPY = re.compile(
    r"^[ \t]*-{2,}[ \t]*(?:below this line|this is a copy|(?:the )?original message|the following is|returned)"
    r"|^(?:return-path|received|message-id|mime-version|dkim-signature):",
    re.MULTILINE | re.IGNORECASE,
)
"""Where the mail begins that a report in words returns; our own words must not be taken for codes."""
_LATE = re.compile(r"\b(?:delayed|warning|still being retried|not yet)\b", re.IGNORECASE)


def parse(mail: bytes) -> Bounce | Other:
    """What a mail says that came to the address for returned mails; nothing in it raises."""
    whole = mime.parse(mail)
    leaves = list(whole.leaves())
    returned = next((_head(each) for each in leaves if each.kind in _RETURNED), {})
    for part in leaves:
        if part.kind == "message/feedback-report":
            return _complaint(whole, part, returned)
        if part.kind in _STATUS:
            return _status_report(whole, part, returned)
        if part.kind == "message/disposition-notification":  # RFC 8098
            return Other.AUTO_REPLY
    token = _token(_values(whole.headers, _CAME_TO))
    if token and whole.first("subject").strip().lower() == "unsubscribe":
        return Bounce(kind=Kind.UNSUBSCRIBE, report=_fingerprint(whole), token=token)
    return _in_words(whole, next((each.text for each in leaves if each.kind == "text/plain"), ""), token)


def _status_report(whole: Part, part: Part, returned: Mapping[str, list[str]]) -> Bounce | Other:
    """The first recipient that a mail failed for: our mails have one each. RFC 3464 section 2.3."""
    other = Other.NO_REPORT
    for block in mime.paragraphs(part.content, _MOST_RECIPIENTS):
        found = mime.fields(block)
        status = status_codes.parse(_first(found, "status"))
        action = (_first(found, "action").lower().split() or [""])[0]
        if action in _NOT_FAILED:
            other = _NOT_FAILED[action]
        elif action == "failed" or (status and not action):
            named = _first(found, "original-recipient") or _first(found, "final-recipient")
            address = _address(named)
            words = _first(found, "diagnostic-code").partition(";")[2].strip()
            return Bounce(
                kind=Kind.HARD if status_codes.is_hard(status, words) else Kind.SOFT,
                report=_fingerprint(whole),
                token=_token([*_values(whole.headers, _CAME_TO), *_values(returned, _RETURNED_BY)]),
                address=address,
                message_id=_first(returned, "message-id") or None,
                status=status_codes.precise(status, words),
                detail=_detail(words, address),
            )
    return other


def _complaint(whole: Part, part: Part, returned: Mapping[str, list[str]]) -> Bounce | Other:
    """RFC 5965 section 3; who is complained to may be hidden in it, so the return path is looked for everywhere."""
    found = mime.fields(part.content.strip(b"\n"))
    kind = _first(found, "feedback-type").lower()
    if kind not in _COMPLAINTS:
        return Other.NOT_SPAM if kind == "not-spam" else Other.NO_REPORT
    places = (*_values(whole.headers, _CAME_TO), *_values(found, ("original-mail-from",)))
    return Bounce(
        kind=Kind.COMPLAINT,
        report=_fingerprint(whole),
        token=_token([*places, *_values(returned, _RETURNED_BY)]),
        address=_address(_first(found, "original-rcpt-to")),
        message_id=_first(returned, "message-id") or None,
        detail=kind,
    )


def _in_words(whole: Part, text: str, token: str | None) -> Bounce | Other:
    """A mail without a report in it: one of a mail system's, if it came to a token's address."""
    is_qmail = text.lstrip().startswith(_QMAIL)
    names_failed = "x-failed-recipients" in whole.headers  # Exim's, which calls itself an automatic answer
    is_automatic = whole.first("auto-submitted").lower() not in {"", "no"} or "x-autoreply" in whole.headers
    if is_automatic and not (is_qmail or names_failed):
        return Other.AUTO_REPLY
    sender = _words(whole.first("from"))
    is_system = any(each.lower().partition("@")[0] in _SYSTEMS for each in sender)
    if not (token and (is_system or is_qmail or names_failed)):
        return Other.NO_REPORT
    if _LATE.search(whole.first("subject")):
        return Other.DELAYED
    text = text[:_WORDS]
    copy = _COPY.search(text)
    text = text[: copy.start()] if copy else text
    status = status_codes.precise("", text)
    line = next((each for each in text.split("\n") if status_codes.precise("", each)), "")
    is_hard = bool(status) and status_codes.is_hard(status, line)
    kind = Kind.HARD if is_hard else Kind.SOFT
    return Bounce(kind=kind, report=_fingerprint(whole), token=token, status=status, detail=_detail(line, None))


def _fingerprint(whole: Part) -> str:
    """The hash of Message-ID and body: the header gains lines on its way. Without a Message-ID that of all there is."""
    head = whole.first("message-id") or repr(sorted(whole.headers.items()))
    return hashlib.sha256(head.encode("utf-8", "replace") + b"\0" + whole.body.rstrip(b"\n")).hexdigest()


def _token(places: Iterable[str]) -> str | None:
    return next((found for value in places for word in _words(value) if (found := token_of(word))), None)


def _values(headers: Mapping[str, list[str]], names: Iterable[str]) -> list[str]:
    return [value for name in names for value in headers.get(name, ())]


def _words(value: str) -> list[str]:
    """What may be addresses in a header field, without the quotes and brackets around them."""
    return [word for word in _BETWEEN.split(value) if "@" in word]


def _head(part: Part) -> Mapping[str, list[str]]:
    """The header fields of a mail that is returned."""
    return mime.parse(part.content.lstrip(b"\n")).headers


def _first(found: Mapping[str, list[str]], name: str) -> str:
    return next(iter(found.get(name, ())), "").strip()


def _address(value: str) -> str | None:
    r"""The address behind its type: `rfc822;ada@example.org`, `utf-8;\x{e4}da@example.org`, `<ada@example.org>`."""
    kind, semicolon, rest = value.partition(";")
    named = (rest if semicolon else kind).strip()
    if kind.strip().lower() == "utf-8":
        named = _HEXADECIMAL.sub(lambda found: _character(found[1]), named)
    return next(iter(_words(named)), None)


def _character(digits: str) -> str:
    number = int(digits, 16)
    return chr(number) if number < 0xD800 or 0xDFFF < number < 0x110000 else "\ufffd"  # noqa: PLR2004  (Unicode's)


def _detail(words: str, address: str | None) -> str:
    private = (address, address.partition("@")[0]) if address else ()
    return reply_line(words, private)
