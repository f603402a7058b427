"""arXiv's API answers and announcement feeds."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import SourceError
from digest.sources import Dump, read
from digest.types import AnnounceType, Links, Paper, Rejection

if TYPE_CHECKING:
    from pathlib import Path

API_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom">
  <title type="html">ArXiv Query: search_query=all:owl</title>
  <id>http://arxiv.org/api/abc</id>
  <updated>2026-06-30T00:00:00-04:00</updated>
"""
API_ENTRY = """  <entry>
    <id>http://arxiv.org/abs/2606.00001v2</id>
    <updated>2026-06-20T10:00:00Z</updated>
    <published>2026-06-01T09:00:00Z</published>
    <title>Owls at
  Night</title>
    <summary>  We listen (&lt;1 minute per owl), with $a&lt;b$ &amp;amp; no &quot;labels&quot;. </summary>
    <author><name>Ann Poe</name><arxiv:affiliation>Night University</arxiv:affiliation></author>
    <author><name>Bob Schr\\"odinger</name></author>
    <arxiv:comment>9 pages. Code: https://github.com/example/owls</arxiv:comment>
    <arxiv:journal_ref>Journal of Owls 7 (2026)</arxiv:journal_ref>
    <arxiv:doi>10.1000/OWLS.7 10.48550/arXiv.2606.00001</arxiv:doi>
    <link href="http://arxiv.org/abs/2606.00001v2" rel="alternate" type="text/html"/>
    <category term="cs.SD" scheme="http://arxiv.org/schemas/atom"/>
    <category term="68T10, 62H30 (Primary)" scheme="http://arxiv.org/schemas/atom"/>
    <category term="I.2.7" scheme="http://arxiv.org/schemas/atom"/>
    <category term="cond-mat.mes-hall" scheme="http://arxiv.org/schemas/atom"/>
    <arxiv:primary_category term="eess.AS"/>
  </entry>
"""
RSS_HEAD = """<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0">
  <channel>
    <title>cs.SD updates on arXiv.org</title>
    <link>http://rss.arxiv.org/rss/cs.SD</link>
    <lastBuildDate>Tue, 30 Jun 2026 04:00:03 +0000</lastBuildDate>
    <pubDate>Tue, 30 Jun 2026 00:00:00 -0400</pubDate>
"""
RSS_ITEM = """    <item>
      <title>Owls at Night</title>
      <link>https://arxiv.org/abs/{id}</link>
      <description>arXiv:{id}v1 Announce Type: {kind}
Abstract: We listen. Abstract: is a word of ours.</description>
      <guid isPermaLink="false">oai:arXiv.org:{id}v1</guid>
      <category>cs.SD</category>
      <category>eess.AS</category>
      <arxiv:announce_type>{kind}</arxiv:announce_type>
      <dc:creator>Ann Poe (Night University), Bob Roe, Jr., Cy Doe</dc:creator>
    </item>
"""


def api(*entries: str) -> str:
    """An API answer with these entries."""
    return f"{API_HEAD}{''.join(entries)}</feed>"


def rss(*kinds: str) -> str:
    """A feed with an item of each of these announce types."""
    items = (RSS_ITEM.format(id=f"2606.0000{number}", kind=kind) for number, kind in enumerate(kinds, start=1))
    return f"{RSS_HEAD}{''.join(items)}  </channel>\n</rss>"


def outcomes(content: bytes | str, form: str | None = None) -> list[Paper | Rejection]:
    """What a feed gives."""
    raw = content.encode() if isinstance(content, str) else content
    return [record.outcome for record in read(Dump("feed", io.BytesIO(raw), date(2026, 6, 30)), format=form)]


def test_an_entry_of_the_api_becomes_a_paper() -> None:
    """Every field has its place; the primary category comes first, other taxonomies and arXiv's own DOI are dropped."""
    assert outcomes(api(API_ENTRY)) == [
        Paper(
            id="arxiv:2606.00001",
            version=2,
            title="Owls at Night",
            abstract='We listen (<1 minute per owl), with $a<b$ & no "labels".',
            authors=("Ann Poe", "Bob Schrödinger"),
            categories=("eess.AS", "cs.SD", "cond-mat.mes-hall"),
            published=datetime(2026, 6, 1, 9, tzinfo=UTC),
            updated=datetime(2026, 6, 20, 10, tzinfo=UTC),
            venue="Journal of Owls 7 (2026)",
            comment="9 pages. Code: https://github.com/example/owls",
            other_ids=("doi:10.1000/owls.7",),
            links=Links(
                abstract="https://arxiv.org/abs/2606.00001",
                pdf="https://arxiv.org/pdf/2606.00001",
                code="https://github.com/example/owls",
            ),
        )
    ]


