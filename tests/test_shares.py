"""Several processes that send from one outbox: each mail once, one report, one count of how far they are."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from digest import delivering, pipeline, rendering
from digest.clock import Clock
from digest.delivery_settings import Delivery, Way
from digest.outbox import DeliveryState
from digest.run_report import RunReport
from digest.settings import Settings
from digest.shares import Together, in_parallel
from digest.store import Store, deliveries, issues, outbox
from digest.store.deliveries import Settled
from digest.types import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.progress import Progress

DAY = date(2025, 5, 9)
AT = (2025, 5, 9, 6)
NOW = datetime(*AT, tzinfo=UTC)
CLOCK = Clock(now=partial(datetime, *AT, tzinfo=UTC))  # can be handed to another process


@dataclass
class Watch:
    """Notes what it is told."""

    steps: list[tuple[str, int, int | None]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def step(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """How far a stage is."""
        assert not note
        self.steps.append((stage, done, total))

    def say(self, line: str) -> None:
        """A line."""
        self.lines.append(line)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation that writes mails into a folder."""
    return Settings(home=tmp_path / "home", write_pages=False, processes=2)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """Its database."""
    with Store(settings.database) as opened:
        yield opened


def queue(store: Store, number: int) -> None:
    """Put an issue for each of so many readers into the outbox."""
    with store.writing() as connection:
        for reader in (f"reader-{at}" for at in range(number)):
            issue = Issue(
                id=f"issue-{reader}",
                profile=reader,
                name=reader,
                day=DAY,
                composed=NOW,
                sections=(),
                considered=0,
                passed=0,
            )
            covered = issues.Coverage(day=DAY, seq=0)
            issues.add(connection, issue, covered=covered, recipient=f"{reader}@example.org", now=NOW)


def deliver(store: Store, settings: Settings) -> RunReport:
    """Hand over what is due."""
    return delivering.deliver(store, settings, rendering.renderer(settings), clock=CLOCK, environment={})


def states(store: Store) -> dict[str, int]:
    """How many deliveries are in each state."""
    with store.reading() as connection:
        return {state.value: number for state, number in outbox.count(connection).items()}


def test_other_processes_send_what_this_one_leaves(store: Store, settings: Settings) -> None:
    """What this process does not send another one does, each mail once, and their reports are one for each."""
    queue(store, 5)
    share = partial(delivering.deliver_share, settings, CLOCK, {})
    watch = Watch()
    reports = in_parallel(lambda _: RunReport(), share, 2, Together(store, CLOCK, watch))
    assert [report.delivered for report in reports] == [0, 5]
    assert states(store) == {"sent": 5}
    assert len(list(settings.outbox.iterdir())) == 5
    assert watch.steps[-1] == ("delivering", 5, 5)


def test_a_run_of_several_processes_has_one_report(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Together they send all; held is what others have in hand when all have ended, not what they had themselves."""
    monkeypatch.setattr(pipeline, "SHARED", 1)
    queue(store, 40)
    with store.sharing() as connection:
        deliveries.claim(connection, now=NOW, limit=3, holder="elsewhere")
    report = deliver(store, settings)
    assert (report.delivered, report.held, report.waiting, report.failed) == (37, 3, 0, [])
    assert states(store) == {"sent": 37, "sending": 3}
    assert len(list(settings.outbox.iterdir())) == 37


def test_who_watches_is_told_of_all_processes(store: Store) -> None:
    """How far they are is the database's count, looked at once a second at most, whatever one of them did itself."""
    queue(store, 4)
    instants = iter([NOW, NOW, NOW, *[NOW + timedelta(seconds=1)] * 9])
    watch = Watch()
    together: Progress = Together(store, Clock(now=lambda: next(instants)), watch)
    with store.sharing() as connection:
        sent, *_ = deliveries.claim(connection, now=NOW, limit=2)
        deliveries.settle(connection, [Settled(claim=sent, state=DeliveryState.SENT)], now=NOW)
    together.step("delivering", 1, 2)
    assert not watch.steps
    together.step("delivering", 2, 2)
    assert watch.steps == [("delivering", 1, 4)]
    together.say("a line")
    assert watch.lines == ["a line"]


def test_processes_share_limits_and_connections() -> None:
    """A share has its part of each limit, and one connection at least; so no more processes send than there are."""
    whole = Delivery(per_second=10, per_domain=6, per_day=5, connections=5)
    assert whole.senders == 5
    share = whole.shared(2)
    assert (share.per_second, share.per_domain, share.per_day, share.connections) == (5, 3, 3, 2)
    assert Delivery(connections=1).senders == 1
    assert Delivery(transport=Way.STDOUT, connections=4).senders == 1, "mails would be mingled"


def test_processes_are_as_many_as_the_machine_has_cores_unless_told(tmp_path: Path) -> None:
    """Without the setting one a core, but few; with it as many as it says."""
    assert 1 <= Settings(home=tmp_path).at_once <= 4
    assert Settings(home=tmp_path, processes=7).at_once == 7


def test_an_issue_that_is_gone_spoils_no_other_mail(store: Store, settings: Settings) -> None:
    """Where a reader is forgotten between the claim and the reading of the issue, all others get theirs."""
    queue(store, 3)
    with closing(sqlite3.connect(settings.database)) as connection, connection:  # which holds to no foreign keys
        connection.execute("DELETE FROM issues WHERE id = 'issue-reader-1'")
    report = deliver(store, settings)
    assert (report.delivered, report.failed) == (2, [])
    assert len(list(settings.outbox.iterdir())) == 2
