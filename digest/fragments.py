"""The tag `{% once %}…{% endonce %}` of templates: what it surrounds is rendered once for all who would see the same.

Of a paper all but the reasons is the same for every reader of a day. What a piece of a template shows depends on the
values that it reads; which those are is found when the template is compiled, and they are the piece's key. So no reader
is ever shown a piece of another one's, whoever wrote the template: a piece that reads what one reader alone has is
rendered again for each. Where a key cannot be told or trusted the tag does nothing: a block in the piece is replaced by
an overriding template, another template is included, a value lacks an attribute or can change.
"""

from __future__ import annotations

from dataclasses import dataclass, is_dataclass
from operator import attrgetter, call
from typing import TYPE_CHECKING, Any

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context, Undefined
from jinja2.utils import missing, pass_context
from jinja2.visitor import NodeTransformer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jinja2 import Environment
    from jinja2.parser import Parser

REMEMBERED = 16_384
"""Pieces of a generation; there are two, of 30 MB each when full of such pieces as the shipped templates have."""

_FOUND, _KEPT = "once:found", "once:kept"  # names that no template can spell

_ELSEWHERE = (nodes.Include, nodes.Import, nodes.FromImport)
_PLAIN = frozenset({str, int, bool, type(None), type(missing)})


@dataclass(frozen=True, slots=True)
class _Site:
    """One tag: how the key's values come out of the variables it reads, and the blocks in it."""

    getters: tuple[Callable[[Any], Any], ...]
    blocks: tuple[str, ...]


class BlockContext(Context):
    """What a block knows, made in a fraction of the time.

    Each block of each paper has a context of its own. Jinja copies into each of them all names and the table of blocks,
    which nothing changes any more when a block is rendered: what a template extends, it says outside of its blocks.
    """

    def derived(self, locals: dict[str, Any] | None = None) -> Context:  # noqa: A002  (Jinja's name for it)
        """A context that knows these names, too."""
        made = object.__new__(type(self))
        made.__dict__ |= self.__dict__
        # Jinja looks here first, and copies all that is known behind it.
        made.vars, made.exported_vars = {**self.vars, **(locals or {})}, set()
        if missing in made.vars.values():
            made.vars = {name: value for name, value in made.vars.items() if value is not missing}
        return made


class Once(Extension):
    """Pieces of all templates of one environment. Threads may share it: at worst, both render the same piece."""

    tags = {"once"}  # noqa: RUF012  (as the class above declares it)

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters |= {_FOUND: self._found, _KEPT: self._kept}
        self._sites: list[_Site] = []
        self._young: dict[tuple[Any, ...], str] = {}
        self._old: dict[tuple[Any, ...], str] = {}

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """The tag as `piece = values | found`, and if that is none, as its body, `piece = body | kept(values)`."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endonce",), drop_needle=True)
        whole = nodes.Template(body, lineno=line)
        whole.set_environment(self.environment)
        if any(whole.find_all(_ELSEWHERE)):  # what is included can read anything
            return [nodes.Scope(body, lineno=line)]
        reads = _reads(whole)
        blocks = tuple(block.name for block in whole.find_all(nodes.Block))
        self._sites.append(_Site(tuple(reads.values()), blocks))
        site = nodes.Const(len(self._sites) - 1)

        def values() -> nodes.Tuple:
            return nodes.Tuple([nodes.Name(name, "load") for name in reads], "load")

        def filtered(value: nodes.Expr, name: str, *more: nodes.Expr) -> nodes.Filter:
            return nodes.Filter(value, name, [*more], [], None, None, lineno=line)

        # Filters are plain calls; a macro for the body, called through a context, would take longer than finding it.
        piece = parser.free_identifier(lineno=line)
        rendering = [
            nodes.AssignBlock(piece, None, body, lineno=line),
            nodes.Assign(piece, filtered(piece, _KEPT, values(), site), lineno=line),
        ]
        return [
            nodes.Assign(piece, filtered(values(), _FOUND, site), lineno=line),
            nodes.If(nodes.Test(piece, "none", [], [], None, None), rendering, [], [], lineno=line),
            nodes.Output([piece], lineno=line),
        ]

    @pass_context
    def _found(self, context: Context, values: Iterable[Any], number: int) -> str | None:
        """The piece, if it was rendered before for the same values."""
        try:
            key = self._key(context, values, number)
            piece = self._young.get(key)
            if piece is None and (piece := self._old.get(key)) is not None:
                self._keep(key, piece)
        except Exception:  # noqa: BLE001  (an undefined name can raise what it likes; rendering says it with its line)
            return None
        return piece

    @pass_context
    def _kept(self, context: Context, piece: str, values: Iterable[Any], number: int) -> str:
        """The piece, remembered if its values can be trusted."""
        try:
            key = self._key(context, values, number)
            if key and _is_plain(key):
                self._keep(key, piece)
        except Exception:  # noqa: BLE001  (as above)
            return piece
        return piece

    def _keep(self, key: tuple[Any, ...], piece: str) -> None:
        if len(self._young) >= REMEMBERED:
            self._old, self._young = self._young, {}
        self._young[key] = piece

    def _key(self, context: Context, values: Iterable[Any], number: int) -> tuple[Any, ...]:
        """What the piece depends on; empty where another template has a part in it."""
        site = self._sites[number]
        if context.blocks and any(len(context.blocks.get(block, ())) > 1 for block in site.blocks):
            return ()
        return (number, *map(call, site.getters, values))


class Inline(NodeTransformer):
    """Takes the blocks of a template for the text that they are, where no other template can replace them."""

    def visit_Block(self, node: nodes.Block) -> nodes.Node:  # noqa: N802  (Jinja's name for it)
        """The content of a block, in which names are its own."""
        self.generic_visit(node)
        made = nodes.Scope(node.body, lineno=node.lineno)
        made.environment = node.environment
        return made


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
    """The value; one for all names that are undefined, as those are that a branch not taken sets."""
    return missing if isinstance(value, Undefined) else value


def _is_plain(value: object) -> bool:
    """Whether a value always prints the same: not so objects with a state, and text that is escaped already."""
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    if is_dataclass(value):
        return all(_is_plain(getattr(value, name)) for name in value.__dataclass_fields__)
    return type(value) in _PLAIN
