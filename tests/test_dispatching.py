"""Issues come when they are due: once a period, whatever dispatchers, clocks and sources do."""

from __future__ import annotations

import random  # noqa: TID251  (a simulation, from a seed)
import signal
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import product, takewhile
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

import pytest
import sqlalchemy as sa

from digest import dispatching, lifecycle, settings, subscribing, subscription
from digest.adoption import adopt
from digest.batch import Batch
from digest.clock import Clock
from digest.schedule import schedule, upcoming
from digest.settings import Settings
from digest.store import Store, batches, issues, papers, subscriptions
from digest.store.subscriptions import ISSUED
from digest.store.tables import deliveries
from digest.subscribing import Wish
from digest.subscription import Preferences, Return, Standing, Subscription
from digest.types import Paper, SkipReason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.run_report import RunReport

BERLIN, TOKYO, HONOLULU = "Europe/Berlin", "Asia/Tokyo", "Pacific/Honolulu"
OWLS = "name: Owls\ntopics: [owls]\nmin_score: 1\n"
ZONES = sorted(available_timezones() - {"localtime", "Factory"})
START = datetime(2025, 5, 4, 12, tzinfo=UTC)


def instant(day: int, hour: int = 12, minute: int = 0) -> datetime:
    """An instant in May 2025."""
    return datetime(2025, 5, day, hour, minute, tzinfo=UTC)


@dataclass
class Installation:
    """One DIGEST_HOME with its database open."""

    settings: Settings
    store: Store

    def add(self, day: date, *titles: str) -> None:
        """Papers announced on a day."""
        found = [
            Paper(
                id=f"doi:10.1000/{title.replace(' ', '-')}",
                title=f"Owls {title}",
                # As unlike as can be, so that none is folded under another.
                abstract=" ".join(f"{title.replace(' ', '')}{letter}" for letter in "abcdefghijkl"),
                announced=day,
            )
            for title in titles
        ]
        with self.store.writing() as connection:
            papers.add(connection, found, day)

    def subscriber(
        self,
        name: str,
        at: str = "07:00",
        zone: str = "UTC",
        *,
        when: str = "daily",
        interests: str = OWLS,
        **more: object,
    ) -> str:
        """Somebody who subscribed and said yes at `START`; the subscription's name."""
        chosen = Preferences(schedule=schedule(when, at, zone), **more)  # type: ignore[arg-type]
        wish = Wish(email=f"{name}@example.org", interests=interests, preferences=chosen)
        slug = subscribing.subscribe(self.store, self.settings, wish, now=START).subscription.slug
        subscribing.confirm(self.store, self.settings, slug, now=START)
        return slug

    def dispatch(self, now: datetime) -> RunReport:
        """One round."""
        return dispatching.dispatch(
            self.store, self.settings, clock=Clock(now=lambda: now, sleep=lambda _: None), environment={}
        )

    def compose(self, now: datetime) -> RunReport:
        """The part of a round that has to do with periods."""
        return dispatching.compose_due(self.store, self.settings, now=now, environment={})

    def found(self, slug: str) -> Subscription:
        """A subscription as it is."""
        with self.store.reading() as connection:
            found = subscriptions.by_slug(connection, slug)
        assert found
        return found

    def history(self, slug: str) -> dict[date, str]:
        """What became of each period."""
        with self.store.reading() as connection:
            return dict(subscriptions.history(connection, slug, 1000))

    def mails(self, slug: str) -> list[date]:
        """The days of the reader's issues."""
        with self.store.reading() as connection:
            return sorted(issue.day for issue in issues.newest(connection, slug, 1000))

    def outbox(self) -> list[str]:
        """The mails that were handed over."""
        return sorted(path.name for path in self.settings.outbox.glob("*.eml"))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    """An installation of its own, with a site for links to lead to and no digests on offer."""
    (tmp_path / "digests").mkdir()
    options = Settings(home=tmp_path, site_url="https://digest.example.org", write_pages=False)
    with Store(options.database) as store:
        yield Installation(options, store)


