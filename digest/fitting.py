"""An issue as long as a mail program shows it whole: what has no room waits for the reader's next one."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, lru_cache
from html import escape
from operator import attrgetter
from typing import TYPE_CHECKING

from digest import rendering
from digest.paper_view import TERM, heading_of, paper_view, short_line, shown_title
from digest.recent import Recent, recent_by_object
from digest.render import HTML_LIMIT
from digest.tokens import LONGEST_PAPER
from digest.types import Match, Nearest, Paper
from digest.view import NAME, view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.paper_view import PaperView
    from digest.render import Renderer
    from digest.settings import Settings
    from digest.signed_links import SignedLinks
    from digest.types import Gist, Issue, Section

FRAME = 20_000
"""Bytes of the shipped HTML template around the papers, at the most."""

MARKUP = 5_000
"""Bytes of it around the texts of one paper, at the most."""

COUNTS = 1_000
"""Bytes of what is said of all papers together, at the most: how many there are, and the topic of nearly all."""

_PIECES = 16_384  # pieces of each kind whose lengths are remembered
_PAPERS = 2_048  # papers, and what issues say that many readers' have in common, that are remembered
_NOTHING = Paper(id="", title="")
# What an issue says beside its papers and its reader's name: the same to most readers of a day.
_around_of = attrgetter(
    *("day", "composed", "timezone", "language", "considered", "updates", "sources", "often", "empty_day", "form")
)


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
    def _bound(self) -> Bound:
        return Bound(rendering.links(self._settings))

    def fit(self, issue: Issue) -> Issue:
        """The issue, or its first papers; the others count as `held`.

        Raises:
            SettingsError: the installation's secret cannot be read.
            TemplateError: a template of the operator's fails.
        """
        if self._is_shipped and self._bound.most_bytes(issue) < HTML_LIMIT:
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
    return Bound(links).most_bytes(issue)


class Bound:
    """Bounds on the bytes of many issues: each piece of a match is measured once, as it is in many readers' issues."""

    def __init__(self, links: SignedLinks | None) -> None:
        self._links = links
        self._of_similar, self._of_nearest, self._of_interest, self._of_term = (
            lru_cache(_PIECES)(measure) for measure in (_of_similar, _of_nearest, _of_interest, _of_term)
        )
        self._of_paper = recent_by_object(_PAPERS)(_of_paper)
        self._around: Recent[tuple[object, ...], int] = Recent(_PAPERS)

    def most_bytes(self, issue: Issue) -> int:
        """A bound on the bytes of the shipped HTML part without abstracts."""
        matches = issue.matches
        around = self._of_rest(issue)
        around += sum([_escaped(heading_of(section.heading)) for section in issue.sections])
        # The first title is in the subject and the second in the preheader.
        around += sum([_escaped(shown_title(match.paper)) for match in matches[:2]])
        papers = sum([self._of_match(match) for match in matches])
        return FRAME + COUNTS + MARKUP * len(matches) + 2 * (around + papers + self._of_actions(issue))

    def _of_rest(self, issue: Issue) -> int:
        """Of all that is no paper: what many issues say, and the reader's own, which is the name, twice, and links."""
        key = _around_of(issue)
        try:
            common = self._around[key]
        except KeyError:
            common = _bytes(view(replace(issue, sections=(), name="", profile=""), characters=0))
            self._around.keep(key, common)
        name = _escaped(short_line(issue.name, NAME))
        account = _bytes(self._links.of_account(issue)) if self._links else 0
        return common + 2 * name + _escaped(short_line(issue.profile, NAME)) + account

    def _of_match(self, match: Match) -> int:
        nearest, similar = match.nearest, match.similar
        return (
            self._of_paper(match.paper, match.gist)
            + (self._of_similar(similar) if similar else 0)
            + (self._of_nearest(nearest.id, nearest.title) if nearest else 0)
            + self._of_interest(match.interest)
            + self._of_terms([each.term for each in match.evidence])
        )

    def _of_terms(self, terms: Sequence[str]) -> int:
        together = "".join(terms)
        # Nearly all are: words, and pairs of words, that are shown as they stand.
        if together.isascii() and together.replace(" ", "").isalnum() and len(max(terms, key=len)) <= TERM:
            return len(together)
        return sum([self._of_term(each) for each in terms])

    def _of_actions(self, issue: Issue) -> int:
        """Of the links by which the reader judges papers: that of the longest id that has some is the longest."""
        if self._links is None or not issue.matches:
            return 0
        lengths = [len(match.paper.id.encode()) for match in issue.matches]
        longest = max([length for length in lengths if length <= LONGEST_PAPER], default=0)
        return len(lengths) * _bytes(self._links.of_paper(issue, "x" * longest)) if longest else 0


def _of_paper(paper: Paper, gist: Gist | None) -> int:
    return _bytes(_shown(Match(paper=paper, score=0, interest="", gist=gist)))


def _of_similar(similar: tuple[Paper, ...]) -> int:
    return _bytes(_shown(Match(paper=_NOTHING, score=0, interest="", similar=similar)).similar)


def _of_nearest(paper: str, title: str) -> int:
    nearest = Nearest(id=paper, title=title, likeness=0)
    return _bytes(_shown(Match(paper=_NOTHING, score=0, interest="", nearest=nearest)).nearest)


def _of_interest(interest: str) -> int:
    return _bytes(_shown(Match(paper=_NOTHING, score=0, interest=interest)))


def _of_term(term: str) -> int:
    return _escaped(short_line(term, TERM))


def _shown(match: Match) -> PaperView:
    return paper_view(match, "", 0, 0)


def _bytes(value: object) -> int:
    """Of all texts in a view."""
    if isinstance(value, str):
        return _escaped(value)
    if isinstance(value, tuple):
        return sum([_bytes(each) for each in value])
    return sum([_bytes(getattr(value, name)) for name in getattr(value, "__dataclass_fields__", ())])


@lru_cache(_PIECES)
def _escaped(text: str) -> int:
    return len(escape(text).encode("utf-8", "replace"))
