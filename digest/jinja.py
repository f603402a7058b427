"""Templates: where they are looked for, how they are read and filled, and which line of which is at fault.

One is looked for in a folder of the operator's first, then among the shipped ones; these are also named `default/…`, so
that one of the operator's can extend what it replaces.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from digest.errors import TemplateError
from digest.fragments import Once
from digest.pieces import joined
from digest.template_code import BlockContext, Closed, Open
from digest.typeset import shorten, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from digest.paper_view import ReasonView

_ENDINGS = ("txt", "html", "css")
_DEFAULT = "default/"
_SOURCES = "source/"  # what some of the shipped ones are made of


class Templates:
    """The templates of an installation, each compiled when it is first needed. Threads may share them."""

    def __init__(self, overrides: Path | None = None) -> None:
        self._overrides = overrides
        self._environment = environment(overrides)
        self._compiled: dict[str, jinja2.Template] = {}

    @property
    def names(self) -> list[str]:
        """All there are, a shipped one that another replaces as `default/…`."""
        found = self._environment.list_templates(extensions=_ENDINGS)
        replaced = {_DEFAULT + name for name in self.own}
        return [name for name in found if not name.startswith((_DEFAULT, _SOURCES)) or name in replaced]

    @property
    def own(self) -> set[str]:
        """Those that the operator wrote."""
        if self._overrides is None:
            return set()
        return set(jinja2.FileSystemLoader(self._overrides).list_templates())

    def compile(self, name: str) -> jinja2.Template:
        """The template, ready to be filled.

        Raises:
            TemplateError: it is missing, is not UTF-8 or does not compile.
        """
        try:
            return self._environment.get_template(name)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(f"{error.name or name}:{error.lineno}: {error.message}") from error
        except jinja2.TemplateNotFound as error:
            raise TemplateError(f"{name}: there is no such template: {error}") from error
        except UnicodeDecodeError as error:
            raise TemplateError(f"{name}: not UTF-8: {error.reason} at byte {error.start}") from error

    def fill(self, name: str, variables: Mapping[str, object]) -> str:
        """The text that a template makes of these variables.

        Raises:
            TemplateError: it does not compile, names what is not there, or fails otherwise.
        """
        template = self._compiled.get(name) or self._compiled.setdefault(name, self.compile(name))
        try:
            return joined(template.generate(variables))
        except Exception as error:  # a template can raise whatever an expression can
            raise TemplateError(f"{self._where(name, error)}: {error}") from error

    def _where(self, name: str, error: Exception) -> str:
        """The innermost line of a template that the error passed through."""
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            for root in (self._overrides, _shipped()):
                if root and Path(frame.filename).is_relative_to(root):
                    found = Path(frame.filename).relative_to(root).as_posix()
                    is_replaced = root != self._overrides and found in self.own
                    return f"{_DEFAULT if is_replaced else ''}{found}:{frame.lineno}"
        return name


def environment(overrides: Path | None = None) -> jinja2.Environment:
    """Where templates are looked for and how they are read: the same rules for all of them."""
    shipped = jinja2.FileSystemLoader(_shipped())
    own = [jinja2.FileSystemLoader(overrides)] if overrides else []
    if not any(each.list_templates() for each in own):
        own = []
    made = (Open if own else Closed)(
        loader=jinja2.ChoiceLoader([*own, shipped, jinja2.PrefixLoader({"default": shipped})]),
        autoescape=jinja2.select_autoescape(["html", "css"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        extensions=[Once],
    )
    made.context_class = BlockContext
    made.filters.update(number=_number, shares=_shares, shorten=shorten, wrap=wrap)
    return made


def _number(value: int) -> str:
    """`12345` as `12,345`."""
    return f"{value:,}"


def _shares(reasons: Iterable[ReasonView], rest: int = 0) -> str:
    """`microphone array 62%, owl 21%, other terms 17%`."""
    told = [f"{each.term} {each.percent}%" for each in reasons]
    return ", ".join([*told, f"other terms {rest}%"] if rest else told)


def _shipped() -> Path:
    """Where the templates of this version are: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"
