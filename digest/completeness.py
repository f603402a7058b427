"""Was all of it there? What each source gave, day by day, and what is odd about it (pure).

A quiet day and a broken feed look alike from outside, so every batch that is taken in is kept with what the source said
it holds, what was read of it, and what it is, and is compared with the ones before it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any, Protocol

from digest.sources import FORMATS
from digest.types import Paper

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from digest.sources.records import Record

SHORT = 0.4
"""A batch with less than this share of what is usual is short."""

USUAL_DAYS = 3
"""Batches of the same weekday that it takes to say what is usual."""

FRIDAY = 5
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_BACKFILL = "backfill"

OVERDUE_DAYS = 2
"""Days with news in a row without a batch, after which a source is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one source gave once.

    `asked` is the day it was asked, `day` the day that its content is of (None where nothing in it says so).
    `announced` is how many papers the source says it holds; None where it does not say. `content` is a hash of the ids
    of its papers, the same for the same papers in any order.
    """

    source: str
    asked: date
    day: date | None
    announced: int | None
    read: int
    new: int
    updated: int
    rejected: int
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What is odd about a source, in words for its readers."""

    source: str
    day: date
    why: str

    def told(self) -> str:
        """The alarm as one line."""
        return f"{spoken(self.source)}, {_day(self.day)}: {self.why}"


@dataclass(slots=True)
class Content:
    """What a dump holds, gathered as its records pass: its source, the newest day of its papers, a sum of their ids."""

    source: str = ""
    day: date | None = None
    ids: int = 0
    is_arxiv: bool = True

    def add(self, records: Iterable[Record]) -> None:
        """Take in records; the order in which they come makes no difference."""
        for record in records:
            if isinstance(record.outcome, Paper):
                paper = record.outcome
                self.day = max(filter(None, (self.day, paper.news_day)), default=None)
                self.is_arxiv &= paper.id.startswith("arxiv:")
                hashed = hashlib.blake2b(paper.id.encode(errors="replace"), digest_size=7).digest()
                self.ids = (self.ids + int.from_bytes(hashed)) % 2**56

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Content:
        """What `dataclasses.asdict` took apart and JSON kept."""
        return cls(**(values | {"day": date.fromisoformat(values["day"]) if values["day"] else None}))

    def batch(self, asked: date, counts: Counts, announced: int | None = None) -> Batch:
        """The batch that was taken in; a dump of our own form that holds arXiv's papers only is arXiv's."""
        return Batch(
            source="arxiv" if self.source == "interchange" and self.is_arxiv else self.source,
            asked=asked,
            day=self.day,
            announced=announced,
            read=counts.read,
            new=counts.new,
            updated=counts.updated,
            rejected=counts.rejected,
            content=f"{self.ids:014x}",
        )


class Counts(Protocol):
    """What an ingest counted."""

    new: int
    updated: int
    rejected: int

    @property
    def read(self) -> int:
        """Papers read well."""


def alarms(batch: Batch, earlier: Sequence[Batch]) -> list[Alarm]:
    """What is odd about a batch, compared with earlier ones of the same source, the newest last.

    What is only called by its format may be many sources in one, and is compared with nothing.

    It may be stale (the same papers as the time before, on a day that should have news), short (far fewer than is usual
    on that weekday), or not wholly read (fewer than the source says it holds).
    """
    found: list[Alarm] = []
    if batch.source in FORMATS:
        return found

    def odd(day: date, why: str) -> None:
        found.append(Alarm(source=batch.source, day=day, why=why))

    day = batch.day or batch.asked
    before = [each for each in earlier if each.source == batch.source]
    if before and batch.read and before[-1].content == batch.content and before[-1].asked < batch.asked:
        if has_news(batch.source, batch.asked) and (_is_arxiv(batch.source) or not _repeats(before)):
            odd(batch.asked, f"the same {batch.read:,} papers as on {_day(before[-1].asked)}: it may be an old batch")
    elif has_news(batch.source, day):
        usual = _usual(day, before)
        if usual and batch.read < SHORT * usual:
            odd(day, f"{batch.read:,} papers, where {usual:,} are usual on a {WEEKDAYS[day.weekday()]}")
    if batch.announced is not None and batch.read < batch.announced:
        odd(day, f"announced {batch.announced:,} papers, {batch.read:,} read")
    return found


def told(batch: Batch) -> str:
    """What a source gave, as one line for readers: `arXiv cs.CV announced 214 papers on 13 March, 214 read`."""
    on = _day(batch.day or batch.asked)
    rejected = f", {batch.rejected:,} could not be read" if batch.rejected else ""
    if batch.announced is not None:
        return f"{spoken(batch.source)} announced {batch.announced:,} papers on {on}, {batch.read:,} read{rejected}"
    papers = "1 paper" if batch.read == 1 else f"{batch.read:,} papers"
    return f"{spoken(batch.source)}: {papers} of {on}{rejected}"


