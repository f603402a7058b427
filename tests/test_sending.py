"""The sending loop: what becomes of each mail, whatever the relay says, and how fast they leave."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from digest.clock import Clock
from digest.errors import DeliveryError, RelayError
from digest.pace import ErrorBudget, Limits, Pace
from digest.progress import Silent
from digest.sending import RELAY_PAUSES, Means, Policy, send
from digest.store import Store, issues, outbox
from digest.transport import Outcome, Parcel, Receipt
from digest.types import Issue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from digest.databases import Place
    from digest.run_report import RunReport
    from digest.store.deliveries import Claim

NOW = datetime(2025, 5, 9, 6, tzinfo=UTC)
DAY = date(2025, 5, 9)


class Ticking:
    """A clock that stands still but for those who wait."""

    def __init__(self) -> None:
        self.instant = NOW
        self.clock = Clock(now=lambda: self.instant, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.instant += timedelta(seconds=seconds)


@dataclass
class Post:
    """A relay that answers as it is told: by recipient, in turn, and then accepts."""

    clock: Ticking
    answers: dict[str, list[Outcome | BaseException]] = field(default_factory=dict)
    sent: list[tuple[str, datetime]] = field(default_factory=list)
    opened: int = 0
    fault: RelayError | None = None
    """What becomes of every connection."""
    most: int = 99
    """Connections that it takes at once."""
    using: set[int] = field(default_factory=set)

    def open(self) -> Post:
        """A connection."""
        self.opened += 1
        return self

    def send(self, parcel: Parcel) -> Receipt:
        """Take a mail, or not."""
        self.using.add(threading.get_ident())
        if self.fault or len(self.using) > self.most:
            self.using.discard(threading.get_ident())
            raise self.fault or RelayError("too many connections", is_transient=True)
        answer = (self.answers.get(parcel.name) or [Outcome.ACCEPTED]).pop(0)
        if isinstance(answer, BaseException):
            raise answer
        if answer is Outcome.ACCEPTED:
            self.sent.append((parcel.name, self.clock.instant))
        return Receipt(outcome=answer, reply=f"{answer} by the relay")

    def close(self) -> None:
        """Nothing is open."""

    @property
    def names(self) -> list[str]:
        """Whose mails were taken, in order of names."""
        return sorted(name for name, _ in self.sent)


@dataclass
class Office:
    """An outbox with a relay that is a fake."""

    store: Store
    folder: Path
    ticking: Ticking
    post: Post

    def queue(self, *readers: str, domain: str = "example.org") -> None:
        """Put an issue for each reader into the outbox."""
        with self.store.writing() as connection:
            for reader in readers:
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
                recipient = f"{reader}@{domain}" if domain else ""
                covered = issues.Coverage(day=DAY, seq=0)
                assert issues.add(connection, issue, covered=covered, recipient=recipient, now=self.ticking.instant)

    def run(
        self, policy: Policy | None = None, prepare: Callable[[Claim, Issue], Parcel | None] | None = None
    ) -> RunReport:
        """Send what is due."""
        means = Means(
            prepare=prepare or parcel, open_transport=self.post.open, clock=self.ticking.clock, senders=self.folder
        )
        return send(self.store, means, policy or Policy(), Silent())

    def states(self) -> dict[str, str]:
        """Where each reader's delivery stands."""
        with self.store.reading() as connection:
            return {each.subscriber: each.state.value for each in outbox.find(connection)}

    def due(self, reader: str) -> datetime | None:
        """When a reader's delivery is due."""
        with self.store.reading() as connection:
            return next(each.due for each in outbox.find(connection) if each.subscriber == reader)


def parcel(claim: Claim, _issue: Issue) -> Parcel | None:
    """A mail for whoever has an address."""
    if not claim.recipient:
        return None
    return Parcel(name=claim.subscriber, sender="digest@example.org", recipient=claim.recipient, content=b"Hi.\r\n")


@pytest.fixture
def office(tmp_path: Path, place: Place) -> Iterator[Office]:
    """An empty outbox."""
    ticking = Ticking()
    with Store(place) as store:
        yield Office(store, tmp_path / "senders", ticking, Post(ticking))


def test_all_that_is_due_is_sent_once(office: Office) -> None:
    """Readers without an address count for themselves; a second run finds nothing to do."""
    office.queue(*(f"reader{number}" for number in range(40)))
    office.queue("pages", domain="")
    report = office.run()
    assert (report.delivered, report.unmailed, report.failed, report.held) == (40, 1, [], 0)
    assert len(office.post.names) == len(set(office.post.names)) == 40
    again = office.run()
    assert (again.delivered, again.unmailed) == (0, 0)


