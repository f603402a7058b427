"""Old, short and missing batches are seen; weekends and holidays are not taken for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.batch import Batch, Content, unchanged
from digest.completeness import account, alarms, missing, spoken, told
from digest.ingest import IngestReport, ingest
from digest.mailings import arxiv_holidays, has_news
from digest.sources.records import Record
from digest.store import Store, batches
from digest.types import Paper, Rejection

if TYPE_CHECKING:
    from pathlib import Path

FRIDAY = date(2025, 5, 9)


def batch(day: date, read: int = 200, *, content: str = "", source: str = "arxiv:cs.CV", **more: int) -> Batch:
    """A batch of a day that was asked for on that day; its content is of that day unless said otherwise."""
    known = {"announced": None, "new": read, "updated": 0, "rejected": 0} | more
    return Batch(source=source, asked=day, day=day, read=read, content=content or day.isoformat(), **known)


def weeks(before: date, n: int = 4) -> list[Batch]:
    """Batches of 200 papers on every working day of the weeks before a day."""
    days = [before - timedelta(days=back) for back in range(7 * n, 0, -1)]
    return [batch(day) for day in days if day.isoweekday() < 6]


def test_a_usual_day_raises_no_alarm() -> None:
    """As many papers as on the same weekday of other weeks, all read, are nothing to speak of."""
    assert alarms(batch(FRIDAY, 190, announced=190), weeks(FRIDAY)) == []


def test_the_same_papers_on_another_working_day_are_stale() -> None:
    """A feed that serves yesterday's batch again is told, with how many papers and since when."""
    (alarm,) = alarms(batch(FRIDAY, content="same"), [batch(FRIDAY - timedelta(days=1), content="same")])
    assert alarm.told() == "arXiv cs.CV, 9 May: the same 200 papers as on 8 May: it may be an old batch"


@pytest.mark.parametrize("day", [date(2025, 5, 10), date(2025, 5, 11), date(2025, 7, 4), date(2024, 11, 28)])
def test_the_same_papers_on_a_day_without_mailing_are_no_alarm(day: date) -> None:
    """On weekends and on the holidays that it keeps, arXiv's feed is the one of the day before."""
    before = batch(day - timedelta(days=1), content="same")
    assert alarms(batch(day, content="same"), [before]) == []
    assert alarms(
        batch(day, content="same", source="journal"), [batch(before.day or day, content="same", source="journal")]
    )


def test_a_feed_that_often_repeats_itself_is_told_once() -> None:
    """A journal that has news once a week has the same papers on the other days; after the first time that is known."""
    days = [FRIDAY - timedelta(days=back) for back in (3, 2, 1)]
    weekly = [batch(day, content="same", source="https://example.org/feed") for day in days]
    (first,) = alarms(weekly[1], weekly[:1])
    assert "may be an old batch" in first.why
    assert alarms(weekly[2], weekly[:2]) == []
    assert alarms(batch(FRIDAY, content="same"), [replace(each, source="arxiv:cs.CV") for each in weekly])


def test_only_arxiv_is_missed() -> None:
    """Nobody knows when a journal has news, so weeks without any are no alarm."""
    quiet = batch(FRIDAY, source="https://example.org/feed")
    assert missing(quiet.source, quiet, FRIDAY + timedelta(days=30)) is None


def test_far_fewer_papers_than_usual_on_that_weekday_are_short() -> None:
    """A tenth of a usual Friday is told; the same few are nothing special while nobody knows what is usual."""
    (alarm,) = alarms(batch(FRIDAY, 20), weeks(FRIDAY))
    assert alarm.why == "20 papers, where 200 are usual on a Friday"
    assert alarms(batch(FRIDAY, 20), weeks(FRIDAY, 2)) == []
    assert alarms(batch(FRIDAY, 20), [batch(day.asked, source="other") for day in weeks(FRIDAY)]) == []


def test_fewer_read_than_announced_is_told() -> None:
    """What a source says it holds and what was read of it are held against each other."""
    (alarm,) = alarms(batch(FRIDAY, 212, announced=214), weeks(FRIDAY))
    assert alarm.why == "announced 214 papers, 212 read"


def test_a_source_is_missing_after_days_that_should_have_had_news() -> None:
    """Days without mailing do not count: after a weekend nothing is overdue, after three working days it is."""
    assert missing("arxiv:cs.CV", batch(FRIDAY), FRIDAY + timedelta(days=4)) is None
    alarm = missing("arxiv:cs.CV", batch(FRIDAY), FRIDAY + timedelta(days=5))
    assert alarm is not None
    assert alarm.told() == "arXiv cs.CV, 14 May: nothing since 9 May"
    assert missing("arxiv:cs.CV", None, FRIDAY) is None


