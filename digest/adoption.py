"""Subscriptions made ready for what is due: readers that the operator keeps get one, pauses that are over end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest import profiles, readers, secret, subscription
from digest.errors import ProfileError
from digest.offers import offered
from digest.store import subscriptions
from digest.subscription import FILE, Standing

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from digest.settings import Settings
    from digest.store import Store
    from digest.subscription import Subscription
    from digest.types import Profile

_TAKEN = "another subscription has this name: rename the file"


def adopt(store: Store, settings: Settings, *, now: datetime, with_offers: bool = True) -> dict[str, str]:
    """See that each profile in a file and each digest that is offered has a subscription; why one has none, by name.

    `with_offers` false leaves the latter out, for who has no site that shows them. Only files that are new here are
    read: of the others it shows when they are due whether they have faults.

    Raises:
        SettingsError: the installation's secret cannot be read or made.
    """
    offers, bad = offered(settings) if with_offers else ({}, ())
    written = readers.files(settings)
    with store.reading() as connection:
        known = subscriptions.by_slugs(connection, {*written, *offers})
    faults = {error.faults[0]: str(error) for error in bad}
    found: list[Profile] = []
    for slug, path in written.items():
        if not _is_ready(known.get(slug)):
            try:
                found.append(profiles.load(path))
            except ProfileError as error:
                faults[slug] = str(error)
    new = [each for slug, each in offers.items() if not _is_ready(known.get(slug))]
    if found or new:
        key = secret.load(settings.secret)
        with store.writing() as connection:
            readers.adopted(connection, settings, key, found, now)
            readers.adopted_offers(connection, settings, key, new, now)
            known = subscriptions.by_slugs(connection, {*written, *offers})
    faults |= {slug: _TAKEN for slug in written if slug in known and known[slug].digest != FILE}
    faults |= {slug: _TAKEN for slug in offers if slug in known and known[slug].digest != slug}
    return faults


def wake(store: Store, settings: Settings, *, now: datetime) -> None:
    """End the pauses that are over; the first issue behind each is due as it was said to be."""
    with store.reading() as connection:
        if not subscriptions.over(connection, now):
            return
    with store.writing() as connection:
        _resume(connection, settings, now)


def _resume(connection: sa.Connection, settings: Settings, now: datetime) -> None:
    for each in subscriptions.over(connection, now):
        going = subscription.resumed(each, now=now, window_days=settings.window_days, due=each.due)
        subscriptions.replace(connection, going)


def _is_ready(known: Subscription | None) -> bool:
    """Whether a subscription is there and issues come of it, or its reader wants none."""
    return known is not None and (known.due is not None or known.standing is not Standing.ACTIVE)
