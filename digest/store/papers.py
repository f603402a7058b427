"""Papers: adding what a dump brings, and reading back what a ranking needs."""

from __future__ import annotations

from dataclasses import fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from digest.folding import fold, is_same_work
from digest.identity import arxiv_month, title_key
from digest.store.tables import paper_ids, papers
from digest.types import AnnounceType, Links, Paper, Signals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

_CHUNK = 500


class Outcome(StrEnum):
    """What adding a paper did to the database."""

    NEW = "new"
    UPDATED = "updated"
    DUPLICATE = "duplicate"


def add(connection: sa.Connection, batch: Sequence[Paper], as_of: date) -> list[Outcome]:
    """Add papers, folding each into the same work where that is known already; one outcome a paper, in order.

    `as_of` is the day a paper counts as news when its source gives no date at all. Runs in the caller's transaction.
    """
    shelf = _Shelf(connection, batch)
    outcomes = [shelf.put(paper, as_of) for paper in batch]
    shelf.write(connection)
    return outcomes


class _Shelf:
    """The known papers that a batch may touch, changed in memory and written back in three statements."""

    def __init__(self, connection: sa.Connection, batch: Sequence[Paper]) -> None:
        ids = {name for paper in batch for name in (paper.id, *paper.other_ids)}
        keys = {title_key(paper.title) for paper in batch}
        seqs = {row.seq for row in _lookup(connection, sa.select(paper_ids.c.seq), paper_ids.c.id, ids)}
        seqs |= {row.seq for row in _lookup(connection, sa.select(papers.c.seq), papers.c.title_key, keys)}
        self._papers: dict[int, Paper] = {}
        self._days: dict[int, date] = {}
        self._titled: dict[str, list[int]] = {}
        self._named = {row.id: row.seq for row in _lookup(connection, sa.select(paper_ids), paper_ids.c.seq, seqs)}
        self._changed: set[int] = set()
        self._new_names: list[dict[str, Any]] = []
        for row in _lookup(connection, sa.select(papers), papers.c.seq, seqs):
            self._place(row.seq, paper_of(row), row.day)
        # The write lock is held, so nobody else numbers papers meanwhile.
        self._last = connection.execute(sa.select(sa.func.max(papers.c.seq))).scalar() or 0
        self._first_new = self._last + 1

    def put(self, paper: Paper, as_of: date) -> Outcome:
        seq = self._find(paper)
        if seq is None:
            self._last += 1
            day = _news_day(paper) or arxiv_month(paper.id) or as_of
            self._place(self._last, paper, day)
            self._name(self._last, paper)
            return Outcome.NEW
        known = self._papers[seq]
        folded = fold(known, paper)
        if folded == known:
            return Outcome.DUPLICATE
        self._place(seq, folded, _news_day(folded) or self._days[seq])
        self._name(seq, paper)
        self._changed.add(seq)
        return Outcome.UPDATED

    def write(self, connection: sa.Connection) -> None:
        fresh = [self._row(seq) for seq in range(self._first_new, self._last + 1)]
        if fresh:
            connection.execute(papers.insert(), fresh)
        changed = [self._row(seq) for seq in sorted(self._changed) if seq < self._first_new]
        if changed:
            columns = {c.name: sa.bindparam(f"new_{c.name}", type_=c.type) for c in papers.c if c.name != "seq"}
            statement = papers.update().where(papers.c.seq == sa.bindparam("new_seq")).values(columns)
            connection.execute(statement, [{f"new_{name}": value for name, value in row.items()} for row in changed])
        if self._new_names:
            connection.execute(paper_ids.insert(), self._new_names)

    def _find(self, paper: Paper) -> int | None:
        named = (self._named[name] for name in (paper.id, *paper.other_ids) if name in self._named)
        titled = self._titled.get(title_key(paper.title), ())
        return next((seq for seq in (*named, *titled) if is_same_work(self._papers[seq], paper)), None)

    def _place(self, seq: int, paper: Paper, day: date) -> None:
        self._papers[seq] = paper
        self._days[seq] = day
        known = self._titled.setdefault(title_key(paper.title), [])
        if seq not in known:
            known.append(seq)

    def _name(self, seq: int, paper: Paper) -> None:
        # An id belongs to the first work that bore it: two arXiv papers may name one DOI.
        for name in (paper.id, *paper.other_ids):
            if name not in self._named:
                self._named[name] = seq
                self._new_names.append({"id": name, "seq": seq})

    def _row(self, seq: int) -> dict[str, Any]:
        paper = self._papers[seq]
        row = {name: getattr(paper, name) for name in _PLAIN}
        row |= {name: list(getattr(paper, name)) for name in _LISTS}
        row |= {"links": _known(paper.links), "signals": _known(paper.signals)}
        return row | {"seq": seq, "day": self._days[seq], "title_key": title_key(paper.title)}