def test_each_reader_gets_an_issue_at_their_local_time(here: Installation) -> None:
    """At seven where each of three readers lives, on the day it is there, and not before."""
    slugs = {zone: here.subscriber(zone.split("/")[1], zone=zone) for zone in (BERLIN, TOKYO, HONOLULU)}
    here.add(date(2025, 5, 4), "one")
    for hour in range(13, 13 + 24):
        now = instant(4) + timedelta(hours=hour - 12)
        for each in here.compose(now).issues:
            zone = next(zone for zone, slug in slugs.items() if slug == each["profile"])
            assert now.astimezone(ZoneInfo(zone)).hour == 7
    assert {zone: here.mails(slug) for zone, slug in slugs.items()} == {
        BERLIN: [date(2025, 5, 5)],
        TOKYO: [date(2025, 5, 5)],
        HONOLULU: [date(2025, 5, 4)],
    }
    assert [len(here.history(slug)) for slug in slugs.values()] == [1, 1, 1]
    assert here.dispatch(instant(5, 18)).delivered == 3


def test_a_period_has_one_issue_however_often_is_dispatched(here: Installation) -> None:
    """A second round in the same period finds nobody due, also when more papers came."""
    slug = here.subscriber("ada")
    here.add(date(2025, 5, 5), "one")
    assert [each["profile"] for each in here.dispatch(instant(5, 7)).issues] == [slug]
    here.add(date(2025, 5, 5), "two")
    assert here.dispatch(instant(5, 7, 5)).issues == []
    assert here.history(slug) == {date(2025, 5, 5): ISSUED}
    due = here.found(slug).due
    assert due is not None
    assert due.at == instant(6, 7)


def test_a_day_without_papers_is_accounted_for(here: Installation) -> None:
    """A period without an issue says why there was none."""
    slug = here.subscriber("ada")
    assert here.dispatch(instant(5, 7)).skips() == [(SkipReason.NO_NEW_PAPERS.value, 1)]
    assert here.history(slug) == {date(2025, 5, 5): SkipReason.NO_NEW_PAPERS}


def test_who_slept_within_patience_is_served_late(here: Installation) -> None:
    """Seventeen hours late is within eighteen; the last period counts and those before were missed."""
    slug = here.subscriber("ada")
    here.add(date(2025, 5, 5), "one")
    report = here.dispatch(instant(8, 0))
    assert (len(report.issues), report.missed) == (1, 2)
    history = here.history(slug)
    assert history.pop(date(2025, 5, 7)) == ISSUED
    assert {day.day for day in history} == {5, 6}
    assert all(why.startswith("missed: ") for why in history.values())


def test_what_is_too_late_rolls_over_with_its_papers(here: Installation) -> None:
    """Behind three weeks of sleep the papers of the missed days come with the next issue, old as they are."""
    slug = here.subscriber("ada", patience=timedelta(hours=2))
    here.add(date(2025, 5, 5), "one")
    late = here.dispatch(instant(26, 12))
    assert (late.issues, late.missed) == ([], 22)
    here.add(date(2025, 5, 27), "two")
    assert [each["papers"] for each in here.dispatch(instant(27, 7)).issues] == [2]
    assert here.found(slug).since is None
    assert here.history(slug)[date(2025, 5, 27)] == ISSUED


def test_nobody_is_too_late_by_the_rhythm_of_the_dispatcher(here: Installation) -> None:
    """A reader without any patience is served by the round that comes some minutes later."""
    slug = here.subscriber("ada", patience=timedelta())
    here.add(date(2025, 5, 5), "one")
    here.dispatch(instant(5, 7, 9))
    assert here.history(slug) == {date(2025, 5, 5): ISSUED}


