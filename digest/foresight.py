"""What an edit of a profile would change, seen on the papers of the last days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from digest.ranking.rank import Ranker
    from digest.types import Match, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A paper that an issue of a day would hold."""

    day: date
    match: Match


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Choices that only the new profile makes, that only the old one makes, and how many both make."""

    adds: tuple[Choice, ...]
    drops: tuple[Choice, ...]
    keeps: int


def choices(ranker: Ranker, profile: Profile, news: Mapping[date, Sequence[str]]) -> list[Choice]:
    """What the profile's issues would hold if each day's papers (ids) were all that was new on it."""
    days = sorted(news)
    selections = ranker.select([profile] * len(days), [frozenset(news[day]) for day in days], explained=False)
    return [
        Choice(day=day, match=match)
        for day, selection in zip(days, selections, strict=True)
        for match in selection.chosen
    ]


def difference(old: Sequence[Choice], new: Sequence[Choice]) -> Difference:
    """What the new choices add to the old ones and drop from them."""
    before = {choice.match.paper.id for choice in old}
    after = {choice.match.paper.id for choice in new}
    return Difference(
        adds=tuple(choice for choice in new if choice.match.paper.id not in before),
        drops=tuple(choice for choice in old if choice.match.paper.id not in after),
        keeps=len(before & after),
    )
