"""What is wrong with a settings file, in words: the file, the line, the key, and how to mend it."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest import tomlarray

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails


@dataclass(frozen=True, slots=True)
class Source:
    """A file of TOML: where it is, its text, the keys that there are, and those of them that are tables.

    A table may have a mapping `REFUSED` of keys that there are on purpose not, with what to do instead.
    """

    path: Path
    text: str
    keys: Collection[str]
    tables: Mapping[str, type[BaseModel]]

    def unknown(self, key: str) -> tuple[int, str]:
        """The fault of a key that there is not, with its line to sort by."""
        return self._fault(key, _unknown(key, self.keys))

    def fault(self, error: ErrorDetails) -> tuple[int, str]:
        """The fault that a check found, with its line to sort by."""
        key, *below = error["loc"]
        if below and isinstance(below[0], str):
            return self._fault(str(key), self._complaint(error), below[0])
        lines = tomlarray.lines(self.text, str(key))
        if not below or not isinstance(below[0], int) or below[0] >= len(lines):
            return self._fault(str(key), self._complaint(error))
        line = lines[below[0]]
        return line, f"{self.path}:{line}: {key}[{below[0]}]: {self._complaint(error)}"

    def _complaint(self, fault: ErrorDetails) -> str:
        if fault["type"] == "value_error":
            return fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            table, key = (str(each) for each in fault["loc"])
            refused: Mapping[str, str] = getattr(self.tables[table], "REFUSED", {})
            return refused.get(key) or _unknown(key, self.tables[table].model_fields)
        if fault["type"] == "missing":
            return "missing"
        if fault["type"] == "model_type":
            return f"expected a table, got {fault['input']!r}"
        if fault["type"] == "tuple_type":
            return f"expected a list, got {fault['input']!r}"
        return f"expected {fault['msg'].removeprefix('Input should be ')}, got {fault['input']!r}"

    def _fault(self, key: str, why: str, below: str = "") -> tuple[int, str]:
        """A fault with its line; `below` is a key of the table that `key` names, which may not be there."""
        at = self._spelt(re.escape(key), 0) or 0
        if below:
            at = self._spelt(rf"(?:{re.escape(key)}\.)?{re.escape(below)}", at) or at
        line = self.text.count("\n", 0, at) + 1
        return line, f"{self.path}:{line}: {key}{'.' if below else ''}{below}: {why}"

    def _spelt(self, key: str, start: int) -> int | None:
        """Where a key, given as a pattern, stands at the beginning of a line."""
        spelt = re.compile(rf"""^[ \t\[]*["']?{key}["']?[ \t]*[=.\]]""", re.MULTILINE).search(self.text, start)
        return spelt.start() if spelt else None


def syntax(path: Path, text: str, message: str) -> str:
    """What is wrong with a text that is no TOML, of what the parser says of it."""
    why, _, place = message.partition(" (at ")
    named = re.match(r"line (\d+)", place)
    line = named[1] if named else max(len(text.splitlines()), 1)
    return f"{path}:{line}: not TOML: {why[:1].lower()}{why[1:]}"


def _unknown(key: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return "unknown key" + (f" (did you mean {near[0]!r}?)" if near else f": known are {', '.join(known)}")
