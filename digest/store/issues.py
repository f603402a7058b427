"""Issues, the ledger of what each reader was recommended, and how far each reader has been served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from pydantic import TypeAdapter

from digest.outbox import DeliveryState
from digest.store import carryover
from digest.store.tables import deliveries, issue_papers, issues, paper_ids
from digest.types import Headline, Issue, Paper

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

_ISSUE = TypeAdapter(Issue)
_FIRST = ("id", "title")


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How far a reader has been served: all papers up to number `seq` that were news up to `day`, less those `held`.

    Those had no room, or the reader did not get the issue that they were in. `event` is the number of the last event
    that was told, or could have been.
    """

    day: date
    seq: int
    event: int = 0
    held: frozenset[int] = frozenset()


def coverage(connection: sa.Connection, profile: str) -> Coverage | None:
    """How far the reader's last issue looked; None before the first one."""
    query = (
        sa.select(issues.c.day, issues.c.covered_seq, issues.c.covered_event)
        .where(issues.c.profile == profile)
        .order_by(issues.c.day.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    held = carryover.of(connection, profile)
    return Coverage(day=row.day, seq=row.covered_seq, event=row.covered_event, held=held)


def recommended(connection: sa.Connection, profile: str) -> set[int]:
    """Numbers of all papers this reader was ever recommended."""
    query = sa.select(issue_papers.c.seq).where(issue_papers.c.profile == profile)
    return set(connection.execute(query).scalars())


def recommended_on(connection: sa.Connection, profile: str, paper_id: str) -> date | None:
    """The day of the issue in which a reader was recommended a paper; None if in none."""
    query = (
        sa.select(issues.c.day)
        .join(issue_papers, issue_papers.c.issue_id == issues.c.id)
        .join(paper_ids, paper_ids.c.seq == issue_papers.c.seq)
        .where(issue_papers.c.profile == profile, paper_ids.c.id == paper_id)
    )
    return connection.execute(query).scalar()


def add(
    connection: sa.Connection,
    issue: Issue,
    *,
    covered: Coverage,
    recipient: str,
    now: datetime,
    token: str | None = None,
) -> bool:
    """Put an issue, its papers in the ledger and its delivery into the caller's transaction: all of it or nothing.

    `covered` is how far the reader is served with it; `token` is what its mail is known by when it comes back. False,
    and nothing, if the reader has an issue of that day or was recommended one of its papers since it was composed:
    another run was quicker. Runs under the write lock (`Store.writing`).

    Raises:
        KeyError: a paper of the issue is not in the database, so that the ledger could not name it.
    """
    ids = [paper.id for paper in issue.papers]
    query = sa.select(paper_ids.c.id, paper_ids.c.seq).where(paper_ids.c.id.in_(ids))
    seq_of = {row.id: row.seq for row in connection.execute(query)}
    seqs = {seq_of[paper_id] for paper_id in ids}
    if of_day(connection, issue.profile, issue.day) or seqs & recommended(connection, issue.profile):
        return False
    connection.execute(
        issues.insert().values(
            id=issue.id,
            profile=issue.profile,
            day=issue.day,
            covered_seq=covered.seq,
            covered_event=covered.event,
            content=_ISSUE.dump_json(issue).decode(),
        )
    )
    if seqs:
        ledger = [{"profile": issue.profile, "seq": seq, "issue_id": issue.id} for seq in sorted(seqs)]
        connection.execute(issue_papers.insert(), ledger)
    carryover.replace(connection, issue.profile, covered.held)
    connection.execute(
        deliveries.insert().values(
            issue_id=issue.id,
            subscriber=issue.profile,
            recipient=recipient,
            state=DeliveryState.QUEUED,
            attempts=0,
            changed=now,
            queued=now,
            due=now,
            token=token,
        )
    )
    return True


def of_day(connection: sa.Connection, profile: str, day: date) -> Issue | None:
    """The reader's issue of that day, as it was composed."""
    query = sa.select(issues.c.content).where(issues.c.profile == profile, issues.c.day == day)
    content = connection.execute(query).scalar()
    return None if content is None else _ISSUE.validate_json(content)


def by_ids(connection: sa.Connection, ids: Iterable[str]) -> dict[str, Issue]:
    """Issues by id."""
    query = sa.select(issues.c.id, issues.c.content).where(issues.c.id.in_(list(ids)))
    return {row.id: _ISSUE.validate_json(row.content) for row in connection.execute(query)}


def newest(connection: sa.Connection, profile: str, limit: int) -> tuple[Issue, ...]:
    """The reader's last issues, the newest first."""
    query = sa.select(issues.c.content).where(issues.c.profile == profile).order_by(issues.c.day.desc()).limit(limit)
    return tuple(map(_ISSUE.validate_json, connection.execute(query).scalars()))


def headlines(connection: sa.Connection, profile: str, limit: int) -> tuple[Headline, ...]:
    """What a list says of the reader's last issues, the newest first; much quicker than the issues themselves."""
    sections = sa.func.json_each(issues.c.content, "$.sections").table_valued("value")
    counted = sa.select(sa.func.sum(sa.func.json_array_length(sections.c.value, "$.matches"))).scalar_subquery()
    first = (sa.func.json_extract(issues.c.content, f"$.sections[0].matches[0].paper.{name}") for name in _FIRST)
    query = (
        sa.select(issues.c.id, issues.c.day, counted, *first)
        .where(issues.c.profile == profile)
        .order_by(issues.c.day.desc())
        .limit(limit)
    )
    return tuple(
        Headline(issue=issue, day=day, papers=papers or 0, first=Paper(id=paper, title=title) if paper else None)
        for issue, day, papers, paper, title in connection.execute(query)
    )
