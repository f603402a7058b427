"""Papers as pages show them, the same way mails do (`digest.paper_view`), each with its own page here."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from digest.paper_view import paper_view
from digest.types import Match
from digest.web.views import CardView

if TYPE_CHECKING:
    from digest.types import Paper

ABSTRACT = 420
"""Characters of an abstract in a list."""


def page_of(paper_id: str) -> str:
    """Where a paper's page is."""
    return f"/paper/{quote(paper_id, safe=':/')}"


def card(paper: Paper, number: int, score: float | None = None, *, characters: int | None = ABSTRACT) -> CardView:
    """The `number`-th paper of a page."""
    shown = paper_view(Match(paper=paper, score=score or 0.0, interest=""), "", number, characters)
    return CardView(paper=shown, url=page_of(paper.id), score=None if score is None else round(score))
