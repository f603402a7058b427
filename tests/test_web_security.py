"""What is true of every answer: headers, limits, forms that are ours, and no server error, whatever is sent."""

from __future__ import annotations

import base64
import ipaddress
import logging
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers

from digest.clock import Clock
from digest.store import subscribers
from digest.web import sessions
from digest.web.app import create
from digest.web.forms import LARGEST
from digest.web.network import Asking, Limiter, network_of
from digest.web.security import LONGEST_URL

if TYPE_CHECKING:
    from conftest import Site

    from digest.settings import Settings

NOW = datetime(2025, 5, 9, 12, tzinfo=UTC)
PUBLIC = ("/", "/search?q=speech", "/archive", "/feed.atom", "/asked", "/link", "/healthz", "/robots.txt")
REFUSED = ("/nix", "/day/x", "/me", "/u/abc")


def is_dressed(answer: httpx.Response) -> None:
    """Every header that all answers have is there."""
    headers = answer.headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src ")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"]
    assert "server" not in headers


@pytest.mark.parametrize("path", [*PUBLIC, *REFUSED])
def test_every_answer_has_the_headers(site: Site, path: str) -> None:
    """Found or not, fetched or only asked for, and HEAD says what GET does without saying it."""
    got, asked = site.get(path), site.ask("HEAD", path)
    is_dressed(got)
    is_dressed(asked)
    assert asked.content == b""
    assert (asked.status_code, dict(asked.headers)) == (got.status_code, dict(got.headers))


def test_personal_pages_are_kept_by_nobody(site: Site) -> None:
    """Pages of one reader may be stored by no cache, and the others by all."""
    slug = site.enter()
    for path in ("/me", f"/me/{slug}", "/me/export", site.link("c"), "/m/x", "/u/x"):
        assert site.get(path).headers["cache-control"] == "private, no-store", path
    assert site.get("/").headers["cache-control"] == "public, max-age=60"


def test_there_is_no_script_or_style_in_a_page(site: Site) -> None:
    """What the policy forbids no page tries, and what pages refer to is there and may be kept for good."""
    slug = site.enter(digest="own", interests="speech")
    for path in ("/", "/search", "/link", "/me", f"/me/{slug}", "/archive", site.link("c")):
        page = site.get(path).text
        assert not re.search(r"<style|\son\w+=|\sstyle=|<script(?! src=)", page), path
        for name in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
            assert site.get(name).headers["cache-control"].endswith("immutable")
    assert site.get("/static/other.css").status_code == 404


def test_the_cookie_is_the_readers_alone(site: Site) -> None:
    """No script reads it, no other site sends it, no plain connection carries it, and it is for one's own page."""
    site.subscribe()
    cookie = site.post(site.link("c")).headers["set-cookie"]
    value, *rest = cookie.split("; ")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/me"} <= set(rest)
    # Beside fingerprints, in which any few letters may stand.
    reader = value.partition("=")[2].partition(".")[0]
    for said in (cookie, base64.urlsafe_b64decode(reader + "==").decode("latin-1")):
        assert not re.search(r"\bada\b|example", said)


def test_forms_of_others_do_nothing(site: Site) -> None:
    """A form without what our page gave it, with another's, or from another site's page, is refused."""
    slug = site.enter()
    csrf = site.csrf()
    elsewhere: list[dict[str, str]] = [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example.com"},
    ]
    for path in (f"/me/{slug}/end", f"/me/{slug}/pause", "/me/forget", "/me/leave", f"/me/{slug}", f"/me/{slug}/lint"):
        for fields in ({}, {"csrf": "0" * 32}, {"csrf": "ä"}):
            assert site.post(path, **fields).status_code == 403, path
        for headers in elsewhere:
            assert site.ask("POST", path, data={"csrf": csrf, "sure": "yes"}, headers=headers).status_code == 403
    link = site.link("c")
    for headers in elsewhere:
        for path in ("/subscribe", "/link", link, f"/renew{link}"):
            assert site.ask("POST", path, data={}, headers=headers).status_code == 403, path
    ours = {"origin": "https://digest.example.org", "sec-fetch-site": "same-origin"}
    assert site.ask("POST", link, headers=ours).status_code == 303
    assert site.ask("POST", link, headers={"origin": "null"}).status_code == 303
    with site.store.reading() as connection:
        assert len(subscribers.every(connection)) == 1


