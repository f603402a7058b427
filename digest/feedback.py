"""What readers say of papers: noting it, bringing it into their profiles, and what happens to papers they like."""

from __future__ import annotations

import difflib
import os
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest import profiles
from digest.errors import ProfileError
from digest.identity import parse_id
from digest.learn import learned
from digest.store import events, judgements, papers
from digest.types import Judgement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from digest.store import Store
    from digest.types import Event, Paper, Profile

_BOM = "\ufeff"
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """The papers that were judged, and the names that no known paper bears."""

    papers: tuple[Paper, ...]
    unknown: tuple[str, ...]


def judge(store: Store, profile: str, names: Sequence[str], *, liked: bool | None, day: date) -> Noted:
    """Note that a reader wants more like some papers, or less; with `liked` None, take back what was said of them.

    `names` are ids in any form that `digest.identity.parse_id` knows. Names of no known paper are passed over.
    """
    asked = {name: found.id for name in names if (found := parse_id(name))}
    with store.writing() as connection:
        known = papers.by_ids(connection, asked.values())
        judged = {paper.id: paper for name in asked.values() if (paper := known.get(name))}
        for paper_id in judged:
            if liked is None:
                judgements.remove(connection, profile, paper_id)
            else:
                judgements.add(connection, profile, Judgement(paper=paper_id, liked=liked, day=day))
    unknown = (name for name in dict.fromkeys(names) if asked.get(name) not in known)
    return Noted(papers=tuple(judged.values()), unknown=tuple(unknown))


def happened(store: Store, profile: Profile, since: date | None = None) -> list[tuple[Event, Paper]]:
    """What happened, from a day on, to the papers that a reader likes by the profile or by a judgement kept beside it.

    In order of day; each event with the paper as it is now.
    """
    with store.reading() as connection:
        known = papers.by_ids(connection, profile.liked)
        liked = {known[name].id for name in profile.liked if name in known}
        for said in judgements.of(connection, profile.slug):
            (liked.add if said.liked else liked.discard)(said.paper)
        found = events.of(connection, liked, since)
        now = papers.by_ids(connection, {event.paper for event in found})
    return [(event, now[event.paper]) for event in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A profile's file as it is, what it would be, and the judgements that make the difference."""

    path: Path
    content: bytes
    edited: bytes
    judgements: tuple[Judgement, ...]

    def diff(self) -> bytes:
        """The edit as a unified diff; empty where the file says all of it already."""
        before, after = (_LINE.findall(content.decode()) for content in (self.content, self.edited))
        lines = difflib.unified_diff(before, after, str(self.path), str(self.path))
        whole = (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
        return "".join(whole).encode(errors="surrogateescape")


def lesson(store: Store, path: Path) -> Lesson:
    """What a profile would be with the reader's judgements in it.

    Raises:
        ProfileError: the profile has faults or would have, or is laid out in a way that cannot be edited.
    """
    profile = profiles.load(path)
    with store.reading() as connection:
        said = judgements.of(connection, profile.slug)
        named = (*profile.liked, *profile.disliked, *(judgement.paper for judgement in said))
        known = papers.by_ids(connection, named)
    return taught(path, said, known)


def taught(path: Path, said: Sequence[Judgement], known: Mapping[str, Paper]) -> Lesson:
    """What a profile that loads would be with these judgements in it; `known` as `digest.learn.learned` has `papers`.

    Raises:
        ProfileError: the profile would have faults, or is laid out in a way that cannot be edited.
    """
    content = _read(path)
    text = content.decode()
    mark = _BOM if text.startswith(_BOM) else ""
    edited = learned(text.removeprefix(_BOM), said, known, name=str(path))
    try:
        profiles.loads(edited, name=str(path))
    except ProfileError as error:
        raise ProfileError((f"{path}: not edited, for what came of it would have faults:", *error.faults)) from error
    edited_content = f"{mark}{edited}".encode()
    if len(edited_content) > profiles.MAX_BYTES:
        raise ProfileError((f"{path}: not edited, for it would be larger than {profiles.MAX_BYTES // 1024} KiB",))
    return Lesson(path=path, content=content, edited=edited_content, judgements=tuple(said))


def learn(store: Store, lesson: Lesson) -> None:
    """Put the edit in the place of the file in one step; its judgements are then the profile's, and wait no longer.

    Raises:
        ProfileError: the file was changed since it was read, or cannot be written; it is then left as it is.
    """
    # A link stays a link: what it leads to is what is edited.
    path = lesson.path.resolve()
    if lesson.edited != lesson.content:
        if _read(path) != lesson.content:
            raise ProfileError((f"{lesson.path}: not edited, for it was changed meanwhile: try again",))
        unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            try:
                with unfinished.open("xb") as file:
                    # It holds an address, so nobody may read it who could not before.
                    shutil.copymode(path, unfinished)
                    file.write(lesson.edited)
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
        except OSError as error:
            raise ProfileError((f"{lesson.path}: cannot be written: {error.strerror}",)) from error
    with store.writing() as connection:
        for judgement in lesson.judgements:
            judgements.settle(connection, lesson.path.stem, judgement)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ProfileError((f"{path}: cannot be read: {error.strerror}",)) from error
