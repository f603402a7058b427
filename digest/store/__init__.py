"""The database: the only package that talks to it.

`Store` opens it, brings its schema up to date and hands out transactions; the queries stand in `papers`, `issues`,
`deliveries` and `checkpoints`, each a function of a connection.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import orjson
import sqlalchemy as sa
from sqlalchemy import event

from digest.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

LATEST = "0001"
"""The newest revision in `migrations/versions`; a test holds it to the folder."""

_BUSY_SECONDS = 30


class Store:
    """An open database with an up-to-date schema.

    Raises:
        StoreError: the file is not a digest database, is newer than this program, or cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._engine = sa.create_engine(
            f"sqlite:///{path}",
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            connect_args={"timeout": _BUSY_SECONDS},
        )
        event.listen(self._engine, "connect", _prepare_connection)
        event.listen(self._engine, "begin", _begin)
        try:
            self._migrate()
        except StoreError:
            self.close()
            raise
        except sa.exc.DatabaseError as error:
            self.close()
            raise StoreError(f"cannot open the database: {str(path)!r}: {error.orig}") from error

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the database throughout."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that holds the write lock from its start, so what it reads stays true until it commits.

        Raises:
            StoreError: another program held the lock for longer than 30 s.
        """
        try:
            with self._engine.connect().execution_options(writing=True) as connection, connection.begin():
                yield connection
        except sa.exc.OperationalError as error:
            raise StoreError(f"cannot write to the database: {str(self.path)!r}: {error.orig}") from error

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _migrate(self) -> None:
        with self.reading() as connection:
            names = set(sa.inspect(connection).get_table_names())
            found = (
                connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
                if "alembic_version" in names
                else None
            )
        if found == LATEST:
            return
        if found is None and names:
            raise StoreError(f"not a digest database: {str(self.path)!r}: it holds other tables")
        if found is not None and found > LATEST:
            raise StoreError(
                f"the database is newer than this program: {str(self.path)!r}: "
                f"schema {found}, this program knows {LATEST}; install a newer paper-digest"
            )
        self._upgrade()

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
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
