"""The few statements that SQLite and PostgreSQL spell differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


WHOLE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
"""A number that does not fit into 32 bits; SQLite has one kind of whole numbers, of 64."""


def is_postgresql(connection: sa.Connection) -> bool:
    """Whether it is PostgreSQL that is talked to."""
    return connection.dialect.name == "postgresql"


def insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what is to happen where the row is there already (`on_conflict_do_…`)."""
    return postgresql.insert(table) if is_postgresql(connection) else sqlite.insert(table)


def is_among(connection: sa.Connection, column: sa.Column[Any], name: str) -> sa.ColumnElement[bool]:
    """Whether `column` is one of the values of the list that is given as the parameter `name`.

    They go as one array: both limit the number of parameters.
    """
    if is_postgresql(connection):
        kind = sa.BigInteger() if isinstance(column.type, sa.Integer) else column.type
        return column == sa.any_(sa.bindparam(name, type_=postgresql.ARRAY(kind)))
    values = sa.func.json_each(sa.bindparam(name, type_=sa.JSON)).table_valued("value")
    return column.in_(sa.select(values.c.value))


def json_text(connection: sa.Connection, column: sa.Column[str], path: Sequence[str | int]) -> sa.ColumnElement[str]:
    """The text at a place of the JSON that a text column holds; NULL where there is none."""
    if is_postgresql(connection):
        return sa.func.json_extract_path_text(sa.cast(column, sa.JSON), *map(str, path))
    place = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)
    return sa.func.json_extract(column, f"${place}")


def json_lengths(
    connection: sa.Connection, column: sa.Column[str], outer: str, inner: str
) -> sa.ScalarSelect[int | None]:
    """How many there are in the lists `inner` of all objects in the list `outer` of the JSON in a text column."""
    if is_postgresql(connection):
        objects = sa.func.json_array_elements(sa.func.json_extract_path(sa.cast(column, sa.JSON), outer))
        each = objects.column_valued("each")
        length = sa.func.json_array_length(sa.func.json_extract_path(each, inner))
        return sa.select(sa.func.sum(length)).scalar_subquery()
    values = sa.func.json_each(column, f"$.{outer}").table_valued("value")
    return sa.select(sa.func.sum(sa.func.json_array_length(values.c.value, f"$.{inner}"))).scalar_subquery()


def bulk_insert(
    connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Add many rows of values that the driver takes as they are, by the quickest way that there is."""
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(map(quote, names))
    # Names of our own schema.
    if not is_postgresql(connection):
        marks = ", ".join("?" * len(names))
        statement = f"INSERT INTO {quote(table.name)} ({columns}) VALUES ({marks})"  # noqa: S608
        connection.exec_driver_sql(statement, list(rows))
        return
    cursor: Any = connection.connection.cursor()
    with cursor, cursor.copy(f"COPY {quote(table.name)} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def last_number(connection: sa.Connection, table: sa.Table) -> int:
    """The highest number that a table of numbered rows ever gave, deleted rows included; 0 for none."""
    column = table.autoincrement_column
    if column is None:
        return 0
    if is_postgresql(connection):
        name = sa.func.pg_get_serial_sequence(table.name, column.name)
        given = sa.select(sa.func.pg_sequence_last_value(sa.cast(name, postgresql.REGCLASS)))
    else:
        sequence = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
        given = sa.select(sequence.c.seq).where(sequence.c.name == table.name)
    # A number that is given with the row moves no sequence of PostgreSQL's.
    highest = sa.select(sa.func.max(column))
    return max(connection.execute(query).scalar() or 0 for query in (given, highest))


def set_last_number(connection: sa.Connection, table: sa.Table, number: int) -> None:
    """Let the next row that a table numbers have a higher number than this."""
    column = table.autoincrement_column
    if column is None or not number:
        return
    if is_postgresql(connection):
        name = sa.func.pg_get_serial_sequence(table.name, column.name)
        connection.execute(sa.select(sa.func.setval(sa.cast(name, postgresql.REGCLASS), number)))
        return
    sequence = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
    connection.execute(sequence.delete().where(sequence.c.name == table.name))
    connection.execute(sequence.insert().values(name=table.name, seq=number))


def faults(connection: sa.Connection) -> list[str]:
    """What a database says is wrong with itself; of PostgreSQL only what its server does not hold it to."""
    if is_postgresql(connection):
        found = connection.execute(_INVALID).scalars()
        return [f"the index {name} is not whole: REINDEX INDEX {name}" for name in found]
    found = connection.exec_driver_sql("PRAGMA integrity_check").scalars()
    return [line for line in found if line != "ok"]


_INVALID = sa.text(
    "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
    "WHERE NOT indisvalid AND relnamespace = current_schema()::regnamespace ORDER BY 1"
)
