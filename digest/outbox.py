"""The life of a delivery: its states and the legal moves between them (pure; the store enforces them)."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum


class DeliveryState(StrEnum):
    """Where one reader's copy of one issue stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DEFERRED = "deferred"


LEGAL: dict[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.QUEUED: frozenset({DeliveryState.SENDING}),
    # From SENDING to SENDING when a sender died and its lease ran out: the same bytes go out under the same name.
    DeliveryState.SENDING: frozenset({DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.DEFERRED}),
    DeliveryState.DEFERRED: frozenset({DeliveryState.SENDING}),
    DeliveryState.SENT: frozenset(),
}

LEASE = timedelta(minutes=1)
"""How long a sender may hold a delivery before another one takes it over; writing a file takes milliseconds."""


class IllegalMoveError(Exception):
    """A move that `LEGAL` does not have, or of a delivery that does not exist: a bug, so not a `DigestError`."""


def sources_of(state: DeliveryState) -> frozenset[DeliveryState]:
    """The states from which a delivery may move to `state`."""
    return frozenset(source for source, targets in LEGAL.items() if state in targets)
