"""Fetching from a real server on loopback that misbehaves; time, waiting and chance are the tests' own."""

from __future__ import annotations

import gzip
import http.server
import socket
import ssl
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from digest.answers import Validators
from digest.errors import FetchError
from digest.fetch import ATTEMPTS, BACKOFF, PATIENCE, Fetcher, Limits, World
from digest.store import Store
from digest.store.turns import StoredTurns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

FEED = b'<?xml version="1.0"?><rss version="2.0"><channel><title>Rivers</title></channel></rss>'
START = datetime(2025, 3, 14, 6, tzinfo=UTC)
PUBLIC = "93.184.215.14"

Send = Callable[[http.server.BaseHTTPRequestHandler], None]
"""How a server answers one request."""


def answer(body: bytes = FEED, status: int = 200, /, **headers: str) -> Send:
    """An answer as a function of the handler; of header names, underscores stand for hyphens."""

    def send(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if status != 304:
            named.setdefault("Content-Length", str(len(body)))
        for name, value in named.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return send


def raw(*pieces: bytes) -> Send:
    """Bytes put on the line as they are, after which the server hangs up."""

    def send(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        for piece in pieces:
            handler.wfile.write(piece)

    return send


class Server:
    """A server on loopback whose answers tests write: those of a path in turn, the last one for ever."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Send]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.waiting = threading.Event()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                due = server.answers[self.path]
                try:
                    (due.pop(0) if len(due) > 1 else due[0])(self)
                except OSError:
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
                """Be silent."""

        class Quiet(http.server.ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                """Say nothing of clients that hang up: that is what they are tested for."""

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.port = self._server.server_address[1]

    def url(self, path: str = "/feed", host: str = "127.0.0.1") -> str:
        """Where a path is."""
        return f"http://{host}:{self.port}{path}"

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [path for path, _ in self.requests]

    def use(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def close(self) -> None:
        """Stop; handlers that wait are let go."""
        self.waiting.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    """A server for one test."""
    running = Server()
    yield running
    running.close()


class Loopback(httpcore.NetworkBackend):
    """Sockets that note the address they are to connect to, and connect to loopback whatever it is."""

    def __init__(self) -> None:
        self.connected: list[str] = []
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the same port of loopback."""
        self.connected.append(host)
        return self._sockets.connect_tcp("127.0.0.1", port, timeout, local_address, socket_options)


@dataclass
class Time:
    """A clock that only sleeping moves, and `tick` seconds each time it is read; resolves names from a table."""

    seconds: float = 1000.0
    tick: float = 0.0
    slept: list[float] = field(default_factory=list)
    hosts: dict[str, list[Sequence[str]]] = field(default_factory=dict)
    sockets: Loopback = field(default_factory=Loopback)

    def monotonic(self) -> float:
        """Seconds."""
        self.seconds += self.tick
        return self.seconds

    def now(self) -> datetime:
        """The same clock as an instant."""
        return START + timedelta(seconds=self.seconds - 1000.0)

    def sleep(self, seconds: float) -> None:
        """Be later."""
        assert seconds > 0
        self.slept.append(seconds)
        self.seconds += seconds

    def resolve(self, host: str, _port: int) -> Sequence[str]:
        """The next addresses of a host, the last ones for ever."""
        if host not in self.hosts:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        due = self.hosts[host]
        return due.pop(0) if len(due) > 1 else due[0]

    def world(self, chance: float = 0.0) -> World:
        """A world with this clock in which every number drawn is the same."""
        return World(
            now=self.now,
            monotonic=self.monotonic,
            sleep=self.sleep,
            random=lambda: chance,
            resolve=self.resolve,
            sockets=self.sockets,
        )


@pytest.fixture
def time() -> Time:
    """The test's clock."""
    return Time()


@pytest.fixture
def fetcher(time: Time) -> Iterator[Fetcher]:
    """A fetcher with the test's clock and short limits."""
    with Fetcher(time.world(), limits=Limits(connect=2.0, read=2.0, total=60.0, size=100_000)) as made:
        yield made


def failure(fetcher: Fetcher, url: str, validators: Validators | None = None) -> FetchError:
    """The error that fetching ends in."""
    with pytest.raises(FetchError) as caught:
        fetcher.get(url, validators)
    return caught.value


# What comes


def test_content_comes_as_it_was_sent(server: Server, fetcher: Fetcher) -> None:
    """Bytes, where they came from, and what tells whether they changed."""
    server.answers["/feed"] = [answer(ETag='"one"', Last_Modified="Fri, 14 Mar 2025 00:00:00 GMT")]
    fetched = fetcher.get(server.url())
    assert (fetched.status, fetched.content, fetched.is_unchanged) == (200, FEED, False)
    assert fetched.url == fetched.final_url == server.url()
    assert fetched.validators == Validators(etag='"one"', last_modified="Fri, 14 Mar 2025 00:00:00 GMT")


@pytest.mark.parametrize("contact", ["", "digest@example.org", "https://example.org/digest"])
def test_servers_are_told_who_asks(server: Server, time: Time, contact: str) -> None:
    """The User-Agent has name and version, and the contact if there is one; only gzip is asked for."""
    server.answers["/feed"] = [answer()]
    with Fetcher(time.world(), contact=contact) as fetcher:
        fetcher.get(server.url())
    (_, headers), *_ = server.requests
    name, _, rest = headers["user-agent"].partition(" ")
    assert name.startswith("paper-digest/")
    assert rest == (f"(+{contact})" if contact else "")
    assert headers["accept-encoding"] == "gzip"
    assert "if-none-match" not in headers


def test_an_unchanged_feed_is_not_sent_again(server: Server, fetcher: Fetcher) -> None:
    """The validators go back as they came, and 304 is an outcome with nothing in it."""
    server.answers["/feed"] = [answer(ETag='W/"one"', Last_Modified="some day"), answer(b"", 304)]
    first = fetcher.get(server.url())
    second = fetcher.get(server.url(), first.validators)
    assert (second.status, second.is_unchanged, second.content) == (304, True, b"")
    assert second.validators == first.validators
    sent = server.requests[1][1]
    assert (sent["if-none-match"], sent["if-modified-since"]) == ('W/"one"', "some day")


def test_unchanged_since_nothing_is_a_failure(server: Server, fetcher: Fetcher) -> None:
    """A 304 to who has nothing is no answer."""
    server.answers["/feed"] = [answer(b"", 304)]
    assert "304" in failure(fetcher, server.url()).why


def test_validators_that_cannot_be_sent_back_are_dropped(server: Server, fetcher: Fetcher) -> None:
    """A tag with letters beyond ASCII, or without end, is as good as none."""
    server.answers["/feed"] = [answer(ETag='"café"', Last_Modified="x" * 2000)]
    assert not fetcher.get(server.url()).validators


@pytest.mark.parametrize("charset", ["latin-1", "klingon", "utf-8; charset=utf-16", '"'])
def test_a_wrong_charset_changes_no_byte(server: Server, fetcher: Fetcher, charset: str) -> None:
    """What the header says of the encoding is left to the reader of the format."""
    body = FEED.replace(b"Rivers", "Flüsse".encode())
    server.answers["/feed"] = [answer(body, Content_Type=f"text/html; charset={charset}")]
    assert fetcher.get(server.url()).content == body


# Again, later


def test_what_fails_for_a_moment_is_tried_again(server: Server, fetcher: Fetcher, time: Time) -> None:
    """503 twice and then 200 is 200, with a longer wait before each attempt."""
    server.answers["/feed"] = [answer(b"", 503), answer(b"", 503), answer()]
    assert fetcher.get(server.url()).content == FEED
    assert len(server.requests) == 3
    # The draw of 0 is the shortest wait: half of 2 s, then half of 4 s; the gap of 1 s is over by then.
    assert time.slept == [BACKOFF / 2, BACKOFF]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_attempts_come_to_an_end(server: Server, fetcher: Fetcher, status: int) -> None:
    """A server that stays down is given up, as what may go well another time."""
    server.answers["/feed"] = [answer(b"", status)]
    error = failure(fetcher, server.url())
    assert error.is_transient
    assert error.host == "127.0.0.1"
    assert error.why.startswith(str(status))
    assert error.why.endswith(f"(tried {ATTEMPTS} times)")
    assert len(server.requests) == ATTEMPTS


def test_chance_spreads_the_waits(server: Server, time: Time) -> None:
    """Bounds double, and a wait lies between the half and the whole of its bound."""
    server.answers["/feed"] = [answer(b"", 500)]
    draws = iter([0.0, 0.25, 0.5, 0.75])
    world = replace(time.world(), random=lambda: next(draws))
    with Fetcher(world) as fetcher:
        failure(fetcher, server.url())
    assert ATTEMPTS == 5
    assert time.slept == [BACKOFF * share for share in (0.5, 2 * 0.625, 4 * 0.75, 8 * 0.875)]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451, 501, 204, 206])
