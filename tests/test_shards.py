"""Readers shared out among machines: a shard is composed once, whoever dies, and gives what one machine gives."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from digest import dispatching, lifecycle, settings, shards, subscribing
from digest.clock import Clock
from digest.corpus import Corpus
from digest.errors import StoreError
from digest.progress import Silent
from digest.schedule import Due
from digest.store import Store, issues, papers, subscriptions
from digest.store import shards as rows
from digest.store.copying import copy
from digest.store.shards import Cut
from digest.store.subscriptions import ISSUED
from digest.subscribing import Wish
from digest.types import Paper, SkipReason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from digest.databases import Place
    from digest.run_report import RunReport
    from digest.settings import Settings
    from digest.types import Issue

on_a_server = pytest.mark.parametrize("place", [pytest.param("postgresql")], indirect=True)
pytestmark = [pytest.mark.postgres, pytest.mark.slow]

NOW = datetime(2025, 5, 9, 7, tzinfo=UTC)
DAY = NOW.date()
READERS = 22
SIZE = 4
KINDS = ("barn owls", "tides", "bread", "sand in rivers")


def papers_of(day: date) -> list[Paper]:
    """Papers of a day, four of each kind, as unlike as can be."""
    return [
        Paper(
            id=f"doi:10.1000/{day:%d}.{kind.replace(' ', '')}.{number}",
            title=f"On {kind} number{number}x{day:%d}",
            abstract=f"What {kind} do. " + " ".join(f"{kind[:3]}{number}{letter}{day:%d}" for letter in "abcdefgh"),
            announced=day,
        )
        for kind in KINDS
        for number in range(4)
    ]


@dataclass
class Machine:
    """One of the machines: a home of its own, and the database that they share."""

    settings: Settings
    store: Store
    corpus: Corpus = field(default_factory=Corpus)

    def add(self, day: date) -> None:
        """Papers that came in."""
        with self.store.writing() as connection:
            papers.add(connection, papers_of(day), day)

    def subscribers(self, count: int) -> list[str]:
        """Readers who are due; the names of their subscriptions."""
        slugs = []
        for number in range(count):
            interests = f"topics: [{KINDS[number % len(KINDS)]}]\nmin_score: 1\n"
            wish = Wish(email=f"reader{number}@example.org", interests=interests)
            slugs.append(subscribing.enrol(self.store, self.settings, wish, now=NOW - timedelta(days=1)).slug)
        with self.store.writing() as connection:
            for each in subscriptions.by_slugs(connection, slugs).values():
                due = Due(day=DAY, at=NOW - timedelta(minutes=1))
                subscriptions.replace(connection, replace(each, due=due))
        return slugs

    def cut(self, slugs: Sequence[str], *, day: date | None = None) -> list[int]:
        """Shards of readers, as a machine leaves them that is gone; their numbers."""
        with self.store.writing() as connection:
            seq = papers.last_seq(connection)
            cuts = [
                Cut(day=day, composed=NOW, seq=seq, slugs=tuple(slugs[start : start + SIZE]))
                for start in range(0, len(slugs), SIZE)
            ]
            rows.add(connection, cuts, NOW)
            assert rows.open_ones(connection, NOW - timedelta(minutes=1)) == len(cuts)
        return list(range(1, len(cuts) + 1))

    def compose(self, number: int) -> RunReport | None:
        """The shard of a number."""
        return shards.compose_shard(self.store, self.settings, number, now=NOW, environment={}, corpus=self.corpus)

    def dispatch(
        self,
        call: Callable[[int], object] = lambda _: None,
        *,
        work: Callable[[int], object] | None = None,
        clock: Clock | None = None,
    ) -> RunReport:
        """Compose what is due; `call` is how others are asked for help."""
        engine = shards.Engine(work=work or self.compose, call=call, clock=clock or Clock(now=lambda: NOW))
        return shards.compose_due(self.store, self.settings, now=NOW, environment={}, engine=engine)

    def issues(self, slugs: Sequence[str]) -> dict[str, tuple[Issue, ...]]:
        """All issues of readers."""
        with self.store.reading() as connection:
            return {slug: issues.newest(connection, slug, 9) for slug in slugs}

    def periods(self, slugs: Sequence[str]) -> Counter[str]:
        """What became of the readers' periods."""
        with self.store.reading() as connection:
            return Counter(why for slug in slugs for _, why in subscriptions.history(connection, slug, 9))


