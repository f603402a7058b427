"""The database: the only package that talks to it.

`Store` opens it, brings its schema up to date and hands out transactions; the queries stand in `papers`, `issues`,
`deliveries`, `judgements`, `events`, `summaries` and `checkpoints`, each a function of a connection. `search`,
`word_index` and `statistics` work on all papers, with files that they keep beside the database. What SQLite and
PostgreSQL do otherwise stands in `sqlite`, `postgresql` and `dialect`.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Self

import orjson
import sqlalchemy as sa

from digest.databases import Server
from digest.errors import StoreError
from digest.store import postgresql, schema, sqlite
from digest.store.access import Access
from digest.store.schema import LATEST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Any

    from digest.databases import Place

__all__ = ["LATEST", "Store"]

_PATIENCE = timedelta(seconds=30)


class Store:
    """An open database with an up-to-date schema, in a file or on a server; a file is made where there is none.

    `patience` is how long a transaction waits for another program's lock. Without `upgrade` the database is left as it
    is, and may be of an older schema. `place` is where it is, `folder` where what is made from it is kept on this
    machine, and `found` the schema that it had when it was opened, None for a new one.

    Raises:
        StoreError: the database is not ours, is newer than this program, or cannot be opened or made.
    """

    def __init__(self, place: Place, *, patience: timedelta = _PATIENCE, upgrade: bool = True) -> None:
        self.place = place
        self.folder = place.folder if isinstance(place, Server) else place.parent
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot make the database's folder: {str(self.folder)!r}: {error.strerror}") from error
        options: dict[str, Any] = {
            "hide_parameters": True,  # a bug's traceback must not print an address
            "json_serializer": lambda value: orjson.dumps(value).decode(),
            "json_deserializer": orjson.loads,
        }
        if isinstance(place, Server):
            self._options = postgresql.OPTIONS
            self._engine = postgresql.engine(place, patience, **options)
        else:
            self._options = sqlite.OPTIONS
            self._engine = sqlite.engine(place, patience, **options)
        try:
            with self.reading() as connection:
                self.found = schema.version(connection, place)
            if upgrade and self.found != LATEST:
                self._upgrade()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the database throughout.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._transaction(Access.READING) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that holds the write lock from its start, so what it reads stays true until it commits.

        Raises:
            StoreError: another program holds the lock for longer than `patience`, or the disk is full or read-only.
        """
        with self._transaction(Access.WRITING) as connection:
            yield connection

    @contextmanager
    def sharing(self) -> Iterator[sa.Connection]:
        """A transaction that writes beside others of its kind, where the database can: what it relies on, it locks.

        Those that hold the write lock wait for it, and it for them. In SQLite it is `writing`.

        Raises:
            StoreError: as for `writing`.
        """
        with self._transaction(Access.SHARING) as connection:
            yield connection

    @contextmanager
    def holding(self) -> Iterator[sa.Connection]:
        """A transaction that keeps rows which it locks (`FOR UPDATE`) while others, of this process too, write.

        It may last for minutes, and when its process or machine dies the rows are free. On a server only: in SQLite it
        is `writing`, and shuts out everybody.

        Raises:
            StoreError: the database cannot be written to.
        """
        with self._transaction(Access.HOLDING) as connection:
            yield connection

    @contextmanager
    def shredding(self) -> Iterator[sa.Connection]:
        """As `writing`; what is deleted is overwritten in a file (https://sqlite.org/pragma.html#pragma_secure_delete).

        Behind it nothing of that is left in the write-ahead log either, unless somebody reads meanwhile.

        Raises:
            StoreError: as `writing`.
        """
        is_file = not isinstance(self.place, Server)
        with self.writing() as connection:
            if is_file:
                connection.exec_driver_sql("PRAGMA secure_delete = ON")
            try:
                yield connection
            finally:
                if is_file:
                    connection.exec_driver_sql("PRAGMA secure_delete = OFF")
        if is_file:
            with self._named_errors(Access.WRITING), closing(self._engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def optimise(self) -> None:
        """Have a file looked at anew for how its tables are filled, where they changed much (`PRAGMA optimize`).

        A server does that by itself.
        """
        if isinstance(self.place, Server):
            return
        with self._named_errors(Access.READING), closing(self._engine.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA optimize")

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
    def _transaction(self, access: Access) -> Iterator[sa.Connection]:
        with (
            self._named_errors(access),
            self._engine.connect().execution_options(**self._options[access]) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _named_errors(self, access: Access) -> Iterator[None]:
        try:
            yield
        # What is handed to a driver past SQLAlchemy (COPY) fails with the driver's own.
        except (sa.exc.DBAPIError, self._engine.dialect.loaded_dbapi.Error) as error:
            why = self._cause(error)
            if why is None:
                raise
            raise StoreError(f"cannot {access.doing} the database: {str(self.place)!r}: {why}") from error

    def _cause(self, error: Exception) -> str | None:
        """Why the database cannot be used; None where the error is a bug: a broken constraint, a wrong statement."""
        original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        if isinstance(self.place, Server):
            return postgresql.cause(original)
        return str(original) if type(error) in (sa.exc.DatabaseError, sa.exc.OperationalError) else None

    def _upgrade(self) -> None:
        # Only now: a file that is not ours must stay as it is.
        if not isinstance(self.place, Server):
            sqlite.write_ahead(self._engine, self.place)
        with self.writing() as connection:
            schema.upgrade(connection)
