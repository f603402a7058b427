"""What a model is asked about a paper: a template that a user may replace, filled with title and abstract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.jinja import Templates
from digest.typeset import lead, one_line

if TYPE_CHECKING:
    from pathlib import Path

    from digest.types import Paper

NAME = "model/gist.txt"

_TITLE, _ABSTRACT = 300, 6000
_SLACK = 4  # how many times its bound of a text is looked at, as cleaning drops some


class Prompt:
    """The question, compiled and tried; looked for in `overrides` first, then among the shipped templates.

    Raises:
        TemplateError: the template does not compile, or names something else than `title` and `abstract`.
    """

    def __init__(self, overrides: Path | None = None) -> None:
        self._templates = Templates(overrides)
        self._fill("Specimen", "A specimen.")

    def of(self, paper: Paper) -> str:
        """The question about a paper; its title and abstract are one line each and of bounded length.

        Raises:
            TemplateError: an overriding template fails on this paper.
        """
        return self._fill(
            lead(one_line(paper.title[: _TITLE * _SLACK]), _TITLE),
            lead(one_line(paper.abstract[: _ABSTRACT * _SLACK]), _ABSTRACT),
        )

    def _fill(self, title: str, abstract: str) -> str:
        return self._templates.fill(NAME, {"title": title, "abstract": abstract}).strip()
