"""Evaluation sets: papers, pools of papers that are new together, and readers with what they chose from a pool.

A set is a folder of three files, all UTF-8:

- `papers.jsonl`, a paper a line: `{"id", "title", "abstract"}`, and `upvotes` where they are known;
- `pools.json`: `{pool: [paper id, …]}`;
- `tasks.jsonl`, a task a line: `{"id", "pool", "liked": [paper id, …], "topics": [text, …], "relevant": [paper id,
  …]}`, with `liked` or `topics` or both; `relevant` are papers of the pool.

Other keys are passed over. A set with a fault is refused whole, because figures over a part of it would look like
figures over all of it.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson

from digest.errors import EvaluationError
from digest.text import clean
from digest.types import Paper, Profile, Signals, Topic

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

PAPERS, POOLS, TASKS = "papers.jsonl", "pools.json", "tasks.jsonl"
MOST_FAULTS = 20
"""Faults told of one file; whoever has more mends the program that wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One reader before one pool: the profile to go by, and which papers of the pool the reader chose.

    The profile's papers are ids of the set. No paper is both liked and relevant: what a reader knows already is not
    asked for.
    """

    id: str
    pool: str
    reader: Profile
    relevant: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSet:
    """Papers by id, the ids of each pool, and the tasks in their order.

    `histories` are the ids of what was known before a pool; for a pool that has none there, it is every other paper.
    """

    papers: Mapping[str, Paper]
    pools: Mapping[str, tuple[str, ...]]
    tasks: tuple[Task, ...]
    histories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def candidates(self, pool: str) -> list[Paper]:
        """The papers of a pool, ordered by id."""
        return [self.papers[paper_id] for paper_id in sorted(self.pools[pool])]

    def history(self, pool: str) -> list[Paper]:
        """The papers known before a pool, ordered by id; empty where the pool is the whole set."""
        known = self.histories.get(pool)
        if known is None:
            known = tuple(self.papers.keys() - set(self.pools[pool]))
        return [self.papers[paper_id] for paper_id in sorted(known)]

    def of_pools(self, pools: Collection[str]) -> EvaluationSet:
        """The same papers with the tasks of these pools only."""
        return replace(self, tasks=tuple(task for task in self.tasks if task.pool in pools))


def read(folder: Path) -> EvaluationSet:
    """The evaluation set in a folder; titles and abstracts are cleaned as all papers are that the product takes in.

    Raises:
        EvaluationError: a file is missing or cannot be read, a line is broken, an id is unknown or stands twice, a
            pool is empty, or a task has nothing to go by or nothing to find.
    """
    paper_file = _File(folder / PAPERS)
    papers = dict(_papers(paper_file))
    paper_file.finish(expected=papers)
    pool_file = _File(folder / POOLS)
    pools = dict(_pools(pool_file, papers))
    pool_file.finish(expected=pools)
    task_file = _File(folder / TASKS)
    tasks = tuple(_tasks(task_file, papers, pools))
    task_file.finish(expected=tasks)
    return EvaluationSet(papers=papers, pools=pools, tasks=tasks)


class _File:
    """One file of a set, and the faults that were seen in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._faults: list[str] = []
        self._first_line: dict[str, int] = {}
        try:
            self.content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
        except OSError as error:
            mend = f"an evaluation set is a folder with {PAPERS}, {POOLS} and {TASKS}"
            raise EvaluationError((f"{path}: cannot be read: {error.strerror}: {mend}",)) from error

    def fault(self, line: int, what: str) -> None:
        self._faults.append(f"{self.path}:{line}: {what}")

    def finish(self, *, expected: Collection[object]) -> None:
        """Raise what was found wrong; an empty file is wrong, too."""
        if not self._faults and not expected:
            self.fault(1, "nothing in it: a set needs papers, pools and tasks")
        if self._faults:
            more = len(self._faults) - MOST_FAULTS
            rest = (f"{self.path}: and {more:,} more faults",) if more > 0 else ()
            raise EvaluationError((*self._faults[:MOST_FAULTS], *rest))

    def records(self) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """Each line that is an object with an id of its own: line number, id and object."""
        for number, line in enumerate(self.content.split(b"\n"), start=1):
            if not line.strip():
                continue
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                self.fault(number, f"broken JSON: {error.msg}: mend or remove the line")
                continue
            if not isinstance(record, dict):
                self.fault(number, "not a JSON object: mend or remove the line")
            elif not _is_name(record.get("id")):
                self.fault(number, f"id: {_shown(record.get('id'))}: give it a text that names it")
            elif record["id"] in self._first_line:
                first = self._first_line[record["id"]]
                self.fault(number, f"id: {record['id']!r} stands on line {first} already: remove one or rename it")
            else:
                self._first_line[record["id"]] = number
                yield number, record["id"], record

    def names(self, line: int, key: str, value: object) -> tuple[str, ...]:
        """A list of texts that are not blank and stand once each, empty if missing; a fault for anything else."""
        if value is None:
            return ()
        if not isinstance(value, list):
            self.fault(line, f"{key}: {_shown(value)}: make it a list of texts")
            return ()
        wrong = [each for each in value if not _is_name(each)]
        if wrong:
            self.fault(line, f"{key}: {_shown(wrong[0])} in the list: make it a text, or remove it")
            return ()
        for name, times in Counter(value).items():
            if times > 1:
                self.fault(line, f"{key}: {name!r} stands {times} times: name it once")
        return tuple(dict.fromkeys(value))


