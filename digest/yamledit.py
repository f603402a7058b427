"""Editing the lists of a YAML mapping where they stand: what is not edited stays byte for byte.

A parser's round trip would lay out the whole file anew: quotes, indentation, long lines. So the text is cut where
ruamel.yaml says that entries begin and end.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.tokens import BlockEntryToken, FlowEntryToken, ValueToken

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ruamel.yaml.nodes import Node

_BREAKS = "\n\r\x85\u2028\u2029"  # as ruamel.yaml has them
_BREAK = re.compile(rf"\r\n|[{_BREAKS}]")
_BLANK_LINE = re.compile(rf"(?:\r\n|\r(?!\n)|[\n\x85\u2028\u2029])[ \t]*(?=[{_BREAKS}])")
_BLANKS = re.compile(r"[ \t]*")
_REST_OF_LINE = re.compile(rf"[ \t]*(?:#[^{_BREAKS}]*)?(?=[{_BREAKS}]|\Z)")

Written = str | dict[str, str]
"""An entry of a list: a scalar's text as it is written, less quotes; of a mapping, that of its keys and values."""


class _Edit(NamedTuple):
    start: int
    end: int
    new: str


class ListEditor:
    """The lists under the keys of a mapping, to be edited; `text` is YAML that `digest.yamldoc` reads without fault.

    A list that is not there yet is put behind the last of the keys `after` that is, or at the end.
    """

    def __init__(self, text: str, *, after: Sequence[str] = ()) -> None:
        self._text = text
        root = YAML(typ="safe", pure=True).compose(text)
        if not isinstance(root, MappingNode):
            raise TypeError("not a mapping")
        self._root = root
        self._values: dict[str, Node] = {str(key.value): value for key, value in root.value}
        self._keys: dict[str, Node] = {str(key.value): key for key, _ in root.value}
        self._after = [key for key in self._values if key in after] or list(self._values)
        tokens = list(YAML(typ="safe", pure=True).scan(text))
        self._dashes = [token.start_mark.index for token in tokens if isinstance(token, BlockEntryToken)]
        self._commas = [token.start_mark.index for token in tokens if isinstance(token, FlowEntryToken)]
        self._colons = [token.start_mark.index for token in tokens if isinstance(token, ValueToken)]
        self._newline = "\r\n" if (found := _BREAK.search(text)) and found[0] == "\r\n" else "\n"

    def entries(self, key: str) -> list[Written]:
        """What stands in a list; nothing where there is none."""
        return [_written(node) for node in self._nodes(key)]

    def edited(self, key: str, *, drop: Iterable[int], add: Sequence[tuple[str, str]]) -> str:
        """The text with the entries at some positions of a list taken out, and others put behind the rest.

        `add` has (YAML in flow style, comment); where entries have lines of their own, the comment stands behind its
        entry. What stands behind an entry that is taken out goes with it.
        """
        gone = sorted(set(drop))
        edits: list[_Edit] = []
        value = self._values.get(key)
        if not gone and not add:
            return self._text
        if value is None:
            edits.append(self._new_list(key, add))
        elif _is_flow(value) and not (self._is_bare(key) and add):
            edits += self._from_flow(key, gone)
            if add:
                edits += self._into_lines(key, gone, add) if self._has_lines(key) else [self._into_flow(key, gone, add)]
        else:
            edits += self._from_block(key, gone, refilled=bool(add))
            if add:
                edits.append(self._into_block(key, add))
        text = self._text
        # From the end, so that no edit moves the place of another.
        for edit in sorted(edits, reverse=True):
            text = text[: edit.start] + edit.new + text[edit.end :]
        return text

    def _nodes(self, key: str) -> list[Node]:
        value = self._values.get(key)
        return list(value.value) if isinstance(value, SequenceNode) else []

    # Lists in block style, an entry a line

    def _from_block(self, key: str, gone: Sequence[int], *, refilled: bool) -> list[_Edit]:
        nodes = self._nodes(key)
        if not nodes:
            return []
        edits = []
        for position in gone:
            dash = self._dashes[bisect_right(self._dashes, _start(nodes[position])) - 1]
            edits.append(_Edit(self._line_start(dash), self._next_line(_end(nodes[position]))[0], ""))
        if len(gone) == len(nodes) and not refilled:
            colon = self._colon(key)
            edits.append(_Edit(colon + 1, colon + 1, " []"))
        return edits

    def _into_block(self, key: str, add: Sequence[tuple[str, str]]) -> _Edit:
        nodes = self._nodes(key)
        if nodes:
            column = self._column(_start(self._values[key]))
            return self._insertion(_end(nodes[-1]), self._lines(add, column))
        # An empty list `[]` behind its key: the brackets go, and what stands behind them stays.
        colon, end = self._colon(key), _end(self._values[key])
        line_end = self._line_end(end)
        rest = self._text[end:line_end]
        inserted = self._insertion(end, self._lines(add, self._indentation()))
        lines = inserted.new if inserted.start == line_end else self._text[line_end : inserted.start] + inserted.new
        return _Edit(colon + 1, inserted.start, rest + lines)

    def _new_list(self, key: str, add: Sequence[tuple[str, str]]) -> _Edit:
        end = _end(self._values[self._after[-1]])
        if _is_flow(self._root):
            return _Edit(end, end, f", {key}: [{', '.join(entry for entry, _ in add)}]")
        column = self._column(_start(self._root))
        before = self._text[: self._next_line(end)[0]]
        # Keys stand apart where this file's do.
        apart = [""] if _BLANK_LINE.search(self._text) and not before.endswith(("\n\n", "\n\r\n")) else []
        lines = [*apart, f"{' ' * column}{key}:", *self._lines(add, self._indentation())]
        return self._insertion(end, lines)

    def _lines(self, add: Sequence[tuple[str, str]], column: int) -> list[str]:
        return [f"{' ' * column}- {entry}{f'  # {comment}' if comment else ''}" for entry, comment in add]

    def _indentation(self) -> int:
        """Where entries begin in this file's lists, or would."""
        column = self._column(_start(self._root))
        lists = (value for value in self._values.values() if isinstance(value, SequenceNode) and not _is_flow(value))
        return next((self._column(_start(value)) for value in lists), column + 2)

    def _insertion(self, behind: int, lines: Sequence[str]) -> _Edit:
        """Lines put behind the line on which something ends."""
        place, is_line = self._next_line(behind)
        joined = self._newline.join(lines)
        return _Edit(place, place, f"{joined}{self._newline}" if is_line else f"{self._newline}{joined}")

    # Lists in flow style, between brackets

    def _from_flow(self, key: str, gone: Sequence[int]) -> list[_Edit]:
        nodes = self._nodes(key)
        edits = []
        for position in gone:
            start, end = _start(nodes[position]), _end(nodes[position])
            limit = _start(nodes[position + 1]) if position + 1 < len(nodes) else _end(self._values[key])
            if (comma := self._comma_between(end, limit)) is not None:
                end = _BLANKS.match(self._text, comma + 1).end()  # type: ignore[union-attr]  # matches anywhere
            else:
                # The last one takes the comma before it along, where that is not on another line.
                kept = next((n for n in reversed(range(position)) if n not in gone), None)
                first = position if kept is None else kept + 1
                before = None if kept is None else self._comma_between(_end(nodes[kept]), _start(nodes[first]))
                if before is not None and not _BREAK.search(self._text, before, _start(nodes[first])):
                    edits.append(_Edit(before, _start(nodes[first]), ""))
            edits.append(self._whole_line(start, end))
        return edits

    def _into_flow(self, key: str, gone: Sequence[int], add: Sequence[tuple[str, str]]) -> _Edit:
        nodes = self._nodes(key)
        kept = next((n for n in reversed(range(len(nodes))) if n not in gone), None)
        if kept is None:
            place = _start(self._values[key]) + 1
            return _Edit(place, place, ", ".join(entry for entry, _ in add))
        place = _end(nodes[kept])
        return _Edit(place, place, "".join(f", {entry}" for entry, _ in add))

    def _into_lines(self, key: str, gone: Sequence[int], add: Sequence[tuple[str, str]]) -> list[_Edit]:
        nodes = self._nodes(key)
        end = _end(nodes[-1])
        comma = self._comma_between(end, _end(self._values[key]))
        needs_comma = comma is None and len(nodes) - 1 not in gone
        # The last entry has a comma where the last one had.
        commas = ["," for _ in add[1:]] + ["" if comma is None else ","]
        indent = " " * self._column(_start(nodes[-1]))
        pairs = zip(add, commas, strict=True)
        lines = [f"{indent}{entry}{sign}{f'  # {comment}' if comment else ''}" for (entry, comment), sign in pairs]
        return [*([_Edit(end, end, ",")] if needs_comma else []), self._insertion(end, lines)]

    def _has_lines(self, key: str) -> bool:
        """Whether a list between brackets has its last entry on a line of its own, and the bracket on a later one."""
        value = self._values[key]
        if not (nodes := self._nodes(key)):
            return False
        start, end = _start(nodes[-1]), _end(nodes[-1])
        comma = self._comma_between(end, _end(value))
        behind = end if comma is None else comma
        begins = not self._text[self._line_start(start) : start].strip(" \t")
        return (
            begins
            and not _BREAK.search(self._text, end, behind)
            and bool(_BREAK.search(self._text, behind, _end(value)))
        )

    def _comma_between(self, start: int, end: int) -> int | None:
        n = bisect_left(self._commas, start)
        return self._commas[n] if n < len(self._commas) and self._commas[n] < end else None

    def _whole_line(self, start: int, end: int) -> _Edit:
        """Taking something out, and its line and comment with it where it stands alone there."""
        line = self._line_start(start)
        rest = _REST_OF_LINE.match(self._text, end)
        if rest is None or self._text[line:start].strip(" \t"):
            return _Edit(start, end, "")
        return _Edit(line, self._next_line(end)[0], "")

    def _is_bare(self, key: str) -> bool:
        """Whether a list is `[]` behind its key on a line of the mapping, so that entries can have lines there."""
        value = self._values[key]
        colon, end = self._colon(key), _end(value)
        inside = _BREAK.search(self._text, colon, end) is None
        alone = _REST_OF_LINE.match(self._text, end) is not None
        return not _is_flow(self._root) and not value.value and inside and alone

    # Places in the text

    def _colon(self, key: str) -> int:
        return self._colons[bisect_left(self._colons, _end(self._keys[key]))]

    def _line_start(self, place: int) -> int:
        return 1 + max(self._text.rfind(each, 0, place) for each in _BREAKS)

    def _line_end(self, place: int) -> int:
        found = _BREAK.search(self._text, place)
        return found.start() if found else len(self._text)

    def _next_line(self, place: int) -> tuple[int, bool]:
        """Where the next line begins (or this one, at its start), and whether one does: the last may have no break."""
        if place and self._line_start(place) == place:
            return place, True
        found = _BREAK.search(self._text, place)
        return (found.end(), True) if found else (len(self._text), False)

    def _column(self, place: int) -> int:
        return place - self._line_start(place)


def _written(node: Node) -> Written:
    if isinstance(node, MappingNode):
        return {str(key.value): str(value.value) for key, value in node.value if isinstance(value, ScalarNode)}
    return str(node.value) if isinstance(node, ScalarNode) else ""


def _is_flow(node: Node) -> bool:
    """Whether a list or a mapping is written between brackets."""
    return isinstance(node, CollectionNode) and bool(node.flow_style)


def _start(node: Node) -> int:
    return int(node.start_mark.index)


def _end(node: Node) -> int:
    """Where a node's text ends; that of a block ends where its last scalar does, not where the next token begins."""
    if not isinstance(node, CollectionNode) or _is_flow(node) or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(last, tuple) else last)
