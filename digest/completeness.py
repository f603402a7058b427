"""Was all of it there? What each source gave, day by day, and what is odd about it (pure).

A quiet day and a broken feed look alike from outside, so every batch that is taken in is kept with what the source said
it holds, what was read of it, and what it is, and is compared with the ones before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from digest.batch import BACKFILL, day_of
from digest.days import MONTHS, WEEKDAYS
from digest.mailings import has_news, is_arxiv, news_days
from digest.sources import FORMATS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from digest.batch import Batch

SHORT = 0.4
"""A batch with less than this share of what is usual is short."""

USUAL_DAYS = 3
"""Batches of the same weekday that it takes to say what is usual."""

OVERDUE_DAYS = 2
"""Days with news in a row without a batch, after which a source is missing."""

_SPOKEN = {"arxiv": "arXiv", "biorxiv": "bioRxiv", "medrxiv": "medRxiv"}
_PASSWORD = re.compile(r"(?<=://)[^/?#]*@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What is odd about a source, in words for its readers."""

    source: str
    day: date
    why: str

    def told(self) -> str:
        """The alarm as one line."""
        return f"{spoken(self.source)}, {_day(self.day)}: {self.why}"


def alarms(batch: Batch, earlier: Sequence[Batch], *, is_admitted: bool = False) -> list[Alarm]:
    """What is odd about a batch, compared with earlier ones of the same source, the newest last.

    What is only called by its format may be many sources in one, and a part of what its source gave: it is compared
    with nothing.

    It may be stale (the same papers as the time before, on a day that should have news), short (far fewer than is usual
    on that weekday), or not wholly read (fewer than the source says it holds). With `is_admitted` the source itself
    says that it has nothing new, which is odd of arXiv only; what else was odd about its last batch was told then.
    """
    if batch.source in FORMATS:
        return []
    before = [each for each in earlier if each.source == batch.source]
    is_same = _is_same(batch, before)
    found = _stale(batch, before, is_admitted=is_admitted) if is_same else []
    if is_admitted:
        return found
    if not is_same and (usual := _undercut(batch, before)):
        why = f"{_papers(batch.read)}, where {usual} are usual on a {_weekday(batch)}"
        found.append(Alarm(source=batch.source, day=day_of(batch), why=why))
    if batch.announced is not None and batch.read < batch.announced:
        why = f"announced {_papers(batch.announced)}, {batch.read:,} read{_rejected(batch)}"
        found.append(Alarm(source=batch.source, day=day_of(batch), why=why))
    if batch.withheld:
        found.append(Alarm(source=batch.source, day=day_of(batch), why=_withheld(batch)))
    return found


def told(batch: Batch) -> str:
    """What a source gave, as one line for readers: `arXiv cs.CV announced 214 papers on 13 March, 214 read`."""
    name, on = spoken(batch.source), _day(day_of(batch))
    if _is_known(batch):
        return f"{name}: nothing new since {on}"
    tail = _rejected(batch) + _kinds(batch) + (f", and {_withheld(batch)}" if batch.withheld else "")
    # A saved file is what somebody kept of an answer.
    if batch.announced is None or batch.source in FORMATS:
        return f"{name}: {_papers(batch.read)} of {on}{tail}"
    read = f", {batch.read:,} read" if batch.announced or batch.read else ""
    return f"{name} announced {_papers(batch.announced)} on {on}{read}{tail}"


def spoken(source: str) -> str:
    """A source's name in a sentence: `arXiv cs.CV` for `arxiv:cs.CV`; of a URL without name and password."""
    kind, _, rest = source.partition(":")
    if kind == BACKFILL:
        return f"{spoken(rest)}, earlier days"
    return f"{_SPOKEN[kind]} {rest}".rstrip() if kind in _SPOKEN else _PASSWORD.sub("", source)


def account(
    batches: Sequence[Batch],
    last: Sequence[Batch],
    today: date,
    earlier: Sequence[Batch] = (),
    unread: Collection[str] = (),
) -> tuple[str, ...]:
    """What the sources gave for a day's issues, a line each with what is odd about it, and behind them what is missing.

    Args:
        batches: What was taken in on the day, in the order it came; of each source and day of papers the last counts.
        last: The last batch of every source there is.
        today: The day.
        earlier: Batches of days before, the newest last, to compare with.
        unread: Sources that could not be read when they were asked last on the day.
    """
    overdue = {batch.source: alarm for batch in last if (alarm := missing(batch.source, batch, today))}
    latest = {(batch.source, batch.day): batch for batch in batches}
    lines = []
    for source in dict.fromkeys(source for source, _ in latest):
        own = [batch for batch in latest.values() if batch.source == source]
        # What is known already is told only where there is nothing else to tell.
        own = [batch for batch in own if not _is_known(batch)] or [max(own, key=day_of)]
        before = [each for each in earlier if each.source == source and each.asked < today]
        line = _told_together(own) if len(own) > 1 else _compared(own[0], before, is_overdue=source in overdue)
        lines.append(line)
    failed = [f"{spoken(source)} could not be read on {_day(today)}" for source in unread if source not in overdue]
    return (*lines, *failed, *(alarm.told() for alarm in overdue.values()))


