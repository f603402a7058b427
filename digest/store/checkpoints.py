"""Where an ingest of a long dump stands, so that a killed one goes on instead of starting again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.store.tables import checkpoints

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The byte and line where the next record begins, and the report (JSON) up to there."""

    offset: int
    line: int
    report: str


def find(connection: sa.Connection, fingerprint: str) -> Checkpoint | None:
    """Where the ingest of this very dump stopped; None if it was never begun, or was finished."""
    row = connection.execute(sa.select(checkpoints).where(checkpoints.c.fingerprint == fingerprint)).first()
    return None if row is None else Checkpoint(offset=row.offset, line=row.line, report=row.report)


def save(connection: sa.Connection, fingerprint: str, checkpoint: Checkpoint) -> None:
    """Remember the place, in the transaction that adds the papers before it."""
    clear(connection, fingerprint)
    row: Mapping[str, object] = {
        "fingerprint": fingerprint,
        "offset": checkpoint.offset,
        "line": checkpoint.line,
        "report": checkpoint.report,
    }
    connection.execute(checkpoints.insert().values(row))


def clear(connection: sa.Connection, fingerprint: str) -> None:
    """Forget the place: the dump was read to its end."""
    connection.execute(checkpoints.delete().where(checkpoints.c.fingerprint == fingerprint))
