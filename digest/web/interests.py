"""What readers write about their interests: topics on plain lines or YAML, its faults, and what changed (pure)."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from digest.errors import ProfileError
from digest.profile_model import ProfileModel
from digest.readers import INTERESTS, parse

CONTEXT = 3
"""Lines around a change that are shown."""

_KEY = re.compile(rf"^(?:(?:{'|'.join(ProfileModel.model_fields)})[ \t]*:|[a-z_]+:[ \t]*$)", re.MULTILINE)
_BULLET = re.compile(r"^\s*(?:[-*•]\s+)?")
_FAULT = re.compile(rf"{re.escape(INTERESTS)}(?::(\d+))?: (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultView:
    """What is wrong with a profile: the line, None for the whole, and why with the mend."""

    line: int | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """A line of a difference: its kind, `added`, `removed`, `same` or `gap`, and its text."""

    kind: str
    text: str


def as_yaml(text: str) -> str:
    """The profile that somebody means who types either YAML or one topic a line."""
    if _KEY.search(text) or text.lstrip().startswith(("#", "{", "%", "---")):
        return text
    topics = [topic for line in text.splitlines() if (topic := " ".join(_BULLET.sub("", line).split()))]
    entries = [f"- '{topic.replace(chr(39), chr(39) * 2)}'" for topic in topics]
    return "\n".join(["topics:", *entries, ""]) if entries else ""


def faults_of(text: str) -> tuple[FaultView, ...]:
    """All faults of a profile's text, in the order of its lines; none means that it is good."""
    try:
        parse(text)
    except ProfileError as error:
        return faults_in(error)
    return ()


def faults_in(error: ProfileError) -> tuple[FaultView, ...]:
    """The faults that an error tells of, less the name of a file that is none."""
    found = ((each, _FAULT.fullmatch(each)) for each in error.faults)
    return tuple(
        FaultView(line=int(part[1]) if part[1] else None, why=part[2]) if part else FaultView(line=None, why=each)
        for each, part in found
    )


def changes(old: str, new: str) -> tuple[ChangeView, ...]:
    """What makes the new text of the old one, with some lines around it; empty where they are the same."""
    kinds = {"+": "added", "-": "removed", " ": "same", "@": "gap"}
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=CONTEXT))[2:]
    return tuple(
        ChangeView(kind=kinds[line[0]], text="" if line[0] == "@" else line[1:])
        for at, line in enumerate(lines)
        if at or line[0] != "@"
    )
