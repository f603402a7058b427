"""BibTeX's syntax: entries with their fields, macros expanded, and what is broken named and passed over.

Syntax: Patashnik, BibTeXing (1988), and bibtex.web; what biblatex adds is in fields, not in syntax. The libraries for
it were tried on broken files and passed over. bibtexparser 2 refuses every entry but the first of those without a key
(as SciFinder and EndNote export them) and any entry that has a field twice, leaves `a # b` as it is written, and finds
no entry in parentheses. What it would save is about this much code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OPENING = re.compile(r"@[ \t]*([A-Za-z]+)\s*([{(])")
# Where an entry certainly begins, whatever is still open before it: a line that opens one and names its key.
_BOUNDARY = re.compile(
    r"""^[ \t]*@[ \t]*(?:(?:string|comment|preamble)\s*+[{(]|[a-z]++\s*+[{(]\s*+[^\s,={}"]*+\s*+,)""",
    re.IGNORECASE | re.MULTILINE,
)
_KEY = re.compile(r"""\s*+([^,={}"\n]*+)(?=[,})])""")
_FIELD = re.compile(r"""[\s,]*+([A-Za-z_][^\s=,{}"#()%]*+)\s*+=\s*+""")
_BARE = re.compile(r"""[^\s,{}()"#=%]++""")
_JOIN = re.compile(r"\s*+#\s*+")
_BRACES = re.compile(r"[{}]")
_BRACES_AND_QUOTE = re.compile(r'[{}"]')
_GAP = re.compile(r"[\s,]*+")
_CLOSE = {"{": "}", "(": ")"}

# Macros are names of journals and publishers; without a limit, `@string{b = a # a}` doubles with every line.
_LONGEST_MACRO = 500
_MOST_EXPANDED = 2000
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry: its type and the names of its fields in lower case; of a field that comes twice the first counts."""

    kind: str
    key: str
    line: int
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """An entry that does not end before the next begins, or that cannot be read; `is_cut` where the text ends first."""

    key: str
    line: int
    why: str
    is_cut: bool = False


class _SyntaxError(Exception):
    """What is wrong in an entry."""


@dataclass(slots=True)
class _Scanner:
    """A place in a text of entries, up to where the entry at hand may reach."""

    text: str
    at: int = 0
    limit: int = 0
    macros: dict[str, str] = field(default_factory=lambda: {month: month for month in _MONTHS})

    def balanced(self) -> str:
        """What stands between the brace here and the one that closes it, which is where the scanner then is."""
        start, depth = self.at + 1, 0
        for brace in _BRACES.finditer(self.text, self.at, self.limit):
            depth += 1 if brace[0] == "{" else -1
            if not depth:
                self.at = brace.end()
                return self.text[start : brace.start()]
        raise _SyntaxError("a brace is never closed")

    def quoted(self) -> str:
        """What stands between quotation marks; those within braces do not count."""
        start, depth = self.at + 1, 0
        for sign in _BRACES_AND_QUOTE.finditer(self.text, start, self.limit):
            if sign[0] == '"' and not depth:
                self.at = sign.end()
                return self.text[start : sign.start()]
            depth += (sign[0] == "{") - (sign[0] == "}")
        raise _SyntaxError("a quotation mark is never closed")

    def value(self) -> str:
        """A value, its parts joined and macros expanded; an unknown macro stands for its name."""
        parts: list[str] = []
        expanded = 0
        while True:
            sign = self.text[self.at : self.at + 1] if self.at < self.limit else ""
            if sign == "{":
                parts.append(self.balanced())
            elif sign == '"':
                parts.append(self.quoted())
            elif bare := _BARE.match(self.text, self.at, self.limit):
                parts.append(self.macros.get(bare[0].lower(), bare[0]))
                expanded += len(parts[-1])
                self.at = bare.end()
            elif sign and sign in ",})" and not parts:
                return ""
            else:
                raise _SyntaxError("a value is missing")
            join = _JOIN.match(self.text, self.at, self.limit)
            if join is None:
                return "".join(parts)
            if expanded > _MOST_EXPANDED:
                raise _SyntaxError("its macros expand to more than 2,000 characters")
            self.at = join.end()

    def fields(self, closing: str) -> dict[str, str]:
        """The fields up to the closing sign."""
        found: dict[str, str] = {}
        while True:
            gap = _GAP.match(self.text, self.at, self.limit)
            self.at = gap.end() if gap else self.at
            if self.at < self.limit and self.text[self.at] == closing:
                self.at += 1
                return found
            name = _FIELD.match(self.text, self.at, self.limit)
            if name is None:
                rest = self.text[self.at : min(self.at + 20, self.limit)].strip()
                raise _SyntaxError(f"expected a field, got {rest!r}" if rest else "the entry is never closed")
            self.at = name.end()
            value = self.value()
            if not found.get(name[1].lower()):
                found[name[1].lower()] = value


def entries(text: str) -> Iterator[Entry | Broken]:
    """The entries of a file in its order; `@string` is carried out, `@comment` and `@preamble` are passed over.

    What stands between entries is a comment, and so is the rest of a line behind a `%` there. An entry that is broken
    costs what stands up to the next line that opens one.
    """
    scanner = _Scanner(text)
    boundaries = _BOUNDARY.finditer(text)
    boundary = next(boundaries, None)
    line, counted = 1, 0
    while opening := _OPENING.search(text, scanner.at):
        comment = text.find("%", max(scanner.at, text.rfind("\n", scanner.at, opening.start()) + 1), opening.start())
        if comment >= 0:
            end = text.find("\n", opening.start())
            scanner.at = end if end >= 0 else len(text)
            continue
        while (boundary and boundary.end() <= opening.end()) or (boundary and boundary.start() < opening.start() + 1):
            boundary = next(boundaries, None)
        scanner.limit = boundary.start() if boundary else len(text)
        line, counted = line + text.count("\n", counted, opening.start()), opening.start()
        scanner.at = opening.end()
        kind, closing = opening[1].lower(), _CLOSE[opening[2]]
        key = _KEY.match(text, scanner.at, scanner.limit)
        try:
            if kind in ("comment", "preamble"):
                _pass_over(scanner, opening)
            elif kind == "string":
                named = scanner.fields(closing)
                scanner.macros.update({name: value[:_LONGEST_MACRO] for name, value in named.items()})
            else:
                scanner.at = key.end() if key else scanner.at
                found = scanner.fields(closing)
                yield Entry(kind=kind, key=key[1].strip() if key else "", line=line, fields=found)
        except _SyntaxError as error:
            open_end = "never closed" in str(error) or closing not in text[scanner.at : scanner.limit]
            is_cut = boundary is None and open_end
            scanner.at = scanner.limit
            yield Broken(key=key[1].strip() if key else "", line=line, why=str(error), is_cut=is_cut)


def _pass_over(scanner: _Scanner, opening: re.Match[str]) -> None:
    if opening[2] == "{":
        scanner.at -= 1
        try:
            scanner.balanced()
        except _SyntaxError:
            # Looking for the end of each of many on one line would take for ever: the line is the comment.
            end = scanner.text.find("\n", opening.end(), scanner.limit)
            scanner.at = end if end >= 0 else scanner.limit
