"""All that the database holds about a reader, for the reader to take along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from digest.schedule import told
from digest.store import issues, judgements, subscribers, subscriptions, versions

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from digest.store import Store
    from digest.subscription import Subscription

MOST = 100_000
"""Rows of one kind; nobody has as many."""


def held(store: Store, of: Sequence[Subscription]) -> dict[str, Any]:
    """What is held about whoever has these subscriptions, as JSON has it: days and instants are ISO 8601 text."""
    with store.reading() as connection:
        owner = next((each.subscriber for each in of if each.subscriber), None)
        found = subscribers.by_id(connection, owner) if owner else None
        return {
            "address": found.address if found else None,
            "asked": found.asked if found else None,
            "source": found.source if found else None,
            "confirmed": found.confirmed if found else None,
            "subscriptions": [_subscription(connection, each) for each in of],
        }


def _subscription(connection: sa.Connection, each: Subscription) -> dict[str, Any]:
    chosen = each.preferences
    return {
        "name": each.slug,
        "digest": each.digest,
        "standing": each.standing,
        "made": each.made,
        "paused": each.paused,
        "paused_until": each.paused_until,
        "ended": each.ended,
        "next": each.due.at if each.due else None,
        "schedule": told(chosen.schedule),
        "format": chosen.form,
        "empty_day": chosen.empty_day,
        "language": chosen.language,
        "on_return": chosen.on_return,
        "patience_hours": chosen.patience.total_seconds() / 3600,
        "interests": [
            {"version": version.number, "written": version.written, "reason": version.reason, "text": version.text}
            for version in versions.of(connection, each.slug, MOST)
        ],
        "judgements": [
            {"paper": said.paper, "liked": said.liked, "day": said.day} for said in judgements.of(connection, each.slug)
        ],
        "issues": [
            {"id": issue.id, "day": issue.day, "papers": [paper.id for paper in issue.papers]}
            for issue in issues.newest(connection, each.slug, MOST)
        ],
        "periods": [
            {"day": day, "outcome": outcome} for day, outcome in subscriptions.history(connection, each.slug, MOST)
        ],
    }
