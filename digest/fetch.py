"""Fetching a URL politely and with bounds: the one place that asks anything of the internet.

A server is asked for what changed only, not faster than it likes, and is left alone for as long as it says. What it
sends is bounded in time and size, and it cannot lead us into the network that we stand in.
"""

from __future__ import annotations

import secrets
import ssl
import time
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Self

import httpcore
import httpx

from digest.answers import MAX_BYTES, Validators, body, clean, reason_for_failure, redirect_target, retry_after
from digest.connections import Backend, Transport, address_of, is_public, resolve
from digest.errors import FetchError
from digest.turns import LONGEST_REST, TurnsOfRun, domain_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from types import TracebackType

    from digest.connections import Resolver
    from digest.turns import Turns

BACKOFF = 2.0
"""Seconds before the second attempt, on average less a quarter; each further wait is twice as long."""

LONGEST_BACKOFF = 60.0

PATIENCE = 300.0
"""Seconds that one wait for a server may take; one that wants to be left alone for longer is given up for this time."""

ATTEMPTS = 5
REDIRECTS = 5

_UNCHANGED = 304
_ASKED_FOR = "application/atom+xml, application/rss+xml, application/json, application/xml;q=0.9, */*;q=0.5"
_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    httpcore.ProxyError,
    httpx.InvalidURL,
    httpx.StreamError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What fetching needs of the world: the time, waiting, chance, the addresses of hosts, and connections to them.

    `now` gives aware instants, to read dates by; `monotonic` gives seconds, to measure by; `sleep` takes seconds;
    `random` gives numbers from 0 up to 1. `sockets` is only ever given addresses that may be connected to.
    """

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    random: Callable[[], float]
    resolve: Resolver
    sockets: httpcore.NetworkBackend = field(default_factory=httpcore.SyncBackend)


def real_world(now: Callable[[], datetime]) -> World:
    """The world that there is, with a clock for instants."""
    chance = secrets.SystemRandom().random
    return World(now=now, monotonic=time.monotonic, sleep=time.sleep, random=chance, resolve=resolve)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how much: seconds to connect, to wait for the next bytes, and for one answer; bytes of an answer.

    The bytes are counted as they come and once more as they are unpacked.
    """

    connect: float = 10.0
    read: float = 30.0
    total: float = 300.0
    size: int = MAX_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a server answered: the status is 200, or 304 if nothing changed since the validators that were sent.

    `url` is what was asked for, `final_url` what answered after redirects. `content` is unpacked, and empty with 304.
    """

    url: str
    final_url: str
    status: int
    content: bytes
    validators: Validators

    @property
    def is_unchanged(self) -> bool:
        """Whether there is nothing new."""
        return self.status == _UNCHANGED


class Fetcher:
    """Fetches URLs one after the other, for the length of a `with` block; not to be shared between threads.

    `contact` is a mail address or URL for the User-Agent; empty for none. `turns` say when a server may be asked, which
    is a matter of this fetcher alone if not given. Proxies that the environment names are not used: the address that a
    proxy connects to is beyond checking.
    """

    def __init__(
        self, world: World, *, contact: str = "", limits: Limits | None = None, turns: Turns | None = None
    ) -> None:
        self._world = world
        self._turns = turns or TurnsOfRun(world.monotonic)
        self._limits = limits or Limits()
        self._agent = f"paper-digest/{version('paper-digest')}" + (f" (+{contact})" if contact else "")
        context = _tls()
        # Two pools, so that a connection once opened to a private host is not used for one that a public server names.
        self._anywhere, self._public = (
            Transport(Backend(world.resolve, world.monotonic, world.sockets, public_only=public_only), context)
            for public_only in (False, True)
        )

    def get(self, url: str, validators: Validators | None = None) -> Fetched:
        """What the URL holds, or that it is the same as when it came with these validators.

        What may go well a moment later is tried again, with longer and longer waits.

        Raises:
            FetchError: it did not come, or is a page where a feed or an API's answer should be.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._follow(url, validators or Validators())
            except FetchError as error:
                wait = error.retry_after or 0.0
                if not error.is_transient or wait > PATIENCE or attempt == ATTEMPTS:
                    if attempt == 1:
                        raise
                    why = f"{error.why} (tried {attempt} times)"
                    raise FetchError(
                        error.host,
                        why,
                        is_transient=error.is_transient,
                        retry_after=error.retry_after,
                        retry_at=error.retry_at,
                    ) from error
            backoff = min(BACKOFF * 2 ** (attempt - 1), LONGEST_BACKOFF)
            self._world.sleep(max(backoff * (1 + self._world.random()) / 2, wait))

    def close(self) -> None:
        """Close all connections."""
        self._anywhere.close()
        self._public.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _follow(self, url: str, validators: Validators) -> Fetched:
        """One attempt, through all redirects."""
        current, is_from_public = _parsed(url, ""), False
        deadline = self._world.monotonic() + self._limits.total
        cookies = httpx.Cookies()  # some publishers redirect for ever without; none outlasts the attempt
        for _ in range(REDIRECTS + 1):
            deadline += self._wait_for_turn(current.host)
            transport = self._public if is_from_public else self._anywhere
            transport.backend.deadline = deadline
            request = self._request(current, validators, cookies)
            try:
                response = transport.handle_request(request)
                try:
                    is_from_public |= is_public(address_of(response))
                    target = redirect_target(response)
                    if target is None:
                        return self._fetched(url, response, validators)
                finally:
                    response.close()
            except _ERRORS as error:
                raise self._failure(current.host, error, deadline) from error
            finally:
                self._turns.leave_alone(*domain_of(current.host))
            cookies.extract_cookies(response)
            current = _parsed(target, current.host, base=current)
        raise FetchError(current.host, f"more than {REDIRECTS} redirects", is_transient=False)

    def _request(self, url: httpx.URL, validators: Validators, cookies: httpx.Cookies) -> httpx.Request:
        limits = self._limits
        headers = {"User-Agent": self._agent, "Accept": _ASKED_FOR, "Accept-Encoding": "gzip"} | validators.headers()
        timeout = {"connect": limits.connect, "read": limits.read, "write": limits.read, "pool": limits.connect}
        request = httpx.Request("GET", url, headers=headers, cookies=cookies, extensions={"timeout": timeout})
        if url.username or url.password:
            request = next(httpx.BasicAuth(url.username, url.password).auth_flow(request))
        return request

    def _fetched(self, url: str, response: httpx.Response, validators: Validators) -> Fetched:
        host = response.request.url.host
        is_unchanged = response.status_code == _UNCHANGED and bool(validators.headers())
        if not is_unchanged and (failure := reason_for_failure(response)):
            why, is_transient = failure
            wait = retry_after(response, self._world.now()) if is_transient else None
            if wait is not None:
                wait = min(wait, LONGEST_REST)
                self._turns.leave_alone(domain_of(host)[0], wait)
                raise self._left_alone(host, f"{why}, to be left alone", wait)
            raise FetchError(host, why, is_transient=is_transient)
        return Fetched(
            url=url,
            final_url=str(response.request.url),
            status=response.status_code,
            content=b"" if is_unchanged else body(response, self._limits.size),
            # An answer without validators is no reason to forget the old ones.
            validators=Validators.of(response) or (validators if is_unchanged else Validators()),
        )

    def _wait_for_turn(self, host: str) -> float:
        """Wait until the host may be asked again; the seconds that took.

        Raises:
            FetchError: the host wants to be left alone for longer than we wait.
        """
        waited = 0.0
        while wait := self._turns.take(*domain_of(host)):
            if wait > PATIENCE:
                raise self._left_alone(host, "it asked to be left alone", wait)
            self._world.sleep(wait)
            waited += wait
        return waited

    def _left_alone(self, host: str, why: str, wait: float) -> FetchError:
        until = (self._world.now() + timedelta(seconds=wait)).astimezone(UTC).replace(microsecond=0)
        return FetchError(
            host, f"{why} until {until:%Y-%m-%d %H:%M:%S} UTC", is_transient=True, retry_after=wait, retry_at=until
        )

    def _failure(self, host: str, error: Exception, deadline: float) -> FetchError:
        """An exception of the network in words."""
        if isinstance(error, httpcore.TimeoutException):
            if self._world.monotonic() >= deadline:
                why = f"the answer took longer than {self._limits.total:g} s"
            elif isinstance(error, httpcore.ConnectTimeout):
                why = f"no connection within {self._limits.connect:g} s"
            else:
                why = f"nothing came for {self._limits.read:g} s"
            return FetchError(host, why, is_transient=True)
        if certificate := _certificate_fault(error):
            return FetchError(host, f"its certificate is not good: {certificate}", is_transient=False)
        words = clean(str(error)) or type(error).__name__
        is_ours = isinstance(error, (httpcore.LocalProtocolError, httpcore.UnsupportedProtocol, httpx.InvalidURL))
        kind = "no connection" if isinstance(error, httpcore.ConnectError) else "the answer broke off or is no HTTP"
        return FetchError(host, f"{'cannot be asked' if is_ours else kind}: {words}", is_transient=not is_ours)


@cache
def _tls() -> ssl.SSLContext:
    """How certificates are checked; reading those that are trusted takes a tenth of a second."""
    return httpx.create_ssl_context()


def _parsed(url: str, asking: str, base: httpx.URL | None = None) -> httpx.URL:
    """A URL that may be asked; `asking` is the host that named it, empty if the user did.

    Raises:
        FetchError: it is none, or is not of HTTP.
    """
    led = "it redirects to " if base else ""
    try:
        parsed = base.join(url) if base else httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchError(asking or clean(url), f"{led}no URL: {clean(str(error))}", is_transient=False) from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        what = f"{clean(parsed.scheme)}:" if parsed.scheme else "nothing"
        raise FetchError(asking or parsed.host, f"{led}{what}, which is not http or https", is_transient=False)
    return parsed


def _certificate_fault(error: BaseException | None) -> str | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return clean(error.verify_message)
        error = error.__cause__ or error.__context__
    return None
