"""Issues, the ledger of what each reader was recommended, and how far each reader has been served."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.errors import StoreError
from digest.outbox import DeliveryState
from digest.store import carryover, issue_content
from digest.store.dialect import insert, json_lengths, json_text
from digest.store.rows import lookup
from digest.store.tables import deliveries, issue_papers, issues, paper_ids, shown_papers, subscriptions
from digest.subscription import is_made_here
from digest.types import Headline, Paper

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date, datetime

    from digest.store.issue_content import Written
    from digest.types import Issue

_EARLIER = issues.alias()
_FIRST = ("sections", 0, "matches", 0, "paper")


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How far a reader has been served: all papers up to number `seq` that were news up to `day`, less those `held`.

    Those had no room, or the reader did not get the issue that they were in. `event` is the number of the last event
    that was told, or could have been.

    Of an issue that is written also what composing it again takes: `change`, the number of the last change of a paper
    by then, `window_days` that it reaches back, and `since`, the day from which papers were news to its reader, if that
    was not all of these.
    """

    day: date
    seq: int
    event: int = 0
    held: frozenset[int] = frozenset()
    change: int | None = None
    window_days: int | None = None
    since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An issue to be kept and sent; its reader is served as far as `covered`.

    `token` is what its mail is known by when it comes back. `written` is the issue as it is kept: made with the entry,
    so that nobody waits for it while the database is locked.
    """

    issue: Issue
    covered: Coverage
    recipient: str
    token: str | None = None
    written: Written = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "written", issue_content.written(self.issue))


def coverage(connection: sa.Connection, profile: str) -> Coverage | None:
    """How far the reader's last issue looked; None before the first one."""
    return coverages(connection, [profile]).get(profile)


def coverages(connection: sa.Connection, profiles: Collection[str]) -> dict[str, Coverage]:
    """How far the last issue of each reader looked; of those who have had one."""
    newest = sa.select(sa.func.max(_EARLIER.c.day)).where(_EARLIER.c.profile == issues.c.profile).scalar_subquery()
    query = sa.select(issues.c.profile, issues.c.day, issues.c.covered_seq, issues.c.covered_event).where(
        issues.c.day == newest
    )
    held = carryover.of_all(connection, profiles)
    return {
        row.profile: Coverage(
            day=row.day,
            seq=row.covered_seq,
            event=row.covered_event,
            held=frozenset(held.get(row.profile, ())),
        )
        for row in lookup(connection, query, issues.c.profile, profiles)
    }


def recommended(connection: sa.Connection, profile: str) -> set[int]:
    """Numbers of all papers this reader was ever recommended."""
    return ledgers(connection, [profile]).get(profile, set())


def ledgers(connection: sa.Connection, profiles: Collection[str], since: int = 0) -> dict[str, set[int]]:
    """Numbers of all papers from `since` on that each reader was ever recommended; of those who were any."""
    query = sa.select(issue_papers.c.profile, issue_papers.c.seq).where(issue_papers.c.seq >= since)
    found: dict[str, set[int]] = {}
    for row in lookup(connection, query, issue_papers.c.profile, profiles):
        found.setdefault(row.profile, set()).add(row.seq)
    return found


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
    """One issue as by `add_all`; whether it was put there."""
    entry = Entry(issue=issue, covered=covered, recipient=recipient, token=token)
    return add_all(connection, [entry], now=now) == [True]


def add_all(connection: sa.Connection, entries: Sequence[Entry], *, now: datetime) -> list[bool]:
    """Put issues, their papers in the ledger and their deliveries into the caller's transaction: all of it or nothing.

    For each entry whether it is there. It is not, and nothing of it, if its reader has an issue of that day or was
    recommended one of its papers since it was composed: another run was quicker; or if its reader was forgotten since.
    Runs under the write lock (`Store.writing`).

    Raises:
        KeyError: a paper of an issue is not in the database, so that the ledger could not name it.
    """
    ids = {paper.id for entry in entries for paper in entry.issue.papers}
    seq_of = {row.id: row.seq for row in lookup(connection, sa.select(paper_ids), paper_ids.c.id, ids)}
    seqs_of = [sorted({seq_of[paper.id] for paper in entry.issue.papers}) for entry in entries]
    readers = {entry.issue.profile for entry in entries}
    subscribed = {reader for reader in readers if is_made_here(reader)}
    found = lookup(connection, sa.select(subscriptions.c.slug), subscriptions.c.slug, subscribed)
    forgotten = subscribed - {row.slug for row in found}
    query = sa.select(issues.c.profile, issues.c.day)
    days = {(row.profile, row.day) for row in lookup(connection, query, issues.c.profile, readers)}
    first = min((seqs[0] for seqs in seqs_of if seqs), default=0)
    had = ledgers(connection, readers, first)
    added: list[bool] = []
    rows: list[tuple[Entry, list[int]]] = []
    for entry, seqs in zip(entries, seqs_of, strict=True):
        reader, day = entry.issue.profile, entry.issue.day
        is_new = (reader, day) not in days and had.get(reader, set()).isdisjoint(seqs)
        added.append(is_new and reader not in forgotten)
        if added[-1]:
            days.add((reader, day))
            had.setdefault(reader, set()).update(seqs)
            rows.append((entry, seqs))
    if rows:
        _insert(connection, rows, now)
    return added


