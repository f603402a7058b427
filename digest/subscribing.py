"""How a subscription begins: a wish, the question whether it was its owner's, and the yes; or an operator's word.

Nobody is told whether an address is known: `subscribe` answers the same for all, and what differs is in the mail.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from digest import lifecycle, readers, secret, subscription
from digest.addresses import Address
from digest.addresses import parse as parse_address
from digest.adoption import adopt_file
from digest.errors import ProfileError, SubscriptionError
from digest.offers import offered
from digest.readers import parse
from digest.store import askings, bounces, letters, subscribers, subscriptions, versions
from digest.store.letters import Kind
from digest.subscription import OWN, Preferences, Standing, Subscriber, Subscription
from digest.tokens import reader_id

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from digest.settings import Settings
    from digest.store import Store
    from digest.types import Profile

MAILS_A_DAY = 3
"""Confirmations that one address is sent in 24 hours, whoever asks."""

MAILS_A_MAILBOX = 10
"""The same of all addresses that differ behind a `+` only, and so end in one mailbox."""

WISHES_A_DAY = 30
"""Times that one network may ask for confirmations in 24 hours."""

UNCONFIRMED = timedelta(days=7)
"""After that a subscription that nobody confirmed is forgotten, its address with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody asks for: a digest that is offered, or `interests`, the text of a profile of their own.

    `source` says by what way it came; `network` is where from, for its limit, empty for none.
    """

    email: str = field(repr=False)
    digest: str = OWN
    interests: str = field(default="", repr=False)
    preferences: Preferences = field(default_factory=Preferences)
    source: str = "site"
    network: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of a wish: its subscription, and whether a confirmation is on its way. Not for the one who asked."""

    subscription: Subscription
    is_mailed: bool


def subscribe(store: Store, settings: Settings, wish: Wish, *, now: datetime) -> Asked:
    """Keep a wish, and have its reader asked whether it was theirs: until they say yes, nothing else is sent.

    Somebody who has this subscription, or asks again before confirming, is asked again, and nothing changes: whoever
    knows an address can neither see nor change what it gets. `interests` of a wish that is not confirmed yet are those
    asked for last. Of a network that asks too often nothing is kept; of an address that was asked too often nothing
    changes.

    Raises:
        SubscriptionError: the address is none, or no digest of that name is offered.
        ProfileError: the interests have faults.
        SettingsError: the installation's secret cannot be read.
    """
    address = parse_address(wish.email)
    profile = _wanted(settings, wish)
    key = secret.load(settings.secret)
    # Outside of the lock; of the address nothing stays in it.
    asked_for = (("mail", address.key), ("box", address.mailbox), ("net", wish.network))
    mail, mailbox, network = (_fingerprint(key, kind, of) for kind, of in asked_for)
    with store.writing() as connection:
        if wish.network and askings.count(connection, network, now) > WISHES_A_DAY:
            return Asked(subscription=_new(key, _subscriber(address, wish, now), wish, now), is_mailed=False)
        is_mailed = askings.count(connection, mail, now) <= MAILS_A_DAY
        is_mailed &= askings.count(connection, mailbox, now) <= MAILS_A_MAILBOX
        owner = subscribers.add(connection, _subscriber(address, wish, now), address.key)
        found = _held(connection, owner, wish.digest)
        if found is None or (is_mailed and found.standing in {Standing.ENDED, Standing.PENDING}):
            found = _wished(connection, found or _new(key, owner, wish, now), wish, profile, now)
        if is_mailed:
            letters.add(connection, Kind.CONFIRMATION, found.slug, now)
    return Asked(subscription=found, is_mailed=is_mailed)


def faults(settings: Settings, wish: Wish) -> tuple[SubscriptionError | ProfileError, ...]:
    """All for which `subscribe` would refuse a wish."""
    found: list[SubscriptionError | ProfileError] = []
    try:
        parse_address(wish.email)
    except SubscriptionError as error:
        found.append(error)
    try:
        _wanted(settings, wish)
    except (SubscriptionError, ProfileError) as error:
        found.append(error)
    return tuple(found)


