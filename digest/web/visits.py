"""Whoever visits their own page: the cookie read, the form checked, and what is theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from digest import profiles
from digest.errors import ProfileError
from digest.store import subscriptions
from digest.web import sessions
from digest.web.following import unkept
from digest.web.forms import Form, is_from_elsewhere, read_form

if TYPE_CHECKING:
    from digest.subscription import Subscription
    from digest.web.sessions import Visit
    from digest.web.world import World


class NobodyError(Exception):
    """Nobody is known to be here: there is no visit, or it is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A reader on their own page, and all that they subscribed to; `subscriber` is None for one with a file."""

    visit: Visit
    subscriber: str | None
    subscriptions: tuple[Subscription, ...]

    def subscription(self, slug: str) -> Subscription:
        """The one of this name.

        Raises:
            HTTPException: 404 if this reader has none.
        """
        found = next((each for each in self.subscriptions if each.slug == slug), None)
        if found is None:
            raise HTTPException(404)
        return found


def visitor(world: World, visit: Visit) -> Visitor:
    """Who visits.

    Raises:
        NobodyError: whoever it was is gone.
    """
    with world.store.reading() as connection:
        found = subscriptions.by_slug(connection, visit.slug)
        held = subscriptions.of(connection, found.subscriber) if found and found.subscriber else ()
    if found is None:
        found = _of_file(world, visit.slug)
    if found is None:
        raise NobodyError
    return Visitor(visit=visit, subscriber=found.subscriber, subscriptions=held or (found,))


async def _visit(request: Request) -> Visit:
    world: World = request.app.state.world
    found = sessions.read(world.visit_key, request.cookies.get(sessions.COOKIE, ""), world.now())
    if found is None:
        raise NobodyError
    return found


async def _checked(request: Request) -> tuple[Visit, Form]:
    """The visit and the form of a request that changes something.

    Raises:
        NobodyError: there is no visit.
        HTTPException: 403 for a form that is not of this visit, or came from another site.
    """
    visit, form = await _visit(request), await read_form(request)
    is_strange = is_from_elsewhere(request, request.app.state.world.settings.site_url)
    if is_strange or not sessions.is_ours(visit, form.get("csrf")):
        raise HTTPException(403)
    return visit, form


def _of_file(world: World, slug: str) -> Subscription | None:
    try:
        path = next((path for path in profiles.find(world.settings.profiles) if path.stem == slug), None)
        profile = profiles.load(path) if path else None
    except ProfileError:
        return None
    return unkept(world, profile) if profile else None


CurrentVisit = Annotated[sessions.Visit, Depends(_visit)]
"""A handler's argument that is the visit."""

CheckedForm = Annotated[tuple[sessions.Visit, Form], Depends(_checked)]
"""A handler's argument that is the visit and its form."""
