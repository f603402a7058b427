"""Sources that could not be read when they were asked last, so that issues say what is not in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.store.tables import failures

if TYPE_CHECKING:
    from datetime import date


def note(connection: sa.Connection, source: str, asked: date, why: str | None) -> None:
    """Note why a source could not be read on a day; None if it was read."""
    connection.execute(failures.delete().where(failures.c.source == source))
    if why is not None:
        connection.execute(failures.insert().values(source=source, asked=asked, why=why))


def on(connection: sa.Connection, day: date) -> dict[str, str]:
    """The sources that could not be read on a day, and why, in the order of their names."""
    query = sa.select(failures.c.source, failures.c.why).where(failures.c.asked == day)
    return {row.source: row.why for row in connection.execute(query.order_by(failures.c.source))}