def remind(store: Store, settings: Settings, email: str, *, now: datetime, network: str = "") -> bool:
    """Have a link to a reader's own page sent to an address that has one, or was never confirmed the question again.

    An address in a file of the operator's has one, too. Whether a letter is on its way, which is not for the one who
    asked.

    Raises:
        SubscriptionError: the address is none.
        SettingsError: the installation's secret cannot be read.
    """
    address = parse_address(email)
    key = secret.load(settings.secret)
    by_file = _by_file(store, settings, address, now)
    with store.writing() as connection:
        owner = subscribers.by_address(connection, address.key)
        held = (*(subscriptions.of(connection, owner.id) if owner else ()), *by_file)
        order = (Standing.ACTIVE, Standing.PAUSED, Standing.PENDING, Standing.ENDED)
        found = min(held, key=lambda each: order.index(each.standing), default=None)
        is_few = not network or askings.count(connection, _fingerprint(key, "net", network), now) <= WISHES_A_DAY
        is_few &= askings.count(connection, _fingerprint(key, "mail", address.key), now) <= MAILS_A_DAY
        is_few &= askings.count(connection, _fingerprint(key, "box", address.mailbox), now) <= MAILS_A_MAILBOX
        return found is not None and is_few and _remind(connection, found, now)


def renew(store: Store, settings: Settings, slug: str, *, now: datetime) -> bool:
    """Have the reader of a subscription, who has an old link to it, sent a new one; whether a letter is on its way.

    Raises:
        SettingsError: the installation's secret cannot be read.
    """
    key = secret.load(settings.secret)
    with store.writing() as connection:
        found = subscriptions.by_slug(connection, slug)
        is_few = askings.count(connection, _fingerprint(key, "slug", slug), now) <= MAILS_A_DAY
        has_address = found is not None and readers.address_of(connection, settings, found) is not None
        return found is not None and has_address and is_few and _remind(connection, found, now)


def _by_file(store: Store, settings: Settings, address: Address, now: datetime) -> tuple[Subscription, ...]:
    path = readers.file_with(settings, address)
    try:
        return (adopt_file(store, settings, path, now=now),) if path else ()
    except SubscriptionError:
        return ()


def _remind(connection: sa.Connection, found: Subscription, now: datetime) -> bool:
    letters.add(connection, Kind.CONFIRMATION if found.standing is Standing.PENDING else Kind.ACCESS, found.slug, now)
    return True


def enrol(store: Store, settings: Settings, wish: Wish, *, now: datetime) -> Subscription:
    """Begin a subscription on the word of whoever keeps the installation, which `wish.source` says: nobody is asked.

    Whoever has it already keeps it as it is. An address that is suppressed stays so.

    Raises:
        SubscriptionError: the address is none, or no digest of that name is offered.
        ProfileError: the interests have faults.
        SettingsError: the installation's secret cannot be read.
    """
    address = parse_address(wish.email)
    profile = _wanted(settings, wish)
    key = secret.load(settings.secret)
    with store.writing() as connection:
        owner = subscribers.add(connection, _subscriber(address, wish, now), address.key)
        found = _held(connection, owner, wish.digest)
        if found is None or found.standing in {Standing.ENDED, Standing.PENDING}:
            found = _wished(connection, found or _new(key, owner, wish, now), wish, profile, now)
            found = subscription.confirmed(found, now=now, window_days=settings.window_days)
            subscriptions.replace(connection, found)
            subscribers.confirm(connection, owner.id, now)
    return found


def known(store: Store, email: str, digest: str) -> Subscription | None:
    """The subscription of an address to a digest, in whatever standing; None if it never had one.

    Raises:
        SubscriptionError: the address is none.
    """
    address = parse_address(email)
    with store.reading() as connection:
        owner = subscribers.by_address(connection, address.key)
        return _held(connection, owner, digest) if owner else None