def test_what_will_not_go_well_is_asked_once(server: Server, fetcher: Fetcher, time: Time, status: int) -> None:
    """An answer that means no, or is no content, is final."""
    server.answers["/feed"] = [answer(b"", status)]
    error = failure(fetcher, server.url())
    assert not error.is_transient
    assert error.why.startswith(str(status))
    assert (len(server.requests), time.slept) == (1, [])


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    "said", ["40", format_datetime(START + timedelta(seconds=40), usegmt=True)], ids=["seconds", "date"]
)
def test_a_server_says_when_to_come_back(server: Server, fetcher: Fetcher, time: Time, status: int, said: str) -> None:
    """Retry-After is obeyed in both its forms."""
    server.answers["/feed"] = [answer(b"", status, Retry_After=said), answer()]
    assert fetcher.get(server.url()).content == FEED
    assert sum(time.slept) == pytest.approx(40)


def test_a_server_that_wants_peace_has_it_from_all_sources(server: Server, fetcher: Fetcher, time: Time) -> None:
    """A wait beyond our patience ends the attempt, and no other URL of the host is asked before it is over."""
    server.answers["/feed"] = [answer(b"", 429, Retry_After="7200")]
    server.answers["/other"] = [answer()]
    error = failure(fetcher, server.url())
    assert error.why == "429 Too Many Requests, to be left alone until 2025-03-14 08:00:00 UTC"
    assert (error.is_transient, error.retry_after, error.retry_at) == (True, 7200, START + timedelta(hours=2))
    other = failure(fetcher, server.url("/other"))
    assert (other.is_transient, other.retry_at) == (True, START + timedelta(hours=2))
    assert other.why == "it asked to be left alone until 2025-03-14 08:00:00 UTC"
    assert (server.paths(), time.slept) == (["/feed"], [])
    time.seconds += 7200 - PATIENCE + 1
    assert fetcher.get(server.url("/other")).content == FEED
    assert sum(time.slept) == pytest.approx(PATIENCE - 1)


