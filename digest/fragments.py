"""The tag `{% once %}…{% endonce %}` of templates: what it surrounds is rendered once for all who would see the same.

Of a paper all but the reasons is the same for every reader of a day. What a piece of a template shows depends on the
values that it reads; which those are is found when the template is compiled, and they are the piece's key. So no reader
is ever shown a piece of another one's, whoever wrote the template: a piece that reads what one reader alone has is
rendered again for each. Where a key cannot be told or trusted the tag does nothing: a block in the piece is replaced by
an overriding template, another template is included, a value lacks an attribute or can change.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from operator import attrgetter, call
from typing import TYPE_CHECKING, Any

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Undefined
from jinja2.utils import missing, pass_context

from digest.pieces import Piece
from digest.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from jinja2 import Environment
    from jinja2.parser import Parser
    from jinja2.runtime import Context

REMEMBERED = 16_384
"""Pieces of a generation; there are two, of 30 MB each when full of such pieces as the shipped templates have."""

_ELSEWHERE = (nodes.Include, nodes.Import, nodes.FromImport)
_PLAIN = frozenset({str, int, bool, type(None), type(missing)})


class _Attributes:
    """Gets what is read of a value: some attributes, or its `common` if that has them all.

    This is what a value is made of that many others are made of, too, an object of a class that the value's extends.
    It stands for its fields, and is compared in no time.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted(names)
        self._getters: dict[type, Callable[[Any], Any]] = {}

    def __call__(self, value: object) -> object:
        return (self._getters.get(type(value)) or self._getter(value))(value)

    def _getter(self, value: object) -> Callable[[Any], Any]:
        common = getattr(value, "common", None)
        has = {each.name for each in fields(common)} if is_dataclass(common) and isinstance(value, type(common)) else ()
        getter = attrgetter("common") if set(self._names) <= set(has) else attrgetter(*self._names)
        self._getters[type(value)] = getter
        return getter


class _Site:
    """One tag: finds and keeps its piece by the values that it reads."""

    def __init__(
        self, pieces: Recent[Hashable, Piece], getters: Iterable[Callable[[Any], Any]], blocks: Iterable[str]
    ) -> None:
        self._pieces, self._getters, self._blocks = pieces, tuple(getters), tuple(blocks)

    @pass_context
    def found(self, context: Context, values: Iterable[Any]) -> Piece | None:
        """The piece, if it was rendered before for the same values."""
        try:
            if context.blocks and not self._is_whole(context):
                return None
            return self._pieces[self, *map(call, self._getters, values)]
        except Exception:  # noqa: BLE001  (none is there; or a name is undefined, which rendering says with its line)
            return None

    @pass_context
    def kept(self, context: Context, text: str, values: Iterable[Any]) -> str:
        """The text as a piece, remembered if its values can be trusted."""
        try:
            key = tuple(map(call, self._getters, values))
            if self._is_whole(context) and _is_plain(key):
                piece = Piece(text)
                self._pieces.keep((self, *key), piece)
                return piece
        except Exception:  # noqa: BLE001  (as above)
            return text
        return text

    def _is_whole(self, context: Context) -> bool:
        """Whether no other template has a part in it."""
        return all(len(context.blocks.get(block, ())) <= 1 for block in self._blocks)


class Once(Extension):
    """Pieces of all templates of one environment. Threads may share it: at worst, both render the same piece."""

    tags = {"once"}  # noqa: RUF012  (as the class above declares it)

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._sites = 0
        self._pieces: Recent[Hashable, Piece] = Recent(REMEMBERED)

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """The tag as `piece = values | found`, and if that is none, as its body, `piece = body | kept(values)`."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endonce",), drop_needle=True)
        whole = nodes.Template(body, lineno=line)
        whole.set_environment(self.environment)
        if any(whole.find_all(_ELSEWHERE)):  # what is included can read anything
            return [nodes.Scope(body, lineno=line)]
        reads = _reads(whole)
        site = _Site(self._pieces, reads.values(), (block.name for block in whole.find_all(nodes.Block)))
        self._sites += 1
        found, kept = f"once:found:{self._sites}", f"once:kept:{self._sites}"  # names that no template can spell
        self.environment.filters |= {found: site.found, kept: site.kept}

        def values() -> nodes.Tuple:
            return nodes.Tuple([nodes.Name(name, "load") for name in reads], "load")

        def filtered(value: nodes.Expr, name: str, *more: nodes.Expr) -> nodes.Filter:
            return nodes.Filter(value, name, [*more], [], None, None, lineno=line)

        # Filters are plain calls; a macro for the body, called through a context, would take longer than finding it.
        piece = parser.free_identifier(lineno=line)
        rendering = [
            nodes.AssignBlock(piece, None, body, lineno=line),
            nodes.Assign(piece, filtered(piece, kept, values()), lineno=line),
        ]
        return [
            nodes.Assign(piece, filtered(values(), found), lineno=line),
            nodes.If(nodes.Test(piece, "none", [], [], None, None), rendering, [], [], lineno=line),
            nodes.Output([piece], lineno=line),
        ]


def is_piece(output: nodes.Output) -> bool:
    """Whether a tag's piece is printed, and nothing else."""
    return [*map(type, output.nodes)] == [nodes.InternalName]


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
    return {name: _itself if name in wholes else _Attributes(attributes[name]) for name in sorted(free)}


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
