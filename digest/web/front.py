"""What everybody may look at: the trending papers day by day, a search, and each paper's own page."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from digest import days
from digest.identity import parse_id
from digest.ranking.search import Query
from digest.store import papers, search
from digest.twins import bibtex
from digest.web import subscribe
from digest.web.cards import card, page_of
from digest.web.views import DayView, FeedView, PaperPageView, SearchView
from digest.web.world import Here, World

if TYPE_CHECKING:
    from digest.store.search import Found
    from digest.types import Paper

DAYS_SHOWN = 3
PAPERS_SHOWN = 10
"""Of each day on the front page."""

PAPERS_LISTED = 50
"""Of the one day, on its own page."""

FOUND = 30
SIMILAR = 6
REMEMBERED = 500
"""Papers whose similar ones are kept, while the database has no new papers."""

_LONGEST_QUERY = 300
_A_MINUTE = {"Cache-Control": "public, max-age=60"}

router = APIRouter()


@router.get("/")
def front(request: Request, world: Here) -> Response:
    """The trending papers of some days, the newest first, and the box to subscribe by."""
    until = _day(request.query_params["until"]) if "until" in request.query_params else None
    with world.store.reading() as connection:
        found = papers.days(connection, until=until, limit=DAYS_SHOWN + 1)
        shown = tuple(
            _day_view(day, number, papers.most_voted(connection, day, PAPERS_SHOWN))
            for day, number in found[:DAYS_SHOWN]
        )
        later: list[tuple[date, int]] = []
        if until and until < date.max:
            later = papers.days(connection, since=until + timedelta(days=1), limit=DAYS_SHOWN + 1)
    newer = ""
    if later:
        newer = f"/?until={later[DAYS_SHOWN - 1][0].isoformat()}" if len(later) > DAYS_SHOWN else "/"
    view = FeedView(
        days=shown,
        newer=newer,
        older=f"/?until={found[DAYS_SHOWN][0].isoformat()}" if len(found) > DAYS_SHOWN else "",
        subscribe=None if until else subscribe.box(world),
    )
    return world.pages.show("front", view, pictures=True, headers=_A_MINUTE)


@router.get("/day/{day}")
def one_day(day: str, request: Request, world: Here) -> Response:
    """All papers of one day, those with the most votes first."""
    asked = _day(day)
    page = request.query_params.get("page", "1")
    number = int(page) if page.isascii() and page.isdecimal() and len(page) < 6 else 0  # noqa: PLR2004  (digits)
    skip = (number - 1) * PAPERS_LISTED
    with world.store.reading() as connection:
        count = next((count for day, count in papers.days(connection, until=asked, limit=1) if day == asked), 0)
        found = papers.most_voted(connection, asked, PAPERS_LISTED, skip) if 0 <= skip < count else []
    if not found:
        raise HTTPException(404)
    address = f"/day/{asked.isoformat()}"
    view = FeedView(
        days=(_day_view(asked, skip + len(found), found, skip),),
        newer=f"{address}?page={number - 1}" if number > 1 else "",
        older=f"{address}?page={number + 1}" if skip + len(found) < count else "",
    )
    return world.pages.show("front", view, pictures=True, headers=_A_MINUTE)


@router.get("/search")
def find(request: Request, world: Here) -> Response:
    """The papers that answer a query best."""
    text = request.query_params.get("q", "").replace("\0", " ")[:_LONGEST_QUERY].strip()
    query = Query.parse(text)
    found = search.search(world.store, query, search.Bounds(limit=FOUND)) if query else []
    hint = ""
    if text and not query:
        hint = "Common words, numbers and single letters are only found in quotation marks."
    elif text and not found:
        hint = "No paper has these words. Fewer or other words may find some."
    cards = tuple(card(each.paper, at, each.score) for at, each in enumerate(found, start=1))
    return world.pages.show("search", SearchView(query=text, cards=cards, hint=hint), pictures=True)


@router.get("/paper/{name:path}")
def one_paper(name: str, world: Here) -> Response:
    """A paper with its whole abstract, its BibTeX entry and papers like it; by any of its ids."""
    paper = _paper(world, name)
    if page_of(paper.id) != page_of(name):
        return Response(None, 308, {"Location": page_of(paper.id), **_A_MINUTE})
    view = PaperPageView(
        paper=card(paper, 1, characters=None).paper,
        id=paper.id.removeprefix("arxiv:") if not paper.id.startswith("title:") else "",
        bibtex=bibtex.of([paper]),
        bibtex_url=page_of(paper.id).replace("/paper/", "/bibtex/", 1),
        cards=tuple(card(each.paper, at, each.score) for at, each in enumerate(_similar(world, paper), start=2)),
    )
    return world.pages.show("paper", view, pictures=True, headers=_A_MINUTE)


@router.get("/bibtex/{name:path}")
def one_entry(name: str, world: Here) -> Response:
    """A paper as BibTeX."""
    headers = {"Content-Disposition": 'attachment; filename="paper.bib"', **_A_MINUTE}
    return Response(bibtex.of([_paper(world, name)]), 200, headers, "application/x-bibtex; charset=utf-8")


def _day_view(day: date, count: int, found: list[Paper], skip: int = 0) -> DayView:
    return DayView(
        heading=days.full(day),
        date=day.isoformat(),
        url=f"/day/{day.isoformat()}",
        cards=tuple(card(paper, at) for at, paper in enumerate(found, start=skip + 1)),
        more=count - skip - len(found),
    )


def _day(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise HTTPException(404) from None
    if found.isoformat() != text:
        raise HTTPException(404)
    return found


def _paper(world: World, name: str) -> Paper:
    known = parse_id(name)
    ids = {name, known.id if known else name}
    with world.store.reading() as connection:
        found = papers.by_ids(connection, ids)
    if not found:
        raise HTTPException(404)
    return found.get(name) or next(iter(found.values()))


def _similar(world: World, paper: Paper) -> list[Found]:
    with world.store.reading() as connection:
        key = (paper.id, papers.last_seq(connection))
    found = world.similar.get(key)
    if found is None:
        found = world.similar[key] = search.similar(world.store, paper.id, search.Bounds(limit=SIMILAR))
        if len(world.similar) > REMEMBERED:
            world.similar.popitem(last=False)
    return found
