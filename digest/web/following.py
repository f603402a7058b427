"""Signed links, followed: whose they are, and a way on for whoever comes too late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest import days, profiles, tokens
from digest.adoption import adopt_file, usual
from digest.errors import LinkError, ProfileError, SubscriptionError
from digest.store import subscriptions
from digest.subscription import FILE, OWN, Standing, Subscription
from digest.tokens import Purpose, reader_id
from digest.web.views import ButtonView, LinkView, NoteView

if TYPE_CHECKING:
    from datetime import date

    from digest.tokens import Signed
    from digest.types import Profile
    from digest.web.world import World


def follow(world: World, purpose: Purpose, token: str, *, is_acting: bool = False) -> tuple[Signed, Subscription]:
    """What a link says, and the subscription it is about.

    A reader whose profile is a file has no subscription before something is changed: it is kept if this is `is_acting`.

    Raises:
        LinkError: the link is damaged, forged or too old, or whose it was is gone.
    """
    signed = tokens.read(world.token_key, purpose, token, world.now().date())
    return signed, _subscription(world, signed, is_acting=is_acting)


def whose(world: World, purpose: Purpose, token: str) -> Subscription | None:
    """The subscription that a link is about, however old it is; None if whose it was is gone.

    It is kept, as by `follow` with `is_acting`.

    Raises:
        LinkError: the link is damaged or forged.
    """
    beginning = world.now().date().min
    return _found(world, tokens.read(world.token_key, purpose, token, beginning), is_acting=True)


def too_late(purpose: Purpose, token: str, until: date) -> NoteView:
    """What is said to whoever follows a link that counts no more."""
    return NoteView(
        title="This link is too old",
        lines=(
            f"It was good until {days.short(until)}, so that nobody who comes upon an old mail can act for you.",
            "We can send a new link to the address that this one was sent to.",
        ),
        buttons=(ButtonView(url=f"/renew/{purpose}/{token}", label="Send me a new link"),),
        links=(LinkView(label="Front page", url="/"),),
    )


def not_whole() -> NoteView:
    """What is said to whoever follows a link that is none."""
    return NoteView(
        title="This link is not whole",
        lines=(
            "A part of it is missing, as when a mail program breaks a long line, or what it was for is gone.",
            "Copy the link out of the mail as a whole, or have one to your page sent to you.",
        ),
        links=(LinkView(label="Send me a link", url="/link"), LinkView(label="Front page", url="/")),
    )


def _subscription(world: World, signed: Signed, *, is_acting: bool) -> Subscription:
    found = _found(world, signed, is_acting=is_acting)
    if found is None:
        raise LinkError("whose it was is gone")
    return found


def _found(world: World, signed: Signed, *, is_acting: bool) -> Subscription | None:
    with world.store.reading() as connection:
        found = subscriptions.by_reader(connection, signed.reader)
    if found is None:
        found = _of_file(world, signed.reader, is_acting=is_acting)
    return found


def _of_file(world: World, reader: bytes, *, is_acting: bool) -> Subscription | None:
    """The subscription of the reader of a file, of whom nothing was kept before."""
    try:
        paths = profiles.find(world.settings.profiles)
        path = next((path for path in paths if reader_id(world.secret, path.stem) == reader), None)
        if path is None:
            return None
        if is_acting:
            return adopt_file(world.store, world.settings, path, now=world.now())
        return unkept(world, profiles.load(path))
    except (ProfileError, SubscriptionError):
        return None


def unkept(world: World, profile: Profile) -> Subscription:
    """The subscription of a reader whose profile is a file, as it is before anything is changed of it."""
    return Subscription(
        slug=profile.slug,
        reader=reader_id(world.secret, profile.slug).hex(),
        subscriber=None,
        digest=FILE,
        standing=Standing.ACTIVE,
        preferences=usual(world.settings, profile),
        made=world.now(),
    )


def is_shared(subscription: Subscription) -> bool:
    """Whether a subscription is to a digest that is offered to everybody."""
    return subscription.digest not in {OWN, FILE}