def test_bodies_are_bounded(site: Site) -> None:
    """Too large a body is refused by its header and, where that lies or is missing, as it comes."""

    async def endless() -> Any:  # noqa: ANN401  (an iterator of bytes)
        for _ in range(40):
            yield b"x" * 10_000

    assert site.ask("POST", "/subscribe", content=b"x" * (LARGEST + 1)).status_code == 413
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert site.ask("POST", "/subscribe", content=endless(), headers=headers).status_code == 413
    assert site.post("/subscribe", **{f"f{n}": "" for n in range(200)}).status_code == 400
    assert site.ask("POST", "/subscribe", headers={"content-length": "-5"}).status_code == 400
    assert site.get("/search", params={"q": "x" * LONGEST_URL}).status_code == 414


def test_failures_are_calm(site: Site) -> None:
    """Each has a page with the way back; what is not allowed says what is."""
    for status, answer in (
        (404, site.get("/nix")),
        (405, site.ask("DELETE", "/")),
        (405, site.post("/search")),
        (413, site.ask("POST", "/link", content=b"x" * (LARGEST + 1))),
    ):
        assert answer.status_code == status
        assert "<h1>" in answer.text
        assert 'href="/"' in answer.text
        is_dressed(answer)
    assert site.ask("DELETE", "/").headers["allow"] == "GET"


