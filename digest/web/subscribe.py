"""Asking for a subscription, or for the link to one's own page: the answer is the same whoever's address it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, BackgroundTasks, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from digest import subscribing
from digest.errors import SubscriptionError
from digest.offers import offered
from digest.schedule import schedule
from digest.subscribing import Wish
from digest.subscription import OWN, Preferences
from digest.web import naming
from digest.web.forms import Form, FormBody, is_from_elsewhere
from digest.web.interests import as_yaml, faults_in
from digest.web.network import Asking
from digest.web.security import retry
from digest.web.views import ChoiceView, FeedView, LinkView, NoteView, SubscribeView
from digest.web.world import Here, World

if TYPE_CHECKING:
    from digest.schedule import Schedule

TIMES = tuple(ChoiceView(value=value, label=label) for value, label in naming.TIMES.items())
"""How often issues can come, to choose from."""

_OWN = ChoiceView(value=OWN, label="My own interests")
_LONGEST = 300  # characters of a field that is shown again

router = APIRouter()


def box(world: World, form: Form | None = None, faults: dict[str, tuple[str, ...]] | None = None) -> SubscribeView:
    """The box, empty or with what was typed into it and why that will not do."""
    typed = form or Form({})
    offers = sorted(offered(world.settings)[0].values(), key=lambda each: (each.slug != "trending", each.name))
    digests = (*(ChoiceView(value=each.slug, label=each.name) for each in offers), _OWN)
    return SubscribeView(
        email=typed.get("email")[:_LONGEST],
        digest=typed.get("digest") if form else digests[0].value,
        interests=typed.get("interests"),
        when=typed.get("when") or "weekdays",
        at=typed.get("at")[:_LONGEST] or world.settings.send_at,
        zone=typed.get("zone")[:_LONGEST] or world.settings.timezone,
        is_zone_typed=form is not None,
        digests=digests,
        times=TIMES,
        faults=faults or {},
    )


@router.post("/subscribe")
def ask(request: Request, world: Here, form: FormBody, background: BackgroundTasks) -> Response:
    """Keep a wish and have its reader asked by mail; faults of the form are shown beside its fields."""
    network = _limited(request, world)
    interests = as_yaml(form.get("interests")) if form.get("digest") == OWN else ""
    faults: dict[str, tuple[str, ...]] = {}
    try:
        times = _schedule(form, world)
    except SubscriptionError as error:
        faults[error.key] = (f"{error.why}.",)
        times = None
    wish = Wish(
        email=form.get("email"),
        digest=form.get("digest"),
        interests=interests,
        preferences=Preferences(schedule=times) if times else Preferences(),
        network=network,
    )
    for fault in subscribing.faults(world.settings, wish):
        if isinstance(fault, SubscriptionError):
            faults[fault.key] = (f"{fault.why}.",)
        else:
            lines = (f"line {each.line}: {each.why}" if each.line else each.why for each in faults_in(fault))
            faults["interests"] = tuple(lines)
    if faults:
        view = FeedView(days=(), subscribe=box(world, form, faults))
        return world.pages.show("front", view, 422, headers={"Cache-Control": "no-store"})
    subscribing.subscribe(world.store, world.settings, wish, now=world.now())
    background.add_task(world.send_letters)
    return RedirectResponse("/asked", 303)


@router.get("/asked")
def asked(world: Here) -> Response:
    """What is said to everybody who asked for something."""
    lines = (
        "If the address is right, a letter is on its way to it, with a link that only you have.",
        "Nothing else is sent before you follow it. If no letter comes in some minutes, look among unwanted mail.",
    )
    view = NoteView(title="Look into your mailbox", lines=lines, links=(LinkView(label="Front page", url="/"),))
    return world.pages.note(view)


@router.get("/link")
def link(world: Here) -> Response:
    """A page to ask for a link to one's own page."""
    return world.pages.note(_link_note())


@router.post("/link")
def ask_for_link(request: Request, world: Here, form: FormBody, background: BackgroundTasks) -> Response:
    """Have a link to a reader's own page sent to whom it belongs, if anybody has this address."""
    network = _limited(request, world)
    try:
        subscribing.remind(world.store, world.settings, form.get("email"), network=network, now=world.now())
    except SubscriptionError as error:
        return world.pages.note(_link_note(f"{error.why}."), 422)
    background.add_task(world.send_letters)
    return RedirectResponse("/asked", 303)


def _link_note(fault: str = "") -> NoteView:
    return NoteView(
        title="Your page",
        lines=("There are no passwords here: we mail you a link to your page, where you change or end what you get.",),
        asks_address=True,
        fault=fault,
        links=(LinkView(label="Front page", url="/"),),
    )


def _schedule(form: Form, world: World) -> Schedule:
    found = schedule(form.get("when"), form.get("at"), form.get("zone") or world.settings.timezone)
    if found.when.startswith("cron"):
        raise SubscriptionError("when", "expected one of the choices")
    return found


def _limited(request: Request, world: World) -> str:
    """The network that asks for a letter, which may.

    Raises:
        HTTPException: 403 if another site had a browser ask, 429 if this was too often.
    """
    if is_from_elsewhere(request, world.settings.site_url):
        raise HTTPException(403)
    network: str = request.state.network
    wait = world.limiter.wait(network, Asking.LETTER, world.now())
    if wait is not None:
        raise HTTPException(429, headers=dict(retry(wait)))
    return network
