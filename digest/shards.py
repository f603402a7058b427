"""The readers of a run shared out among machines: cut into shards, of which each machine takes one after the other.

A shard is names of subscriptions in a row of the database. Whoever composes for it holds the row; who dies lets go of
it, and somebody else does it again, which gives what is missing and nothing twice (`digest.dispatching`). The machine
that cut the shards works on them as the others do, so a run is over however many of these come, or none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

from digest import dispatching
from digest.adoption import wake
from digest.run_report import RunReport
from digest.store import papers, shards, subscriptions
from digest.store.shards import TRIES, Cut
from digest.summaries import summariser

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime

    from digest.clock import Clock
    from digest.corpus import Corpus
    from digest.settings import Settings
    from digest.store import Store

WAIT = timedelta(minutes=15)
"""How long a machine that has nothing left to do waits for another one that holds a shard."""

_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What carries shards: `work` composes the shard of a number here, `call` asks so many other machines for help."""

    work: Callable[[int], object]
    call: Callable[[int], object]
    clock: Clock


def compose_due(
    store: Store, settings: Settings, *, now: datetime, environment: Mapping[str, str], engine: Engine
) -> RunReport:
    """As `dispatching.compose_due`, by several machines where the settings name some and many are due."""
    if settings.machines == 1:
        return dispatching.compose_due(store, settings, now=now, environment=environment)
    with store.reading() as connection:
        due, seq = subscriptions.count_due(connection, now), papers.last_seq(connection)
    if not pays(settings, due):
        with store.writing() as connection:
            # Others may have come to the end of a run whose own machine died.
            left = shards.clear(connection, engine.clock.now() - WAIT)
        report = dispatching.compose_due(store, settings, now=now, environment=environment)
        for each in left.reports:
            report.add(each)
        return report
    wake(store, settings, now=now)
    waiting = RunReport()
    pages = dispatching.due_pages(store, settings, waiting, now=now)
    slugs = tuple(each.slug for each in chain.from_iterable(pages))
    report = _carried(store, settings, Cut(day=None, composed=now, seq=seq, slugs=slugs), engine)
    report.add(waiting)
    return report


def compose_named(
    store: Store, settings: Settings, slugs: Sequence[str], *, day: date, composed: datetime, engine: Engine
) -> RunReport:
    """The issues of these subscriptions on a day, due or not, by several machines; their mails bear `composed`."""
    with store.reading() as connection:
        seq = papers.last_seq(connection)
    return _carried(store, settings, Cut(day=day, composed=composed, seq=seq, slugs=tuple(slugs)), engine)


def compose_shard(
    store: Store,
    settings: Settings,
    number: int,
    *,
    now: datetime,
    environment: Mapping[str, str],
    corpus: Corpus,
) -> RunReport | None:
    """Compose for the readers of a shard; None if it is done, gone or in other hands.

    What an earlier worker put into the outbox stays as it is. `corpus` is this process's for all shards.

    Raises:
        StoreError: the database cannot be used; the shard stays to be done.
    """
    with store.holding() as connection:
        cut = shards.take(connection, number)
        if cut is None:
            return None
        seen = corpus.up_to(cut.seq)
        if cut.day is None:
            report = dispatching.compose_some(
                store, settings, cut.slugs, now=cut.composed, environment=environment, corpus=seen
            )
        else:
            profiles = list(dispatching.named(store, settings, cut.slugs).profiles.values())
            with summariser(store, settings, environment) as model:
                report = dispatching.compose_now(
                    store,
                    settings,
                    profiles,
                    day=cut.day,
                    now=cut.composed,
                    queued=now,
                    corpus=seen,
                    summariser=model,
                )
        shards.finish(connection, number, report)
    return report


def work_off(store: Store, work: Callable[[int], object]) -> int:
    """Work on shards that are in nobody's hands until there are none; how many were begun."""
    begun = 0
    while True:
        with store.holding() as connection:
            number = shards.begin(connection)
        if number is None:
            return begun
        begun += 1
        work(number)


def pays(settings: Settings, readers: int) -> bool:
    """Whether several machines compose for so many: there are some, with a shard for two."""
    return settings.machines > 1 and readers > _size(settings)


def _size(settings: Settings) -> int:
    return settings.shard_readers * settings.at_once


def _carried(store: Store, settings: Settings, whole: Cut, engine: Engine) -> RunReport:
    """Cut all that nobody has in hand already, compose with whoever comes, and count what became of it."""
    begun, size = engine.clock.now(), _size(settings)
    # Whoever holds a shard that was cut before comes to no end with it.
    since = begun - WAIT
    with store.writing() as connection:
        # Of a run whose machine died, too: who was not served then is due still, and is in this cut.
        left = shards.clear(connection, since)
        rest = [slug for slug in whole.slugs if slug not in left.held]
        cuts = [replace(whole, slugs=tuple(rest[start : start + size])) for start in range(0, len(rest), size)]
        shards.add(connection, cuts, begun)
    if len(cuts) > 1:
        engine.call(min(settings.machines, len(cuts)) - 1)
    _finish(store, engine, since)
    with store.writing() as connection:
        done = shards.clear(connection, since)
    report = RunReport()
    for each in (*left.reports, *done.reports):
        report.add(each)
    if done.given_up:
        report.fail("", f"shards begun {TRIES} times and never finished: {done.given_up}: their readers stay due")
    if done.held:
        report.fail("", f"readers in the hands of another machine for long: {len(done.held)}: they stay due")
    return report


def _finish(store: Store, engine: Engine, since: datetime) -> None:
    """Work until every shard that was cut behind `since` is done or given up, or whoever holds it comes to no end."""
    patience = engine.clock.now() + WAIT
    while engine.clock.now() < patience:
        if work_off(store, engine.work):
            patience = engine.clock.now() + WAIT
        with store.holding() as connection:
            if not shards.open_ones(connection, since):
                return
        engine.clock.sleep(_LOOK_SECONDS)
