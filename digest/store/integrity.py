"""Whether a database is whole: what it says of itself, and whether every row that is pointed to is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.store import dialect, issue_content
from digest.store.tables import issues, metadata, shown_papers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from digest.store import Store

_BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The schema a database has (None for none), how many rows each table has, and what is wrong, a line each."""

    schema: str | None
    rows: Mapping[str, int]
    faults: tuple[str, ...]


def examine(store: Store) -> Health:
    """Look at all of a database, which takes as long as reading it does.

    Raises:
        StoreError: it cannot be read at all.
    """
    with store.reading() as connection:
        # One of an older schema does not have them all.
        there = set(sa.inspect(connection).get_table_names())
        tables = [table for table in metadata.sorted_tables if table.name in there]
        counts = {table.name: sa.select(sa.func.count()).select_from(table) for table in tables}
        return Health(
            schema=store.found,
            faults=(*dialect.faults(connection), *_orphans(connection, tables), *_unshown(connection, tables)),
            rows={name: connection.execute(query).scalar_one() for name, query in counts.items()},
        )


def _orphans(connection: sa.Connection, tables: list[sa.Table]) -> Iterator[str]:
    for table in tables:
        known = {each["name"] for each in sa.inspect(connection).get_columns(table.name)}
        for key in sorted(table.foreign_keys, key=lambda each: each.parent.name):
            if key.parent.name not in known:
                continue
            parent = key.column.table
            is_there = sa.exists().where(key.column == key.parent)
            lost = sa.select(sa.func.count()).select_from(table).where(key.parent.is_not(None), ~is_there)
            if number := connection.execute(lost).scalar_one():
                yield f"{table.name}.{key.parent.name}: {number} rows point to none in {parent.name}"


def _unshown(connection: sa.Connection, tables: list[sa.Table]) -> Iterator[str]:
    """Issues name papers within their JSON, so no database looks whether these are there."""
    if shown_papers not in tables:
        return
    there = set(connection.execute(sa.select(shown_papers.c.name)).scalars())
    contents = connection.execute(sa.select(issues.c.content), execution_options={"yield_per": _BATCH}).scalars()
    if number := sum(not _is_whole(content, there) for content in contents):
        yield f"issues.content: {number} rows are no issues, or name papers that are not in shown_papers"


def _is_whole(content: str, shown: set[str]) -> bool:
    try:
        return issue_content.names(content) <= shown
    except (AttributeError, KeyError, TypeError, ValueError):  # what is no JSON, or not of this form
        return False