def machine(stack: ExitStack, home: Path, place: Place) -> Machine:
    """A machine with the settings that all have."""
    (home / "digests").mkdir(parents=True)
    (home / "secret").write_text("0" * 64, encoding="utf-8")
    text = f"write_pages = false\nmachines = 2\nprocesses = 1\nshard_readers = {SIZE}\n"
    (home / settings.FILE).write_text(text, encoding="utf-8")
    return Machine(settings.load(home), stack.enter_context(Store(place)))


@pytest.fixture
def two(place: Place, tmp_path: Path) -> Iterator[tuple[Machine, Machine]]:
    """Two machines on one database."""
    with ExitStack() as stack:
        yield machine(stack, tmp_path / "one", place), machine(stack, tmp_path / "two", place)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Machine]:
    """A machine with a file of its own, on which nothing is shared whatever the settings say."""
    with ExitStack() as stack:
        yield machine(stack, tmp_path / "alone", tmp_path / "alone" / "digest.sqlite3")


def undisturbed(there: Machine, alone: Machine, slugs: Sequence[str]) -> dict[str, tuple[Issue, ...]]:
    """The issues of readers, by one machine in one go, with a copy of the database as it is."""
    copy(there.store, alone.store, now=NOW, progress=Silent())
    report = dispatching.compose_due(alone.store, alone.settings, now=NOW, environment={})
    assert len(report.issues) == len(slugs)
    return alone.issues(slugs)


@on_a_server
def test_two_machines_compose_what_one_does(two: tuple[Machine, Machine], alone: Machine) -> None:
    """Shared out between two, each reader has one issue, the same to the letter as by one machine, and one period."""
    one, other = two
    one.add(DAY)
    slugs = one.subscribers(READERS)
    expected = undisturbed(one, alone, slugs)
    called: list[int] = []
    with ThreadPoolExecutor(1) as elsewhere:
        report = one.dispatch(
            lambda helpers: (called.append(helpers), elsewhere.submit(shards.work_off, other.store, other.compose))
        )
    assert called == [1]
    assert sorted(each["profile"] for each in report.issues) == sorted(slugs)
    assert (report.failed, report.skipped) == ([], [])
    assert one.issues(slugs) == expected
    assert one.periods(slugs) == {ISSUED: READERS}
    with one.store.writing() as connection:
        assert rows.clear(connection, NOW) == rows.Left(reports=(), given_up=0, held=frozenset())


@on_a_server
def test_a_shard_that_was_begun_is_done_again(two: tuple[Machine, Machine], alone: Machine) -> None:
    """Of a shard whose worker died behind some of its issues, another one composes the rest, and settles all."""
    one, other = two
    one.add(DAY)
    slugs = one.subscribers(READERS)
    expected = undisturbed(one, alone, slugs)
    (number, *_) = one.cut(slugs)
    # What is there behind a kill: the issues of two, whose periods are not settled, and one reader who is.
    profiles = dispatching.named(one.store, one.settings, slugs[:2]).profiles
    dispatching.compose_now(one.store, one.settings, list(profiles.values()), day=DAY, now=NOW)
    dispatching.compose_some(one.store, one.settings, slugs[2:3], now=NOW, environment={}, corpus=Corpus())
    report = other.compose(number)
    assert report is not None
    assert [each["profile"] for each in report.issues] == slugs[3:SIZE]
    assert other.issues(slugs[:SIZE]) == {slug: expected[slug] for slug in slugs[:SIZE]}
    assert other.periods(slugs) == {ISSUED: SIZE}
    assert other.compose(number) is None


