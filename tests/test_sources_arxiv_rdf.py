"""arXiv's announcement feeds as they were until 2024."""

from __future__ import annotations

import io
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import SourceError
from digest.sources import Dump, read
from digest.sources.detect import detect
from digest.types import AnnounceType, Links, Paper, Rejection

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """<?xml version="1.0" encoding="UTF-8"?>

<rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="http://arxiv.org/">
<title>{} updates on arXiv.org</title>
<link>http://arxiv.org/</link>
<dc:date>2023-06-29T20:30:00-05:00</dc:date>
<items><rdf:Seq><rdf:li rdf:resource="http://arxiv.org/abs/2306.00001" /></rdf:Seq></items>
</channel>
"""
ITEM = """<item rdf:about="http://arxiv.org/abs/2306.00001">
<title>Owls &amp; $a&lt;b$. (arXiv:2306.00001v1 [cs.SD]{})</title>
<link>http://arxiv.org/abs/2306.00001</link>
<description rdf:parseType="Literal">&lt;p&gt;We listen for $2&amp;lt;x$,
see https://github.com/example/owls
&lt;/p&gt;
</description>
<dc:creator> &lt;a href=&quot;http://arxiv.org/a/poe_a&quot;&gt;Ann Poe&lt;/a&gt; (Owl House), &lt;a
href=&quot;http://arxiv.org/a/roe_b&quot;&gt;Bj\\&quot;orn Roe&lt;/a&gt;</dc:creator>
</item>
"""


def rdf(*items: str, feed: str = "cs.SD") -> str:
    """A feed with these items."""
    return f"{HEAD.format(feed)}{''.join(items)}</rdf:RDF>"


def outcomes(content: bytes | str, form: str | None = "arxiv-rdf") -> list[Paper | Rejection]:
    """What a feed gives."""
    raw = content.encode() if isinstance(content, str) else content
    return [record.outcome for record in read(Dump("feed", io.BytesIO(raw), date(2023, 6, 30)), format=form)]


def test_the_real_feed_gives_its_papers(samples: Path) -> None:
    """One new, one cross-listed and one replaced paper, told apart by their titles' ends."""
    content = (samples / "arxiv_rdf_old" / "DERIVED_hep-ex_2018-05-23_1.xml").read_bytes()
    assert detect(content)[0] == "arxiv-rdf"
    papers = [outcome for outcome in outcomes(content) if isinstance(outcome, Paper)]
    day = date(2018, 5, 23)
    assert [(paper.id, paper.version, paper.announce_type, paper.announced) for paper in papers] == [
        ("arxiv:1805.08875", 1, AnnounceType.NEW, day),
        ("arxiv:1805.09166", 1, AnnounceType.CROSS, day),
        ("arxiv:1805.06430", 2, AnnounceType.REPLACE, None),
    ]
    assert [len(paper.authors) for paper in papers] == [1, 1, 6]
    for paper in papers:
        assert paper.title[-1].isalpha()
        assert "<p>" not in paper.abstract


def test_an_item_becomes_a_paper_announced_that_day() -> None:
    """The id leaves the title, authors are no links any more, and the day is the feed's own, where arXiv is."""
    assert outcomes(rdf(ITEM.format("")), form=None) == [
        Paper(
            id="arxiv:2306.00001",
            version=1,
            title="Owls & $a<b$",
            abstract="We listen for $2<x$, see https://github.com/example/owls",
            authors=("Ann Poe", "Björn Roe"),
            categories=("cs.SD",),
            announced=date(2023, 6, 29),
            announce_type=AnnounceType.NEW,
            links=Links(
                abstract="https://arxiv.org/abs/2306.00001",
                pdf="https://arxiv.org/pdf/2306.00001",
                code="https://github.com/example/owls",
            ),
        )
    ]


@pytest.mark.parametrize(("feed", "categories"), [("eess.AS", ("cs.SD", "eess.AS")), ("cs", ("cs.SD",))])
def test_a_paper_is_of_the_feed_it_stands_in(feed: str, categories: tuple[str, ...]) -> None:
    """A cross-listed paper is of both categories; an archive is no category beside one of its own."""
    (paper,) = outcomes(rdf(ITEM.format(" CROSS LISTED"), feed=feed))
    assert isinstance(paper, Paper)
    assert paper.categories == categories


