"""What happens every few minutes: readers whose local time has come get their issues, once a period.

Who is due stands in our own table. Dispatchers may run at the same time and be killed at any moment: a reader has one
issue of a day, whoever composes it (a row that is unique), and whoever finds it there settles its period as issued; the
next period is written only by whoever found the last one as it still is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Protocol

from digest import alarms, correspondence, delivering, feeds, lateness, pipeline, readers, settling
from digest.adoption import adopt, wake
from digest.closing import close
from digest.completeness import spoken
from digest.corpus import Corpus
from digest.errors import DigestError
from digest.feeds import Kind
from digest.rendering import renderer as renderer_of
from digest.run_report import RunReport
from digest.store import batches, deliveries, letters, subscriptions
from digest.subscription import FILE
from digest.summaries import summariser as summariser_of
from digest.types import SkipReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from digest.clock import Clock
    from digest.progress import Progress
    from digest.settings import Settings
    from digest.settling import Plan
    from digest.store import Store
    from digest.subscription import Subscription
    from digest.summaries import Summariser
    from digest.types import Profile

PAGE = 10_000
"""Subscriptions looked at together: papers are counted anew for each page, and its readers are held in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """How some readers are composed for, as part of a run: when, out of which papers, and the choices."""

    now: datetime
    corpus: Corpus
    summariser: Summariser | None = None
    keep: bool = True
    progress: Progress | None = None


class ComposesDue(Protocol):
    """What `compose_due` is, here or with the help of other machines."""

    def __call__(self, store: Store, settings: Settings, *, now: datetime, environment: Mapping[str, str]) -> RunReport:
        """Compose the issues of all who are due, and settle what became of their periods."""


def dispatch(
    store: Store,
    settings: Settings,
    *,
    clock: Clock,
    environment: Mapping[str, str],
    progress: Progress | None = None,
    compose: ComposesDue | None = None,
) -> RunReport:
    """Compose what is due, hand over all mails that are, and letters; the operator is told if issues were composed.

    Raises:
        SettingsError: the secret, a password or the key to sign with cannot be read.
        TemplateError: an overriding template fails; nothing was composed.
        StoreError: the database cannot be used; what was not settled stays due.
    """
    now = clock.now().replace(microsecond=0)
    report = RunReport()
    is_news = False
    faults = adopt(store, settings, now=now)
    if _is_something_due(store, now):
        # A template's fault is told before anything is composed.
        ready = renderer_of(settings)
        composing = compose or partial(compose_due, progress=progress)
        report.add(composing(store, settings, now=now, environment=environment))
        is_news = bool(report.issues or report.failed)
        report.add(
            delivering.deliver(store, settings, ready, clock=clock, environment=environment, progress=progress),
        )
    report.add(write_letters(store, settings, now=now, environment=environment))
    if report.unlinked and not is_news:
        _alarm(store, settings, report, now=now, environment=environment)
    if is_news:
        close(
            store, settings, report, "dispatch", day=now.date(), started=now, ended=clock.now(), environment=environment
        )
    # Of these nobody writes to the operator: they are the same every few minutes until they are mended.
    for slug, why in faults.items():
        report.fail(slug, why)
    return report


def compose_due(
    store: Store,
    settings: Settings,
    *,
    now: datetime,
    environment: Mapping[str, str],
    keep: bool = True,
    progress: Progress | None = None,
) -> RunReport:
    """Compose the issues of all who are due, put them into the outbox, and settle what became of their periods.

    Where papers of the day are late, readers wait for them as long as the settings say. A reader whose profile has
    faults gets no issue in this period; one whose issue could not be made for a fault of the installation's stays due.
    With `keep` false nothing is written.
    """
    report = RunReport()
    if keep:
        wake(store, settings, now=now)
    corpus = Corpus()
    with summariser_of(store, settings, environment) as model:
        for page in due_pages(store, settings, report, now=now):
            part = _Part(now=now, corpus=corpus, summariser=model if keep else None, keep=keep, progress=progress)
            report.add(_dispatched(store, settings, page, part))
    return _with_gists(report, model)


