"""YAML text as plain values, with the line each of them stands on.

Of YAML 1.2 (https://yaml.org/spec/1.2.2/) this reads what a file kept by hand needs: mappings, lists, text, numbers,
true and false. Anchors, aliases and tags are refused: nobody needs them here, a text that starts with `&`, `*` or `!`
is nearly always meant as text, and without aliases no small file unfolds into a huge value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Self

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingEndEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.reader import ReaderError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ruamel.yaml.events import Event

Path = tuple[str | int, ...]
"""The way to a value: keys and positions from the outside in, `("topics", 1, "weight")`."""

_DEEPEST = 16
_LONGEST_NUMBER = 40

# The parser's words, and what a writer who does not know YAML's grammar can do about it.
_MENDS = (
    ("mapping values are not allowed", "a second ':' or a wrong indentation: put text that holds ': ' in quotes"),
    ("found character '\\t'", "a tab: indent with spaces"),
    ("that cannot start any token", "a text cannot start with this character: put it in quotes"),
    ("unexpected end of stream", "a quote is opened and never closed"),
    ("expected ',' or ']'", "a '[' is opened and not closed, or a comma is missing"),
    ("expected ',' or '}'", "a '{' is opened and not closed, or a comma is missing"),
    ("expected <block end>", "wrong indentation, or text after a closing quote: put single quotes around all of it"),
    ("could not find expected ':'", "a key without ':'"),
    ("unknown escape character", "an unknown escape: use single quotes, or write the backslash twice"),
)


class Fault(NamedTuple):
    """What is wrong at one place; `line` counts from 1 and is None where the whole text is meant."""

    line: int | None
    path: Path
    why: str


class WrittenFloat(float):
    """A number that remembers how it was written: `2401.01230` may be meant as a paper's id, where the 0 counts."""

    written: str

    def __new__(cls, value: float, written: str) -> Self:
        """`value` as a float that carries `written`."""
        number = super().__new__(cls, value)
        number.written = written
        return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A text that was read: its value (None where it is empty or has no readable structure), lines and faults.

    `value` is built of dict (keys are text, in the order of the file), list, str, bool, int, `WrittenFloat` and None.
    Where a fault names a path, the value there is only a stand-in.
    """

    value: object = None
    lines: Mapping[Path, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def line(self, path: Path) -> int | None:
        """The line of `path`, or of the nearest value around it that stands in the text."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def read(text: str) -> Document:
    """Read one YAML document; whatever the text, faults are part of what comes back and nothing is raised.

    A syntax error ends the reading: the value is then None and the fault the only one. Keys given twice (the first
    counts), anchors, aliases and tags are reported together.
    """
    try:
        builder = _Builder(text)
        value = builder.document()
    except _Unreadable as error:
        return Document(faults=(error.fault,))
    except ReaderError as error:
        why = f"holds the control character U+{ord(text[error.position]):04X}: is this a text file?"
        return Document(faults=(Fault(text.count("\n", 0, error.position) + 1, (), why),))
    except MarkedYAMLError as error:
        return Document(faults=(_syntax_fault(error),))
    except (YAMLError, ValueError, OverflowError):
        # The scanner converts what stands behind %YAML, `|` and `\U` without looking whether it fits.
        return Document(faults=(Fault(None, (), "not valid YAML"),))
    return Document(value=value, lines=builder.lines, faults=tuple(builder.faults))


def _syntax_fault(error: MarkedYAMLError) -> Fault:
    problem = str(error.problem or error.context or "syntax error")
    why = next((mend for words, mend in _MENDS if words in problem), problem)
    # Where something is never closed, the place to mend is where it was opened, not where the text ended.
    mark = error.context_mark if "opened" in why else error.problem_mark
    return Fault(None if mark is None else int(mark.line) + 1, (), f"not valid YAML: {why}")


class _Unreadable(Exception):  # noqa: N818 - a jump out of the recursion, never seen outside
    def __init__(self, fault: Fault) -> None:
        self.fault = fault


class _Builder:
    """Builds values from the parser's events, so that depth is bounded before Python's stack is."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self.faults: list[Fault] = []
        self._yaml = YAML(typ="safe", pure=True)
        self._events: Iterator[Event] = self._yaml.parse(text)

    def document(self) -> object:
        value: object = None
        documents = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Unreadable(Fault(_line(event), (), "a second YAML document: take the line '---' out"))
            elif isinstance(event, NodeEvent):
                value = self._value(event, ())
        return value

    def _value(self, event: Event, path: Path) -> object:
        # A key's own line stays: an empty value stands on the line after.
        self.lines.setdefault(path, _line(event))
        if len(path) > _DEEPEST:
            raise _Unreadable(Fault(_line(event), (), f"nested deeper than {_DEEPEST} levels"))
        if isinstance(event, AliasEvent):
            self._refuse(path, "*", "an alias")
        elif isinstance(event, NodeEvent) and event.anchor is not None:
            self._refuse(path, "&", "an anchor")
        if isinstance(event, ScalarEvent | CollectionStartEvent) and event.ctag is not None:
            self._refuse(path, "!", "a tag")
        if isinstance(event, ScalarEvent):
            return self._scalar(event, path)
        if isinstance(event, SequenceStartEvent):
            return self._list(path)
        return self._mapping(path) if isinstance(event, CollectionStartEvent) else None

    def _refuse(self, path: Path, sign: str, name: str) -> None:
        why = f"YAML takes {sign!r} at the start of a value for {name}, which is not supported: put the text in quotes"
        self.faults.append(Fault(self.lines[path], path, why))

    def _list(self, path: Path) -> list[object]:
        items: list[object] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            items.append(self._value(event, (*path, len(items))))
        return items

    def _mapping(self, path: Path) -> dict[str, object]:
        mapping: dict[str, object] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            if not isinstance(event, ScalarEvent):
                raise _Unreadable(Fault(_line(event), path, "a key must be a word, not a list, a mapping or an alias"))
            key, where = str(event.value), (*path, str(event.value))
            if key in mapping:
                first = self.lines[where]
                # The second value is read under a path of its own, so that it moves no line of the first.
                self._value(next(self._events), (*where, "again"))
                self.faults.append(Fault(_line(event), where, f"given twice, first on line {first}"))
            else:
                self.lines[where] = _line(event)
                mapping[key] = self._value(next(self._events), where)
        return mapping

    def _scalar(self, event: ScalarEvent, path: Path) -> object:
        text = str(event.value)
        if any("\ud800" <= char <= "\udfff" for char in text):
            self.faults.append(Fault(self.lines[path], path, "holds half of a surrogate pair, which is no character"))
            return ""
        tag = str(self._yaml.resolver.resolve(ScalarNode, text, event.implicit)).removeprefix("tag:yaml.org,2002:")
        if tag == "null":
            return None
        if tag == "bool":
            return text.lower() in {"true", "yes", "on"}  # the last two where a file asks for %YAML 1.1
        if tag in {"int", "float"} and len(text) <= _LONGEST_NUMBER:
            return _number(text)
        return text


def _number(text: str) -> object:
    """The number written as `text` (YAML 1.2.2, section 10.3.2), or the text where Python knows none of that form."""
    bare = text.replace("_", "").lower()
    try:
        if bare.lstrip("+-").startswith(("0x", "0o", "0b")):
            return int(bare, 0)
        if bare.lstrip("+-").isdecimal():
            return int(bare)
        return WrittenFloat(float(bare.replace(".inf", "inf").replace(".nan", "nan")), text)
    except ValueError:
        return text


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1
