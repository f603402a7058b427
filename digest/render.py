"""Issue -> subject, text, HTML and web page, through templates a user may replace one by one, or block by block."""

from __future__ import annotations

import traceback
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from digest.errors import TemplateError
from digest.fragments import BlockContext, Once
from digest.look import Look
from digest.paper_view import SIMILAR_SHOWN
from digest.ranking.labels import OTHER_TERMS, OUTSIDE
from digest.twins.archive import ArchiveView, archive
from digest.types import (
    Evidence,
    Gist,
    Headline,
    Issue,
    Links,
    Mail,
    Match,
    Nearest,
    Paper,
    Rendered,
    Section,
    Signals,
    Update,
)
from digest.typeset import one_line, shorten, wrap
from digest.view import IssueView, TwinsView, view

if TYPE_CHECKING:
    from digest.signed_links import SignedLinks

SUBJECT = "mail/issue/subject.txt"
TEXT = "mail/issue/body.txt"
HTML = "mail/issue/body.html"
PAGE = "web/issue.html"
ARCHIVE = "web/archive.html"

ABSTRACT = 600
"""Characters of an abstract in a mail."""

HTML_LIMIT = 100_000
"""Bytes of HTML in a mail; Gmail cuts off what lies beyond 102 KB."""

_TIGHTER_ABSTRACTS = (300, 120, 0)
_TWINS = TwinsView(
    page="a.html",
    bibtex="a.bib",
    markdown="a.md",
    archive="b.html",
    atom="b.atom",
    json_feed="b.json",
    base="https://example.org/",
)
_HEADLINE = Headline(issue="specimen", day=date(2000, 1, 1), papers=2, first=Paper(id="title:a", title="Specimen"))
_SUBJECT_LIMIT = 200  # a header's length is ours to bound even where a user's template says more than ours does


class Renderer:
    """The templates, compiled and tried. Threads may share one; what it remembers of papers, others do not have.

    A template is looked for in `overrides` first (a folder that need not exist), then among the shipped ones; the
    shipped ones are also named `default/…`, so that an override can extend what it replaces. With `links` mails have
    those to their reader's site; pages, which may be handed on, never do.

    Raises:
        TemplateError: a template is not UTF-8, does not compile, names a variable or an attribute that does not exist,
            or fails on a specimen issue; reads `mail/issue/body.html:12: 'papr' is undefined`.
    """

    def __init__(
        self, overrides: Path | None = None, look: Look | None = None, links: SignedLinks | None = None
    ) -> None:
        self._look = look or Look()
        self._links = links
        self._environment = environment(overrides)
        self._names: dict[str, str] = {}
        for name in self._environment.list_templates(extensions=["txt", "html"]):
            self._compile(name)
        self._try()

    def render(self, issue: Issue, twins: TwinsView | None = None) -> Rendered:
        """The issue for people: the same issue gives the same text, byte for byte.

        `twins` are what the page links to as the issue's other forms, and the mail where it is known where they are
        served; None where it stands alone.

        Abstracts in the HTML part are shortened until it stays below `HTML_LIMIT` bytes, if it `has_room` for all
        papers. The page has whole abstracts.

        Raises:
            TemplateError: an overriding template fails on this issue.
        """
        mail = self.mail(issue, twins)
        page = self._fill(PAGE, replace(view(issue, self._look, characters=None), twins=twins))
        return Rendered(subject=mail.subject, text=mail.text, html=mail.html, page=page)

    def mail(self, issue: Issue, twins: TwinsView | None = None) -> Mail:
        """What `render` makes of the issue for its mail, without the page.

        Raises:
            TemplateError: an overriding template fails on this issue.
        """
        elsewhere = twins.elsewhere if twins else ()
        shown = view(issue, self._look, characters=ABSTRACT, elsewhere=elsewhere, links=self._links)
        subject = shorten(one_line(self._fill(SUBJECT, shown)), _SUBJECT_LIMIT)
        return Mail(subject=subject, text=self._fill(TEXT, shown), html=self._html(issue, shown))

    def has_room(self, issue: Issue) -> bool:
        """Whether the issue's HTML part keeps the limit when the abstracts are left out.

        Raises:
            TemplateError: an overriding template fails on this issue.
        """
        barest = view(issue, self._look, characters=0, shortened=True, links=self._links)
        return _is_small(self._fill(HTML, barest))

    def archive(self, listing: ArchiveView) -> str:
        """The web page that lists a reader's issues.

        Raises:
            TemplateError: an overriding template fails on this archive.
        """
        return self._fill(ARCHIVE, listing)

    def _html(self, issue: Issue, shown: IssueView) -> str:
        """The HTML part in the fullest form that keeps the limit, or in the barest."""
        html = self._fill(HTML, shown)
        for characters in _TIGHTER_ABSTRACTS:
            if _is_small(html):
                break
            tighter = view(
                issue, self._look, characters=characters, shortened=True, elsewhere=shown.elsewhere, links=self._links
            )
            html = self._fill(HTML, tighter)
        return html

    def _compile(self, name: str) -> None:
        try:
            template = self._environment.get_template(name)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(f"{name}:{error.lineno}: {error.message}") from error
        except UnicodeDecodeError as error:
            raise TemplateError(f"{name}: not UTF-8: {error.reason} at byte {error.start}") from error
        self._names[template.filename or name] = name

    def _try(self) -> None:
        """Fill every template with made-up issues, to find at the start of a run what would fail in its middle.

        A search of the source for unknown names would miss attributes, and would refuse a block that rightly uses the
        loop variable of the template it extends.
        """
        for heading, papers in (("", 2), ("Specimens", 2), ("", 0)):
            self.render(_specimen(heading, papers), _TWINS)
        self.render(_specimen("", 1))
        self._fill(HTML, view(_specimen("", 2), self._look, characters=0, shortened=True))
        for headlines in ((), (_HEADLINE, _HEADLINE)):
            listed = ((headline, "specimen.html") for headline in headlines)
            self.archive(archive("Specimen", "specimen", listed, atom=_TWINS.atom, json_feed=_TWINS.json_feed))

    def _fill(self, name: str, shown: IssueView | ArchiveView) -> str:
        try:
            return self._environment.get_template(name).render(shown.variables())
        except Exception as error:  # a template can raise whatever an expression can
            raise TemplateError(f"{self._where(name, error)}: {error}") from error

    def _where(self, name: str, error: Exception) -> str:
        """The innermost line of a template that the error passed through."""
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if frame.filename in self._names:
                return f"{self._names[frame.filename]}:{frame.lineno}"
        return name


