"""Deliveries: claimed by one sender at a time, moved by legal moves only."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.outbox import LEASE, LEGAL, DeliveryState, IllegalMoveError, sources_of
from digest.store import Store, deliveries, issues
from digest.store.deliveries import Claim
from digest.types import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2025, 5, 9, 6, tzinfo=UTC)
READERS = ("ada", "bob", "cyd")
SECOND = timedelta(seconds=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A database with one queued delivery for each of three readers."""
    with Store(tmp_path / "digest.sqlite3") as opened:
        with opened.writing() as connection:
            for reader in READERS:
                queue(connection, reader)
        yield opened


def queue(connection: sa.Connection, reader: str) -> None:
    """Put an issue without papers into the outbox."""
    issue = Issue(
        id=f"issue-{reader}",
        profile=reader,
        name=reader.title(),
        day=date(2025, 5, 9),
        composed=NOW,
        sections=(),
        considered=0,
        passed=0,
    )
    assert issues.add(
        connection, issue, covered=issues.Coverage(day=issue.day, seq=0), recipient=f"{reader}@example.org", now=NOW
    )


def rows(connection: sa.Connection) -> list[tuple[Any, ...]]:
    """All deliveries as they are kept."""
    return [tuple(row) for row in connection.execute(sa.text("SELECT * FROM deliveries ORDER BY subscriber"))]


def state(connection: sa.Connection, reader: str) -> DeliveryState:
    """Where a reader's delivery stands."""
    query = sa.text("SELECT state FROM deliveries WHERE subscriber = :reader")
    return DeliveryState(connection.execute(query, {"reader": reader}).scalar_one())


def claimed(store: Store, now: datetime = NOW, limit: int = 10) -> list[Claim]:
    """What a sender may take now."""
    with store.writing() as connection:
        return deliveries.claim(connection, now=now, limit=limit)


def test_a_claim_says_what_to_send_and_to_whom(store: Store) -> None:
    """Claims come in order of issue and reader, with the address that was queued."""
    assert claimed(store) == [
        Claim(issue_id=f"issue-{reader}", subscriber=reader, recipient=f"{reader}@example.org", attempt=1)
        for reader in READERS
    ]


def test_what_is_held_is_not_claimed(store: Store) -> None:
    """While a lease runs nobody else gets the delivery, and it is counted as held, not as waiting."""
    claimed(store)
    just_before = NOW + LEASE - SECOND
    assert claimed(store, just_before) == []
    with store.reading() as connection:
        assert (deliveries.waiting(connection, now=just_before), deliveries.held(connection, now=just_before)) == (0, 3)


def test_a_lease_that_ran_out_is_claimed_again(store: Store) -> None:
    """The next sender takes over what a dead one held; a late word of the dead one changes nothing."""
    [dead, *_] = claimed(store)
    [alive, *_] = claimed(store, NOW + LEASE)
    assert alive == replace(dead, attempt=2)
    with store.writing() as connection:
        before = rows(connection)
        assert not deliveries.sent(connection, dead, now=NOW + LEASE)
        assert not deliveries.deferred(connection, dead, now=NOW + LEASE, error="too late")
        assert rows(connection) == before
        assert deliveries.sent(connection, alive, now=NOW + LEASE)
        assert not deliveries.deferred(connection, dead, now=NOW + LEASE, error="too late")
        assert state(connection, "ada") is DeliveryState.SENT


def test_what_was_sent_is_never_claimed_again(store: Store) -> None:
    """A delivery that is done stays done, long after."""
    for claim in claimed(store):
        with store.writing() as connection:
            assert deliveries.sent(connection, claim, now=NOW)
    assert claimed(store, NOW + 100 * LEASE) == []
    with store.reading() as connection:
        later = NOW + 100 * LEASE
        assert (deliveries.waiting(connection, now=later), deliveries.held(connection, now=later)) == (0, 0)


