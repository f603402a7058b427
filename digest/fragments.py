"""The tag `{% once %}…{% endonce %}` of templates: what it surrounds is rendered once for all who would see the same.

Of a paper all but the reasons is the same for every reader of a day. What a piece of a template shows depends on the
values that it reads; which those are is found when the template is compiled, and they are the piece's key. So no reader
is ever shown a piece of another one's, whoever wrote the template: a piece that reads what one reader alone has is
rendered again for each. Where a key cannot be told or trusted the tag does nothing: a block in the piece is replaced by
an overriding template, another template is included, a name is undefined, a value can change.
"""

from __future__ import annotations

from dataclasses import dataclass, is_dataclass
from operator import attrgetter, call
from typing import TYPE_CHECKING, Any

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context
from jinja2.utils import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jinja2 import Environment
    from jinja2.parser import Parser

REMEMBERED = 16_384
"""Pieces of a generation; there are two, of 30 MB each when full of such pieces as the shipped templates have."""

_ELSEWHERE = (nodes.Include, nodes.Import, nodes.FromImport)
_PLAIN = frozenset({str, int, bool, type(None)})


@dataclass(frozen=True, slots=True)
class _Site:
    """One tag: how the key's values come out of the variables it reads, and the blocks in it."""

    getters: tuple[Callable[[Any], Any], ...]
    blocks: tuple[str, ...]


class BlockContext(Context):
    """What a block knows, made in a third of the time.

    Each block of each paper has a context of its own. Jinja copies the table of blocks into each of them, which nothing
    changes any more when a block is rendered: what a template extends, it says outside of its blocks.
    """

    def derived(self, locals: dict[str, Any] | None = None) -> Context:  # noqa: A002  (Jinja's name for it)
        """A context that knows these names, too."""
        known = {name: value for name, value in (locals or {}).items() if value is not missing}
        made = object.__new__(type(self))
        made.__dict__ |= self.__dict__
        made.parent, made.vars, made.exported_vars = {**self.get_all(), **known}, {}, set()
        return made


class Once(Extension):
    """Pieces of all templates of one environment. Threads may share it: at worst, both render the same piece."""

    tags = {"once"}  # noqa: RUF012  (as the class above declares it)

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._sites: list[_Site] = []
        self._young: dict[tuple[Any, ...], str] = {}
        self._old: dict[tuple[Any, ...], str] = {}

    def parse(self, parser: Parser) -> nodes.Node:
        """The tag as a call of `_piece`, with what stands in it as its body."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endonce",), drop_needle=True)
        whole = nodes.Template(body, lineno=line)
        whole.set_environment(self.environment)
        if any(whole.find_all(_ELSEWHERE)):  # what is included can read anything
            return nodes.Scope(body, lineno=line)
        reads = _reads(whole)
        blocks = tuple(block.name for block in whole.find_all(nodes.Block))
        self._sites.append(_Site(tuple(reads.values()), blocks))
        values = nodes.Tuple([nodes.Name(name, "load") for name in reads], "load")
        site = nodes.Const(len(self._sites) - 1)
        piece = self.call_method("_piece", [site, values, nodes.ContextReference()], lineno=line)
        return nodes.CallBlock(piece, [], [], body, lineno=line)

    def _piece(self, number: int, values: Iterable[Any], context: Context, caller: Callable[[], str]) -> str:
        site = self._sites[number]
        for block in site.blocks:
            if len(context.blocks[block]) > 1:
                return caller()
        try:
            key = (number, *map(call, site.getters, values))
            piece = self._young.get(key)
        except Exception:  # noqa: BLE001  (an undefined name can raise what it likes; rendering says it with its line)
            return caller()
        if piece is None:
            piece = self._old.get(key)
            if piece is None:
                piece = caller()
                if not _is_plain(key):
                    return piece
            if len(self._young) >= REMEMBERED:
                self._old, self._young = self._young, {}
            self._young[key] = piece
        return piece


def _reads(body: nodes.Template) -> dict[str, Callable[[Any], Any]]:
    """The variables from outside, and how to get from each to what is read of it: some attributes, or all of it."""
    attributes: dict[str, set[str]] = {}
    within = set()
    for node in body.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name):
            attributes.setdefault(node.node.name, set()).add(node.attr)
            within.add(id(node.node))
    wholes = {name.name for name in body.find_all(nodes.Name) if id(name) not in within}
    free = find_undeclared_variables(body) - set(body.environment.globals if body.environment else ())
    return {name: _itself if name in wholes else attrgetter(*sorted(attributes[name])) for name in sorted(free)}


def _itself(value: object) -> object:
    return value


def _is_plain(value: object) -> bool:
    """Whether a value always prints the same: not so objects with a state, and text that is escaped already."""
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    if is_dataclass(value):
        return all(_is_plain(getattr(value, name)) for name in value.__dataclass_fields__)
    return type(value) in _PLAIN
