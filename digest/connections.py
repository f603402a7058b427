"""Connections that are opened only to addresses that were looked at, and that end when their time is up.

A name is resolved here, each address it has is checked, and the connection goes to the very address that was checked:
a name that resolves to something else a moment later (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import math
import socket
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from digest.errors import FetchError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Resolver = Callable[[str, int], Sequence[str]]
    """The addresses of a host, as `socket.getaddrinfo` orders them; raises OSError where there is none."""

ADDRESSES_TRIED = 4
"""Of a host with many addresses that do not answer, so many are tried."""

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052, section 2.1
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")  # RFC 8215


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host by the system's resolver.

    Raises:
        OSError: it has none, or the resolver cannot be reached.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label that is too long
        raise socket.gaierror(socket.EAI_NONAME, "no name that a host can have") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet: not private, loopback, link-local, shared, reserved.

    An IPv4 address inside an IPv6 one (mapped, 6to4, NAT64) counts for itself.
    """
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        if found.is_site_local or found in _LOCAL_NAT64:
            return False
        inner = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast and not found.is_reserved


class Backend(httpcore.NetworkBackend):
    """Opens connections for `Transport`: to any address, or with `public_only` to public ones, by way of `sockets`.

    What is read and written after `deadline`, in seconds of `monotonic`, ends in a time-out.
    """

    def __init__(
        self,
        resolver: Resolver,
        monotonic: Callable[[], float],
        sockets: httpcore.NetworkBackend,
        *,
        public_only: bool,
    ) -> None:
        self.deadline = math.inf
        self._resolve = resolver
        self._monotonic = monotonic
        self._public_only = public_only
        self._sockets = sockets

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address that takes one.

        Raises:
            FetchError: the host has no address, or one that is not public where it has to be; nothing was opened then.
            httpcore.ConnectError, httpcore.ConnectTimeout: no address takes a connection.
        """
        failure: Exception | None = None
        for address in self._addresses(host, port)[:ADDRESSES_TRIED]:
            try:
                stream = self._sockets.connect_tcp(address, port, self.left(timeout), local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(stream, address, self)
        raise failure or httpcore.ConnectError("no address")

    def left(self, timeout: float | None) -> float:
        """The time-out of one step: what is left until the deadline, if that is less.

        Raises:
            httpcore.ReadTimeout: nothing is left.
        """
        left = self.deadline - self._monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("out of time")
        return left if timeout is None else min(timeout, left)

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            ipaddress.ip_address(host)
        except ValueError:
            try:
                addresses = self._resolve(host, port)
            except OSError as error:
                is_unknown = isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME
                why = error.strerror or "it has no address"
                raise FetchError(host, f"not found: {why[:1].lower()}{why[1:]}", is_transient=not is_unknown) from error
        else:
            addresses = [host]
        # One bad address among good ones is enough: no honest public host has it.
        if self._public_only and (private := [each for each in addresses if not is_public(each)]):
            raise FetchError(
                host, f"a public server led to {private[0]}, which is no public address: refused", is_transient=False
            )
        return addresses


class _Stream(httpcore.NetworkStream):
    """A connection that ends at its backend's deadline, and knows the address it was opened to."""

    def __init__(self, stream: httpcore.NetworkStream, address: str, backend: Backend) -> None:
        self._stream = stream
        self._address = address
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._backend.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._backend.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inside = self._stream.start_tls(ssl_context, server_hostname, self._backend.left(timeout))
        return _Stream(inside, self._address, self._backend)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  (httpcore's own type)
        return self._address if info == "address" else self._stream.get_extra_info(info)


class Transport(httpx.BaseTransport):
    """HTTP/1.1 over the connections of a `Backend`; raises httpcore's exceptions.

    httpx's own transport takes no backend, which is why this one stands here.
    """

    def __init__(self, backend: Backend, context: ssl.SSLContext) -> None:
        self.backend = backend
        self._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=backend, keepalive_expiry=5.0)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the response's body is still to be read, and the response to be closed."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        answer = self._pool.handle_request(
            httpcore.Request(
                request.method, url, headers=request.headers.raw, content=request.read(), extensions=request.extensions
            )
        )
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer),
            extensions=answer.extensions,
            request=request,
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


def address_of(response: httpx.Response) -> str:
    """The IP address of the server that a `Transport`'s response came from."""
    return str(response.extensions["network_stream"].get_extra_info("address"))


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
