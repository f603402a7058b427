"""SQLite: one file, one writer, no server."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event

from digest.errors import StoreError
from digest.store.access import Access

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from pathlib import Path

_CACHE_MB = 32
_CHECKPOINT_PAGES = 4000
_SWITCHES = 100
_PAUSE_SECONDS = 0.02

OPTIONS: Mapping[Access, Mapping[str, Any]] = {
    Access.READING: {"begin": "BEGIN"},
    Access.WRITING: {"begin": "BEGIN IMMEDIATE"},
    # There is one write lock, for whatever is written.
    Access.SHARING: {"begin": "BEGIN IMMEDIATE"},
    Access.HOLDING: {"begin": "BEGIN IMMEDIATE"},
}
"""Options of a connection for each kind of transaction."""


def engine(path: Path, patience: timedelta, **options: Any) -> sa.Engine:  # noqa: ANN401  (SQLAlchemy's)
    """Connections to a file, which the first one makes."""
    url = sa.URL.create("sqlite", database=str(path))
    made = sa.create_engine(url, connect_args={"timeout": patience.total_seconds()}, **options)
    event.listen(made, "connect", _prepare)
    event.listen(made, "begin", _begin)
    return made


def write_ahead(engine: sa.Engine, path: Path) -> None:
    """Switch a file to the mode in which readers and a writer do not wait for each other, for good.

    Raises:
        StoreError: the file cannot be written to.
    """
    # SQLite refuses to switch while another process is switching the same new database, whatever the timeout, so here
    # is the waiting.
    for attempt in range(1, _SWITCHES + 1):
        try:
            with closing(engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if attempt == _SWITCHES:
                raise StoreError(f"cannot write to the database: {str(path)!r}: {error}") from error
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401  (the driver's own type)
    # The driver must not open transactions by itself: _begin says which kind.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    # Ids and titles come in no order: of a large corpus a batch touches as many index pages as it has papers. They
    # should fit into memory (the default of 2 MB writes them twice), and be copied from the log once, not each batch.
    cursor.execute(f"PRAGMA cache_size = {-1024 * _CACHE_MB}")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
