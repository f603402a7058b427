"""The site put together: routers, what stands around them, and what is said when something fails."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from threading import Event, Thread
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException

from digest.clock import Clock
from digest.errors import LinkError, StoreError, SubscriptionError
from digest.store import Store, papers
from digest.tokens import Purpose
from digest.web import account, editor, front, judge, links, operator, public, subscribe
from digest.web.following import not_whole, too_late
from digest.web.network import Limiter
from digest.web.security import Guard
from digest.web.views import LinkView, NoteView
from digest.web.visits import NobodyError
from digest.web.world import Here, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from digest.settings import Settings

_ROUTERS = tuple(each.router for each in (front, public, subscribe, links, judge, account, editor, operator))
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}

router = APIRouter()


def create(
    settings: Settings,
    *,
    store: Store | None = None,
    clock: Clock | None = None,
    environment: Mapping[str, str] = os.environ,
    limiter: Limiter | None = None,
    routers: Iterable[APIRouter] = (),
) -> FastAPI:
    """The site of an installation, as an ASGI application; `routers` add pages to it.

    Without a `store` it opens one, which it closes when it is stopped, and keeps previews ready beside requests; a
    store that is given stays the caller's to close. `clock` and `environment` are what letters are sent by.

    Raises:
        SettingsError: the installation's secret cannot be read.
        StoreError: the database cannot be used.
        TemplateError: a template of the site does not compile, or names what is not there.
    """
    world = World(
        settings=settings,
        store=store or Store(settings.database),
        clock=clock or Clock(now=lambda: datetime.now(UTC)),  # noqa: TID251  (where the clock is read)
        environment=environment,
        limiter=limiter or Limiter(),
    )
    _ = world.secret
    world.pages.check()
    # Spans would hold URLs, and those tokens.
    silent: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}
    app = FastAPI(
        telemetry=silent,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=None if store else _running,
    )
    app.state.world = world
    for each in (router, *_ROUTERS, *routers):
        app.include_router(each)
    app.add_exception_handler(HTTPException, _failed)
    app.add_exception_handler(LinkError, _unlinked)
    app.add_exception_handler(NobodyError, _nobody)
    app.add_exception_handler(StoreError, _busy)
    app.add_exception_handler(SubscriptionError, _impossible)
    app.add_middleware(Guard, world=world)
    return app


@router.get("/healthz")
def health(world: Here) -> Response:
    """Whether the site works as far as its database: for whoever watches it."""
    with world.store.reading() as connection:
        papers.last_seq(connection)
    return Response("ok\n", 200, media_type="text/plain; charset=utf-8")


@router.get("/static/{name}")
def static(name: str, world: Here) -> Response:
    """The style sheet and the script, by names that change with what is in them."""
    if f"/static/{name}" == world.pages.style_url:
        return Response(world.pages.style, 200, _FOREVER, "text/css; charset=utf-8")
    if f"/static/{name}" == world.pages.script_url:
        return Response(world.pages.script, 200, _FOREVER, "text/javascript; charset=utf-8")
    raise HTTPException(404)


@router.get("/robots.txt")
def robots() -> Response:
    """What search engines are asked to leave alone: pages that take long, and those that act."""
    lines = ("User-agent: *", *(f"Disallow: /{each}" for each in ("search", "me", *(f"{p}/" for p in Purpose))), "")
    return Response("\n".join(lines), 200, media_type="text/plain; charset=utf-8")


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[None]:
    """While the site runs by itself: whoever looks at a preview should not wait for all terms to be counted."""
    world: World = app.state.world
    stop = Event()
    keeper = Thread(target=world.foresight.keep, args=(stop,), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        world.store.close()


async def _failed(request: Request, error: Exception) -> Response:
    world: World = request.app.state.world
    assert isinstance(error, HTTPException)  # noqa: S101  (registered for these)
    return world.pages.failure(error.status_code, error.headers or {})


async def _unlinked(request: Request, error: Exception) -> Response:
    world: World = request.app.state.world
    assert isinstance(error, LinkError)  # noqa: S101  (registered for these)
    _, purpose, *rest = request.url.path.split("/")
    if error.expired and purpose in set(Purpose):
        return world.pages.note(too_late(Purpose(purpose), rest[0], error.expired), 410)
    return world.pages.note(not_whole(), 404)


async def _nobody(request: Request, _error: Exception) -> Response:
    world: World = request.app.state.world
    view = NoteView(
        title="Who are you?",
        lines=("A visit ends after some hours, or when the browser is told to forget it. We mail you a new link.",),
        asks_address=True,
        links=(LinkView(label="Front page", url="/"),),
    )
    return world.pages.note(view, 401)


async def _impossible(request: Request, error: Exception) -> Response:
    world: World = request.app.state.world
    assert isinstance(error, SubscriptionError)  # noqa: S101  (registered for these)
    line = f"{error.why[:1].upper()}{error.why[1:]}."
    links = (LinkView(label="Front page", url="/"),)
    return world.pages.note(NoteView(title="That cannot be done now", lines=(line,), links=links), 409)


async def _busy(request: Request, error: Exception) -> Response:
    world: World = request.app.state.world
    world.pages.log.error("%s", error)
    return world.pages.failure(503, {"Retry-After": "60"})