def _papers(file: _File) -> Iterator[tuple[str, Paper]]:
    for line, paper_id, record in file.records():
        title, abstract, upvotes = record.get("title"), record.get("abstract"), record.get("upvotes")
        abstract = "" if abstract is None else abstract
        if not isinstance(title, str):
            file.fault(line, f"title: {_shown(title)}: make it a text")
        elif not isinstance(abstract, str):
            file.fault(line, f"abstract: {_shown(abstract)}: make it a text, or leave it out")
        elif upvotes is not None and not (type(upvotes) is int and upvotes >= 0):
            file.fault(line, f"upvotes: {_shown(upvotes)}: make it a whole number, 0 or more, or leave it out")
        else:
            signals = Signals(upvotes=upvotes)
            yield paper_id, Paper(id=paper_id, title=clean(title), abstract=clean(abstract), signals=signals)


def _pools(file: _File, papers: Mapping[str, Paper]) -> Iterator[tuple[str, tuple[str, ...]]]:
    try:
        text = file.content.decode()
        # Pairs, because of a name that stands twice a dict would silently keep the last.
        pairs = json.loads(text, object_pairs_hook=tuple)
    except json.JSONDecodeError as error:
        file.fault(error.lineno, f"broken JSON: {error.msg}: mend it")
        return
    except (ValueError, RecursionError) as error:
        file.fault(1, f"cannot be read as UTF-8 JSON: {type(error).__name__}: mend it")
        return
    if not isinstance(pairs, tuple):
        file.fault(1, "not a JSON object: make it one, with a list of paper ids for each pool")
        return
    seen: set[str] = set()
    place, line = 0, 1
    for pool, value in pairs:
        found = text.find(json.dumps(pool), place)
        if found >= 0:
            place, line = found + 1, line + text.count("\n", place, found)
        ids = file.names(line, pool, value)
        unknown = [paper_id for paper_id in ids if paper_id not in papers]
        if pool in seen:
            file.fault(line, f"{pool}: stands twice: put its papers into one list")
        elif not pool.strip():
            file.fault(line, "a pool without a name: name it")
        elif not value:
            file.fault(line, f"{pool}: empty: name its papers, or remove it")
        elif unknown:
            file.fault(line, f"{pool}: {unknown[0]!r} is not in {PAPERS}: add the paper there, or remove it here")
        seen.add(pool)
        yield pool, ids


def _tasks(file: _File, papers: Mapping[str, Paper], pools: Mapping[str, tuple[str, ...]]) -> Iterator[Task]:
    members = {pool: frozenset(ids) for pool, ids in pools.items()}
    for line, task_id, record in file.records():
        pool = record.get("pool")
        if not (isinstance(pool, str) and pool in pools):
            file.fault(line, f"pool: {_shown(pool)}: name one of {POOLS}")
            continue
        liked, topics = (file.names(line, key, record.get(key)) for key in ("liked", "topics"))
        relevant = file.names(line, "relevant", record.get("relevant"))
        unknown = [paper_id for paper_id in liked if paper_id not in papers]
        strange = [paper_id for paper_id in relevant if paper_id not in members[pool]]
        wanted = frozenset(relevant) - frozenset(liked)
        if unknown:
            file.fault(line, f"liked: {unknown[0]!r} is not in {PAPERS}: add the paper there, or remove it here")
        elif strange:
            file.fault(line, f"relevant: {strange[0]!r} is not in the pool {pool!r}: add it there, or remove it here")
        elif not (liked or topics):
            file.fault(line, "neither liked papers nor topics: give one of them, or remove the task")
        elif not wanted:
            why = "all are liked already" if relevant else "empty"
            file.fault(line, f"relevant: {why}: name a paper to find, or remove the task")
        else:
            wishes = tuple(Topic(text=text) for text in topics)
            reader = Profile(slug=task_id, name=task_id, topics=wishes, liked=liked)
            yield Task(id=task_id, pool=pool, reader=reader, relevant=wanted)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _shown(value: object) -> str:
    shown = "missing" if value is None else f"got {value!r}"
    return shown if len(shown) <= 60 else f"{shown[:60]}…"  # noqa: PLR2004  (fits a line of a terminal)
