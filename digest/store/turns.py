"""When each domain may be asked again, kept from run to run and shared by all that run at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.store.dialect import insert
from digest.store.tables import turns
from digest.turns import LONGEST_REST, MOMENT

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from digest.store import Store


class StoredTurns:
    """The `digest.turns.Turns` of a database; `now` gives aware instants."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def take(self, domain: str, gap: float) -> float:
        """The seconds to wait before a domain may be asked; with 0 it may be now, and again after `gap` seconds.

        Raises:
            StoreError: the database cannot be written to.
        """
        # Looked up and taken in one transaction: of two who ask at once one has to wait.
        with self._store.writing() as connection:
            now = self._now()
            wait = _wait(connection, domain, now)
            if wait > MOMENT:
                return wait
            _save(connection, domain, now + timedelta(seconds=gap))
            return 0.0

    def leave_alone(self, domain: str, seconds: float) -> None:
        """Let nobody ask a domain for so long, or for longer where that is noted already.

        Raises:
            StoreError: the database cannot be written to.
        """
        with self._store.writing() as connection:
            now = self._now()
            if _wait(connection, domain, now) < seconds:
                _save(connection, domain, now + timedelta(seconds=seconds))


def clear_old(connection: sa.Connection, *, now: datetime) -> None:
    """Forget the domains that may be asked anyway."""
    connection.execute(turns.delete().where(turns.c.free_at < now))


def _wait(connection: sa.Connection, domain: str, now: datetime) -> float:
    """The seconds until a domain may be asked, negative where that is long so."""
    free_at: datetime | None = connection.execute(sa.select(turns.c.free_at).where(turns.c.domain == domain)).scalar()
    wait = (free_at - now).total_seconds() if free_at else 0.0
    # More was never noted: the clock was set back since.
    return wait if wait <= LONGEST_REST else 0.0


def _save(connection: sa.Connection, domain: str, free_at: datetime) -> None:
    row = insert(connection, turns).values(domain=domain, free_at=free_at)
    connection.execute(row.on_conflict_do_update(index_elements=["domain"], set_={"free_at": free_at}))
