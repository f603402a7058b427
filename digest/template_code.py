"""How templates become Python: as Jinja compiles them, but for what takes time in each mail and changes none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator
from jinja2.runtime import Context
from jinja2.utils import missing
from jinja2.visitor import NodeTransformer

from digest.fragments import is_piece

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2.compiler import Frame

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&#39;", '"': "&#34;"})
_SPECIAL = re.compile("[&<>'\"]")


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


class Inline(NodeTransformer):
    """Takes the blocks of a template for the text that they are, where no other template can replace them."""

    def visit_Block(self, node: nodes.Block) -> nodes.Node:  # noqa: N802  (Jinja's name for it)
        """The content of a block, in which names are its own."""
        self.generic_visit(node)
        made = nodes.Scope(node.body, lineno=node.lineno)
        made.environment = node.environment
        return made


class _Generator(CodeGenerator):
    """Escapes what templates print without making a `Markup` of each value, which takes longer than to escape it."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write(f"environment.escaped({finalize.src or ''}")


class _Gathering(_Generator):
    """Lets a template yield all that it prints up to a piece at once, then the piece, and so on.

    Attributes are there: what the shipped templates say of the views was tried.
    """

    _buffer: str | None = None

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802  (Jinja's name for it)
        """An attribute."""
        self.visit(node.node, frame)
        self.write(f".{node.attr}")

    def blockvisit(self, nodes: Iterable[nodes.Node], frame: Frame) -> None:
        """Statements of one level; all of the template's are in the first."""
        if not frame.rootlevel:
            super().blockvisit(nodes, frame)
            return
        self.buffer(frame)
        self._buffer = frame.buffer
        super().blockvisit(nodes, frame)
        self._flush()

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:  # noqa: N802  (Jinja's name for it)
        """What is printed."""
        if frame.buffer != self._buffer or not is_piece(node):
            super().visit_Output(node, frame)
            return
        self._flush()
        self.writeline("yield ", node)
        self.visit(node.nodes[0], frame)

    def _flush(self) -> None:
        self.writeline(f"yield concat({self._buffer})")
        self.writeline(f"{self._buffer}.clear()")


class Open(jinja2.Environment):
    """Templates that others may extend."""

    code_generator_class = _Generator

    @staticmethod
    def escaped(value: object) -> str:
        """The value as HTML, the same text as by `markupsafe.escape`."""
        if type(value) is str:
            text = value
        elif type(value) is int:
            return str(value)
        elif hasattr(value, "__html__"):
            return str(value.__html__())
        else:
            text = str(value)
        return text.translate(_ESCAPES) if _SPECIAL.search(text) else text


class Closed(Open):
    """Templates that no others extend, so that blocks take no time."""

    is_closed = True
    """Which spares the tag of `digest.fragments` to look for what others made of its blocks."""

    code_generator_class = _Gathering

    def _generate(  # Jinja's hook, and its arguments
        self,
        source: nodes.Template,
        name: str | None,
        filename: str | None,
        defer_init: bool = False,  # noqa: FBT001, FBT002  (as Jinja calls it)
    ) -> str:
        return super()._generate(Inline().visit(source), name, filename, defer_init)
