"""What is wrong with a profile, in plain words and with the mend: `topics[1].weight: expected a number, got 'high'`."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from digest.profile_fields import looks_like_category
from digest.profile_model import (
    INTERESTS,
    PaperMapping,
    ProfileModel,
    TopicMapping,
)
from digest.yamldoc import Document, Fault, WrittenFloat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic_core import ErrorDetails

    from digest.yamldoc import Path


class _Entry(NamedTuple):
    """What an entry of a list may be as a mapping: its noun, the key it needs, all keys and other words for them."""

    noun: str
    needs: str
    keys: tuple[str, ...]
    synonyms: Mapping[str, str]


def _synonyms(**words: str) -> dict[str, str]:
    """The key that each of the words stands for, of keys with the words that stand for them."""
    return {word: key for key, of_key in words.items() for word in of_key.split()}


_KEYS = tuple(ProfileModel.model_fields)
_SYNONYMS = _synonyms(
    email="e_mail mail address",
    topics="interest interests keywords queries",
    liked="like likes liked_papers papers",
    disliked="dislikes",
    half_life="decay ageing aging",
    authors="follow",
    categories="subjects",
    must="require required",
    exclude="ignore",
    max_papers="limit top top_n",
    min_score="threshold",
    papers_a_day="per_day papers_per_day daily daily_papers target",
    empty_day="empty when_empty quiet_day",
    trending="popular popularity hot votes upvotes",
    explore="exploration novelty serendipity surprise",
    diversity="diverse variety",
    sections="grouped",
    timezone="zone tz time_zone",
    frequency="often schedule cadence",
    send_at="at time hour",
    patience="late_by late lateness max_delay",
)
_TOPIC = _Entry(
    noun="topic",
    needs="text",
    keys=tuple(TopicMapping.model_fields),
    synonyms=_synonyms(text="topic name query", weight="importance boost", max_papers="limit max top top_n"),
)
_PAPER = _Entry(
    noun="paper",
    needs="paper",
    keys=tuple(PaperMapping.model_fields),
    synonyms=_synonyms(paper="id ref arxiv arxiv_id doi url", on="date day when at since"),
)
_ENTRIES = {"topics": _TOPIC, "liked": _PAPER, "disliked": _PAPER}
# The step of a place in the model that names the form a value was taken for, of which the file knows nothing.
_FORM_STEPS = {"topics": 2, "liked": 2, "disliked": 2, "trending": 1}

_EMPTY = "is empty: give it a value, or take the line out"
_ADD = f"add one of {', '.join(INTERESTS)}"
_EXPECTED = {
    "on": "a date such as 2025-05-01",
    "half_life": "a whole number of days from 1 to 3650",
    "max_papers": "a whole number from 1 to 200",
    "min_score": "a number from 0 to 100",
    "papers_a_day": "a whole number from 1 to 200",
    "empty_day": "skip or note",
    "trending": "a number from 0 to 1 or the word section",
    "explore": "a whole number from 0 to 5",
    "diversity": "a number from 0 to 1",
    "language": "a language such as en, de or pt-BR",
    "timezone": "a time zone such as Europe/Lisbon",
    "frequency": "daily, weekdays, weekly mon, monthly 1, monthly last, or cron with five fields",
    "send_at": "a time of day such as 07:30",
    "patience": "6 hours, 2 days or the like, up to 7 days",
}
_TYPES = {
    "bool_type": "expected true or false, got {got}",
    "finite_number": "expected a finite number, got {got}",
    "float_type": "expected a number, got {got}",
    "greater_than": "expected a number above 0, got {got}",
    "list_type": "expected a list, got {got}: put each entry on a line of its own after '- '",
    "model_type": "expected text, got {got}",
    "paper_id": "expected an arXiv id, a DOI or the URL of one, got {got}",
    "string_too_long": "longer than the header of a mail has room for",
    "string_type": "expected text, got {got}: put it in quotes",
}
_PATTERNS = {
    "email": "expected one plain address: a name, '@' and a domain",
    "name": "expected one line of text without control characters",
    "categories": "expected an arXiv category such as cs.CV, cs.* or math, got {got}",
}

_PLAIN_KEY = re.compile(r"[\w-]{1,40}")
_ADDRESS = re.compile(r"[^\s'\"<>,;:()\[\]]*@[^\s'\"<>,;:()\[\]]+")
_LONGEST_SHOWN = 40


def faults_of(document: Document) -> tuple[Fault, ...]:
    """All faults of a document that is meant as a profile, in the order of its lines; none means it is one."""
    faults = list(document.faults)
    if isinstance(document.value, dict):
        # What could not be read left an empty value, of which no second fault need be told.
        unread = {(fault.path, _EMPTY) for fault in faults}
        faults += (f for f in _faults_of_keys(document, document.value) if (f.path, f.why) not in unread)
    elif document.value is not None:
        faults.append(Fault(document.line(()), (), f"expected keys, as in 'topics:', got {_shown(document.value)}"))
    elif not faults:
        faults.append(Fault(None, (), f"is empty: {_ADD}"))
    return tuple(sorted(faults, key=lambda fault: fault.line or 0))


def told(fault: Fault, file: str) -> str:
    """A fault as one line, `file:line: key: what is wrong`, with whatever looks like an address masked."""
    parts = [file if fault.line is None else f"{file}:{fault.line}", _dotted(fault.path), fault.why]
    return masked(" ".join(": ".join(filter(None, parts)).split()))


def masked(text: str) -> str:
    """`text` without the addresses in it."""
    return _ADDRESS.sub("…@…", text)


def _faults_of_keys(document: Document, value: dict[str, object]) -> Iterator[Fault]:
    try:
        ProfileModel.model_validate(value)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            place = _place(details)
            if why := _why(details, place, document):
                yield Fault(document.line(place), place, why)
    if str(value.get("frequency", "")).strip().lower().startswith("cron") and value.get("send_at"):
        yield Fault(document.line(("send_at",)), ("send_at",), "a frequency by cron says the time itself: leave it out")
    named = {
        key if key in _KEYS else _meant(key, _KEYS, _SYNONYMS) for key, given in value.items() if given not in ([], 0)
    }
    if named.isdisjoint(INTERESTS):
        yield Fault(None, (), f"names nothing to rank papers by: {_ADD}")


def _place(details: ErrorDetails) -> Path:
    place = details["loc"]
    form = _FORM_STEPS.get(str(place[0]), len(place))
    place = (*place[:form], *place[form + 1 :])
    # What is missing stands nowhere: the fault is that of the mapping around it.
    return place[:-1] if details["type"] == "missing" else place


def _why(details: ErrorDetails, place: Path, document: Document) -> str | None:
    """The sentence for one error of the model; None where another fault of the same value says it better."""
    kind, given = details["type"], details["input"]
    if kind == "extra_forbidden":
        return _why_unknown(place, document)
    if kind == "missing":
        return _why_incomplete(_ENTRIES[str(place[0])], given)
    if given is None or (isinstance(given, str) and not given.replace('"', "").strip()):
        return _EMPTY
    key = next(str(step) for step in reversed(place) if isinstance(step, str))
    if key in _EXPECTED:
        return f"expected {_EXPECTED[key]}, got {_shown(given)}"
    if key in {"liked", "disliked", "paper"} and kind == "string_type" and not isinstance(given, dict | list):
        kind = "paper_id"
    return _why_value(kind, given, key)


def _why_value(kind: str, given: object, key: str) -> str:
    if kind == "string_pattern_mismatch":
        hint = _category_hint(str(given)) if key == "categories" else ""
        return _PATTERNS.get(key, "holds a control character").format(got=_shown(given)) + hint
    if kind == "string_type" and isinstance(given, dict):
        return "expected text, got a mapping: where a text holds ': ', put all of it in quotes"
    if kind == "string_type" and isinstance(given, list):
        return "expected text, got a list"
    return _TYPES[kind].format(got=_shown(given))


def _why_unknown(place: Path, document: Document) -> str | None:
    *around, key = place
    if not around:
        meant = _meant(str(key), _KEYS, _SYNONYMS)
        return f"unknown key (did you mean {meant!r}?)" if meant else f"unknown key; known are {', '.join(_KEYS)}"
    entry = _ENTRIES[str(place[0])]
    if meant := _meant(str(key), entry.keys, entry.synonyms):
        return f"unknown key (did you mean {meant!r}?)"
    if (*around, entry.needs) not in document.lines:
        # That is told once, not key by key: the entry is most likely a text with a colon in it.
        return None
    *most, last = map(repr, entry.keys)
    return f"unknown key; a {entry.noun} has {', '.join(most)} and {last}"


def _why_incomplete(entry: _Entry, given: Mapping[str, object]) -> str | None:
    if any(_meant(key, entry.keys, entry.synonyms) == entry.needs for key in given):
        return None
    return f"a {entry.noun} with keys needs a {entry.needs!r}; where a text holds ': ', put all of it in quotes"


def _category_hint(given: str) -> str:
    archive, _, subject = given.strip().lower().partition(".")
    for meant in (archive, f"{archive}.{subject.upper()}", f"{archive}.{subject}"):
        if meant.lower() == given.strip().lower() and looks_like_category(meant):
            return f" (did you mean {meant!r}?)"
    return ": put plain words under topics"


def _meant(key: str, keys: Iterable[str], synonyms: Mapping[str, str]) -> str | None:
    """The key that was probably meant by one that does not exist, or None."""
    key = re.sub(r"[\s_-]+", "_", key.strip().lower())
    if key in synonyms:
        return synonyms[key]
    close = difflib.get_close_matches(key, [*keys, *synonyms], n=1, cutoff=0.75)
    return synonyms.get(close[0], close[0]) if close else None


def _dotted(path: Path) -> str:
    keys = ""
    for part in path:
        if isinstance(part, int):
            keys += f"[{part}]"
        else:
            keys += f".{part}" if _PLAIN_KEY.fullmatch(part) else f".{_shown(part)}"
    return keys.removeprefix(".")


def _shown(given: object) -> str:
    """A value as the message prints it: short, on one line, without addresses."""
    if isinstance(given, str):
        text = masked(given)
        return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, WrittenFloat):
        return given.written
    if isinstance(given, list):
        return "a list"
    return "a mapping" if isinstance(given, dict) else str(given)
