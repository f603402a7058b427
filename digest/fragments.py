"""The tag `{% once %}…{% endonce %}` of templates: what it surrounds is rendered once for all who would see the same.

Of a paper all but the reasons is the same for every reader of a day. What a piece of a template shows depends on the
values that it reads; which those are is found when the template is compiled, and they are the piece's key. So no reader
is ever shown a piece of another one's, whoever wrote the template: a piece that reads what one reader alone has is
rendered again for each. Where a key cannot be told or trusted the tag does nothing: a block in the piece is replaced by
an overriding template, another template is included, a value lacks an attribute or can change.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from itertools import starmap
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
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from jinja2 import Environment
    from jinja2.parser import Parser
    from jinja2.runtime import Context

REMEMBERED = 16_384
"""Pieces of a generation; there are two, of 30 MB each when full of such pieces as the shipped templates have."""

INLINE = 3
"""So few attributes are read one by one: a call would take longer."""

_FIND, _REMEMBER, _READ, _ITSELF = "once:find", "once:remember", "once:read:", "once:itself"
_ELSEWHERE = (nodes.Include, nodes.Import, nodes.FromImport)
_PLAIN = frozenset({str, int, bool, type(None), type(missing)})


class _Attributes:
    """Gets what is read of a value: some attributes, or its `common` if that has them all.

    This is what a value is made of that many others are made of, too, an object of a class that the value's extends.
    It stands for its fields, and is compared in no time.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = sorted(names)
        self._getters: dict[type, Callable[[Any], Any]] = {}

    def __call__(self, value: object) -> object:
        return (self._getters.get(type(value)) or self._getter(value))(value)

    def _getter(self, value: object) -> Callable[[Any], Any]:
        common = getattr(value, "common", None)
        has = {each.name for each in fields(common)} if is_dataclass(common) and isinstance(value, type(common)) else ()
        getter = attrgetter("common") if set(self.names) <= set(has) else attrgetter(*self.names)
        self._getters[type(value)] = getter
        return getter


class _Pieces(Recent[Any, Piece]):
    """Those of all tags of one environment, by the tag's number and the values that it read."""

    def __init__(self) -> None:
        super().__init__(REMEMBERED)

    def find(self, key: tuple[Any, ...]) -> Piece | None:
        """The piece, if there is one."""
        try:
            return self[key]
        except Exception:  # noqa: BLE001  (none is there; or a name is undefined, which rendering says with its line)
            return None

    def remember(self, text: str, key: tuple[Any, ...]) -> str:
        """The text as a piece, remembered if its values can be trusted."""
        if not _is_plain(key):
            return text
        piece = Piece(text)
        self.keep(key, piece)
        return piece


