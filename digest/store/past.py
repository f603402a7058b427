"""The database as it was before one of a reader's issues, as far as it is kept: a copy of that alone, in a file.

Papers have numbers in order of arrival, and an issue remembers the last one that was there; so do events. Those behind
them, and the reader's later issues, are left out. What the issue shows of a paper is put back into its place. Not
known any more are what other papers said before they were revised, their votes then, and rows of works that were merged
since.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.errors import StoreError
from digest.store import Store, carryover, issues
from digest.store.rows import columns_of, lookup
from digest.store.tables import deliveries, paper_ids, papers, revisions
from digest.store.tables import issues as issue_rows

if TYPE_CHECKING:
    from datetime import date, datetime
    from pathlib import Path

    from digest.types import Issue


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An issue as it is kept: how far it looked, and its delivery.

    `queued` is when it was put into the outbox, by the clock; `recipient` is empty for a reader without an address.
    `earlier` is the day of the reader's issue before it.
    """

    issue: Issue
    seq: int
    event: int
    recipient: str
    token: str | None
    state: str
    queued: datetime | None
    earlier: date | None


def find(connection: sa.Connection, name: str) -> Kept | None:
    """The issue of an id, or of a name like `2025-05-09-ada`."""
    named = sa.or_(issue_rows.c.id == name, sa.cast(issue_rows.c.day, sa.Text) + "-" + issue_rows.c.profile == name)
    query = (
        sa.select(
            issue_rows.c.id,
            issue_rows.c.covered_seq,
            issue_rows.c.covered_event,
            *(deliveries.c[column] for column in ("recipient", "token", "state", "queued")),
        )
        .join(deliveries, deliveries.c.issue_id == issue_rows.c.id)
        .where(named)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    issue = issues.by_ids(connection, [row.id])[row.id]
    before = sa.and_(issue_rows.c.profile == issue.profile, issue_rows.c.day < issue.day)
    return Kept(
        issue=issue,
        seq=row.covered_seq,
        event=row.covered_event,
        recipient=row.recipient,
        token=row.token,
        state=row.state,
        queued=row.queued,
        earlier=connection.execute(sa.select(sa.func.max(issue_rows.c.day)).where(before)).scalar(),
    )


def revised(connection: sa.Connection, kept: Kept, since: date) -> int:
    """How many papers of the issue's window were revised at some time, before or behind it."""
    window = sa.and_(papers.c.day >= since, papers.c.day <= kept.issue.day, papers.c.seq <= kept.seq)
    query = sa.select(sa.func.count(revisions.c.seq.distinct())).join(papers, papers.c.seq == revisions.c.seq)
    return connection.execute(query.where(window)).scalar_one()


def copy(store: Store, path: Path, kept: Kept) -> Store:
    """The database before an issue, at `path`; the caller closes it. No address is in it.

    Raises:
        StoreError: the database is not a file of SQLite's, or the copy cannot be written.
    """
    then = Store(path)
    try:
        _fill(store, path, kept)
        with then.writing() as connection:
            _put_back(connection, kept)
    except sqlite3.Error as error:
        then.close()
        raise StoreError(f"cannot copy the database: {str(store.path)!r}: {error}") from error
    except BaseException:
        then.close()
        raise
    return then


def _fill(store: Store, path: Path, kept: Kept) -> None:
    reader, day = kept.issue.profile, kept.issue.day.isoformat()
    earlier = "SELECT id FROM now.issues WHERE profile = :reader AND day < :day"
    parts = {
        "papers": "seq <= :seq",
        "paper_ids": "seq <= :seq",
        "events": "number <= :event AND seq <= :seq",
        "batches": "asked <= :day",
        "issues": "profile = :reader AND day < :day",
        "issue_papers": f"profile = :reader AND seq <= :seq AND issue_id IN ({earlier})",
    }
    values = {"reader": reader, "day": day, "seq": kept.seq, "event": kept.event}
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("ATTACH DATABASE ? AS now", (str(store.path),))
        connection.execute("BEGIN")
        for table, where in parts.items():
            # Names of our own schema, in the same order in both.
            statement = f"INSERT INTO main.{table} SELECT * FROM now.{table} WHERE {where}"  # noqa: S608
            connection.execute(statement, values)
        connection.execute("COMMIT")


def _put_back(connection: sa.Connection, kept: Kept) -> None:
    """Let papers say what they said in the issue, and let those wait that an earlier issue had looked at."""
    told = {paper.id: paper for paper in kept.issue.papers}
    seqs = {row.id: row.seq for row in lookup(connection, sa.select(paper_ids), paper_ids.c.id, set(told))}
    for name, seq in seqs.items():
        connection.execute(papers.update().where(papers.c.seq == seq).values(columns_of(told[name])))
    covered = issues.coverage(connection, kept.issue.profile)
    if covered is None:
        return
    days = {row.seq: row.day for row in lookup(connection, sa.select(papers), papers.c.seq, set(seqs.values()))}
    held = {seq for seq in seqs.values() if seq <= covered.seq and days[seq] <= covered.day}
    carryover.replace(connection, {kept.issue.profile: held})