def test_a_rest_is_known_to_the_next_fetcher(server: Server, time: Time, tmp_path: Path) -> None:
    """Another run on the same database asks nothing before the time that the server named, and then does."""
    server.answers["/feed"] = [answer(b"", 503, Retry_After="3600"), answer()]
    with Store(tmp_path / "digest.sqlite3") as store:
        for _ in range(2):
            with Fetcher(time.world(), turns=StoredTurns(store, time.now)) as fetcher:
                error = failure(fetcher, server.url())
                assert error.retry_at == START + timedelta(hours=1)
                time.seconds += 600
        assert (len(server.requests), time.slept) == (1, [])
        time.seconds += 2400
        with Fetcher(time.world(), turns=StoredTurns(store, time.now)) as fetcher:
            assert fetcher.get(server.url()).content == FEED
            fetcher.get(server.url())
    assert time.slept == [1.0]


@pytest.mark.parametrize("said", ["999999999", "Fri, 31 Dec 9999 23:59:59 -1200"])
def test_nobody_is_left_alone_for_years(server: Server, fetcher: Fetcher, said: str) -> None:
    """A time as far away as can be said is one of a week."""
    server.answers["/feed"] = [answer(b"", 429, Retry_After=said)]
    assert failure(fetcher, server.url()).retry_at == START + timedelta(days=7)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "said",
    ["", "soon", "-5", "1e3", "٣", "Fri, 14 Mar 1825 00:00:00 GMT", "Fri, 99 Mar 2025 99:00:00 GMT", "9" * 5000],
)
def test_an_odd_retry_after_is_no_reason_to_stop(server: Server, fetcher: Fetcher, said: str) -> None:
    """What is no time, or one long past, leaves us with our own waits."""
    server.answers["/feed"] = [answer(b"", 503, Retry_After=said), answer()]
    assert fetcher.get(server.url()).content == FEED


