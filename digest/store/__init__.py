"""The database: the only package that talks to it.

`Store` opens it, brings its schema up to date and hands out transactions; the queries stand in `papers`, `issues`,
`deliveries`, `judgements`, `events`, `summaries` and `checkpoints`, each a function of a connection. `search`,
`word_index` and `statistics` work on all papers, with files that they keep beside the database.
"""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import orjson
import sqlalchemy as sa
from sqlalchemy import event

from digest.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

LATEST = "0016"
"""The newest revision in `migrations/versions`; a test holds it to the folder."""

_OURS = frozenset({"alembic_version", "papers", "paper_ids"})
_REVISION = re.compile(r"\d{4}")
_PATIENCE = timedelta(seconds=30)
_CACHE_MB = 32
_CHECKPOINT_PAGES = 4000
_SWITCHES = 100
_PAUSE_SECONDS = 0.02


class Store:
    """An open database with an up-to-date schema; made where there is none.

    `patience` is how long a transaction waits for another program's lock.

    Raises:
        StoreError: the file is not a digest database, is newer than this program, or cannot be opened or made.
    """

    def __init__(self, path: Path, *, patience: timedelta = _PATIENCE) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot make the database's folder: {str(path.parent)!r}: {error.strerror}") from error
        self._engine = sa.create_engine(
            sa.URL.create("sqlite", database=str(path)),
            hide_parameters=True,  # a bug's traceback must not print an address
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            connect_args={"timeout": patience.total_seconds()},
        )
        event.listen(self._engine, "connect", _prepare_connection)
        event.listen(self._engine, "begin", _begin)
        try:
            self._migrate()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the database throughout.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._named_errors("read"), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that holds the write lock from its start, so what it reads stays true until it commits.

        Raises:
            StoreError: another program holds the lock for longer than `patience`, or the disk is full or read-only.
        """
        with (
            self._named_errors("write to"),
            self._engine.connect().execution_options(writing=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def shredding(self) -> Iterator[sa.Connection]:
        """As `writing`; what is deleted is overwritten in the file (https://sqlite.org/pragma.html#pragma_secure_delete).

        Behind it nothing of that is left in the write-ahead log either, unless somebody reads meanwhile.

        Raises:
            StoreError: as `writing`.
        """
        is_file = self._engine.dialect.name == "sqlite"
        with self.writing() as connection:
            if is_file:
                connection.exec_driver_sql("PRAGMA secure_delete = ON")
            try:
                yield connection
            finally:
                if is_file:
                    connection.exec_driver_sql("PRAGMA secure_delete = OFF")
        if is_file:
            with self._named_errors("write to"), closing(self._engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _named_errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except sa.exc.DatabaseError as error:
            # The others of the family (a broken constraint, a wrong statement) are bugs and stay what they are.
            if type(error) not in (sa.exc.DatabaseError, sa.exc.OperationalError):
                raise
            raise StoreError(f"cannot {doing} the database: {str(self.path)!r}: {error.orig}") from error

    def _migrate(self) -> None:
        with self.reading() as connection:
            tables = set(sa.inspect(connection).get_table_names())
            version = sa.text("SELECT version_num FROM alembic_version")
            found = str(connection.execute(version).scalar()) if tables >= _OURS else None
        if found == LATEST:
            return
        if tables and (found is None or not _REVISION.fullmatch(found)):
            raise StoreError(f"not a digest database: {str(self.path)!r}: it holds other tables")
        if found is not None and found > LATEST:
            raise StoreError(
                f"the database is newer than this program: {str(self.path)!r}: "
                f"schema {found}, this program knows {LATEST}; install a newer paper-digest"
            )
        # Only now: a file that is not ours must stay as it is.
        self._write_ahead()
        self._upgrade()

    def _write_ahead(self) -> None:
        # In this mode readers and a writer do not wait for each other. SQLite refuses to switch while another process
        # is switching the same new database, whatever the timeout, so here is the waiting.
        for attempt in range(1, _SWITCHES + 1):
            try:
                with closing(self._engine.raw_connection()) as connection:
                    connection.cursor().execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if attempt == _SWITCHES:
                    raise StoreError(f"cannot write to the database: {str(self.path)!r}: {error}") from error
                time.sleep(_PAUSE_SECONDS)
            else:
                return

    def _upgrade(self) -> None:
        # Alembic takes 0.3 s to import, which only a new or outdated database should cost.
        from alembic import command  # noqa: PLC0415
        from alembic.config import Config  # noqa: PLC0415

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        with self.writing() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, LATEST)


def _prepare_connection(connection: Any, _record: object) -> None:  # noqa: ANN401  (the driver's own type)
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
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
