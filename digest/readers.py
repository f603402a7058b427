"""Subscriptions as profiles to compose for: whoever's file, own text or offered digest it is, with what they chose."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from digest import profiles
from digest.errors import ProfileError
from digest.offers import offered
from digest.schedule import schedule, told
from digest.store import subscribers, subscriptions, versions
from digest.subscription import FILE, OWN, Preferences, Standing, Subscription
from digest.tokens import reader_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    import sqlalchemy as sa

    from digest.settings import Settings
    from digest.types import Profile

OWN_NAME = "Your papers"
"""What an issue is called whose reader gave the profile no name."""

INTERESTS = "interests.yaml"
"""What a profile that is no file is called in what is said of its faults."""


MOST_BYTES = 64 * 1024
"""Of a profile that a reader writes: strangers do, and reading YAML takes time. A thousand liked papers have 16 KiB."""

MOST_TOPICS = 100
"""The same of topics, as ranking takes longer for each."""


@dataclass(slots=True)
class Readers:
    """Profiles to compose for, by the names of their subscriptions, and why there is none for some."""

    profiles: dict[str, Profile] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


def parse(text: str) -> Profile:
    """The profile of a text that a reader wrote.

    Raises:
        ProfileError: its faults, a line each; one of them is an address, which belongs to the subscription, and others
            are that it is larger than `MOST_BYTES` or has more than `MOST_TOPICS`.
    """
    if len(text.encode(errors="replace")) > MOST_BYTES:
        raise ProfileError((f"{INTERESTS}: larger than {MOST_BYTES // 1024} KiB: is this a profile?",))
    profile = profiles.loads(text, name=INTERESTS)
    if len(profile.topics) > MOST_TOPICS:
        raise ProfileError((f"{INTERESTS}: topics: expected at most {MOST_TOPICS}, got {len(profile.topics)}",))
    if profile.email:
        fault = f"{INTERESTS}: email: the address is kept with the subscription: leave it out"
        raise ProfileError((fault,))
    return replace(profile, name="" if profile.name == profile.slug else profile.name)


def load(connection: sa.Connection, settings: Settings, known: Collection[Subscription]) -> Readers:
    """The profiles of subscriptions as they are now.

    A reader whose subscription is a subscriber's has that one's address; of an operator's file, the file's.
    """
    owners = subscribers.by_ids(connection, {each.subscriber for each in known if each.subscriber})
    own = versions.profiles(connection, {each.slug for each in known if each.digest == OWN})
    offers = offered(settings)[0] if any(each.digest not in {OWN, FILE} for each in known) else {}
    readers = Readers()
    for each in known:
        try:
            profile = _profile(each, own, offers, settings)
        except ProfileError as error:
            readers.faults[each.slug] = str(error)
            continue
        address = owners[each.subscriber].address if each.subscriber else profile.email
        readers.profiles[each.slug] = as_chosen(profile, each, address)
    return readers


def as_chosen(profile: Profile, subscription: Subscription, address: str | None) -> Profile:
    """A profile with what its reader chose for the subscription."""
    chosen = subscription.preferences
    return replace(
        profile,
        slug=subscription.slug,
        name=profile.name or OWN_NAME,
        email=address,
        language=chosen.language or profile.language,
        timezone=chosen.schedule.zone if subscription.subscriber else profile.timezone,
        empty_day=chosen.empty_day or profile.empty_day,
        form=chosen.form,
        often=told(chosen.schedule) if subscription.subscriber else "",
        since=subscription.since,
    )


def adopted(
    connection: sa.Connection, settings: Settings, secret: bytes, found: Iterable[Profile], now: datetime
) -> dict[str, Subscription]:
    """The subscriptions of readers whose profiles are files, made for those who have none; by name.

    Issues come to them by the installation's schedule, in their own time zone.
    """
    known = {profile.slug: profile for profile in found}
    there = subscriptions.by_slugs(connection, known)
    made = [_of_file(profile, settings, secret, now) for slug, profile in known.items() if slug not in there]
    subscriptions.adopt(connection, made)
    return subscriptions.by_slugs(connection, known)


def _of_file(profile: Profile, settings: Settings, secret: bytes, now: datetime) -> Subscription:
    usual = schedule("daily", settings.send_at, profile.timezone or settings.timezone)
    return Subscription(
        slug=profile.slug,
        reader=reader_id(secret, profile.slug).hex(),
        subscriber=None,
        digest=FILE,
        standing=Standing.ACTIVE,
        preferences=Preferences(schedule=usual),
        made=now,
        due=None,
    )


def _profile(
    each: Subscription, own: dict[str, Profile | str], offers: dict[str, Profile], settings: Settings
) -> Profile:
    if each.digest == FILE:
        path = next((path for path in profiles.find(settings.profiles) if path.stem == each.slug), None)
        if path is None:
            raise ProfileError((f"{each.slug}: its file is gone from {settings.profiles}",))
        return profiles.load(path)
    if each.digest == OWN:
        found = own.get(each.slug, "")
        return parse(found) if isinstance(found, str) else found
    if each.digest not in offers:
        raise ProfileError((f"{each.digest}: a digest of this name is offered no more",))
    return offers[each.digest]
