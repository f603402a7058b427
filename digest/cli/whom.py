"""Subscriptions and subscribers as an operator names them: by slug, by address, or by a profile's file."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import typer

from digest import addresses
from digest.cli.context import clock, counted, reader_profiles
from digest.errors import ProfileError, SubscriptionError
from digest.preferences import words_of
from digest.readers import files
from digest.schedule import schedule
from digest.settings import Settings
from digest.store import Store, subscribers, subscriptions
from digest.subscription import FILE, Preferences, Standing, Subscriber, Subscription

WHOM = "A subscription's name, or the address of whoever has one."


def usual(options: Settings) -> Preferences:
    """What a reader gets who says nothing."""
    return Preferences(schedule=schedule("daily", options.send_at, options.timezone))


def subscription(store: Store, options: Settings, name: str) -> Subscription:
    """The subscription that is meant; a reader whose profile is a file gets one here.

    Raises:
        typer.BadParameter: there is none, or an address has several; the address is not repeated.
    """
    if "@" in name:
        with store.reading() as connection:
            held = subscriptions.of(connection, _by_address(store, name).id)
        going = [each for each in held if each.standing is not Standing.ENDED] or list(held)
        if len(going) == 1:
            return going[0]
        told = ", ".join(f"{each.slug} ({each.digest})" for each in going) or "none"
        raise typer.BadParameter(f"this address has {counted(len(going), 'subscription')}: name one: {told}")
    with store.reading() as connection:
        found = subscriptions.by_slug(connection, name)
    if found is None:
        return _of_file(store, options, name)
    # What the file said before this command was typed comes before what it says.
    return _as_filed(store, options, found) if found.digest == FILE else found


def subscriber(store: Store, options: Settings, name: str) -> Subscriber | None:
    """Whoever has an address or a subscription; None for a reader whose profile is a file.

    Raises:
        typer.BadParameter: nobody has.
    """
    if "@" in name:
        return _by_address(store, name)
    found = subscription(store, options, name)
    with store.reading() as connection:
        return subscribers.by_id(connection, found.subscriber) if found.subscriber else None


def plain(each: Subscription) -> dict[str, Any]:
    """A subscription for JSON, without its reader's address."""
    return {
        "slug": each.slug,
        "digest": each.digest,
        "standing": each.standing,
        **words_of(each.preferences),
        "day": each.due and each.due.day,
        "due": each.due and each.due.at,
        "paused_until": each.paused_until,
        "made": each.made,
        "source": each.source,
        "confirmed": each.confirmed,
        "ended": each.ended,
    }


def at(instant: datetime, zone: str) -> str:
    """An instant by the clocks of a zone: `Fri 2025-05-09 07:00`."""
    return f"{instant.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M}"


def next_issue(each: Subscription) -> str:
    """When the next issue comes, by its reader's clocks."""
    zone = each.preferences.schedule.zone
    return f"{at(each.due.at, zone)} {zone}" if each.due else "none is due"


def send_letters(store: Store, options: Settings) -> None:
    """Send the letters that are due, and tell on stderr what was not sent."""
    from digest import correspondence

    report = correspondence.send_due(store, options, now=clock(), environment=os.environ)
    if report.sent:
        typer.echo(f"{counted(report.sent, 'letter')} sent", err=True)
    for why, number in (report.faults or {}).items():
        typer.echo(f"{counted(number, 'letter')} not sent: {why}", err=True)


def _by_address(store: Store, name: str) -> Subscriber:
    try:
        key = addresses.parse(name).key
    except SubscriptionError as error:
        raise typer.BadParameter(error.why) from None
    with store.reading() as connection:
        found = subscribers.by_address(connection, key)
    if found is None:
        raise typer.BadParameter("nobody subscribed with this address")
    return found


def _as_filed(store: Store, options: Settings, found: Subscription) -> Subscription:
    from digest.adoption import adopt_file

    path = files(options).get(found.slug)
    try:
        return adopt_file(store, options, path, now=clock()) if path else found
    except ProfileError:
        return found


def _of_file(store: Store, options: Settings, name: str) -> Subscription:
    path = next((path for path in reader_profiles(options)[0] if path.stem == name), None)
    if path is None:
        raise typer.BadParameter(f"no subscription {name!r}: digest subscribers list")
    from digest.adoption import adopt_file

    try:
        return adopt_file(store, options, path, now=clock())
    except ProfileError as error:
        raise typer.BadParameter(str(error)) from None
