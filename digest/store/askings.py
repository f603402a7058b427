"""How often something was asked of us, so that nobody has us write to strangers again and again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.store.dialect import insert
from digest.store.tables import askings

if TYPE_CHECKING:
    from datetime import datetime

DAY = timedelta(days=1)


def count(connection: sa.Connection, who: str, now: datetime) -> int:
    """Note that somebody, by a fingerprint, asks now; how often it was in the last 24 hours, this time included."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    row = insert(connection, askings).values(who=who, hour=hour, count=1)
    again = row.on_conflict_do_update(index_elements=["who", "hour"], set_={"count": askings.c.count + 1})
    connection.execute(again)
    lately = sa.and_(askings.c.who == who, askings.c.hour > now - DAY)
    return int(connection.execute(sa.select(sa.func.sum(askings.c.count)).where(lately)).scalar_one())


def prune(connection: sa.Connection, now: datetime) -> int:
    """Delete what is older than counts; how many rows that was."""
    return connection.execute(askings.delete().where(askings.c.hour <= now - DAY)).rowcount
