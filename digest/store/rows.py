"""Papers as rows, and statements over more rows than SQLite takes variables."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from digest.types import AnnounceType, Links, Paper, Signals

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_LISTS = ("authors", "categories", "other_ids")
_PLAIN = (
    "id", "title", "abstract", "version", "published", "updated", "announced", "announce_type", "venue", "comment",
)  # fmt: skip
_LINKS = tuple(each.name for each in fields(Links))
_SIGNALS = tuple(each.name for each in fields(Signals))


def paper_of(row: sa.Row[Any]) -> Paper:
    """The paper that a row of `papers` holds."""
    columns: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN}
    columns |= {name: tuple(getattr(row, name)) for name in _LISTS}
    columns["announce_type"] = AnnounceType(row.announce_type) if row.announce_type else None
    return Paper(**columns, links=Links(**row.links), signals=Signals(**row.signals))


def columns_of(paper: Paper) -> dict[str, Any]:
    """The columns of `papers` that a paper fills by itself."""
    row = {name: getattr(paper, name) for name in _PLAIN}
    row |= {name: list(getattr(paper, name)) for name in _LISTS}
    return row | {"links": _known(paper.links, _LINKS), "signals": _known(paper.signals, _SIGNALS)}


def _known(value: Links | Signals, names: Sequence[str]) -> dict[str, Any]:
    return {name: found for name in names if (found := getattr(value, name)) is not None}


def lookup(
    connection: sa.Connection, query: sa.Select[Any], column: sa.Column[Any], values: Collection[Any]
) -> Iterator[sa.Row[Any]]:
    """Rows of `query` whose `column` is one of `values`, which go as one JSON array: SQLite limits variables."""
    if not values:
        return
    among = sa.func.json_each(sa.bindparam("among", type_=sa.JSON)).table_valued("value")
    yield from connection.execute(query.where(column.in_(sa.select(among.c.value))), {"among": sorted(values)})


def update(connection: sa.Connection, key: sa.Column[Any], rows: Sequence[dict[str, Any]]) -> None:
    """Write whole rows over those of the same `key`."""
    if not rows:
        return
    columns = [column for column in key.table.c if column is not key]
    values = {column.name: sa.bindparam(f"new_{column.name}", type_=column.type) for column in columns}
    statement = sa.update(key.table).where(key == sa.bindparam(f"new_{key.name}")).values(values)
    connection.execute(statement, [{f"new_{name}": value for name, value in row.items()} for row in rows])
