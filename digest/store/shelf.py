"""The known works that a batch of papers may touch: found, folded and written back.

Changed in memory and written in a few statements, because a statement for each paper would take most of an ingest. No
two works of the database are the same by `digest.folding.is_same_work`: where a paper shows that two are, they are
merged, and the number that came first stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from digest import events as happenings
from digest.folding import fold, is_same_work
from digest.identity import arxiv_month, title_key
from digest.linkage import block
from digest.store import changes, events, merges
from digest.store.rows import columns_of, insert, lookup, paper_of, update
from digest.store.tables import paper_ids, papers, revisions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from digest.types import EventKind, Paper


class Outcome(StrEnum):
    """What adding a paper did to the database."""

    NEW = "new"
    UPDATED = "updated"
    DUPLICATE = "duplicate"


class Keys(NamedTuple):
    """What finds the works that a paper may be: all its ids, its folded title, and the blocking key of close ones."""

    ids: tuple[str, ...]
    title: str
    block: int | None

    @classmethod
    def of(cls, paper: Paper) -> Keys:
        """The keys of a paper."""
        key = title_key(paper.title)
        return cls((paper.id, *paper.other_ids), key, block(paper.title, key, paper.authors))


@dataclass(frozen=True, slots=True)
class _Work:
    """A paper as the database holds it: with its keys and the day it counts as news."""

    paper: Paper
    keys: Keys
    day: date


class Shelf:
    """The known works that papers of these keys may touch."""

    def __init__(self, connection: sa.Connection, keys: Iterable[Keys]) -> None:
        self._works: dict[int, _Work] = {}
        self._owners: dict[str, int] = {}
        self._titled: dict[str, set[int]] = {}
        self._blocked: dict[int | None, set[int]] = {}
        self._load(connection, keys)
        self._before = dict(self._works)
        self._stored_names = frozenset(self._owners)
        self._claimed: dict[str, int] = {}
        self._changed: set[int] = set()
        self._merged: dict[int, int] = {}
        self._happened: list[tuple[int, EventKind, str, date]] = []
        # The write lock is held, so nobody else numbers papers meanwhile.
        self._last = merges.last_number(connection)
        self._first_new = self._last + 1

    def put(self, paper: Paper, keys: Keys, as_of: date) -> Outcome:
        """Fold a paper, of these keys, into the work it is known as, or make it a new one."""
        seq = self._find(paper, keys)
        if seq is None:
            self._last += 1
            # Ids in the order that folding gives them, so that the same paper again changes nothing.
            ordered = fold(paper, paper) if len(paper.other_ids) > 1 else paper
            self._place(self._last, _Work(ordered, keys, paper.news_day or arxiv_month(paper.id) or as_of))
            self._claim(self._last, keys.ids, paper.id)
            return Outcome.NEW
        known = self._works[seq]
        folded = fold(known.paper, paper)
        if folded == known.paper:
            return Outcome.DUPLICATE
        self._change(seq, folded, known.day)
        self._claim(seq, keys.ids, folded.id)
        parts = [known.paper]
        # What is known of the work by now may show that another one is the same.
        while (other := self._find(self._works[seq].paper, self._works[seq].keys, besides=seq)) is not None:
            parts.append(self._works[other].paper)
            seq = self._merge(seq, other)
        day, whole = paper.announced or as_of, self._works[seq].paper
        for part in parts:
            self._happened += ((seq, kind, detail, day) for kind, detail in happenings.between(part, whole))
        return Outcome.UPDATED

    def write(self, connection: sa.Connection) -> None:
        """Write all that has changed."""
        stored = {gone: self._before[gone].paper for gone in self._merged if gone in self._before}
        merges.move(connection, {gone: self._lives_as(gone) for gone in stored})
        fresh = [self._row(seq) for seq in range(self._first_new, self._last + 1) if seq in self._works]
        insert(connection, papers, fresh)
        changed = sorted(seq for seq in self._changed if seq < self._first_new)
        update(connection, papers.c.seq, [self._row(seq) for seq in changed])
        revised = [{"seq": seq} for seq in changed if _searched(self._works[seq]) != _searched(self._before[seq])]
        if revised:
            connection.execute(revisions.insert(), revised)
        merged = [(gone, {changes.MERGED: self._lives_as(gone)}) for gone in stored]
        changes.add(connection, [*((seq, self._became(seq)) for seq in changed), *merged])
        names = [{"id": name, "seq": seq} for name, seq in self._claimed.items() if name not in self._stored_names]
        insert(connection, paper_ids, names)
        moved = [{"id": name, "seq": seq} for name, seq in self._claimed.items() if name in self._stored_names]
        update(connection, paper_ids.c.id, moved)
        merges.add(connection, [(gone, self._lives_as(gone), stored.get(gone)) for gone in self._merged])
        events.add(connection, [(self._lives_as(seq), kind, detail, day) for seq, kind, detail, day in self._happened])

    def _load(self, connection: sa.Connection, keys: Iterable[Keys]) -> None:
        """Load the works of these keys, then those of their keys in turn: with these they may turn out to be one."""
        ids, titles, blocks = _Asked(), _Asked(), _Asked()
        while True:
            for each in keys:
                ids.update(each.ids)
                titles.add(each.title)
                blocks.add(each.block)
            owners = {row.id: row.seq for row in lookup(connection, sa.select(paper_ids), paper_ids.c.id, ids.now())}
            seqs = {*owners.values(), *_seqs(connection, papers.c.title_key, titles.now())}
            seqs |= _seqs(connection, papers.c.block, blocks.now())
            self._owners |= owners
            if not (seqs := seqs - self._works.keys()):
                return
            keys = []
            for row in lookup(connection, sa.select(papers), papers.c.seq, seqs):
                keys.append(Keys((row.id, *row.other_ids), row.title_key, row.block))
                self._place(row.seq, _Work(paper_of(row), keys[-1], row.day))

    def _find(self, paper: Paper, keys: Keys, besides: int | None = None) -> int | None:
        """The first work that is the same as a paper of these keys, found by its ids before its title."""
        owners = (self._owners[name] for name in keys.ids if name in self._owners)
        titled = sorted(self._titled.get(keys.title, ()))
        blocked = sorted(self._blocked.get(keys.block, ()))
        others = (seq for seq in (*owners, *titled, *blocked) if seq != besides)
        return next((seq for seq in others if is_same_work(self._works[seq].paper, paper)), None)

    def _merge(self, one: int, another: int) -> int:
        """Make two works one, of the lower number, which is what comes back."""
        kept, gone = min(one, another), max(one, another)
        work, lost = self._works[kept], self._take_away(gone)
        self._change(kept, fold(work.paper, lost.paper), min(work.day, lost.day))
        self._merged[gone] = kept
        self._changed.discard(gone)
        for name in lost.keys.ids:
            if self._owners[name] == gone:
                self._owners[name] = self._claimed[name] = kept
        return kept

    def _lives_as(self, seq: int) -> int:
        """The number of the work that a number has become part of, at last."""
        while seq in self._merged:
            seq = self._merged[seq]
        return seq

    def _change(self, seq: int, folded: Paper, day: date) -> None:
        """Put what is known of a work by now in its place; `day` where it has no date."""
        self._take_away(seq)
        self._place(seq, _Work(folded, Keys.of(folded), folded.news_day or day))
        self._changed.add(seq)

    def _place(self, seq: int, work: _Work) -> None:
        self._works[seq] = work
        self._titled.setdefault(work.keys.title, set()).add(seq)
        if work.keys.block is not None:
            self._blocked.setdefault(work.keys.block, set()).add(seq)

    def _take_away(self, seq: int) -> _Work:
        work = self._works.pop(seq)
        self._titled[work.keys.title].discard(seq)
        self._blocked.get(work.keys.block, set()).discard(seq)
        return work

    def _claim(self, seq: int, names: Iterable[str], own: str) -> None:
        # An id belongs to the first work that bore it (two arXiv papers may name one DOI), but a work's own id to it.
        for name in names:
            if name not in self._owners or (name == own and self._owners[name] != seq):
                self._owners[name] = self._claimed[name] = seq

    def _became(self, seq: int) -> dict[str, Any]:
        """What of a stored work is other than it was."""
        was, now = self._before[seq], self._works[seq]
        return changes.between(columns_of(was.paper) | {"day": was.day}, columns_of(now.paper) | {"day": now.day})

    def _row(self, seq: int) -> dict[str, Any]:
        work = self._works[seq]
        row = columns_of(work.paper)
        return row | {"seq": seq, "day": work.day, "title_key": work.keys.title, "block": work.keys.block}


class _Asked(set[Any]):
    """Values to look up, each once."""

    def __init__(self) -> None:
        super().__init__()
        self._before: set[Any] = {None}

    def now(self) -> set[Any]:
        """Those that were not looked up yet."""
        fresh = self - self._before
        self._before |= fresh
        return fresh


def _seqs(connection: sa.Connection, column: sa.Column[Any], values: set[Any]) -> set[int]:
    return {row.seq for row in lookup(connection, sa.select(papers.c.seq), column, values)}


def _searched(work: _Work) -> tuple[object, ...]:
    """What of a work a search goes by; votes come every day and are no revision."""
    return work.paper.title, work.paper.abstract, work.paper.authors, work.day
