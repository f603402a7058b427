"""What a run did for each reader."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from digest.types import Issue, SkipReason


@dataclass(slots=True)
class RunReport:
    """What a run did for each reader, by profile name; addresses never appear.

    `delivered` counts the mails handed over, those that an earlier run left in the outbox included; `unmailed` issues
    of readers without an address, whose pages and feeds were written; `held` counts mails that another sender has in
    hand, or had when it was stopped: their leases run out within `digest.outbox.LEASE`. `outcomes` counts the other
    mails by what became of them (`rejected`, `deferred` …). `waiting` counts mails that were not begun with, and
    `retry_at` is when the next of those is due that failed for the moment. `gists` counts the gists of these
    issues by who wrote them (`model`, `source`, `extraction`), `gist_faults` why a model wrote none; both are empty
    where no model is named. `postponed` counts readers whose issues are due and wait for papers of the sources that are
    `late`, `missed` the periods that passed without an issue, `letters` the other mails that were sent, and `unlinked`
    those that wait for a `site_url`.
    """

    issues: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)
    delivered: int = 0
    unmailed: int = 0
    held: int = 0
    waiting: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    retry_at: datetime | None = None
    gists: dict[str, int] = field(default_factory=dict)
    gist_faults: dict[str, int] = field(default_factory=dict)
    postponed: int = 0
    late: list[str] = field(default_factory=list)
    missed: int = 0
    letters: int = 0
    unlinked: int = 0

    def composed(self, issue: Issue) -> None:
        """Count an issue."""
        counts = {"papers": len(issue.matches), "considered": issue.considered, "passed": issue.passed}
        self.issues.append({"profile": issue.profile, **counts})

    def skip(self, profile: str, reason: SkipReason) -> None:
        """Count a reader who gets none."""
        self.skipped.append({"profile": profile, "reason": reason.value})

    def fail(self, profile: str, why: str) -> None:
        """Count a fault; `profile` is empty where it is not one reader's."""
        self.failed.append({"profile": profile, "why": why})

    def count(self, state: str, number: int = 1) -> None:
        """Count mails that were not delivered, by their state."""
        self.outcomes[state] = self.outcomes.get(state, 0) + number

    def add(self, other: RunReport) -> None:
        """Count what another part of the run did."""
        self.issues += other.issues
        self.skipped += other.skipped
        self.failed += other.failed
        self.delivered += other.delivered
        self.unmailed += other.unmailed
        self.held += other.held
        self.waiting = max(self.waiting, other.waiting)
        self.outcomes = dict(Counter(self.outcomes) + Counter(other.outcomes))
        self.retry_at = min(filter(None, (self.retry_at, other.retry_at)), default=None)
        self.gists = dict(Counter(self.gists) + Counter(other.gists))
        self.gist_faults = dict(Counter(self.gist_faults) + Counter(other.gist_faults))
        self.postponed += other.postponed
        self.late = list(dict.fromkeys((*self.late, *other.late)))
        self.missed += other.missed
        self.letters += other.letters
        self.unlinked = max(self.unlinked, other.unlinked)

    def add_again(self, other: RunReport) -> None:
        """Count what a part of the run did that looked at some readers a second time; what was said stays said once."""
        skipped, failed = ({tuple(each.items()) for each in of} for of in (self.skipped, self.failed))
        other.skipped = [each for each in other.skipped if tuple(each.items()) not in skipped]
        other.failed = [each for each in other.failed if tuple(each.items()) not in failed]
        self.add(other)

    def details(self) -> list[tuple[str, int]]:
        """What there is to count beside issues and mails, in words, and how many there were of each."""
        counts = {
            "issues without mail": self.unmailed,
            "mails held by another run": self.held,
            f"issues that wait for {', '.join(self.late)}": self.postponed,
            "issues missed": self.missed,
            "letters": self.letters,
            "letters that wait for a site_url": self.unlinked,
        }
        return [
            *((what, count) for what, count in counts.items() if count),
            *((f"mails {state}", count) for state, count in self.outcomes.items()),
            *((f"gists by {who}", count) for who, count in self.gists.items()),
            *((f"gists not by the model: {why}", count) for why, count in self.gist_faults.items()),
            *((f"no issue: {reason}", count) for reason, count in self.skips()),
        ]

    def skips(self) -> list[tuple[str, int]]:
        """How many readers get no issue for each reason, the commonest first."""
        return Counter(skip["reason"] for skip in self.skipped).most_common()
