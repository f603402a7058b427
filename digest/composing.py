"""Issues of some readers, from ranking to the outbox; in several processes at once where there are many readers."""

from __future__ import annotations

import multiprocessing
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from digest import collector, gist, hand_over, secret
from digest.day import Day  # noqa: TC001  (a process has it before its work comes, which is one, and is waited for)
from digest.errors import TemplateError
from digest.fitting import Fitter
from digest.ranking import topn
from digest.run_report import RunReport
from digest.store import Store, issues, subscriptions
from digest.types import Issue, Skip, SkipReason
from digest.verp import token

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from digest.progress import Progress
    from digest.settings import Settings
    from digest.summaries import Summariser
    from digest.types import Profile

READERS = 500
"""Readers ranked together: the more, the fewer topics are made twice; few enough to hold."""

KEPT_TOGETHER = 250
"""Issues of one transaction: the disk is waited for once, and other programs for a tenth of a second at the most. With
fifty of them, two processes waited for each other for a tenth of their time."""

GISTS = 64
"""Papers whose gists are asked of a process at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be composed with: `now` is the instant that mails bear, `queued` that from when on they are tried."""

    settings: Settings
    today: Day
    now: datetime
    queued: datetime


class Composer:
    """Composes issues and, unless `keep` is false, puts them into the outbox."""

    def __init__(self, store: Store, work: Work, *, keep: bool = True, summariser: Summariser | None = None) -> None:
        self._store, self._work, self._keep, self._summariser = store, work, keep, summariser
        self._fitter = Fitter(work.settings)
        self._secret = secret.load(work.settings.secret) if keep else b""

    def compose(self, profiles: Sequence[Profile]) -> Iterator[RunReport]:
        """What became of the readers, some of them at a time."""
        for start in range(0, len(profiles), READERS):
            readers = profiles[start : start + READERS]
            made = zip(readers, self._work.today.compose(readers, now=self._work.now), strict=True)
            # A model is waited for at each issue, and what it wrote is worth keeping at once.
            while some := list(islice(made, 1 if self._summariser else KEPT_TOGETHER)):
                yield self._kept(some) if self._keep else _report([outcome for _, outcome in some])

    def _kept(self, made: Sequence[tuple[Profile, Issue | Skip]]) -> RunReport:
        """Put the issues into the outbox, in one transaction; another run that was quicker has its own stand."""
        report = RunReport()
        outcomes: list[Issue | Skip] = []
        entries: list[issues.Entry] = []
        for profile, outcome in made:
            if isinstance(outcome, Skip):
                outcomes.append(outcome)
                continue
            # Before the issue is kept, so that it is the same whenever it is shown; outside of the transaction.
            try:
                told = self._summariser.told(outcome, now=self._work.now) if self._summariser else outcome
                issue = self._fitter.fit(told)
            except TemplateError as error:
                report.fail(profile.slug, str(error))
                continue
            outcomes.append(issue)
            entries.append(
                issues.Entry(
                    issue=issue,
                    covered=self._work.today.covered(outcome, issue),
                    recipient=profile.email or "",
                    token=token(self._secret, issue.id, issue.profile),
                )
            )
        if entries:
            with self._store.writing() as connection:
                # Under the lock: whoever has said meanwhile that they want none gets none.
                stopped = subscriptions.stopped(connection, {entry.issue.profile for entry in entries})
                entries = [entry for entry in entries if entry.issue.profile not in stopped]
                added = deque(issues.add_all(connection, entries, now=self._work.queued))
            outcomes = [_unless(each, stopped, added) if isinstance(each, Issue) else each for each in outcomes]
        report.add(_report(outcomes))
        return report


def in_parallel(work: Work, profiles: Sequence[Profile], processes: int) -> Iterator[RunReport]:
    """The same by several processes, each with a share of the readers; what one of them raises is raised here."""
    # As many to each process, as the last one to end is waited for.
    rounds = -(-len(profiles) // (READERS * processes))
    size = -(-len(profiles) // (rounds * processes))
    shares = [profiles[start : start + size] for start in range(0, len(profiles), size)]
    # Forking would copy the locks of threads that are not copied.
    pool = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"), initializer=_begin)
    with TemporaryDirectory(prefix="digest-") as name, pool:
        folder = Path(name)
        for part in ("work", "gists"):
            (folder / part).mkdir()
        news = work.today.news[: gist.REMEMBERED]
        # They start, and find once for all what each would need, while the papers are counted here.
        titles, abstracts = [each.title for each in news], [each.abstract for each in news]
        gists = pool.map(gist.gist, titles, abstracts, chunksize=GISTS)
        hand_over.write(work, folder / "work")
        hand_over.write(list(gists), folder / "gists")
        for reports in pool.map(partial(_share, folder), shares):
            yield from reports


class _Worker:
    """What one of several processes works with."""

    composer: Composer | None = None


def _begin() -> None:
    collector.not_at_exit()
    # There is a process for each core already.
    topn.THREADS = 1
    threadpool_limits(1)


def _share(folder: Path, profiles: Sequence[Profile]) -> list[RunReport]:
    # The papers of a day stay to the end, so they need not be looked through for garbage again and again.
    with collector.seldom():
        if _Worker.composer is None:
            work: Work = hand_over.read(folder / "work")
            for paper, found in zip(work.today.news, hand_over.read(folder / "gists"), strict=False):
                gist.know(paper, found)
            _Worker.composer = Composer(Store(work.settings.database), work)
        return list(_Worker.composer.compose(profiles))


def _unless(issue: Issue, stopped: Mapping[str, SkipReason], added: deque[bool]) -> Issue | Skip:
    """An issue, or why it was not kept: its reader wants none any more, or another run was quicker."""
    if issue.profile in stopped:
        return Skip(profile=issue.profile, reason=stopped[issue.profile])
    return issue if added.popleft() else Skip(profile=issue.profile, reason=SkipReason.ALREADY_COMPOSED)


def _report(outcomes: Sequence[Issue | Skip]) -> RunReport:
    report = RunReport()
    for outcome in outcomes:
        if isinstance(outcome, Skip):
            report.skip(outcome.profile, outcome.reason)
        else:
            report.composed(outcome)
    return report


def watched(parts: Iterator[RunReport], total: int, progress: Progress) -> RunReport:
    """All parts as one, told as they come."""
    report = RunReport()
    for part in parts:
        report.add(part)
        done = len(report.issues) + len(report.skipped) + len(report.failed)
        progress.step("composing", done, total)
    return report
