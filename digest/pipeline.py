"""One function a stage, the world passed in: rank, compose, deliver; every engine and the preview go through here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parseaddr
from functools import cached_property
from typing import TYPE_CHECKING, Any

from digest import foresight
from digest.errors import DeliveryError, StoreError, TemplateError
from digest.explain import explain as explain_ranking
from digest.explain import refused
from digest.issue import compose
from digest.message import build, list_id, message_id
from digest.progress import Silent
from digest.ranking.rank import AUTHOR_SCORE, Ranker
from digest.store import deliveries, issues, papers
from digest.transport import Folder, write_whole
from digest.types import Envelope, Issue, Skip, SkipReason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from digest.explain import Explanation
    from digest.progress import Progress
    from digest.render import Renderer
    from digest.settings import Settings
    from digest.store import Store
    from digest.types import Match, Paper, Profile, Rendered

DELIVERIES = 200
"""Deliveries claimed at once."""


@dataclass(slots=True)
class RunReport:
    """What a run did for each reader, by profile name; addresses never appear.

    `delivered` counts the mails handed over, those that an earlier run left in the outbox included; `held` those that
    another sender has in hand, or had when it was stopped: their leases run out within `digest.outbox.LEASE`.
    """

    issues: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)
    delivered: int = 0
    held: int = 0

    def composed(self, issue: Issue) -> None:
        """Count an issue."""
        line = {"profile": issue.profile, "papers": len(issue.matches), "considered": issue.considered}
        self.issues.append(line)

    def skip(self, profile: str, reason: SkipReason) -> None:
        """Count a reader who gets none."""
        self.skipped.append({"profile": profile, "reason": reason.value})

    def fail(self, profile: str, why: str) -> None:
        """Count a fault; `profile` is empty where it is not one reader's."""
        self.failed.append({"profile": profile, "why": why})

    def add(self, other: RunReport) -> None:
        """Count what another part of the run did."""
        self.issues += other.issues
        self.skipped += other.skipped
        self.failed += other.failed
        self.delivered += other.delivered
        self.held += other.held

    def skips(self) -> list[tuple[str, int]]:
        """How many readers get no issue for each reason, the commonest first."""
        return Counter(skip["reason"] for skip in self.skipped).most_common()


def rank(
    store: Store,
    settings: Settings,
    profile: Profile,
    *,
    since: date | None = None,
    until: date | None = None,
    explained: int | None = None,
) -> list[Match]:
    """All papers that were news from `since` to `until` (both included; None is unbounded), highest score first.

    An issue gives every interest its turn; here all are in one order. The first `explained` bear their evidence, which
    takes most of the time; all if None.
    """
    with store.reading() as connection:
        found = [paper for _, _, paper in papers.between(connection, since, until)]
        background = papers.before(connection, since, settings.background_papers) if since else []
        judged = papers.by_ids(connection, (*profile.liked, *profile.disliked))
    ranker = Ranker(found, background, judged)
    if explained is None:
        return _by_score(ranker.rank(profile))
    ranking = _by_score(ranker.rank(profile, explained=0))
    first = {match.paper.id for match in ranking[:explained]}
    return _by_score(ranker.rank(profile, among=first)) + ranking[explained:]


def idle(
    store: Store, settings: Settings, profiles: Sequence[Profile], *, day: date, now: datetime
) -> RunReport | None:
    """The report of a run that would have nothing to do, found without ranking; None if there is something to do."""
    today = _Day(store, settings, profiles, day)
    report = RunReport()
    for profile in profiles:
        reason = today.reason_for_none(profile, addressed=True)
        if reason is None:
            return None
        report.skip(profile.slug, reason)
    with store.reading() as connection:
        report.held = deliveries.held(connection, now=now)
        return None if deliveries.waiting(connection, now=now) else report


def compose_issues(  # noqa: PLR0913  (the world, and two choices)
    store: Store,
    settings: Settings,
    profiles: Sequence[Profile],
    *,
    day: date,
    now: datetime,
    keep: bool = True,
    progress: Progress | None = None,
) -> RunReport:
    """Compose the readers' issues of a day and put them into the outbox, each in a transaction of its own.

    With `keep` false nothing is written: the report says what would be.
    """
    report = RunReport()
    watch = progress or Silent()
    today = _Day(store, settings, profiles, day)
    for number, profile in enumerate(profiles, start=1):
        outcome = today.compose(profile, now=now, addressed=True)
        if isinstance(outcome, Issue) and keep:
            outcome = _enqueue(store, profile, outcome, covered_seq=today.last_seq, now=now)
        if isinstance(outcome, Skip):
            report.skip(outcome.profile, outcome.reason)
        else:
            report.composed(outcome)
        watch.step("composing", number, len(profiles))
    return report