_LISTS = ("authors", "categories", "other_ids")
_PLAIN = (
    "id", "title", "abstract", "version", "published", "updated", "announced", "announce_type", "venue", "comment",
)  # fmt: skip


def _news_day(paper: Paper) -> date | None:
    return paper.announced or (paper.published.date() if paper.published else None)


def _known(value: Links | Signals) -> dict[str, Any]:
    return {f.name: found for f in fields(value) if (found := getattr(value, f.name)) is not None}


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
    query = sa.select(papers).order_by(papers.c.seq)
    if since is not None:
        query = query.where(papers.c.day >= since)
    if until is not None:
        query = query.where(papers.c.day <= until)
    return [(row.seq, row.day, paper_of(row)) for row in connection.execute(query)]


def before(connection: sa.Connection, day: date, limit: int) -> list[Paper]:
    """Up to `limit` papers that were news before `day`, the newest first."""
    query = sa.select(papers).where(papers.c.day < day).order_by(papers.c.day.desc(), papers.c.seq.desc()).limit(limit)
    return [paper_of(row) for row in connection.execute(query)]


def by_ids(connection: sa.Connection, ids: Iterable[str]) -> dict[str, Paper]:
    """The known papers among these ids, under the id that was asked for."""
    asked = set(ids)
    seqs = {row.id: row.seq for row in _lookup(connection, sa.select(paper_ids), paper_ids.c.id, asked)}
    found = {row.seq: paper_of(row) for row in _lookup(connection, sa.select(papers), papers.c.seq, set(seqs.values()))}
    return {name: found[seq] for name, seq in seqs.items()}


def search(connection: sa.Connection, words: Sequence[str], limit: int | None) -> list[tuple[date, Paper]]:
    """(day, paper) of the newest papers that hold every word in title, abstract, authors or id, newest first."""
    query = sa.select(papers).order_by(papers.c.day.desc(), papers.c.seq).limit(limit)
    for word in words:
        anywhere = (papers.c.title, papers.c.abstract, papers.c.id, sa.cast(papers.c.authors, sa.Text))
        query = query.where(sa.or_(*(column.icontains(word, autoescape=True) for column in anywhere)))
    return [(row.day, paper_of(row)) for row in connection.execute(query)]


def count(connection: sa.Connection) -> int:
    """How many works the database holds."""
    return connection.execute(sa.select(sa.func.count()).select_from(papers)).scalar_one()


def _lookup(
    connection: sa.Connection, query: sa.Select[Any], column: sa.Column[Any], values: set[Any]
) -> Iterator[sa.Row[Any]]:
    """Rows of `query` whose `column` is one of `values`, asked for in chunks that SQLite's limits allow."""
    bounded = query.where(column.in_(sa.bindparam("among", expanding=True)))
    ordered = sorted(values)
    for start in range(0, len(ordered), _CHUNK):
        yield from connection.execute(bounded, {"among": ordered[start : start + _CHUNK]})
