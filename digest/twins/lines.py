"""What a twin says of a paper beside title and abstract, a line each; empty where there is nothing to say.

The words are those of the mail's text part (`templates/mail/issue/body.txt`), so that a reader finds the same in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digest.paper_view import PaperView

_DOT = " · "


def authors(paper: PaperView) -> str:
    """`Ada Example, Bo Müller + 5`."""
    more = f" + {paper.more_authors:,}" if paper.more_authors else ""
    return ", ".join(paper.authors) + more


def facts(paper: PaperView) -> str:
    """`cs.SD · Journal of Woods · 9 May 2025 · ▲ 12 · 3 comments · ★ 5`."""
    votes = "" if paper.upvotes is None else f"▲ {paper.upvotes:,}"
    comments = "" if paper.comments is None else f"{paper.comments:,} comment{'' if paper.comments == 1 else 's'}"
    stars = "" if paper.stars is None else f"★ {paper.stars:,}"
    return _DOT.join(filter(None, (paper.category, paper.venue, paper.day, votes, comments, stars)))


def why(paper: PaperView) -> str:
    """`Why this paper (score 81 of 100): wings 62%, night 21%, other terms 17%`."""
    if not paper.reasons:
        return ""
    terms = [f"{reason.term} {reason.percent}%" for reason in paper.reasons]
    rest = [f"other terms {paper.rest}%"] if paper.rest else []
    return f"Why this paper (score {paper.score} of 100): {', '.join(terms + rest)}"


def closest(paper: PaperView) -> str:
    """`Closest to your interest: owls`, where neither heading nor label says it."""
    return f"Closest to your interest: {paper.closest}" if paper.reasons and paper.closest else ""


def nearest(paper: PaperView) -> str:
    """`Nearest to a paper you liked: Wings at Night (62%)`; a likeness that says nothing is left out."""
    if paper.nearest is None:
        return ""
    alike = f" ({paper.nearest.percent}%)" if paper.nearest.percent >= 10 else ""  # noqa: PLR2004 - as in the mail
    return f"Nearest to a paper you liked: {paper.nearest.title}{alike}"
