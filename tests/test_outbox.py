"""The life of a delivery, on paper: states, moves, and when the next attempt is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from digest.outbox import LEGAL, UNDELIVERED, WAITING, DeliveryState, next_attempt, sources_of

NOW = datetime(2025, 5, 9, 6, tzinfo=UTC)


def test_every_state_has_its_moves() -> None:
    """The table names every state; what waits can be sent, and what was sent is never sent again."""
    assert set(LEGAL) == set(DeliveryState)
    assert sources_of(DeliveryState.SENDING) == WAITING | {DeliveryState.SENDING}
    assert LEGAL[DeliveryState.SENT] == {DeliveryState.BOUNCED}


def test_what_was_not_delivered_can_only_be_queued_again() -> None:
    """Out of an end there is one way, which an operator takes; nothing else leads back to the queue but giving back."""
    assert all(LEGAL[state] == {DeliveryState.QUEUED} for state in UNDELIVERED)
    assert sources_of(DeliveryState.QUEUED) == UNDELIVERED | {DeliveryState.SENDING}


@given(st.text(), st.integers(1, 1000))
def test_pauses_grow_up_to_four_hours(key: str, tries: int) -> None:
    """The pause doubles from five minutes on, give or take a quarter, never beyond five hours, and is no chance's."""
    pause = next_attempt(key, tries, NOW) - NOW
    nominal = min(timedelta(minutes=5) * 2 ** min(tries - 1, 10), timedelta(hours=4))
    assert 0.75 * nominal <= pause <= 1.25 * nominal
    assert next_attempt(key, tries, NOW) - NOW == pause


def test_what_failed_together_does_not_come_back_together() -> None:
    """A thousand mails that one outage put off are spread over minutes."""
    instants = sorted(next_attempt(f"issue-{number}", 3, NOW) for number in range(1000))
    assert instants[-1] - instants[0] > timedelta(minutes=9)
