"""Signed tokens: read back as they were written, short, the same for ever, and of no use to who changes them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest import tokens
from digest.errors import LinkError
from digest.tokens import LONGEST_PAPER, LONGEST_SITE, Purpose, Signed

SECRET = bytes(range(32))
KEY = tokens.key(SECRET)
ADA = tokens.reader_id(SECRET, "ada")
DAY = date(2025, 7, 8)
BYTES = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def signed(purpose: Purpose, reader: bytes = ADA, expires: date = DAY, paper: str = "arxiv:2505.00001") -> Signed:
    """What a token of this purpose says."""
    return Signed(
        reader=reader, expires=expires if purpose.expires else None, paper=paper if purpose.is_of_a_paper else ""
    )


@given(
    purpose=st.sampled_from(Purpose),
    reader=st.binary(min_size=8, max_size=8),
    expires=st.dates(),
    paper=st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=LONGEST_PAPER // 4),
)
def test_what_is_written_is_read(purpose: Purpose, reader: bytes, expires: date, paper: str) -> None:
    """Every token is read back whole on its last day, by its own path only, and is fit to stand in a URL."""
    said = signed(purpose, reader, expires, paper)
    token = tokens.write(KEY, purpose, said)
    assert set(token) <= set(BYTES)
    assert tokens.write(KEY, purpose, said) == token
    assert tokens.read(KEY, purpose, token, expires) == said
    for other in set(Purpose) - {purpose}:
        with pytest.raises(LinkError):
            tokens.read(KEY, other, token, expires)


@given(purpose=st.sampled_from(Purpose), data=st.data())
def test_no_changed_token_is_taken(purpose: Purpose, data: st.DataObject) -> None:
    """One character changed, left out or added makes a link of nobody's, never another reader's or a later one."""
    token = tokens.write(KEY, purpose, signed(purpose))
    at = data.draw(st.integers(0, len(token) - 1))
    put = data.draw(st.sampled_from(["", *BYTES, "=", ".", "é", "\n"]))
    kept = data.draw(st.sampled_from([at, at + 1]))
    changed = token[:at] + put + token[kept:]
    if changed != token:
        with pytest.raises(LinkError) as caught:
            tokens.read(KEY, purpose, changed, DAY)
        assert caught.value.expired is None


@given(st.text(max_size=60), st.sampled_from(Purpose))
def test_wild_text_is_no_token(token: str, purpose: Purpose) -> None:
    """Whatever a stranger writes behind the path is refused and never breaks anything."""
    with pytest.raises(LinkError):
        tokens.read(KEY, purpose, token, DAY)


def test_a_link_that_is_too_old_says_since_when() -> None:
    """The day after its last one a token is refused with that day; one to unsubscribe is good for ever."""
    for purpose in Purpose:
        token = tokens.write(KEY, purpose, signed(purpose))
        assert tokens.read(KEY, purpose, token, DAY).reader == ADA
        if purpose is Purpose.UNSUBSCRIBE:
            assert tokens.read(KEY, purpose, token, date.max).reader == ADA
            continue
        with pytest.raises(LinkError, match="2025-07-08") as caught:
            tokens.read(KEY, purpose, token, DAY + timedelta(days=1))
        assert caught.value.expired == DAY


def test_another_secret_makes_other_readers_and_tokens() -> None:
    """Nobody can sign for an installation without its secret, nor tell from a token whose it is."""
    other = bytes(32)
    token = tokens.write(tokens.key(other), Purpose.PAUSE, signed(Purpose.PAUSE))
    with pytest.raises(LinkError, match="not a link of ours"):
        tokens.read(KEY, Purpose.PAUSE, token, DAY)
    assert len({tokens.reader_id(secret, slug) for secret in (SECRET, other) for slug in ("ada", "bo", "ada ")}) == 6
    assert tokens.key(SECRET) not in (SECRET, tokens.key(other))


def test_tokens_are_short_and_stay_as_they_are() -> None:
    """These very tokens are in mails that were sent: the form may grow, and may not change."""
    written = {purpose: tokens.write(KEY, purpose, signed(purpose)) for purpose in Purpose}
    assert written == {
        Purpose.MORE: "2xHZYa9bLNoLSHC1c1WPqoqagmZOYXJ4aXY6MjUwNS4wMDAwMQ",
        Purpose.LESS: "2xHZYa9bLNoLSHAkpSJr-RqM5IHBYXJ4aXY6MjUwNS4wMDAwMQ",
        Purpose.INTERESTS: "2xHZYa9bLNoLSHA5sxZB8HQv9R5r",
        Purpose.PAUSE: "2xHZYa9bLNoLSHBKajFwfDORbQZQ",
        Purpose.UNSUBSCRIBE: "2xHZYa9bLNpPPndXyq-gd-AF",
        Purpose.CONFIRM: "2xHZYa9bLNoLSHDNBMOI1dyvnFJW",
    }
    assert len(f"{'s' * LONGEST_SITE}/u/{written[Purpose.UNSUBSCRIBE]}") == 75


@pytest.mark.parametrize(
    ("purpose", "said"),
    [
        (Purpose.UNSUBSCRIBE, Signed(reader=ADA, expires=DAY)),
        (Purpose.PAUSE, Signed(reader=ADA)),
        (Purpose.PAUSE, Signed(reader=ADA, expires=DAY, paper="arxiv:2505.00001")),
        (Purpose.MORE, Signed(reader=ADA, expires=DAY)),
        (Purpose.MORE, Signed(reader=ADA, expires=DAY, paper="x" * (LONGEST_PAPER + 1))),
        (Purpose.CONFIRM, Signed(reader=b"ada", expires=DAY)),
    ],
)
def test_half_a_token_cannot_be_written(purpose: Purpose, said: Signed) -> None:
    """What a purpose needs has to be there, and what it does not know may not: else no reader of it would take it."""
    with pytest.raises(ValueError, match=purpose.name):
        tokens.write(KEY, purpose, said)
