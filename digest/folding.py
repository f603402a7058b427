"""One work seen twice: v1 and v2, or arXiv and Hugging Face, folded into one paper.

Folding is independent of the order in which the sources come, so a rerun or a late dump changes nothing.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from digest.types import Links, Paper, Signals

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

_STRENGTH = ("arxiv:", "doi:", "title:")
_SAME_TEXT = 0.5


def fold(known: Paper, seen: Paper) -> Paper:
    """The paper that both describe, with the best of each field.

    The text, authors and categories are those of the newest version (a source that states no version yields to one
    that does); dates are the first published, last updated and first announced; counts are the highest seen; links
    and ids are joined.
    """
    newest, other = (seen, known) if _authority(seen) > _authority(known) else (known, seen)
    ids = sorted({known.id, seen.id, *known.other_ids, *seen.other_ids}, key=_id_order)
    announced = min((p for p in (known, seen) if p.announced), key=_announcement, default=newest)
    return Paper(
        id=ids[0],
        other_ids=tuple(ids[1:]),
        title=newest.title or other.title,
        abstract=newest.abstract or other.abstract,
        version=newest.version if newest.version is not None else other.version,
        authors=newest.authors or other.authors,
        categories=newest.categories or other.categories,
        published=min((p.published for p in (known, seen) if p.published), default=None),
        updated=max((p.updated for p in (known, seen) if p.updated), default=None),
        announced=announced.announced,
        announce_type=announced.announce_type,
        venue=newest.venue or other.venue,
        comment=newest.comment or other.comment,
        links=_join_links(newest.links, other.links),
        signals=_join_signals(newest.signals, other.signals),
    )


def is_same_work(one: Paper, another: Paper) -> bool:
    """Whether two papers that share an id or a folded title are one work.

    Two arXiv ids are always two works, even when both name one DOI. A paper known by its title only is the same as
    another of that title when half of the words of the shorter abstract stand in the other one.
    """
    if one.id.startswith("arxiv:") and another.id.startswith("arxiv:"):
        return one.id == another.id
    if {one.id, *one.other_ids} & {another.id, *another.other_ids}:
        return True
    if not (one.id.startswith("title:") or another.id.startswith("title:")):
        return False
    shorter, longer = sorted((_words(one.abstract), _words(another.abstract)), key=len)
    return len(shorter & longer) >= _SAME_TEXT * len(shorter)


def _words(text: str) -> AbstractSet[str]:
    return set(text.casefold().split())


def _id_order(paper_id: str) -> tuple[int, str]:
    strength = next((n for n, prefix in enumerate(_STRENGTH) if paper_id.startswith(prefix)), len(_STRENGTH))
    return strength, paper_id


def _authority(paper: Paper) -> tuple[int, int, int, tuple[str, str]]:
    # The last two only make the choice between equals independent of who came first.
    version = paper.version if paper.version is not None else 0
    return version, len(paper.abstract), len(paper.authors), (paper.title, paper.abstract)


def _announcement(paper: Paper) -> tuple[str, str]:
    return str(paper.announced), paper.announce_type or ""


def _join_links(first: Links, second: Links) -> Links:
    missing = {f.name: getattr(second, f.name) for f in fields(Links) if getattr(first, f.name) is None}
    return replace(first, **missing)


def _join_signals(first: Signals, second: Signals) -> Signals:
    counts = {
        name: max((n for n in (getattr(first, name), getattr(second, name)) if n is not None), default=None)
        for name in ("upvotes", "comments", "stars")
    }
    return Signals(
        **counts,
        submitter=first.submitter or second.submitter,
        thumbnail=first.thumbnail or second.thumbnail,
        summary=first.summary or second.summary,
    )
