"""What the answer to a mail makes of its delivery, and how that is told (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.outbox import LOST_ANSWERS, DeliveryState, next_attempt
from digest.store.deliveries import Settled
from digest.transport import Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from digest.store.deliveries import Claim
    from digest.transport import Receipt


def settled(claim: Claim, receipt: Receipt, now: datetime) -> Settled:
    """Where the delivery stands from now on, and when it is due again."""
    if receipt.outcome is Outcome.ACCEPTED:
        return Settled(claim=claim, state=DeliveryState.SENT)
    again = next_attempt(f"{claim.issue_id}/{claim.subscriber}", claim.tries + claim.lost + 1, now)
    match receipt.outcome:
        case Outcome.DEFERRED:
            return Settled(claim=claim, state=DeliveryState.DEFERRED, due=again, why=receipt.reply, failed=1)
        case Outcome.REJECTED:
            return Settled(claim=claim, state=DeliveryState.REJECTED, why=receipt.reply)
        case Outcome.UNCERTAIN:
            due = again if claim.lost + 1 < LOST_ANSWERS else None
            return Settled(claim=claim, state=DeliveryState.UNCERTAIN, due=due, why=receipt.reply, lost=1)


def told(outcome: Settled) -> str:
    """What became of a mail that was not sent, in the words of a report."""
    why = outcome.why or "no reason was given"
    if outcome.state is DeliveryState.UNCERTAIN:
        tail = "it is sent once more" if outcome.due else "it was sent twice, and nobody knows whether it came"
        return f"no answer to the whole mail, {tail}: {why}"
    return f"{outcome.state}: {why}"
