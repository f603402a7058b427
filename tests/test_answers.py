"""What servers send, however broken or hostile, becomes content within bounds or a failure in words."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.answers import Validators, body, clean, redirect_target, retry_after
from digest.connections import is_public
from digest.errors import FetchError

NOW = datetime(2025, 3, 14, 6, tzinfo=UTC)
HEADER = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=60)


def answered(pieces: list[bytes], status: int = 200, headers: list[tuple[str, str]] | None = None) -> httpx.Response:
    """An answer whose body comes in these pieces."""
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers or ()]
    request = httpx.Request("GET", "https://example.org/feed")
    return httpx.Response(status, headers=sent, content=iter(pieces), request=request)


@given(
    st.lists(st.binary(max_size=200) | st.binary(max_size=200).map(gzip.compress), max_size=6),
    st.sampled_from(["identity", "gzip", "x-gzip", "GZIP", "br", ""]) | HEADER,
    st.text("0123456789-x", max_size=12),
    st.integers(0, 300),
)
def test_any_answer_is_content_within_bounds_or_a_failure(
    pieces: list[bytes], coding: str, length: str, limit: int
) -> None:
    """Whatever the headers claim and the body is, nothing longer than the limit comes out, and no other error."""
    response = answered(pieces, headers=[("Content-Encoding", coding), ("Content-Length", length)])
    try:
        content = body(response, limit)
    except FetchError as error:
        assert error.why.isprintable()  # noqa: PT017  (either outcome is good)
    else:
        assert 0 < len(content) <= limit


@given(st.binary(min_size=1, max_size=2000), st.integers(1, 50), st.integers(1, 3))
def test_gzip_in_any_pieces_is_the_same(content: bytes, size: int, members: int) -> None:
    """How the bytes are cut on their way, and how many members there are, makes no difference."""
    content = b"." + content
    step = len(content) // members + 1
    packed = b"".join(gzip.compress(content[at : at + step]) for at in range(0, len(content), step))
    pieces = [packed[at : at + size] for at in range(0, len(packed), size)]
    assert body(answered(pieces, headers=[("Content-Encoding", "gzip")]), 10_000) == content


@given(HEADER, HEADER, HEADER)
def test_any_header_can_be_read(wait: str, tag: str, target: str) -> None:
    """Retry-After, validators and targets are understood or left out; what is kept can be sent back."""
    response = answered([], 302, [("Retry-After", wait), ("ETag", tag), ("Last-Modified", wait), ("Location", target)])
    seconds = retry_after(response, NOW)
    assert seconds is None or seconds >= 0
    for value in Validators.of(response).headers().values():
        assert value.isascii()
        assert value.isprintable()
    assert (redirect_target(response) is None) == (response.headers["location"] == "")


@given(st.text())
def test_words_of_servers_are_one_short_line(text: str) -> None:
    """No escape sequence of a server reaches a terminal."""
    assert clean(text).isprintable()
    assert len(clean(text)) <= 120


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Fri, 14 Mar 2025 06:02:00 GMT", 120),
        ("Friday, 14-Mar-25 06:02:00 GMT", 120),
        ("Fri Mar 14 06:02:00 2025", 120),
        ("Fri, 14 Mar 2025 08:02:00 +0200", 120),
        ("Fri, 14 Mar 2025 05:00:00 GMT", 0),
        ("tomorrow", None),
        ("-1", None),
        ("1.5", None),
    ],
)
def test_retry_after_has_several_forms(said: str, seconds: float | None) -> None:
    """Seconds, or a date in any form that HTTP ever had (RFC 9110, section 5.6.7); a date that is past means now."""
    assert retry_after(answered([], 503, [("Retry-After", said)]), NOW) == seconds


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("::ffff:93.184.215.14", True),
        ("64:ff9b::5db8:d70e", True),
        ("2002:5db8:d70e::1", True),
        ("0.0.0.0", False),  # noqa: S104  (an address to be refused)
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("169.254.169.254", False),
        ("172.31.0.1", False),
        ("192.168.0.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::127.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::5db8:d70e", False),
        ("2001:db8::1", False),
        ("2002:7f00:1::1", False),
        ("2002:a00:1::1", False),
        ("fc00::1", False),
        ("fd12:3456::1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
    ],
)
def test_addresses_are_public_or_not(address: str, public: bool) -> None:  # noqa: FBT001  (a column of the table)
    """What is not of the public internet is told, also inside an IPv6 address."""
    assert is_public(address) is public