def environment(overrides: Path | None = None) -> jinja2.Environment:
    """Where templates are looked for and how they are read: the same rules for all of them."""
    shipped = jinja2.FileSystemLoader(_shipped())
    own = [jinja2.FileSystemLoader(overrides)] if overrides else []
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader([*own, shipped, jinja2.PrefixLoader({"default": shipped})]),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        extensions=[Once],
    )
    made.context_class = BlockContext
    made.filters.update(number=_number, shorten=shorten, wrap=wrap)
    return made


def _is_small(html: str) -> bool:
    return len(html.encode()) < HTML_LIMIT


def _number(value: int) -> str:
    """`12345` as `12,345`."""
    return f"{value:,}"


def _shipped() -> Path:
    """Where the templates of this version are: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


def _specimen(heading: str, papers: int) -> Issue:
    """An issue of up to two papers, of which the first has everything and the second next to nothing."""
    link = "https://example.org/"
    paper = Paper(
        id="title:specimen",
        title="Specimen",
        abstract="A specimen. " * ABSTRACT,
        authors=("A. Author",) * 10,
        categories=("cs.DL",),
        announced=date(2000, 1, 1),
        venue="Venue",
        links=Links(abstract=link, pdf=link, html=link, code=link, project=link),
        signals=Signals(upvotes=2, comments=2, stars=2, thumbnail=link),
    )
    full = Match(
        paper=paper,
        score=50.0,
        interest="specimens",
        evidence=(Evidence(term="specimen", share=0.5), Evidence(term=OTHER_TERMS, share=0.5)),
        nearest=Nearest(id="title:specimen", title="Specimen", likeness=0.5),
        similar=(paper,) * (SIMILAR_SHOWN + 1),
        gist=Gist(text="A specimen.", by="its source"),
    )
    bare = Match(paper=Paper(id="title:bare", title="Bare specimen"), score=5.0, interest=OUTSIDE)
    return Issue(
        id="specimen",
        profile="specimen",
        name="Specimen",
        day=date(2000, 1, 1),
        composed=datetime(2000, 1, 1, tzinfo=UTC),
        sections=(Section(heading=heading, matches=(full, bare)[:papers]),) if papers else (),
        considered=4,
        passed=3,
        updates=(Update(paper=paper, what="version 2"),) if papers else (),
        held=3 - papers,
        sources=("arXiv cs.DL: 4 papers of 1 January",),
    )
