"""One function a stage, the world passed in: rank, compose, preview; every engine and the site go through here."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from digest import collector, foresight, secret
from digest.composing import Composer, Work, watched
from digest.composing import in_parallel as in_processes
from digest.day import Day
from digest.delivering import SHARED
from digest.errors import StoreError
from digest.explain import refused
from digest.fitting import Fitter
from digest.originator import Originator
from digest.outbox import WAITING
from digest.progress import Silent
from digest.ranking.rank import Ranker
from digest.run_report import RunReport
from digest.store import Store, deliveries, issues, papers, subscriptions
from digest.store.statistics import of_all as all_statistics
from digest.types import Issue, Skip
from digest.verp import token

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from digest.corpus import Corpus
    from digest.explain import Explanation
    from digest.progress import Progress
    from digest.settings import Settings
    from digest.summaries import Summariser
    from digest.types import Mail, Match, Profile


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
    return Ranker(found, background, judged, all_statistics(store), until).best_by_score(profile, explained=explained)


def idle(
    store: Store,
    settings: Settings,
    profiles: Sequence[Profile],
    *,
    day: date,
    now: datetime,
    window_days: int | None = None,
) -> RunReport | None:
    """The report of a run that would have nothing to do, found without ranking; None if there is something to do."""
    going, report = _going(store, profiles)
    today = Day(store, settings, going, day, window_days)
    for profile in going:
        reason = today.reason_for_none(profile)
        if reason is None:
            return None
        report.skip(profile.slug, reason)
    with store.reading() as connection:
        report.held = deliveries.held(connection, now=now)
        report.retry_at = deliveries.next_due(connection, WAITING)
        return None if deliveries.waiting(connection, now=now) else report


def compose_issues(  # noqa: PLR0913  (the world, and two choices)
    store: Store,
    settings: Settings,
    profiles: Sequence[Profile],
    *,
    day: date,
    now: datetime,
    queued: datetime | None = None,
    window_days: int | None = None,
    corpus: Corpus | None = None,
    keep: bool = True,
    summariser: Summariser | None = None,
    progress: Progress | None = None,
) -> RunReport:
    """Compose the readers' issues of a day and put them into the outbox, each whole or not at all.

    `now` is the instant that the mails bear, `queued` the clock's, from when on they are tried; the same if not given.
    They reach back `window_days`, or as far as the settings say. Parts of one run have the same `corpus`. With `keep`
    false nothing is written and no model is asked: the report says what would be.
    """
    going, report = _going(store, profiles)
    with collector.seldom():
        today = Day(store, settings, going, day, window_days, corpus=corpus)
        work = Work(settings=settings, today=today, now=now, queued=queued or now)
        if keep and not summariser and settings.at_once > 1 and len(going) >= SHARED:
            parts = in_processes(work, going, settings.at_once)
        else:
            parts = Composer(store, work, keep=keep, summariser=summariser).compose(going)
        report.add(watched(parts, len(going), progress or Silent()))
    if summariser:
        report.gists, report.gist_faults = dict(summariser.counts), dict(summariser.faults)
    return report


def _going(store: Store, profiles: Sequence[Profile]) -> tuple[Sequence[Profile], RunReport]:
    """Those of the readers who want issues now; the others are in the report, each with the reason."""
    report = RunReport()
    with store.reading() as connection:
        stopped = subscriptions.stopped(connection, {each.slug for each in profiles})
    for slug, reason in stopped.items():
        report.skip(slug, reason)
    return [each for each in profiles if each.slug not in stopped], report


def preview(
    store: Store,
    settings: Settings,
    profile: Profile,
    *,
    day: date,
    now: datetime,
    summariser: Summariser | None = None,
) -> Issue | Skip:
    """The reader's issue of a day: the one that was composed if there is one, else the one that would be.

    A model that is asked for its gists is not asked again when the issue is composed.
    """
    with store.reading() as connection:
        composed = issues.of_day(connection, profile.slug, day)
    if composed is not None:
        return composed
    (outcome,) = Day(store, settings, [profile], day).compose([profile], now=now)
    if isinstance(outcome, Skip):
        return outcome
    return Fitter(settings).fit(summariser.told(outcome, now=now) if summariser else outcome)


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
    return Day(store, settings, [profile], day).explain(profile, paper, sent)


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
    ranker = Ranker([paper for _, _, paper in window], background, judged, all_statistics(store), until)
    news: dict[date, list[str]] = {}
    for _, day, paper in window:
        news.setdefault(day, []).append(paper.id)
    return foresight.difference(foresight.choices(ranker, old, news), foresight.choices(ranker, new, news))


def mail(settings: Settings, rendered: Mail, issue: Issue, recipient: str) -> bytes:
    """The message that carries an issue: the same issue, recipient and settings give the same bytes.

    Raises:
        DeliveryError: the sender or the recipient is no address that a mail can bear.
        SettingsError: the key to sign with or the installation's secret cannot be read.
    """
    # As the delivery has it, which is known by that when it comes back.
    mark = token(secret.load(settings.secret), issue.id, issue.profile) if settings.delivery.bounce_address else None
    return Originator(settings).parcel(rendered, issue, recipient, mark).content
