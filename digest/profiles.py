"""Interest profiles: a YAML file for each reader, kept by hand, with all of its faults told at once.

The keys are described in `digest.profile_model`, what of YAML is understood in `digest.yamldoc`.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from digest import yamldoc
from digest.errors import ProfileError
from digest.profile_faults import faults_of, told
from digest.profile_model import PaperMapping, ProfileModel, TopicMapping, schema
from digest.types import Profile, Topic
from digest.yamldoc import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MAX_BYTES", "find", "load", "loads", "schema", "text_of"]

MAX_BYTES: Final = 256 * 1024
"""Larger files are refused; a profile with a thousand liked papers has about 16 KiB."""

_SUFFIXES = (".yaml", ".yml")
_PHRASE = re.compile(r'"([^"]+)"')
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


def find(folder: Path) -> tuple[Path, ...]:
    """The profiles in `folder`: its files `*.yaml` and `*.yml`, hidden ones left out, sorted by name.

    Raises:
        ProfileError: there is no such folder, or it cannot be read.
    """
    try:
        files = [path for path in folder.iterdir() if path.suffix in _SUFFIXES and not path.name.startswith(".")]
    except OSError as error:
        raise _error(str(folder), f"cannot be read as a folder: {error.strerror}") from None
    return tuple(sorted(path for path in files if path.is_file()))


def load(path: Path) -> Profile:
    """The profile in the file `path`; the stem of its name is the slug, and the name where the file gives none.

    Raises:
        ProfileError: the file cannot be read (see `text_of`), or has faults (see `loads`).
    """
    return loads(text_of(path), name=str(path))


def text_of(path: Path) -> str:
    """What the file of a profile says.

    Raises:
        ProfileError: the file cannot be read, is larger than `MAX_BYTES` or not UTF-8; or it is `ada.yml` beside an
            `ada.yaml`, which would have the same slug.
    """
    twin = path.with_suffix(".yaml")
    if path.suffix == ".yml" and twin.exists():
        raise _error(str(path), f"the same reader as {twin.name} beside it: rename one of them")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _error(str(path), f"cannot be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise _error(str(path), f"larger than {MAX_BYTES // 1024} KiB: is this a profile?")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _error(str(path), "not UTF-8: save the file in that encoding", line=line) from None


def loads(text: str, *, name: str) -> Profile:
    """The profile that the YAML `text` describes; `name` is its file's, for the slug and for what is said of faults.

    Ids in `liked` and `disliked` come back canonical and without version, those in both lists in both; of a paper with
    several dates, `judged_on` has the last of the list that counts, `disliked` before `liked`. Texts have their white
    space folded, phrases in `must` and `exclude` also their double quotes taken off; what is given twice comes back
    once. Line breaks in the reader's name are a fault, since the name ends in the header of a mail.

    Raises:
        ProfileError: its `faults` has one line for each fault of the text, in the order of the text, such as
            `profiles/ada.yaml:7: topics[1].weight: expected a number, got 'high'`. Addresses in them are masked.
    """
    slug = Path(name).stem
    document = yamldoc.read(text)
    faults = faults_of(document)
    if not _SLUG.fullmatch(slug):
        why = "a profile's file name has letters from a to z, digits, '-', '_' and '.', at most 64: rename the file"
        faults = (Fault(None, (), why), *faults)
    if faults:
        raise ProfileError(tuple(told(fault, name) for fault in faults))
    return _profile(ProfileModel.model_validate(document.value), slug)


def _error(file: str, why: str, *, line: int | None = None) -> ProfileError:
    return ProfileError((told(Fault(line, (), why), file),))


def _profile(model: ProfileModel, slug: str) -> Profile:
    topics = map(_topic, model.topics)
    liked, disliked = map(_judged, (model.liked, model.disliked))
    return Profile(
        slug=slug,
        name=_folded(model.name) or slug,
        email=model.email or None,
        topics=tuple({topic.text: topic for topic in topics}.values()),
        liked=tuple(liked),
        disliked=tuple(disliked),
        judged_on={paper: day for paper, day in (liked | disliked).items() if day is not None},
        half_life=model.half_life or None,
        authors=_once(map(_folded, model.authors)),
        categories=_once(model.categories),
        must=_once(map(_phrase, model.must)),
        exclude=_once(map(_phrase, model.exclude)),
        max_papers=model.max_papers,
        min_score=float(model.min_score),
        papers_a_day=model.papers_a_day or None,
        empty_day=model.empty_day,
        trending=0.0 if model.trending == "section" else float(model.trending),
        trending_section=model.trending == "section",
        explore=model.explore,
        diversity=float(model.diversity),
        sections=model.sections,
        language=model.language,
        timezone=model.timezone or None,
        frequency=model.frequency,
        send_at=model.send_at,
        patience=model.patience or None,
    )


def _topic(entry: str | TopicMapping) -> Topic:
    if isinstance(entry, str):
        return Topic(text=_folded(entry))
    return Topic(text=_folded(entry.text), weight=float(entry.weight), max_papers=entry.max_papers or None)


def _judged(entries: Iterable[str | PaperMapping]) -> dict[str, date | None]:
    """The papers of one list in its order, each with the last of its dates."""
    judged: dict[str, date | None] = {}
    for entry in entries:
        paper, on = (entry, "") if isinstance(entry, str) else (entry.paper, entry.on)
        days = [day for day in (judged.get(paper), date.fromisoformat(on) if on else None) if day]
        judged[paper] = max(days, default=None)
    return judged


def _phrase(text: str) -> str:
    folded = _folded(text)
    quoted = _PHRASE.fullmatch(folded)
    return _folded(quoted[1]) if quoted else folded


def _folded(text: str) -> str:
    return " ".join(text.split())


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