def test_what_was_deferred_is_due_at_once_but_not_behind_the_key(store: Store) -> None:
    """A run that goes on behind its last key meets no delivery twice; the next run tries again."""
    with store.writing() as connection:
        [first] = deliveries.claim(connection, now=NOW, limit=1)
        assert deliveries.deferred(connection, first, now=NOW, error="disk full")
        rest = deliveries.claim(connection, now=NOW, limit=10, after=(first.issue_id, first.subscriber))
        assert [claim.subscriber for claim in rest] == ["bob", "cyd"]
        assert deliveries.waiting(connection, now=NOW) == 1
        [again] = deliveries.claim(connection, now=NOW, limit=10)
        assert again == replace(first, attempt=2)


SETTLED = {
    DeliveryState.QUEUED: (),
    DeliveryState.DEFERRED: ("claim", "deferred"),
    DeliveryState.SENT: ("claim", "sent"),
}


@pytest.mark.parametrize("start", SETTLED)
@pytest.mark.parametrize("target", [DeliveryState.SENT, DeliveryState.DEFERRED])
def test_an_illegal_move_raises_and_changes_nothing(store: Store, start: DeliveryState, target: DeliveryState) -> None:
    """What nobody holds can be neither sent nor deferred."""
    assert target not in LEGAL[start]
    held = Claim(issue_id="issue-ada", subscriber="ada", recipient="ada@example.org", attempt=0)
    for step in SETTLED[start]:
        held = move(store, step, held)
    with store.writing() as connection:
        assert state(connection, "ada") is start
        before = rows(connection)
        with pytest.raises(IllegalMoveError, match=f"from {start} to {target}") as caught:
            settle(connection, target, held)
        assert "@" not in str(caught.value)
        assert rows(connection) == before


def move(store: Store, step: str, held: Claim) -> Claim:
    """Take one step with ada's delivery."""
    with store.writing() as connection:
        if step == "claim":
            return deliveries.claim(connection, now=NOW, limit=1)[0]
        assert settle(connection, DeliveryState(step), held)
        return held


def settle(connection: sa.Connection, target: DeliveryState, held: Claim) -> bool:
    """Record an outcome."""
    if target is DeliveryState.SENT:
        return deliveries.sent(connection, held, now=NOW)
    return deliveries.deferred(connection, held, now=NOW, error="disk full")


def test_an_unknown_delivery_cannot_move(store: Store) -> None:
    """A claim that nobody handed out is a bug, not an outcome."""
    with store.writing() as connection, pytest.raises(IllegalMoveError):
        deliveries.sent(connection, Claim(issue_id="no", subscriber="ada", recipient="", attempt=1), now=NOW)


def test_every_state_can_be_left_or_is_the_end() -> None:
    """The table names every state, and only SENT is final; nothing leads back to QUEUED."""
    assert set(LEGAL) == set(DeliveryState)
    assert [start for start, targets in LEGAL.items() if not targets] == [DeliveryState.SENT]
    assert sources_of(DeliveryState.QUEUED) == frozenset()


OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["claim", "sent", "deferred"]), st.integers(0, 1), st.sampled_from([0, 20, 60])),
    max_size=12,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=OPERATIONS)
def test_two_senders_never_break_the_rules(store: Store, operations: list[tuple[str, int, int]]) -> None:
    """Whatever two senders do in whatever order: moves are in the table, and only the last claim decides."""
    with store.writing() as connection:
        savepoint = connection.begin_nested()
        now, newest, sent = NOW, 0, 0
        claims: list[Claim | None] = [None, None]
        for operation, sender, wait in operations:
            now += timedelta(seconds=wait)
            before = state(connection, "ada")
            mine = claims[sender]
            if operation == "claim":
                for claim in deliveries.claim(connection, now=now, limit=1):
                    if claim.subscriber == "ada":
                        assert claim.attempt == newest + 1
                        claims[sender], newest = claim, claim.attempt
            elif mine is not None:
                claims[sender] = None
                recorded = (
                    deliveries.sent(connection, mine, now=now)
                    if operation == "sent"
                    else deliveries.deferred(connection, mine, now=now, error="later")
                )
                assert recorded == (mine.attempt == newest)
                sent += recorded and operation == "sent"
            after = state(connection, "ada")
            assert after is before or after in LEGAL[before]
        assert sent <= 1
        savepoint.rollback()
