"""One array of strings in a TOML document: where its entries stand, and editing it with all else as it was.

`tomllib` reads but neither tells places nor writes; a library for both would be one more to install for the one array
that this program edits. The text is cut where strings, comments and brackets begin and end (TOML 1.0.0).
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\r\n]*"
    r"|[\[\]{},=\n]"
    r"|[ \t\r]+"
    r"|[^\s\"'\#\[\]{},=]+",
    re.DOTALL,
)
_INDENTATION = re.compile(r"[ \t]*")
_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?=\r?\n|\Z)")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A value from `start` to `end`; `comma` is the place behind the comma that follows it, or None."""

    start: int
    end: int
    comma: int | None = None

    @property
    def stop(self) -> int:
        """Behind the value and its comma."""
        return self.comma or self.end


@dataclass(frozen=True, slots=True)
class _Array:
    """An array from its bracket at `start` to the one at `close`."""

    start: int
    close: int
    entries: tuple[_Entry, ...]


def lines(text: str, key: str) -> list[int]:
    """The line (from 1) of each entry of the array under a key of the root; empty where there is no such array.

    `text` is TOML that `tomllib` reads.
    """
    array = _find(text, key)
    return [text.count("\n", 0, entry.start) + 1 for entry in array.entries] if array else []


def add(text: str, key: str, value: str) -> str:
    """The document with one more string at the end of the array under `key`, which is made if it is missing.

    `text` is TOML that `tomllib` reads, in which `key` of the root is missing or an array.

    Raises:
        ValueError: the root has that key as something else.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    array = _find(text, key)
    written = _quoted(value)
    if array is None:
        if key in tomllib.loads(text):
            raise ValueError(f"{key}: not an array that stands in one place")
        table = _first_table(text)
        before, behind = text[:table], text[table:]
        gap = newline if before and not before.endswith("\n") else ""
        return f"{before}{gap}{key} = [{newline}    {written},{newline}]{newline}{behind}"
    inside = text[array.start + 1 : array.close]
    if not array.entries:
        if "\n" not in inside:
            return f"{text[: array.start + 1]}{written}{text[array.close :]}"
        line = text.rfind("\n", 0, array.close) + 1
        return f"{text[:line]}    {written},{newline}{text[line:]}"
    last = array.entries[-1]
    comma = "" if last.comma else ","
    rest = _REST_OF_LINE.match(text, last.stop)
    if rest is None:
        return f"{text[: last.stop]}{comma} {written}{text[last.stop :]}"
    indentation = _indentation(text, last.start)
    return f"{text[: last.stop]}{comma}{rest[0]}{newline}{indentation}{written},{text[rest.end() :]}"


def remove(text: str, key: str, index: int) -> str:
    """The document without one entry of the array under `key`, counted from 0, and without the comment beside it.

    Raises:
        IndexError: there is no such entry.
    """
    array = _find(text, key)
    if array is None:
        raise IndexError(index)
    entry = array.entries[index]
    line = text.rfind("\n", 0, entry.start) + 1
    rest = _REST_OF_LINE.match(text, entry.stop)
    if rest and line > array.start and not text[line : entry.start].strip():
        newline = re.compile(r"\r?\n").match(text, rest.end())
        return text[:line] + text[newline.end() if newline else rest.end() :]
    before = array.entries[index - 1].end if index else entry.start
    if entry.comma is None and text[before : entry.start].strip(" \t") == ",":
        return text[:before] + text[entry.end :]
    blanks = _INDENTATION.match(text, entry.stop)
    return text[: entry.start] + text[blanks.end() if blanks else entry.stop :]


def _find(text: str, key: str) -> _Array | None:
    """The array under a key of the root table."""
    statement: list[re.Match[str]] = []
    tokens = _tokens(text)
    for token in tokens:
        if token[0] == "\n":
            statement = []
        elif token[0] == "[" and not statement:
            return None  # the first table: the root's keys stand before it
        elif token[0] == "[" and [each[0] for each in statement[1:]] == ["="] and _spells(statement[0][0], key):
            return _array(token.start(), tokens)
        elif token[0] in ("[", "{"):
            _skip(tokens)
        elif not token[0].startswith("#"):
            statement.append(token)
    return None


def _first_table(text: str) -> int:
    """Where the line of the first table header begins, or the end of the text."""
    tokens = _tokens(text)
    is_fresh = True
    for token in tokens:
        if token[0] == "[" and is_fresh:
            return text.rfind("\n", 0, token.start()) + 1
        if token[0] in ("[", "{"):
            _skip(tokens)
        is_fresh = token[0] == "\n"
    return len(text)


def _array(start: int, tokens: Iterator[re.Match[str]]) -> _Array:
    entries: list[_Entry] = []
    for token in tokens:
        if token[0] == "]":
            return _Array(start, token.start(), tuple(entries))
        if token[0] == ",":
            entries[-1] = _Entry(entries[-1].start, entries[-1].end, token.end())
        elif token[0] in ("[", "{"):
            entries.append(_Entry(token.start(), _skip(tokens)))
        elif token[0] != "\n" and not token[0].startswith("#"):
            if entries and entries[-1].comma is None:  # a date and a time with a blank between
                entries[-1] = _Entry(entries[-1].start, token.end())
            else:
                entries.append(_Entry(token.start(), token.end()))
    raise ValueError("an array that is never closed")


def _skip(tokens: Iterator[re.Match[str]]) -> int:
    """Pass over an array or an inline table whose bracket was just read; where it ends."""
    depth = 1
    for token in tokens:
        depth += (token[0] in ("[", "{")) - (token[0] in ("]", "}"))
        if depth == 0:
            return token.end()
    raise ValueError("a bracket that is never closed")


def _tokens(text: str) -> Iterator[re.Match[str]]:
    """All tokens but blanks."""
    return (token for token in _TOKEN.finditer(text) if token[0].strip(" \t\r"))


def _spells(written: str, key: str) -> bool:
    """Whether a bare or quoted key means this one; a dotted key means another."""
    return tomllib.loads(f"{written} = 0") == {key: 0}


def _quoted(value: str) -> str:
    """A basic string; DEL is the one character that TOML wants escaped and JSON does not."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _indentation(text: str, place: int) -> str:
    line = text.rfind("\n", 0, place) + 1
    found = _INDENTATION.match(text, line)
    blanks = found[0] if found else ""
    return blanks if line + len(blanks) == place else "    "