def _insert(connection: sa.Connection, rows: Sequence[tuple[Entry, list[int]]], now: datetime) -> None:
    """The rows of issues with the numbers of their papers."""
    shown = {name: content for entry, _ in rows for name, content in entry.written.papers.items()}
    if shown:
        connection.execute(
            insert(connection, shown_papers).on_conflict_do_nothing(),
            [{"name": name, "content": content} for name, content in shown.items()],
        )
    connection.execute(
        issues.insert(),
        [
            {
                "id": entry.issue.id,
                "profile": entry.issue.profile,
                "day": entry.issue.day,
                "covered_seq": entry.covered.seq,
                "covered_event": entry.covered.event,
                "covered_change": entry.covered.change,
                "window_days": entry.covered.window_days,
                "since": entry.covered.since,
                "content": entry.written.content,
            }
            for entry, _ in rows
        ],
    )
    ledger = [
        {"profile": entry.issue.profile, "seq": seq, "issue_id": entry.issue.id} for entry, seqs in rows for seq in seqs
    ]
    if ledger:
        connection.execute(issue_papers.insert(), ledger)
    carryover.replace(connection, {entry.issue.profile: entry.covered.held for entry, _ in rows})
    connection.execute(
        deliveries.insert(),
        [
            {
                "issue_id": entry.issue.id,
                "subscriber": entry.issue.profile,
                "recipient": entry.recipient,
                "state": DeliveryState.QUEUED,
                "attempts": 0,
                "changed": now,
                "queued": now,
                "due": now,
                "token": entry.token,
            }
            for entry, _ in rows
        ],
    )


def of_day(connection: sa.Connection, profile: str, day: date) -> Issue | None:
    """The reader's issue of that day, as it was composed.

    Raises:
        StoreError: a paper that it names is not kept; so for all issues that are read.
    """
    query = sa.select(issues.c.content).where(issues.c.profile == profile, issues.c.day == day)
    return next(iter(_read(connection, connection.execute(query).scalars().all())), None)


def days(connection: sa.Connection, profiles: Collection[str], since: date) -> set[tuple[str, date]]:
    """Readers and days, from `since` on, of which they have an issue."""
    query = sa.select(issues.c.profile, issues.c.day).where(issues.c.day >= since)
    return {(row.profile, row.day) for row in lookup(connection, query, issues.c.profile, profiles)}


def by_ids(connection: sa.Connection, ids: Iterable[str]) -> dict[str, Issue]:
    """Issues by id."""
    query = sa.select(issues.c.id, issues.c.content).where(issues.c.id.in_(list(ids)))
    rows = connection.execute(query).all()
    return dict(zip([row.id for row in rows], _read(connection, [row.content for row in rows]), strict=True))


def newest(connection: sa.Connection, profile: str, limit: int) -> tuple[Issue, ...]:
    """The reader's last issues, the newest first."""
    query = sa.select(issues.c.content).where(issues.c.profile == profile).order_by(issues.c.day.desc()).limit(limit)
    return tuple(_read(connection, connection.execute(query).scalars().all()))


def _read(connection: sa.Connection, contents: Sequence[str]) -> list[Issue]:
    try:
        return issue_content.read(contents, partial(shown, connection))
    except KeyError as error:
        raise StoreError(f"an issue names a paper that is not in shown_papers: {error}: digest db check") from error


def shown(connection: sa.Connection, names: Collection[str]) -> dict[str, str]:
    """The papers of these names as issues show them, as JSON; of those that are there."""
    query = sa.select(shown_papers.c.name, shown_papers.c.content)
    return {row.name: row.content for row in lookup(connection, query, shown_papers.c.name, names)}


def headlines(connection: sa.Connection, profile: str, limit: int) -> tuple[Headline, ...]:
    """What a list says of the reader's last issues, the newest first; much quicker than the issues themselves."""
    counted = json_lengths(connection, issues.c.content, "sections", "matches")
    # Issues of before papers stood beside them have it within.
    first = (
        sa.func.coalesce(
            json_text(connection, shown_papers.c.content, (name,)),
            json_text(connection, issues.c.content, (*_FIRST, name)),
        )
        for name in ("id", "title")
    )
    query = (
        sa.select(issues.c.id, issues.c.day, counted, *first)
        .outerjoin(shown_papers, shown_papers.c.name == json_text(connection, issues.c.content, _FIRST))
        .where(issues.c.profile == profile)
        .order_by(issues.c.day.desc())
        .limit(limit)
    )
    return tuple(
        Headline(issue=issue, day=day, papers=papers or 0, first=Paper(id=paper, title=title) if paper else None)
        for issue, day, papers, paper, title in connection.execute(query)
    )