@on_a_server
def test_a_shard_is_in_the_hands_of_one(two: tuple[Machine, Machine]) -> None:
    """While one machine holds a shard others pass it over, and it is free when the holder's connection is gone."""
    one, other = two
    one.add(DAY)
    numbers = one.cut(one.subscribers(2 * SIZE))

    def lost() -> None:
        with one.store.holding() as connection:
            assert rows.take(connection, numbers[0]) is not None
            assert other.compose(numbers[0]) is None
            begun: list[int] = []
            shards.work_off(other.store, lambda number: (begun.append(number), other.compose(number)))
            assert begun == numbers[1:]
            # A machine that dies does not say goodbye.
            connection.connection.dbapi_connection.close()  # type: ignore[union-attr]
            assert other.compose(numbers[0]) is not None

    with pytest.raises(StoreError, match="closed"):
        lost()


@on_a_server
def test_a_shard_that_ends_its_workers_is_given_up(two: tuple[Machine, Machine]) -> None:
    """Begun some times and never finished, it is left alone; the report says so, and only its readers stay due."""
    one, _ = two
    one.add(DAY)
    slugs = one.subscribers(READERS)
    begun: Counter[int] = Counter()

    def work(number: int) -> None:
        begun[number] += 1
        if number != min(begun):
            one.compose(number)

    report = one.dispatch(work=work)
    assert begun == {number: rows.TRIES if number == min(begun) else 1 for number in begun}
    assert [fault["why"] for fault in report.failed] == [
        "shards begun 3 times and never finished: 1: their readers stay due"
    ]
    assert len(report.issues) == READERS - SIZE
    with one.store.reading() as connection:
        assert subscriptions.count_due(connection, NOW) == SIZE
    assert one.dispatch().failed == []
    assert one.periods(slugs) == {ISSUED: READERS}


@on_a_server
def test_a_run_goes_on_behind_one_that_died(two: tuple[Machine, Machine]) -> None:
    """Of shards that a dead machine cut, what was done is counted, and all others are served by the next run."""
    one, other = two
    one.add(DAY)
    slugs = one.subscribers(READERS)
    numbers = one.cut(slugs)
    assert one.compose(numbers[1]) is not None
    with one.store.holding() as connection:
        assert rows.begin(connection) == numbers[0]
    report = other.dispatch()
    assert sorted(each["profile"] for each in report.issues) == sorted(slugs)
    assert other.periods(slugs) == {ISSUED: READERS}
    assert {slug: len(each) for slug, each in other.issues(slugs).items()} == dict.fromkeys(slugs, 1)


@on_a_server
def test_what_was_done_for_a_machine_that_died_is_told(two: tuple[Machine, Machine]) -> None:
    """Where others came to the end of its shards, the next run has nobody to compose for and reports their issues."""
    one, other = two
    one.add(DAY)
    slugs = one.subscribers(READERS)
    one.cut(slugs)
    shards.work_off(other.store, other.compose)

    def nobody(_: int) -> None:
        pytest.fail("there is nothing to be done")

    report = other.dispatch(nobody, work=nobody)
    assert sorted(each["profile"] for each in report.issues) == sorted(slugs)
    assert other.dispatch(nobody, work=nobody).issues == []


