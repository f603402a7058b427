"""Which sources are late: they have papers of their own on such a day as a rule, and have none yet (pure).

A quiet day is none to wait on, nor is one without arXiv's mailing: what came on most days like this one is expected.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from digest.batch import day_of
from digest.mailings import has_news, is_arxiv

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from digest.batch import Batch

ALIKE = 4
"""Days like this one that are looked at: the last ones with arXiv's mailing, else the last ones of the weekday."""

USUAL = 3
"""On so many of them a source had papers of the day itself, if it is one to wait for."""


def late(known: Mapping[str, Sequence[Batch]], today: date) -> tuple[str, ...]:
    """Those of the sources, given with their last batches, whose papers of a day are still to come, in their order."""
    return tuple(source for source, batches in known.items() if _is_late(source, batches, today))


def _is_late(source: str, batches: Sequence[Batch], today: date) -> bool:
    if not has_news(source, today) or any(_is_there(batch, today) for batch in batches):
        return False
    prompt = {batch.asked for batch in batches if batch.read and day_of(batch) == batch.asked}
    return sum(day in prompt for day in _alike(source, today)) >= USUAL


def _is_there(batch: Batch, today: date) -> bool:
    """Whether the day's papers came, or the source said that there are none."""
    is_nothing = batch.asked == today and not batch.read and batch.day is None
    return is_nothing or day_of(batch) >= today


def _alike(source: str, today: date) -> Iterable[date]:
    if not is_arxiv(source):
        return (today - timedelta(weeks=n) for n in range(1, ALIKE + 1))
    # Within two weeks there are more days of mailing than these, holidays or not.
    before = (today - timedelta(days=n) for n in range(1, 15))
    return [day for day in before if has_news(source, day)][:ALIKE]
