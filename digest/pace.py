"""How fast mails may leave, and when so many fail that the fault is likely ours (pure; instants are arguments)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable
    from datetime import datetime

_NONE = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Mails a second, a minute to one domain, and in 24 hours; 0 is without limit."""

    per_second: float = 0
    per_domain: float = 0
    per_day: int = 0


class Pace:
    """Gives each mail its turn: evenly spaced, over all and for each domain of recipients."""

    def __init__(self, limits: Limits) -> None:
        self._gap = timedelta(seconds=1 / limits.per_second) if limits.per_second else _NONE
        self._domain_gap = timedelta(minutes=1 / limits.per_domain) if limits.per_domain else _NONE
        self._free_at: datetime | None = None
        self._domain_free_at: dict[str, datetime] = {}
        self._turns: dict[Hashable, datetime] = {}

    def wait(self, now: datetime) -> timedelta:
        """How long it is until the next mail may leave."""
        return max(self._free_at - now, _NONE) if self._free_at else _NONE

    def left(self, now: datetime) -> None:
        """Note that a mail leaves now."""
        self._free_at = max(now, self._free_at or now) + self._gap

    def domain_turn(self, mail: Hashable, recipient: str, now: datetime) -> datetime:
        """When a mail may leave for the recipient's domain: now or later. It keeps the turn that it is given once."""
        if not self._domain_gap:
            return now
        at = self._turns.pop(mail, None)
        if at is None:
            domain = recipient.rpartition("@")[2].lower()
            at = max(now, self._domain_free_at.get(domain, now))
            self._domain_free_at[domain] = at + self._domain_gap
        if at > now:
            self._turns[mail] = at
        return at


class ErrorBudget:
    """Counts what fails among the last mails: where too many do, the next ones would do no better."""

    WINDOW = 100

    def __init__(self, failures: int) -> None:
        self._failures = failures
        self._last: deque[bool] = deque(maxlen=self.WINDOW)

    def spend(self, *, failed: bool) -> str:
        """Count a mail; in words what was spent when the budget is used up, else nothing."""
        self._last.append(failed)
        failures = sum(self._last)
        return f"{failures} of the last {len(self._last)} mails" if failed and failures >= self._failures else ""
