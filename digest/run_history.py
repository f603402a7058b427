"""What a run did, kept for the operator without any reader's name, and what is odd about it beside the runs before."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from digest.transport import reply_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime, timedelta

    from digest.run_report import RunReport

FAULTS_KEPT = 20
"""Different faults that are kept of a run; of others it is known how many there were."""

COMPARED = 14
"""Runs with issues that one is compared with."""

ENOUGH = 5
"""Runs that it takes to say what is usual."""

JUMP = 2.5
"""How many times the usual share of papers above the bar, or how small a part of it, is odd."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run: when it began, how long it took, and what came of it.

    Of the papers that were new to its readers (`considered`, a paper as often as it has readers), `passed` were above
    the bar and `papers` stood in issues. `skips` and `mails` count by reason and by outcome, `faults` by what failed.
    """

    kind: str
    day: date
    started: datetime
    took: timedelta
    issues: int = 0
    considered: int = 0
    passed: int = 0
    papers: int = 0
    delivered: int = 0
    failed: int = 0
    skips: dict[str, int]
    mails: dict[str, int]
    faults: dict[str, int]

    @property
    def above_bar(self) -> float | None:
        """The share of papers above the bar; None where there were none to rank."""
        return self.passed / self.considered if self.considered else None

    @property
    def is_idle(self) -> bool:
        """Whether it had nothing to do."""
        return not (self.issues or self.delivered or self.failed or self.mails)


def run_of(report: RunReport, kind: str, *, day: date, started: datetime, ended: datetime) -> Run:
    """What is kept of a report."""
    faults: dict[str, int] = {}
    for fault in report.failed:
        # Of several lines the first says what it is; whatever looks like an address is hidden.
        why = reply_line(fault["why"].partition("\n")[0])
        if why in faults or len(faults) < FAULTS_KEPT:
            faults[why] = faults.get(why, 0) + 1
    return Run(
        kind=kind,
        day=day,
        started=started,
        took=ended - started,
        issues=len(report.issues),
        considered=_sum(report, "considered"),
        passed=_sum(report, "passed"),
        papers=_sum(report, "papers"),
        delivered=report.delivered,
        failed=len(report.failed),
        skips=dict(report.skips()),
        mails={str(state): count for state, count in report.outcomes.items()},
        faults=faults,
    )


def drift(run: Run, earlier: Sequence[Run]) -> str | None:
    """What is odd about a run's ranking, in words; None if nothing is, or too little is known.

    When far more or far fewer papers than usual are above the readers' bars, it is seldom the papers: a source that
    sends texts without abstracts, or statistics that were lost, moves all scores at once.
    """
    usual = [share for each in earlier if each.considered and (share := each.above_bar) is not None][-COMPARED:]
    if run.above_bar is None or len(usual) < ENOUGH:
        return None
    middle = median(usual)
    if middle / JUMP <= run.above_bar <= middle * JUMP:
        return None
    return f"{run.above_bar:.1%} of papers were above their readers' bars, where {middle:.1%} are usual"


def _sum(report: RunReport, key: str) -> int:
    counts: list[dict[str, Any]] = report.issues
    return sum(int(each[key]) for each in counts)
