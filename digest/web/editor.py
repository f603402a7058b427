"""The editor of a profile: its faults as it is typed, what it would have sent, its versions, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from digest import days, lifecycle
from digest.errors import ProfileError
from digest.offers import interests_of, offered
from digest.paper_view import shown_title
from digest.store import versions
from digest.subscription import FILE, OWN, Standing
from digest.web import sessions
from digest.web.cards import page_of
from digest.web.interests import changes, faults_in, faults_of
from digest.web.naming import name_of, profiles_of
from digest.web.views import (
    ChoiceView,
    EditorView,
    ForeseenDayView,
    ForeseenPaperView,
    ForeseenView,
    FragmentView,
    VersionView,
)
from digest.web.visits import CheckedForm, CurrentVisit, Visitor, visitor
from digest.web.world import Here, World

if TYPE_CHECKING:
    from digest.foresight import Choice
    from digest.store.versions import Version
    from digest.subscription import Subscription
    from digest.web.foreseen import Foreseen

VERSIONS_SHOWN = 20
DROPS_SHOWN = 50

_DIGITS = 6

router = APIRouter(prefix=sessions.PATH)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """A profile that is edited: whose it is, its text as it counts, and the version of that, 0 for none."""

    who: Visitor
    subscription: Subscription
    name: str
    text: str
    number: int
    versions: tuple[Version, ...]


@router.get("/{slug}")
def edit(slug: str, request: Request, world: Here, visit: CurrentVisit) -> Response:
    """The profile as it is, and what it would have sent."""
    desk = _desk(world, visitor(world, visit), slug)
    if desk.subscription.digest == FILE:
        return RedirectResponse(sessions.PATH, 303)
    done = "Saved. The next issue goes by this version." if "saved" in request.query_params else ""
    foreseen = _foreseen(world, desk, desk.text) if world.foresight.is_ready else None
    return _page(world, desk, desk.text, done=done, foreseen=foreseen)


@router.post("/{slug}")
def act(slug: str, world: Here, checked: CheckedForm) -> Response:
    """What the editor's buttons do where no script runs, and saving: check, preview, save."""
    visit, form = checked
    desk = _own_desk(world, visitor(world, visit), slug)
    text, wish = form.get("text"), form.get("do")
    faults = faults_of(text)
    if faults or wish == "check":
        return _page(world, desk, text, faults=faults, is_checked=True, behind=form.get("behind"))
    if wish == "save":
        behind = _number(form.get("behind"))
        if lifecycle.rewrite(world.store, slug, text, now=world.now(), reason="edited here", behind=behind):
            return RedirectResponse(f"{sessions.PATH}/{slug}?saved", 303)
        problem = (
            "Your profile was changed elsewhere since you opened it. Below is what saving would make of it as it is "
            "now; save once more if that is right."
        )
        return _page(world, desk, text, problem=problem, edits=True)
    return _page(world, desk, text, foreseen=_foreseen(world, desk, text), is_checked=True, behind=form.get("behind"))


@router.post("/{slug}/share")
def share(slug: str, world: Here, checked: CheckedForm) -> Response:
    """Have a digest that is the same for everybody in place of one's own interests."""
    visit, form = checked
    _own_desk(world, visitor(world, visit), slug)
    lifecycle.share(world.store, world.settings, slug, form.get("digest"))
    return RedirectResponse(f"{sessions.PATH}?done=shared#{slug}", 303)


@router.post("/{slug}/lint")
def lint(slug: str, world: Here, checked: CheckedForm) -> Response:
    """The faults of a text, as JSON: a line and why for each."""
    visit, form = checked
    _own_desk(world, visitor(world, visit), slug)
    return _json({"faults": _listed(form.get("text"))})


@router.post("/{slug}/preview")
def preview(slug: str, world: Here, checked: CheckedForm) -> Response:
    """What a text would have sent, as JSON: its faults, or HTML to show."""
    visit, form = checked
    desk = _own_desk(world, visitor(world, visit), slug)
    try:
        shown = _foreseen(world, desk, form.get("text"))
    except ProfileError as error:
        return _json({"faults": [{"line": each.line, "why": each.why} for each in faults_in(error)], "html": ""})
    return _json({"faults": [], "html": world.pages.text("foreseen.html", FragmentView(foreseen=shown))})


@router.get("/{slug}/versions/{number}")
def version(slug: str, number: str, world: Here, visit: CurrentVisit) -> Response:
    """A version of the profile, and what going back to it would change."""
    desk = _own_desk(world, visitor(world, visit), slug)
    found = _version(desk, number)
    return _page(world, desk, found.text, edits=True, shown=found)


@router.post("/{slug}/versions/{number}")
def roll_back(slug: str, number: str, world: Here, checked: CheckedForm) -> Response:
    """Go back to a version, which becomes the newest one."""
    visit, _ = checked
    desk = _own_desk(world, visitor(world, visit), slug)
    found = _version(desk, number)
    try:
        reason = f"back to version {found.number}"
        lifecycle.rewrite(world.store, slug, found.text, now=world.now(), reason=reason)
    except ProfileError as error:
        return _page(world, desk, found.text, faults=faults_in(error), is_checked=True)
    return RedirectResponse(f"{sessions.PATH}/{slug}?saved", 303)


