"""Which alarms the operator was sent, so that none is sent with every run for as long as it lasts."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.store.tables import told_alarms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

AGAIN = timedelta(days=1)
"""After that an alarm that still holds is told once more."""


def untold(connection: sa.Connection, alarms: Sequence[str], now: datetime) -> tuple[str, ...]:
    """Those that were not told lately, each once."""
    lately = sa.select(told_alarms.c.fingerprint).where(told_alarms.c.told > now - AGAIN)
    known = set(connection.execute(lately).scalars())
    return tuple(each for each in dict.fromkeys(alarms) if _fingerprint(each) not in known)


def note(connection: sa.Connection, alarms: Iterable[str], now: datetime) -> None:
    """Note that these were told; what is older than counts is forgotten."""
    named = {_fingerprint(each) for each in alarms}
    old = sa.or_(told_alarms.c.told <= now - AGAIN, told_alarms.c.fingerprint.in_(named))
    connection.execute(told_alarms.delete().where(old))
    if named:
        connection.execute(told_alarms.insert(), [{"fingerprint": each, "told": now} for each in sorted(named)])


def _fingerprint(alarm: str) -> str:
    return hashlib.sha256(alarm.encode()).hexdigest()[:32]
