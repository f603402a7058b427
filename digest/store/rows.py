"""Papers as rows, and statements over more rows than databases take parameters."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from digest.store.dialect import bulk_insert, is_among
from digest.types import AnnounceType, Links, Paper, Signals

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_LISTS = ("authors", "categories", "other_ids")
_PLAIN = (
    "id", "title", "abstract", "version", "published", "updated", "announced", "announce_type", "venue", "comment",
)  # fmt: skip
_LINKS = tuple(each.name for each in fields(Links))
_SIGNALS = tuple(each.name for each in fields(Signals))
_NO_SIGNALS = Signals()

_plain_of, _lists_of = attrgetter(*_PLAIN), attrgetter(*_LISTS)
_links_of, _signals_of = attrgetter(*_LINKS), attrgetter(*_SIGNALS)


def paper_of(row: sa.Row[Any]) -> Paper:
    """The paper that a row of `papers` holds."""
    columns: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN}
    columns |= {name: tuple(getattr(row, name)) for name in _LISTS}
    columns["announce_type"] = AnnounceType(row.announce_type) if row.announce_type else None
    return Paper(**columns, links=Links(**row.links), signals=Signals(**row.signals))


def columns_of(paper: Paper) -> dict[str, Any]:
    """The columns of `papers` that a paper fills by itself."""
    row = dict(zip(_PLAIN, _plain_of(paper), strict=True))
    row |= zip(_LISTS, map(list, _lists_of(paper)), strict=True)
    row["links"] = _known(_LINKS, _links_of(paper.links))
    row["signals"] = {} if paper.signals == _NO_SIGNALS else _known(_SIGNALS, _signals_of(paper.signals))
    return row


def _known(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    return {name: found for name, found in zip(names, values, strict=True) if found is not None}


def lookup(
    connection: sa.Connection, query: sa.Select[Any], column: sa.Column[Any], values: Collection[Any]
) -> Iterator[sa.Row[Any]]:
    """Rows of `query` whose `column` is one of `values`, however many these are."""
    if not values:
        return
    yield from connection.execute(query.where(is_among(connection, column, "among")), {"among": sorted(values)})


def insert(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Add whole rows: every column of the table is in each.

    Their values become what the driver takes by the columns' own types, column by column: SQLAlchemy itself goes row
    by row, which takes longer than a database takes to write them.
    """
    if not rows:
        return
    names = [column.name for column in table.c]
    values = [tuple(map(itemgetter(name), rows)) for name in names]
    dialect = connection.dialect
    for place, column in enumerate(table.c):
        if convert := column.type.dialect_impl(dialect).bind_processor(dialect):
            values[place] = tuple(map(convert, values[place]))
    bulk_insert(connection, table, names, zip(*values, strict=True))


def update(connection: sa.Connection, key: sa.Column[Any], rows: Sequence[dict[str, Any]]) -> None:
    """Write whole rows over those of the same `key`."""
    if not rows:
        return
    columns = [column for column in key.table.c if column is not key]
    values = {column.name: sa.bindparam(f"new_{column.name}", type_=column.type) for column in columns}
    statement = sa.update(key.table).where(key == sa.bindparam(f"new_{key.name}")).values(values)
    connection.execute(statement, [{f"new_{name}": value for name, value in row.items()} for row in rows])