@pytest.mark.parametrize(("on_return", "papers_then"), [(Return.CATCH_UP, 2), (Return.SKIP, 1)])
def test_a_pause_ends_on_its_day(here: Installation, on_return: Return, papers_then: int) -> None:
    """Nothing comes in a pause, and on its last day an issue does, with the papers of the pause or without."""
    slug = here.subscriber("ada", on_return=on_return)
    lifecycle.pause(here.store, slug, until=date(2025, 5, 20), now=instant(5, 6))
    here.add(date(2025, 5, 6), "one")
    here.add(date(2025, 5, 20), "two")
    for day in range(5, 20):
        assert not here.compose(instant(day, 7)).issues
    assert [each["papers"] for each in here.dispatch(instant(20, 7)).issues] == [papers_then]
    assert here.found(slug).standing is Standing.ACTIVE
    assert here.history(slug) == {date(2025, 5, 20): ISSUED}


@pytest.mark.parametrize("change", [date(2025, 10, 26), date(2026, 3, 29)])
def test_clocks_that_change_bring_one_issue_a_day(here: Installation, change: date) -> None:
    """Around each change, a reader whose hour comes twice, or not at all, has one period a day."""
    slug = here.subscriber("ada", "02:30", BERLIN, patience=timedelta(hours=1))
    first = change - timedelta(days=3)
    lifecycle.pause(here.store, slug, until=first, now=START)
    for _ in range(7):
        due = here.found(slug).due
        assert due
        # Some minutes late, as dispatchers are.
        here.compose(due.at + timedelta(minutes=4))
    assert sorted(here.history(slug)) == [first + timedelta(days=n) for n in range(7)]


# late papers


def told(source: str, day: date, asked: date | None = None) -> Batch:
    """A batch of a day."""
    return Batch(
        source=source,
        asked=asked or day,
        day=day,
        announced=None,
        read=9,
        new=9,
        updated=0,
        rejected=0,
        content=str(day),
    )


@pytest.fixture
def fed(here: Installation) -> Installation:
    """An installation that has fetched arXiv on the mailing days of three weeks, and a weekly feed."""
    there = replace(
        here, settings=here.settings.model_copy(update={"sources": ("arxiv:cs.CV", "https://example.org/feed.xml")})
    )
    with there.store.writing() as connection:
        for day in (date(2025, 4, 14) + timedelta(days=n) for n in range(21)):
            if day.isoweekday() <= 5:
                batches.add(connection, told("arxiv:cs.CV", day))
            if day.isoweekday() == 3:
                batches.add(connection, told("https://example.org/feed.xml", day))
    there.add(date(2025, 5, 4), "yesterday")
    return there


def test_due_issues_wait_for_a_late_batch(fed: Installation) -> None:
    """On a Monday without arXiv's papers nobody is served until they come, and the report says what is waited for."""
    slug = fed.subscriber("ada")
    report = fed.dispatch(instant(5, 7))
    assert (report.issues, report.postponed, report.late) == ([], 1, ["arXiv cs.CV"])
    assert ("issues that wait for arXiv cs.CV", 1) in report.details()
    assert fed.history(slug) == {}
    fed.add(date(2025, 5, 5), "today")
    with fed.store.writing() as connection:
        batches.add(connection, told("arxiv:cs.CV", date(2025, 5, 5)))
    report = fed.dispatch(instant(5, 7, 30))
    assert ([each["papers"] for each in report.issues], report.postponed) == ([2], 0)


def test_waiting_has_a_limit(fed: Installation) -> None:
    """After ninety minutes, or a shorter patience of a reader's own, issues come with what there is."""
    patient, hasty = fed.subscriber("ada"), fed.subscriber("bob", patience=timedelta(hours=1))
    served = {
        minutes: [each["profile"] for each in fed.compose(instant(5, 7) + timedelta(minutes=minutes)).issues]
        for minutes in range(0, 120, 5)
    }
    assert {minutes: slugs for minutes, slugs in served.items() if slugs} == {60: [hasty], 90: [patient]}


