"""All that is held about a reader, as plain values for JSON: what one may ask to see (GDPR, article 15)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from digest.store import bounces, judgements, subscribers
from digest.store.tables import bounces as reports
from digest.store.tables import (
    carryover,
    deliveries,
    issue_papers,
    issues,
    letters,
    papers,
    periods,
    profile_versions,
    subscriptions,
    suppressions,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


def of_subscriber(connection: sa.Connection, subscriber: str) -> dict[str, Any] | None:
    """The address, when and how it came, what came back from it, and each subscription as by `of_reader`.

    None if there is no such subscriber. What is kept of who asked how often are fingerprints, for a day; they are left
    out, since nobody can tell whose they are.
    """
    owner = subscribers.by_id(connection, subscriber)
    if owner is None:
        return None
    slugs = connection.execute(
        sa.select(subscriptions.c.slug)
        .where(subscriptions.c.subscriber == subscriber)
        .order_by(subscriptions.c.made, subscriptions.c.slug)
    ).scalars()
    here = bounces.key(owner.address)
    return {
        "subscriber": {
            "id": owner.id,
            "address": owner.address,
            "asked": owner.asked,
            "source": owner.source,
            "confirmed": owner.confirmed,
        },
        "suppression": next(
            iter(_rows(connection, _but(suppressions, "address"), suppressions.c.address == here)), None
        ),
        "bounces": _rows(
            connection, _but(reports, "number", "report", "address"), reports.c.address == here, reports.c.number
        ),
        "subscriptions": [each for slug in slugs.all() if (each := of_reader(connection, slug))],
    }


def of_reader(connection: sa.Connection, slug: str) -> dict[str, Any] | None:
    """A subscription with its profile's versions, periods, issues, judgements, deliveries and letters; None if none."""
    found = _rows(connection, _but(subscriptions, "subscriber"), subscriptions.c.slug == slug)
    if not found:
        return None
    said = judgements.of(connection, slug)
    return {
        **found[0],
        "profile_versions": _rows(
            connection,
            [profile_versions.c[name] for name in ("number", "written", "reason", "text")],
            profile_versions.c.slug == slug,
            profile_versions.c.number,
        ),
        "periods": _rows(connection, _but(periods, "slug"), periods.c.slug == slug, periods.c.day),
        "issues": _issues(connection, slug),
        "waiting_papers": list(
            connection.execute(
                sa.select(papers.c.id)
                .join(carryover, carryover.c.seq == papers.c.seq)
                .where(carryover.c.profile == slug)
                .order_by(papers.c.id)
            ).scalars()
        ),
        "judgements": [{"paper": each.paper, "liked": each.liked, "day": each.day} for each in said],
        "deliveries": _rows(
            connection,
            [deliveries.c[name] for name in ("issue_id", "state", "attempts", "queued", "changed", "error")],
            deliveries.c.subscriber == slug,
            deliveries.c.queued,
        ),
        "letters": _rows(connection, _but(letters, "slug"), letters.c.slug == slug, letters.c.number),
    }


def _issues(connection: sa.Connection, slug: str) -> list[dict[str, Any]]:
    query = (
        sa.select(issue_papers.c.issue_id, papers.c.id)
        .join(papers, papers.c.seq == issue_papers.c.seq)
        .where(issue_papers.c.profile == slug)
        .order_by(papers.c.id)
    )
    told: dict[str, list[str]] = {}
    for issue, paper in connection.execute(query):
        told.setdefault(issue, []).append(paper)
    found = _rows(connection, [issues.c.id, issues.c.day], issues.c.profile == slug, issues.c.day)
    return [{**each, "papers": told.get(each["id"], [])} for each in found]


def _but(table: sa.Table, *names: str) -> list[sa.Column[Any]]:
    return [column for column in table.columns if column.name not in names]


def _rows(
    connection: sa.Connection,
    columns: Iterable[sa.Column[Any]],
    where: sa.ColumnElement[bool],
    order: sa.Column[Any] | None = None,
) -> list[dict[str, Any]]:
    query = sa.select(*columns).where(where)
    if order is not None:
        query = query.order_by(order)
    return [dict(row) for row in connection.execute(query).mappings()]