def test_what_is_put_off_comes_later(office: Office) -> None:
    """A 4xx costs nobody else; the mail is due in some minutes, then sent, and the report says when."""
    office.queue("ada", "bob")
    office.post.answers["ada"] = [Outcome.DEFERRED]
    report = office.run()
    assert (report.delivered, report.outcomes) == (1, {"deferred": 1})
    assert report.failed == [{"profile": "ada", "why": "deferred: deferred by the relay"}]
    due = office.due("ada")
    assert due is not None
    assert report.retry_at == due
    assert timedelta(minutes=3) < due - NOW < timedelta(minutes=7)
    assert office.run().delivered == 0
    office.ticking.instant = due
    assert office.run().delivered == 1
    assert office.post.names == ["ada", "bob"]


def test_what_is_refused_is_over(office: Office) -> None:
    """A 5xx is final, for that reader only."""
    office.queue("ada", "bob", "cyd")
    office.post.answers["bob"] = [Outcome.REJECTED]
    report = office.run()
    assert (report.delivered, report.outcomes) == (2, {"rejected": 1})
    assert office.states() == {"ada": "sent", "bob": "rejected", "cyd": "sent"}


def test_a_lost_answer_is_asked_for_once_more(office: Office) -> None:
    """Without an answer to the whole mail it is sent again, once; if that is lost, too, it is left alone."""
    office.queue("ada", "bob")
    office.post.answers = {"ada": [Outcome.UNCERTAIN], "bob": [Outcome.UNCERTAIN, Outcome.UNCERTAIN]}
    first = office.run()
    assert all("it is sent once more" in fault["why"] for fault in first.failed)
    office.ticking.sleep(3600)
    second = office.run()
    assert second.delivered == 1
    assert [fault["profile"] for fault in second.failed] == ["bob"]
    assert "nobody knows" in second.failed[0]["why"]
    office.ticking.sleep(24 * 3600)
    assert office.run().delivered == 0
    assert office.states() == {"ada": "sent", "bob": "uncertain"}


def test_a_relay_that_serves_nobody_spoils_no_mail(office: Office) -> None:
    """It is tried a few times, then the run ends and says why; everything is due as before, no attempt counted."""
    office.queue("ada", "bob")
    office.post.fault = RelayError("cannot connect to 'mx'", is_transient=True)
    report = office.run()
    assert [fault["why"] for fault in report.failed] == ["cannot connect to 'mx'"]
    assert office.ticking.instant - NOW >= timedelta(seconds=sum(RELAY_PAUSES))
    assert office.states() == {"ada": "queued", "bob": "queued"}
    office.post.fault = None
    assert office.run().delivered == 2


def test_a_wrong_password_ends_the_run_at_once(office: Office) -> None:
    """What will not pass by itself is not tried again and again."""
    office.queue(*(f"reader{number}" for number in range(9)))
    office.post.fault = RelayError("cannot log in", is_transient=False)
    report = office.run()
    assert [fault["why"] for fault in report.failed] == ["cannot log in"]
    assert (office.ticking.instant, set(office.states().values())) == (NOW, {"queued"})


def test_a_relay_that_takes_few_connections_is_used_over_those(office: Office) -> None:
    """Threads that are turned away stop; the others send everything."""
    office.queue(*(f"reader{number}" for number in range(60)))
    office.post.most = 1
    report = office.run(Policy(connections=4))
    assert (report.delivered, report.failed) == (60, [])


def test_many_failures_pause_the_run(office: Office) -> None:
    """Where nothing is taken the run ends, says so with the last answer, and leaves the others as they were."""
    readers = [f"reader{number}" for number in range(60)]
    office.queue(*readers)
    office.post.answers = {reader: [Outcome.REJECTED] for reader in readers}
    report = office.run(Policy(connections=1, failures=5))
    (why,) = (fault["why"] for fault in report.failed if not fault["profile"])
    assert why == "paused, as 5 of the last 5 mails were not taken; the last answer: rejected by the relay"
    states = list(office.states().values())
    assert 5 <= states.count("rejected") <= 7
    assert states.count("queued") == 60 - states.count("rejected")


