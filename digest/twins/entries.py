"""Issues -> the entries of a feed, one for each paper, whatever format the feed is written in.

Feed readers mark what has been read by entry, so an entry is a paper and not an issue. An entry keeps its id for good,
and the best paper of the newest issue comes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from html import escape
from itertools import chain
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from digest.paper_view import web_url
from digest.twins import lines
from digest.twins.address import address
from digest.typeset import one_line, shorten
from digest.view import view

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from digest.paper_view import PaperView
    from digest.types import Issue, Match, Paper

ISSUES = 10
"""How many issues a feed holds beside the pages: two working weeks, for who is away."""

AUTHORS = 100
"""How many authors of a paper a feed names; experiments have thousands."""

_NAME, _WORD = 200, 80
_INSTANT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One paper of a feed; texts are clean lines, `html` is safe to show, URLs are safe to follow.

    `names` are the paper's canonical ids; an id that is only a hash of the title is none.
    """

    id: str
    title: str
    html: str
    added: datetime
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    names: tuple[str, ...]
    published: date | None
    venue: str
    url: str | None
    pdf: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One reader's papers, the newest issue first; `updated` is when that was composed."""

    id: str
    title: str
    updated: datetime
    entries: tuple[Entry, ...]


def feed(issues: Sequence[Issue], name: str) -> Feed:
    """The papers of one reader's issues as a feed.

    Args:
        issues: at least one, the newest first.
        name: what the feed is called for good; its id and those of its entries (UUIDs, RFC 9562, version 5) are made
            of it, so that nobody can tell a feed's address from its contents.
    """
    identity = uuid5(NAMESPACE_URL, name)
    entries: list[Entry] = []
    for issue in issues:
        views = chain.from_iterable(section.papers for section in view(issue, characters=None).sections)
        for place, (match, shown) in enumerate(zip(issue.matches, views, strict=True)):
            # Feed readers sort by time, so each paper is a second older than the one before it.
            added = issue.composed - place * _INSTANT
            entries.append(_entry(match, shown, added, uuid5(identity, match.paper.id).urn))
    title = f"Trending for {shorten(one_line(issues[0].name), _WORD)}"
    return Feed(id=identity.urn, title=title, updated=issues[0].composed, entries=tuple(entries))


def _entry(match: Match, shown: PaperView, added: datetime, identity: str) -> Entry:
    paper = match.paper
    names = (_line(name, _NAME) for name in paper.authors[:AUTHORS])
    return Entry(
        id=identity,
        title=shown.title,
        html=_html(shown),
        added=added,
        authors=tuple(filter(None, names)),
        categories=tuple(filter(None, (_line(category, _WORD) for category in paper.categories[:AUTHORS]))),
        names=_names(paper),
        published=paper.published.date() if paper.published else None,
        venue=shown.venue,
        url=address(paper),
        pdf=web_url(paper.links.pdf),
    )


def _names(paper: Paper) -> tuple[str, ...]:
    return tuple(one_line(each) for each in (paper.id, *paper.other_ids) if not each.startswith("title:"))


def _line(text: str, limit: int) -> str:
    return shorten(one_line(text[: 4 * limit]), limit)


def _html(paper: PaperView) -> str:
    """The abstract, and beneath it in small what else there is to say.

    HTML has a footer for that; who wants the abstract alone, as a parser of feeds does, can leave it out.
    """
    by = f" (summary by {paper.gist_by})" if paper.gist_by else ""
    gist = f"In short: {paper.gist}{by}" if paper.gist else ""
    said = (gist, *(each(paper) for each in (lines.authors, lines.facts, lines.why, lines.closest, lines.nearest)))
    links = " · ".join(f'<a href="{escape(link.url)}">{link.label}</a>' for link in paper.links)
    similar = " · ".join(
        f'<a href="{escape(each.url)}">{escape(each.title)}</a>' if each.url else escape(each.title)
        for each in paper.similar
    )
    more = f" and {paper.more_similar:,} more" if paper.more_similar else ""
    paragraphs = [
        *(f'<p dir="auto">{escape(line)}</p>' for line in said if line),
        *([f'<p dir="auto">Nearly the same: {similar}{more}</p>'] if similar else []),
        *([f"<p>{links}</p>"] if links else []),
    ]
    abstract = f'<p dir="auto">{escape(paper.abstract)}</p>' if paper.abstract else ""
    return f"{abstract}<footer>{''.join(paragraphs)}</footer>" if paragraphs else abstract
