"""More like this, less like this: one button, and then what it changed.

Of a reader's own profile the judgement becomes a line, as a new version; of a digest that others get, too, it is kept
and a profile of one's own is offered; of an operator's file it is kept until the operator has it learned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from digest import feedback, lifecycle
from digest.errors import LinkError, ProfileError
from digest.learn import learned
from digest.offers import interests_of
from digest.paper_view import shown_title
from digest.readers import INTERESTS, parse
from digest.store import judgements, papers, versions
from digest.subscription import FILE, OWN, Standing
from digest.tokens import Purpose
from digest.types import Judgement
from digest.web.following import follow, is_shared
from digest.web.forms import FormBody
from digest.web.interests import changes
from digest.web.links import refuse_strangers
from digest.web.sessions import PATH
from digest.web.views import ButtonView, ChangeView, LinkView, NoteView
from digest.web.world import Here, World

if TYPE_CHECKING:
    from digest.subscription import Subscription
    from digest.types import Paper

_WORDS = {Purpose.MORE: "More like this", Purpose.LESS: "Less like this"}
_FRONT = LinkView(label="Front page", url="/")
_TRIES = 3  # against others who edit the same profile at the same time

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lesson:
    """A profile as it is and as it would be with a judgement, and the version that it is of."""

    text: str
    edited: str
    behind: int


@router.get("/m/{token}")
def to_like(token: str, world: Here) -> Response:
    """Ask for the click that a mail scanner does not make."""
    return _asked(world, Purpose.MORE, token)


@router.get("/l/{token}")
def to_dislike(token: str, world: Here) -> Response:
    """The same."""
    return _asked(world, Purpose.LESS, token)


@router.post("/m/{token}")
def like(token: str, request: Request, world: Here, form: FormBody) -> Response:
    """Note that a reader wants more like a paper."""
    refuse_strangers(request, world)
    return _judged(world, Purpose.MORE, token, form.get("do"))


@router.post("/l/{token}")
def dislike(token: str, request: Request, world: Here, form: FormBody) -> Response:
    """Note that a reader wants less like a paper."""
    refuse_strangers(request, world)
    return _judged(world, Purpose.LESS, token, form.get("do"))


def _asked(world: World, purpose: Purpose, token: str) -> Response:
    signed, found = follow(world, purpose, token)
    title = shown_title(_paper(world, signed.paper))
    if found.digest == OWN:
        line = "It becomes a line of your profile, which you can take out again."
    elif found.digest == FILE:
        line = "It is noted, and becomes part of your profile when it is next learned from."
    else:
        line = "It is noted for you; the digest itself stays the same for everybody."
    view = NoteView(
        title=f"{_WORDS[purpose]}?",
        about=title,
        lines=(line,),
        buttons=(ButtonView(url=f"/{purpose}/{token}", label=_WORDS[purpose]),),
        links=(_FRONT,),
    )
    return world.pages.note(view)


def _judged(world: World, purpose: Purpose, token: str, wish: str) -> Response:
    signed, found = follow(world, purpose, token, is_acting=True)
    paper = _paper(world, signed.paper)
    if wish == "undo" and found.digest != OWN:
        feedback.judge(world.store, found.slug, [paper.id], liked=None, day=world.today())
        lines = ("It is as if you had said nothing.",)
        return world.pages.note(NoteView(title="Taken back", about=shown_title(paper), lines=lines, links=(_FRONT,)))
    said = Judgement(paper=paper.id, liked=purpose is Purpose.MORE, day=world.today())
    feedback.judge(world.store, found.slug, [paper.id], liked=said.liked, day=said.day)
    if found.digest == OWN or (wish == "own" and is_shared(found) and found.standing is not Standing.ENDED):
        return world.pages.note(_learned(world, found, purpose, paper, said))
    buttons = [ButtonView(url=f"/{purpose}/{token}", label="Take it back", hidden=(("do", "undo"),), is_quiet=True)]
    told = ["It is noted."]
    if is_shared(found) and found.standing is not Standing.ENDED:
        told.append(
            "This digest is the same for everybody. Made your own, it starts with what it says now and with this "
            "paper, and follows what you like from then on."
        )
        buttons.insert(0, ButtonView(url=f"/{purpose}/{token}", label="Make it my own", hidden=(("do", "own"),)))
    elif found.digest == FILE:
        told.append("Your profile is a file that the person who runs this site keeps; it is learned from there.")
    view = NoteView(
        title=f"Noted: {_WORDS[purpose].lower()}",
        about=shown_title(paper),
        lines=tuple(told),
        buttons=tuple(buttons),
        links=(_FRONT,),
    )
    return world.pages.note(view)


def _learned(world: World, found: Subscription, purpose: Purpose, paper: Paper, said: Judgement) -> NoteView:
    """What is said when a judgement became a line of the reader's own profile, or cannot."""
    title = shown_title(paper)
    links = (LinkView(label="Your profile", url=f"{PATH}/{found.slug}"), _FRONT)
    for _ in range(_TRIES):
        try:
            lesson = _lesson(world, found, said)
            number = lifecycle.rewrite(
                world.store,
                found.slug,
                lesson.edited,
                now=world.now(),
                reason=_WORDS[purpose].lower(),
                behind=lesson.behind,
            )
        except ProfileError:
            lines = ("It is noted. Your profile is written so that a line cannot be added by itself: add it by hand.",)
            return NoteView(title=f"Noted: {_WORDS[purpose].lower()}", about=title, lines=lines, links=links)
        if number:
            break
    else:
        raise HTTPException(503)
    with world.store.writing() as connection:
        judgements.settle(connection, found.slug, said)
    edits: tuple[ChangeView, ...] = changes(lesson.text, lesson.edited)
    line = "This is what changed in your profile." if edits else "Your profile says so already: nothing had to change."
    return NoteView(title=f"Learned: {_WORDS[purpose].lower()}", about=title, lines=(line,), changes=edits, links=links)


def _lesson(world: World, found: Subscription, said: Judgement) -> _Lesson:
    with world.store.reading() as connection:
        newest = versions.newest(connection, found.slug)
        text = newest.text if newest and found.digest == OWN else interests_of(world.settings, found.digest)
        profile = parse(text)
        known = papers.by_ids(connection, (*profile.liked, *profile.disliked, said.paper))
    return _Lesson(
        text=text, edited=learned(text, [said], known, name=INTERESTS), behind=newest.number if newest else 0
    )


def _paper(world: World, paper_id: str) -> Paper:
    with world.store.reading() as connection:
        found = papers.by_ids(connection, [paper_id]).get(paper_id)
    if found is None:
        raise LinkError("the paper is gone")
    return found