@pytest.mark.parametrize("day", [3, 4, 10])
def test_a_weekend_is_not_waited_on(fed: Installation, day: int) -> None:
    """On days without arXiv's mailing nobody waits."""
    slug = fed.subscriber("ada")
    with fed.store.writing() as connection:
        subscriptions.replace(
            connection,
            replace(fed.found(slug), due=replace(fed.found(slug).due, day=date(2025, 5, day), at=instant(day, 7))),  # type: ignore[type-var]
        )
    assert fed.dispatch(instant(day, 7)).postponed == 0


def test_a_source_that_says_it_has_nothing_is_not_waited_for(fed: Installation) -> None:
    """A quiet day, on which arXiv announced no papers, is no late one."""
    fed.subscriber("ada")
    with fed.store.writing() as connection:
        nothing = replace(told("arxiv:cs.CV", date(2025, 5, 5)), day=None, announced=0, read=0, new=0)
        batches.add(connection, nothing)
    assert fed.dispatch(instant(5, 7)).postponed == 0


def test_a_weekly_feed_is_waited_for_on_its_day_only(fed: Installation) -> None:
    """A feed that came on Wednesdays is late on a Wednesday, and on no other day."""
    fed.subscriber("ada")
    for day in (5, 6, 7):
        with fed.store.writing() as connection:
            batches.add(connection, told("arxiv:cs.CV", date(2025, 5, day)))
        assert fed.dispatch(instant(day, 7)).late == (["https://example.org/feed.xml"] if day == 7 else [])


# faults


def test_a_faulty_profile_spoils_nobody(here: Installation) -> None:
    """Its reader's period is settled with the reason, told once, and others get their issues."""
    good = here.subscriber("ada")
    (here.settings.profiles).mkdir()
    path = here.settings.profiles / "bad.yaml"
    path.write_text("topics: [owls]\n", encoding="utf-8")
    assert adopt(here.store, here.settings, now=START) == {}
    path.write_text("topics: owls\n", encoding="utf-8")
    here.add(date(2025, 5, 5), "one")
    report = here.dispatch(instant(5, 7))
    assert [each["profile"] for each in report.issues] == [good]
    assert [each["profile"] for each in report.failed] == ["bad"]
    assert "bad.yaml:1: topics" in here.history("bad")[date(2025, 5, 5)]
    assert here.dispatch(instant(5, 7, 5)).failed == []


def test_a_fault_of_the_templates_loses_no_period(here: Installation) -> None:
    """While a template of the operator's fails nothing is settled; mended, the issue comes late."""
    slug = here.subscriber("ada")
    here.add(date(2025, 5, 5), "one")
    broken = here.settings.templates / "mail" / "issue" / "body.html"
    broken.parent.mkdir(parents=True)
    broken.write_text("{{ nothing }}", encoding="utf-8")
    with pytest.raises(dispatching.DigestError):
        here.dispatch(instant(5, 7))
    assert here.history(slug) == {}
    broken.unlink()
    assert here.dispatch(instant(5, 9)).issues
    assert here.history(slug) == {date(2025, 5, 5): ISSUED}


def test_whoever_ends_it_while_it_is_composed_gets_none(here: Installation) -> None:
    """A subscription that was ended after its reader was found due is skipped, and says so."""
    slug = here.subscriber("ada")
    here.add(date(2025, 5, 5), "one")
    found = dispatching.named(here.store, here.settings, [slug])
    lifecycle.end(here.store, slug, now=instant(5, 6))
    report = dispatching.compose_now(
        here.store, here.settings, [*found.profiles.values()], day=date(2025, 5, 5), now=instant(5, 7)
    )
    assert report.skips() == [(SkipReason.ENDED.value, 1)]
    assert here.mails(slug) == []


# readers of the operator's


def test_readers_by_file_are_adopted(here: Installation) -> None:
    """A profile in a file becomes a subscription by the installation's schedule, in the time zone of the file."""
    here.settings.profiles.mkdir()
    profile = f"email: grace@example.org\ntimezone: {TOKYO}\n{OWLS}"
    (here.settings.profiles / "grace.yaml").write_text(profile, encoding="utf-8")
    here.add(date(2025, 5, 4), "one")
    here.dispatch(START)
    due = here.found("grace").due
    assert due is not None
    assert due.at.astimezone(ZoneInfo(TOKYO)).hour == 6
    assert here.dispatch(due.at).delivered == 1
    assert here.outbox() == ["2025-05-05-grace.eml"]


