"""What the links of mails lead to, but for judging papers: GET shows a page, POST acts, and acting twice is as once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from fastapi import APIRouter, BackgroundTasks, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from digest import lifecycle, subscribing
from digest.errors import LinkError, SubscriptionError
from digest.store import subscriptions
from digest.subscription import Standing
from digest.tokens import Purpose
from digest.web import sessions
from digest.web.following import follow, whose
from digest.web.forms import FormBody, is_from_elsewhere
from digest.web.naming import name_of, profiles_of, state_of
from digest.web.network import Asking
from digest.web.views import ButtonView, LinkView, NoteView
from digest.web.world import Here, World

if TYPE_CHECKING:
    from digest.subscription import Subscription

WEEK = timedelta(days=7)

_FRONT = LinkView(label="Front page", url="/")

router = APIRouter()


def visit(world: World, slug: str, where: str = sessions.PATH) -> Response:
    """Begin a visit to the page of a subscription's reader."""
    answer = RedirectResponse(where, 303)
    answer.set_cookie(
        sessions.COOKIE,
        sessions.begin(world.visit_key, slug, world.now()),
        max_age=int(sessions.LASTING.total_seconds()),
        path=sessions.PATH,
        secure=world.settings.site_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )
    return answer


def refuse_strangers(request: Request, world: World) -> None:
    """Let only our own pages act.

    Raises:
        HTTPException: 403 if another site had a browser do it.
    """
    if is_from_elsewhere(request, world.settings.site_url):
        raise HTTPException(403)


@router.get("/i/{token}")
def page(token: str, world: Here) -> Response:
    """Lead a reader to their page, by an address that holds no token."""
    _, found = follow(world, Purpose.INTERESTS, token)
    return visit(world, found.slug)


@router.get("/c/{token}")
def to_confirm(token: str, world: Here) -> Response:
    """Ask for the click that a mail scanner does not make."""
    _, found = follow(world, Purpose.CONFIRM, token)
    if found.standing is Standing.ENDED:
        return world.pages.note(_over())
    if found.standing is Standing.PENDING:
        title, label = "Is this what you want?", "Yes, subscribe me"
        line = "One click, and it comes. What you get and when can be changed at any time, or ended."
    else:
        title, label, line = "You are subscribed", "Go to your page", "This was confirmed before."
    button = ButtonView(url=f"/c/{token}", label=label)
    return world.pages.note(NoteView(title=title, about=_name(world, found), lines=(line,), buttons=(button,)))


@router.post("/c/{token}")
def confirm(token: str, request: Request, world: Here) -> Response:
    """Begin a subscription, and lead its reader to their page."""
    refuse_strangers(request, world)
    _, found = follow(world, Purpose.CONFIRM, token, is_acting=True)
    is_new = found.standing is Standing.PENDING
    try:
        subscribing.confirm(world.store, world.settings, found.slug, now=world.now())
    except SubscriptionError:
        return world.pages.note(_over(), 409)
    return visit(world, found.slug, f"{sessions.PATH}?done=confirmed" if is_new else sessions.PATH)


@router.get("/u/{token}")
def to_leave(token: str, world: Here) -> Response:
    """Ask which subscriptions to end."""
    _, found = follow(world, Purpose.UNSUBSCRIBE, token)
    if found.standing is Standing.ENDED and len(_live(world, found)) == 0:
        return world.pages.note(NoteView(title="You are unsubscribed", lines=("No more mails come.",), links=(_FRONT,)))
    buttons = []
    if found.standing is not Standing.ENDED:
        buttons.append(ButtonView(url=f"/u/{token}", label="Stop these mails"))
    if len(_live(world, found)) > len(buttons):
        buttons.append(
            ButtonView(url=f"/u/{token}", label="Stop all mails from here", hidden=(("scope", "all"),), is_quiet=True)
        )
    view = NoteView(
        title="Unsubscribe",
        about=_name(world, found),
        lines=("What you wrote about your interests is kept, should you come back; your page can delete it.",),
        buttons=tuple(buttons),
        links=(_FRONT,),
    )
    return world.pages.note(view)