def test_requests_to_a_host_keep_their_distance(server: Server, fetcher: Fetcher, time: Time) -> None:
    """A second between two requests; what time has passed anyway counts."""
    server.answers["/feed"] = [answer()]
    fetcher.get(server.url())
    fetcher.get(server.url())
    assert time.slept == [1.0]
    time.seconds += 0.25
    fetcher.get(server.url())
    assert time.slept == [1.0, 0.75]
    time.seconds += 5
    fetcher.get(server.url())
    assert len(time.slept) == 2


def test_arxiv_is_asked_every_three_seconds(server: Server, fetcher: Fetcher, time: Time) -> None:
    """All hosts of arXiv count as one; a host whose name only ends alike does not."""
    server.answers["/feed"] = [answer()]
    hosts = ("rss.arxiv.org", "export.arxiv.org", "arxiv.org", "notarxiv.org", "example.org")
    time.hosts = {host: [[PUBLIC]] for host in hosts}
    for host in hosts:
        fetcher.get(server.url(host=host))
    assert time.slept == [3.0, 3.0]


# What breaks


def test_a_body_that_is_cut_off_is_tried_again(server: Server, fetcher: Fetcher) -> None:
    """Half a feed is none, whether the length was declared, chunks were, or gzip ends early."""
    zipped = gzip.compress(FEED)
    server.answers["/feed"] = [
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", FEED),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n", FEED),
        answer(zipped[:-9], Content_Encoding="gzip"),
        answer(),
    ]
    assert fetcher.get(server.url()).content == FEED
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "said", [b"", b"\x00\x01\x02\r\n\r\n", b"HTTP/9.9 -1 \r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"]
)
def test_what_is_no_http_is_a_failure_in_words(server: Server, fetcher: Fetcher, said: bytes) -> None:
    """A line that closes, or speaks another language, may do better next time."""
    server.answers["/feed"] = [raw(said)]
    error = failure(fetcher, server.url())
    assert error.is_transient
    assert "broke off or is no HTTP" in error.why
    assert "\n" not in str(error)


def test_a_server_that_falls_silent_is_left(server: Server, time: Time) -> None:
    """Nothing for as long as the limit says ends the attempt."""

    def stall(handler: http.server.BaseHTTPRequestHandler) -> None:
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", FEED[:10])(handler)
        server.waiting.wait(10)

    server.answers["/feed"] = [stall, answer()]
    with Fetcher(time.world(), limits=Limits(read=0.05)) as fetcher:
        assert fetcher.get(server.url()).content == FEED
        server.answers["/feed"] = [stall]
        error = failure(fetcher, server.url())
    assert error.is_transient
    assert error.why.startswith("nothing came for 0.05 s")


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_server_that_trickles_is_left(server: Server, time: Time, part: str) -> None:
    """Some bytes now and then do not keep a connection beyond the limit for the whole, in the headers neither."""
    trickle = [b"X-Trickle: 1\r\n" if part == "head" else b"<!-- -->"] * 500
    end = b"" if part == "head" else b"\r\n"

    def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        for piece in [b"HTTP/1.1 200 OK\r\n" + end, *trickle]:
            handler.wfile.write(piece)
            server.waiting.wait(0.001)

    time.tick = 0.5  # each look at the clock is half a second later
    server.answers["/feed"] = [drip]
    with Fetcher(time.world(), limits=Limits(total=20.0)) as fetcher:
        error = failure(fetcher, server.url())
    assert error.is_transient
    assert error.why.startswith("the answer took longer than 20 s")


