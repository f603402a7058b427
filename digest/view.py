"""An issue as its templates see it, out of what each of its papers may show (`digest.paper_view`).

`templates/README.md` documents each name below, and a test holds the two together.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING

from digest import days
from digest.look import Layout, Look
from digest.paper_view import OURS, LinkView, PaperView, heading_of, paper_view, short_line, shown_title, web_url
from digest.types import EmptyDay, Form
from digest.typeset import shorten

if TYPE_CHECKING:
    from digest.signed_links import SignedLinks
    from digest.types import Issue

SOURCES_SHOWN = 12
UPDATES_SHOWN = 10

NEARLY_ALL = 0.75
"""Share of an issue's papers that a topic has to have to stand in the subject."""

_OFTEN = {
    EmptyDay.SKIP: "on days that have papers for you",
    EmptyDay.NOTE: "on all days that have new papers, for you or not",
}

_LAYOUTS = {Form.CARDS: Layout.CARDS, Form.COMPACT: Layout.COMPACT}

NAME, _HEADING, _PREHEADER_TITLE, _SHORT_TOPIC = 80, 160, 100, 24


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionView:
    """Papers under one heading, which is empty in an issue without sections."""

    heading: str
    papers: tuple[PaperView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateView:
    """What happened to a paper that the reader likes; the URL is empty where none is known."""

    title: str
    url: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccentView:
    """The accent colour on light and on dark ground, as `#1a4fc4`."""

    light: str
    dark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinsView:
    """Where an issue's other forms stand, its reader's archive and feeds: references relative to the issue's page.

    `base` is the URL that they are relative to; empty where nobody knows it.
    """

    page: str
    bibtex: str
    markdown: str
    archive: str
    atom: str
    json_feed: str
    base: str = ""

    @property
    def elsewhere(self) -> tuple[LinkView, ...]:
        """What a mail leads to; nothing where nobody knows the base."""
        named = {
            "Read on the web": self.page,
            "BibTeX": self.bibtex,
            "All issues": self.archive,
            "Atom feed": self.atom,
        }
        return tuple(LinkView(label=label, url=self.base + name) for label, name in named.items() if self.base)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueView:
    """One issue; its fields are the variables of every template."""

    headline: str
    name: str
    profile: str
    day: str
    day_language: str
    short_day: str
    date: str
    summary: str
    preheader: str
    first: str
    topic: str
    shown: int
    considered: int
    passed: int
    updates: tuple[UpdateView, ...]
    sections: tuple[SectionView, ...]
    shortened: bool
    held: int
    pictures: bool
    sources: tuple[str, ...]
    elsewhere: tuple[LinkView, ...]
    often: str
    subscribed: bool
    account: tuple[LinkView, ...]
    layout: str
    accent: AccentView
    logo: str
    masthead: str
    address: str
    twins: TwinsView | None = None

    def variables(self) -> dict[str, object]:
        """The fields by name, as templates take them."""
        return dict(zip(_VARIABLES, _values_of(self), strict=True))


_VARIABLES = tuple(each.name for each in fields(IssueView))
_values_of = attrgetter(*_VARIABLES)


def view(
    issue: Issue,
    look: Look | None = None,
    *,
    characters: int | None,
    shortened: bool = False,
    elsewhere: tuple[LinkView, ...] = (),
    links: SignedLinks | None = None,
) -> IssueView:
    """What templates may say of the issue.

    Args:
        issue: what to show.
        look: what of its look is the operator's; None for the defaults.
        characters: how long an abstract may be; None leaves it whole, 0 leaves it out.
        shortened: whether the abstracts are shorter than usual, for the templates to say so.
        elsewhere: where else the issue can be read.
        links: what lets its reader judge papers, change interests, pause and unsubscribe; None without a site.
    """
    look = look or Look()
    number = 0
    sections: list[SectionView] = []
    for section in issue.sections:
        views = tuple(
            paper_view(
                match, section.heading, number + at, characters, links.of_paper(issue, match.paper.id) if links else ()
            )
            for at, match in enumerate(section.matches, start=1)
        )
        number += len(views)
        if views:
            sections.append(SectionView(heading=heading_of(section.heading), papers=views))
    titles = [shown_title(match.paper) for match in issue.matches[:2]]
    summary = _summary(number, issue.considered, issue.passed)
    name = short_line(issue.name, NAME)
    day = days.day_in(issue.composed, issue.timezone, issue.day)
    written = days.full(day, issue.language)
    return IssueView(
        headline=f"Trending for {name}, {written}",
        name=name,
        profile=short_line(issue.profile, NAME),
        day=written,
        day_language=issue.language,
        short_day=f"{day.day} {days.MONTHS[day.month - 1]}",
        date=day.isoformat(),
        summary=summary,
        preheader=". Also: ".join([summary, *(shorten(title, _PREHEADER_TITLE) for title in titles[1:])]),
        first=titles[0] if titles else "",
        topic=_topic(issue),
        shown=number,
        considered=issue.considered,
        passed=issue.passed,
        updates=tuple(
            UpdateView(
                title=shown_title(each.paper),
                url=web_url(each.paper.links.abstract) or "",
                what=short_line(each.what, _HEADING),
            )
            for each in issue.updates[:UPDATES_SHOWN]
        ),
        sections=tuple(sections),
        shortened=shortened,
        held=issue.held,
        pictures=any(paper.thumbnail for section in sections for paper in section.papers),
        sources=tuple(short_line(line, _HEADING) for line in issue.sources[:SOURCES_SHOWN]),
        elsewhere=elsewhere,
        often=short_line(issue.often, _HEADING) or _OFTEN[issue.empty_day],
        subscribed=bool(issue.often),
        account=links.of_account(issue) if links else (),
        layout=(_LAYOUTS.get(issue.form, look.layout) if issue.form else look.layout).value,
        accent=AccentView(light=look.accent, dark=look.accent_on_dark),
        logo=look.logo,
        masthead=short_line(look.masthead, NAME),
        address=short_line(look.address, _HEADING),
    )


def _topic(issue: Issue) -> str:
    """The topic that nearly all papers are here for, in the reader's words, if these are few; else empty."""
    interests = Counter(match.interest for match in issue.matches if match.interest not in OURS)
    for topic, papers in interests.most_common(1):
        if papers > 1 and papers >= NEARLY_ALL * len(issue.matches) and len(topic) <= _SHORT_TOPIC:
            return short_line(topic, _SHORT_TOPIC)
    return ""


def _summary(shown: int, considered: int, passed: int) -> str:
    if not shown:
        return _none_of(considered)
    papers = "paper" if shown == 1 else "papers"
    above = f" ({passed:,} above your bar)" if passed > shown else ""
    return f"{shown:,} {papers} for you, out of {considered:,} new{above}"


def _none_of(considered: int) -> str:
    if considered > 1:
        return f"None of the {considered:,} new papers reached your bar."
    return "The one new paper did not reach your bar." if considered else "There were no new papers."
