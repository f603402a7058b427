"""One paper as templates see it: every text clean, readable and of bounded length, every link safe to follow.

What reaches a template is data from strangers, so this module decides what may be shown at all; escaping is the
templates' (autoescape). What a text or a URL is shown as is remembered, since a paper is in many readers' issues.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from digest import days
from digest.maths import readable
from digest.ranking.labels import FOLLOWED, LIKED, OTHER_TERMS, OUTSIDE, TRENDING
from digest.recent import recent_by_object
from digest.typeset import lead, one_line, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.types import Evidence, Gist, Match, Nearest, Paper

AUTHORS_SHOWN = 5
REASONS_SHOWN = 6
SIMILAR_SHOWN = 3

# Bounds on what a source may put on a page, in characters: far above anything honest, and small enough that a hostile
# record cannot push the papers beside it out of the mail.
_TITLE, _GIST, _NAME, _PLACE, TERM, _HEADING, _URL = 300, 240, 80, 80, 60, 160, 1000
_ASIDE_TITLE, _ASIDE_URL = 120, 200  # of a paper that is named beside another one

_SLACK = (
    4  # how many times its bound of a text is looked at, as cleaning drops some; a hostile record may have megabytes
)

_LINES, _PAPERS = 16_384, 2_048  # texts that are remembered, and papers: 15 MB when full of what is usual
_LONGEST_REMEMBERED = 20_000  # characters of an abstract; a longer one is none, and not worth the memory

_WIDTHLESS = " \u200b\u200c\u200d\u00ad"  # spaces and joiners of no width, and the soft hyphen

_URL_CHARACTERS = re.compile(r"[^\s\x00-\x20\x7f-\x9f\u2000-\u206f\ufeff\"'<>\\^`{|}]+")
_LABELS = {"abstract": "Abstract", "pdf": "PDF", "html": "HTML", "code": "Code", "project": "Project"}
_urls_of = attrgetter(*_LABELS)

OURS = frozenset({LIKED, FOLLOWED, TRENDING, OUTSIDE})
_MARKED = frozenset({TRENDING, OUTSIDE})  # not what the reader asked for by name, so each such paper says so


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """One place to read a paper: a short label and an http(s) URL."""

    label: str
    url: str

    def __hash__(self) -> int:  # one of two fields tells most apart, and links are looked up often
        return hash(self.url)


class ReasonView(NamedTuple):
    """One reason for a paper's score: a matched term or followed author, and its share in percent, 0 to 100.

    A tuple, as a mail has fifty of them, and a dataclass takes four times as long to make.
    """

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


@dataclass(frozen=True, kw_only=True, eq=False)
class CommonView:
    """What a paper shows to all readers; texts are empty and counts None where nothing is known.

    A paper has one such object for as long as it is remembered, and others only later.
    """

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
    thumbnail: str
    links: tuple[LinkView, ...]


@dataclass(frozen=True, kw_only=True)
class PaperView(CommonView):
    """One paper in one reader's issue."""

    number: int
    label: str
    actions: tuple[LinkView, ...]
    score: int
    interest: str
    closest: str
    reasons: tuple[ReasonView, ...]
    rest: int
    nearest: NearestView | None
    similar: tuple[SimilarView, ...]
    more_similar: int

    @classmethod
    def of(cls, common: CommonView, **own: object) -> PaperView:
        """What all readers are shown, with the fields that are one reader's own.

        It knows as `common` what it has in common with others (`digest.fragments`).
        """
        made = object.__new__(cls)
        made.__dict__.update(common.__dict__, common=common, **own)  # as __init__ does, in a tenth of the time
        return made


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


def paper_view(
    match: Match, heading: str, number: int, characters: int | None, actions: tuple[LinkView, ...] = ()
) -> PaperView:
    """What templates may say of a paper, the `number`-th of its issue, under a heading (empty for none).

    Its abstract has at most so many `characters`; None leaves it whole, 0 leaves it out. `actions` are the links by
    which its reader judges it.
    """
    reasons, rest = _reasons(match.evidence)
    interest = short_line(match.interest, _HEADING)
    return PaperView.of(
        _common(match.paper, match.gist, characters),
        number=number,
        label=_label(match.interest, heading),
        actions=actions,
        score=round(match.score),
        interest=interest,
        closest="" if heading or _is_told(match) else interest,
        reasons=reasons,
        rest=rest,
        nearest=_nearest(match.nearest),
        similar=tuple([_similar(each) for each in match.similar[:SIMILAR_SHOWN]]),
        more_similar=max(0, len(match.similar) - SIMILAR_SHOWN),
    )


def _common(paper: Paper, gist: Gist | None, characters: int | None) -> CommonView:
    """What a paper shows to all readers, remembered unless its abstract is none."""
    common = _remembered if len(paper.abstract) <= _LONGEST_REMEMBERED else _made_of
    return common(paper, gist, characters)


