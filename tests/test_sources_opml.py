"""Lists of feeds."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import SourceError
from digest.sources import Dump, read
from digest.sources.opml import Feed, feeds
from digest.sources.records import Document
from digest.types import Rejection

if TYPE_CHECKING:
    from pathlib import Path

LIST = """<?xml version="1.0"?><opml version="2.0"><head><title>Mine</title></head><body>
<!-- <outline text="Gone" xmlUrl="https://example.org/gone"/> -->
<outline text="Birds"><outline text="More birds">
  <outline type="rss" text="Owls &amp; co." title="" xmlUrl="https://example.org/owls?a=1&amp;b=2"/>
</outline></outline>
<outline TEXT='Larks' xmlurl='https://example.org/larks'></outline>
<outline text="Owls again" xmlUrl="https://example.org/owls?a=1&amp;b=2"/>
<outline text="" xmlUrl="http://example.org/nameless"/>
<outline text="Another way" type="rss" url="http://example.org/url"/>
</body></opml>"""
FEEDS = [
    Feed("Owls & co.", "https://example.org/owls?a=1&b=2"),
    Feed("Larks", "https://example.org/larks"),
    Feed("http://example.org/nameless", "http://example.org/nameless"),
    Feed("Another way", "http://example.org/url"),
]


def listed(content: str | bytes) -> list[Feed | Rejection]:
    """What a list gives."""
    return list(feeds(Document("list", content.encode() if isinstance(content, str) else content, date(2026, 6, 30))))


def test_feeds_are_found_at_any_depth_each_once() -> None:
    """Whatever the case of names and however nested; comments hold none, folders are none."""
    assert listed(LIST) == FEEDS


@pytest.mark.parametrize("url", ["ftp://example.org/x", "javascript:alert(1)", "file:///etc/passwd", "owls"])
def test_only_the_web_is_listed(url: str) -> None:
    """Any other address is rejected with its place."""
    assert listed(f'<opml><body><outline text="x" xmlUrl="{url}"/></body></opml>') == [
        Rejection(where="list: outline 1", why=f"no http(s) URL: {url!r}")
    ]


def test_a_broken_outline_spoils_nothing() -> None:
    """It is named, and what stands around it is listed."""
    found = listed(LIST.replace('<outline text="Owls again"', '<outline text="Owls again'))
    assert [each for each in found if isinstance(each, Feed)] == FEEDS
    assert [each.why for each in found if isinstance(each, Rejection)] == ["not well-formed"]


def test_the_samples_give_their_feeds(samples: Path) -> None:
    """Zotero's has five, of which two in another way; the other has all but one in comments."""
    assert len(listed((samples / "opml" / "zotero_feeds.opml").read_bytes())) == 5
    found = listed((samples / "opml" / "biorss_one.opml").read_bytes())
    assert [type(each) for each in found] == [Feed]


def test_no_list_is_refused() -> None:
    """What is no OPML is no empty list."""
    with pytest.raises(SourceError, match="not a list of feeds"):
        listed("<rss></rss>")


def test_ingesting_a_list_says_what_to_do_with_it() -> None:
    """It holds no papers, but it can be added."""
    with pytest.raises(SourceError, match=r"list of feeds .*`digest sources add FILE`"):
        read(Dump("list", BytesIO(LIST.encode()), date(2026, 6, 30)))


@given(at=st.integers(0, len(LIST)), rest=st.binary(max_size=20))
@settings(max_examples=150, deadline=None)
def test_a_list_cut_anywhere_gives_the_feeds_before_the_cut(at: int, rest: bytes) -> None:
    """Whatever follows: feeds, rejections, or a refusal."""
    try:
        found = listed(LIST[:at].encode() + rest)
    except SourceError:
        assert "<opml " not in LIST[:at]
        return
    kept = [each for each in found if isinstance(each, Feed)]
    assert kept[: len(FEEDS)] == FEEDS[: len(kept)]