def test_nobody_there_is_a_failure_that_may_pass(time: Time) -> None:
    """A refused connection is tried again and then named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with Fetcher(time.world()) as fetcher:
        error = failure(fetcher, f"http://127.0.0.1:{port}/feed")
    assert error.is_transient
    assert "no connection" in error.why


def test_an_unknown_host_is_final_and_a_silent_resolver_is_not(fetcher: Fetcher, time: Time) -> None:
    """A name that does not exist will not exist in a minute; a network that is down may be up."""
    unknown = failure(fetcher, "http://nowhere.example.org/feed")
    assert (unknown.host, unknown.is_transient) == ("nowhere.example.org", False)
    assert unknown.why == "not found: name or service not known"

    def down(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    with Fetcher(replace(time.world(), resolve=down)) as another:
        assert failure(another, "http://feeds.example.org/feed").is_transient


def test_the_next_address_is_tried(server: Server, time: Time) -> None:
    """A host with an address that takes no connection is reached at another."""

    class Picky(Loopback):
        def connect_tcp(self, host: str, *rest: Any, **named: Any) -> httpcore.NetworkStream:  # noqa: ANN401
            if host != PUBLIC:
                self.connected.append(host)
                raise httpcore.ConnectError("no route")
            return super().connect_tcp(host, *rest, **named)

    time.sockets = Picky()
    time.hosts["feeds.example.org"] = [["2606:2800:21f::1", PUBLIC]]
    server.answers["/feed"] = [answer()]
    with Fetcher(time.world()) as fetcher:
        assert fetcher.get(server.url(host="feeds.example.org")).content == FEED
    assert time.sockets.connected == ["2606:2800:21f::1", PUBLIC]


def test_a_certificate_that_is_not_good_is_final(server: Server, fetcher: Fetcher, tmp_path: Path) -> None:
    """TLS is never given up: who cannot prove a name is not asked."""
    server.use(self_signed(tmp_path))
    server.answers["/feed"] = [answer()]
    error = failure(fetcher, server.url().replace("http:", "https:"))
    assert not error.is_transient
    assert error.why.startswith("its certificate is not good: self")
    assert server.requests == []


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "feeds.example.org")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


# What is too much, or of no use


def test_gzip_is_unpacked(server: Server, fetcher: Fetcher) -> None:
    """Of one member or several, with padding behind; in any case the same bytes."""
    two = gzip.compress(FEED[:20]) + gzip.compress(FEED[20:])
    for packed in (gzip.compress(FEED), two, two + b"\0" * 100):
        for coding in ("gzip", "X-GZIP"):
            server.answers["/feed"] = [answer(packed, Content_Encoding=coding)]
            assert fetcher.get(server.url()).content == FEED


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 99_999, 100_000])
def test_what_is_unpacked_in_pieces_is_whole(server: Server, fetcher: Fetcher, size: int) -> None:
    """Lengths around those of the pieces lose nothing, up to the limit itself."""
    content = b"<a>" + b"\n" * (size - 3)
    server.answers["/feed"] = [answer(gzip.compress(content), Content_Encoding="gzip")]
    assert fetcher.get(server.url()).content == content


def test_a_gzip_bomb_is_refused_before_it_is_large(server: Server, time: Time) -> None:
    """A megabyte that would become a gigabyte is left at the limit; neither time nor memory goes with it."""
    packer = zlib.compressobj(wbits=31)
    megabyte = bytes(2**20)
    bomb = b"".join([packer.compress(b"<a>"), *(packer.compress(megabyte) for _ in range(64)), packer.flush()])
    assert len(bomb) < 100_000
    server.answers["/feed"] = [answer(bomb * 16, Content_Encoding="gzip")]
    with Fetcher(time.world(), limits=Limits(size=2**20)) as fetcher:
        error = failure(fetcher, server.url())
    assert (error.why, error.is_transient) == ("the answer is longer than 1 MiB", False)


def test_a_gigabyte_is_refused_unread(server: Server, fetcher: Fetcher) -> None:
    """By its declared length, before the first byte of it."""
    server.answers["/feed"] = [raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")]
    assert failure(fetcher, server.url()).why == "the answer is longer than 100,000 bytes"


def test_a_body_without_end_is_left_at_the_limit(server: Server, fetcher: Fetcher) -> None:
    """A length that is not declared is counted."""
    sent = 0

    def flood(handler: http.server.BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.close_connection = True
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not server.waiting.is_set():
            sent += handler.wfile.write(b"<a>" * 10_000)

    server.answers["/feed"] = [flood]
    assert failure(fetcher, server.url()).why == "the answer is longer than 100,000 bytes"
    assert sent < 50_000_000  # what fits into the buffers of a socket


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (b"<!DOCTYPE html><html><head><title>Down for\x1b[31m\n maintenance</title>", "('Down for [31m maintenance') "),
        (b"\xef\xbb\xbf\n<HTML lang=en><body>Sorry", ""),
        (b'<?xml version="1.0"?><!-- x --><!doctype HTML PUBLIC "-//W3C//DTD XHTML 1.0//EN"><html>', ""),
    ],
)
def test_a_page_is_no_feed(server: Server, fetcher: Fetcher, page: bytes, said: str) -> None:
    """An HTML page with status 200 is a failure that tells the page's title."""
    server.answers["/feed"] = [answer(page, Content_Type="application/rss+xml")]
    error = failure(fetcher, server.url())
    assert error.why == f"an HTML page {said}where a feed should be"


