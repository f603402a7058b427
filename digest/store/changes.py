"""What papers were before they changed, so that a past issue can be composed of what they were then.

Of a change only the columns are kept that became others, mostly votes. Numbers are in the order of commits, as papers
change under the write lock; an issue remembers the last one.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from digest.store.tables import UTCDateTime, issues, paper_changes, papers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MERGED = "merged"
"""What stands for the columns of a work that became part of another one, with that one's number."""

_INSTANTS = frozenset(column.name for column in papers.c if isinstance(column.type, UTCDateTime))
_DAYS = frozenset(column.name for column in papers.c if isinstance(column.type, sa.Date))


def between(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a paper's row that became others, as they were."""
    return {name: _plain(value) for name, value in before.items() if after[name] != value}


def add(connection: sa.Connection, changes: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
    """Keep changes: numbers of papers, and what was there before."""
    rows = [{"seq": seq, "before": dict(before)} for seq, before in changes if before]
    if rows:
        connection.execute(paper_changes.insert(), rows)


def last(connection: sa.Connection) -> int:
    """The number of the last change; 0 where nothing ever changed."""
    return connection.execute(sa.select(sa.func.max(paper_changes.c.number))).scalar() or 0


def is_known(connection: sa.Connection, number: int) -> bool:
    """Whether all changes behind the one of that number are still kept."""
    first = connection.execute(sa.select(sa.func.min(paper_changes.c.number))).scalar()
    return first is None or bool(first <= number + 1)


def undone(connection: sa.Connection, number: int) -> dict[int, dict[str, Any]]:
    """What papers were before all changes behind the one of that number: their columns then, by the papers' numbers."""
    found: dict[int, dict[str, Any]] = {}
    query = sa.select(paper_changes).where(paper_changes.c.number > number).order_by(paper_changes.c.number)
    for row in connection.execute(query):
        then = found.setdefault(row.seq, {})
        for name, value in row.before.items():
            then.setdefault(name, _value(name, value))
    return found


def prune(connection: sa.Connection, before: date) -> int:
    """Forget the changes that only issues of days before one would need; how many that was. The last one stays."""
    needed = sa.select(sa.func.min(issues.c.covered_change)).where(issues.c.day >= before)
    end, newest = connection.execute(needed).scalar(), last(connection)
    end = newest - 1 if end is None else min(end, newest - 1)
    return connection.execute(paper_changes.delete().where(paper_changes.c.number <= end)).rowcount


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _value(name: str, plain: Any) -> object:  # noqa: ANN401  (whatever JSON can hold)
    if plain is not None and name in _INSTANTS:
        return datetime.fromisoformat(plain)
    return date.fromisoformat(plain) if plain is not None and name in _DAYS else plain