def test_offered_digests_have_issues_of_their_own(here: Installation) -> None:
    """A digest for everybody is a reader without an address, whose issue is composed whether it has subscribers."""
    (here.settings.digests / "owls.yaml").write_text(OWLS, encoding="utf-8")
    here.add(date(2025, 5, 4), "one")
    here.dispatch(START)
    report = here.dispatch(instant(5, 6))
    assert ([each["profile"] for each in report.issues], report.unmailed) == (["owls"], 1)
    with here.store.reading() as connection:
        assert connection.execute(sa.select(deliveries.c.recipient)).scalar() == ""


def test_a_file_that_is_gone_rests_until_it_is_back(here: Installation) -> None:
    """Without its file a reader is settled once and never due again; with it, they are."""
    here.settings.profiles.mkdir()
    path = here.settings.profiles / "grace.yaml"
    path.write_text(OWLS, encoding="utf-8")
    here.dispatch(START)
    path.unlink()
    assert here.dispatch(instant(5, 6)).failed == []
    assert here.found("grace").due is None
    assert "its file is gone" in here.history("grace")[date(2025, 5, 5)]
    path.write_text(OWLS, encoding="utf-8")
    here.dispatch(instant(7, 12))
    due = here.found("grace").due
    assert due is not None
    assert due.day == date(2025, 5, 8)


def test_a_name_belongs_to_one_reader(here: Installation) -> None:
    """A file that is called as a digest on offer is told to be renamed, and the digest stays."""
    here.settings.profiles.mkdir()
    (here.settings.digests / "owls.yaml").write_text(OWLS, encoding="utf-8")
    here.dispatch(START)
    (here.settings.profiles / "owls.yaml").write_text(OWLS, encoding="utf-8")
    report = here.dispatch(START + timedelta(minutes=5))
    assert [each["profile"] for each in report.failed] == ["owls"]
    assert "rename" in report.failed[0]["why"]
    assert here.found("owls").digest == "owls"


# two at once, and killed


def crowd(here: Installation, readers: int) -> list[str]:
    """Readers who are due at the same time, and settings that other processes find."""
    (here.settings.home / settings.FILE).write_text(
        'site_url = "https://digest.example.org"\nwrite_pages = false\n', encoding="utf-8"
    )
    here.add(date(2025, 5, 5), *(f"paper {number}" for number in range(30)))
    return [here.subscriber(f"reader{number}") for number in range(readers)]


def assert_served(here: Installation, slugs: list[str], days: list[date]) -> None:
    """Each reader has one issue, one mail and one period of each day that says so."""
    assert {slug: here.history(slug) for slug in slugs} == {slug: dict.fromkeys(days, ISSUED) for slug in slugs}
    assert {slug: here.mails(slug) for slug in slugs} == dict.fromkeys(slugs, days)
    mails = [name for name in here.outbox() if name[:10] in {day.isoformat() for day in days}]
    assert mails == sorted(f"{day}-{slug}.eml" for day in days for slug in slugs)


def test_two_dispatchers_at_once_send_one_issue_each(here: Installation) -> None:
    """Two that begin together, each with a database of its own: nobody is served twice, and nobody left out."""
    slugs = crowd(here, 12)
    begin = threading.Barrier(2)

    def once(_: int) -> RunReport:
        with Store(here.settings.database) as store:
            begin.wait()
            return replace(here, store=store).dispatch(instant(5, 7))

    with ThreadPoolExecutor(2) as both:
        reports = list(both.map(once, range(2)))
    assert sum(len(report.issues) for report in reports) == 12
    assert sum(report.delivered for report in reports) >= 12
    assert [report.failed for report in reports] == [[], []]
    assert_served(here, slugs, [date(2025, 5, 5)])