def _made_of(paper: Paper, gist: Gist | None, characters: int | None) -> CommonView:
    """What is cut to what may be shown, so that a hostile record cannot fill the memory."""
    abstract = paper.abstract if characters is None else paper.abstract[: characters * _SLACK]
    signals = paper.signals
    view = _view if len(abstract) <= _LONGEST_REMEMBERED else _view.__wrapped__
    return view(
        shown_title(paper),
        _urls_of(paper.links),
        tuple([author[: _NAME * _SLACK] for author in paper.authors[:AUTHORS_SHOWN]]),
        max(0, len(paper.authors) - AUTHORS_SHOWN),
        paper.categories[0][: _PLACE * _SLACK] if paper.categories else "",
        (paper.venue or "")[: _PLACE * _SLACK],
        days.short(paper.announced or paper.published or paper.updated),
        (signals.upvotes, signals.comments, signals.stars),
        (gist.text[: _GIST * _SLACK], gist.by[: _NAME * _SLACK]) if gist else ("", ""),
        (signals.thumbnail or "")[: _ASIDE_URL + 1],
        abstract,
        characters,
    )


_remembered = recent_by_object(_PAPERS)(_made_of)


@lru_cache(_PAPERS)
def _view(  # noqa: PLR0913, PLR0917  (what is shown)
    title: str,
    urls: tuple[str | None, ...],
    authors: tuple[str, ...],
    more_authors: int,
    category: str,
    venue: str,
    day: str,
    counts: tuple[int | None, int | None, int | None],
    gist: tuple[str, str],
    picture: str,
    abstract: str,
    characters: int | None,
) -> CommonView:
    links = _links(urls)
    upvotes, comments, stars = counts
    line = one_line(readable(abstract))
    return CommonView(
        title=title,
        url=links[0].url if links else "",
        authors=tuple([name for author in authors if (name := short_line(author, _NAME))]),
        more_authors=more_authors,
        category=short_line(category, _PLACE),
        venue=short_line(venue, _PLACE),
        day=day,
        upvotes=upvotes,
        comments=comments,
        stars=stars,
        gist=_plain_line(gist[0], _GIST),
        gist_by=short_line(gist[1], _NAME),
        abstract=line if characters is None else lead(line, characters),
        thumbnail=_picture(picture),
        links=links,
    )


def _reasons(evidence: Sequence[Evidence]) -> tuple[tuple[ReasonView, ...], int]:
    """The strongest reasons as they came, and what share of the score all others have, in percent."""
    named = [each for each in evidence if each.term != OTHER_TERMS][:REASONS_SHOWN]
    rest = sum([each.share for each in evidence]) - sum([each.share for each in named])
    reasons = [ReasonView(_line(each.term[: TERM * _SLACK], TERM), round(100 * each.share)) for each in named]
    return tuple(reasons), round(100 * rest)


def _nearest(nearest: Nearest | None) -> NearestView | None:
    if nearest is None:
        return None
    title = _plain_line(nearest.title[: _TITLE * _SLACK], _ASIDE_TITLE) or short_line(nearest.id, _ASIDE_TITLE)
    return NearestView(title=title, percent=round(100 * nearest.likeness))


def _similar(paper: Paper) -> SimilarView:
    return _named(shown_title(paper), _urls_of(paper.links))


@lru_cache(_PAPERS)
def _named(title: str, urls: tuple[str | None, ...]) -> SimilarView:
    short = (link.url for link in _links(urls) if len(link.url) <= _ASIDE_URL)
    return SimilarView(title=shorten(title, _ASIDE_TITLE), url=next(short, ""))


def heading_of(text: str) -> str:
    """A heading of ours with a capital letter, a reader's own topic as written."""
    return text[0].upper() + text[1:] if text in OURS else short_line(text, _HEADING)


def _label(interest: str, heading: str) -> str:
    """What has to be said of a paper that is here for no interest of the reader's, unless its heading says it."""
    return heading_of(interest) if interest in _MARKED and interest != heading else ""


def _is_told(match: Match) -> bool:
    """Whether the label or the nearest paper says already what the interest would."""
    return match.interest in _MARKED or (match.interest == LIKED and match.nearest is not None)


def short_line(text: str, limit: int) -> str:
    """One clean line of at most `limit` characters."""
    return _line(text[: limit * _SLACK], limit)


@lru_cache(_LINES)
def _line(text: str, limit: int) -> str:
    line = shorten(one_line(text), limit)
    return line if line.strip(_WIDTHLESS) else ""


@lru_cache(_LINES)
def _plain_line(text: str, limit: int) -> str:
    """One clean line, its maths as Unicode."""
    return short_line(readable(text), limit)


def shown_title(paper: Paper) -> str:
    """The title in at most 300 characters, its maths as Unicode; the id where it has none."""
    return _plain_line(paper.title[: _TITLE * _SLACK], _TITLE) or paper.id


def _picture(url: str) -> str:
    """A picture's URL if it comes encrypted and a mail program would load it by itself anyway; else empty."""
    found = web_url(url)
    return found if found and found.startswith("https://") and len(found) <= _ASIDE_URL else ""


@lru_cache(_PAPERS)
def _links(urls: tuple[str | None, ...]) -> tuple[LinkView, ...]:
    """The links that are safe, abstract first, as it is where the title leads."""
    sound = zip(_LABELS.values(), map(web_url, urls), strict=True)
    return tuple(LinkView(label=label, url=url) for label, url in sound if url is not None)
