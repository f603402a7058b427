"""A day on which issues are composed: what is news, what of it is new to each reader, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING

from digest.completeness import account
from digest.corpus import Corpus
from digest.events import told
from digest.explain import explain, refused
from digest.issue import compose
from digest.store import batches, bounces, changes, events, failures, issues, papers
from digest.store.statistics import of_all as all_statistics
from digest.types import Skip, SkipReason, Update

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    import sqlalchemy as sa

    from digest.explain import Explanation
    from digest.ranking.rank import Ranker
    from digest.settings import Settings
    from digest.store import Store
    from digest.types import Issue, Paper, Profile


class Day:
    """What is known on a day when readers' issues are composed: the papers, and how far each reader was served."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        profiles: Sequence[Profile],
        day: date,
        window_days: int | None = None,
        *,
        corpus: Corpus | None = None,
    ) -> None:
        self.day = day
        self._store = store
        self._corpus = corpus or Corpus()
        self._since = day - timedelta(days=(window_days or settings.window_days) - 1)
        self._since_of = {each.slug: each.since for each in profiles if each.since}
        self._background_papers = settings.background_papers
        self._news: dict[tuple[int, date, date] | date, tuple[dict[int, str], frozenset[str]]] = {}
        self._judged_ids = {paper_id for each in profiles for paper_id in (*each.liked, *each.disliked)}
        with store.reading() as connection:
            self._suppressed = bounces.suppressed(connection, {each.email for each in profiles if each.email})
            slugs = {each.slug for each in profiles}
            self._served = issues.coverages(connection, slugs)
            self._last_seq = self._corpus.last(papers.last_seq(connection))
            self._window = [each for each in papers.between(connection, self._since, day) if each[0] <= self._last_seq]
            # What had no room last time is looked at once more, however old it is by now.
            known = {seq for seq, _, _ in self._window}
            held = {seq for each in self._served.values() for seq in each.held} - known
            self._window = sorted([*self._window, *papers.by_seqs(connection, held)], key=itemgetter(0))
            self._id_of = {seq: paper.id for seq, _, paper in self._window}
            self._ledger = issues.ledgers(connection, slugs, since=min(self._id_of, default=0))
            self._last_event = events.last(connection)
            self._last_change = changes.last(connection)
            # To most liked papers nothing ever happens, and most readers need not be looked at.
            told = min((each.event for each in self._served.values()), default=0)
            liked = {paper_id for each in profiles for paper_id in each.liked}
            happened = events.named(connection, liked, told if slugs <= self._served.keys() else 0)
            self._updates = {
                each.slug: self._happened(connection, each) for each in profiles if not happened.isdisjoint(each.liked)
            }
            taken = batches.on(connection, day)
            earlier = [each for source in {each.source for each in taken} for each in batches.of(connection, source)]
            unread = failures.on(connection, day)
            self._sources = account(taken, batches.last(connection, day), day, earlier, unread)

    @property
    def news(self) -> list[Paper]:
        """The papers that are news to a reader who has had none of them."""
        return [paper for _, _, paper in self._window]

    @cached_property
    def _ranker(self) -> Ranker:
        # Counting the terms takes most of the time, so it is done once, and only if a reader is due.
        with self._store.reading() as connection:
            background = papers.before(connection, self._since, self._background_papers)
            judged = papers.by_ids(connection, self._judged_ids)
        return self._corpus.ranker(self.news, background, judged, all_statistics(self._store), self.day)

    def __getstate__(self) -> dict[str, object]:
        """What another process needs to compose issues: all but the database, the terms counted."""
        self._ranker.prepare(likes=bool(self._judged_ids))
        return {name: value for name, value in self.__dict__.items() if name not in {"_store", "_corpus"}}

    def compose(self, profiles: Sequence[Profile], *, now: datetime) -> Iterator[Issue | Skip]:
        """Each reader's issue or why there is none, ranked together."""
        reasons = [self.reason_for_none(profile) for profile in profiles]
        due = [profile for profile, reason in zip(profiles, reasons, strict=True) if reason is None]
        fresh = [self._fresh(profile) for profile in due]
        selected = zip(fresh, self._ranker.select(due, fresh) if due else (), strict=True)
        for profile, reason in zip(profiles, reasons, strict=True):
            if reason is not None:
                yield Skip(profile=profile.slug, reason=reason)
            else:
                ids, selection = next(selected)
                yield compose(
                    profile,
                    selection,
                    considered=len(ids),
                    day=self.day,
                    now=now,
                    sources=self._sources,
                    updates=self._updates.get(profile.slug, ()),
                )

    def covered(self, made: Issue, kept: Issue) -> issues.Coverage:
        """How far a reader is served with an issue that was made and then cut to what is `kept` of it."""
        rest = {paper.id for paper in made.papers} - {paper.id for paper in kept.papers}
        held = frozenset(seq for seq, paper_id in self._id_of.items() if paper_id in rest) if rest else frozenset()
        return issues.Coverage(
            day=self.day,
            seq=self._last_seq,
            event=self._last_event,
            held=held,
            change=self._last_change,
            window_days=(self.day - self._since).days + 1,
            since=self._since_of.get(made.profile),
        )

    def explain(self, profile: Profile, paper: Paper, sent: Issue | None) -> Explanation:
        """What became of a paper in the issue that was sent, or would become of it in the one to come."""
        if all(known.id != paper.id for _, _, known in self._window):
            return refused(profile, paper, f"window_days: it was no news from {self._since} to {self.day}")
        if sent is None:
            fresh = self._fresh(profile)
        else:
            # What was new then: all of the window that no other issue had.
            earlier = self._ledger.get(profile.slug, set())
            fresh = frozenset(known.id for seq, _, known in self._window if seq not in earlier)
            fresh |= {paper.id for paper in sent.papers}
        if paper.id not in fresh:
            return refused(profile, paper, "it was looked at for an earlier issue and was not chosen for it")
        if sent is not None and sent.held and self._is_held(profile, paper):
            return refused(profile, paper, "the mail had no room for it: it waits for the next issue")
        (selection,) = self._ranker.select([profile], [fresh], explained=False, absences=True)
        return explain(profile, paper, self._ranker.rank(profile, among=fresh), selection)

    def reason_for_none(self, profile: Profile) -> SkipReason | None:
        """Why the reader gets no issue, as far as that is known before ranking."""
        served = self._served.get(profile.slug)
        if served is not None and served.day >= self.day:
            return SkipReason.ALREADY_COMPOSED if served.day == self.day else SkipReason.LATER_ISSUE
        if profile.email in self._suppressed:
            return SkipReason.SUPPRESSED
        return None if self._fresh(profile) else SkipReason.NO_NEW_PAPERS

    def _is_held(self, profile: Profile, paper: Paper) -> bool:
        served = self._served.get(profile.slug)
        return served is not None and any(seq in served.held and known.id == paper.id for seq, _, known in self._window)

    def _fresh(self, profile: Profile) -> frozenset[str]:
        """Ids of the papers that are new to the reader: not looked at for an earlier issue, never recommended.

        To readers who had none of them before they are one and the same set.
        """
        served = self._served.get(profile.slug)
        news, ids = self._news_behind(served, profile.since or self._since)
        held = {seq: self._id_of[seq] for seq in served.held if seq in self._id_of} if served else {}
        recommended = self._ledger.get(profile.slug, set())
        had = {paper_id for seq in recommended if (paper_id := news.get(seq) or held.get(seq))}
        return ids.union(held.values()) - had if held or had else ids

    def _news_behind(self, served: issues.Coverage | None, since: date) -> tuple[dict[int, str], frozenset[str]]:
        """The news of the window, from a day on, that no issue looked at, by number, and their ids."""
        key = (served.seq, served.day, since) if served else since
        if key not in self._news:
            news = {
                seq: paper.id
                for seq, news_day, paper in self._window
                if news_day >= max(self._since, since) and not (served and seq <= served.seq and news_day <= served.day)
            }
            self._news[key] = news, frozenset(news.values())
        return self._news[key]

    def _happened(self, connection: sa.Connection, profile: Profile) -> tuple[Update, ...]:
        """What happened to papers the reader likes since the last issue; before the first one, in the window."""
        served = self._served.get(profile.slug)
        if served is None:
            found = events.of(connection, profile.liked, self._since)
        else:
            found = events.of(connection, profile.liked, after=served.event)
        liked = papers.by_ids(connection, {event.paper for event in found})
        # Of two new versions the last one is the news.
        latest = {(event.paper, event.kind): event for event in found}
        return tuple(Update(paper=liked[event.paper], what=told(event)) for event in latest.values())
