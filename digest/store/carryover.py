"""Papers that wait for a reader's next issue, however old they are by then.

Those that the last issue had no room for, and those of issues that the reader did not get: refused, expired, come back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.outbox import UNDELIVERED
from digest.store.dialect import is_among
from digest.store.rows import lookup
from digest.store.tables import carryover, deliveries, issue_papers, issues, paper_ids

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

    from digest.types import Issue


def of(connection: sa.Connection, profile: str) -> frozenset[int]:
    """Numbers of the papers that wait for the reader's next issue."""
    return frozenset(of_all(connection, [profile]).get(profile, ()))


def of_all(connection: sa.Connection, profiles: Collection[str]) -> dict[str, set[int]]:
    """The same for each reader for whom some wait."""
    query = sa.select(carryover.c.profile, carryover.c.seq)
    found: dict[str, set[int]] = {}
    for row in lookup(connection, query, carryover.c.profile, profiles):
        found.setdefault(row.profile, set()).add(row.seq)
    return found


def replace(connection: sa.Connection, waiting: Mapping[str, Collection[int]]) -> None:
    """Let these papers wait for each reader, and no others."""
    statement = carryover.delete().where(is_among(connection, carryover.c.profile, "among"))
    connection.execute(statement, {"among": sorted(waiting)})
    for profile, seqs in waiting.items():
        _add(connection, profile, seqs)


def give_back(connection: sa.Connection, issue_ids: Collection[str]) -> None:
    """Make the papers of issues that nobody got, and nobody will, candidates of their readers again.

    An issue that one reader got, or may still get, stays as it is. What an issue told of liked papers is told again,
    unless a later one came behind it.
    """
    is_alive = sa.exists().where(
        deliveries.c.issue_id == issues.c.id, deliveries.c.state.not_in([state.value for state in UNDELIVERED])
    )
    # Of two who end the last deliveries of one issue the second waits here, and then sees what the first one did.
    list(lookup(connection, sa.select(issues.c.id).order_by(issues.c.id).with_for_update(), issues.c.id, issue_ids))
    query = sa.select(issues.c.id, issues.c.profile, issues.c.day).where(~is_alive).order_by(issues.c.id)
    for failed in lookup(connection, query, issues.c.id, issue_ids):
        ledger = sa.select(issue_papers.c.seq).where(issue_papers.c.issue_id == failed.id)
        seqs = set(connection.execute(ledger).scalars())
        connection.execute(issue_papers.delete().where(issue_papers.c.issue_id == failed.id))
        _add(connection, failed.profile, seqs - of(connection, failed.profile))
        _tell_again(connection, failed.id, failed.profile, failed.day)


def take_back(connection: sa.Connection, issue: Issue) -> bool:
    """Put the papers of an issue that is to be sent after all into the ledger again: the opposite of `give_back`.

    False, and nothing, where the reader has had one of them in another issue since.
    """
    ids = {paper.id for paper in issue.papers}
    seqs = {found.seq for found in lookup(connection, sa.select(paper_ids), paper_ids.c.id, ids)}
    query = sa.select(issue_papers.c.seq, issue_papers.c.issue_id).where(issue_papers.c.profile == issue.profile)
    had = {row.seq: row.issue_id for row in connection.execute(query)}
    if any(had.get(seq, issue.id) != issue.id for seq in seqs):
        return False
    missing = [{"profile": issue.profile, "seq": seq, "issue_id": issue.id} for seq in sorted(seqs - had.keys())]
    if missing:
        connection.execute(issue_papers.insert(), missing)
    waits = sa.and_(carryover.c.profile == issue.profile, carryover.c.seq.in_(sorted(seqs)))
    connection.execute(carryover.delete().where(waits))
    return True


def _add(connection: sa.Connection, profile: str, seqs: Collection[int]) -> None:
    if seqs:
        connection.execute(carryover.insert(), [{"profile": profile, "seq": seq} for seq in sorted(seqs)])


def _tell_again(connection: sa.Connection, issue_id: str, profile: str, day: date) -> None:
    """Let the reader's next issue tell the events that this one told, where no other came behind it."""
    newest = sa.select(sa.func.max(issues.c.day)).where(issues.c.profile == profile)
    if connection.execute(newest).scalar() != day:
        return
    before = (
        sa.select(issues.c.covered_event)
        .where(issues.c.profile == profile, issues.c.day < day)
        .order_by(issues.c.day.desc())
        .limit(1)
    )
    told = connection.execute(before).scalar()
    if told is not None:
        connection.execute(issues.update().where(issues.c.id == issue_id).values(covered_event=told))
