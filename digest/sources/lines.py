"""Formats that hold one JSON object a line: streamed with flat memory, resumable at any line."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from digest.sources.records import Dump, Record, RecordError
from digest.sources.streams import READ_ERRORS, describe
from digest.types import Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from digest.types import Paper

MAX_LINE = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its end: its number from 1, the bytes before it and with it, and what is wrong with it."""

    content: bytes
    number: int
    start: int
    end: int
    is_whole: bool = True
    fault: str | None = None


def read_lines(
    parse: Callable[[dict[str, Any]], Paper], dump: Dump, pieces: Iterator[bytes], *, offset: int = 0, line: int = 0
) -> Iterator[Record]:
    """One record for each line that is not blank: what `parse` makes of its JSON object, or a rejection.

    `offset` bytes and `line` lines are taken to stand before the first piece. A last line without its end counts where
    it parses; otherwise it is "cut off", and the record that says so points at its start, so that a longer dump can be
    resumed there.
    """
    good = 0
    for found in split_lines(pieces, offset=offset, line=line):
        if found.fault is None and (not found.content or found.content.isspace()):
            continue
        try:
            record = load_object(found)
        except RecordError as error:
            if found.is_whole:
                yield Record(_rejection(dump.name, found, error), found.end, found.number)
            else:
                cut = RecordError(f"cut off after {good} records: {error.why}")
                yield Record(_rejection(dump.name, found, cut), found.start, found.number - 1)
            continue
        try:
            yield Record(parse(record), found.end, found.number)
            good += 1
        except RecordError as error:
            yield Record(_rejection(dump.name, found, error), found.end, found.number)


def _rejection(name: str, found: Line, error: RecordError) -> Rejection:
    where = f"{name}:{found.number}"
    return Rejection(where=f"{where} ({error.id})" if error.id else where, why=error.why)


def split_lines(pieces: Iterator[bytes], *, offset: int = 0, line: int = 0) -> Iterator[Line]:
    """The lines of a stream, ended by LF or CR LF; one longer than 8 MiB, or cut by a reading error, has a `fault`."""
    pending: list[bytes] = []
    length = 0
    start, number = offset, line
    fault: str | None = None

    def taken(last: bytes, *, is_whole: bool) -> Line:
        size = length + len(last)
        content = b"".join((*pending, last)) if size <= MAX_LINE else b""
        why = fault if size <= MAX_LINE else f"the line is longer than {MAX_LINE // 2**20} MiB"
        # The byte order mark belongs to the file, not to its first line.
        content = content.removeprefix(BOM_UTF8) if start == 0 else content
        return Line(content, number + 1, start, start + size + is_whole, is_whole, why)

    try:
        for piece in pieces:
            *ends, rest = piece.split(b"\n")
            for end in ends:
                found = taken(end, is_whole=True)
                yield found
                start, number = found.end, found.number
                pending.clear()
                length = 0
            length += len(rest)
            pending = [*pending, rest] if length <= MAX_LINE else []
    except READ_ERRORS as error:
        fault = describe(error)
    if length or fault:
        yield taken(b"", is_whole=False)


def load_object(line: Line) -> dict[str, Any]:
    """The JSON object that a line is (RFC 8259).

    Raises:
        RecordError: The line is at fault, not UTF-8, not JSON, or not an object.
    """
    if line.fault is not None:
        raise RecordError(line.fault)
    try:
        value = orjson.loads(line.content)
    except orjson.JSONDecodeError:
        value = _load_leniently(line.content)
    if not isinstance(value, dict):
        raise RecordError("not a JSON object")
    return value


def _load_leniently(content: bytes) -> object:
    # Half a surrogate pair (`"\ud835"`) is refused by orjson, written by careless exporters, and dropped by `clean`.
    try:
        return json.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RecordError(f"not UTF-8: byte {error.start + 1} of the line") from error
    except json.JSONDecodeError as error:
        raise RecordError(f"not JSON: {error.msg[:1].lower()}{error.msg[1:]} (character {error.pos + 1})") from error
    except (ValueError, RecursionError) as error:
        raise RecordError("not JSON: a number is too long or the nesting too deep") from error