def test_a_line_says_what_a_source_gave() -> None:
    """Announced and read where the source says how many it has; else how many were read; rejected ones are counted."""
    assert (
        told(batch(date(2025, 3, 13), 214, announced=214)) == "arXiv cs.CV announced 214 papers on 13 March, 214 read"
    )
    assert told(batch(FRIDAY, 1, source="trending-page")) == "trending-page: 1 paper of 9 May"
    assert told(batch(FRIDAY, 1500, rejected=2)) == "arXiv cs.CV: 1,500 papers of 9 May, 2 could not be read"


def test_a_line_says_what_papers_were_announced_as() -> None:
    """New, cross-listed and later versions, where a source makes the difference; and what it kept to itself."""
    mixed = batch(FRIDAY, 212, announced=214, rejected=2, cross_listed=40, replaced=64)
    assert told(mixed) == (
        "arXiv cs.CV announced 214 papers on 9 May, 212 read, 2 could not be read: "
        "108 new, 40 cross-listed, 64 in a later version"
    )
    part = batch(FRIDAY, 31, announced=31, withheld=30, source="biorxiv:neuroscience")
    line = (
        "bioRxiv neuroscience announced 31 papers on 9 May, 31 read, and 30 records of its server's list did not come"
    )
    assert told(part) == line
    assert [alarm.why for alarm in alarms(part, [])] == ["30 records of its server's list did not come"]
    assert told(replace(part, withheld=1)).endswith(", and 1 record of its server's list did not come")
    assert told(batch(FRIDAY, 1, announced=1)) == "arXiv cs.CV announced 1 paper on 9 May, 1 read"
    assert told(batch(FRIDAY, 0, announced=0)) == "arXiv cs.CV announced no papers on 9 May"
    assert told(batch(FRIDAY, 0, announced=3)) == "arXiv cs.CV announced 3 papers on 9 May, 0 read"


def test_a_saved_page_is_held_to_nothing() -> None:
    """What somebody kept of an answer may be a part of it, and is only counted."""
    saved = batch(FRIDAY, 6, announced=20, source="openalex")
    assert alarms(saved, []) == []
    assert told(saved) == "openalex: 6 papers of 9 May"


def test_a_password_is_not_told() -> None:
    """A URL is named without what lets its reader in."""
    assert spoken("https://ada:secret@example.org/feed?x=1@2") == "https://example.org/feed?x=1@2"
    assert spoken("https://example.org/@ada/feed") == "https://example.org/@ada/feed"


def test_what_a_source_has_nothing_new_since_is_told() -> None:
    """A batch of an earlier day that was all known says since when; it gives way to what is new."""
    old = replace(batch(FRIDAY - timedelta(days=1)), asked=FRIDAY, new=0)
    assert account([old], [], FRIDAY) == ("arXiv cs.CV: nothing new since 8 May",)
    assert account([old, batch(FRIDAY, 5)], [], FRIDAY) == ("arXiv cs.CV: 5 papers of 9 May",)
    older = replace(old, day=FRIDAY - timedelta(days=3))
    assert account([older, old], [], FRIDAY) == ("arXiv cs.CV: nothing new since 8 May",)
    assert told(replace(old, updated=1)) == "arXiv cs.CV: 200 papers of 8 May"
    assert told(replace(batch(FRIDAY), new=0)) == "arXiv cs.CV: 200 papers of 9 May"


def test_an_issue_says_what_is_odd_about_a_source() -> None:
    """An old batch and a short one are called so in their line; a source that is missing is told once, as that."""
    history = weeks(FRIDAY)
    stale = replace(history[-1], asked=FRIDAY, new=0)
    assert account([stale], [], FRIDAY, history) == ("arXiv cs.CV: nothing new since 8 May: it may be an old batch",)
    undated = [replace(each, day=None) for each in (*history, stale)]
    assert account(undated[-1:], [], FRIDAY, undated) == (
        "arXiv cs.CV: 200 papers of 9 May, the same as on 8 May: it may be an old batch",
    )
    assert account([batch(FRIDAY, 20)], [], FRIDAY, history) == (
        "arXiv cs.CV: 20 papers of 9 May, where 200 are usual on a Friday",
    )
    assert account([batch(FRIDAY, 90)], [], FRIDAY, history) == ("arXiv cs.CV: 90 papers of 9 May",)
    late = replace(stale, asked=FRIDAY + timedelta(days=5))
    assert account([late], [late], late.asked, history) == (
        "arXiv cs.CV: nothing new since 8 May",
        "arXiv cs.CV, 14 May: nothing since 8 May",
    )


def test_a_journal_that_repeats_itself_is_no_matter_for_readers() -> None:
    """Whoever runs the digest is told once; its readers read since when there is nothing new."""
    thursday = batch(FRIDAY - timedelta(days=1), source="https://example.org/feed")
    again = replace(thursday, asked=FRIDAY, new=0)
    assert alarms(again, [thursday])
    assert alarms(again, [thursday], is_admitted=True) == []
    assert account([again], [], FRIDAY, [thursday]) == ("https://example.org/feed: nothing new since 8 May",)