def confirm(store: Store, settings: Settings, slug: str, *, now: datetime, vouched: str = "") -> Subscription:
    """Begin a subscription whose reader said yes; one that has begun stays as it is.

    Whoever had asked for no more mails, and now asks for some, gets them. Where it is not the reader who says so,
    `vouched` is the source that is recorded, and an address that is suppressed stays so. A reader whose profile is an
    operator's file begins again by it.

    Raises:
        SubscriptionError: there is none of that name, or it was ended.
    """
    with store.writing() as connection:
        found = lifecycle.named(connection, slug)
        if found.standing is Standing.ENDED:
            if found.subscriber:
                raise SubscriptionError("", "it was ended: subscribe again")
            found = replace(found, standing=Standing.PENDING)
        if found.standing is Standing.PENDING:
            found = subscription.confirmed(found, now=now, window_days=settings.window_days)
            found = replace(found, source=vouched or found.source)
            subscriptions.replace(connection, found)
        if found.subscriber:
            subscribers.confirm(connection, found.subscriber, now)
            owner = subscribers.by_id(connection, found.subscriber)
            if owner and not vouched:
                bounces.welcome(connection, owner.address)
    return found


def forget_unconfirmed(store: Store, *, now: datetime) -> int:
    """Forget the wishes that nobody confirmed, and the addresses of those who have nothing else; how many wishes.

    A subscription that had ended before somebody asked for it again is ended as it was.
    """
    with store.writing() as connection:
        old = subscriptions.unconfirmed(connection, now - UNCONFIRMED)
        for each in old:
            if each.ended:
                subscriptions.replace(connection, replace(each, standing=Standing.ENDED))
                continue
            subscribers.forget_reader(connection, each.slug)
            subscriptions.delete(connection, each.slug)
            if each.subscriber and not subscriptions.of(connection, each.subscriber):
                subscribers.forget(connection, each.subscriber)
    return len(old)


def _wanted(settings: Settings, wish: Wish) -> Profile | None:
    """The reader's own profile, None if an offered one is wanted."""
    if wish.digest == OWN:
        return parse(wish.interests)
    offers, _ = offered(settings)
    if wish.digest not in offers:
        raise SubscriptionError("digest", f"expected one of {', '.join(sorted(offers)) or 'none'}, got {wish.digest!r}")
    return None


def _subscriber(address: Address, wish: Wish, now: datetime) -> Subscriber:
    return Subscriber(id=secrets.token_hex(8), address=address.mailable, asked=now, source=wish.source)


def _held(connection: sa.Connection, owner: Subscriber, digest: str) -> Subscription | None:
    """What somebody has of a digest: of several the one that is not over."""
    held = [each for each in subscriptions.of(connection, owner.id) if each.digest == digest]
    return next((each for each in held if each.standing is not Standing.ENDED), None) or next(iter(held), None)


def _wished(
    connection: sa.Connection, found: Subscription, wish: Wish, profile: Profile | None, now: datetime
) -> Subscription:
    """A subscription that waits to be confirmed, as it was asked for last.

    What its reader had, if it had ended, is still in the ledger and does not come again.
    """
    pending = replace(
        found, standing=Standing.PENDING, preferences=wish.preferences, made=now, source=wish.source, confirmed=None
    )
    if subscriptions.by_slug(connection, found.slug):
        subscriptions.replace(connection, pending)
    else:
        subscriptions.add(connection, pending)
    if profile:
        versions.add(connection, found.slug, wish.interests, profile, now=now, reason="subscribed")
    return pending


def _new(key: bytes, owner: Subscriber, wish: Wish, now: datetime) -> Subscription:
    slug = f"s-{secrets.token_hex(6)}"
    return Subscription(
        slug=slug,
        reader=reader_id(key, slug).hex(),
        subscriber=owner.id,
        digest=wish.digest,
        standing=Standing.PENDING,
        preferences=wish.preferences,
        made=now,
        source=wish.source,
    )


def _fingerprint(key: bytes, kind: str, of: str) -> str:
    return hmac.digest(key, f"asking\0{kind}\0{of}".encode(), hashlib.sha256)[:12].hex()
