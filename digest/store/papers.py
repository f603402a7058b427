"""Papers: adding what a dump brings, and reading back what a ranking needs."""

from __future__ import annotations

from datetime import date  # noqa: TC003 - a NamedTuple looks at its annotations
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from digest.store.rows import lookup, paper_of
from digest.store.shelf import Keys, Outcome, Shelf
from digest.store.tables import paper_ids, papers, revisions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from digest.types import Paper

__all__ = ["Outcome"]


class Text(NamedTuple):
    """What of a paper is counted and searched: a third of the work of reading it as a whole."""

    seq: int
    day: date
    id: str
    title: str
    abstract: str
    authors: list[str]


_TEXT = tuple(papers.c[name] for name in Text._fields)


def add(connection: sa.Connection, batch: Sequence[Paper], as_of: date) -> list[Outcome]:
    """Add papers, folding each into the same work where that is known already; one outcome a paper, in order.

    Two works that a paper shows to be one are merged: the number that came first stays, and what readers were told of
    either follows it (`digest.store.merges`).

    `as_of` is the day a paper counts as news when its source gives no date at all. Runs in the caller's transaction,
    which has to hold the write lock (`Store.writing`). How papers are cut into batches makes no difference.
    """
    keys = [Keys.of(paper) for paper in batch]
    shelf = Shelf(connection, keys)
    outcomes = [shelf.put(paper, each, as_of) for paper, each in zip(batch, keys, strict=True)]
    shelf.write(connection)
    return outcomes


def last_seq(connection: sa.Connection) -> int:
    """The number of the paper that arrived last; 0 in an empty database."""
    return connection.execute(sa.select(sa.func.max(papers.c.seq))).scalar() or 0


def last_day(connection: sa.Connection) -> date | None:
    """The day of the newest paper; None in an empty database."""
    return connection.execute(sa.select(sa.func.max(papers.c.day))).scalar()


def between(connection: sa.Connection, since: date | None, until: date | None) -> list[tuple[int, date, Paper]]:
    """(seq, day, paper) of all papers that were news from `since` to `until`, both included, in order of arrival."""
    query = _of_days(sa.select(papers), since, until).order_by(papers.c.seq)
    return [(row.seq, row.day, paper_of(row)) for row in connection.execute(query)]


def before(connection: sa.Connection, day: date, limit: int) -> list[Paper]:
    """Up to `limit` papers that were news before `day`, the newest first."""
    query = sa.select(papers).where(papers.c.day < day).order_by(papers.c.day.desc(), papers.c.seq.desc()).limit(limit)
    return [paper_of(row) for row in connection.execute(query)]


def after(connection: sa.Connection, seq: int, limit: int) -> list[tuple[int, date, Paper]]:
    """(seq, day, paper) of up to `limit` papers that arrived after the paper of that number, in order of arrival."""
    query = sa.select(papers).where(papers.c.seq > seq).order_by(papers.c.seq).limit(limit)
    return [(row.seq, row.day, paper_of(row)) for row in connection.execute(query)]


def texts_after(connection: sa.Connection, seq: int, limit: int) -> list[Text]:
    """The texts of up to `limit` papers that arrived after the paper of that number, in order of arrival."""
    query = sa.select(*_TEXT).where(papers.c.seq > seq).order_by(papers.c.seq).limit(limit)
    return [Text(*row) for row in connection.execute(query)]


def texts_of(connection: sa.Connection, seqs: Iterable[int]) -> list[Text]:
    """The texts of the papers of these numbers, in order of arrival."""
    query = sa.select(*_TEXT).order_by(papers.c.seq)
    return [Text(*row) for row in lookup(connection, query, papers.c.seq, set(seqs))]


def seq_of(connection: sa.Connection, paper_id: str) -> int | None:
    """The number of the paper that bears this id, which it keeps for good; None if none does."""
    return connection.execute(sa.select(paper_ids.c.seq).where(paper_ids.c.id == paper_id)).scalar()


def by_ids(connection: sa.Connection, ids: Iterable[str]) -> dict[str, Paper]:
    """The known papers among these ids, under the id that was asked for."""
    asked = set(ids)
    seqs = {row.id: row.seq for row in lookup(connection, sa.select(paper_ids), paper_ids.c.id, asked)}
    found = {row.seq: paper_of(row) for row in lookup(connection, sa.select(papers), papers.c.seq, set(seqs.values()))}
    return {name: found[seq] for name, seq in seqs.items()}


def by_seqs(connection: sa.Connection, seqs: Iterable[int]) -> list[tuple[int, date, Paper]]:
    """(seq, day, paper) of the papers of these numbers, in order of arrival."""
    rows = lookup(connection, sa.select(papers).order_by(papers.c.seq), papers.c.seq, set(seqs))
    return [(row.seq, row.day, paper_of(row)) for row in rows]


def revised(connection: sa.Connection, number: int, limit: int) -> dict[int, int]:
    """The next `limit` revisions behind the one of that number: number -> seq of the paper.

    A revision is a change of title, abstract, authors or day of a paper that was known before.
    """
    query = sa.select(revisions).where(revisions.c.number > number).order_by(revisions.c.number).limit(limit)
    return {row.number: row.seq for row in connection.execute(query)}


def last_revision(connection: sa.Connection) -> int:
    """The number of the last revision; 0 where nothing was ever revised."""
    return connection.execute(sa.select(sa.func.max(revisions.c.number))).scalar() or 0


def newest(
    connection: sa.Connection, since: date | None, until: date | None, limit: int | None
) -> list[tuple[date, Paper]]:
    """(day, paper) of up to `limit` papers that were news from `since` to `until`, both included, the newest first."""
    query = _of_days(sa.select(papers), since, until).order_by(papers.c.day.desc(), papers.c.seq).limit(limit)
    return [(row.day, paper_of(row)) for row in connection.execute(query)]


def days(
    connection: sa.Connection, *, until: date | None = None, since: date | None = None, limit: int
) -> list[tuple[date, int]]:
    """(day, how many papers were news on it) of days that have any: the newest first, or with `since` the oldest."""
    query = _of_days(sa.select(papers.c.day, sa.func.count()), since, until).group_by(papers.c.day)
    order = papers.c.day.desc() if since is None else papers.c.day
    return [(day, number) for day, number in connection.execute(query.order_by(order).limit(limit))]


def most_voted(connection: sa.Connection, day: date, limit: int, skip: int = 0) -> list[Paper]:
    """The papers of a day, those with the most votes first, equals in order of arrival; without the first to `skip`."""
    votes = papers.c.signals["upvotes"].as_integer()
    query = sa.select(papers).where(papers.c.day == day).order_by(sa.func.coalesce(votes, -1).desc(), papers.c.seq)
    return [paper_of(row) for row in connection.execute(query.limit(limit).offset(skip))]


def count(connection: sa.Connection) -> int:
    """How many works the database holds."""
    return connection.execute(sa.select(sa.func.count()).select_from(papers)).scalar_one()


def _of_days(query: sa.Select[Any], since: date | None, until: date | None) -> sa.Select[Any]:
    if since is not None:
        query = query.where(papers.c.day >= since)
    if until is not None:
        query = query.where(papers.c.day <= until)
    return query
