"""Mail addresses as people type them (RFC 5321): what can be mailed, and when two are the same (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field

from email_validator import EmailNotValidError, validate_email

from digest.errors import SubscriptionError

_LONGEST = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address as mails bear it, its domain in ASCII (RFC 5891), and the form in which two are compared.

    `mailbox` is the latter without a part behind `+` (RFC 5233), as nearly all servers put such mails into one mailbox.
    """

    mailable: str = field(repr=False)
    key: str = field(repr=False)
    mailbox: str = field(repr=False)


def parse(text: str) -> Address:
    """The address that somebody typed; a part behind `+` is part of it.

    Raises:
        SubscriptionError: it is none, or one that mails cannot be sent to from here; the text is not repeated.
    """
    typed = text.strip()
    if len(typed) > _LONGEST:
        raise SubscriptionError("email", f"expected an address of at most {_LONGEST} characters")
    try:
        found = validate_email(typed, check_deliverability=False, allow_smtputf8=True, strict=True)
    except (EmailNotValidError, UnicodeError):
        # Its words may quote the address, so that not even a traceback may lead to it: it is raised outside.
        found = None
    # What looks like an encoded word, mail programs decode, though it is none there (RFC 2047 section 5).
    if found is None or "=?" in found.local_part:
        raise SubscriptionError("email", "expected an address like ada@example.org")
    if not found.ascii_email:
        raise SubscriptionError("email", "an address with letters beyond ASCII before the @ cannot be written to")
    key = found.ascii_email.lower()
    local, _, domain = key.rpartition("@")
    return Address(mailable=found.ascii_email, key=key, mailbox=f"{local.partition('+')[0] or local}@{domain}")