def _compared(batch: Batch, before: Sequence[Batch], *, is_overdue: bool) -> str:
    """The line of a batch and what is odd about it, in words for readers."""
    line = told(batch)
    if batch.source in FORMATS or is_overdue:
        return line
    if _is_same(batch, before):
        # Of other sources it is the operator who should look, once.
        is_odd = is_arxiv(batch.source) and _stale(batch, before, is_admitted=False)
        as_then = "" if _is_known(batch) else f", the same as on {_day(before[-1].asked)}"
        return f"{line}{as_then}: it may be an old batch" if is_odd else line
    usual = None if _is_known(batch) else _undercut(batch, before)
    return f"{line}, where {usual} are usual on a {_weekday(batch)}" if usual else line


def _told_together(batches: Sequence[Batch]) -> str:
    days = sorted(map(day_of, batches))
    read = sum(batch.read for batch in batches)
    rejected = sum(batch.rejected for batch in batches)
    line = f"{spoken(batches[0].source)}: {_papers(read)} of {_day(days[0])} to {_day(days[-1])}"
    return f"{line}, {rejected:,} could not be read" if rejected else line


def missing(source: str, last: Batch | None, today: date) -> Alarm | None:
    """The alarm for a source whose last batch is too long ago, counted in days that should have had news.

    None for sources other than arXiv: nobody knows when a journal has news.
    """
    if last is None or not is_arxiv(source):
        return None
    days = news_days(source, last.day or last.asked, today)
    if len(days) <= OVERDUE_DAYS:
        return None
    return Alarm(source=source, day=today, why=f"nothing since {_day(last.day or last.asked)}")


def _day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]}"


def _weekday(batch: Batch) -> str:
    return WEEKDAYS[day_of(batch).weekday()]


def _papers(count: int) -> str:
    return {0: "no papers", 1: "1 paper"}.get(count, f"{count:,} papers")


def _rejected(batch: Batch) -> str:
    return f", {batch.rejected:,} could not be read" if batch.rejected else ""


def _kinds(batch: Batch) -> str:
    first = batch.read - batch.cross_listed - batch.replaced
    kinds = ((first, "new"), (batch.cross_listed, "cross-listed"), (batch.replaced, "in a later version"))
    is_mixed = batch.cross_listed or batch.replaced
    return ": " + ", ".join(f"{count:,} {what}" for count, what in kinds if count) if is_mixed else ""


def _withheld(batch: Batch) -> str:
    records = "1 record" if batch.withheld == 1 else f"{batch.withheld:,} records"
    return f"{records} of its server's list did not come"


def _is_known(batch: Batch) -> bool:
    """Whether a batch is an old one of which every paper was there already."""
    return bool(batch.read) and day_of(batch) < batch.asked and not batch.new and not batch.updated


def _is_same(batch: Batch, before: Sequence[Batch]) -> bool:
    """Whether the papers are those of the batch before, which came on another day."""
    return bool(before and batch.read) and before[-1].content == batch.content and before[-1].asked < batch.asked


def _stale(batch: Batch, before: Sequence[Batch], *, is_admitted: bool) -> list[Alarm]:
    """The alarm, if there is to be one, for a batch that is the same as the one before."""
    is_excused = not is_arxiv(batch.source) and (is_admitted or _repeats(before))
    if is_excused or not has_news(batch.source, batch.asked):
        return []
    why = f"the same {_papers(batch.read)} as on {_day(before[-1].asked)}: it may be an old batch"
    return [Alarm(source=batch.source, day=batch.asked, why=why)]


def _repeats(batches: Sequence[Batch]) -> bool:
    """Whether a source has given the same papers on two days before: a weekly feed does, and is no old one for it."""
    return any(one.content == next_one.content for one, next_one in pairwise(batches))


def _undercut(batch: Batch, earlier: Sequence[Batch]) -> str | None:
    """How many papers a source usually has on this weekday, where a batch has far fewer; None where it has not."""
    day = day_of(batch)
    # The same batch on three days says once how many papers there are.
    latest = {each.content: each for each in earlier}.values()
    counts = [each.read for each in latest if day_of(each).isoweekday() == day.isoweekday()]
    usual = int(median(counts)) if len(counts) >= USUAL_DAYS else 0
    return f"{usual:,}" if has_news(batch.source, day) and batch.read < SHORT * usual else None
