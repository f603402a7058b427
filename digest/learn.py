"""What a reader said of papers, as an edit of the profile's YAML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from digest import yamldoc
from digest.errors import ProfileError
from digest.identity import parse_id
from digest.maths import readable
from digest.yamledit import ListEditor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from digest.types import Judgement, Paper
    from digest.yamldoc import Document
    from digest.yamledit import Written

LISTS: Final = ("liked", "disliked")
TITLE_LENGTH: Final = 60
"""Characters of a title in the comment beside an entry."""

_INTERESTS = ("topics", *LISTS)
_PLAIN = re.compile(r"[a-z]+:[A-Za-z0-9./_()-]*[A-Za-z0-9/)]")


def learned(text: str, judgements: Sequence[Judgement], papers: Mapping[str, Paper], *, name: str) -> str:
    """The text of a profile that says what the judgements say, in entries `{paper, on}` of `liked` and `disliked`.

    A judgement that the lists contradict moves the paper from one to the other; one that they have already changes
    nothing, in whatever form they name the paper. Of several judgements of a paper the last counts. New entries stand
    behind the others, in the order of the judgements; one on a line of its own has the paper's title as a comment.

    Args:
        text: A profile that loads.
        judgements: What the reader said.
        papers: The known papers among those of the judgements and of the profile, by the ids these have for them.
        name: The profile's file, for what is said of faults.

    Raises:
        ProfileError: the text is no mapping in YAML, or lays its lists out in a way that cannot be edited here.
    """
    document = yamldoc.read(text)
    if document.faults or not isinstance(document.value, dict):
        raise ProfileError((f"{name}: not a profile that can be edited: digest profiles check names the faults",))
    editor = ListEditor(text, after=_INTERESTS)
    before = {key: _ids(editor, key, papers) for key in LISTS}
    drop: dict[str, set[str]] = {key: set() for key in LISTS}
    add: dict[str, list[Judgement]] = {key: [] for key in LISTS}
    for judgement in {judgement.paper: judgement for judgement in judgements}.values():
        here, there = LISTS if judgement.liked else reversed(LISTS)
        # A paper in both lists counts as disliked.
        if not judgement.liked and judgement.paper in before[here]:
            continue
        drop[there].add(judgement.paper)
        if judgement.paper not in before[here]:
            add[here].append(judgement)
    edited = text
    # A list that is new stands behind the last entry of another, which may be taken out only then.
    for key in sorted(LISTS, key=lambda key: bool(before[key])):
        positions = [n for n, paper in enumerate(before[key]) if paper in drop[key]]
        entries = [(_entry(judgement), _comment(papers.get(judgement.paper))) for judgement in add[key]]
        if positions or entries:
            edited = editor.edited(key, drop=positions, add=entries)
            # What was cut wrongly must not be handed out.
            after = yamldoc.read(edited)
            if after.faults or _others(after) != _others(document):
                raise _refusal(name)
            editor = ListEditor(edited, after=_INTERESTS)
        kept = [paper for paper in before[key] if paper not in drop[key]]
        if _ids(editor, key, papers) != [*kept, *(judgement.paper for judgement in add[key])]:
            raise _refusal(name)
    return edited


def _refusal(name: str) -> ProfileError:
    return ProfileError((f"{name}: its lists are laid out so that they cannot be edited: put each entry on a line",))


def _ids(editor: ListEditor, key: str, papers: Mapping[str, Paper]) -> list[str]:
    """The canonical id of each entry of a list; empty for one that names no paper."""
    return [_id(entry, papers) for entry in editor.entries(key)]


def _id(entry: Written, papers: Mapping[str, Paper]) -> str:
    found = parse_id(entry if isinstance(entry, str) else entry.get("paper", ""))
    if found is None:
        return ""
    return papers[found.id].id if found.id in papers else found.id


def _others(document: Document) -> object:
    """What a document says besides the lists of papers."""
    value = document.value
    return {key: value[key] for key in value if key not in LISTS} if isinstance(value, dict) else value


def _entry(judgement: Judgement) -> str:
    return f"{{paper: {_quoted(judgement.paper)}, on: {judgement.day.isoformat()}}}"


def _quoted(text: str) -> str:
    """A text as a YAML scalar within brackets (YAML 1.2.2, sections 7.3.1 to 7.3.3), quoted where it needs it."""
    if _PLAIN.fullmatch(text):
        return text
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(char if char.isalnum() else f"\\U{ord(char):08x}" for char in text) + '"'


def _comment(paper: Paper | None) -> str:
    title = "" if paper is None else readable(paper.title)
    # What cannot be printed may end a line, and with it the comment.
    title = " ".join("".join(char if char.isprintable() else " " for char in title).split())
    return title if len(title) <= TITLE_LENGTH else f"{title[: TITLE_LENGTH - 1].rstrip()}…"
