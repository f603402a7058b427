"""An issue as long as a mail program shows it whole: what has no room waits for the reader's next one."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, lru_cache
from html import escape
from typing import TYPE_CHECKING

from digest import rendering
from digest.paper_view import LinkView, ReasonView
from digest.render import HTML_LIMIT
from digest.view import view

if TYPE_CHECKING:
    from digest.render import Renderer
    from digest.settings import Settings
    from digest.signed_links import SignedLinks
    from digest.types import Issue, Section

FRAME = 20_000
"""Bytes of the shipped HTML template around the papers, at the most."""

MARKUP = 5_000
"""Bytes of it around the texts of one paper, at the most."""


_PIECES = 16_384  # texts whose lengths are remembered, as papers and terms are in many readers' issues


class Fitter:
    """Cuts issues to what the HTML part has room for (`render.HTML_LIMIT`).

    Templates are only compiled, and the issue rendered, where the lengths of its texts do not tell that it is small.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._is_shipped = not settings.templates.is_dir()

    @cached_property
    def _renderer(self) -> Renderer:
        return rendering.renderer(self._settings)

    @cached_property
    def _links(self) -> SignedLinks | None:
        return rendering.links(self._settings)

    def fit(self, issue: Issue) -> Issue:
        """The issue, or its first papers; the others count as `held`.

        Raises:
            SettingsError: the installation's secret cannot be read.
            TemplateError: a template of the operator's fails.
        """
        if self._is_shipped and most_bytes(issue, self._links) < HTML_LIMIT:
            return issue
        return fitted(self._renderer, issue)


def fitted(renderer: Renderer, issue: Issue) -> Issue:
    """The issue, or as many of its first papers, by steps of a quarter, as the HTML part has room for.

    Raises:
        TemplateError: a template of the operator's fails.
    """
    short = issue
    while len(short.matches) > 1 and not renderer.has_room(short):
        short = cut(issue, len(short.matches) * 3 // 4)
    return short


def cut(issue: Issue, papers: int) -> Issue:
    """The issue with its first papers only; the others count as held for the next one."""
    sections: list[Section] = []
    room = papers
    for section in issue.sections:
        if room:
            sections.append(replace(section, matches=section.matches[:room]))
            room -= len(sections[-1].matches)
    held = issue.held + len(issue.matches) - papers
    return replace(issue, sections=tuple(sections), held=held)


def most_bytes(issue: Issue, links: SignedLinks | None = None) -> int:
    """A bound on the bytes of the shipped HTML part without abstracts, with such links to a site."""
    shown = view(issue, characters=0, links=links)
    return FRAME + MARKUP * len(issue.matches) + 2 * _bytes(shown)


def _bytes(value: object) -> int:
    """Of all texts in a view."""
    if isinstance(value, str):
        return _escaped(value)
    if isinstance(value, tuple):
        return sum([_bytes(each) for each in value])
    if isinstance(value, LinkView | ReasonView):
        return _remembered(value)
    total = 0
    for name in getattr(value, "__dataclass_fields__", ()):
        total += _bytes(getattr(value, name))
    return total


@lru_cache(_PIECES)
def _remembered(value: LinkView | ReasonView) -> int:
    if isinstance(value, LinkView):
        return _escaped(value.label) + _escaped(value.url)
    return _escaped(value.term)


@lru_cache(_PIECES)
def _escaped(text: str) -> int:
    return len(escape(text).encode("utf-8", "replace"))