def test_a_bug_is_one_calm_page_and_one_line(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever breaks within, the answer has all headers, tells nothing, and the log names no URL."""
    world = site.app.state.world  # type: ignore[attr-defined]
    object.__setattr__(world, "store", None)
    with caplog.at_level(logging.ERROR):
        answer = site.get("/u/secret-token?mail=ada@example.org")
        broken = site.get("/")
    assert answer.status_code == 404
    assert broken.status_code == 500
    assert "Something broke here" in broken.text
    is_dressed(broken)
    assert "Traceback" not in broken.text
    assert [record.getMessage() for record in caplog.records] == ["a page failed"]
    assert "secret-token" not in caplog.text


def test_a_locked_database_is_a_busy_page(site: Site) -> None:
    """Where the database cannot be read for now, the page says when to come back."""
    site.store.close()
    site.settings.database.unlink()
    site.settings.database.write_bytes(b"no database at all " * 100)
    answer = site.get("/")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "60"


def test_no_log_and_no_url_has_an_address(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """Subscribing, confirming and asking for a link write nothing that holds an address."""
    with caplog.at_level(logging.DEBUG):
        site.enter()
        site.post("/link", email="ada@example.org")
        site.post("/link", email="not an address ada@")
        site.get("/me")
    assert "ada@" not in caplog.text
    assert "example.org/" not in caplog.text.replace("digest.example.org/", "")


def test_one_network_cannot_ask_without_end(site: Site) -> None:
    """Letters, work and looks are limited by network, and what is refused says how long to wait; others go on."""
    for _ in range(20):
        assert site.post("/link", email="x@example.org").status_code == 303
    refused = site.post("/link", email="x@example.org")
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 3000
    is_dressed(refused)
    assert site.get("/").status_code == 200
    site.now += timedelta(hours=2)
    assert site.post("/link", email="x@example.org").status_code == 303


def test_looking_is_limited(site: Site) -> None:
    """Beyond its number of requests a network waits; a template has nothing to do with that."""
    site.app.state.world.limiter.rates[Asking.LOOK] = (3, timedelta(minutes=1))  # type: ignore[attr-defined]
    assert [site.get("/healthz").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    site.now += timedelta(minutes=2)
    assert site.get("/healthz").status_code == 200


def test_a_proxy_is_believed_only_if_it_is_ours() -> None:
    """Of a chain of forwarders the last that is none of ours counts; of strangers nothing they say."""
    ours = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("127.0.0.1"))
    said = Headers({"x-forwarded-for": "6.6.6.6, 203.0.113.9, 10.1.1.1"})
    assert network_of("10.0.0.1", said, ours) == "203.0.113.9/32"
    assert network_of("198.51.100.1", said, ours) == "198.51.100.1/32"
    assert network_of("10.0.0.1", said, ()) == "10.0.0.1/32"
    assert network_of("127.0.0.1", Headers({}), ours) == ""
    assert network_of("127.0.0.1", Headers({"x-forwarded-for": "rubbish"}), ours) == ""
    assert network_of("2001:db8:1:2:3::1", Headers({}), ours) == "2001:db8:1::/56"
    assert network_of("::ffff:192.0.2.1", Headers({}), ours) == "192.0.2.1/32"
    assert network_of(None, said, ours) == ""


def test_the_limiter_forgets_and_counts_each() -> None:
    """A window ends, networks are counted apart, and this machine never waits."""
    limiter = Limiter({Asking.LOOK: (2, timedelta(minutes=1))})
    assert [limiter.wait("a", Asking.LOOK, NOW) for _ in range(3)] == [None, None, timedelta(minutes=1)]
    assert limiter.wait("b", Asking.LOOK, NOW) is None
    assert limiter.wait("a", Asking.LOOK, NOW + timedelta(minutes=1)) is None
    assert all(limiter.wait("", Asking.LOOK, NOW) is None for _ in range(9))


def test_a_visit_is_signed_and_ends() -> None:
    """A cookie of ours is read until it ends; one that was touched, or of another key, is none."""
    key = sessions.key(bytes(32))
    value = sessions.begin(key, "s-ä", NOW)
    visit = sessions.read(key, value, NOW)
    assert visit is not None
    assert visit.slug == "s-ä"
    assert sessions.is_ours(visit, visit.csrf)
    assert not sessions.is_ours(visit, "")
    assert sessions.read(key, value, NOW + sessions.LASTING) is None
    assert sessions.read(sessions.key(b"x" * 32), value, NOW) is None
    for other in (value[:-1] + ("0" if value[-1] != "0" else "1"), value.replace(".", ".9", 1), "", "a.1.b", "x" * 999):
        assert sessions.read(key, other, NOW) is None


@given(st.text(max_size=80), st.integers(0, 2**40))
def test_no_cookie_can_be_made_up(text: str, number: int) -> None:
    """Whatever stands in a cookie, it is read without an error and is nobody's."""
    key = sessions.key(bytes(32))
    for value in (text, f"{text}.{number}.{'0' * 32}", f"YQ.{number}.{'a' * 32}"):
        assert sessions.read(key, value, NOW) is None


PATHS = st.one_of(
    st.sampled_from(
        [
            "/", "/search", "/archive", "/archive/trending", "/feed.atom", "/subscribe", "/link", "/asked", "/me",
            "/me/export", "/me/forget", "/me/leave", "/healthz", "/robots.txt", "/archive/trending/feed.json",
            "/me/OWN", "/me/OWN/preferences", "/me/OWN/pause", "/me/OWN/end", "/me/OWN/lint", "/me/OWN/preview",
            "/me/OWN/versions/1", "LINK",
        ]
    ),
    st.builds(
        lambda stem, rest: stem + rest,
        st.sampled_from(
            ["/", "/day/", "/paper/", "/bibtex/", "/archive/", "/archive/trending/", "/static/", "/me/", "/renew/",
             "/renew/u/", "/c/", "/u/", "/m/", "/l/", "/p/", "/i/", "/me/OWN/versions/", "/?until=",
             "/day/2025-05-09?page="]
        ),
        st.text(max_size=30),
    ),
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["until", "own", "all", "save", "cron", "2025-05-10", "9999-12-31", "0001-01-01", "topics: [x]", "\0"]
    ),
)
FIELDS = st.dictionaries(
    st.one_of(
        st.sampled_from(
            ["email", "digest", "interests", "when", "cron", "at", "zone", "text", "do", "until", "behind", "scope",
             "form", "empty_day", "on_return", "language", "patience", "sure", "csrf"]
        ),
        st.text(max_size=10),
    ),
    TEXTS,
    max_size=8,
)  # fmt: skip


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
    path=PATHS,
    query=st.dictionaries(st.sampled_from(["q", "until", "page", "done", "saved"]), TEXTS, max_size=3),
    fields=FIELDS,
    raw=st.none() | st.binary(max_size=200),
    is_ours=st.booleans(),
)
def test_nothing_that_is_sent_is_an_error_of_ours(  # noqa: PLR0913, PLR0917  (a request)
    fuzzed: tuple[Site, str, str, dict[str, str]],
    method: str,
    path: str,
    query: dict[str, str],
    fields: dict[str, str],
    raw: bytes | None,
    is_ours: bool,  # noqa: FBT001  (drawn)
) -> None:
    """Any method, path, query and body gets an answer below 500 with all headers; in a visit and without."""
    site, slug, link, cookies = fuzzed
    url = path.replace("OWN", slug).replace("LINK", link)
    if is_ours:
        site.client.cookies.update(cookies)
        fields = fields | {"csrf": cookies["csrf"]}
    else:
        site.client.cookies.clear()
    rest: dict[str, Any] = {
        "data": {name.encode(errors="replace"): value.encode(errors="replace") for name, value in fields.items()}
    }
    if raw is not None:
        rest = {"content": raw, "headers": {"content-type": "application/x-www-form-urlencoded; charset=x"}}
    if method in {"GET", "HEAD"} and "?" not in url:
        rest = {"params": {name: value.encode(errors="replace") for name, value in query.items()}}
    try:
        answer = site.ask(method, url.encode(errors="replace").decode(), **rest)
    except httpx.InvalidURL:
        return
    assert answer.status_code < 500, (method, url, answer.text[:300])
    is_dressed(answer)


