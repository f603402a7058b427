"""What is waited for: sources that have papers on most days like this one, and none yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.batch import Batch
from digest.lateness import late
from digest.mailings import has_news

MONDAY = date(2025, 5, 5)
ARXIV, FEED = "arxiv:cs.CV", "https://example.org/feed.xml"


def batch(source: str, day: date) -> Batch:
    """Papers of a day, on that day."""
    return Batch(
        source=source, asked=day, day=day, announced=9, read=9, new=9, updated=0, rejected=0, content=day.isoformat()
    )


def mailings(until: date, days: int) -> list[Batch]:
    """What arXiv gave on its days before one."""
    before = (until - timedelta(days=n) for n in range(days, 0, -1))
    return [batch(ARXIV, day) for day in before if has_news(ARXIV, day)]


def test_arxiv_is_late_on_a_day_of_mailing() -> None:
    """After two weeks of mailings it is expected on the next day of one."""
    assert late({ARXIV: mailings(MONDAY, 14)}, MONDAY) == (ARXIV,)


@given(st.dates(date(2024, 1, 1), date(2027, 12, 31)), st.booleans())
def test_nothing_is_late_without_a_mailing_or_once_it_is_there(day: date, is_there: bool) -> None:  # noqa: FBT001  (drawn)
    """On weekends and arXiv's holidays, and when the day's papers came, nobody waits; on all other days everybody."""
    known = [*mailings(day, 60), *([batch(ARXIV, day)] if is_there else [])]
    assert bool(late({ARXIV: known}, day)) == (has_news(ARXIV, day) and not is_there)


@pytest.mark.parametrize("days", [0, 1, 3])
def test_a_new_source_is_not_waited_for(days: int) -> None:
    """Before there were three days like this one nobody knows what to expect."""
    assert late({ARXIV: mailings(MONDAY, days)}, MONDAY) == ()


def test_a_weekly_feed_is_expected_on_its_weekday() -> None:
    """What came on three of the last four Mondays is late on a Monday; on two of them, it is not."""
    came = [batch(FEED, MONDAY - timedelta(weeks=n)) for n in (1, 3, 4)]
    assert late({FEED: came}, MONDAY) == (FEED,)
    assert late({FEED: came[1:]}, MONDAY) == ()
    assert late({FEED: came}, MONDAY + timedelta(days=1)) == ()


def test_papers_that_always_come_a_day_later_are_not_waited_for() -> None:
    """A source that is read on Mondays with the papers of Sundays is not late on a Monday."""
    came = [
        replace(batch(FEED, MONDAY - timedelta(weeks=n)), day=MONDAY - timedelta(weeks=n, days=1)) for n in range(1, 5)
    ]
    assert late({FEED: came}, MONDAY) == ()


def test_the_old_batch_once_more_is_none() -> None:
    """What a source gave before, asked again today, does not end the waiting; that it has no papers today does."""
    known = mailings(MONDAY, 14)
    again = replace(known[-1], asked=MONDAY, new=0)
    nothing = replace(again, day=None, read=0, announced=0)
    assert late({ARXIV: [*known, again]}, MONDAY) == (ARXIV,)
    assert late({ARXIV: [*known, again, nothing]}, MONDAY) == ()
