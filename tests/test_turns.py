"""Whose turn it is to be asked: gaps and rests that outlast a run and hold for all that run at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest

from digest.store import Store
from digest.store.turns import StoredTurns, clear_old
from digest.turns import LONGEST_REST, TurnsOfRun, domain_of, domain_of_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.databases import Place
    from digest.turns import Turns

START = datetime(2025, 3, 14, 6, tzinfo=UTC)


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        """Seconds."""
        return self.seconds

    def now(self) -> datetime:
        """The same as an instant."""
        return START + timedelta(seconds=self.seconds)


@pytest.fixture
def clock() -> Clock:
    """The test's clock."""
    return Clock()


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """An empty database."""
    with Store(place) as opened:
        yield opened


@pytest.fixture(params=["of a run", "stored"])
def turns(request: pytest.FixtureRequest, store: Store, clock: Clock) -> Turns:
    """Both kinds of turns, which do the same for one run."""
    return TurnsOfRun(clock.monotonic) if request.param == "of a run" else StoredTurns(store, clock.now)


def test_who_has_taken_a_turn_waits_for_the_next(turns: Turns, clock: Clock) -> None:
    """The gap counts from when the turn was taken, or from when a longer request ended; other domains are free."""
    assert turns.take("arxiv.org", 3) == 0
    assert turns.take("example.org", 1) == 0
    clock.seconds = 1
    assert turns.take("arxiv.org", 3) == pytest.approx(2)
    turns.leave_alone("arxiv.org", 3)
    clock.seconds = 3.5
    assert turns.take("arxiv.org", 3) == pytest.approx(0.5)
    clock.seconds = 4
    assert turns.take("arxiv.org", 3) == 0
    assert turns.take("arxiv.org", 3) == pytest.approx(3)


def test_the_longer_rest_counts(turns: Turns, clock: Clock) -> None:
    """The gap behind a request does not shorten what a server asked for."""
    turns.leave_alone("example.org", 7200)
    turns.leave_alone("example.org", 1)
    clock.seconds = 7000
    assert turns.take("example.org", 1) == pytest.approx(200)


def test_what_rounding_leaves_is_no_wait(turns: Turns, clock: Clock) -> None:
    """A wait of less than a millisecond is over."""
    turns.leave_alone("example.org", 1)
    clock.seconds = 0.9995
    assert turns.take("example.org", 1) == 0


def test_a_rest_outlasts_the_run(store: Store, clock: Clock) -> None:
    """Another program that opens the database later knows it."""
    StoredTurns(store, clock.now).leave_alone("example.org", 7200)
    clock.seconds = 7100
    with Store(store.place) as another:
        assert StoredTurns(another, clock.now).take("example.org", 1) == pytest.approx(100)


def test_one_turn_is_taken_once(store: Store, clock: Clock) -> None:
    """Of eight threads that ask at once, each with the database open for itself, one may go on."""
    start, found = Barrier(8), list[float]()

    def ask() -> None:
        with Store(store.place) as mine:
            start.wait()
            found.append(StoredTurns(mine, clock.now).take("arxiv.org", 3))

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [0.0] + [3.0] * 7


def test_a_clock_that_was_set_back_silences_nobody_for_long(store: Store, clock: Clock) -> None:
    """A rest that ends later than any that is noted is none; old ones are cleared away."""
    turns = StoredTurns(store, clock.now)
    clock.seconds = 2 * LONGEST_REST
    turns.leave_alone("example.org", 60)
    clock.seconds = 0
    assert turns.take("example.org", 1) == 0
    turns.leave_alone("other.example.org", 60)
    with store.writing() as connection:
        clear_old(connection, now=START + timedelta(seconds=30))
    clock.seconds = 30
    assert turns.take("other.example.org", 1) == pytest.approx(30)


@pytest.mark.parametrize(
    ("url", "domain", "gap"),
    [
        ("https://rss.arxiv.org/rss/cs.CV", "arxiv.org", 3.0),
        ("http://arxiv.org/list", "arxiv.org", 3.0),
        ("https://notarxiv.org/", "notarxiv.org", 1.0),
        ("http://Feeds.Example.ORG:8080/x", "feeds.example.org", 1.0),
    ],
)
def test_hosts_of_arxiv_are_one(url: str, domain: str, gap: float) -> None:
    """All below arxiv.org take one turn; others each their own."""
    assert domain_of_url(url) == domain
    assert domain_of(domain) == (domain, gap)