def _desk(world: World, who: Visitor, slug: str) -> _Desk:
    found = who.subscription(slug)
    with world.store.reading() as connection:
        profile = profiles_of(connection, world.settings, (found,))[slug]
        kept = versions.of(connection, slug, VERSIONS_SHOWN)
    text = kept[0].text if kept and found.digest == OWN else ""
    if found.digest not in {OWN, FILE}:
        try:
            text = interests_of(world.settings, found.digest)
        except ProfileError:
            text = ""
    return _Desk(
        who=who,
        subscription=found,
        name=name_of(profile),
        text=text,
        number=kept[0].number if kept else 0,
        versions=kept,
    )


def _own_desk(world: World, who: Visitor, slug: str) -> _Desk:
    """A profile that its reader may write.

    Raises:
        HTTPException: 404 if it is the operator's file.
    """
    desk = _desk(world, who, slug)
    if desk.subscription.digest == FILE:
        raise HTTPException(404)
    return desk


def _page(  # noqa: PLR0913  (what may have happened)
    world: World,
    desk: _Desk,
    text: str,
    *,
    faults: tuple[Any, ...] = (),
    is_checked: bool = False,
    foreseen: ForeseenView | None = None,
    behind: str = "",
    done: str = "",
    problem: str = "",
    edits: bool = False,
    shown: Version | None = None,
) -> Response:
    base = f"{sessions.PATH}/{desk.subscription.slug}"
    view = EditorView(
        csrf=desk.who.visit.csrf,
        slug=desk.subscription.slug,
        name=desk.name,
        text=text,
        behind=desk.number if _number(behind) is None else _number(behind) or 0,
        is_own=desk.subscription.digest == OWN,
        faults=faults,
        is_checked=is_checked,
        foreseen=foreseen,
        versions=tuple(
            VersionView(
                number=each.number,
                written=f"{days.short(each.written)}, {each.written:%H:%M} UTC",
                reason=each.reason,
                url=f"{base}/versions/{each.number}",
                current=each.number == desk.number and desk.subscription.digest == OWN,
            )
            for each in desk.versions
        ),
        changes=changes(desk.text, text) if edits else (),
        looks_at=shown.number if shown else 0,
        shared=_shared(world, desk) if desk.subscription.digest == OWN else (),
        done=done,
        problem=problem,
    )
    return world.pages.show("editor", view, 409 if problem else 422 if faults else 200)


def _shared(world: World, desk: _Desk) -> tuple[ChoiceView, ...]:
    """The digests on offer that the reader has not."""
    had = {each.digest for each in desk.who.subscriptions if each.standing is not Standing.ENDED}
    found, _ = offered(world.settings)
    return tuple(ChoiceView(value=slug, label=name_of(each)) for slug, each in found.items() if slug not in had)


def _foreseen(world: World, desk: _Desk, text: str) -> ForeseenView | None:
    """What a text would have sent, beside what the one that counts would have.

    Raises:
        ProfileError: the text has faults, unless it is the one that counts.
    """
    try:
        found = world.foresight.compare(desk.text, text)
    except ProfileError:
        if text == desk.text:
            return None
        raise
    return _shown(found, is_edit=text != desk.text)


def _shown(found: Foreseen, *, is_edit: bool) -> ForeseenView:
    added = {choice.match.paper.id for choice in found.difference.adds} if is_edit else set()
    drops = found.difference.drops[::-1]
    groups = groupby(sorted(found.choices, key=lambda each: each.day, reverse=True), key=lambda each: each.day)
    return ForeseenView(
        span=f"{found.since.day} {found.since:%B} to {days.short(found.until)}" if found.choices or drops else "",
        days=tuple(
            ForeseenDayView(
                heading=days.full(day),
                papers=tuple(
                    _paper(each, is_new=each.match.paper.id in added)
                    for each in sorted(group, key=lambda each: (-each.match.score, each.match.paper.id))
                ),
            )
            for day, group in groups
        ),
        drops=tuple(_paper(each) for each in drops[:DROPS_SHOWN]),
        sent=len(found.choices),
        added=len(found.difference.adds),
        dropped=len(drops),
        is_edit=is_edit,
    )


def _paper(choice: Choice, *, is_new: bool = False) -> ForeseenPaperView:
    paper = choice.match.paper
    return ForeseenPaperView(
        title=shown_title(paper), url=page_of(paper.id), score=round(choice.match.score), is_new=is_new
    )


def _listed(text: str) -> list[dict[str, Any]]:
    return [{"line": each.line, "why": each.why} for each in faults_of(text)]


def _version(desk: _Desk, number: str) -> Version:
    found = next((each for each in desk.versions if str(each.number) == number), None)
    if found is None:
        raise HTTPException(404)
    return found


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


def _json(content: object) -> Response:
    return Response(orjson.dumps(content), 200, media_type="application/json")