def test_a_mail_that_cannot_be_made_waits_for_its_mend(office: Office) -> None:
    """One's own fault with one mail costs that mail a minute, and nobody else anything."""
    office.queue("ada", "bob")

    def faulty(claim: Claim, issue: Issue) -> Parcel | None:
        if claim.subscriber == "ada" and office.ticking.instant == NOW:
            raise DeliveryError("envelope.recipient: not one address")
        return parcel(claim, issue)

    report = office.run(prepare=faulty)
    assert report.failed == [{"profile": "ada", "why": "deferred: envelope.recipient: not one address"}]
    office.ticking.sleep(60)
    assert office.run(prepare=faulty).delivered == 1


def test_what_is_too_old_is_not_sent(office: Office) -> None:
    """A digest of last week is of no use: it expires, and the report counts it."""
    office.queue("ada")
    office.ticking.sleep(73 * 3600)
    office.queue("bob")
    report = office.run(Policy(expire=timedelta(hours=72)))
    assert (report.delivered, report.outcomes) == (1, {"expired": 1})
    assert office.states() == {"ada": "expired", "bob": "sent"}


def test_a_bug_ends_the_run_and_loses_nothing(office: Office) -> None:
    """It is raised, what was in flight is recorded, and the rest is due as before."""
    office.queue(*(f"reader{number}" for number in range(20)))
    office.post.answers["reader3"] = [ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        office.run()
    assert set(office.states().values()) <= {"sent", "queued"}
    assert office.run().delivered + len(office.post.names) >= 20
    assert sorted(set(office.post.names)) == office.post.names
    assert len(office.post.names) == 20


def test_who_stops_a_run_loses_nothing(office: Office) -> None:
    """Ctrl-C lets what flies arrive and gives back the rest."""
    office.queue(*(f"reader{number}" for number in range(30)))

    def stopping(claim: Claim, issue: Issue) -> Parcel | None:
        if claim.subscriber == "reader7":
            raise KeyboardInterrupt
        return parcel(claim, issue)

    with pytest.raises(KeyboardInterrupt):
        office.run(prepare=stopping)
    assert set(office.states().values()) == {"sent", "queued"}
    office.run()
    assert len(office.post.names) == len(set(office.post.names)) == 30


# how fast


def test_mails_leave_evenly(office: Office) -> None:
    """So many a second, and no faster."""
    office.queue(*(f"reader{number}" for number in range(20)))
    assert office.run(Policy(limits=Limits(per_second=2))).delivered == 20
    instants = sorted(at for _, at in office.post.sent)
    assert instants[-1] - instants[0] >= timedelta(seconds=9)


def test_no_domain_gets_more_than_it_takes(office: Office) -> None:
    """Mails to one domain keep their distance, and those to others do not wait for them."""
    office.queue(*(f"many{number}" for number in range(6)), domain="big.example")
    office.queue("one", domain="small.example")
    assert office.run(Policy(limits=Limits(per_domain=6))).delivered == 7
    big = sorted(at for name, at in office.post.sent if name != "one")
    assert all(later - earlier >= timedelta(seconds=10) for earlier, later in pairwise(big))
    assert dict(office.post.sent)["one"] < big[1]


def test_a_day_has_its_limit(office: Office) -> None:
    """What is over it waits for the next day, and the report says so."""
    office.queue(*(f"reader{number}" for number in range(12)))
    policy = Policy(limits=Limits(per_day=5))
    report = office.run(policy)
    assert report.delivered == 5
    assert [fault["why"] for fault in report.failed] == ["the limit of 5 mails in 24 hours is reached"]
    assert office.run(policy).delivered == 0
    office.ticking.sleep(24 * 3600 + 1)
    assert office.run(policy).delivered == 5


def test_a_pace_without_limits_never_waits() -> None:
    """Nothing is spaced that nobody wants spaced."""
    pace = Pace(Limits())
    for _ in range(3):
        pace.left(NOW)
        assert pace.wait(NOW) == timedelta(0)
        assert pace.domain_turn("issue", "ada@example.org", NOW) == NOW


def test_an_error_budget_forgets() -> None:
    """Failures among the last hundred count, older ones do not."""
    budget = ErrorBudget(3)
    assert not budget.spend(failed=True)
    assert not budget.spend(failed=True)
    for _ in range(ErrorBudget.WINDOW):
        assert not budget.spend(failed=False)
    assert not budget.spend(failed=True)
    assert not budget.spend(failed=True)
    assert budget.spend(failed=True) == "3 of the last 100 mails"
