"""The operator's pages, behind a token that stands in a file of the home folder: the state at a glance, and metrics.

The token is typed once into a form, and is then a cookie that is signed with it; Prometheus sends it with each request
(RFC 6750, section 2.1). Whoever replaces the file ends all visits.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from digest import secret
from digest.metrics import CONTENT_TYPE, exposition
from digest.web import sessions
from digest.web.forms import FormBody, is_from_elsewhere
from digest.web.network import Asking
from digest.web.operator_views import shown
from digest.web.security import retry
from digest.web.views import ButtonView, NoteView
from digest.web.world import Here, World

if TYPE_CHECKING:
    from digest.web.sessions import Visit

PATH = "/operator"
COOKIE = "operator"

router = APIRouter()


@router.get(PATH)
def page(request: Request, world: Here) -> Response:
    """The state of the installation; without a visit the form that asks for the token."""
    found = _visit(request, world)
    if found is None:
        return _door(world)
    return world.pages.show("operator", shown(world.glance.at(world.now()), found.csrf))


@router.post(PATH)
def enter(request: Request, world: Here, form: FormBody) -> Response:
    """Begin a visit with the token."""
    if is_from_elsewhere(request, world.settings.site_url):
        raise HTTPException(403)
    wait = world.limiter.wait(request.state.network, Asking.LETTER, world.now())
    if wait is not None:
        return world.pages.failure(429, retry(wait))
    if not _is_token(world, form.get("token").strip()):
        return _door(world, fault="That is not the token.")
    answer = RedirectResponse(PATH, 303)
    answer.set_cookie(
        COOKIE,
        sessions.begin(_key(world), COOKIE, world.now()),
        max_age=int(sessions.LASTING.total_seconds()),
        path=PATH,
        secure=world.settings.site_url.startswith("https://"),
        httponly=True,
        samesite="strict",
    )
    return answer


@router.post(f"{PATH}/leave")
def leave(request: Request, world: Here, form: FormBody) -> Response:
    """End the visit in this browser."""
    found = _visit(request, world)
    if found is None or not sessions.is_ours(found, form.get("csrf")):
        raise HTTPException(403)
    answer = RedirectResponse(PATH, 303)
    answer.delete_cookie(COOKIE, path=PATH)
    return answer


async def _bearer(request: Request) -> None:
    world: World = request.app.state.world
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not _is_token(world, token.strip()):
        raise HTTPException(401, headers={"WWW-Authenticate": 'Bearer realm="operator"'})


@router.get("/metrics")
def metrics(world: Here, _: Annotated[None, Depends(_bearer)]) -> Response:
    """The state as Prometheus reads it."""
    return Response(
        exposition(world.glance.at(world.now())), 200, {"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE}
    )


def _door(world: World, fault: str = "") -> Response:
    lines = ("This page is for whoever keeps this site. The token is in the file “operator-token” of its home folder.",)
    button = ButtonView(url=PATH, label="Enter")
    asked = NoteView(title="Operator", lines=lines, buttons=(button,), asks_token=True, fault=fault)
    return world.pages.note(asked, 401)


def _visit(request: Request, world: World) -> Visit | None:
    return sessions.read(_key(world), request.cookies.get(COOKIE, ""), world.now())


def _key(world: World) -> bytes:
    return sessions.key(secret.load(world.settings.operator_token))


def _is_token(world: World, typed: str) -> bool:
    token = secret.load(world.settings.operator_token).hex()
    return hmac.compare_digest(token.encode(), typed.encode())
