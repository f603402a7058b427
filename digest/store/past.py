"""The database as it was before one of a reader's issues, as far as it is kept: a copy of that alone, in a file.

Papers have numbers in order of arrival, and an issue remembers the last one that was there; so do events, and changes
of papers (`digest.store.changes`). What came behind them, and the reader's later issues, are left out; papers that
changed since are put back to what they were. Works that were merged since are one.

Where the changes since an issue are not all kept, only what the issue itself shows of a paper is put back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from digest.store import Store, carryover, changes, issue_content, issues
from digest.store.outbox import day_and_reader
from digest.store.rows import columns_of, insert, lookup
from digest.store.tables import batches, deliveries, events, issue_papers, paper_ids, papers, revisions, shown_papers
from digest.store.tables import issues as issue_rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from pathlib import Path

    from digest.types import Issue


_BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An issue as it is kept: how far it looked, and its delivery.

    `queued` is when it was put into the outbox, by the clock; `recipient` is empty for a reader without an address.
    `earlier` is the day of the reader's issue before it. `change`, `window_days` and `since` are those of its
    `Coverage`, None for an issue that was written before they were kept.
    """

    issue: Issue
    seq: int
    event: int
    recipient: str
    token: str | None
    state: str
    queued: datetime | None
    earlier: date | None
    change: int | None = None
    window_days: int | None = None
    since: date | None = None


def find(connection: sa.Connection, name: str) -> Kept | None:
    """The issue of an id, or of a name like `2025-05-09-ada`."""
    named = issue_rows.c.id == name
    if found := day_and_reader(name):
        named = sa.or_(named, sa.and_(issue_rows.c.day == found[0], issue_rows.c.profile == found[1]))
    query = (
        sa.select(
            issue_rows.c.id,
            issue_rows.c.covered_seq,
            issue_rows.c.covered_event,
            issue_rows.c.covered_change,
            issue_rows.c.window_days,
            issue_rows.c.since,
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
        change=row.covered_change,
        window_days=row.window_days,
        since=row.since,
    )


def unknown(connection: sa.Connection, kept: Kept, since: date) -> tuple[str, ...]:
    """What cannot be had of papers as it was before an issue whose window begins on a day; a line each."""
    if kept.change is None or not changes.is_known(connection, kept.change):
        number = _revised(connection, kept, since)
        texts = [f"what {number} papers of those days said before they were revised"] if number else []
        return (*texts, "votes that papers had then which are not in the issue")
    undone = changes.undone(connection, kept.change)
    merged = sum(changes.MERGED in then and seq <= kept.seq for seq, then in undone.items())
    if not merged:
        return ()
    return (
        "a work that became part of another one since" if merged == 1 else f"{merged} works that became part of others",
    )


def _revised(connection: sa.Connection, kept: Kept, since: date) -> int:
    """How many papers of the issue's window were revised at some time, before or behind it."""
    window = sa.and_(papers.c.day >= since, papers.c.day <= kept.issue.day, papers.c.seq <= kept.seq)
    query = sa.select(sa.func.count(revisions.c.seq.distinct())).join(papers, papers.c.seq == revisions.c.seq)
    return connection.execute(query.where(window)).scalar_one()


def copy(store: Store, path: Path, kept: Kept) -> Store:
    """The database before an issue, at `path`; the caller closes it. No address is in it.

    Raises:
        StoreError: the database cannot be read, or the copy cannot be written.
    """
    then = Store(path)
    try:
        with store.reading() as now, then.writing() as connection:
            _fill(now, connection, kept)
            if kept.change is not None:
                _undo(connection, changes.undone(now, kept.change), kept.seq)
            _put_back(connection, kept)
    except BaseException:
        then.close()
        raise
    return then


def _fill(now: sa.Connection, then: sa.Connection, kept: Kept) -> None:
    reader, day = kept.issue.profile, kept.issue.day
    earlier = sa.and_(issue_rows.c.profile == reader, issue_rows.c.day < day)
    parts = (
        (papers, papers.c.seq <= kept.seq),
        (paper_ids, paper_ids.c.seq <= kept.seq),
        (events, sa.and_(events.c.number <= kept.event, events.c.seq <= kept.seq)),
        (batches, batches.c.asked <= day),
        (issue_rows, earlier),
        (
            issue_papers,
            sa.and_(
                issue_papers.c.profile == reader,
                issue_papers.c.seq <= kept.seq,
                issue_papers.c.issue_id.in_(sa.select(issue_rows.c.id).where(earlier)),
            ),
        ),
    )
    for table, where in parts:
        found = now.execute(sa.select(table).where(where), execution_options={"yield_per": _BATCH})
        for rows in found.mappings().partitions():
            insert(then, table, [dict(row) for row in rows])
    contents = then.execute(sa.select(issue_rows.c.content)).scalars()
    shown = issues.shown(now, {name for content in contents for name in issue_content.names(content)})
    insert(then, shown_papers, [{"name": name, "content": content} for name, content in shown.items()])


def _undo(connection: sa.Connection, undone: Mapping[int, Mapping[str, Any]], last: int) -> None:
    """Let papers be what they were; ids that they got since lead nowhere."""
    for seq, then in undone.items():
        columns = {name: value for name, value in then.items() if name != changes.MERGED}
        if seq > last or not columns:
            continue
        connection.execute(papers.update().where(papers.c.seq == seq).values(columns))
        if not columns.keys() & {"id", "other_ids"}:
            continue
        row = connection.execute(sa.select(papers.c.id, papers.c.other_ids).where(papers.c.seq == seq)).first()
        if row:
            gone = sa.and_(paper_ids.c.seq == seq, paper_ids.c.id.not_in([row.id, *row.other_ids]))
            connection.execute(paper_ids.delete().where(gone))


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
