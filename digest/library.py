"""A reader's own library as liked papers: of references that programs keep, an edit of the profile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from digest import feedback, profiles, reading, sources
from digest.errors import SourceError
from digest.store import judgements, papers
from digest.types import Judgement, Paper, Rejection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from digest.feedback import Lesson
    from digest.store import Store

_NO_NEWS = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """What libraries hold: papers with an id, each once; papers known by their title only; and what is no paper."""

    papers: tuple[Paper, ...]
    nameless: tuple[Paper, ...]
    rejections: tuple[Rejection, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """A library as an edit of a profile: the edit, and the papers that it adds, has already, or leaves as disliked."""

    lesson: Lesson
    added: tuple[Paper, ...]
    known: tuple[Paper, ...]
    disliked: tuple[Paper, ...]


def read(paths: Sequence[Path], *, as_of: date) -> Library:
    """The papers of libraries in any format that `digest ingest` reads; what is no library is among the rejections."""
    good: list[Paper] = []
    rejections: list[Rejection] = []
    for location in reading.locate(paths):
        try:
            if isinstance(location, SourceError):
                raise location
            with reading.opened(location, as_of, _nowhere) as dump:
                for record in sources.read(dump):
                    if isinstance(record.outcome, Paper):
                        good.append(record.outcome)
                    else:
                        rejections.append(record.outcome)
        except SourceError as error:
            rejections.append(Rejection(where=error.where, why=error.why))
    named: list[Paper] = []
    nameless: dict[str, Paper] = {}
    seen: set[str] = set()
    for paper in good:
        if paper.id.startswith("title:"):
            nameless.setdefault(paper.id, paper)
        elif seen.isdisjoint(_ids(paper)):
            named.append(paper)
            seen.update(_ids(paper))
    return Library(papers=tuple(named), nameless=tuple(nameless.values()), rejections=tuple(rejections))


def plan(store: Store, path: Path, library: Library, *, day: date) -> Import:
    """The profile with the papers of a library among the liked ones, as of a day; nothing is changed yet.

    What the reader dislikes, by the profile or by a judgement that waits, stays disliked: a library is kept for many
    reasons, a dislike was said of this paper.

    Raises:
        ProfileError: the profile has faults or would have, or is laid out in a way that cannot be edited.
    """
    profile = profiles.load(path)
    with store.reading() as connection:
        named = (*profile.liked, *profile.disliked, *(name for paper in library.papers for name in _ids(paper)))
        known = papers.by_ids(connection, named)
        waiting = {each.paper for each in judgements.of(connection, profile.slug) if not each.liked}
    liked = {_canonical(name, known) for name in profile.liked}
    disliked = {_canonical(name, known) for name in profile.disliked} | waiting
    sorted_out: dict[str, list[Paper]] = {"added": [], "known": [], "disliked": []}
    seen: set[str] = set()
    for paper in library.papers:
        work = next((known[name] for name in _ids(paper) if name in known), paper)
        names = {*_ids(paper), *_ids(work)}
        kind = "disliked" if names & disliked else "known" if names & liked else "added"
        if work.id not in seen:
            sorted_out[kind].append(work)
            seen.add(work.id)
    said = [Judgement(paper=paper.id, liked=True, day=day) for paper in sorted_out["added"]]
    brought = {paper.id: paper for paper in sorted_out["added"]} | known
    lesson = feedback.taught(path, said, brought)
    return Import(lesson=lesson, **{kind: tuple(each) for kind, each in sorted_out.items()})


def bring_in(store: Store, library: Library, planned: Import, *, day: date) -> None:
    """Write the edit, and add the library's papers to the database, so that ranking knows them.

    A library is no news: papers without a date of their own count as of a year before `day`.

    Raises:
        ProfileError: the file was changed since it was read, or cannot be written; it is then left as it is.
    """
    with store.writing() as connection:
        papers.add(connection, library.papers, day - _NO_NEWS)
    feedback.learn(store, planned.lesson)


def _ids(paper: Paper) -> tuple[str, ...]:
    return (paper.id, *paper.other_ids)


def _canonical(name: str, known: dict[str, Paper]) -> str:
    return known[name].id if name in known else name


def _nowhere(_behind: int) -> None:
    """Reading a library tells nobody how far it is."""
