"""The runs that were."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from digest.run_history import Run
from digest.store.tables import runs

if TYPE_CHECKING:
    from datetime import date, datetime

_COUNTS = ("issues", "considered", "passed", "papers", "delivered", "failed")


def add(connection: sa.Connection, run: Run) -> int:
    """Keep a run; its number."""
    row = {
        "kind": run.kind,
        "day": run.day,
        "started": run.started,
        "seconds": run.took.total_seconds(),
        "detail": {"skips": run.skips, "mails": run.mails, "faults": run.faults},
        **{name: getattr(run, name) for name in _COUNTS},
    }
    number = connection.execute(runs.insert().values(row)).inserted_primary_key
    return int(number[0]) if number else 0


def newest(connection: sa.Connection, limit: int, *, idle: bool = True) -> list[tuple[int, Run]]:
    """The last runs with their numbers, the latest first; without `idle` only those that had something to do."""
    query = sa.select(runs).order_by(runs.c.number.desc()).limit(limit)
    if not idle:
        query = query.where(sa.or_(runs.c.issues > 0, runs.c.delivered > 0, runs.c.failed > 0))
    return [(row.number, _run(row)) for row in connection.execute(query)]


def by_number(connection: sa.Connection, number: int) -> Run | None:
    """The run of a number."""
    row = connection.execute(sa.select(runs).where(runs.c.number == number)).first()
    return None if row is None else _run(row)


def with_issues(connection: sa.Connection, before: int, limit: int) -> list[Run]:
    """The last runs before a number that composed issues, the latest last."""
    query = sa.select(runs).where(runs.c.number < before, runs.c.issues > 0).order_by(runs.c.number.desc())
    return [_run(row) for row in connection.execute(query.limit(limit))][::-1]


def between(connection: sa.Connection, since: datetime, until: datetime) -> list[Run]:
    """The runs that began from an instant to another, the second left out, in order."""
    query = sa.select(runs).where(runs.c.started >= since, runs.c.started < until).order_by(runs.c.number)
    return [_run(row) for row in connection.execute(query)]


def is_known(connection: sa.Connection, kind: str, day: date) -> bool:
    """Whether there was a run of a kind for a day."""
    query = sa.select(runs.c.number).where(runs.c.kind == kind, runs.c.day == day)
    return connection.execute(query.limit(1)).first() is not None


def prune(connection: sa.Connection, before: datetime) -> int:
    """Delete runs that began before an instant; how many that was."""
    return connection.execute(runs.delete().where(runs.c.started < before)).rowcount


def _run(row: sa.Row[Any]) -> Run:
    counts = {name: getattr(row, name) for name in _COUNTS}
    took = timedelta(seconds=row.seconds)
    return Run(kind=row.kind, day=row.day, started=row.started, took=took, **counts, **row.detail)
