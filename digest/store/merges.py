"""Works that turned out to be one: their rows become one row, and what points to the other one follows.

Papers are numbered for good and readers' ledgers, judgements and events go by the number; so the number that came first
stays, and a reader who had either of two works has had the one that they are. What is made from papers beside the
database reads here which numbers are no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.store.tables import (
    carryover,
    events,
    issue_papers,
    judgements,
    merges,
    paper_ids,
    papers,
    revisions,
    summaries,
)
from digest.types import EventKind, Paper

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """The number that is no more, the one that stays, and the text last known under the former, without id."""

    gone: int
    kept: int
    text: Paper


def move(connection: sa.Connection, kept_by_gone: Mapping[int, int]) -> None:
    """Let everything point to the work that stays, and delete the rows of papers that are part of it.

    Where both have been recommended, judged or published, one row is left; of judgements the later one.
    """
    if not kept_by_gone:
        return
    pairs = [{"gone_seq": gone, "kept_seq": kept} for gone, kept in kept_by_gone.items()]
    gone, kept = sa.bindparam("gone_seq", type_=sa.Integer), sa.bindparam("kept_seq", type_=sa.Integer)
    later = judgements.alias("later")
    overruled = sa.exists().where(
        later.c.profile == judgements.c.profile, later.c.seq == gone, later.c.day > judgements.c.day
    )
    connection.execute(judgements.delete().where(judgements.c.seq == kept, overruled), pairs)
    for table in (paper_ids, revisions, events, issue_papers, carryover, judgements):
        free = [~is_taken for is_taken in _taken(table, kept)]
        connection.execute(table.update().where(table.c.seq == gone, *free).values(seq=kept), pairs)
    for table in (events, issue_papers, carryover, judgements, summaries):
        connection.execute(table.delete().where(table.c.seq == gone), pairs)
    # What a reader has had waits no more.
    had = sa.exists().where(issue_papers.c.profile == carryover.c.profile, issue_papers.c.seq == carryover.c.seq)
    connection.execute(carryover.delete().where(carryover.c.seq == kept, had), pairs)
    connection.execute(merges.update().where(merges.c.kept == gone).values(kept=kept), pairs)
    connection.execute(papers.delete().where(papers.c.seq == gone), pairs)


def _taken(table: sa.Table, kept: sa.BindParameter[int]) -> Iterator[sa.ColumnElement[bool]]:
    """Whether the work that stays has a row already that one of the other's would repeat."""
    there = table.alias("there")
    if table is events:
        same = sa.and_(there.c.kind == events.c.kind, there.c.detail == events.c.detail)
        published = sa.and_(there.c.kind == EventKind.PUBLISHED, events.c.kind == EventKind.PUBLISHED)
        yield sa.exists().where(there.c.seq == kept, sa.or_(same, published))
    elif "profile" in table.c:
        yield sa.exists().where(there.c.seq == kept, there.c.profile == table.c.profile)


def add(connection: sa.Connection, merged: Sequence[tuple[int, int, Paper | None]]) -> None:
    """Note (gone, kept, paper): the paper as it was under the number that is no more, None if it never had a row."""
    rows = [
        {"gone": gone, "kept": kept, "title": paper and paper.title, "abstract": paper and paper.abstract}
        for gone, kept, paper in merged
    ]
    if rows:
        connection.execute(merges.insert(), rows)


def after(connection: sa.Connection, number: int) -> dict[int, Merge]:
    """The merges behind the one of that number: number -> merge, in order."""
    query = sa.select(merges).where(merges.c.number > number).order_by(merges.c.number)
    return {
        row.number: Merge(
            gone=row.gone, kept=row.kept, text=Paper(id="", title=row.title or "", abstract=row.abstract or "")
        )
        for row in connection.execute(query)
    }


def last(connection: sa.Connection) -> int:
    """The number of the last merge; 0 where no works were ever merged."""
    return connection.execute(sa.select(sa.func.max(merges.c.number))).scalar() or 0


def current(connection: sa.Connection, seq: int) -> int:
    """The number that a work has by now, which once had the number `seq`."""
    return connection.execute(sa.select(merges.c.kept).where(merges.c.gone == seq)).scalar() or seq


def last_number(connection: sa.Connection) -> int:
    """The highest number that any work ever had, so that none is given twice; 0 in an empty database."""
    highest = (connection.execute(sa.select(sa.func.max(column))).scalar() for column in (papers.c.seq, merges.c.gone))
    return max(number or 0 for number in highest)
