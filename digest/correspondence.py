"""Mails that are no issues, from the queue to whoever takes them: questions whether to subscribe, goodbyes, links.

A letter is handed over at least once: what dies in between is tried again by the same Message-ID.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.errors import DeliveryError, RelayError, SettingsError
from digest.letters import Access, Confirmation, Goodbye
from digest.offers import offered
from digest.originator import Originator
from digest.readers import OWN_NAME
from digest.rendering import links, renderer
from digest.signed_links import last_day
from digest.store import letters, subscribers, subscriptions
from digest.store.letters import Kind
from digest.subscription import OWN, Standing
from digest.tokens import Purpose
from digest.transport import Outcome
from digest.transports import opener

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from digest.settings import Settings
    from digest.signed_links import SignedLinks
    from digest.store import Store
    from digest.subscription import Subscriber, Subscription
    from digest.transport import Parcel, Transport

MOST = 500
"""Letters of one call: those that come in faster wait for the next one."""


@dataclass(slots=True)
class Sent:
    """How many letters were sent, and why others were not, each reason once."""

    sent: int = 0
    faults: dict[str, int] | None = None

    def fail(self, why: str) -> None:
        """Count a letter that was not sent."""
        self.faults = self.faults or {}
        self.faults[why] = self.faults.get(why, 0) + 1


def send_due(store: Store, settings: Settings, *, now: datetime, environment: Mapping[str, str]) -> Sent:
    """Hand over the letters that are due; one that is not taken waits for its next try.

    Raises:
        SettingsError: there is no site for a confirmation to lead to, or the secret, a password or the key to sign with
            cannot be read; all letters stay due.
        TemplateError: an overriding template fails.
    """
    report = Sent()
    with store.reading() as connection:
        if not letters.waiting(connection):
            return report
    site = links(settings)
    if site is None:
        raise SettingsError("site_url: it is empty, so that letters to subscribers have nowhere to lead")
    writer = _Writer(settings, site)
    with closing(opener(settings, environment)()) as transport:
        for _ in range(MOST):
            with store.writing() as connection:
                letter = letters.claim(connection, now)
                found = subscriptions.by_slug(connection, letter.slug) if letter else None
                owner = subscribers.by_id(connection, found.subscriber) if found and found.subscriber else None
            if letter is None:
                break
            error: str | None = None
            is_final = False
            if found and owner and not _is_moot(letter.kind, found):
                try:
                    error, is_final = _handed_over(transport, writer.parcel(letter, found, owner))
                except RelayError as failed:
                    error, is_final = str(failed), False
                except DeliveryError as failed:
                    error, is_final = str(failed), True
                if error is None:
                    report.sent += 1
                else:
                    report.fail(error)
            with store.writing() as connection:
                letters.settle(connection, letter, error, is_final=is_final)
    return report


def _is_moot(kind: Kind, found: Subscription) -> bool:
    """Whether the reader has come back before the goodbye was sent, or ended what was to be confirmed."""
    is_over = found.standing is Standing.ENDED
    if kind is Kind.ACCESS:
        return False
    return is_over if kind is Kind.CONFIRMATION else not is_over


def _handed_over(transport: Transport, parcel: Parcel) -> tuple[str | None, bool]:
    """Why a letter was not taken, None if it was, and whether that is final."""
    receipt = transport.send(parcel)
    if receipt.outcome is Outcome.ACCEPTED:
        return None, True
    return f"{receipt.outcome}: {receipt.reply}", receipt.outcome is Outcome.REJECTED


class _Writer:
    """Writes letters: the same letter is the same bytes."""

    def __init__(self, settings: Settings, site: SignedLinks) -> None:
        self._settings, self._site = settings, site
        self._renderer = renderer(settings, lazily=True)
        self._originator = Originator(settings)
        self._offers = offered(settings)[0]

    def parcel(self, letter: letters.Letter, found: Subscription, owner: Subscriber) -> Parcel:
        """The letter as it is handed over."""
        day = letter.made.date()
        named = self._named(found)
        if letter.kind is Kind.CONFIRMATION:
            expires = last_day(Purpose.CONFIRM, day)
            assert expires is not None  # noqa: S101  (of its purpose)
            said: Confirmation | Goodbye | Access = Confirmation(
                subscription=named, link=self._site.confirm(found.slug, day), expires=expires
            )
        elif letter.kind is Kind.ACCESS:
            expires = last_day(Purpose.INTERESTS, day)
            assert expires is not None  # noqa: S101  (of its purpose)
            said = Access(link=self._site.interests(found.slug, day), expires=expires)
        else:
            said = Goodbye(subscription=named, link=f"{self._site.site}/")
        mail = self._renderer.letter(said)
        return self._originator.letter(mail, owner.address, about=found.slug, number=letter.number, date=letter.made)

    def _named(self, found: Subscription) -> str:
        if found.digest == OWN:
            return OWN_NAME
        offer = self._offers.get(found.digest)
        return offer.name if offer else found.digest
