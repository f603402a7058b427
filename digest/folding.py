"""One work seen twice: v1 and v2, or arXiv and Hugging Face, folded into one paper.

`fold` is a join: commutative, associative and idempotent. So neither the order of dumps, nor one that comes again,
changes what is known of a work. It is one because each field is chosen by an order on that field's values alone.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from digest.identity import strength, title_key
from digest.linkage import are_strangers, is_match
from digest.publication import is_publication
from digest.types import AnnounceType, Links, Paper, Signals

if TYPE_CHECKING:
    from collections.abc import Sequence

_ANNOUNCE_TYPES = tuple(AnnounceType)
_SAME_TEXT = 0.5


def fold(one: Paper, another: Paper) -> Paper:
    """The paper that both describe, with the best of each field.

    Version, title and abstract stay together: they are the newest version's (a source that states none, or has no
    abstract, yields to one that does). Dates are the first published, the last updated, and the first announced with
    its type; counts are the highest; ids are joined, the strongest in front (arXiv, DOI, PubMed, OpenReview, title); of
    everything else the fullest value is kept: the most authors and categories, the longest link or comment; of venues
    one of publication before the name of a preprint server.
    """
    text = max(one, another, key=_text_order)
    news = min(one, another, key=_news_order)
    paper_id = min(one.id, another.id, key=_id_order)
    return Paper(
        id=paper_id,
        other_ids=tuple(sorted({*_ids(one), *_ids(another)} - {paper_id}, key=_id_order)),
        version=text.version,
        title=text.title,
        abstract=text.abstract,
        authors=max(one.authors, another.authors, key=_fullness),
        categories=max(one.categories, another.categories, key=_fullness),
        published=min((p.published for p in (one, another) if p.published), default=None),
        updated=max((p.updated for p in (one, another) if p.updated), default=None),
        announced=news.announced,
        announce_type=news.announce_type,
        venue=one.venue if one.venue == another.venue else max(one.venue, another.venue, key=_venue_order),
        comment=_fuller(one.comment, another.comment),
        links=one.links if one.links == another.links else _join_links(one.links, another.links),
        signals=one.signals if one.signals == another.signals else _join_signals(one.signals, another.signals),
    )


def is_same_work(one: Paper, another: Paper) -> bool:
    """Whether two papers are one work: by their ids, by the same title, or as a last resort by close ones.

    Two arXiv ids are always two works, even when both name one DOI. A paper known by its title only is the same as
    another of that title when half of the words of the shorter abstract stand in the other one, and where both have
    authors one has to be shared. For close titles see `digest.linkage`.
    """
    if one.id == another.id:
        return True
    if one.id.startswith("arxiv:") and another.id.startswith("arxiv:"):
        return False
    if not {*_ids(one)}.isdisjoint(_ids(another)):
        return True
    is_by_title = one.id.startswith("title:") or another.id.startswith("title:")
    if is_by_title and title_key(one.title) == title_key(another.title) and _have_one_text(one, another):
        return not are_strangers(one, another)
    return is_match(one, another)


def _have_one_text(one: Paper, another: Paper) -> bool:
    shorter, longer = sorted((set(paper.abstract.casefold().split()) for paper in (one, another)), key=len)
    return len(shorter & longer) >= _SAME_TEXT * len(shorter)


def _ids(paper: Paper) -> tuple[str, ...]:
    return (paper.id, *paper.other_ids)


def _id_order(paper_id: str) -> tuple[int, str]:
    return strength(paper_id), paper_id


def _text_order(paper: Paper) -> tuple[bool, int, int, str, int, str]:
    # The lengths and texts only decide between equals, so that it does not matter who came first.
    version = -1 if paper.version is None else paper.version
    return bool(paper.abstract), version, len(paper.abstract), paper.abstract, len(paper.title), paper.title


def _news_order(paper: Paper) -> tuple[bool, date, int]:
    kind = paper.announce_type
    rank = len(_ANNOUNCE_TYPES) if kind is None else _ANNOUNCE_TYPES.index(kind)
    return paper.announced is None, paper.announced or date.max, rank


def _venue_order(venue: str | None) -> tuple[bool, int, str]:
    return is_publication(venue), len(venue or ""), venue or ""


def _fullness(value: Sequence[str]) -> tuple[int, int, Sequence[str]]:
    return len(value), sum(map(len, value)), value


def _fuller(one: str | None, another: str | None) -> str | None:
    return max(one or "", another or "", key=_fullness) or None


def _join_links(one: Links, another: Links) -> Links:
    return Links(
        abstract=_fuller(one.abstract, another.abstract),
        pdf=_fuller(one.pdf, another.pdf),
        html=_fuller(one.html, another.html),
        code=_fuller(one.code, another.code),
        project=_fuller(one.project, another.project),
    )


def _join_signals(one: Signals, another: Signals) -> Signals:
    # A summary and who wrote it stay together.
    said = max((one, another), key=lambda each: (_fullness(each.summary or ""), _fullness(each.summary_by or "")))
    return Signals(
        upvotes=_highest(one.upvotes, another.upvotes),
        comments=_highest(one.comments, another.comments),
        stars=_highest(one.stars, another.stars),
        submitter=_fuller(one.submitter, another.submitter),
        thumbnail=_fuller(one.thumbnail, another.thumbnail),
        summary=said.summary or None,
        summary_by=said.summary_by or None,
    )


def _highest(one: int | None, another: int | None) -> int | None:
    return max((count for count in (one, another) if count is not None), default=None)
