"""The overview of the installation, counted once a minute however many ask: it reads tables that grow with readers."""

from __future__ import annotations

from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING

from digest.overview import overview

if TYPE_CHECKING:
    from datetime import datetime

    from digest.overview import Overview
    from digest.store import Store

FRESH = timedelta(minutes=1)
"""How old an overview may be that is shown."""


class Glance:
    """The overview of one database. Threads may share it; those that ask while it is counted wait for it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._last: Overview | None = None

    def at(self, now: datetime) -> Overview:
        """The installation as it is, or was a minute ago at most.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._lock:
            if self._last is None or not self._last.at <= now < self._last.at + FRESH:
                self._last = overview(self._store, now=now)
            return self._last
