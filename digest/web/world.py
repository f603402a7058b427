"""What the handlers of one site share: the installation, the clock and what is made once."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from digest import days, secret, tokens
from digest.correspondence import send_due
from digest.errors import DigestError
from digest.signed_links import SignedLinks
from digest.web import sessions
from digest.web.foreseen import Foresight
from digest.web.glance import Glance
from digest.web.network import Limiter
from digest.web.pages import Pages

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from digest.clock import Clock
    from digest.settings import Settings
    from digest.store import Store
    from digest.store.search import Found
    from digest.web.network import Network


@dataclass(frozen=True, kw_only=True)
class World:
    """One site. Threads share it.

    `similar` keeps the papers like one, by its id and the number of the last paper there was.
    """

    settings: Settings
    store: Store
    clock: Clock
    environment: Mapping[str, str] = field(repr=False)
    limiter: Limiter = field(default_factory=Limiter)
    similar: OrderedDict[tuple[str, int], list[Found]] = field(default_factory=OrderedDict)

    def now(self) -> datetime:
        """The instant it is, in whole seconds."""
        return self.clock.now().replace(microsecond=0)

    def today(self) -> date:
        """The day it is by the installation's clocks."""
        return days.day_in(self.now(), self.settings.timezone, self.now().date())

    @cached_property
    def secret(self) -> bytes:
        """The installation's own."""
        return secret.load(self.settings.secret)

    @cached_property
    def token_key(self) -> bytes:
        """What links are signed with."""
        return tokens.key(self.secret)

    @cached_property
    def visit_key(self) -> bytes:
        """What visits are signed with."""
        return sessions.key(self.secret)

    @cached_property
    def links(self) -> SignedLinks:
        """The links of mails, which lead here."""
        return SignedLinks(self.secret, self.settings.site_url)

    @cached_property
    def pages(self) -> Pages:
        """The templates."""
        return Pages(self.settings)

    @cached_property
    def foresight(self) -> Foresight:
        """What profiles would have chosen."""
        return Foresight(self.store, self.settings)

    @cached_property
    def glance(self) -> Glance:
        """What the operator sees."""
        return Glance(self.store)

    @cached_property
    def proxies(self) -> tuple[Network, ...]:
        """Whom we believe about where a request comes from."""
        return tuple(ipaddress.ip_network(each) for each in self.settings.trusted_proxies)

    def send_letters(self) -> None:
        """Hand over the letters that are due; what fails stays due for whoever comes by next."""
        try:
            send_due(self.store, self.settings, now=self.now(), environment=self.environment)
        except DigestError as error:
            self.pages.log.warning("letters wait: %s", error)


async def _world(request: Request) -> World:
    found: World = request.app.state.world
    return found


Here = Annotated[World, Depends(_world)]
"""A handler's argument that is the site."""
