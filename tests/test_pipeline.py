"""Days in a row over a real database: who gets what, once, in the same bytes, whatever breaks in between."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from digest import delivering, pipeline, profiles, rendering, sample
from digest.clock import Clock
from digest.composing import Composer, Work, in_parallel
from digest.day import Day
from digest.delivery_settings import Delivery
from digest.errors import SettingsError
from digest.ingest import ingest
from digest.outbox import LEASE
from digest.render import Renderer
from digest.settings import Settings
from digest.store import Store, deliveries, papers
from digest.types import Issue, Paper, Profile, Skip, SkipReason, Topic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.progress import Progress
    from digest.run_report import RunReport

EXAMPLES = Path(__file__).resolve().parent.parent / "profiles"
ADA = Profile(slug="ada", name="Ada", email="ada@example.org", topics=(Topic(text="owls"),), min_score=1)
GRACE = replace(ADA, slug="grace", name="Grace", email="grace@example.org", topics=(Topic(text="foxes"),))
TEN = date(2025, 5, 10)


def noon(day: date) -> datetime:
    """An instant of that day."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


class Ticking:
    """A clock that stands still but for those who wait."""

    def __init__(self, now: datetime) -> None:
        self.instant = now
        self.clock = Clock(now=lambda: self.instant, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.instant += timedelta(seconds=seconds)


@dataclass
class Installation:
    """One DIGEST_HOME with its database open."""

    settings: Settings
    store: Store

    def add(self, day: date, *titles: str) -> None:
        """Papers announced on a day; the same title is the same paper."""
        batch = [
            Paper(id=f"doi:10.1000/{title.replace(' ', '-').lower()}", title=title, announced=day) for title in titles
        ]
        with self.store.writing() as connection:
            papers.add(connection, batch, day)

    def ingest(self, path: Path, day: date) -> None:
        """Take a dump in."""
        assert not ingest(self.store, [path], as_of=day).rejected

    def run(self, day: date, *readers: Profile, now: datetime | None = None) -> RunReport:
        """Compose and deliver, as every engine does."""
        now = now or noon(day)
        report = pipeline.compose_issues(self.store, self.settings, readers or (ADA,), day=day, now=now)
        report.add(self.deliver(now))
        return report

    def deliver(self, now: datetime, progress: Progress | None = None) -> RunReport:
        """Hand over what is due at an instant."""
        return delivering.deliver(
            self.store,
            self.settings,
            Renderer(self.settings.templates),
            clock=Ticking(now).clock,
            environment={},
            progress=progress,
        )

    def issue(self, day: date, reader: Profile = ADA) -> Issue:
        """The reader's issue of the day."""
        issue = pipeline.preview(self.store, self.settings, reader, day=day, now=noon(day))
        assert isinstance(issue, Issue), issue
        return issue

    def titles(self, day: date, reader: Profile = ADA) -> set[str]:
        """Titles in the reader's issue of the day."""
        return {match.paper.title for match in self.issue(day, reader).matches}

    def files(self) -> dict[str, bytes]:
        """All that was written for readers, by path."""
        found = [path for folder in (self.settings.outbox, self.settings.pages) for path in folder.rglob("*")]
        return {str(path.relative_to(self.settings.home)): path.read_bytes() for path in found}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    """An empty installation."""
    settings = Settings(home=tmp_path / "home")
    with Store(settings.database) as store:
        yield Installation(settings, store)


def reasons(report: RunReport) -> dict[str, str]:
    """Why readers get no issue."""
    return {skip["profile"]: skip["reason"] for skip in report.skipped}


def examples() -> tuple[Profile, ...]:
    """The example readers."""
    return tuple(profiles.load(path) for path in profiles.find(EXAMPLES))


def test_a_week_of_the_sample_brings_no_paper_twice(here: Installation) -> None:
    """Over the bundled days each reader gets issues, and none of them repeats a paper of an earlier one."""
    seen: dict[str, list[str]] = {}
    for path in sorted(sample.FOLDER.iterdir()):
        day = date.fromisoformat(path.stem)
        here.ingest(path, day)
        report = here.run(day, *examples())
        assert not report.failed
        assert report.delivered == len(report.issues)
        for line in report.issues:
            reader = next(each for each in examples() if each.slug == line["profile"])
            seen.setdefault(reader.slug, []).extend(match.paper.id for match in here.issue(day, reader).matches)
    assert seen.keys() == {"ada", "grace", "katherine"}
    for ids in seen.values():
        assert len(ids) > 2
        assert len(ids) == len(set(ids))


@pytest.mark.slow
def test_a_week_of_real_announcements_brings_no_paper_twice(here: Installation, samples: Path) -> None:
    """Over real days, two of them stale repetitions, nobody gets a paper twice, and the stale days bring nothing."""
    reader = replace(examples()[0], max_papers=25, min_score=1)
    seen: list[str] = []
    for number in range(8, 15):
        day = date(2025, 5, number)
        here.ingest(samples / "stream" / f"{day}.jsonl.gz", day)
        report = here.run(day, reader)
        if number in (10, 11):
            assert reasons(report) == {"ada": SkipReason.NO_NEW_PAPERS}
        else:
            seen.extend(match.paper.id for match in here.issue(day, reader).matches)
    assert len(seen) > 100
    assert len(set(seen)) == len(seen)


def test_a_late_paper_still_comes(here: Installation) -> None:
    """A paper that arrives after an issue, with an older day, is in the next one; one behind the window is not."""
    here.add(date(2025, 5, 9), "Owls at dusk")
    assert here.run(date(2025, 5, 9)).delivered == 1
    here.add(date(2025, 5, 7), "Owls of yesterday")
    here.add(date(2025, 4, 1), "Owls of April")
    assert here.run(TEN).delivered == 1
    assert here.titles(TEN) == {"Owls of yesterday"}


def test_tomorrows_papers_come_tomorrow(here: Installation) -> None:
    """What is announced for a later day waits for it, though it was there when an issue was composed."""
    here.add(TEN, "Owls at dawn")
    here.add(date(2025, 5, 9), "Owls at dusk")
    here.run(date(2025, 5, 9))
    assert here.titles(date(2025, 5, 9)) == {"Owls at dusk"}
    here.run(TEN)
    assert here.titles(TEN) == {"Owls at dawn"}


def test_a_recommended_paper_that_becomes_news_again_is_old(here: Installation) -> None:
    """A paper known by the day it was submitted, recommended and only then announced, is not recommended again."""
    paper = Paper(id="arxiv:2505.00001", title="Owls", published=noon(date(2025, 5, 8)))
    with here.store.writing() as connection:
        papers.add(connection, [paper], TEN)
    here.run(TEN)
    here.add(date(2025, 5, 12), "Barn owls")
    with here.store.writing() as connection:
        papers.add(connection, [replace(paper, announced=date(2025, 5, 12))], date(2025, 5, 12))
    here.run(date(2025, 5, 12))
    assert here.titles(TEN) == {"Owls"}
    assert here.titles(date(2025, 5, 12)) == {"Barn owls"}


def test_a_folded_paper_is_not_mailed_later(here: Installation) -> None:
    """A paper told of under one that says nearly the same has been recommended, also if it becomes news on its own."""
    first, twin = (
        Paper(
            id=f"doi:10.1000/{n}",
            title=f"Owls hunt voles {when}",
            abstract="Barn owls fly low over meadows and strike at what moves in the dark.",
            published=noon(date(2025, 5, 8)),
        )
        for n, when in enumerate(("at night", "by night"))
    )
    with here.store.writing() as connection:
        papers.add(connection, [first, twin], TEN)
    here.run(TEN)
    (match,) = here.issue(TEN).matches
    assert {paper.id for paper in (match.paper, *match.similar)} == {first.id, twin.id}
    again = date(2025, 5, 12)
    with here.store.writing() as connection:
        papers.add(connection, [replace(paper, announced=again) for paper in (first, twin)], again)
    assert reasons(here.run(again)) == {"ada": SkipReason.NO_NEW_PAPERS}
    here.add(again, "Barn owls")
    here.run(again)
    assert {paper.title for paper in here.issue(again).papers} == {"Barn owls"}


def test_what_the_cap_left_out_does_not_come_back(here: Installation) -> None:
    """Papers that were looked at for an issue and not chosen are old the next day."""
    modest = replace(ADA, max_papers=1)
    here.add(TEN, "Owls", "Owls and owls", "Owls again")
    assert here.run(TEN, modest).delivered == 1
    assert reasons(here.run(date(2025, 5, 11), modest)) == {"ada": SkipReason.NO_NEW_PAPERS}


def test_every_paper_of_an_issue_has_its_reasons(here: Installation) -> None:
    """Also above a bar that followed authors' papers, which stand between the others, do not reach."""
    with here.store.writing() as connection:
        batch = [
            Paper(id=f"arxiv:2505.0000{n}", title=title, authors=(author,), announced=TEN)
            for n, (title, author) in enumerate(
                [("Owls on owls", "A"), ("Barn owls", "A"), ("Sets", "Jane Roe"), ("Rings", "Jane Roe")]
            )
        ]
        papers.add(connection, batch, TEN)
    for bar, cap in ((1, 3), (51, 2)):
        owls = (Topic(text="owls", weight=2),)
        reader = replace(ADA, topics=owls, authors=("Jane Roe",), min_score=bar, max_papers=cap)
        matches = here.issue(TEN, reader).matches
        assert len(matches) == cap
        assert all(match.evidence for match in matches)


def test_a_quiet_day_uses_up_nothing(here: Installation) -> None:
    """A day whose papers do not reach the bar gives no issue, and its papers stay candidates for the next."""
    here.add(TEN, "Foxes")
    assert reasons(here.run(TEN)) == {"ada": SkipReason.BELOW_BAR}
    here.add(date(2025, 5, 11), "Owls")
    report = here.run(date(2025, 5, 11))
    assert report.issues == [{"profile": "ada", "papers": 1, "considered": 2, "passed": 1}]


def test_a_batch_that_comes_again_brings_nothing(here: Installation) -> None:
    """A stale feed repeats its papers on the next day: there are no new papers, and the reason says so."""
    here.add(TEN, "Owls", "Barn owls")
    here.run(TEN)
    here.add(date(2025, 5, 11), "Owls", "Barn owls")
    assert reasons(here.run(date(2025, 5, 11))) == {"ada": SkipReason.NO_NEW_PAPERS}


def test_a_day_is_run_once(here: Installation) -> None:
    """A second run of a day does nothing, even if papers came meanwhile; they are in the next issue."""
    here.add(TEN, "Owls")
    assert here.run(TEN).delivered == 1
    before = here.files()
    here.add(TEN, "Barn owls")
    again = here.run(TEN)
    assert (again.delivered, reasons(again)) == (0, {"ada": SkipReason.ALREADY_COMPOSED})
    assert here.files() == before
    here.run(date(2025, 5, 11))
    assert here.titles(date(2025, 5, 11)) == {"Barn owls"}


def test_an_earlier_day_after_a_later_one_is_refused(here: Installation) -> None:
    """An issue of an earlier day would repeat or reorder what was read: it is refused, run and preview alike."""
    here.add(TEN, "Owls")
    here.run(TEN)
    here.add(date(2025, 5, 8), "Barn owls")
    earlier = date(2025, 5, 9)
    assert reasons(here.run(earlier)) == {"ada": SkipReason.LATER_ISSUE}
    shown = pipeline.preview(here.store, here.settings, ADA, day=earlier, now=noon(earlier))
    assert shown == Skip(profile="ada", reason=SkipReason.LATER_ISSUE)


def test_a_reader_without_an_address_has_pages_and_feeds(here: Installation) -> None:
    """No address, no mail: the issue is composed once, and can be read as a page, a feed and in the archive."""
    reader = replace(ADA, email=None)
    here.add(TEN, "Owls")
    report = here.run(TEN, reader, GRACE)
    assert reasons(report) == {"grace": SkipReason.BELOW_BAR}
    assert (report.delivered, report.unmailed) == (0, 1)
    assert not here.settings.outbox.exists()
    assert {Path(name).suffix for name in here.files()} == {".html", ".md", ".bib", ".atom", ".json"}
    assert here.titles(TEN, reader) == {"Owls"}
    assert reasons(here.run(TEN, reader)) == {"ada": SkipReason.ALREADY_COMPOSED}


def test_a_preview_has_the_bytes_of_the_mail(here: Installation) -> None:
    """Before the run and after it, a preview is the mail that the run writes, byte for byte."""
    here.add(TEN, "Owls", "Barn owls", "Foxes")

    def shown() -> bytes:
        rendered = Renderer(here.settings.templates).render(here.issue(TEN))
        return pipeline.mail(here.settings, rendered, here.issue(TEN), "ada@example.org")

    before = shown()
    here.run(TEN)
    assert here.files()["outbox/2025-05-10-ada.eml"] == before == shown()


def test_a_signed_preview_has_the_bytes_of_the_mail(tmp_path: Path, rsa_key: bytes) -> None:
    """With a signature, a Return-Path of its own and a link to unsubscribe, they are the same in preview and run."""
    (tmp_path / "key").write_bytes(rsa_key)
    delivery = Delivery(bounce_address="bounces@example.org", dkim_key="key", dkim_selector="owls", thread=True)
    settings = Settings(
        home=tmp_path, sender="digest@example.org", delivery=delivery, site_url="https://digest.example.org"
    )
    with Store(settings.database) as store:
        here = Installation(settings, store)
        here.add(TEN, "Owls", "Barn owls")
        issue = here.issue(TEN)
        before = pipeline.mail(settings, rendering.renderer(settings).mail(issue), issue, "ada@example.org")
        report = pipeline.compose_issues(store, settings, [ADA], day=TEN, now=noon(TEN))
        ready = rendering.renderer(settings)
        report.add(delivering.deliver(store, settings, ready, clock=Ticking(noon(TEN)).clock, environment={}))
    assert not report.failed
    sent = here.files()["outbox/2025-05-10-ada.eml"]
    assert sent.startswith(b"DKIM-Signature: v=1; a=rsa-sha256;")
    assert re.search(
        rb"^List-Unsubscribe: <https://digest.example.org/u/[\w-]{24}>,\r\n <mailto:bounces\+", sent, re.MULTILINE
    )
    assert before == sent


def test_an_issue_says_what_was_read_for_it(here: Installation, tmp_path: Path) -> None:
    """Each source of the day has a line in the mail, and one that has been silent for days is missed there."""
    for name, day in (("one", 5), ("two", 6), ("three", 12)):
        line = {"title": f"Owls of {name}", "announced": f"2025-05-{day:02}", "id": f"arxiv:2505.0000{day % 10}"}
        (tmp_path / name).write_text(json.dumps(line), encoding="utf-8")
    for name, day in (("one", 5), ("two", 6)):
        ingest(here.store, [tmp_path / name], as_of=date(2025, 5, day), source="arxiv:cs.CV")
    here.ingest(tmp_path / "three", date(2025, 5, 12))
    issue = pipeline.preview(here.store, here.settings, ADA, day=date(2025, 5, 12), now=noon(date(2025, 5, 12)))
    assert isinstance(issue, Issue)
    assert issue.sources == (
        "arXiv: 1 paper of 12 May",
        "arXiv cs.CV, 12 May: nothing since 6 May",
    )
    rendered = Renderer().render(issue)
    for part in (rendered.text, rendered.html, rendered.page):
        assert "nothing since 6 May" in " ".join(part.split())


def test_a_preview_of_a_sent_day_shows_what_was_sent(here: Installation) -> None:
    """A profile or a database that changed since changes nothing about the issue that was sent."""
    here.add(TEN, "Owls")
    here.run(TEN)
    here.add(TEN, "Foxes")
    assert here.titles(TEN, replace(ADA, topics=(Topic(text="foxes"),))) == {"Owls"}


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    """Two fresh installations with the same secret, papers, readers and days write the same files."""
    written = []
    for name in ("one", "two"):
        settings = Settings(home=tmp_path / name)
        settings.home.mkdir()
        settings.secret.write_text("0" * 64)
        with Store(settings.database) as store:
            home = Installation(settings, store)
            for path in sorted(sample.FOLDER.iterdir())[:2]:
                day = date.fromisoformat(path.stem)
                home.ingest(path, day)
                home.run(day, *examples())
            written.append(home.files())
    assert len(written[0]) >= 8
    assert written[0] == written[1]


def test_mails_and_pages_bear_the_readers_name_and_day(here: Installation) -> None:
    """Each issue is a mail to its reader's address, named by day and reader, and pages with a token in their names."""
    here.add(TEN, "Owls", "Foxes")
    here.run(TEN, ADA, GRACE)
    files = {re.sub("-[a-z2-7]{26}", "-TOKEN", name): content for name, content in here.files().items()}
    assert {*files} == {
        *(f"outbox/2025-05-10-{reader}.eml" for reader in ("ada", "grace")),
        *(f"pages/2025-05-10-{reader}-TOKEN.{form}" for reader in ("ada", "grace") for form in ("html", "md", "bib")),
        *(f"pages/{reader}-TOKEN.{form}" for reader in ("ada", "grace") for form in ("html", "atom", "json")),
        "pages/index.html",
    }
    mail = message_from_bytes(files["outbox/2025-05-10-grace.eml"])
    assert mail["To"] == "grace@example.org"
    assert mail["Date"] == "Sat, 10 May 2025 12:00:00 +0000"
    assert b"Foxes" in files["pages/2025-05-10-grace-TOKEN.html"]
    assert b"Owls" not in files["pages/2025-05-10-grace-TOKEN.html"]


def test_without_its_secret_nothing_is_delivered_or_lost(here: Installation) -> None:
    """A damaged secret ends a delivery before it begins; once it is mended, all that was composed goes out."""
    here.add(TEN, "Owls")
    here.settings.secret.write_text("damaged")
    with pytest.raises(SettingsError, match="not a secret"):
        here.run(TEN)
    assert not here.files()
    here.settings.secret.unlink()
    assert here.run(TEN).delivered == 1


def test_a_mail_that_cannot_be_written_stays_due_and_goes_out_once(here: Installation) -> None:
    """With a file in the way of the outbox the run says so and ends; once mended, each mail goes out once."""
    here.add(TEN, "Owls", "Foxes")
    here.settings.outbox.write_text("in the way")
    broken = here.run(TEN, ADA, GRACE)
    assert (broken.delivered, len(broken.issues)) == (0, 2)
    assert [fault["profile"] for fault in broken.failed] == [""]
    assert "@" not in broken.failed[0]["why"]
    here.settings.outbox.unlink()
    assert here.run(date(2025, 5, 11), ADA, GRACE).delivered == 2
    assert here.run(date(2025, 5, 11), ADA, GRACE).delivered == 0
    mails = [message_from_bytes(content) for name, content in here.files().items() if name.endswith(".eml")]
    assert sorted(mail["To"] for mail in mails) == ["ada@example.org", "grace@example.org"]
    assert {mail["Date"] for mail in mails} == {"Sat, 10 May 2025 12:00:00 +0000"}


def test_a_template_that_fails_for_one_reader_costs_only_that_one(here: Installation) -> None:
    """A fault that shows only with one reader's issue leaves that delivery due; the others go out."""
    template = here.settings.templates / "mail" / "issue" / "subject.txt"
    template.parent.mkdir(parents=True)
    template.write_text("{{ 1 // 0 if name == 'Ada' else name }}", encoding="utf-8")
    here.add(TEN, "Owls", "Foxes")
    report = here.run(TEN, ADA, GRACE)
    assert report.delivered == 1
    assert [fault["profile"] for fault in report.failed] == ["ada"]
    assert "mail/issue/subject.txt:1" in report.failed[0]["why"]
    template.unlink()
    assert here.run(TEN, ADA, GRACE).retry_at == noon(TEN) + timedelta(minutes=1)
    idle = pipeline.idle(here.store, here.settings, [ADA, GRACE], day=TEN, now=noon(TEN))
    assert idle is not None
    assert idle.retry_at == noon(TEN) + timedelta(minutes=1)
    assert here.run(TEN, ADA, GRACE, now=noon(TEN) + timedelta(minutes=1)).delivered == 1


def test_a_dry_run_writes_nothing(here: Installation) -> None:
    """With `keep` false the report is that of the run, and nothing is remembered or written."""
    here.add(TEN, "Owls")
    dry = pipeline.compose_issues(here.store, here.settings, [ADA], day=TEN, now=noon(TEN), keep=False)
    assert here.files() == {}
    real = here.run(TEN)
    assert dry.issues == real.issues
    assert real.delivered == 1


def test_a_run_with_nothing_to_do_is_known_before_it_begins(here: Installation) -> None:
    """Idle is a run without a reader to serve and without a mail to hand over; its report says why."""

    def idle() -> RunReport | None:
        return pipeline.idle(here.store, here.settings, [ADA, GRACE], day=TEN, now=noon(TEN))

    nothing = idle()
    assert nothing is not None
    assert nothing.skips() == [(SkipReason.NO_NEW_PAPERS.value, 2)]
    here.add(TEN, "Owls", "Foxes")
    assert idle() is None
    pipeline.compose_issues(here.store, here.settings, [ADA, GRACE], day=TEN, now=noon(TEN))
    assert idle() is None
    here.run(TEN, ADA, GRACE)
    done = idle()
    assert done is not None
    assert reasons(done) == {"ada": SkipReason.ALREADY_COMPOSED, "grace": SkipReason.ALREADY_COMPOSED}


def test_a_mail_in_another_senders_hands_is_counted_and_taken_over_later(here: Installation) -> None:
    """What a killed run had in hand is counted, not sent at once, and goes out when its lease has run out."""
    here.add(TEN, "Owls")
    pipeline.compose_issues(here.store, here.settings, [ADA], day=TEN, now=noon(TEN))
    with here.store.writing() as connection:
        assert deliveries.claim(connection, now=noon(TEN), limit=1)
    soon = here.run(TEN, now=noon(TEN) + LEASE / 2)
    assert (soon.delivered, soon.held) == (0, 1)
    idle = pipeline.idle(here.store, here.settings, [ADA], day=TEN, now=noon(TEN) + LEASE / 2)
    assert idle is not None
    assert idle.held == 1
    late = here.run(TEN, now=noon(TEN) + LEASE)
    assert (late.delivered, late.held) == (1, 0)


def test_a_delivery_that_was_taken_over_is_the_others_to_report(here: Installation) -> None:
    """A sender so slow that another took over its second delivery reports the first one only, and fails nothing."""
    here.add(TEN, "Owls", "Foxes")
    pipeline.compose_issues(here.store, here.settings, [ADA, GRACE], day=TEN, now=noon(TEN))
    others: list[int] = []

    class Slow:
        """Watches the slow sender, and lets the other one run when its first mail is out."""

        def step(self, stage: str, done: int, total: int | None, note: str = "") -> None:  # noqa: ARG002
            if done == 1 and not others:
                later = noon(TEN) + 2 * LEASE
                others.append(here.deliver(later).delivered)

        def say(self, line: str) -> None:
            raise AssertionError(line)

    slow = here.deliver(noon(TEN), Slow())
    assert (slow.delivered, others, slow.failed) == (1, [1], [])


def test_runs_at_the_same_time_send_each_mail_once(here: Installation) -> None:
    """Two runs that start together share the work: together one issue and one mail a reader."""
    readers = [replace(ADA, slug=f"reader{number}") for number in range(8)]
    here.add(TEN, "Owls", "Barn owls")
    found: list[RunReport] = []
    start = threading.Barrier(2)

    def one_run() -> None:
        with Store(here.settings.database) as store:
            start.wait()
            found.append(Installation(here.settings, store).run(TEN, *readers))

    threads = [threading.Thread(target=one_run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(report.delivered for report in found) == 8
    assert sorted(line["profile"] for report in found for line in report.issues) == [each.slug for each in readers]
    assert not any(report.failed for report in found)


def test_a_ranking_keeps_to_its_days(here: Installation) -> None:
    """`rank` looks at the days from `since` to `until`, both included; without them at all papers."""
    for number in (8, 9, 10):
        here.add(date(2025, 5, number), f"Owls of the {number}th")

    def ranked(since: int | None, until: int | None) -> set[str]:
        days = [None if number is None else date(2025, 5, number) for number in (since, until)]
        ranking = pipeline.rank(here.store, here.settings, ADA, since=days[0], until=days[1])
        return {match.paper.title.split()[-1] for match in ranking}

    assert ranked(None, None) == {"8th", "9th", "10th"}
    assert ranked(9, 9) == {"9th"}
    assert ranked(9, None) == {"9th", "10th"}
    assert ranked(None, 8) == {"8th"}
    assert ranked(11, None) == set()


def test_a_liked_paper_is_found_by_any_of_its_ids(here: Installation) -> None:
    """What resembles a paper the reader likes is recommended, the liked paper itself is not."""
    here.add(TEN, "Owls hunt at dusk", "Owls hunt at dawn", "Foxes")
    reader = replace(ADA, topics=(), liked=("doi:10.1000/owls-hunt-at-dusk", "arxiv:0704.0001"))
    assert here.run(TEN, reader).delivered == 1
    assert here.titles(TEN, reader) == {"Owls hunt at dawn"}


def test_a_long_absence_is_bounded_by_the_window(here: Installation) -> None:
    """A reader who was away gets the papers of the window's days, the issue's own day counted as one of them."""
    here.add(TEN - timedelta(days=6), "Owls within")
    here.add(TEN - timedelta(days=7), "Owls without")
    here.run(TEN)
    assert here.titles(TEN) == {"Owls within"}


def test_several_processes_compose_the_same(here: Installation, tmp_path: Path) -> None:
    """What processes of their own compose is what one composes, to the last byte; liked papers and topics alike."""
    likes = replace(ADA, liked=("doi:10.1000/owls-by-night",))
    readers = [replace(each, slug=f"{each.slug}{n}") for n in range(120) for each in (likes, GRACE)]
    alone = Settings(home=tmp_path / "alone")
    contents = []
    with Store(alone.database) as store:
        for installation in (here, Installation(alone, store)):
            installation.add(TEN - timedelta(days=9), "Owls by night", "Foxes by night")
            installation.add(TEN, *(f"{animal} number {n} at home" for n in range(9) for animal in ("Owls", "Foxes")))
            today = Day(installation.store, installation.settings, readers, TEN)
            work = Work(settings=installation.settings, today=today, now=noon(TEN), queued=noon(TEN))
            if installation is here:
                reports = list(in_parallel(work, readers, 2))
            else:
                reports = list(Composer(store, work).compose(readers))
            assert sum(len(report.issues) for report in reports) == len(readers)
            contents.append([installation.issue(TEN, reader) for reader in readers])
    assert contents[0] == contents[1]
