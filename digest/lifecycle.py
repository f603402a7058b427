"""What a reader does about a subscription there is, one function a wish; site and commands both come through here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from digest import subscription
from digest.errors import SubscriptionError
from digest.offers import offered
from digest.readers import parse
from digest.store import bounces, letters, outbox, subscribers, subscriptions, versions
from digest.store.letters import Kind
from digest.subscription import OWN, Preferences, Standing, Subscription

if TYPE_CHECKING:
    from datetime import date, datetime

    import sqlalchemy as sa

    from digest.settings import Settings
    from digest.store import Store


def pause(store: Store, slug: str, *, until: date | None, now: datetime) -> Subscription:
    """Send nothing until a day, or until the reader resumes.

    Raises:
        SubscriptionError: there is none of that name, it is not one that can be paused, or the day is over.
    """
    with store.writing() as connection:
        resting = subscription.paused(named(connection, slug), until=until, now=now)
        subscriptions.replace(connection, resting)
    return resting


def resume(store: Store, settings: Settings, slug: str, *, now: datetime) -> Subscription:
    """Go on after a pause; a subscription that goes on stays as it is.

    Raises:
        SubscriptionError: there is none of that name, or it was ended or never confirmed.
    """
    with store.writing() as connection:
        found = named(connection, slug)
        if found.standing is Standing.ACTIVE:
            return found
        going = subscription.resumed(found, now=now, window_days=settings.window_days)
        subscriptions.replace(connection, going)
    return going


def end(store: Store, slug: str, *, now: datetime, is_told: bool = True) -> Subscription:
    """Send no more of a subscription, and unless `is_told` is false say so in a last mail; it can be ended twice.

    What is in the outbox for it is taken out. A wish that was never confirmed is ended without a word.

    Raises:
        SubscriptionError: there is none of that name.
    """
    with store.writing() as connection:
        found = named(connection, slug)
        over = subscription.ended(found, now=now)
        subscriptions.replace(connection, over)
        outbox.drop_reader(connection, slug, now=now)
        if is_told and found.subscriber and found.standing in {Standing.ACTIVE, Standing.PAUSED}:
            letters.add(connection, Kind.GOODBYE, slug, now)
    return over


def end_all(store: Store, subscriber: str, *, now: datetime) -> tuple[Subscription, ...]:
    """End all that a subscriber has; one last mail says so, if there were any."""
    with store.reading() as connection:
        held = subscriptions.of(connection, subscriber)
    going = [each for each in held if each.standing is not Standing.ENDED]
    told = next((each.slug for each in going if each.standing is not Standing.PENDING), None)
    return tuple(end(store, each.slug, now=now, is_told=each.slug == told) for each in going)


def revise(store: Store, slug: str, preferences: Preferences, *, now: datetime) -> Subscription:
    """Other preferences; the next issue is by the new schedule.

    Raises:
        SubscriptionError: there is none of that name.
    """
    with store.writing() as connection:
        other = subscription.revised(named(connection, slug), preferences, now=now)
        subscriptions.replace(connection, other)
    return other


def rewrite(store: Store, slug: str, text: str, *, now: datetime, reason: str, behind: int | None = None) -> int:
    """Keep a text as the reader's own profile; the number of the version that then counts.

    A subscription to an offered digest is to the reader's own profile from then on. With `behind`, the version that the
    reader has before them, 0 comes back and nothing is kept if there is a later one.

    Raises:
        ProfileError: the text has faults.
        SubscriptionError: there is none of that name, or its profile is a file of the operator's.
    """
    profile = parse(text)
    with store.writing() as connection:
        found = named(connection, slug)
        if found.subscriber is None:
            raise SubscriptionError("", "its profile is a file that the operator keeps")
        number = versions.add(connection, slug, text, profile, now=now, reason=reason, behind=behind)
        if number and found.digest != OWN:
            subscriptions.replace(connection, replace(found, digest=OWN))
    return number


def share(store: Store, settings: Settings, slug: str, digest: str) -> Subscription:
    """Have a digest that is offered in place of the reader's own interests; their versions are kept (`rewrite`).

    Raises:
        SubscriptionError: there is none of that name, its profile is a file of the operator's, no such digest is
            offered, or its reader has a subscription to that already.
    """
    offers, _ = offered(settings)
    if digest not in offers:
        raise SubscriptionError("digest", f"expected one of {', '.join(sorted(offers)) or 'none'}, got {digest!r}")
    with store.writing() as connection:
        found = named(connection, slug)
        if found.subscriber is None:
            raise SubscriptionError("", "its profile is a file that the operator keeps")
        held = subscriptions.of(connection, found.subscriber)
        if any(each.digest == digest and each.slug != slug and each.standing is not Standing.ENDED for each in held):
            raise SubscriptionError("digest", f"there is a subscription to {digest} already")
        shared = replace(found, digest=digest)
        subscriptions.replace(connection, shared)
    return shared


def forget(store: Store, subscriber: str, *, is_shared: bool = False) -> int:
    """Delete all that the database holds about a subscriber; how many subscriptions that were.

    A suppression stays if it is its owner's wish. With `is_shared`, where somebody else is written to at the address,
    what came back from there stays, too. Pages and mails in folders are files; see `digest.forgetting`.
    """
    with store.shredding() as connection:
        owner = subscribers.by_id(connection, subscriber)
        if owner and not is_shared:
            bounces.forget(connection, owner.address)
        return subscribers.forget(connection, subscriber)


def named(connection: sa.Connection, slug: str) -> Subscription:
    """The subscription of a name.

    Raises:
        SubscriptionError: there is none.
    """
    found = subscriptions.by_slug(connection, slug)
    if found is None:
        raise SubscriptionError("", f"no subscription {slug!r}")
    return found