def compose_some(
    store: Store,
    settings: Settings,
    slugs: Sequence[str],
    *,
    now: datetime,
    environment: Mapping[str, str],
    corpus: Corpus,
) -> RunReport:
    """As `compose_due` for those of these subscriptions that are due still: what was done for them before stands."""
    with store.reading() as connection:
        known = subscriptions.by_slugs(connection, set(slugs))
    due = [each for slug in slugs if (each := known.get(slug)) and each.due and each.due.at <= now]
    with summariser_of(store, settings, environment) as model:
        report = _dispatched(store, settings, due, _Part(now=now, corpus=corpus, summariser=model))
    return _with_gists(report, model)


def due_pages(store: Store, settings: Settings, report: RunReport, *, now: datetime) -> Iterator[list[Subscription]]:
    """Who is due and waits for no late papers, some thousands at a time; how many wait, and for what, is then reported.

    Between two pages those of the first one may be settled.
    """
    with store.reading() as connection:
        late = _late(store, settings, now) if (due := subscriptions.count_due(connection, now)) else ()
    wait = timedelta(minutes=settings.wait_minutes) if late else timedelta()
    taken, last = 0, None
    while due:
        with store.reading() as connection:
            page = subscriptions.due(connection, now, PAGE, after=last, wait=wait)
        if not page:
            break
        last = page[-1]
        going = [each for each in page if not settling.waits(each, now, wait)]
        taken += len(going)
        yield going
    if due > taken:
        report.postponed, report.late = due - taken, list(late)


def compose_now(  # noqa: PLR0913  (the world, and choices)
    store: Store,
    settings: Settings,
    profiles: Sequence[Profile],
    *,
    day: date,
    now: datetime,
    queued: datetime | None = None,
    corpus: Corpus | None = None,
    keep: bool = True,
    summariser: Summariser | None = None,
    progress: Progress | None = None,
) -> RunReport:
    """The issues of some readers on a day, whether they are due or not; as `pipeline.compose_issues` otherwise.

    What readers chose for their subscriptions counts. Their periods are settled when they come: with the issue.
    """
    report = RunReport()
    for window, some in _by_window(store, settings, profiles, day).items():
        done = pipeline.compose_issues(
            store,
            settings,
            some,
            day=day,
            now=now,
            queued=queued,
            window_days=window,
            corpus=corpus,
            keep=keep,
            summariser=summariser,
            progress=progress,
        )
        report.add(_without_gists(done))
    return _with_gists(report, summariser)


def idle(
    store: Store, settings: Settings, profiles: Sequence[Profile], *, day: date, now: datetime, is_due: bool = False
) -> RunReport | None:
    """The report of a run that would have nothing to do, found without ranking; None if there is something to do.

    With `is_due` the run also has to do with whoever is due.
    """
    unlinked = correspondence.unlinked(store, settings)
    with store.reading() as connection:
        if is_due and (subscriptions.count_due(connection, now) or letters.waiting(connection) > unlinked):
            return None
    report = RunReport(unlinked=unlinked)
    for window, some in (_by_window(store, settings, profiles, day) or {settings.window_days: []}).items():
        part = pipeline.idle(store, settings, some, day=day, now=now, window_days=window)
        if part is None:
            return None
        # All of them tell of the same outbox.
        report.held = 0
        report.add(part)
    return report


def named(store: Store, settings: Settings, slugs: Iterable[str]) -> readers.Readers:
    """The profiles of subscriptions by name, and why some have none; names of no subscription are left out."""
    with store.reading() as connection:
        return readers.load(connection, settings, subscriptions.by_slugs(connection, set(slugs)).values())


