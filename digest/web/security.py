"""What is true of every answer and of every request before anybody looks at it; plain ASGI, around all of the site.

Headers: https://www.w3.org/TR/CSP3, RFC 6797 (HSTS), https://www.w3.org/TR/referrer-policy. Tokens stand in URLs, so
no page tells where its reader came from, and nothing is written about who asked for what.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from digest.web.forms import LARGEST
from digest.web.network import Asking, network_of
from digest.web.sessions import PATH

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from digest.web.world import World

LONGEST_URL = 8000
"""Bytes of a path and a query."""

PERSONAL = re.compile(rf"/(?:[mlipuc]/|(?:{PATH.strip('/')}|operator)(?:/|$))")
"""Pages that are one reader's, or the operator's."""

_LOG = logging.getLogger(__name__)
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src {styles}; img-src {pictures}; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_YEAR = 365 * 24 * 3600


def policy(*, styles: str = "'self'", pictures: str = "'self'") -> str:
    """The Content-Security-Policy of a page: no script but ours, none in the page, nothing from elsewhere."""
    return _POLICY.format(styles=styles, pictures=pictures)


class Guard:
    """Around the site: refuses what is too large or too much, answers HEAD, and adds the headers to all answers.

    Whatever goes wrong within becomes a calm page, and one line of the log that names no URL.
    """

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app, self._world = app, world
        self._is_safe = world.settings.site_url.startswith("https://")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"
        if is_head:
            scope = {**scope, "method": "GET"}
        has_begun = False

        async def answered(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                self._dress(scope["path"], MutableHeaders(scope=message))
            elif is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        if refused := self._refused(scope):
            await refused(scope, receive, answered)
            return
        try:
            await self._app(scope, receive, answered)
        except Exception:
            # The traceback names lines of ours; the URL, which may hold a token, is in none of them.
            _LOG.exception("a page failed")
            if has_begun:
                raise
            await self._world.pages.failure(500)(scope, receive, answered)

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        size = headers.get("content-length", "0")
        if not (size.isascii() and size.isdecimal()):
            return self._world.pages.failure(400)
        if len(size) > len(str(LARGEST)) or int(size) > LARGEST:
            return self._world.pages.failure(413)
        if len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"]) > LONGEST_URL:
            return self._world.pages.failure(414)
        client = scope.get("client")
        network = network_of(client[0] if client else None, headers, self._world.proxies)
        scope["state"] = {**scope.get("state", {}), "network": network}
        asking = Asking.LOOK if scope["method"] == "GET" else Asking.WORK
        wait = self._world.limiter.wait(network, asking, self._world.now())
        return None if wait is None else self._world.pages.failure(429, retry(wait))

    def _dress(self, path: str, headers: MutableHeaders) -> None:
        for name, value in _ALWAYS.items():
            headers[name] = value
        headers.setdefault("Content-Security-Policy", policy())
        if PERSONAL.match(path):
            headers["Cache-Control"] = "private, no-store"
        headers.setdefault("Cache-Control", "no-store")
        if self._is_safe:
            headers["Strict-Transport-Security"] = f"max-age={_YEAR}"


def retry(wait: timedelta) -> Mapping[str, str]:
    """The header that says when to come back (RFC 9110, section 10.2.3)."""
    return {"Retry-After": str(max(1, round(wait.total_seconds())))}
