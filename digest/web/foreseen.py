"""What a profile would have sent in the last seven days, quickly enough to be seen while it is written.

The papers and their terms are counted once for all readers and kept until the database has others; what a text came to
is kept with them. Counting takes seconds, and what liked papers need longer: where somebody keeps it fresh beside the
site, whoever asks meanwhile is answered by what there was.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import date, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from digest import foresight
from digest.errors import DigestError, ProfileError
from digest.ranking.rank import Ranker
from digest.readers import parse
from digest.store import papers
from digest.store.statistics import of_all as all_statistics

if TYPE_CHECKING:
    from threading import Event

    from digest.foresight import Choice, Difference
    from digest.settings import Settings
    from digest.store import Store

DAYS = 7
"""Days that are looked back on, the newest paper's last."""

REMEMBERED = 200
"""Texts whose choices are kept."""

_MINUTE = 60.0
_LOG = logging.getLogger(__name__)

_Key = tuple[int, int, date | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What a text would have sent, and what that adds to and drops from what another one would have."""

    since: date
    until: date
    choices: tuple[Choice, ...]
    difference: Difference


@dataclass(slots=True)
class _Window:
    """The papers of the last days, counted; `known` is what texts came to."""

    key: _Key
    ranker: Ranker | None
    news: dict[date, list[str]]
    known: OrderedDict[str, list[Choice]] = field(default_factory=OrderedDict)


class Foresight:
    """The last days of one database. Threads may share it."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._window: _Window | None = None
        self._making, self._choosing = Lock(), Lock()
        self._is_kept = False

    @property
    def is_ready(self) -> bool:
        """Whether nobody would have to wait."""
        return self._window is not None or not self._is_kept

    def keep(self, stop: Event) -> None:
        """Have it ready, and look every minute whether there are other papers, until told to stop."""
        self._is_kept = True
        # Requests run beside each other; threads within each would only get in each other's way.
        threadpool_limits(1)
        while True:
            try:
                self.prepare()
            except DigestError as error:
                _LOG.warning("previews are of what was known before: %s", error)
            if stop.wait(_MINUTE):
                return

    def prepare(self) -> None:
        """Count all terms now, so that nobody waits for it; what there was is used until that is done."""
        with self._making:
            key = self._key()
            if self._window is not None and self._window.key == key:
                return
            made = self._made(key)
            # Somebody who likes no papers need not wait for what others need.
            self._window = self._window or made
            if made.ranker is not None:
                made.ranker.prepare(likes=True)
            self._window = made

    def compare(self, old: str, new: str) -> Foreseen:
        """What the new text would have chosen, and how that differs from the old one's; a bad old one chose nothing.

        Raises:
            ProfileError: the new text has faults.
        """
        window = self._current()
        chosen = self._choices(window, new)
        try:
            before = self._choices(window, old) if old != new else chosen
        except ProfileError:
            before = []
        until = window.key[2] or date.min
        return Foreseen(
            since=until - timedelta(days=DAYS - 1) if window.key[2] else until,
            until=until,
            choices=tuple(chosen),
            difference=foresight.difference(before, chosen),
        )

    def _choices(self, window: _Window, text: str) -> list[Choice]:
        with self._choosing:
            if text in window.known:
                window.known.move_to_end(text)
                return window.known[text]
        profile = parse(text)
        if window.ranker is None:
            return []
        with self._store.reading() as connection:
            judged = papers.by_ids(connection, (*profile.liked, *profile.disliked))
        found = foresight.choices(window.ranker.judging(judged), profile, window.news)
        with self._choosing:
            window.known[text] = found
            if len(window.known) > REMEMBERED:
                window.known.popitem(last=False)
        return found

    def _current(self) -> _Window:
        known = self._window
        if known is not None and self._is_kept:
            return known
        key = self._key()
        if known is None or known.key != key:
            with self._making:
                if self._window is None or self._window.key != key:
                    self._window = self._made(key)
                return self._window
        return known

    def _key(self) -> _Key:
        with self._store.reading() as connection:
            return papers.last_seq(connection), papers.last_revision(connection), papers.last_day(connection)

    def _made(self, key: _Key) -> _Window:
        until = key[2]
        if until is None:
            return _Window(key=key, ranker=None, news={})
        since = until - timedelta(days=DAYS - 1)
        with self._store.reading() as connection:
            found = papers.between(connection, since, until)
            background = papers.before(connection, since, self._settings.background_papers)
        ranker = Ranker([paper for _, _, paper in found], background, {}, all_statistics(self._store), until)
        ranker.prepare(likes=False)
        news: dict[date, list[str]] = {}
        for _, day, paper in found:
            news.setdefault(day, []).append(paper.id)
        return _Window(key=key, ranker=ranker, news=news)
