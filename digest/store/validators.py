"""What was taken in last time from each place, so that the same is neither asked for nor read again.

This stands in the database and not in a file beside it, because it says that the papers are there: a database that is
lost, or put back to an earlier day, must ask for everything again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.store.dialect import insert
from digest.store.tables import validators

if TYPE_CHECKING:
    from datetime import datetime

KEPT = timedelta(days=120)
"""What was not seen for so long is forgotten."""


def find(connection: sa.Connection, place: str) -> tuple[str | None, str | None]:
    """The entity tag and the time of the last change of a place (both as its server spells them); None for none."""
    row = connection.execute(sa.select(validators).where(validators.c.place == place)).first()
    return (None, None) if row is None else (row.etag, row.last_modified)


def save(
    connection: sa.Connection, place: str, etag: str | None, last_modified: str | None = None, *, now: datetime
) -> None:
    """Remember that what a place holds was taken in; of a file on this machine the tag is its fingerprint."""
    said = {"etag": etag, "last_modified": last_modified, "seen": now}
    row = insert(connection, validators).values(place=place, **said)
    connection.execute(row.on_conflict_do_update(index_elements=["place"], set_=said))


def forget(connection: sa.Connection, place: str) -> None:
    """Ask for the whole next time."""
    connection.execute(validators.delete().where(validators.c.place == place))


def clear_old(connection: sa.Connection, *, now: datetime) -> None:
    """Forget what was not seen for long: it is asked for no more."""
    connection.execute(validators.delete().where(validators.c.seen < now - KEPT))