@pytest.fixture
def fuzzed(site: Site) -> tuple[Site, str, str, dict[str, str]]:
    """A site with a reader, a link and a visit; limits do not end it, and no letters leave."""
    slug = site.enter(digest="own", interests="speech")
    csrf = site.csrf()
    cookies = {**site.client.cookies, "csrf": csrf}
    site.app.state.world.limiter.rates.update(dict.fromkeys(Asking, (10**9, timedelta(days=1))))  # type: ignore[attr-defined]
    site.client.cookies.clear()
    site.client.cookies.update(cookies)
    assert site.get("/me").status_code == 200
    return site, slug, site.link("c"), cookies


def test_without_tls_nothing_claims_it(site: Site) -> None:
    """On this machine, by http, cookies work and no browser is told to insist on https."""
    local = replace_url(site, "http://127.0.0.1:8000")
    app = create(local, store=site.store, clock=Clock(now=lambda: NOW), environment={})

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=local.site_url) as client:
            return await client.get("/")

    assert "strict-transport-security" not in site.loop.run(ask()).headers


def replace_url(site: Site, url: str) -> Settings:
    """The same installation elsewhere."""
    return site.settings.model_copy(update={"site_url": url})


def test_a_move_that_makes_no_sense_is_told(site: Site) -> None:
    """What a subscription cannot do from where it is, is a calm page and no error."""
    slug = site.enter()
    csrf = site.csrf()
    site.post(f"/me/{slug}/end", csrf=csrf)
    answer = site.post(f"/me/{slug}/pause", csrf=csrf, do="pause")
    assert answer.status_code == 409
    assert "cannot become paused" in answer.text
    assert site.post(f"/me/{slug}/pause", csrf=csrf, do="resume").status_code == 409


def test_the_site_runs_by_itself(site: Site) -> None:
    """Given settings alone it opens the database, keeps previews ready beside requests, and closes what it opened."""
    app = create(site.settings)
    assert app.state.world.store is not site.store

    async def run() -> int:
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url=site.settings.site_url) as client:
                return (await client.get("/healthz")).status_code

    assert site.loop.run(run()) == 200
