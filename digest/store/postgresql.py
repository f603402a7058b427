"""PostgreSQL: one database for several machines.

Transactions that write alone hold an advisory lock (https://www.postgresql.org/docs/current/explicit-locking.html,
section 13.3.5) that shuts out all others that write, as SQLite's write lock does; those that share hold it together,
and lock the rows that they take. Each of their statements sees what was committed before it (READ COMMITTED): a
snapshot of the whole transaction would have been taken before the lock was there. Transactions that hold rows for long
keep nobody out but of these rows; when their connection ends, by a kill or with the machine, the server lets them go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event

from digest.errors import StoreError
from digest.store.access import Access

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from digest.databases import Server

_LOCK = 0x64696765_7374  # "digest"; advisory locks are a database's own
_CONNECT_SECONDS = 10
_KEEPALIVE_SECONDS, _KEEPALIVES = 10, 3
_OLDEST = 140000
_ENCODING = "UTF8"

OPTIONS: Mapping[Access, Mapping[str, Any]] = {
    Access.READING: {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    Access.WRITING: {"lock": "pg_advisory_xact_lock"},
    Access.SHARING: {"lock": "pg_advisory_xact_lock_shared"},
    Access.HOLDING: {"is_long": True},
}
"""Options of a connection for each kind of transaction."""


_LONG = {
    # A machine that is gone says nothing more: without these, its rows would stay locked for two hours.
    "tcp_keepalives_idle": str(_KEEPALIVE_SECONDS),
    "tcp_keepalives_interval": str(_KEEPALIVE_SECONDS),
    "tcp_keepalives_count": str(_KEEPALIVES),
    "idle_in_transaction_session_timeout": "0",
}
"""Settings of a transaction that holds rows while work is done elsewhere."""


def engine(server: Server, patience: timedelta, **options: Any) -> sa.Engine:  # noqa: ANN401  (SQLAlchemy's)
    """Connections to a server; one that it has closed meanwhile is opened anew for the next transaction.

    Raises:
        StoreError: the driver is missing, nobody answers, or the server refuses, is read-only, is too old or keeps no
            Unicode.
    """
    url = sa.make_url(server.url).set(drivername="postgresql+psycopg")
    defaults = {
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": "paper-digest",
        "client_encoding": "utf8",  # not that of the database, which may be none
    }
    try:
        made = sa.create_engine(
            url,
            pool_pre_ping=True,
            connect_args={key: value for key, value in defaults.items() if key not in url.query},
            **options,
        )
    except ImportError as error:
        raise StoreError(f"PostgreSQL needs psycopg: pip install 'paper-digest[postgres]': {str(server)!r}") from error
    milliseconds = max(round(patience.total_seconds() * 1000), 1)  # none would be for ever

    def begin(connection: sa.Connection) -> None:
        if lock := connection.get_execution_options().get("lock"):
            query = sa.select(
                sa.func.set_config("lock_timeout", f"{milliseconds}ms", sa.true()),
                getattr(sa.func, lock)(sa.cast(_LOCK, sa.BigInteger)),
            )
            connection.execute(query)
        if connection.get_execution_options().get("is_long"):
            connection.execute(
                sa.select(*(sa.func.set_config(name, value, sa.true()) for name, value in _LONG.items()))
            )

    event.listen(made, "begin", begin)
    try:
        _look(made, server)
    except BaseException:
        made.dispose()
        raise
    return made


def cause(error: BaseException | None) -> str | None:
    """What the server said, on one line, where it is a person's to mend; None where it is a bug."""
    from psycopg import OperationalError, errors  # noqa: PLC0415  (of an extra: where there is a server, it is there)

    if isinstance(error, errors.LockNotAvailable):
        return "the database is locked: another program's transaction takes long"
    is_mendable = isinstance(error, OperationalError | errors.InsufficientPrivilege)
    return " ".join(str(error).split()) if is_mendable else None


def _look(engine: sa.Engine, server: Server) -> None:
    try:
        with engine.connect() as connection:
            driver: Any = connection.connection.dbapi_connection
            version = driver.info.server_version
            encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
            is_read_only = connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "on"
    except sa.exc.DBAPIError as error:
        said = " ".join(str(error.orig).split())
        raise StoreError(f"cannot open the database: {str(server)!r}: {said}") from error
    if is_read_only:
        raise StoreError(f"cannot open the database: {str(server)!r}: it is read-only, as a standby is")
    if version < _OLDEST:
        raise StoreError(f"PostgreSQL {_OLDEST // 10000} or newer is needed: {str(server)!r} is {version // 10000}")
    if encoding != _ENCODING:
        raise StoreError(
            f"not a database for any letter: {str(server)!r}: its encoding is {encoding}, {_ENCODING} is needed "
            "(CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0)"
        )