def preview(store: Store, settings: Settings, profile: Profile, *, day: date, now: datetime) -> Issue | Skip:
    """The reader's issue of a day: the one that was composed if there is one, else the one that would be."""
    with store.reading() as connection:
        composed = issues.of_day(connection, profile.slug, day)
    if composed is not None:
        return composed
    return _Day(store, settings, [profile], day).compose(profile, now=now, addressed=False)


def explain(store: Store, settings: Settings, profile: Profile, paper_id: str, *, day: date) -> Explanation:
    """Why a paper is in the reader's issue of a day, or why not: of the issue that was sent, or of the one to come.

    Raises:
        StoreError: the paper is not known.
    """
    with store.reading() as connection:
        paper = papers.by_ids(connection, [paper_id]).get(paper_id)
        sent = issues.of_day(connection, profile.slug, day)
        issued = issues.recommended_on(connection, profile.slug, paper_id)
    if paper is None:
        raise StoreError(f"no such paper: {paper_id!r}: it was never ingested")
    if issued is not None and issued != day:
        return refused(profile, paper, f"it was in your issue of {issued}")
    return _Day(store, settings, [profile], day).explain(profile, paper, sent)


def compare(
    store: Store, settings: Settings, old: Profile, new: Profile, *, until: date, days: int
) -> foresight.Difference:
    """What the new profile would have chosen other than the old one from the news of `days` days up to `until`."""
    since = until - timedelta(days=days - 1)
    with store.reading() as connection:
        window = papers.between(connection, since, until)
        background = papers.before(connection, since, settings.background_papers)
        judged = papers.by_ids(connection, (*old.liked, *old.disliked, *new.liked, *new.disliked))
    if not window:
        return foresight.difference([], [])
    ranker = Ranker([paper for _, _, paper in window], background, judged)
    news: dict[date, list[str]] = {}
    for _, day, paper in window:
        news.setdefault(day, []).append(paper.id)
    return foresight.difference(foresight.choices(ranker, old, news), foresight.choices(ranker, new, news))


def mail(settings: Settings, rendered: Rendered, issue: Issue, recipient: str) -> bytes:
    """The message that carries an issue: the same issue, recipient and settings give the same bytes.

    Raises:
        DeliveryError: the sender or the recipient is no address that a mail can bear.
    """
    _, address = parseaddr(settings.sender)
    domain = address.rpartition("@")[2]
    envelope = Envelope(
        sender=settings.sender,
        recipient=recipient,
        date=issue.composed,
        message_id=message_id(issue.id, issue.profile, domain),
        list_id=list_id(issue.profile, domain),
    )
    return build(rendered, envelope)


def deliver(
    store: Store, settings: Settings, renderer: Renderer, *, now: datetime, progress: Progress | None = None
) -> RunReport:
    """Hand over all mails that are due, and write each issue's web page; every outcome is recorded as it happens.

    A mail that cannot be handed over stays due, and spoils no other one's delivery.
    """
    report = RunReport()
    watch = progress or Silent()
    with store.reading() as connection:
        total = deliveries.waiting(connection, now=now)
    done = 0
    after = ("", "")
    while True:
        with store.writing() as connection:
            claims = deliveries.claim(connection, now=now, limit=DELIVERIES, after=after)
            found = issues.by_ids(connection, {claim.issue_id for claim in claims})
            report.held = deliveries.held(connection, now=now)
        if not claims:
            return report
        for claim in claims:
            # Where another sender has taken a delivery over meanwhile, what becomes of it is that one's to report.
            try:
                _hand_over(settings, renderer, found[claim.issue_id], claim.recipient)
            except (DeliveryError, TemplateError) as error:
                with store.writing() as connection:
                    if deliveries.deferred(connection, claim, now=now, error=str(error)):
                        report.fail(claim.subscriber, str(error))
            else:
                with store.writing() as connection:
                    report.delivered += deliveries.sent(connection, claim, now=now)
            done += 1
            watch.step("delivering", done, total)
        after = (claims[-1].issue_id, claims[-1].subscriber)


