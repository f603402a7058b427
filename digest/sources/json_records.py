"""JSON documents that hold a list of records, one record, or several such documents in a row.

The APIs of scholarly indexes differ in where the list stands (`results`, `message.items`, `resultList.result`) and in
what a record is; how to get at the records, also of an answer that is cut off, is the same for all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from digest.errors import SourceError
from digest.sources import fields
from digest.sources.json_walk import BrokenJsonError, close_object, decode, elements, members, skip_space
from digest.sources.records import Document, RecordError
from digest.types import Paper, Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

ITSELF = "@itself"
"""In `Form.places`: where none of the keys beside it is there, the object is the record."""

MAX_IDLE = 10_000
"""Records that may come to nothing before a document is given up, and ten more for each paper that was found."""

_ERROR_KEYS = frozenset({"error", "errors", "errMsg"})


def error_said(key: str, value: object) -> str | None:
    """The words of an error that an API puts under one of the usual keys, else None."""
    if key not in _ERROR_KEYS or not value:
        return None
    inner = value.get("message") if isinstance(value, dict) else value
    return fields.words(inner) or "unknown"


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of document: its name in words, where its records stand, and what a record becomes.

    `places` maps keys to what stands below them, down to an empty mapping at the list of records (or at a single one);
    an object without any of these keys is a record itself. `parse` gives None for a record that tells of no paper and
    is no fault; it raises RecordError for one that is. `complaint` gets the members of the outermost object named in
    `heads`, and says what error the source reports there, None if there is none.
    """

    what: str
    parse: Callable[[dict[str, Any]], Paper | None]
    places: Mapping[str, Any] = field(default_factory=dict)
    heads: frozenset[str] = _ERROR_KEYS
    complaint: Callable[[str, object], str | None] = error_said


def parse(form: Form, document: Document) -> Iterator[Paper | Rejection]:
    """What the records of a document become, in its order; one that is cut off gives those before the cut.

    Raises:
        SourceError: It is no JSON array or object, or the source says that it is an error.
    """
    text = document.body.decode(json.detect_encoding(document.body), "replace")
    number = papers = 0
    try:
        for number, value in enumerate(_values(document.name, text, form), start=1):
            outcome = _outcome(form, document.name, number, value)
            papers += isinstance(outcome, Paper)
            if outcome is not None:
                yield outcome
            if number > MAX_IDLE + 11 * papers:
                why = f"only {papers} of {number} entries are papers: the rest is left unread"
                yield Rejection(where=f"{document.name}: entry {number + 1}", why=why)
                return
    except BrokenJsonError as error:
        if document.cut is None:
            line, column = text.count("\n", 0, error.at) + 1, error.at - text.rfind("\n", 0, error.at)
            problem = "cut off here" if error.is_end else "broken here, the rest is lost"
            where = f"{document.name}: entry {number + 1} (line {line}, column {column})"
            yield Rejection(where=where, why=f"{problem}: {error.why}")


def _values(name: str, text: str, form: Form) -> Iterator[object]:
    at = skip_space(text, 0)
    if text[at : at + 1] not in ("[", "{"):
        raise SourceError(name, f"not a JSON array or object of {form.what}")
    # Pages of an answer, saved one behind the other, are read as one.
    while at < len(text):
        if text[at] == "[":
            at = yield from elements(text, at)
        elif text[at] == "{":
            at = yield from _from_object(name, text, at, form)
        else:
            raise BrokenJsonError("expected a JSON object or array", at, is_end=False)
        at = skip_space(text, at)


def _from_object(name: str, text: str, at: int, form: Form) -> Generator[object, None, int]:
    for key, place in members(text, at):
        if key in form.heads:
            said = form.complaint(key, decode(text, place)[0])
            if said is not None:
                raise SourceError(name, f"the source answers with an error: {said}")
        if key in form.places:
            end = yield from _below(text, place, form.places[key])
            if end is not None:
                return close_object(text, end)
    value, end = decode(text, at)
    yield value
    return end


def _below(text: str, at: int, places: Mapping[str, Any]) -> Generator[object, None, int | None]:
    """Give the records at `at`; return the place behind them, or None where there is no place for records."""
    opening = text[at : at + 1]
    if not places and opening == "[":
        return (yield from elements(text, at))
    if opening == "{":
        for key, place in members(text, at):
            if key in places:
                end = yield from _below(text, place, places[key])
                if end is not None:
                    return close_object(text, end)
        if not places or ITSELF in places:
            value, end = decode(text, at)
            yield value
            return end
    if not places and text.startswith("null", at):
        return at + len("null")
    return None


def _outcome(form: Form, name: str, number: int, value: object) -> Paper | Rejection | None:
    where = f"{name}: entry {number}"
    try:
        if not isinstance(value, dict):
            raise RecordError(f"expected an object, got {fields.kind(value)}")  # noqa: TRY301 - one place makes rejections
        return form.parse(value)
    except RecordError as error:
        return Rejection(where=f"{where} ({error.id})" if error.id else where, why=error.why)