@pytest.mark.slow
def test_dispatchers_that_are_killed_lose_and_double_nothing(here: Installation) -> None:
    """Killed before and behind each commit, day by day, and followed by one that lives: each period has one issue."""
    slugs = crowd(here, 60)
    days: list[date] = []
    kills = 0
    command = [sys.executable, str(Path(__file__).parent / "senders" / "dispatchers.py"), str(here.settings.home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout

        def run(now: datetime, how: str, number: int) -> int:
            process.stdin.write(f"{now.isoformat()} {how} {number}\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        # A dispatcher commits after each read, too.
        for number, how in product(range(1, 32, 3), ("before", "after")):
            day = date(2025, 5, 5) + timedelta(days=len(days))
            here.add(day, f"{how} {number}")
            days.append(day)
            now = datetime(day.year, day.month, day.day, 7, tzinfo=UTC)
            kills += run(now, how, number) == signal.SIGKILL
            assert run(now + timedelta(minutes=5), "run", 0) == 0
        process.stdin.close()
    assert kills >= 20
    assert_served(here, slugs, days)


@pytest.mark.slow
def test_two_processes_at_once_send_one_issue_each(here: Installation) -> None:
    """The same as with threads, with processes as two machines would have them."""
    slugs = crowd(here, 60)
    command = [sys.executable, str(Path(__file__).parent / "senders" / "dispatchers.py"), str(here.settings.home)]
    both = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    line = f"{instant(5, 7).isoformat()} run 0\n"
    with ThreadPoolExecutor(2) as waiting:
        said = list(waiting.map(lambda each: each.communicate(line), both))
    assert said == [("0\n", "")] * 2
    assert_served(here, slugs, [date(2025, 5, 5)])


@pytest.mark.slow
def test_a_year_of_a_thousand_readers_is_accounted_for(here: Installation) -> None:
    """With outages of hours and of weeks: each period of each reader is settled once, with an issue or the reason."""
    draw = random.Random(7)  # noqa: S311  (a simulation's)
    (here.settings.digests / "owls.yaml").write_text(OWLS, encoding="utf-8")
    forms = ["weekly mon", "weekly thu", "monthly 1", "monthly last", "weekly sun", "cron 0 7 1,15 * *"]
    readers = []
    with here.store.writing() as connection:
        for number in range(1000):
            when = "daily" if number % 40 == 0 else forms[number % len(forms)]
            chosen = Preferences(
                schedule=schedule(when, f"{draw.randrange(24):02}:{draw.choice([0, 30]):02}", draw.choice(ZONES)),
                patience=timedelta(hours=draw.choice([6, 18, 48])),
            )
            asked = Subscription(
                slug=f"s-{number:012x}",
                reader=f"{number:024x}",
                subscriber=None,
                digest="owls",
                standing=Standing.PENDING,
                preferences=chosen,
                made=START,
            )
            readers.append(subscription.confirmed(asked, now=START, window_days=7))
            subscriptions.add(connection, readers[-1])
    now, end = START, START + timedelta(days=365)
    while now < end:
        if now.day in {1, 2, 15, 16}:
            here.add(now.date(), f"news of {now.date()} {now.hour}")
        here.compose(now)
        asleep = draw.choice([0, 7] * 20 + [30, 60, 24 * 20])
        now += timedelta(hours=24 + asleep)
    here.compose(end)
    counts: Counter[str] = Counter()
    with here.store.reading() as connection:
        for each in readers:
            expected = takewhile(lambda due: due.at <= end, upcoming(each.preferences.schedule, START))
            history = dict(subscriptions.history(connection, each.slug, 1000))
            assert {due.day for due in expected} == history.keys(), each
            issued = {day for day, outcome in history.items() if outcome == ISSUED}
            assert {day for _, day in issues.days(connection, [each.slug], date.min)} == issued, each
            counts.update(outcome.partition(":")[0] for outcome in history.values())
    assert sum(counts.values()) > 30_000
    assert min(counts[ISSUED], counts["missed"], counts[SkipReason.NO_NEW_PAPERS]) > 1000