class _Day:
    """What is known on a day when readers' issues are composed: the papers, and how far each reader was served."""

    def __init__(self, store: Store, settings: Settings, profiles: Sequence[Profile], day: date) -> None:
        self.day = day
        self._store = store
        self._since = day - timedelta(days=settings.window_days - 1)
        self._background_papers = settings.background_papers
        self._judged_ids = {paper_id for each in profiles for paper_id in (*each.liked, *each.disliked)}
        with store.reading() as connection:
            self._window = papers.between(connection, self._since, day)
            self._served = {each.slug: issues.coverage(connection, each.slug) for each in profiles}
            self._ledger = {each.slug: issues.recommended(connection, each.slug) for each in profiles}
            self.last_seq = papers.last_seq(connection)

    @cached_property
    def _ranker(self) -> Ranker:
        # Counting the terms takes most of the time, so it is done once, and only if a reader is due.
        with self._store.reading() as connection:
            background = papers.before(connection, self._since, self._background_papers)
            judged = papers.by_ids(connection, self._judged_ids)
        return Ranker([paper for _, _, paper in self._window], background, judged)

    def compose(self, profile: Profile, *, now: datetime, addressed: bool) -> Issue | Skip:
        """The reader's issue or why there is none; `addressed` asks for an e-mail address first."""
        reason = self.reason_for_none(profile, addressed=addressed)
        if reason is not None:
            return Skip(profile=profile.slug, reason=reason)
        fresh = self._fresh(profile)
        # A followed author's paper may stand before others and yet miss a bar as high as this.
        explained = profile.max_papers if profile.min_score <= AUTHOR_SCORE else None
        ranking = self._ranker.rank(profile, among=fresh, explained=explained)
        return compose(profile, ranking, considered=len(fresh), day=self.day, now=now)

    def explain(self, profile: Profile, paper: Paper, sent: Issue | None) -> Explanation:
        """What became of a paper in the issue that was sent, or would become of it in the one to come."""
        if all(known.id != paper.id for _, _, known in self._window):
            return refused(profile, paper, f"window_days: it was no news from {self._since} to {self.day}")
        if sent is None:
            fresh = self._fresh(profile)
        else:
            # What was new then: all of the window that no other issue had.
            earlier = self._ledger[profile.slug]
            fresh = {known.id for seq, _, known in self._window if seq not in earlier}
            fresh |= {match.paper.id for match in sent.matches}
        if paper.id not in fresh:
            return refused(profile, paper, "it was looked at for an earlier issue and was not chosen for it")
        return explain_ranking(profile, paper, self._ranker.rank(profile, among=fresh))

    def reason_for_none(self, profile: Profile, *, addressed: bool) -> SkipReason | None:
        """Why the reader gets no issue, as far as that is known before ranking."""
        served = self._served[profile.slug]
        if addressed and profile.email is None:
            return SkipReason.NO_ADDRESS
        if served is not None and served.day >= self.day:
            return SkipReason.ALREADY_COMPOSED if served.day == self.day else SkipReason.LATER_ISSUE
        return None if self._fresh(profile) else SkipReason.NO_NEW_PAPERS

    def _fresh(self, profile: Profile) -> set[str]:
        """Ids of the papers that are new to the reader: not looked at for an earlier issue, never recommended."""
        served = self._served[profile.slug]
        recommended = self._ledger[profile.slug]
        return {
            paper.id
            for seq, news_day, paper in self._window
            if seq not in recommended and not (served and seq <= served.seq and news_day <= served.day)
        }


def _by_score(ranking: Sequence[Match]) -> list[Match]:
    return sorted(ranking, key=lambda match: (-match.score, match.paper.id))


def _enqueue(store: Store, profile: Profile, issue: Issue, *, covered_seq: int, now: datetime) -> Issue | Skip:
    with store.writing() as connection:
        added = issues.add(connection, issue, covered_seq=covered_seq, recipient=profile.email or "", now=now)
    # If not, another run was quicker; its issue stands.
    return issue if added else Skip(profile=profile.slug, reason=SkipReason.ALREADY_COMPOSED)


def _hand_over(settings: Settings, renderer: Renderer, issue: Issue, recipient: str) -> None:
    rendered = renderer.render(issue)
    name = f"{issue.day.isoformat()}-{issue.profile}"
    write_whole(settings.pages / f"{name}.html", rendered.page.encode())
    Folder(settings.outbox).send(name, mail(settings, rendered, issue, recipient))