@pytest.mark.parametrize("body", [b"", b"\n \n"])
def test_an_empty_answer_is_none(server: Server, fetcher: Fetcher, body: bytes) -> None:
    """Nothing with status 200 may be something later."""
    server.answers["/feed"] = [answer(body), answer()]
    assert fetcher.get(server.url()).content == FEED


def test_packing_that_was_not_asked_for_is_named(server: Server, fetcher: Fetcher) -> None:
    """Brotli is not unpacked, and what claims to be gzip and is not is tried again."""
    server.answers["/feed"] = [answer(b"\x0b\x02", Content_Encoding="br")]
    assert failure(fetcher, server.url()).why == "the answer is packed as 'br', which was not asked for"
    server.answers["/feed"] = [answer(FEED, Content_Encoding="gzip")]
    error = failure(fetcher, server.url())
    assert error.is_transient
    assert "says that it is gzip and is not" in error.why


# Where it leads


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(server: Server, fetcher: Fetcher, status: int) -> None:
    """Relative or whole, a redirect leads to the content, and both URLs are told."""
    server.answers["/feed"] = [answer(b"", status, Location="../there?x=1")]
    server.answers["/there?x=1"] = [answer(b"", status, Location=server.url("/end"))]
    server.answers["/end"] = [answer()]
    fetched = fetcher.get(server.url())
    assert (fetched.content, fetched.url, fetched.final_url) == (FEED, server.url(), server.url("/end"))


def test_cookies_last_for_one_fetch(server: Server, fetcher: Fetcher) -> None:
    """A publisher that redirects until its cookie comes back gets it, and no later fetch has it."""
    server.answers["/feed"] = [answer(b"", 302, Location="/end", Set_Cookie="seen=1; Path=/")]
    server.answers["/end"] = [answer()]
    fetcher.get(server.url())
    fetcher.get(server.url("/end"))
    assert [headers.get("cookie") for _, headers in server.requests] == [None, "seen=1", None]


def test_a_password_stays_with_its_host(server: Server, fetcher: Fetcher, time: Time) -> None:
    """Name and password of a URL go to its host, and not where that redirects to, nor into a message."""
    time.hosts = {"feeds.example.org": [[PUBLIC]], "other.example.org": [[PUBLIC]]}
    server.answers["/feed"] = [answer(b"", 302, Location=server.url("/end", "other.example.org"))]
    server.answers["/end"] = [answer(b"", 404)]
    error = failure(fetcher, server.url(host="ada:secret@feeds.example.org"))
    assert "secret" not in str(error)
    assert [headers.get("authorization") for _, headers in server.requests] == ["Basic YWRhOnNlY3JldA==", None]


def test_a_redirect_in_a_circle_comes_to_an_end(server: Server, fetcher: Fetcher) -> None:
    """Five redirects are followed, and the sixth is not."""
    server.answers["/feed"] = [answer(b"", 302, Location="/feed")]
    error = failure(fetcher, server.url())
    assert (error.why, error.is_transient) == ("more than 5 redirects", False)
    assert len(server.requests) == 6
    for step in range(5):
        server.answers[f"/{step}"] = [answer(b"", 302, Location=f"/{step + 1}")]
    server.answers["/5"] = [answer()]
    assert fetcher.get(server.url("/0")).content == FEED


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "ftp://example.org/feed", "gopher://example.org", "javascript:alert(1)"],
)
def test_redirects_lead_to_http_only(server: Server, fetcher: Fetcher, target: str) -> None:
    """No file, no other protocol."""
    server.answers["/feed"] = [answer(b"", 302, Location=target)]
    error = failure(fetcher, server.url())
    assert not error.is_transient
    assert error.why.startswith("it redirects to")
    assert len(server.requests) == 1


