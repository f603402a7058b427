"""Issues that everybody may read, those of the digests that are offered; and the front page as an Atom feed."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from digest import profiles
from digest.errors import ProfileError
from digest.offers import offered
from digest.ranking.labels import TRENDING
from digest.render import Renderer
from digest.store import issues, papers
from digest.twins import atom, bibtex, entries, json_feed, markdown
from digest.twins.archive import archive
from digest.types import Issue, Match, Section
from digest.view import TwinsView
from digest.web.front import PAPERS_SHOWN
from digest.web.security import policy
from digest.web.views import ArchiveView, ShelfView
from digest.web.world import Here, World

if TYPE_CHECKING:
    from digest.types import Profile

LISTED = 500
"""Issues of a digest that are listed."""

SHELVED = 20
"""The same where all digests are."""

FEED_DAYS = 10

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_QUARTER = {"Cache-Control": "public, max-age=900"}

router = APIRouter()


@router.get("/archive")
def shelves(world: Here) -> Response:
    """The last issues of all offered digests."""
    return world.pages.show("archive", ArchiveView(shelves=_shelves(world, SHELVED)), headers=_QUARTER)


@router.get("/archive/{name}")
def shelf(name: str, world: Here) -> Response:
    """The issues of one digest."""
    found = tuple(each for each in _shelves(world, LISTED, name))
    if not found:
        raise HTTPException(404)
    return world.pages.show("archive", ArchiveView(shelves=found), headers=_QUARTER)


@router.get("/archive/{name}/{file}")
def one_issue(name: str, file: str, request: Request, world: Here) -> Response:
    """An issue as page, BibTeX or Markdown (`2025-05-09`, `.bib`, `.md`), or the digest as a feed (`feed.atom`)."""
    if name not in _public(world):
        raise HTTPException(404)
    base = f"{_site(world, request)}/archive/{name}/"
    if file in {"feed.atom", "feed.json"}:
        return _feed(world, name, file, base)
    stem, _, ending = file.partition(".")
    try:
        day = date.fromisoformat(stem)
    except ValueError:
        raise HTTPException(404) from None
    with world.store.reading() as connection:
        found = issues.of_day(connection, name, day) if day.isoformat() == stem else None
    if found is None or ending not in {"", "bib", "md"}:
        raise HTTPException(404)
    if ending == "bib":
        return Response(bibtex.write([found]), 200, _QUARTER, "application/x-bibtex; charset=utf-8")
    if ending == "md":
        return Response(markdown.write(found), 200, _QUARTER, "text/markdown; charset=utf-8")
    renderer = Renderer(world.settings.templates, world.settings.look, lazily=True)
    page = renderer.page(found, _twins(name, base, stem))
    # The page stands for itself, also as a file, so its style is in it; its hash lets that one in and no other.
    styles = " ".join(f"'sha256-{_hash(style)}'" for style in _STYLE.findall(page))
    headers = {"Content-Security-Policy": policy(styles=styles or "'none'", pictures="https:"), **_QUARTER}
    return HTMLResponse(page, 200, headers)


@router.get("/feed.atom")
def front_feed(request: Request, world: Here) -> Response:
    """The front page's papers as an Atom feed (RFC 4287), a day's in the order they stand there."""
    with world.store.reading() as connection:
        found = [
            (day, number, papers.most_voted(connection, day, PAPERS_SHOWN))
            for day, number in papers.days(connection, until=world.today(), limit=FEED_DAYS)
        ]
    made = [
        Issue(
            id=f"front-{day.isoformat()}",
            profile="front",
            name="everybody",
            day=day,
            composed=datetime.combine(day, time(), UTC) + timedelta(days=1),
            sections=(
                Section(heading="", matches=tuple(Match(paper=paper, score=0.0, interest=TRENDING) for paper in shown)),
            ),
            considered=number,
            passed=number,
        )
        for day, number, shown in found
    ]
    site = _site(world, request)
    if not made:
        raise HTTPException(404)
    links = TwinsView(page="", bibtex="", markdown="", archive="", atom="feed.atom", json_feed="", base=f"{site}/")
    text = atom.write(entries.feed(made, f"{world.settings.site_url}/feed.atom"), links)
    return Response(text, 200, _QUARTER, "application/atom+xml; charset=utf-8")


def _feed(world: World, name: str, file: str, base: str) -> Response:
    with world.store.reading() as connection:
        found = issues.newest(connection, name, entries.ISSUES)
    if not found:
        raise HTTPException(404)
    feed = entries.feed(found, f"{world.settings.site_url}/archive/{name}")
    if file == "feed.atom":
        text, kind = atom.write(feed, _twins(name, base)), "application/atom+xml"
    else:
        text, kind = json_feed.write(feed, _twins(name, base)), "application/feed+json"
    return Response(text, 200, _QUARTER, f"{kind}; charset=utf-8")


def _twins(name: str, base: str, stem: str = "") -> TwinsView:
    return TwinsView(
        page=stem,
        bibtex=f"{stem}.bib",
        markdown=f"{stem}.md",
        archive=f"../{name}",
        atom="feed.atom",
        json_feed="feed.json",
        base=base,
    )


def _shelves(world: World, limit: int, name: str | None = None) -> tuple[ShelfView, ...]:
    made = []
    with world.store.reading() as connection:
        for slug, profile in _public(world).items():
            if name not in {None, slug}:
                continue
            headlines = issues.headlines(connection, slug, limit)
            listed = ((each, f"/archive/{slug}/{each.day.isoformat()}") for each in headlines)
            feed = f"/archive/{slug}/feed.atom"
            view = archive(profile.name, slug, listed, atom=feed, json_feed="")
            made.append(
                ShelfView(name=view.name, url=f"/archive/{slug}", atom=feed if headlines else "", months=view.months)
            )
    return tuple(made)


def _public(world: World) -> dict[str, Profile]:
    """The offered digests by name, without one that has the name of a reader's file, whose issues are the reader's."""
    offers = offered(world.settings)[0]
    try:
        readers = {path.stem for path in profiles.find(world.settings.profiles)}
    except ProfileError:
        readers = set()
    return {slug: offers[slug] for slug in sorted(offers) if slug not in readers}


def _site(world: World, request: Request) -> str:
    return world.settings.site_url or f"{request.url.scheme}://{request.url.netloc}"


def _hash(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
