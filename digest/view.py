"""An issue as its templates see it: every text clean, readable and of bounded length, every link safe to follow.

`templates/README.md` documents each name below, and a test holds the two together. What reaches a template is data
from strangers, so this module decides what may be shown at all; escaping is the templates' (autoescape).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.maths import readable
from digest.ranking.labels import FOLLOWED, LIKED, OTHER_TERMS, OUTSIDE, TRENDING
from digest.typeset import lead, one_line, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from digest.types import Evidence, Issue, Links, Match, Nearest, Paper

AUTHORS_SHOWN = 5
REASONS_SHOWN = 6
SIMILAR_SHOWN = 3
SOURCES_SHOWN = 12

# Bounds on what a source may put on a page, in characters: far above anything honest, and small enough that a hostile
# record cannot push the papers beside it out of the mail.
_TITLE, _GIST, _NAME, _PLACE, _TERM, _HEADING, _URL = 300, 240, 80, 80, 60, 160, 1000
_ASIDE_TITLE, _ASIDE_URL = 120, 200  # of a paper that is named beside another one

_SLACK = (
    4  # how many times its bound of a text is looked at, as cleaning drops some; a hostile record may have megabytes
)

_URL_CHARACTERS = re.compile(r"[^\s\x00-\x20\x7f-\x9f\u2000-\u206f\ufeff\"'<>\\^`{|}]+")
_LABELS = {"abstract": "Abstract", "pdf": "PDF", "html": "HTML", "code": "Code", "project": "Project"}

_OURS = frozenset({LIKED, FOLLOWED, TRENDING, OUTSIDE})
_MARKED = frozenset({TRENDING, OUTSIDE})  # not what the reader asked for by name, so each such paper says so

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """One place to read a paper: a short label and an http(s) URL."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonView:
    """One reason for a paper's score: a matched term or followed author, and its share in percent, 0 to 100."""

    term: str
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestView:
    """The liked paper most like one: its title, and how alike they are in percent, 0 to 100."""

    title: str
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarView:
    """A paper that says nearly the same as another: its title and its http(s) URL, empty where none is known."""

    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperView:
    """One paper; texts are empty and counts None where nothing is known."""

    number: int
    label: str
    title: str
    url: str
    authors: tuple[str, ...]
    more_authors: int
    category: str
    venue: str
    day: str
    upvotes: int | None
    comments: int | None
    stars: int | None
    gist: str
    gist_by: str
    abstract: str
    links: tuple[LinkView, ...]
    score: int
    interest: str
    closest: str
    reasons: tuple[ReasonView, ...]
    rest: int
    nearest: NearestView | None
    similar: tuple[SimilarView, ...]
    more_similar: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionView:
    """Papers under one heading, which is empty in an issue without sections."""

    heading: str
    papers: tuple[PaperView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueView:
    """One issue; its fields are the variables of every template."""

    name: str
    profile: str
    day: str
    short_day: str
    date: str
    summary: str
    preheader: str
    first: str
    shown: int
    considered: int
    passed: int
    sections: tuple[SectionView, ...]
    shortened: bool
    left_out: int
    sources: tuple[str, ...]

    def variables(self) -> dict[str, object]:
        """The fields by name, as templates take them."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def view(issue: Issue, *, characters: int | None, papers: int | None = None, shortened: bool = False) -> IssueView:
    """What templates may say of the issue.

    Args:
        issue: what to show.
        characters: how long an abstract may be; None leaves it whole, 0 leaves it out.
        papers: how many papers to show, in their order; None shows all. The others are counted in `left_out`.
        shortened: whether the abstracts are shorter than usual, for the templates to say so.
    """
    shown = len(issue.matches)
    room = shown if papers is None else papers
    number = 0
    sections: list[SectionView] = []
    for section in issue.sections:
        views = tuple(
            _paper(match, section.heading, number + at, characters)
            for at, match in enumerate(section.matches[: room - number], start=1)
        )
        number += len(views)
        if views:
            sections.append(SectionView(heading=_heading(section.heading), papers=views))
    titles = [_title(match.paper) for match in issue.matches[:2]]
    summary = _summary(shown, issue.considered, issue.passed)
    return IssueView(
        name=_short(issue.name, _NAME),
        profile=_short(issue.profile, _NAME),
        day=f"{_DAYS[issue.day.weekday()]} {_english(issue.day)}",
        short_day=f"{issue.day.day} {_MONTHS[issue.day.month - 1]}",
        date=issue.day.isoformat(),
        summary=summary,
        preheader=". Also: ".join([summary, *(shorten(title, 100) for title in titles[1:])]),
        first=titles[0] if titles else "",
        shown=shown,
        considered=issue.considered,
        passed=issue.passed,
        sections=tuple(sections),
        shortened=shortened,
        left_out=shown - number,
        sources=tuple(_short(line, _HEADING) for line in issue.sources[:SOURCES_SHOWN]),
    )


def web_url(url: str | None) -> str | None:
    """The URL if a reader may be sent there, else None.

    That is an absolute http or https URL (RFC 3986) with a host, without user name, without spaces, quotes, control,
    bidi or other invisible characters, and of at most 1,000 characters.
    """
    if url is None or len(url) > _URL or not _URL_CHARACTERS.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
    except ValueError:  # an IPv6 host that is none
        return None
    return url if sound else None


def _paper(match: Match, heading: str, number: int, characters: int | None) -> PaperView:
    paper, signals = match.paper, match.paper.signals
    reasons, rest = _reasons(match.evidence)
    names = [_short(author, _NAME) for author in paper.authors[:AUTHORS_SHOWN]]
    links = _links(paper.links)
    return PaperView(
        number=number,
        label=_label(match.interest, heading),
        title=_title(paper),
        url=links[0].url if links else "",
        authors=tuple(names),
        more_authors=max(0, len(paper.authors) - AUTHORS_SHOWN),
        category=_short(paper.categories[0], _PLACE) if paper.categories else "",
        venue=_short(paper.venue or "", _PLACE),
        day=_english(paper.announced or paper.published or paper.updated),
        upvotes=signals.upvotes,
        comments=signals.comments,
        stars=signals.stars,
        gist=_short(readable(match.gist.text), _GIST) if match.gist else "",
        gist_by=_short(match.gist.by, _NAME) if match.gist else "",
        abstract=_abstract(paper.abstract, characters),
        links=links,
        score=round(match.score),
        interest=_short(match.interest, _HEADING),
        closest="" if heading or _is_told(match) else _short(match.interest, _HEADING),
        reasons=reasons,
        rest=rest,
        nearest=_nearest(match.nearest),
        similar=tuple(map(_similar, match.similar[:SIMILAR_SHOWN])),
        more_similar=max(0, len(match.similar) - SIMILAR_SHOWN),
    )


def _reasons(evidence: Sequence[Evidence]) -> tuple[tuple[ReasonView, ...], int]:
    """The strongest reasons as they came, and what share of the score all others have, in percent."""
    named = [each for each in evidence if each.term != OTHER_TERMS][:REASONS_SHOWN]
    rest = sum(each.share for each in evidence) - sum(each.share for each in named)
    reasons = tuple(ReasonView(term=_short(each.term, _TERM), percent=round(100 * each.share)) for each in named)
    return reasons, round(100 * rest)


def _nearest(nearest: Nearest | None) -> NearestView | None:
    if nearest is None:
        return None
    title = _short(readable(nearest.title[: _TITLE * _SLACK]), _ASIDE_TITLE) or _short(nearest.id, _ASIDE_TITLE)
    return NearestView(title=title, percent=round(100 * nearest.likeness))


def _similar(paper: Paper) -> SimilarView:
    urls = (link.url for link in _links(paper.links) if len(link.url) <= _ASIDE_URL)
    return SimilarView(title=shorten(_title(paper), _ASIDE_TITLE), url=next(urls, ""))


def _heading(text: str) -> str:
    """A heading of ours with a capital letter, a reader's own topic as written."""
    return text[0].upper() + text[1:] if text in _OURS else _short(text, _HEADING)


def _label(interest: str, heading: str) -> str:
    """What has to be said of a paper that is here for no interest of the reader's, unless its heading says it."""
    return _heading(interest) if interest in _MARKED and interest != heading else ""


def _is_told(match: Match) -> bool:
    """Whether the label or the nearest paper says already what the interest would."""
    return match.interest in _MARKED or (match.interest == LIKED and match.nearest is not None)


def _short(text: str, limit: int) -> str:
    """One clean line of at most `limit` characters."""
    return shorten(one_line(text[: limit * _SLACK]), limit)


def _title(paper: Paper) -> str:
    return _short(readable(paper.title[: _TITLE * _SLACK]), _TITLE) or paper.id


def _abstract(text: str, characters: int | None) -> str:
    if characters is None:
        return one_line(readable(text))
    return lead(one_line(readable(text[: characters * _SLACK])), characters)


def _links(links: Links) -> tuple[LinkView, ...]:
    """The links that are safe, abstract first, as it is where the title leads."""
    urls = {label: web_url(getattr(links, name)) for name, label in _LABELS.items()}
    return tuple(LinkView(label=label, url=url) for label, url in urls.items() if url is not None)


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


def _english(day: date | datetime | None) -> str:
    """`9 May 2025`, whatever the locale of the machine."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}" if day else ""