def spoken(source: str) -> str:
    """A source's name in a sentence: `arXiv cs.CV` for `arxiv:cs.CV`."""
    kind, _, rest = source.partition(":")
    if kind == _BACKFILL:
        return f"{spoken(rest)}, earlier days"
    return f"arXiv {rest}".rstrip() if kind == "arxiv" else source


def account(batches: Sequence[Batch], last: Sequence[Batch], today: date) -> tuple[str, ...]:
    """What the sources gave for a day's issues, a line each, and behind these what is missing.

    Args:
        batches: What was taken in on the day, in the order it came; of each source and day of papers the last counts.
        last: The last batch of every source there is.
        today: The day.
    """
    latest = {(batch.source, batch.day): batch for batch in batches}
    lines = []
    for source in dict.fromkeys(source for source, _ in latest):
        own = [batch for batch in latest.values() if batch.source == source]
        lines.append(told(own[0]) if len(own) == 1 else _told_together(own))
    overdue = (missing(batch.source, batch, today) for batch in last)
    return (*lines, *(alarm.told() for alarm in overdue if alarm))


def backfilled(source: str) -> str:
    """The name under which days of a source are kept that were filled in later: they tell nothing of its usual days."""
    return f"{_BACKFILL}:{source}"


def _told_together(batches: Sequence[Batch]) -> str:
    days = sorted(batch.day or batch.asked for batch in batches)
    read, rejected = (sum(getattr(batch, name) for batch in batches) for name in ("read", "rejected"))
    of = f"{_day(days[0])} to {_day(days[-1])}"
    return f"{spoken(batches[0].source)}: {read:,} papers of {of}" + (
        f", {rejected:,} could not be read" if rejected else ""
    )


def missing(source: str, last: Batch | None, today: date) -> Alarm | None:
    """The alarm for a source whose last batch is too long ago, counted in days that should have had news.

    None for sources other than arXiv: nobody knows when a journal has news, and one that has none may say so itself
    when it is asked (304), so that no batch comes of it.
    """
    if last is None or not _is_arxiv(source):
        return None
    days = news_days(source, last.day or last.asked, today)
    if len(days) <= OVERDUE_DAYS:
        return None
    return Alarm(source=source, day=today, why=f"nothing since {_day(last.day or last.asked)}")


def news_days(source: str, after: date, until: date) -> list[date]:
    """The days behind `after`, up to `until`, on which a source should have news."""
    days = (after + timedelta(days=n) for n in range(1, (until - after).days + 1))
    return [day for day in days if has_news(source, day)]


def has_news(source: str, day: date) -> bool:
    """Whether a source should have news on a day: arXiv mails on working days but its holidays, others any day."""
    return not _is_arxiv(source) or (day.isoweekday() <= FRIDAY and day not in arxiv_holidays(day.year))


def arxiv_holidays(year: int) -> frozenset[date]:
    """The working days of a year without arXiv's mailing (https://info.arxiv.org/help/availability.html).

    These are the holidays of the United States that arXiv keeps, and the days around Christmas and New Year.
    """
    thanksgiving = _nth(year, 11, 4, 4)
    return frozenset(
        {
            date(year, 1, 1),
            _nth(year, 1, 1, 3),  # Martin Luther King Jr. Day
            _nth(year, 6, 1, 1) - timedelta(days=7),  # Memorial Day: the last Monday of May
            _kept(date(year, 6, 19)),  # Juneteenth
            _kept(date(year, 7, 4)),  # Independence Day
            _nth(year, 9, 1, 1),  # Labor Day
            thanksgiving,
            thanksgiving + timedelta(days=1),
            date(year, 12, 25),
            date(year, 12, 26),
        }
    )


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    """The n-th day of a month that is a weekday (ISO: Monday is 1)."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.isoweekday()) % 7 + 7 * (n - 1))


def _kept(day: date) -> date:
    """The working day on which a holiday is kept: that before a Saturday, that behind a Sunday."""
    saturday, sunday = 6, 7
    shift = {saturday: -1, sunday: 1}.get(day.isoweekday(), 0)
    return day + timedelta(days=shift)


def _day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]}"


def _is_arxiv(source: str) -> bool:
    return source.partition(":")[0] == "arxiv"


def _repeats(batches: Sequence[Batch]) -> bool:
    """Whether a source has given the same papers on two days before: a weekly feed does, and is no old one for it."""
    return any(one.content == next_one.content for one, next_one in pairwise(batches))


def _usual(day: date, earlier: Sequence[Batch]) -> int | None:
    """How many papers a source usually has on this weekday; None while that is not known."""
    counts = [each.read for each in earlier if (each.day or each.asked).isoweekday() == day.isoweekday()]
    return int(median(counts)) if len(counts) >= USUAL_DAYS else None
