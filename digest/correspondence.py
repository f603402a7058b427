"""Mails that are no issues, from the queue to whoever takes them: questions whether to subscribe, goodbyes, links.

A letter is handed over at least once: what dies in between is tried again by the same Message-ID. A server that takes
nobody's mail says nothing of a letter, which then waits as if it had not been tried.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.errors import DeliveryError, RelayError
from digest.letters import Access, Confirmation, Goodbye
from digest.offers import offered
from digest.originator import Originator
from digest.readers import OWN_NAME, address_of
from digest.rendering import links, renderer
from digest.signed_links import last_day
from digest.store import bounces, letters, subscriptions
from digest.store.bounces import WISHES
from digest.store.letters import LINKS, Kind
from digest.subscription import OWN, Standing
from digest.tokens import Purpose
from digest.transport import Outcome
from digest.transports import opener

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from digest.settings import Settings
    from digest.store import Store
    from digest.store.bounces import Reason
    from digest.store.letters import Letter
    from digest.subscription import Subscription
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

    Without a site goodbyes are sent, and others wait: they have nowhere to lead.

    Raises:
        SettingsError: the secret, a password or the key to sign with cannot be read; all letters stay due.
        TemplateError: an overriding template fails.
    """
    report = Sent()
    with store.reading() as connection:
        if not letters.waiting(connection):
            return report
    writer = _Writer(settings)
    kinds = tuple(Kind) if writer.has_site else tuple(kind for kind in Kind if kind not in LINKS)
    with closing(opener(settings, environment)()) as transport:
        for _ in range(MOST):
            with store.writing() as connection:
                letter = letters.claim(connection, now, kinds)
                found = subscriptions.by_slug(connection, letter.slug) if letter else None
                address = address_of(connection, settings, found) if found else None
                suppressed = bounces.reason(connection, address) if address else None
            if letter is None:
                break
            error = _why_moot(letter, found, suppressed, now) if found and address else "its reader is gone"
            is_final = True
            if found and address and error is None:
                try:
                    error, is_final = _handed_over(transport, writer.parcel(letter, found, address))
                except RelayError as failed:
                    report.fail(str(failed))
                    with store.writing() as connection:
                        letters.give_back(connection, letter, now)
                    break
                except DeliveryError as failed:
                    error = str(failed)
                if error is None:
                    report.sent += 1
                else:
                    report.fail(error)
            with store.writing() as connection:
                letters.settle(connection, letter, error, is_final=is_final)
    return report


def unlinked(store: Store, settings: Settings) -> int:
    """How many letters wait for a site, which their links could lead to: without one they are never sent."""
    if settings.site_url:
        return 0
    with store.reading() as connection:
        return letters.waiting(connection, LINKS)


def _why_moot(letter: Letter, found: Subscription, suppressed: Reason | None, now: datetime) -> str | None:
    """Why a letter need not be sent, or must not; None if it is to be sent."""
    is_over = found.standing is Standing.ENDED
    if letter.kind is Kind.GOODBYE:
        if suppressed:
            return f"its address is suppressed: {suppressed}"
        return None if is_over else "its reader has come back"
    # Whoever asked for no more mails may ask for some again; that is what the letter is for.
    if suppressed and suppressed not in WISHES:
        return f"its address is suppressed: {suppressed}"
    why = None
    if letter.kind is Kind.CONFIRMATION:
        expires = last_day(Purpose.CONFIRM, letter.made.date())
        if is_over or (found.confirmed and found.confirmed >= letter.made):
            why = "it was ended meanwhile" if is_over else "it was confirmed meanwhile"
        elif expires and expires < now.date():
            why = "its link is too old"
    return why


def _handed_over(transport: Transport, parcel: Parcel) -> tuple[str | None, bool]:
    """Why a letter was not taken, None if it was, and whether that is final."""
    receipt = transport.send(parcel)
    if receipt.outcome is Outcome.ACCEPTED:
        return None, True
    return f"{receipt.outcome}: {receipt.reply}", receipt.outcome is Outcome.REJECTED


class _Writer:
    """Writes letters: the same letter is the same bytes."""

    def __init__(self, settings: Settings) -> None:
        self._site = links(settings)
        self._renderer = renderer(settings, lazily=True)
        self._originator = Originator(settings)
        self._offers = offered(settings)[0]

    @property
    def has_site(self) -> bool:
        """Whether there is somewhere for a link to lead."""
        return self._site is not None

    def parcel(self, letter: Letter, found: Subscription, address: str) -> Parcel:
        """The letter as it is handed over."""
        day = letter.made.date()
        named = self._named(found)
        if letter.kind is Kind.CONFIRMATION:
            expires = last_day(Purpose.CONFIRM, day)
            assert expires is not None  # noqa: S101  (of its purpose)
            assert self._site is not None  # noqa: S101  (else none is claimed)
            said: Confirmation | Goodbye | Access = Confirmation(
                subscription=named, link=self._site.confirm(found.slug, day), expires=expires
            )
        elif letter.kind is Kind.ACCESS:
            expires = last_day(Purpose.INTERESTS, day)
            assert expires is not None  # noqa: S101  (of its purpose)
            assert self._site is not None  # noqa: S101  (as above)
            said = Access(link=self._site.interests(found.slug, day), expires=expires)
        else:
            said = Goodbye(subscription=named, link=f"{self._site.site}/" if self._site else "")
        mail = self._renderer.letter(said)
        return self._originator.letter(mail, address, about=found.slug, number=letter.number, date=letter.made)

    def _named(self, found: Subscription) -> str:
        if found.digest == OWN:
            return OWN_NAME
        offer = self._offers.get(found.digest)
        return offer.name if offer else found.digest
