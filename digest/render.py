"""Issue -> subject, text, HTML and web page, through templates a user may replace one by one, or block by block."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from digest import specimens
from digest.errors import TemplateError
from digest.jinja import Templates
from digest.letters import variables_of
from digest.look import Look
from digest.pieces import octets
from digest.twins.archive import ArchiveView, archive
from digest.types import Form, Mail, Rendered
from digest.typeset import one_line, shorten
from digest.view import AccentView, IssueView, TwinsView, view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from digest.letters import Letter
    from digest.signed_links import SignedLinks
    from digest.types import Issue

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
_SUBJECT_LIMIT = 200  # a header's length is ours to bound even where a user's template says more than ours does


class Renderer:
    """The templates, an operator's tried. Threads may share one; what it remembers of papers, others do not have.

    A template is looked for in `overrides` first (a folder that need not exist), then among the shipped ones
    (`digest.jinja`). With `links` mails have those to their reader's site; pages, which may be handed on, never do.
    Where one of them is the operator's all are tried at once; the shipped ones were tried before they were shipped.
    With `lazily` a template's faults are told when it is needed: for one mail to look at.

    Raises:
        TemplateError: templates are not UTF-8, do not compile, name a variable or an attribute that does not exist, or
            fail on a specimen; a line for each, as `mail/issue/body.html:12: 'papr' is undefined`.
    """

    def __init__(
        self,
        overrides: Path | None = None,
        look: Look | None = None,
        links: SignedLinks | None = None,
        *,
        lazily: bool = False,
    ) -> None:
        self._look = look or Look()
        self._accent = AccentView(light=self._look.accent, dark=self._look.accent_on_dark)
        self._links = links
        self.templates = Templates(overrides)
        if not lazily and self.templates.own and (faults := self.faults()):
            raise TemplateError("\n".join(faults))

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
        return Rendered(subject=mail.subject, text=mail.text, html=mail.html, page=self.page(issue, twins))

    def mail(self, issue: Issue, twins: TwinsView | None = None) -> Mail:
        """What `render` makes of the issue for its mail, without the page.

        Raises:
            TemplateError: an overriding template fails on this issue.
        """
        return self._mail(issue, twins, self._links)

    def page(self, issue: Issue, twins: TwinsView | None = None) -> str:
        """What `render` makes of the issue for its web page.

        Raises:
            TemplateError: an overriding template fails on this issue.
        """
        return self._fill(PAGE, replace(view(issue, self._look, characters=None), twins=twins))

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
        return self._fill(ARCHIVE, replace(listing, accent=self._accent))

    def letter(self, letter: Letter) -> Mail:
        """A mail that is no issue: the same letter gives the same mail, byte for byte.

        Raises:
            TemplateError: an overriding template fails on this letter.
        """
        template, variables = variables_of(letter, self._look)
        subject, text, html = (
            self.templates.fill(f"mail/{template}/{part}", variables)
            for part in ("subject.txt", "body.txt", "body.html")
        )
        return Mail(subject=_subject(subject), text=text, html=html)

    def faults(self) -> tuple[str, ...]:
        """What is wrong with the templates, each fault once, by compiling all and filling them with specimens.

        A search of the source for unknown names would miss attributes, and would refuse a block that rightly uses the
        loop variable of the template it extends.
        """
        compiling = [partial(self.templates.compile, name) for name in self.templates.names]
        return _faults(compiling) or _faults(self._trials())

    def _trials(self) -> Iterator[Callable[[], object]]:
        """What finds, at the start of a run, all that would fail in its middle."""
        for heading, papers in (("", 2), ("Specimens", 2), ("", 0)):
            yield partial(self._mail, specimens.issue(papers, heading), specimens.TWINS, specimens.LINKS)
            yield partial(self.page, specimens.issue(papers, heading), specimens.TWINS)
        yield partial(self._mail, specimens.issue(1), None, None)
        yield partial(self.page, specimens.issue(1))
        yield partial(self.has_room, specimens.issue())
        for headlines in ((), (specimens.HEADLINE, specimens.HEADLINE)):
            listed = [(headline, "specimen.html") for headline in headlines]
            yield partial(self.archive, archive("Specimen", "specimen", listed, atom="a.atom", json_feed="a.json"))
        for letters in specimens.letters().values():
            for letter in letters:
                yield partial(self.letter, letter)

    def _mail(self, issue: Issue, twins: TwinsView | None, links: SignedLinks | None) -> Mail:
        elsewhere = twins.elsewhere if twins else ()
        shown = partial(view, issue, self._look, elsewhere=elsewhere, links=links)
        variables = shown(characters=ABSTRACT).variables()
        subject = _subject(self.templates.fill(SUBJECT, variables))
        text = self.templates.fill(TEXT, variables)
        if issue.form is Form.TEXT:
            return Mail(subject=subject, text=text, html="")
        html = self.templates.fill(HTML, variables)
        # In the fullest form that keeps the limit, or in the barest.
        for characters in _TIGHTER_ABSTRACTS:
            if _is_small(html):
                break
            html = self._fill(HTML, shown(characters=characters, shortened=True))
        return Mail(subject=subject, text=text, html=html)

    def _fill(self, name: str, shown: IssueView | ArchiveView) -> str:
        return self.templates.fill(name, shown.variables())


def _faults(trials: Iterable[Callable[[], object]]) -> tuple[str, ...]:
    """The errors of those that fail, each once."""
    faults = []
    for trial in trials:
        try:
            trial()
        except TemplateError as error:
            faults.append(str(error))
    return tuple(dict.fromkeys(faults))


def _subject(text: str) -> str:
    return shorten(one_line(text), _SUBJECT_LIMIT)


def _is_small(html: str) -> bool:
    return octets(html) < HTML_LIMIT
