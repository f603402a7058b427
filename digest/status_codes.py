"""What a status code says of an address: that there is no such one, or that something else was the matter (pure).

Enhanced codes are those of RFC 3463 and of IANA's registry of them, basic ones those of RFC 5321.
"""

from __future__ import annotations

import re

ADDRESS_IS_GOOD = {
    "1.7": "bad sender's mailbox address syntax",
    "1.8": "bad sender's system address",
    "1.9": "message relayed to non-compliant mailer",
    "2.0": "other or undefined mailbox status: the mailbox exists",
    "2.2": "mailbox full",
    "2.3": "message length exceeds administrative limit",
    "2.4": "mailing list expansion problem",
    "3": "mail system status",
    "4.0": "other or undefined network or routing status",
    "4.1": "no answer from host",
    "4.2": "bad connection",
    "4.3": "directory server failure",
    "4.5": "mail system congestion",
    "4.6": "routing loop detected",
    "4.7": "delivery time expired",
    "5": "mail delivery protocol status",
    "6": "message content or message media status",
    "7": "security or policy status",
}
"""Permanent failures (5.X.X) that say nothing against the address, by detail or by whole subject, as RFC 3463 names
them. All others do: 5.1.1 (bad destination mailbox), 5.1.2 (bad destination system), 5.1.10 (the domain takes no mail,
RFC 7505), 5.2.1 (mailbox disabled), 5.4.4 (unable to route) and so on."""

_UNSPECIFIED = "0.0"
_NO_SUCH_ADDRESS = frozenset({"550", "551", "553", "556"})
"""Basic codes that refuse a mailbox; 552 is for storage, and 554 for whatever a server does not like."""

_ENHANCED = re.compile(r"(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?!\.?\d)", re.ASCII)
_BASIC = re.compile(r"(?<![\d.])([45][0-5]\d)(?=[ -]|$)", re.ASCII)
_ABOUT_THE_MAIL = re.compile(
    r"\b(?:spam\w*|block(?:ed|list\w*)|blacklist\w*|reputation|polic(?:y|ies)|rbl|dnsbl|spf|dkim|dmarc|quota"
    r"|(?:mailbox|inbox) (?:is )?full|over ?quota|too (?:large|big)|content|virus)\b",
    re.IGNORECASE,
)


def is_hard(status: str, words: str = "") -> bool:
    """Whether a failure with this status (`5.1.1`, or empty) and these words of the server is the address's.

    Where the status says no more than "5.0.0", as Exim always writes and Postfix does for servers without enhanced
    codes, the codes in the words decide; a basic 550 beside words about the mail is the mail's.
    """
    status = precise(status, words)
    kind, _, rest = status.partition(".")
    if kind != "5":
        return False
    if rest != _UNSPECIFIED:
        return rest not in ADDRESS_IS_GOOD and rest.partition(".")[0] not in ADDRESS_IS_GOOD
    basic = _BASIC.search(words)
    return (basic is None or basic[1] in _NO_SUCH_ADDRESS) and not _ABOUT_THE_MAIL.search(words)


def precise(status: str, words: str) -> str:
    """The status, or the one in the words where it says no more than its class; empty if there is none at all."""
    if status and status.partition(".")[2] != _UNSPECIFIED:
        return status
    if found := _ENHANCED.search(words):
        return found[1]
    if not status and (basic := _BASIC.search(words)):
        return f"{basic[1][0]}.{_UNSPECIFIED}"
    return status


def parse(text: str) -> str:
    """The enhanced status code that a text begins with, as `Status` fields do; empty if it has none."""
    found = _ENHANCED.match(text.strip())
    return found[1] if found else ""
