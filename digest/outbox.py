"""The life of a delivery: its states, the legal moves between them, and when the next attempt is due (pure).

What is promised: a reader gets each issue once. An outcome is recorded when it is known and not before, so a sender
that dies leaves nothing unsent. What it had in flight goes out again with the same Message-ID, so that a receiver can
drop the copy; nothing else does. The store enforces the moves.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class DeliveryState(StrEnum):
    """Where one reader's copy of one issue stands."""

    QUEUED = "queued"
    """Waits to be sent."""
    SENDING = "sending"
    """In the hands of a sender, for as long as its lease runs."""
    SENT = "sent"
    """Accepted by the relay, or written where it belongs."""
    DEFERRED = "deferred"
    """Not taken for a reason that may pass: it is tried again."""
    UNCERTAIN = "uncertain"
    """All of it was handed over and no answer came: it is sent once more, then nobody knows."""
    REJECTED = "rejected"
    """Refused for good."""
    EXPIRED = "expired"
    """Too old to be of use when it could have been sent."""
    SUPPRESSED = "suppressed"
    """Not sent, because mails to this address came back or were complained of."""
    DROPPED = "dropped"
    """Taken out by the operator."""
    BOUNCED = "bounced"
    """Accepted, and then it came back."""


_S = DeliveryState

LEGAL: dict[DeliveryState, frozenset[DeliveryState]] = {
    _S.QUEUED: frozenset({_S.SENDING, _S.EXPIRED, _S.SUPPRESSED, _S.DROPPED}),
    # From SENDING to SENDING when a sender died: the same bytes go out under the same name, unless the address has been
    # suppressed since. To QUEUED when it gave back what it had not begun with.
    _S.SENDING: frozenset({_S.SENDING, _S.QUEUED, _S.SENT, _S.DEFERRED, _S.UNCERTAIN, _S.REJECTED, _S.SUPPRESSED}),
    _S.DEFERRED: frozenset({_S.SENDING, _S.EXPIRED, _S.SUPPRESSED, _S.DROPPED}),
    _S.UNCERTAIN: frozenset({_S.SENDING, _S.DROPPED, _S.BOUNCED}),
    _S.SENT: frozenset({_S.BOUNCED}),
    _S.REJECTED: frozenset({_S.QUEUED}),
    _S.EXPIRED: frozenset({_S.QUEUED}),
    _S.SUPPRESSED: frozenset({_S.QUEUED}),
    _S.DROPPED: frozenset({_S.QUEUED}),
    _S.BOUNCED: frozenset({_S.QUEUED}),
}

WAITING = frozenset({_S.QUEUED, _S.DEFERRED, _S.UNCERTAIN})
"""States of what is sent when it is due; an uncertain delivery that was sent twice is due no more."""

UNDELIVERED = frozenset({_S.REJECTED, _S.EXPIRED, _S.SUPPRESSED, _S.DROPPED, _S.BOUNCED})
"""States of what the reader did not get: its papers are candidates again."""

LEASE = timedelta(minutes=2)
"""How long a sender may hold a delivery without a sign of life before another one takes it over."""

HEARTBEAT = timedelta(seconds=20)
"""How often a sender that lives renews its leases."""

LOST_ANSWERS = 2
"""Answers that may be lost for one delivery: behind the first it is sent once more, behind the second it stays so."""

_FIRST_PAUSE = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(hours=4)
_SPREAD = 0.25


class IllegalMoveError(Exception):
    """A move that `LEGAL` does not have, or of a delivery that does not exist: a bug, so not a `DigestError`."""


def sources_of(state: DeliveryState) -> frozenset[DeliveryState]:
    """The states from which a delivery may move to `state`."""
    return frozenset(source for source, targets in LEGAL.items() if state in targets)


def next_attempt(key: str, tries: int, now: datetime) -> datetime:
    """When a delivery is tried again that failed for the moment `tries` times: after 5, 10, 20 minutes, up to 4 hours.

    The pause is up to a quarter longer or shorter, by a hash of `key` and `tries`, so that what failed together does
    not come back together, and the same inputs give the same instant.
    """
    pause = min(_FIRST_PAUSE * (1 << min(tries - 1, 16)), _LONGEST_PAUSE)
    drawn = int.from_bytes(hashlib.sha256(f"{key}\n{tries}".encode()).digest()[:4]) / 2**32
    return now + pause * (1 + _SPREAD * (2 * drawn - 1))