def test_an_item_of_the_feed_becomes_a_paper_announced_that_day() -> None:
    """The prefix is cut from the abstract, names are separated, and the day is the feed's own, where arXiv is."""
    assert outcomes(rss("new")) == [
        Paper(
            id="arxiv:2606.00001",
            version=1,
            title="Owls at Night",
            abstract="We listen. Abstract: is a word of ours.",
            authors=("Ann Poe", "Bob Roe, Jr.", "Cy Doe"),
            categories=("cs.SD", "eess.AS"),
            announced=date(2026, 6, 30),
            announce_type=AnnounceType.NEW,
            links=Links(abstract="https://arxiv.org/abs/2606.00001", pdf="https://arxiv.org/pdf/2606.00001"),
        )
    ]


def test_only_new_and_cross_listed_papers_are_announced() -> None:
    """A replaced paper is no news of the day, whatever its feed says of itself."""
    found = outcomes(rss("new", "cross", "replace", "replace-cross", "surprise"))
    assert [(paper.announce_type, paper.announced) for paper in found if isinstance(paper, Paper)] == [
        (AnnounceType.NEW, date(2026, 6, 30)),
        (AnnounceType.CROSS, date(2026, 6, 30)),
        (AnnounceType.REPLACE, None),
        (AnnounceType.REPLACE_CROSS, None),
        (None, None),
    ]


def test_an_error_of_the_api_is_rejected_with_its_message() -> None:
    """ArXiv reports errors as entries; their text is the reason."""
    error = """<entry><id>http://arxiv.org/api/errors#incorrect_id_format_for_1234</id><title>Error</title>
    <summary>incorrect id format for 1234</summary><link href="http://arxiv.org/api/errors#x"/></entry>"""
    assert outcomes(api(error)) == [
        Rejection(where="feed: entry 1", why="arXiv reports an error: incorrect id format for 1234")
    ]


@pytest.mark.parametrize("content", [api(), rss(), f"{API_HEAD}</feed>"])
def test_a_feed_without_entries_gives_nothing(content: str) -> None:
    """A query without hits and a day without announcements are no errors."""
    assert outcomes(content) == []


@pytest.mark.parametrize(
    ("broken", "where", "why"),
    [
        (API_ENTRY.replace("</title>", ""), "feed: entry 2 (arxiv:2606.00001)", "not well-formed"),
        (API_ENTRY.replace("</entry>", ""), "feed: entry 2 (arxiv:2606.00001)", "not well-formed"),
        (API_ENTRY.replace("Owls at\n  Night", " "), "feed: entry 2 (arxiv:2606.00001)", "no title"),
        (API_ENTRY.replace("arxiv.org/abs/2606.00001v2", "example.org/1"), "feed: entry 2", "no arXiv id"),
    ],
)
def test_a_broken_entry_costs_only_itself(broken: str, where: str, why: str) -> None:
    """An unclosed tag, an unclosed entry, a missing title or id is rejected; the entries around it come out."""
    good = [API_ENTRY.replace("2606.00001", f"2606.0001{number}") for number in (1, 2)]
    first, middle, last = outcomes(api(good[0], broken, good[1]))
    assert isinstance(first, Paper)
    assert isinstance(last, Paper)
    assert (first.id, last.id) == ("arxiv:2606.00011", "arxiv:2606.00012")
    assert isinstance(middle, Rejection)
    assert middle.where == where
    assert middle.why.startswith(why)


def test_flaws_that_lose_nothing_are_mended() -> None:
    """HTML's entities, stray ampersands and control characters do not cost the entry."""
    (paper,) = outcomes(api(API_ENTRY.replace("We listen", "Caf&eacute; R&D\x0b, &unknown; A & B")))
    assert isinstance(paper, Paper)
    assert paper.abstract.startswith("Café R&D, &unknown; A & B (<1 minute per owl)")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_other_encodings_are_read_as_they_are_declared(encoding: str) -> None:
    """A byte order mark or the XML declaration tells the encoding."""
    content = api(API_ENTRY.replace("We listen", "Café")).replace("UTF-8", encoding.removesuffix("-sig").upper())
    (paper,) = outcomes(content.encode(encoding))
    assert isinstance(paper, Paper)
    assert paper.abstract.startswith("Café ")


def test_a_feed_broken_before_its_first_entry_is_refused() -> None:
    """Without its head no entry can be understood."""
    with pytest.raises(SourceError, match="not well-formed before the first entry"):
        outcomes(api(API_ENTRY).replace("</updated>", "", 1))


@cache
def _whole(path: Path) -> tuple[str, tuple[Paper | Rejection, ...]]:
    content = path.read_text(encoding="utf-8")
    return content, tuple(outcomes(content))