def test_an_item_whose_title_has_no_tail_is_known_by_its_link() -> None:
    """How it was announced stays open then."""
    (paper,) = outcomes(rdf(ITEM.replace(". (arXiv:2306.00001v1 [cs.SD]{})", "")))
    assert isinstance(paper, Paper)
    assert (paper.id, paper.version, paper.announce_type, paper.announced) == ("arxiv:2306.00001", None, None, None)


def test_a_feed_without_items_gives_nothing() -> None:
    """A day without announcements is no error."""
    assert outcomes(rdf()) == []


@pytest.mark.parametrize(
    ("broken", "where", "why"),
    [
        (ITEM.replace("</link>", ""), "feed: record 2 (arxiv:2306.00001)", "not well-formed"),
        (ITEM.replace("</item>", ""), "feed: record 2 (arxiv:2306.00001)", "not well-formed: never closed"),
        (ITEM.replace("2306.00001", "1234"), "feed: record 2", "no arXiv id"),
        (ITEM.replace("Owls &amp; $a&lt;b$", ""), "feed: record 2 (arxiv:2306.00001)", "no title"),
        (ITEM.replace("Owls", "<!DOCTYPE a>"), "feed: record 2 (arxiv:2306.00001)", "not well-formed"),
    ],
)
def test_a_broken_item_costs_only_itself(broken: str, where: str, why: str) -> None:
    """It is named; the items around it come out."""
    first, middle, last = outcomes(
        rdf(ITEM.format(""), broken.format("") if "{}" in broken else broken, ITEM.format(""))
    )
    assert isinstance(first, Paper)
    assert isinstance(last, Paper)
    assert isinstance(middle, Rejection)
    assert middle.where == where
    assert middle.why.startswith(why)


def test_a_feed_that_declares_entities_is_refused() -> None:
    """They are never expanded."""
    with pytest.raises(SourceError, match="document type declaration"):
        outcomes('<!DOCTYPE x [<!ENTITY b "boom">]>' + rdf(ITEM.replace("Owls", "&b;")).split("\n", 1)[1])


def test_a_title_full_of_tails_does_not_hang() -> None:
    """A title of a megabyte is read in the time that reading takes."""
    (rejection,) = outcomes(rdf(ITEM.replace("Owls", "(arXiv:" * 150_000).replace("2306.00001", "x").format("")))
    assert isinstance(rejection, Rejection)


@given(at=st.integers(1, 10_000))
def test_a_feed_cut_anywhere_gives_whole_items_only(at: int) -> None:
    """Any prefix gives the papers that are whole in it, and one rejection for the rest."""
    content = rdf(ITEM.format(""), ITEM.format(" UPDATED"), ITEM.format(" CROSS LISTED"))
    whole = outcomes(content)
    at = at % (len(content) - 300) + 250
    *papers, last = outcomes(content[:at])
    assert papers == whole[: len(papers)]
    assert len(papers) == content[:at].count("</item>")
    assert isinstance(last, Rejection)
    assert last.why == f"cut off after {len(papers)} records"


@given(data=st.data())
def test_any_damage_gives_papers_or_rejections(data: st.DataObject) -> None:
    """Flipped bytes and chunks lost or moved never raise anything but a SourceError."""
    content = bytearray(rdf(ITEM.format(""), ITEM.format(" UPDATED")).encode())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), min_size=2, max_size=4)))
    chunks = [bytes(content[start:end]) for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    kept = data.draw(st.permutations(chunks))[: data.draw(st.integers(1, len(chunks)))]
    for raw in (bytes(content), b"".join(kept)):
        try:
            found = outcomes(raw)
        except SourceError as error:
            assert error.where == "feed"  # noqa: PT017 - both ends are right
            continue
        assert all(isinstance(outcome, (Paper, Rejection)) for outcome in found)