def write_letters(store: Store, settings: Settings, *, now: datetime, environment: Mapping[str, str]) -> RunReport:
    """Hand over the letters that are due; a fault is in the report, and they stay due."""
    report = RunReport(unlinked=correspondence.unlinked(store, settings))
    try:
        sent = correspondence.send_due(store, settings, now=now, environment=environment)
    except DigestError as error:
        report.fail("", f"letters: {error}")
        return report
    report.letters = sent.sent
    for why, number in (sent.faults or {}).items():
        report.fail("", f"letters: {why} ({number})")
    return report


def _alarm(
    store: Store, settings: Settings, report: RunReport, *, now: datetime, environment: Mapping[str, str]
) -> None:
    """Tell of letters that wait where nothing else is told."""
    try:
        alarms.tell(store, settings, alarms.of_letters(store, settings), now=now, environment=environment)
    except DigestError as error:
        report.fail("", str(error))


def _is_something_due(store: Store, now: datetime) -> bool:
    """Whether issues are to be composed or mails to be sent, those of a sender that may be dead among them."""
    with store.reading() as connection:
        return bool(
            subscriptions.count_due(connection, now)
            or deliveries.waiting(connection, now=now)
            or deliveries.held(connection, now=now)
        )


def _late(store: Store, settings: Settings, now: datetime) -> tuple[str, ...]:
    """The sources, as they are spoken of, whose papers of the day are late; the day is that of UTC, as theirs are."""
    origins = [source.origin for source in map(feeds.parse, settings.sources) if source.kind != Kind.FOLDER]
    with store.reading() as connection:
        known = {origin: batches.of(connection, origin) for origin in origins}
    return tuple(map(spoken, lateness.late(known, now.date())))


def _dispatched(store: Store, settings: Settings, due: Sequence[Subscription], part: _Part) -> RunReport:
    """Compose for those whose turn it is, and settle."""
    plans = [settling.plan(each, settings, part.now) for each in due]
    groups: dict[tuple[date, int], list[Plan]] = {}
    for plan in plans:
        if plan.turn.now:
            day = plan.turn.now.day
            groups.setdefault((day, plan.reaching.window(day, settings.window_days)), []).append(plan)
    report = RunReport()
    became: dict[str, str] = {}
    gone: set[str] = set()
    for (day, window), group in groups.items():
        with store.reading() as connection:
            found = readers.load(connection, settings, [plan.reaching for plan in group])
        gone |= found.gone
        for slug, why in found.faults.items():
            became[slug] = why
            if slug not in found.gone:
                report.fail(slug, why)
        done = pipeline.compose_issues(
            store,
            settings,
            list(found.profiles.values()),
            day=day,
            now=part.now,
            window_days=window,
            corpus=part.corpus,
            keep=part.keep,
            summariser=part.summariser,
            progress=part.progress,
        )
        became |= settling.outcomes(done)
        done.skipped = [each for each in done.skipped if each["reason"] != SkipReason.ALREADY_COMPOSED]
        report.add(_without_gists(done))
    settled, missed = settling.settlements(store, plans, became, gone, part.now)
    report.missed = missed
    if part.keep and settled:
        with store.writing() as connection:
            subscriptions.settle(connection, settled, part.now)
    return report


def _without_gists(done: RunReport) -> RunReport:
    """A report of a part that does not tell what the summariser did by then, for all parts."""
    done.gists, done.gist_faults = {}, {}
    return done


def _with_gists(report: RunReport, summariser: Summariser | None) -> RunReport:
    if summariser:
        report.gists, report.gist_faults = dict(summariser.counts), dict(summariser.faults)
    return report


def _by_window(store: Store, settings: Settings, profiles: Sequence[Profile], day: date) -> dict[int, list[Profile]]:
    """The readers, as they chose what they get, by how many days their issues reach back."""
    with store.reading() as connection:
        known = subscriptions.by_slugs(connection, {each.slug for each in profiles})
    groups: dict[int, list[Profile]] = {}
    for profile in profiles:
        each = known.get(profile.slug)
        window = each.window(day, settings.window_days) if each else settings.window_days
        chosen = readers.as_chosen(profile, each, profile.email) if each and each.digest == FILE else profile
        groups.setdefault(window, []).append(chosen)
    return groups
