"""What readers subscribed to, when the next issue of each is due, and what became of each period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from digest.schedule import Due, schedule
from digest.store.dialect import insert
from digest.store.rows import lookup
from digest.store.tables import periods, subscriptions
from digest.subscription import Preferences, Return, Standing, Subscription
from digest.types import EmptyDay, Form, SkipReason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

ISSUED = "issued"
"""What became of a period that had an issue; of others it is said why there was none."""

_STOPPED = {
    Standing.PENDING: SkipReason.UNCONFIRMED,
    Standing.PAUSED: SkipReason.PAUSED,
    Standing.ENDED: SkipReason.ENDED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What became of periods of a subscription, as it was read, and its next one; None if there is to be none.

    `since` is the day before which papers are no news to the next issue, None where only the window says so.
    """

    subscription: Subscription
    became: tuple[tuple[Due, str], ...]
    following: Due | None
    since: date | None = None


def add(connection: sa.Connection, subscription: Subscription) -> None:
    """A new subscription."""
    connection.execute(subscriptions.insert(), _row(subscription))


def adopt(connection: sa.Connection, known: Iterable[Subscription]) -> None:
    """Readers whose profiles are files; who is there already stays as it is."""
    rows = [_row(each) for each in known]
    if rows:
        connection.execute(insert(connection, subscriptions).on_conflict_do_nothing(), rows)


def replace(connection: sa.Connection, subscription: Subscription) -> None:
    """The subscription as it is now."""
    row = _row(subscription)
    connection.execute(subscriptions.update().where(subscriptions.c.slug == subscription.slug).values(row))


def by_slug(connection: sa.Connection, slug: str) -> Subscription | None:
    """The subscription of this name."""
    return by_slugs(connection, [slug]).get(slug)


def by_slugs(connection: sa.Connection, slugs: Collection[str]) -> dict[str, Subscription]:
    """Subscriptions by name."""
    rows = lookup(connection, sa.select(subscriptions), subscriptions.c.slug, slugs)
    return {row.slug: _subscription(row) for row in rows}


def by_reader(connection: sa.Connection, reader: bytes) -> Subscription | None:
    """The subscription whose reader signed links call so."""
    row = connection.execute(sa.select(subscriptions).where(subscriptions.c.reader == reader.hex())).first()
    return None if row is None else _subscription(row)


def of(connection: sa.Connection, subscriber: str) -> tuple[Subscription, ...]:
    """What somebody subscribed to, the ended ones too, in the order of subscribing."""
    query = sa.select(subscriptions).where(subscriptions.c.subscriber == subscriber)
    rows = connection.execute(query.order_by(subscriptions.c.made, subscriptions.c.slug))
    return tuple(map(_subscription, rows))


def due(
    connection: sa.Connection,
    now: datetime,
    limit: int,
    *,
    after: Subscription | None = None,
    wait: timedelta = timedelta(),
) -> tuple[Subscription, ...]:
    """Those whose next period has come, those first that wait longest; pauses that are over among them.

    With `after`, the last of those that were given before, the ones behind it. With `wait` only those that are due for
    so long, or for as long as their readers have patience.
    """
    query = sa.select(subscriptions).where(_is_due(now, wait)).order_by(subscriptions.c.due, subscriptions.c.slug)
    if after and after.due:
        place = sa.tuple_(subscriptions.c.due, subscriptions.c.slug)
        query = query.where(
            place > sa.tuple_(sa.literal(after.due.at, subscriptions.c.due.type), sa.literal(after.slug))
        )
    return tuple(map(_subscription, connection.execute(query.limit(limit))))


def count_due(connection: sa.Connection, now: datetime) -> int:
    """How many have a period that has come."""
    query = sa.select(sa.func.count()).where(subscriptions.c.due <= now)
    return int(connection.execute(query).scalar_one())


def over(connection: sa.Connection, now: datetime) -> tuple[Subscription, ...]:
    """Those that are paused, and whose pause is over."""
    rested = sa.and_(subscriptions.c.due <= now, subscriptions.c.standing == Standing.PAUSED.value)
    return tuple(map(_subscription, connection.execute(sa.select(subscriptions).where(rested))))


def stopped(connection: sa.Connection, slugs: Collection[str]) -> dict[str, SkipReason]:
    """Of these readers those who get nothing now, and why."""
    query = sa.select(subscriptions.c.slug, subscriptions.c.standing).where(
        subscriptions.c.standing != Standing.ACTIVE.value
    )
    return {
        row.slug: _STOPPED[Standing(row.standing)] for row in lookup(connection, query, subscriptions.c.slug, slugs)
    }


def next_due(connection: sa.Connection) -> datetime | None:
    """When the next period of any comes; None if none does."""
    found: datetime | None = connection.execute(sa.select(sa.func.min(subscriptions.c.due))).scalar()
    return found