@router.post("/u/{token}")
def leave(token: str, world: Here, form: FormBody, background: BackgroundTasks) -> Response:
    """End a subscription, or all; also in one click from a mail program (RFC 8058), which sends whatever form."""
    _, found = follow(world, Purpose.UNSUBSCRIBE, token, is_acting=True)
    now = world.now()
    if form.get("scope") == "all" and found.subscriber:
        lifecycle.end_all(world.store, found.subscriber, now=now)
    else:
        lifecycle.end(world.store, found.slug, now=now)
    background.add_task(world.send_letters)
    rest = len(_live(world, found))
    lines = ["No more of these mails come."]
    if rest:
        lines.append(f"{rest} other subscription{'s' if rest > 1 else ''} of yours go{'' if rest > 1 else 'es'} on.")
    return world.pages.note(
        NoteView(title="You are unsubscribed", about=_name(world, found), lines=tuple(lines), links=(_FRONT,))
    )


@router.get("/p/{token}")
def to_pause(token: str, world: Here) -> Response:
    """Ask until when to pause, or whether to resume."""
    _, found = follow(world, Purpose.PAUSE, token)
    return world.pages.note(_pause_note(world, found, f"/p/{token}"))


@router.post("/p/{token}")
def pause(token: str, request: Request, world: Here, form: FormBody) -> Response:
    """Pause a subscription until a day or until its reader says so, or resume it."""
    refuse_strangers(request, world)
    _, found = follow(world, Purpose.PAUSE, token, is_acting=True)
    try:
        changed = pause_or_resume(world, found, form.get("do"), form.get("until"))
    except SubscriptionError as error:
        return world.pages.note(_pause_note(world, found, f"/p/{token}", f"{error.why}."), 422)
    title = "Paused" if changed.standing is Standing.PAUSED else "It goes on"
    view = _pause_note(world, changed, f"/p/{token}")
    return world.pages.note(NoteView(title=title, about=view.about, lines=view.lines, buttons=view.buttons[-1:]))


def pause_or_resume(world: World, found: Subscription, wish: str, until: str) -> Subscription:
    """Do what a form about pausing says: `until` a day, `resume`, or for now.

    Raises:
        SubscriptionError: the day is none or over, or the subscription is not one that can be paused or resumed.
    """
    if wish == "resume":
        return lifecycle.resume(world.store, world.settings, found.slug, now=world.now())
    day = None
    if wish == "until":
        try:
            day = date.fromisoformat(until)
        except ValueError:
            raise SubscriptionError("until", "expected a day such as 2026-01-31") from None
        if day > world.today() + timedelta(days=3660):
            raise SubscriptionError("until", "expected a day within ten years")
    return lifecycle.pause(world.store, found.slug, until=day, now=world.now())


@router.post("/renew/{purpose}/{token}")
def renew(purpose: str, token: str, request: Request, world: Here, background: BackgroundTasks) -> Response:
    """Have a new link sent to whom an old one was sent."""
    refuse_strangers(request, world)
    if world.limiter.wait(request.state.network, Asking.LETTER, world.now()) is not None:
        raise HTTPException(429)
    try:
        found = whose(world, Purpose(purpose), token)
    except ValueError:
        raise LinkError("not a link of ours") from None
    if found:
        subscribing.renew(world.store, world.settings, found.slug, now=world.now())
        background.add_task(world.send_letters)
    return RedirectResponse("/asked", 303)


def _pause_note(world: World, found: Subscription, url: str, fault: str = "") -> NoteView:
    resume = ButtonView(url=url, label="Resume now", hidden=(("do", "resume"),), is_quiet=True)
    until = ButtonView(url=url, label="Pause until that day", hidden=(("do", "until"),))
    for_now = ButtonView(url=url, label="Pause until I say so", hidden=(("do", "pause"),), is_quiet=True)
    buttons = {Standing.ACTIVE: (until, for_now), Standing.PAUSED: (until, for_now, resume)}.get(found.standing, ())
    today = world.today()
    return NoteView(
        title="Pause",
        about=_name(world, found),
        lines=(state_of(found),),
        buttons=buttons,
        asks_day=(today + WEEK).isoformat() if buttons else "",
        first_day=today.isoformat(),
        fault=fault,
        links=(_FRONT,),
    )


def _over() -> NoteView:
    lines = ("This subscription was ended since. To come back, subscribe once more.",)
    return NoteView(title="That is over", lines=lines, links=(_FRONT,))


def _live(world: World, found: Subscription) -> tuple[Subscription, ...]:
    """What the same reader gets, or will."""
    if found.subscriber is None:
        return () if found.standing is Standing.ENDED else (found,)
    with world.store.reading() as connection:
        return tuple(
            each for each in subscriptions.of(connection, found.subscriber) if each.standing is not Standing.ENDED
        )


def _name(world: World, found: Subscription) -> str:
    with world.store.reading() as connection:
        return name_of(profiles_of(connection, world.settings, (found,))[found.slug])
