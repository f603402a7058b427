"""What is wrong with a profile, in plain words and with the mend: `topics[1].weight: expected a number, got 'high'`."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from pydantic import ValidationError

from digest.profile_model import (
    INTERESTS,
    ProfileModel,
    WeightedTopic,
    looks_like_category,
)
from digest.yamldoc import Document, Fault, WrittenFloat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic_core import ErrorDetails

    from digest.yamldoc import Path

_KEYS = tuple(ProfileModel.model_fields)
_SYNONYMS = {
    "like": "liked",
    "likes": "liked",
    "liked_papers": "liked",
    "papers": "liked",
    "interest": "topics",
    "interests": "topics",
    "keywords": "topics",
    "queries": "topics",
    "e_mail": "email",
    "mail": "email",
    "address": "email",
    "dislikes": "disliked",
    "require": "must",
    "required": "must",
    "ignore": "exclude",
    "limit": "max_papers",
    "top": "max_papers",
    "top_n": "max_papers",
    "threshold": "min_score",
    "follow": "authors",
    "subjects": "categories",
    "grouped": "sections",
}
_TOPIC_KEYS = tuple(WeightedTopic.model_fields)
_TOPIC_SYNONYMS = {"topic": "text", "name": "text", "query": "text", "importance": "weight", "boost": "weight"}

_EMPTY = "is empty: give it a value, or take the line out"
_ADD = f"add one of {', '.join(INTERESTS)}"
_RANGES = {"max_papers": "a whole number from 1 to 200", "min_score": "a number from 0 to 100"}
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
    named = {key if key in _KEYS else _meant(key, _KEYS, _SYNONYMS) for key, given in value.items() if given != []}
    if named.isdisjoint(INTERESTS):
        yield Fault(None, (), f"names nothing to rank papers by: {_ADD}")


def _place(details: ErrorDetails) -> Path:
    place = details["loc"]
    if place[0] == "topics" and len(place) > len(("topics", 0)):
        # The model's third step names the form the topic was taken for, of which the file knows nothing.
        place = (*place[:2], *place[3:])
    # What is missing stands nowhere: the fault is that of the mapping around it.
    return place[:-1] if details["type"] == "missing" else place


def _why(details: ErrorDetails, place: Path, document: Document) -> str | None:
    """The sentence for one error of the model; None where another fault of the same value says it better."""
    kind, given, key = details["type"], details["input"], str(place[0])
    if kind == "extra_forbidden":
        return _why_unknown(place, document)
    if kind == "missing":
        return _why_no_text(given)
    if given is None or (isinstance(given, str) and not given.strip()):
        return _EMPTY
    if key in _RANGES:
        return f"expected {_RANGES[key]}, got {_shown(given)}"
    if key == "liked" and kind == "string_type" and not isinstance(given, dict | list):
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
    if meant := _meant(str(key), _TOPIC_KEYS, _TOPIC_SYNONYMS):
        return f"unknown key (did you mean {meant!r}?)"
    # A topic without text is told once, not key by key: it is most likely a text with a colon in it.
    return "unknown key; a topic has 'text' and 'weight'" if (*around, "text") in document.lines else None


def _why_no_text(topic: Mapping[str, object]) -> str | None:
    if any(_meant(key, _TOPIC_KEYS, _TOPIC_SYNONYMS) == "text" for key in topic):
        return None
    return "a topic with keys needs a 'text'; where a text holds ': ', put all of it in quotes"


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
