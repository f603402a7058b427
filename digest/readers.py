"""Subscriptions as profiles to compose for: whoever's file, own text or offered digest it is, with what they chose."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from digest import addresses, profiles
from digest.errors import ProfileError, SubscriptionError
from digest.offers import offered
from digest.profile_model import SCHEDULE
from digest.schedule import told
from digest.store import subscribers, versions
from digest.subscription import FILE, OWN

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    import sqlalchemy as sa

    from digest.addresses import Address
    from digest.settings import Settings
    from digest.subscription import Subscription
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
    """Profiles to compose for, by the names of their subscriptions, and why there is none for some.

    `gone` are those of the latter whose file or digest the operator took away.
    """

    profiles: dict[str, Profile] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)


def parse(text: str) -> Profile:
    """The profile of a text that a reader wrote.

    Raises:
        ProfileError: its faults, a line each; some of them are an address and a schedule, which belong to the
            subscription, and others that it is larger than `MOST_BYTES` or has more than `MOST_TOPICS`.
    """
    if len(text.encode(errors="replace")) > MOST_BYTES:
        raise ProfileError((f"{INTERESTS}: larger than {MOST_BYTES // 1024} KiB: is this a profile?",))
    profile = profiles.loads(text, name=INTERESTS)
    if len(profile.topics) > MOST_TOPICS:
        raise ProfileError((f"{INTERESTS}: topics: expected at most {MOST_TOPICS}, got {len(profile.topics)}",))
    beside = [f"{INTERESTS}: email: the address is kept with the subscription: leave it out"] * bool(profile.email)
    beside += [
        f"{INTERESTS}: {key}: when issues come is chosen beside the interests: leave it out"
        for key in SCHEDULE
        if getattr(profile, key)
    ]
    if beside:
        raise ProfileError(tuple(beside))
    return replace(profile, name="" if profile.name == profile.slug else profile.name)


def load(connection: sa.Connection, settings: Settings, known: Collection[Subscription]) -> Readers:
    """The profiles of subscriptions as they are now.

    A reader whose subscription is a subscriber's has that one's address; of an operator's file, the file's.
    """
    owners = subscribers.by_ids(connection, {each.subscriber for each in known if each.subscriber})
    own = versions.profiles(connection, {each.slug for each in known if each.digest == OWN})
    offers = offered(settings)[0] if any(each.digest not in {OWN, FILE} for each in known) else {}
    written = files(settings) if any(each.digest == FILE for each in known) else {}
    readers = Readers()
    for each in known:
        try:
            profile = _profile(each, own, offers, written)
        except ProfileError as error:
            readers.faults[each.slug] = str(error)
            if each.subscriber is None and each.slug not in (written if each.digest == FILE else offers):
                readers.gone.add(each.slug)
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
        timezone=chosen.schedule.zone if subscription.subscriber or profile.timezone else None,
        empty_day=chosen.empty_day or profile.empty_day,
        form=chosen.form,
        often=told(chosen.schedule) if subscription.subscriber else "",
        since=subscription.since,
    )


def files(settings: Settings) -> dict[str, Path]:
    """The operator's files by the names of their readers; of two for one reader the first, as when they are loaded."""
    found = profiles.find(settings.profiles) if settings.profiles.is_dir() else ()
    return {path.stem: path for path in reversed(found)}


def address_of(connection: sa.Connection, settings: Settings, found: Subscription) -> str | None:
    """Where mails to a subscription's reader go, by the operator's file if it is one of these; None for nowhere."""
    if found.subscriber:
        owner = subscribers.by_id(connection, found.subscriber)
        return owner.address if owner else None
    path = files(settings).get(found.slug) if found.digest == FILE else None
    try:
        return profiles.load(path).email if path else None
    except ProfileError:
        return None


def file_with(settings: Settings, address: Address) -> Path | None:
    """The operator's file that has an address; all are looked through in any case, so that the time tells nothing."""
    local = address.key.rpartition("@")[0]
    found = None
    for path in files(settings).values():
        try:
            text = profiles.text_of(path)
            email = profiles.loads(text, name=path.name).email if local in text.casefold() else None
            if email and addresses.parse(email).key == address.key:
                found = path
        except (ProfileError, SubscriptionError):
            continue
    return found


def _profile(
    each: Subscription, own: dict[str, Profile | str], offers: dict[str, Profile], written: dict[str, Path]
) -> Profile:
    if each.digest == FILE:
        if each.slug not in written:
            raise ProfileError((f"{each.slug}: its file is gone",))
        return profiles.load(written[each.slug])
    if each.digest == OWN:
        found = own.get(each.slug, "")
        return parse(found) if isinstance(found, str) else found
    if each.digest not in offers:
        raise ProfileError((f"{each.digest}: a digest of this name is offered no more",))
    return offers[each.digest]
