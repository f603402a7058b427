"""What a source gave once: its papers counted, its day judged by them, and a sum of their ids (pure)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from digest.types import AnnounceType, Paper

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from digest.sources.records import Record

BACKFILL = "backfill"
"""The kind of source that days filled in later are kept under."""

_REPLACED = (AnnounceType.REPLACE, AnnounceType.REPLACE_CROSS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one source gave once.

    `asked` is the day it was asked, `day` the day that its content is of (None where nothing in it says so).
    `announced` is how many papers the source says it holds; None where it does not say. `content` is a hash of the ids
    of its papers, the same for the same papers in any order. Of the papers read, `cross_listed` and `replaced` were
    announced as such; the others are first versions, or their source makes no difference. `withheld` are records that
    a source of several categories announced and did not give, so that nobody knows whether they were of this one.
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
    cross_listed: int = 0
    replaced: int = 0
    withheld: int = 0


@dataclass(slots=True)
class Content:
    """What a dump holds, gathered as its records pass: its source, the newest day of its papers, a sum of their ids."""

    source: str = ""
    day: date | None = None
    ids: int = 0
    is_arxiv: bool = True
    cross_listed: int = 0
    replaced: int = 0

    def add(self, records: Iterable[Record]) -> None:
        """Take in records; the order in which they come makes no difference."""
        for record in records:
            if isinstance(record.outcome, Paper):
                paper = record.outcome
                self.day = max(filter(None, (self.day, paper.news_day)), default=None)
                self.is_arxiv &= paper.id.startswith("arxiv:")
                self.cross_listed += paper.announce_type == AnnounceType.CROSS
                self.replaced += paper.announce_type in _REPLACED
                hashed = hashlib.blake2b(paper.id.encode(errors="replace"), digest_size=7).digest()
                self.ids = (self.ids + int.from_bytes(hashed)) % 2**56

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Content:
        """What `dataclasses.asdict` took apart and JSON kept."""
        return cls(**(values | {"day": date.fromisoformat(values["day"]) if values["day"] else None}))

    def batch(self, asked: date, counts: Counts, announced: int | None = None, withheld: int = 0) -> Batch:
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
            cross_listed=self.cross_listed,
            replaced=self.replaced,
            withheld=withheld,
        )


class Counts(Protocol):
    """What an ingest counted."""

    new: int
    updated: int
    rejected: int

    @property
    def read(self) -> int:
        """Papers read well."""


def unchanged(earlier: Sequence[Batch], asked: date) -> Batch | None:
    """The batch of a source that says, when it is asked, that it has nothing but what it gave: its newest once more.

    None where it gave none.
    """
    if not earlier:
        return None
    newest = max(reversed(earlier), key=day_of)
    return replace(newest, asked=asked, day=day_of(newest), new=0, updated=0)


def backfilled(source: str) -> str:
    """The name under which days of a source are kept that were filled in later: they tell nothing of its usual days."""
    return f"{BACKFILL}:{source}"


def day_of(batch: Batch) -> date:
    """The day a batch is of; the day it was asked for where its content does not say."""
    return batch.day or batch.asked