@on_a_server
def test_nobody_waits_for_ever(two: tuple[Machine, Machine]) -> None:
    """A machine that holds a shard and does not go on is waited for a while; its readers stay due, for a later run."""
    one, other = two
    one.add(DAY)
    slugs = one.subscribers(READERS)
    (stuck,) = one.cut(slugs[:SIZE])
    waited: list[float] = []

    def now() -> datetime:
        return NOW + timedelta(minutes=len(waited))

    with one.store.holding() as connection:
        assert rows.take(connection, stuck) is not None
        report = other.dispatch(clock=Clock(now=now, sleep=waited.append))
        assert [fault["why"] for fault in report.failed] == [
            f"readers in the hands of another machine for long: {SIZE}: they stay due"
        ]
        assert len(waited) == shards.WAIT / timedelta(minutes=1)
        assert other.periods(slugs) == {ISSUED: READERS - SIZE}
        # Nobody waits for it once more; its readers are served by others.
        report = other.dispatch(work=other.compose, clock=Clock(now=now, sleep=waited.append))
        assert len(waited) == shards.WAIT / timedelta(minutes=1)
    assert sorted(each["profile"] for each in report.issues) == sorted(slugs[:SIZE])


@on_a_server
def test_all_shards_look_at_the_same_papers(two: tuple[Machine, Machine]) -> None:
    """What comes in while shards are composed is in nobody's issue, and is new to everybody in the next one."""
    one, other = two
    one.add(DAY - timedelta(days=1))
    slugs = one.subscribers(2 * SIZE)
    first, second = one.cut(slugs)
    assert one.compose(first) is not None
    other.add(DAY)
    assert other.compose(second) is not None
    considered = {each.considered for found in other.issues(slugs).values() for each in found}
    assert considered == {len(papers_of(DAY))}
    tomorrow = NOW + timedelta(days=1)
    report = dispatching.compose_due(one.store, one.settings, now=tomorrow, environment={})
    assert sorted(each["profile"] for each in report.issues) == sorted(slugs)
    assert {each["considered"] for each in report.issues} >= {len(papers_of(DAY))}


@on_a_server
def test_whoever_ends_it_meanwhile_gets_none(two: tuple[Machine, Machine]) -> None:
    """A subscription that was ended behind the cut has no issue and spoils nobody's."""
    one, other = two
    one.add(DAY)
    slugs = one.subscribers(SIZE)
    (number,) = one.cut(slugs)
    lifecycle.end(one.store, slugs[0], now=NOW)
    report = other.compose(number)
    assert report is not None
    assert sorted(each["profile"] for each in report.issues) == sorted(slugs[1:])


@on_a_server
def test_readers_by_name_are_shared_out_too(two: tuple[Machine, Machine]) -> None:
    """Issues of a day that is named come to readers who are not due, once, with the instant that was asked for."""
    one, other = two
    one.add(DAY)
    slugs = one.subscribers(READERS)
    begun: list[threading.Thread] = []

    def call(helpers: int) -> None:
        assert helpers == 1
        begun.append(threading.Thread(target=shards.work_off, args=(other.store, other.compose)))
        begun[0].start()

    engine = shards.Engine(work=one.compose, call=call, clock=Clock(now=lambda: NOW))
    instant = NOW - timedelta(hours=1)
    report = shards.compose_named(one.store, one.settings, slugs, day=DAY, composed=instant, engine=engine)
    begun[0].join()
    assert sorted(each["profile"] for each in report.issues) == sorted(slugs)
    assert {(each.day, each.composed) for found in one.issues(slugs).values() for each in found} == {(DAY, instant)}
    again = shards.compose_named(
        one.store, one.settings, slugs, day=DAY, composed=NOW, engine=replace(engine, call=lambda _: None)
    )
    assert again.skips() == [(SkipReason.ALREADY_COMPOSED.value, READERS)]


@on_a_server
def test_few_readers_are_not_shared_out(two: tuple[Machine, Machine]) -> None:
    """As many as one shard holds are composed as if there were one machine, and nobody is asked."""
    one, _ = two
    one.add(DAY)
    slugs = one.subscribers(SIZE)

    def nobody(_: int) -> None:
        pytest.fail("nobody is to be asked")

    assert len(one.dispatch(nobody, work=nobody).issues) == SIZE
    assert one.periods(slugs) == {ISSUED: SIZE}
    assert not shards.pays(one.settings.model_copy(update={"machines": 1}), READERS)
