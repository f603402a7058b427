"""Papers: adding what a dump brings, and reading back what a ranking needs."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from digest.folding import fold, is_same_work
from digest.identity import arxiv_month, title_key
from digest.store.tables import paper_ids, papers, revisions
from digest.types import AnnounceType, Links, Paper, Signals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

_LISTS = ("authors", "categories", "other_ids")
_PLAIN = (
    "id", "title", "abstract", "version", "published", "updated", "announced", "announce_type", "venue", "comment",
)  # fmt: skip
_LINKS = tuple(each.name for each in fields(Links))
_SIGNALS = tuple(each.name for each in fields(Signals))


class Outcome(StrEnum):
    """What adding a paper did to the database."""

    NEW = "new"
    UPDATED = "updated"
    DUPLICATE = "duplicate"


def add(connection: sa.Connection, batch: Sequence[Paper], as_of: date) -> list[Outcome]:
    """Add papers, folding each into the same work where that is known already; one outcome a paper, in order.

    `as_of` is the day a paper counts as news when its source gives no date at all. Runs in the caller's transaction,
    which has to hold the write lock (`Store.writing`). How papers are cut into batches makes no difference.
    """
    keys = [title_key(paper.title) for paper in batch]
    shelf = _Shelf(connection, {name for paper in batch for name in (paper.id, *paper.other_ids)}, set(keys))
    outcomes = [shelf.put(paper, key, as_of) for paper, key in zip(batch, keys, strict=True)]
    shelf.write(connection)
    return outcomes


@dataclass(frozen=True, slots=True)
class _Work:
    """A paper as the database holds it: with its folded title and the day it counts as news."""

    paper: Paper
    title_key: str
    day: date


class _Shelf:
    """The known works that a batch may touch, changed in memory and written back in a few statements."""

    def __init__(self, connection: sa.Connection, names: set[str], title_keys: set[str]) -> None:
        seqs = {row.seq for row in _lookup(connection, sa.select(paper_ids.c.seq), paper_ids.c.id, names)}
        seqs |= {row.seq for row in _lookup(connection, sa.select(papers.c.seq), papers.c.title_key, title_keys)}
        self._works: dict[int, _Work] = {}
        self._titled: dict[str, set[int]] = {}
        self._owners = {row.id: row.seq for row in _lookup(connection, sa.select(paper_ids), paper_ids.c.seq, seqs)}
        self._stored_names = frozenset(self._owners)
        self._claimed: dict[str, int] = {}
        self._changed: set[int] = set()
        for row in _lookup(connection, sa.select(papers), papers.c.seq, seqs):
            self._place(row.seq, _Work(paper_of(row), row.title_key, row.day))
        self._before = dict(self._works)
        # The write lock is held, so nobody else numbers papers meanwhile.
        self._last = last_seq(connection)
        self._first_new = self._last + 1

    def put(self, paper: Paper, key: str, as_of: date) -> Outcome:
        seq = self._find(paper, key)
        if seq is None:
            self._last += 1
            # Ids in the order that folding gives them, so that the same paper again changes nothing.
            ordered = fold(paper, paper) if len(paper.other_ids) > 1 else paper
            self._place(self._last, _Work(ordered, key, paper.news_day or arxiv_month(paper.id) or as_of))
            self._claim(self._last, paper, paper.id)
            return Outcome.NEW
        known = self._works[seq]
        folded = fold(known.paper, paper)
        if folded == known.paper:
            return Outcome.DUPLICATE
        key = key if folded.title == paper.title else known.title_key
        self._place(seq, _Work(folded, key, folded.news_day or known.day))
        self._claim(seq, paper, folded.id)
        self._changed.add(seq)
        return Outcome.UPDATED

    def write(self, connection: sa.Connection) -> None:
        fresh = [self._row(seq) for seq in range(self._first_new, self._last + 1)]
        if fresh:
            connection.execute(papers.insert(), fresh)
        changed = sorted(seq for seq in self._changed if seq < self._first_new)
        _update(connection, papers.c.seq, [self._row(seq) for seq in changed])
        revised = [{"seq": seq} for seq in changed if _searched(self._works[seq]) != _searched(self._before[seq])]
        if revised:
            connection.execute(revisions.insert(), revised)
        names = [{"id": name, "seq": seq} for name, seq in self._claimed.items()]
        new_names = [row for row in names if row["id"] not in self._stored_names]
        if new_names:
            connection.execute(paper_ids.insert(), new_names)
        _update(connection, paper_ids.c.id, [row for row in names if row["id"] in self._stored_names])

    def _find(self, paper: Paper, key: str) -> int | None:
        owners = (self._owners[name] for name in (paper.id, *paper.other_ids) if name in self._owners)
        titled = sorted(self._titled.get(key, ()))
        return next((seq for seq in (*owners, *titled) if is_same_work(self._works[seq].paper, paper)), None)

    def _place(self, seq: int, work: _Work) -> None:
        if (before := self._works.get(seq)) is not None:
            self._titled[before.title_key].discard(seq)
        self._works[seq] = work
        self._titled.setdefault(work.title_key, set()).add(seq)

    def _claim(self, seq: int, paper: Paper, own: str) -> None:
        # An id belongs to the first work that bore it (two arXiv papers may name one DOI), but a work's own id to it.
        for name in (paper.id, *paper.other_ids):
            if name not in self._owners or (name == own and self._owners[name] != seq):
                self._owners[name] = self._claimed[name] = seq

    def _row(self, seq: int) -> dict[str, Any]:
        work = self._works[seq]
        row = {name: getattr(work.paper, name) for name in _PLAIN}
        row |= {name: list(getattr(work.paper, name)) for name in _LISTS}
        row |= {"links": _known(work.paper.links, _LINKS), "signals": _known(work.paper.signals, _SIGNALS)}
        return row | {"seq": seq, "day": work.day, "title_key": work.title_key}


def _searched(work: _Work) -> tuple[object, ...]:
    """What of a work a search goes by; votes come every day and are no revision."""
    return work.paper.title, work.paper.abstract, work.paper.authors, work.day


def _update(connection: sa.Connection, key: sa.Column[Any], rows: Sequence[dict[str, Any]]) -> None:
    """Write whole rows over those of the same `key`."""
    if not rows:
        return
    columns = [column for column in key.table.c if column is not key]
    values = {column.name: sa.bindparam(f"new_{column.name}", type_=column.type) for column in columns}
    statement = sa.update(key.table).where(key == sa.bindparam(f"new_{key.name}")).values(values)
    connection.execute(statement, [{f"new_{name}": value for name, value in row.items()} for row in rows])


def _known(value: Links | Signals, names: Sequence[str]) -> dict[str, Any]:
    return {name: found for name in names if (found := getattr(value, name)) is not None}


def paper_of(row: sa.Row[Any]) -> Paper:
    """The paper that a row of `papers` holds."""
    columns: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN}
    columns |= {name: tuple(getattr(row, name)) for name in _LISTS}
    columns["announce_type"] = AnnounceType(row.announce_type) if row.announce_type else None
    return Paper(**columns, links=Links(**row.links), signals=Signals(**row.signals))


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


def seq_of(connection: sa.Connection, paper_id: str) -> int | None:
    """The number of the paper that bears this id, which it keeps for good; None if none does."""
    return connection.execute(sa.select(paper_ids.c.seq).where(paper_ids.c.id == paper_id)).scalar()


def by_ids(connection: sa.Connection, ids: Iterable[str]) -> dict[str, Paper]:
    """The known papers among these ids, under the id that was asked for."""
    asked = set(ids)
    seqs = {row.id: row.seq for row in _lookup(connection, sa.select(paper_ids), paper_ids.c.id, asked)}
    found = {row.seq: paper_of(row) for row in _lookup(connection, sa.select(papers), papers.c.seq, set(seqs.values()))}
    return {name: found[seq] for name, seq in seqs.items()}


def by_seqs(connection: sa.Connection, seqs: Iterable[int]) -> list[tuple[int, date, Paper]]:
    """(seq, day, paper) of the papers of these numbers, in order of arrival."""
    rows = _lookup(connection, sa.select(papers).order_by(papers.c.seq), papers.c.seq, set(seqs))
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


def count(connection: sa.Connection) -> int:
    """How many works the database holds."""
    return connection.execute(sa.select(sa.func.count()).select_from(papers)).scalar_one()


def _of_days(query: sa.Select[Any], since: date | None, until: date | None) -> sa.Select[Any]:
    if since is not None:
        query = query.where(papers.c.day >= since)
    if until is not None:
        query = query.where(papers.c.day <= until)
    return query


def _lookup(
    connection: sa.Connection, query: sa.Select[Any], column: sa.Column[Any], values: Iterable[Any]
) -> Iterator[sa.Row[Any]]:
    """Rows of `query` whose `column` is one of `values`, which go as one JSON array: SQLite limits variables."""
    among = sa.func.json_each(sa.bindparam("among", type_=sa.JSON)).table_valued("value")
    yield from connection.execute(query.where(column.in_(sa.select(among.c.value))), {"among": sorted(values)})