def settle(connection: sa.Connection, settled: Sequence[Settlement], now: datetime) -> None:
    """Keep what became of periods, and the next one of each subscription.

    What was settled before stays as it was, but that an issue counts whoever else found that there was to be none.
    Whoever was changed since it was read keeps its own next period; of whoever was forgotten nothing is kept.
    """
    there = by_slugs(connection, {each.subscription.slug for each in settled})
    settled = [each for each in settled if each.subscription.slug in there]
    outcomes = [
        {"slug": each.subscription.slug, "day": period.day, "due": period.at, "outcome": outcome, "settled": now}
        for each in settled
        for period, outcome in each.became
    ]
    if outcomes:
        kept = insert(connection, periods)
        counts = kept.on_conflict_do_update(
            index_elements=["slug", "day"],
            set_={"outcome": kept.excluded.outcome, "settled": kept.excluded.settled},
            where=sa.and_(kept.excluded.outcome == ISSUED, periods.c.outcome != ISSUED),
        )
        connection.execute(counts, outcomes)
    moved = [
        {
            "of": each.subscription.slug,
            "was": each.subscription.due.at if each.subscription.due else None,
            "next_day": each.following.day if each.following else None,
            "next_due": each.following.at if each.following else None,
            "next_since": each.since,
        }
        for each in settled
    ]
    if moved:
        changed = subscriptions.update().where(
            subscriptions.c.slug == sa.bindparam("of"), subscriptions.c.due == sa.bindparam("was")
        )
        values: dict[str, Any] = {name: sa.bindparam(f"next_{name}") for name in ("day", "due", "since")}
        connection.execute(changed.values(values), moved)


def prune(connection: sa.Connection, before: datetime) -> int:
    """Forget what became of periods that were settled before an instant; how many that was."""
    return connection.execute(periods.delete().where(periods.c.settled < before)).rowcount


def history(connection: sa.Connection, slug: str, limit: int) -> tuple[tuple[date, str], ...]:
    """What became of a reader's last periods, the latest first."""
    query = sa.select(periods.c.day, periods.c.outcome).where(periods.c.slug == slug)
    return tuple(
        (row.day, row.outcome) for row in connection.execute(query.order_by(periods.c.day.desc()).limit(limit))
    )


def listing(
    connection: sa.Connection, standing: Standing | None = None, limit: int | None = None
) -> tuple[Subscription, ...]:
    """Subscriptions in order of their making, the last ones first; those in one standing, if that is given."""
    query = sa.select(subscriptions).order_by(subscriptions.c.made.desc(), subscriptions.c.slug).limit(limit)
    if standing is not None:
        query = query.where(subscriptions.c.standing == standing.value)
    return tuple(map(_subscription, connection.execute(query)))


def counts(connection: sa.Connection) -> dict[str, int]:
    """How many subscriptions there are in each standing."""
    query = sa.select(subscriptions.c.standing, sa.func.count()).group_by(subscriptions.c.standing)
    rows = connection.execute(query).all()
    return {standing: number for standing, number in rows}  # noqa: C416  (a row is no pair to the type checker)


def unconfirmed(connection: sa.Connection, before: datetime) -> tuple[Subscription, ...]:
    """Those that nobody confirmed since an instant."""
    query = sa.select(subscriptions).where(
        subscriptions.c.standing == Standing.PENDING.value, subscriptions.c.made < before
    )
    return tuple(map(_subscription, connection.execute(query)))


def delete(connection: sa.Connection, slug: str) -> None:
    """The subscription alone; what is held under its name goes first (`subscribers.forget_reader`)."""
    connection.execute(subscriptions.delete().where(subscriptions.c.slug == slug))


def _is_due(now: datetime, wait: timedelta) -> sa.ColumnElement[bool]:
    passed = subscriptions.c.due <= now
    if not wait:
        return passed
    is_impatient = subscriptions.c.patience_hours < wait / timedelta(hours=1)
    return sa.or_(subscriptions.c.due <= now - wait, sa.and_(passed, is_impatient))


def _row(each: Subscription) -> dict[str, Any]:
    chosen = each.preferences
    return {
        "slug": each.slug,
        "reader": each.reader,
        "subscriber": each.subscriber,
        "digest": each.digest,
        "standing": each.standing.value,
        "frequency": chosen.schedule.when,
        "send_at": f"{chosen.schedule.at:%H:%M}",
        "zone": chosen.schedule.zone,
        "patience_hours": round(chosen.patience / timedelta(hours=1)),
        "on_return": chosen.on_return.value,
        "form": chosen.form.value if chosen.form else None,
        "empty_day": chosen.empty_day.value if chosen.empty_day else None,
        "language": chosen.language,
        "made": each.made,
        "day": each.due.day if each.due else None,
        "due": each.due.at if each.due else None,
        "since": each.since,
        "paused": each.paused,
        "paused_until": each.paused_until,
        "ended": each.ended,
        "source": each.source,
        "confirmed": each.confirmed,
    }


def _subscription(row: sa.Row[Any]) -> Subscription:
    preferences = Preferences(
        schedule=schedule(row.frequency, row.send_at, row.zone),
        patience=timedelta(hours=row.patience_hours),
        on_return=Return(row.on_return),
        form=Form(row.form) if row.form else None,
        empty_day=EmptyDay(row.empty_day) if row.empty_day else None,
        language=row.language,
    )
    return Subscription(
        slug=row.slug,
        reader=row.reader,
        subscriber=row.subscriber,
        digest=row.digest,
        standing=Standing(row.standing),
        preferences=preferences,
        made=row.made,
        due=Due(day=row.day, at=row.due) if row.due else None,
        since=row.since,
        paused=row.paused,
        paused_until=row.paused_until,
        ended=row.ended,
        source=row.source,
        confirmed=row.confirmed,
    )
