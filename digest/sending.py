"""Hand over all mails that are due, and record every outcome as it becomes known.

Deliveries are claimed a few at a time, prepared here and handed over by the threads of a crew. Whatever ends a run,
what it did not begin with is given back; what a killed one had in hand is taken over by the next (`digest.holders`).
Several processes may send from one outbox.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from digest.crew import Answer, Crew
from digest.errors import DeliveryError, RelayError, TemplateError
from digest.holders import Holder
from digest.outbox import HEARTBEAT, WAITING, DeliveryState
from digest.outcome import settled, told
from digest.pace import ErrorBudget, Limits, Pace
from digest.run_report import RunReport
from digest.store import deliveries, issues
from digest.store.deliveries import Settled
from digest.transport import Outcome, Receipt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from digest.clock import Clock
    from digest.progress import Progress
    from digest.store import Store
    from digest.store.deliveries import Claim
    from digest.transport import Parcel, Transport
    from digest.types import Issue

RELAY_PAUSES = (2.0, 8.0, 30.0)
"""Seconds until a relay that serves nobody is tried again; then the run ends."""

_FLYING = 2  # parcels for each thread: the one it hands over, and the next
_CLAIMED = 128
_RECORDED = 16  # outcomes in one transaction, so that the disk is not waited for at each mail,
_RECORD_WITHIN = timedelta(milliseconds=50)  # unless they would wait for longer than this
_WATCHED_SECONDS = 0.5
_LONGEST_SLEEP = 5.0
_OWN_FAULT_PAUSE = timedelta(minutes=1)
_REGAINED = 20  # accepted mails behind which a relay that turned a thread away is trusted with one more
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How mails are sent: over how many connections, how fast, how long they are of use, and when to stop."""

    connections: int = 4
    limits: Limits = field(default_factory=Limits)
    expire: timedelta = timedelta(hours=72)
    failures: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What sending needs: mails made of claims, ways out for them, the time, and a folder that tells who is alive.

    `prepare` gives None for a reader without an address, and raises `DeliveryError` or `TemplateError` where one mail
    cannot be made.
    """

    prepare: Callable[[Claim, Issue], Parcel | None]
    open_transport: Callable[[], Transport]
    clock: Clock
    senders: Path


def send(store: Store, means: Means, policy: Policy, progress: Progress) -> RunReport:
    """Send all that is due.

    Mails that a relay put off, or that one of our own faults spoilt, stay in the outbox and spoil no other one's
    delivery. A relay that serves nobody, an exhausted error budget and the day's limit end the run; the report says so.
    """
    with Holder(means.senders) as holder, Crew(means.open_transport, policy.connections) as crew:
        return _Sender(store, means, policy, progress, holder, crew).run()


class _Sender:
    def __init__(
        self, store: Store, means: Means, policy: Policy, progress: Progress, holder: Holder, crew: Crew
    ) -> None:
        self._store, self._means, self._policy, self._watch = store, means, policy, progress
        self._holder, self._crew = holder, crew
        self._report = RunReport()
        self._pace, self._budget = Pace(policy.limits), ErrorBudget(policy.failures)
        self._todo: deque[tuple[Claim, Issue]] = deque()
        self._flying: dict[Claim, Issue] = {}
        self._settled: list[Settled] = []
        self._stopped = False
        self._trusted = policy.connections  # connections that the relay is thought to take
        self._relay_faults = self._accepted = self._done = self._total = self._sent_today = 0
        self._resume_at = self._renew_at = self._recorded_at = self._now = means.clock.now()

    def run(self) -> RunReport:
        self._begin_run()
        try:
            while self._step():
                pass
        finally:
            self._give_back()
        with self._store.reading() as connection:
            self._report.held = deliveries.held(connection, now=self._now)
            self._report.retry_at = deliveries.next_due(connection, WAITING - {DeliveryState.QUEUED})
            self._report.waiting = deliveries.waiting(connection, now=self._now)
        return self._report

    def _begin_run(self) -> None:
        with self._store.writing() as connection:
            ended = deliveries.end_waiting(connection, now=self._now, oldest=self._now - self._policy.expire)
            self._total = deliveries.waiting(connection, now=self._now)
            self._sent_today = deliveries.sent_since(connection, self._now - _DAY)
        for state, number in ended.items():
            self._report.count(state, number)

    def _step(self) -> bool:
        """One turn: claim, hand out, record; whether there is more to come."""
        self._now = self._means.clock.now()
        if self._now >= self._renew_at:
            self._renew()
        if not self._todo and not self._stopped:
            self._claim()
        self._hand_out()
        self._listen()
        self._record()
        if self._todo or self._flying:
            return True
        return not self._stopped and self._wait_for_turn()

    def _claim(self) -> None:
        with self._store.sharing() as connection:
            names = deliveries.holders(connection) - {self._holder.name}
            claims = deliveries.claim(
                connection,
                now=self._now,
                limit=_CLAIMED,
                holder=self._holder.name,
                dead=self._holder.dead(names),
            )
        # What never changes is read while others may write; an issue is gone where its reader was forgotten since.
        with self._store.reading() as connection:
            found = issues.by_ids(connection, {claim.issue_id for claim in claims})
        self._todo.extend((claim, found[claim.issue_id]) for claim in claims if claim.issue_id in found)

    def _renew(self) -> None:
        """Keep what is in hand; what another sender took over while this one slept is that one's."""
        with self._store.sharing() as connection:
            ours = deliveries.renew(connection, [*self._flying, *(claim for claim, _ in self._todo)], now=self._now)
        self._todo = deque(each for each in self._todo if each[0] in ours)
        self._renew_at = self._now + HEARTBEAT

    def _hand_out(self) -> None:
        while self._todo and not self._stopped and not self._full() and not self._pause():
            if self._policy.limits.per_day and self._sent_today + len(self._flying) >= self._policy.limits.per_day:
                # What flies may still be refused, and leave room for others.
                if not self._flying:
                    self._stop(f"the limit of {self._policy.limits.per_day} mails in 24 hours is reached")
                return
            claim, issue = self._todo[0]
            key = (claim.issue_id, claim.subscriber)
            turn = self._pace.domain_turn(key, claim.recipient, self._now) if claim.recipient else self._now
            if turn > self._now:
                self._settled.append(Settled(claim=claim, state=DeliveryState.QUEUED, due=turn))
            else:
                self._prepare(claim, issue)
            # Only now: until then an interruption gives it back.
            self._todo.popleft()
            self._now = self._means.clock.now()

    def _full(self) -> bool:
        return len(self._flying) >= _FLYING * self._trusted

    def _pause(self) -> float:
        """Seconds until the next mail may be handed out."""
        return max((self._resume_at - self._now).total_seconds(), self._pace.wait(self._now).total_seconds(), 0)

    def _prepare(self, claim: Claim, issue: Issue) -> None:
        try:
            parcel = self._means.prepare(claim, issue)
        except (DeliveryError, TemplateError) as error:
            due = self._now + _OWN_FAULT_PAUSE
            self._settled.append(Settled(claim=claim, state=DeliveryState.DEFERRED, due=due, why=str(error), failed=1))
            return
        if parcel is None:
            self._settled.append(Settled(claim=claim, state=DeliveryState.SENT))
            return
        self._pace.left(self._now)
        self._flying[claim] = issue
        if self._crew.alive < min(self._trusted, len(self._flying)):
            self._crew.hire()
        self._crew.send(claim, parcel)

    def _listen(self) -> None:
        """Take all answers that are there; wait where there is nothing else to do."""
        pause = self._pause()
        is_idle = self._stopped or self._full() or not self._todo or pause
        seconds = _RECORD_WITHIN.total_seconds() if self._settled else _WATCHED_SECONDS
        if pause and self._todo and not self._flying:
            self._means.clock.sleep(min(pause, seconds))
        answer = self._crew.answer(seconds if is_idle and self._flying else 0)
        while answer is not None:
            self._take(answer)
            answer = self._crew.answer(0)

    def _take(self, answer: Answer) -> None:
        claim, outcome = answer.claim, answer.outcome
        issue = self._flying.pop(claim)
        if isinstance(outcome, RelayError):
            self._todo.appendleft((claim, issue))
            self._turned_away(outcome)
            return
        if not isinstance(outcome, Receipt):
            self._todo.appendleft((claim, issue))
            raise outcome
        self._settled.append(settled(claim, outcome, self._now))
        if outcome.outcome is Outcome.ACCEPTED:
            self._relay_faults = 0
            self._accepted += 1
            self._sent_today += 1
            if self._accepted % _REGAINED == 0:
                self._trusted = min(self._trusted + 1, self._policy.connections)
        if spent := self._budget.spend(failed=outcome.outcome is not Outcome.ACCEPTED):
            self._stop(f"paused, as {spent} were not taken; the last answer: {outcome.reply}")

    def _turned_away(self, error: RelayError) -> None:
        """A thread's relay served nobody: the others go on; if none is left, try again a few times, then stop."""
        if self._crew.alive:
            self._trusted = self._crew.alive
            return
        self._trusted = 1
        self._take_back()
        if not error.is_transient or self._relay_faults >= len(RELAY_PAUSES):
            self._stop(str(error))
            return
        pause = RELAY_PAUSES[self._relay_faults]
        self._relay_faults += 1
        self._watch.say(f"{error}; trying again in {pause:.0f} s …")
        self._resume_at = self._now + timedelta(seconds=pause)

    def _take_back(self) -> None:
        """Take back what no thread has begun with."""
        self._todo.extend((claim, self._flying.pop(claim)) for claim in self._crew.unsent())

    def _stop(self, why: str) -> None:
        """Begin with no other mail."""
        if not self._stopped:
            self._stopped = True
            self._report.fail("", why)
        self._settled += (Settled(claim=claim, state=DeliveryState.QUEUED) for claim, _ in self._todo)
        self._todo.clear()

    def _record(self) -> None:
        if not self._settled or not self._is_time_to_record():
            return
        self._recorded_at = self._now
        outcomes = self._settled
        with self._store.sharing() as connection:
            recorded = deliveries.settle(connection, outcomes, now=self._now)
        # Only now: what could not be recorded is tried once more when the run ends.
        self._settled = []
        for outcome in outcomes:
            # What becomes of a delivery that another sender has taken over is that one's to report.
            if outcome.claim in recorded and outcome.state is not DeliveryState.QUEUED:
                self._tell(outcome)
        self._total = max(self._total, self._done)
        self._watch.step("delivering", self._done, self._total)

    def _is_time_to_record(self) -> bool:
        is_busy = bool(self._todo) and not self._stopped
        return not is_busy or len(self._settled) >= _RECORDED or self._now - self._recorded_at >= _RECORD_WITHIN

    def _tell(self, outcome: Settled) -> None:
        self._done += 1
        claim = outcome.claim
        if outcome.state is DeliveryState.SENT:
            self._report.delivered += bool(claim.recipient)
            self._report.unmailed += not claim.recipient
            return
        self._report.count(outcome.state)
        self._report.fail(claim.subscriber, told(outcome))

    def _wait_for_turn(self) -> bool:
        """Wait for what may not leave yet because of the pace; False if nothing does."""
        with self._store.reading() as connection:
            if deliveries.waiting(connection, now=self._now):
                return True
            due = deliveries.next_due(connection, [DeliveryState.QUEUED])
        if due is None:
            return False
        self._means.clock.sleep(min(max((due - self._now).total_seconds(), 0.01), _LONGEST_SLEEP))
        return True

    def _give_back(self) -> None:
        """Give back what was not begun with, wait for what flies, and record that."""
        self._take_back()
        # An interruption may come between any two lines.
        begun = {each.claim for each in self._settled} | self._flying.keys()
        unbegun = dict(self._todo).keys() - begun
        self._settled += (Settled(claim=claim, state=DeliveryState.QUEUED) for claim in unbegun)
        self._todo.clear()
        self._crew.close()
        while self._flying and (answer := self._crew.answer(0)) is not None:
            del self._flying[answer.claim]
            unsent = Settled(claim=answer.claim, state=DeliveryState.QUEUED)
            receipt = answer.outcome
            self._settled.append(settled(answer.claim, receipt, self._now) if isinstance(receipt, Receipt) else unsent)
        self._record()