@pytest.mark.parametrize("target", ["http://[::1", "http://exa mple.org/", "http://a:99999/", "\x7f", "http://", "//"])
def test_a_redirect_to_nowhere_is_named(server: Server, fetcher: Fetcher, target: str) -> None:
    """What is no URL is a failure in words."""
    server.answers["/feed"] = [answer(b"", 302, Location=target)]
    server.answers["/%7F"] = [answer(b"", 404)]
    error = failure(fetcher, server.url())
    assert not error.is_transient
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.0.0.8",
        "192.168.1.1",
        "172.16.9.9",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104  (an address to be refused)
        "[::1]",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:10.0.0.8]",
        "[64:ff9b::a00:8]",
        "intranet.example.org",
    ],
)
def test_a_public_server_leads_to_no_private_address(server: Server, fetcher: Fetcher, time: Time, host: str) -> None:
    """The redirect is refused before any connection is opened, whether the host is an address or has one."""
    time.hosts = {"feeds.example.org": [[PUBLIC]], "intranet.example.org": [["10.0.0.8"]]}
    server.answers["/feed"] = [answer(b"", 302, Location=f"http://{host}:{server.port}/secret")]
    server.answers["/secret"] = [answer()]
    error = failure(fetcher, server.url(host="feeds.example.org"))
    assert "no public address: refused" in error.why
    assert not error.is_transient
    assert time.sockets.connected == [PUBLIC]
    assert server.paths() == ["/feed"]


def test_one_private_address_among_public_ones_is_refused(server: Server, fetcher: Fetcher, time: Time) -> None:
    """No honest public host has one."""
    time.hosts = {"feeds.example.org": [[PUBLIC]], "mixed.example.org": [[PUBLIC, "10.0.0.8"]]}
    server.answers["/feed"] = [answer(b"", 302, Location=server.url("/x", "mixed.example.org"))]
    assert "10.0.0.8" in failure(fetcher, server.url(host="feeds.example.org")).why
    assert time.sockets.connected == [PUBLIC]


def test_a_name_that_changes_its_address_gains_nothing(server: Server, fetcher: Fetcher, time: Time) -> None:
    """A public name that is private on the second look (DNS rebinding) is refused on the way back to it."""
    time.hosts = {"feeds.example.org": [[PUBLIC], ["127.0.0.1"]]}
    server.answers["/feed"] = [answer(b"", 302, Location="/secret")]
    server.answers["/secret"] = [answer()]
    assert "127.0.0.1" in failure(fetcher, server.url(host="feeds.example.org")).why
    assert time.sockets.connected == [PUBLIC]


def test_an_open_connection_to_a_private_host_is_not_lent(server: Server, fetcher: Fetcher, time: Time) -> None:
    """A private source that was just asked is still out of a public server's reach."""
    time.hosts = {"feeds.example.org": [[PUBLIC]], "intranet.example.org": [["10.0.0.8"]]}
    inside = server.url("/inside", "intranet.example.org")
    server.answers["/inside"] = [answer()]
    server.answers["/feed"] = [answer(b"", 302, Location=inside)]
    assert fetcher.get(inside).content == FEED
    assert "refused" in failure(fetcher, server.url(host="feeds.example.org")).why
    assert server.paths() == ["/inside", "/feed"]


def test_a_private_server_may_lead_to_its_like(server: Server, fetcher: Fetcher, time: Time) -> None:
    """Who lists a host of the own network means it; from there out and back in again is refused."""
    time.hosts = {
        "intranet.example.org": [["10.0.0.8"]],
        "wiki.example.org": [["10.0.0.9"]],
        "feeds.example.org": [[PUBLIC]],
    }
    server.answers["/feed"] = [answer(b"", 302, Location=server.url("/wiki", "wiki.example.org"))]
    server.answers["/wiki"] = [answer()]
    assert fetcher.get(server.url(host="intranet.example.org")).content == FEED
    server.answers["/wiki"] = [answer(b"", 302, Location=server.url("/out", "feeds.example.org"))]
    server.answers["/out"] = [answer(b"", 302, Location=server.url("/feed", "intranet.example.org"))]
    assert "refused" in failure(fetcher, server.url(host="intranet.example.org")).why


def test_connections_go_to_the_address_that_was_looked_at(server: Server, fetcher: Fetcher, time: Time) -> None:
    """The name is resolved once for a connection, which is opened to the address and not to the name."""
    time.hosts = {"feeds.example.org": [[PUBLIC], ["127.0.0.1"]]}
    server.answers["/feed"] = [answer()]
    fetcher.get(server.url(host="feeds.example.org"))
    assert time.sockets.connected == [PUBLIC]
    assert server.requests[0][1]["host"] == f"feeds.example.org:{server.port}"


def test_proxies_of_the_environment_are_not_used(server: Server, time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would connect where we cannot look."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server.answers["/feed"] = [answer()]
    with Fetcher(time.world()) as fetcher:
        assert fetcher.get(server.url()).content == FEED
