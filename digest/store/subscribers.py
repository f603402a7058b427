"""Who subscribed: addresses, when they were given and when their owners first said yes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from digest.store.rows import lookup
from digest.store.tables import carryover as waiting
from digest.store.tables import (
    deliveries,
    issue_papers,
    issues,
    judgements,
    letters,
    periods,
    profile_versions,
    subscribers,
    subscriptions,
)
from digest.subscription import Subscriber

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime


_READERS = sa.select(subscriptions.c.slug, subscribers.c.address).join(
    subscribers, subscribers.c.id == subscriptions.c.subscriber
)


def add(connection: sa.Connection, subscriber: Subscriber, key: str) -> Subscriber:
    """Whoever has this address, of which `key` is the form for comparing: the one known, or this one from now on."""
    if known := by_address(connection, key):
        return known
    row = {
        "id": subscriber.id,
        "address": subscriber.address,
        "address_key": key,
        "asked": subscriber.asked,
        "source": subscriber.source,
        "confirmed": subscriber.confirmed,
    }
    connection.execute(subscribers.insert(), row)
    return subscriber


def by_address(connection: sa.Connection, key: str) -> Subscriber | None:
    """Whoever has an address, in the form for comparing."""
    return _one(connection, subscribers.c.address_key == key)


def by_id(connection: sa.Connection, subscriber: str) -> Subscriber | None:
    """The subscriber with an id."""
    return _one(connection, subscribers.c.id == subscriber)


def by_ids(connection: sa.Connection, ids: Collection[str]) -> dict[str, Subscriber]:
    """Subscribers by id."""
    return {row.id: _subscriber(row) for row in lookup(connection, sa.select(subscribers), subscribers.c.id, ids)}


def every(connection: sa.Connection) -> tuple[Subscriber, ...]:
    """All subscribers, the first to come first."""
    query = sa.select(subscribers).order_by(subscribers.c.asked, subscribers.c.id)
    return tuple(map(_subscriber, connection.execute(query)))


def addresses(connection: sa.Connection, slugs: Collection[str]) -> dict[str, str]:
    """The addresses of subscribers by the names of their subscriptions."""
    rows = lookup(connection, _READERS, subscriptions.c.slug, set(slugs))
    return {row.slug: row.address for row in rows}


def readers(connection: sa.Connection, keys: Collection[str]) -> dict[str, str]:
    """The subscriptions that go to some addresses, given in the form for comparing; by name, each with its address."""
    rows = lookup(connection, _READERS.order_by(subscriptions.c.slug), subscribers.c.address_key, set(keys))
    return {row.slug: row.address for row in rows}


def confirm(connection: sa.Connection, subscriber: str, now: datetime) -> None:
    """Note that the owner of the address said yes; the first time counts."""
    here = sa.and_(subscribers.c.id == subscriber, subscribers.c.confirmed.is_(None))
    connection.execute(subscribers.update().where(here).values(confirmed=now))


def forget(connection: sa.Connection, subscriber: str) -> int:
    """Delete all that is held about a subscriber, issues and judgements included; how many subscriptions that were.

    What stays is an address's suppression, so that whoever asked for no more mails gets none, if there is one.
    """
    of = subscriptions.c.subscriber == subscriber
    slugs = list(connection.execute(sa.select(subscriptions.c.slug).where(of)).scalars())
    for slug in slugs:
        forget_reader(connection, slug)
    connection.execute(subscriptions.delete().where(of))
    connection.execute(subscribers.delete().where(subscribers.c.id == subscriber))
    return len(slugs)


def forget_reader(connection: sa.Connection, slug: str) -> None:
    """Delete what is held under a reader's name, but for the subscription itself."""
    of_issues = sa.select(issues.c.id).where(issues.c.profile == slug)
    connection.execute(deliveries.delete().where(deliveries.c.issue_id.in_(of_issues)))
    for table, column in (
        (issue_papers, issue_papers.c.profile),
        (waiting, waiting.c.profile),
        (judgements, judgements.c.profile),
        (issues, issues.c.profile),
        (periods, periods.c.slug),
        (letters, letters.c.slug),
        (profile_versions, profile_versions.c.slug),
    ):
        connection.execute(table.delete().where(column == slug))


def _one(connection: sa.Connection, where: sa.ColumnElement[bool]) -> Subscriber | None:
    row = connection.execute(sa.select(subscribers).where(where)).first()
    return None if row is None else _subscriber(row)


def _subscriber(row: sa.Row[Any]) -> Subscriber:
    return Subscriber(id=row.id, address=row.address, asked=row.asked, source=row.source, confirmed=row.confirmed)