class _Site:
    """A tag of which other templates may have a part: they may replace the blocks in it."""

    def __init__(self, pieces: _Pieces, blocks: Iterable[str], readers: Sequence[Callable[[Any], Any]]) -> None:
        self._pieces, self._blocks, self._readers = pieces, tuple(blocks), readers

    @pass_context
    def found(self, context: Context, values: tuple[Any, ...]) -> Piece | None:
        """See `_Pieces.find`."""
        try:
            return self._pieces.find(self._key(values)) if self._is_whole(context) else None
        except Exception:  # noqa: BLE001  (as there; or a value lacks an attribute)
            return None

    @pass_context
    def kept(self, context: Context, text: str, values: tuple[Any, ...]) -> str:
        """See `_Pieces.remember`."""
        try:
            return self._pieces.remember(text, self._key(values)) if self._is_whole(context) else text
        except Exception:  # noqa: BLE001  (as above)
            return text

    def _key(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(map(call, self._readers, values))

    def _is_whole(self, context: Context) -> bool:
        """Whether no other template has a part in it."""
        return all(len(context.blocks.get(block, ())) <= 1 for block in self._blocks)


class Once(Extension):
    """Pieces of all templates of one environment. Threads may share it: at worst, both render the same piece."""

    tags = {"once"}  # noqa: RUF012  (as the class above declares it)

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._sites = 0
        self._pieces = _Pieces()

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """The tag as `piece = key | find`, and if that is none, as its body, `piece = body | remember(key)`."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endonce",), drop_needle=True)
        whole = nodes.Template(body, lineno=line)
        whole.set_environment(self.environment)
        if any(whole.find_all(_ELSEWHERE)):  # what is included can read anything
            return [nodes.Scope(body, lineno=line)]
        self._sites += 1
        reads = _reads(whole)
        set_within = {each.name for each in whole.find_all(nodes.Name) if each.ctx == "store"}
        find, remember = self._filters(reads, [block.name for block in whole.find_all(nodes.Block)])

        def read(name: str, reader: _Attributes | None) -> nodes.Expr:
            variable = nodes.Name(name, "load", lineno=line)
            if not self._is_closed:
                return variable
            if reader is None:
                return _filter(variable, _ITSELF) if name in set_within else variable
            if len(reader.names) > INLINE:
                return _filter(variable, f"{_READ}{self._sites}:{name}")
            return nodes.Tuple([nodes.Getattr(variable, each, "load") for each in reader.names], "load")

        def key() -> nodes.Tuple:
            return nodes.Tuple([nodes.Const(self._sites), *starmap(read, reads.items())], "load", lineno=line)

        # Filters are plain calls; a macro for the body, called through a context, would take longer than finding it.
        piece = parser.free_identifier(lineno=line)
        rendering = [
            nodes.AssignBlock(piece, None, body, lineno=line),
            nodes.Assign(piece, _filter(piece, remember, key()), lineno=line),
        ]
        is_none = nodes.Compare(piece, [nodes.Operand("eq", nodes.Const(None))], lineno=line)
        return [
            nodes.Assign(piece, _filter(key(), find), lineno=line),
            nodes.If(is_none, rendering, [], [], lineno=line),
            nodes.Output([piece], lineno=line),
        ]

    @property
    def _is_closed(self) -> bool:
        """Whether no other template can have a part in a piece, and attributes are there."""
        return bool(getattr(self.environment, "is_closed", False))

    def _filters(self, reads: Mapping[str, _Attributes | None], blocks: Sequence[str]) -> tuple[str, str]:
        """What finds and remembers this tag's pieces, by names that no template can spell."""
        if self._is_closed:
            readers = {f"{_READ}{self._sites}:{name}": reader for name, reader in reads.items() if reader}
            own = {_FIND: self._pieces.find, _REMEMBER: self._pieces.remember, _ITSELF: _itself}
            self.environment.filters |= readers | own
            return _FIND, _REMEMBER
        site = _Site(self._pieces, blocks, [_itself, *(reader or _itself for reader in reads.values())])
        find, remember = f"{_FIND}:{self._sites}", f"{_REMEMBER}:{self._sites}"
        self.environment.filters |= {find: site.found, remember: site.kept}
        return find, remember


def _filter(value: nodes.Expr, name: str, *more: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(value, name, [*more], [], None, None, lineno=value.lineno)


def is_piece(output: nodes.Output) -> bool:
    """Whether a tag's piece is printed, and nothing else."""
    return [*map(type, output.nodes)] == [nodes.InternalName]


def _reads(body: nodes.Template) -> dict[str, _Attributes | None]:
    """The variables from outside, and the attributes that are read of each; None where it is read as a whole."""
    attributes: dict[str, set[str]] = {}
    within = set()
    for node in body.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name):
            attributes.setdefault(node.node.name, set()).add(node.attr)
            within.add(id(node.node))
    wholes = {name.name for name in body.find_all(nodes.Name) if id(name) not in within}
    free = find_undeclared_variables(body) - set(body.environment.globals if body.environment else ())
    return {name: None if name in wholes else _Attributes(attributes[name]) for name in sorted(free)}


def _itself(value: object) -> object:
    """The value; one for all names that are undefined, as those are that a branch not taken sets."""
    return missing if isinstance(value, Undefined) else value


def _is_plain(value: object) -> bool:
    """Whether a value always prints the same: not so objects with a state, and text that is escaped already."""
    if type(value) in _PLAIN:
        return True
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return is_dataclass(value) and all(_is_plain(getattr(value, name)) for name in value.__dataclass_fields__)