def _assert_cut_feed_is_part_of_whole(content: str, whole: tuple[Paper | Rejection, ...], at: int) -> None:
    try:
        found = outcomes(content[:at])
    except SourceError:
        assert "<entry>" not in content[:at] or at < 2000
        return
    papers = [outcome for outcome in found if isinstance(outcome, Paper)]
    assert tuple(papers) == whole[: len(papers)]
    assert len(papers) == content[:at].count("</entry>") + content[:at].count("</item>")
    assert len(found) == len(papers) + 1
    assert f"cut off after {len(papers)} entries" in str(found[-1])


def test_what_breaks_feedparser_costs_only_itself() -> None:
    """A namespace with a line separator in its address, on which feedparser raises an error of its own."""
    odd = API_ENTRY.replace("<category ", '<x:y xmlns:x="a\u2028b"/><category ', 1).replace("00001", "00002")
    first, second, third = outcomes(api(API_ENTRY, odd, API_ENTRY.replace("00001", "00003")))
    assert isinstance(first, Paper)
    assert isinstance(third, Paper)
    assert second == Rejection(where="feed: entry 2 (arxiv:2606.00002)", why="feedparser cannot read it")


def test_an_entry_has_limits() -> None:
    """One of hardly anything but tags, or of more than a megabyte, is rejected; its neighbours are read."""
    crowded = API_ENTRY.replace("</summary>", f"{'<b/>' * 20_000}</summary>")
    long = API_ENTRY.replace("</summary>", f"{'owls ' * 300_000}</summary>")
    found = outcomes(api(API_ENTRY, crowded, long, API_ENTRY))
    assert [each.why if isinstance(each, Rejection) else each.id for each in found] == [
        "arxiv:2606.00001",
        "hardly anything but tags",
        "longer than 1 MiB",
        "arxiv:2606.00001",
    ]


def test_characters_that_xml_forbids_are_left_out() -> None:
    """Also where they are written as references."""
    (paper,) = outcomes(api(API_ENTRY.replace("Owls at", "Owls&#11;\x0b&#xFFFF; at")))
    assert isinstance(paper, Paper)
    assert paper.title == "Owls at Night"


@given(st.integers(1, 10_000))
@settings(max_examples=80, deadline=None)
def test_a_feed_cut_anywhere_gives_whole_entries_only(at: int) -> None:
    """Any prefix gives the papers that are whole in it, each as in the whole feed, and one rejection for the rest."""
    for content in (api(*[API_ENTRY] * 4), rss("new", "cross", "replace")):
        _assert_cut_feed_is_part_of_whole(content, tuple(outcomes(content)), at % (len(content) - 8) + 1)


@pytest.mark.parametrize("path", ["arxiv_api/xiv_response.xml", "arxiv_atom_feed/cs.AI_2025-08-20_7entries.xml", "arxiv_rss2/distill_cs_ai_2026-04-27.xml"])  # fmt: skip # noqa: E501
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_real_feed_cut_anywhere_gives_whole_entries_only(samples: Path, path: str, data: st.DataObject) -> None:
    """The same holds for what arXiv really sends."""
    content, whole = _whole(samples / path)
    _assert_cut_feed_is_part_of_whole(content, whole, data.draw(st.integers(1, len(content.rstrip()) - 8)))


def test_a_real_day_has_its_announce_types(samples: Path) -> None:
    """The feed of statistics of 26 March 2024: 35 new, 27 cross-listed, 61 replaced, all with authors and abstract."""
    papers = outcomes((samples / "arxiv_rss2" / "stat_2024-03-26.xml").read_bytes())
    kinds = [paper.announce_type for paper in papers if isinstance(paper, Paper)]
    assert [kinds.count(kind) for kind in AnnounceType] == [35, 27, 41, 20]
    for paper in papers:
        assert isinstance(paper, Paper)
        assert paper.authors
        assert len(paper.abstract) > 100
        assert not paper.abstract.lower().startswith(("arxiv:", "abstract:"))
        assert paper.announced in (None, date(2024, 3, 26))
        assert any(category.startswith("stat.") for category in paper.categories)


def test_real_answers_keep_version_venue_and_doi(samples: Path) -> None:
    """What the API knows beyond the feeds comes out of a real answer."""
    name = "q_testing_s0_m15_80c242b59d59_http200.xml"
    papers = outcomes((samples / "arxiv_api" / "DERIVED_bodies" / name).read_bytes())
    first = papers[0]
    assert isinstance(first, Paper)
    assert first.version == 1
    assert first.venue
    assert "Workshops" in first.venue
    assert first.other_ids == ("doi:10.1109/icstw55395.2022.00035",)
    assert first.categories == ("cs.SE", "cs.LG")
