"""What makes the mails of one installation (RFC 5598 section 2.1): its sender, identifiers, Return-Path, signature."""

from __future__ import annotations

from dataclasses import replace
from email.utils import parseaddr
from typing import TYPE_CHECKING

from digest import rendering
from digest.access import path
from digest.dkim import KeyFault, Signer
from digest.errors import SettingsError
from digest.message import build, feedback_id, list_id, message_id, thread_id
from digest.transport import Parcel
from digest.types import Envelope
from digest.verp import return_path

if TYPE_CHECKING:
    from datetime import datetime

    from digest.settings import Settings
    from digest.types import Issue, Mail

ISSUE, TEST, LETTER = "issue", "test", "letter"
"""Kinds of mails, as complaints about them are counted."""


class Originator:
    """Makes mails: the same arguments and settings give the same bytes. Threads may share it.

    Raises:
        SettingsError: the key to sign with or the installation's secret cannot be read, or is none.
    """

    def __init__(self, settings: Settings) -> None:
        self._sender = settings.sender
        self._address = parseaddr(settings.sender)[1]
        self._bounces = settings.delivery.bounce_address
        self._is_thread = settings.delivery.thread
        self._links = rendering.links(settings)
        self.domain = self._address.rpartition("@")[2]
        self.signer = _signer(settings)

    def return_path(self, token: str | None) -> str:
        """Where the mail of this delivery comes back to: an address of its own, or the sender's."""
        return return_path(self._bounces, token) if self._bounces and token else self._address

    def parcel(self, mail: Mail, issue: Issue, recipient: str, token: str | None = None) -> Parcel:
        """The message that carries an issue, in its envelope.

        `token` is what the delivery is known by when it comes back (`digest.verp`).

        Raises:
            DeliveryError: the sender or the recipient is no address that a mail can bear.
        """
        named = message_id(issue.id, issue.profile, self.domain)
        envelope = self._envelope(issue, recipient, issue.composed, named, token)
        if self._is_thread:
            envelope = replace(envelope, thread=thread_id(issue.profile, self.domain))
        content = self._signed(build(mail, envelope))
        name = f"{issue.day.isoformat()}-{issue.profile}"
        return Parcel(name=name, sender=self.return_path(token), recipient=recipient, content=content)

    def test(self, mail: Mail, issue: Issue, recipient: str, *, now: datetime, token: str | None = None) -> Parcel:
        """A mail that shows how an issue arrives, and is none: another one than any before, and marked as a test.

        Raises:
            DeliveryError: the sender or the recipient is no address that a mail can bear.
        """
        named = message_id(f"{TEST} {now.isoformat()} {issue.id}", recipient, self.domain)
        envelope = replace(
            self._envelope(issue, recipient, now, named, token),
            feedback_id=feedback_id(now.date().isoformat(), TEST, self.domain),
        )
        content = self._signed(build(replace(mail, subject=f"[test] {mail.subject}"), envelope))
        name = f"{TEST}-{now:%Y-%m-%d-%H%M%S}"
        return Parcel(name=name, sender=self.return_path(token), recipient=recipient, content=content)

    def letter(self, mail: Mail, recipient: str, *, about: str, number: int, date: datetime) -> Parcel:
        """A mail that is no issue: the same number and date make the same one, however often it is tried.

        It comes back to nobody's delivery: what bounces of it says nothing of an issue.

        Raises:
            DeliveryError: the sender or the recipient is no address that a mail can bear.
        """
        envelope = Envelope(
            sender=self._sender,
            recipient=recipient,
            date=date,
            message_id=message_id(f"{LETTER} {number} {date.isoformat()}", about, self.domain),
            list_id=list_id("subscriptions", self.domain),
            feedback_id=feedback_id(date.date().isoformat(), LETTER, self.domain),
        )
        # A folder of mails shows them in the order of days; a profile's name has no full stop.
        name = f"{date.date().isoformat()}.{LETTER}-{number}"
        return Parcel(name=name, sender=self._address, recipient=recipient, content=self._signed(build(mail, envelope)))

    def _envelope(self, issue: Issue, recipient: str, date: datetime, named: str, token: str | None) -> Envelope:
        return Envelope(
            sender=self._sender,
            recipient=recipient,
            date=date,
            message_id=named,
            list_id=list_id(issue.profile, self.domain),
            # A site on one's own machine may do without TLS; mail programs post to no such one (RFC 8058, section 3.1).
            unsubscribe_url=self._links.unsubscribe(issue.profile) if self._links and self._links.is_safe else "",
            unsubscribe_mail=return_path(self._bounces, token) if self._bounces and token else "",
            feedback_id=feedback_id(issue.day.isoformat(), ISSUE, self.domain),
        )

    def _signed(self, message: bytes) -> bytes:
        return self.signer.sign(message) if self.signer else message


def _signer(settings: Settings) -> Signer | None:
    delivery = settings.delivery
    if not delivery.dkim_key:
        return None
    where = f"delivery.dkim_key: {delivery.dkim_key!r}"
    domain = delivery.dkim_domain or parseaddr(settings.sender)[1].rpartition("@")[2].lower()
    try:
        return Signer(path(settings.home, "delivery", delivery.dkim_key).read_bytes(), domain, delivery.dkim_selector)
    except OSError as error:
        raise SettingsError(f"{where}: cannot be read: {error.strerror}") from error
    except KeyFault as error:
        raise SettingsError(f"{where}: {error}") from error