def test_a_source_without_news_has_its_newest_batch_once_more() -> None:
    """Not the one that came last, which may be an old dump; of the day it was asked for where it does not say which."""
    newest, old = batch(FRIDAY, 9), replace(batch(FRIDAY - timedelta(days=30), 5), asked=FRIDAY)
    tomorrow = FRIDAY + timedelta(days=1)
    assert unchanged([newest, old], tomorrow) == replace(newest, asked=tomorrow, new=0)
    assert unchanged([replace(newest, day=None, updated=3)], tomorrow) == replace(newest, asked=tomorrow, new=0)
    assert unchanged([], tomorrow) is None


def test_what_is_usual_is_not_counted_twice() -> None:
    """One Friday's papers, seen on Saturday and Sunday once more, do not make a usual Friday."""
    before = batch(FRIDAY - timedelta(days=7))
    seen_again = [replace(before, asked=before.asked + timedelta(days=n)) for n in range(4)]
    assert alarms(batch(FRIDAY, 20), seen_again) == []


def test_the_account_of_a_day_names_each_source_once_and_what_is_missing() -> None:
    """Of a source that was asked twice the last answer counts; one that has been silent too long stands at the end."""
    old = batch(FRIDAY - timedelta(days=7), source="arxiv:cs.CL")
    today = [batch(FRIDAY, 1), batch(FRIDAY, 5), batch(FRIDAY, 9, source="hf-daily-papers")]
    assert account(today, [old, today[1]], FRIDAY) == (
        "arXiv cs.CV: 5 papers of 9 May",
        "hf-daily-papers: 9 papers of 9 May",
        "arXiv cs.CL, 9 May: nothing since 2 May",
    )


def test_several_days_of_a_source_are_told_together() -> None:
    """Who takes in a week at once reads one line of it, with the days from first to last."""
    week = [replace(batch(FRIDAY - timedelta(days=back), 10, source="arxiv"), asked=FRIDAY) for back in (4, 0, 2)]
    assert account(week, [], FRIDAY) == ("arXiv: 30 papers of 5 May to 9 May",)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2025, 1, 1), False), (date(2025, 1, 20), False), (date(2025, 5, 26), False), (date(2025, 6, 19), False),
        (date(2025, 9, 1), False), (date(2025, 11, 27), False), (date(2025, 11, 28), False),
        (date(2025, 12, 25), False), (date(2025, 12, 26), False),
        (date(2026, 7, 3), False), (date(2027, 7, 5), False), (date(2025, 5, 9), True), (date(2025, 5, 10), False),
        (date(2025, 12, 24), True), (date(2025, 11, 26), True),
    ],
)  # fmt: skip
def test_arxivs_days_without_mailing_are_known(day: date, expected: bool) -> None:  # noqa: FBT001
    """Weekends and holidays have no mailing, those that fall on a weekend are kept beside it; other sources any day."""
    assert has_news("arxiv:cs.CV", day) is expected
    assert has_news("hf-daily-papers", day)


@given(st.integers(1991, 2100))
def test_every_year_has_its_ten_holidays(year: int) -> None:
    """Whatever the year, the holidays are ten different days, and only those about New Year fall on weekends."""
    days = arxiv_holidays(year)
    assert len(days) == 10
    assert all(day.isoweekday() < 6 for day in days if day.month not in {1, 12})


def test_the_order_of_records_makes_no_difference() -> None:
    """The same papers in another order, or batch by batch, are the same content; one paper more is another."""
    papers = [Paper(id=f"arxiv:2505.0000{n}", title="T", announced=FRIDAY - timedelta(days=n)) for n in range(4)]
    records = [Record(paper) for paper in papers]
    one, other, less = Content("x"), Content("x"), Content("x")
    one.add(records)
    for record in reversed(records):
        other.add([record, Record(Rejection(where="line 1", why="no title"))])
    less.add(records[1:])
    counts = IngestReport(new=4)
    assert one.batch(FRIDAY, counts) == other.batch(FRIDAY, counts)
    assert one.batch(FRIDAY, counts).content != less.batch(FRIDAY, counts).content
    assert one.batch(FRIDAY, counts).day == FRIDAY


def test_an_old_batch_is_seen_when_it_is_taken_in(tmp_path: Path, samples: Path) -> None:
    """Real days of arXiv: Friday's papers served again on the weekend are right, on Monday they are an old batch."""
    friday = samples / "stream" / "2025-05-09.jsonl.gz"
    with Store(tmp_path / "digest.sqlite3") as store:
        for day in (9, 10, 11):
            assert ingest(store, [friday], as_of=date(2025, 5, day)).alarms == []
        monday = ingest(store, [friday], as_of=date(2025, 5, 12))
        with store.reading() as connection:
            kept = batches.of(connection, "arxiv")
    assert monday.alarms == ["arXiv, 12 May: the same 196 papers as on 11 May: it may be an old batch"]
    assert [(each.asked.day, each.read) for each in kept] == [(9, 196), (10, 196), (11, 196), (12, 196)]
    assert [each.new > 0 for each in kept] == [True, False, False, False]
    assert monday.as_json()["alarms"] == monday.alarms
