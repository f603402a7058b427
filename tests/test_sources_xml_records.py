"""Rows of XML records: cutting, broken records, hostile documents; and DBLP's export, which is one."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import SourceError
from digest.sources import Dump, read
from digest.sources.dblp import SHAPE
from digest.sources.detect import detect
from digest.sources.xml_records import Cutter
from digest.types import Links, Paper, Rejection

if TYPE_CHECKING:
    from pathlib import Path

HEAD = '<?xml version="1.0" encoding="{}"?>\n<!DOCTYPE dblp SYSTEM "dblp.dtd">\n<dblp>\n'
ARTICLE = """<article mdate="2026-01-02" key="journals/owl/Poe26">
<author orcid="0000-0000-0000-0000">Ann Poe 0001</author>
<author>Bj&ouml;rn Roe</author>
<title>H<sub>2</sub>O for <i>Owls</i> &amp; R&D.</title>
<journal>J. Owls</journal><year>2026</year><month>November/December</month>
<ee type="oa">https://doi.org/10.1000/OWL.7</ee>
<ee>http://arxiv.org/abs/2601.00001</ee>
<ee>https://example.org/owl.pdf</ee>
<note>Best paper</note>
</article>
"""
BOOK = '<book key="books/x/{0}"><editor>Cy Doe</editor><title>Volume {0}</title><publisher>P</publisher></book>\n'
WWW = '<www key="homepages/p/AnnPoe"><author>Ann Poe</author><title>Home Page</title></www>\n'

SAMPLES = {
    "evelasquez_dblp.xml": 15,  # 12 articles and 3 books; 8 home pages are passed over
    "fatcat_example_dblp.xml": 3,  # a comment, a whole volume and a home page beside them
}


def dblp(*records: str) -> str:
    """An export with these records."""
    return f"{HEAD.format('UTF-8')}{''.join(records)}</dblp>\n"


def outcomes(content: bytes | str, form: str | None = None) -> list[Paper | Rejection]:
    """What an export gives."""
    raw = content.encode() if isinstance(content, str) else content
    return [record.outcome for record in read(Dump("dump", io.BytesIO(raw), date(2026, 6, 30)), format=form)]


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_gives_its_papers(samples: Path, name: str) -> None:
    """Each real export is told from its content and gives its papers, none rejected, all with clean titles."""
    content = (samples / "dblp" / name).read_bytes()
    assert detect(content)[0] == "dblp"
    found = outcomes(content)
    assert len(found) == SAMPLES[name]
    for paper in found:
        assert isinstance(paper, Paper)
        assert not paper.title.endswith(".")
        assert not any(name[-4:].isdigit() or "&" in name for name in paper.authors)


def test_a_record_of_dblp_becomes_a_paper() -> None:
    """Homonym numbers and the title's full stop go, entities and subscripts are read, editions give ids and links."""
    assert outcomes(dblp(WWW, ARTICLE, '<proceedings key="x"><title>All</title></proceedings>')) == [
        Paper(
            id="arxiv:2601.00001",
            title="H₂O for Owls & R&D",
            authors=("Ann Poe", "Björn Roe"),
            published=datetime(2026, 11, 1, tzinfo=UTC),
            venue="J. Owls",
            comment="Best paper",
            other_ids=("doi:10.1000/owl.7",),
            links=Links(abstract="https://arxiv.org/abs/2601.00001", pdf="https://arxiv.org/pdf/2601.00001"),
        )
    ]


def test_a_record_without_identifier_is_known_by_its_title() -> None:
    """Editors stand in for authors; a year that is none leaves the date open."""
    (paper,) = outcomes(dblp(BOOK.format(1).replace("</book>", '<year>" "</year></book>')))
    assert isinstance(paper, Paper)
    assert paper.id.startswith("title:")
    assert (paper.title, paper.authors, paper.venue, paper.published) == ("Volume 1", ("Cy Doe",), "P", None)


@pytest.mark.parametrize(
    ("root", "wrapped"), [("dblpperson", "<r>{}</r>"), ("bht", "<dblpcites><r>{}</r></dblpcites>")]
)
def test_the_page_of_a_person_or_venue_is_read_too(root: str, wrapped: str) -> None:
    """DBLP gives the same records inside other elements there."""
    (paper,) = outcomes(f'<{root} name="x">{wrapped.format(ARTICLE)}</{root}>')
    assert isinstance(paper, Paper)
    assert paper.id == "arxiv:2601.00001"


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (ARTICLE.replace("</title>", ""), "not well-formed: mismatched tag"),
        (ARTICLE.replace("</article>", ""), "not well-formed: never closed"),
        (ARTICLE.replace("Ann", "<!-- Ann"), "not well-formed"),
        ('<!DOCTYPE a [<!ENTITY b "c">]>'.join(ARTICLE.split("<year>")), "not well-formed"),
    ],
)
def test_a_broken_record_costs_only_itself(broken: str, why: str) -> None:
    """It is named with its place and id, and the records around it come out."""
    first, middle, last = outcomes(dblp(BOOK.format(1), broken, BOOK.format(2)))
    assert isinstance(first, Paper)
    assert isinstance(last, Paper)
    assert (first.title, last.title) == ("Volume 1", "Volume 2")
    assert isinstance(middle, Rejection)
    assert middle.where == "dump: record 2 (doi:10.1000/owl.7)"
    assert middle.why.startswith(why)


def test_a_record_without_title_names_its_key() -> None:
    """What makes it findable is in the message."""
    (rejection,) = outcomes(dblp('<article key="journals/x/1"><year>2026</year></article>'))
    assert rejection == Rejection(where="dump: record 1", why="no title: 'journals/x/1'")


def test_what_is_commented_out_is_not_there() -> None:
    """A record within a comment gives nothing; a comment that never ends is none."""
    assert outcomes(dblp("<!-- ", BOOK.format(1), " -->")) == []
    assert len(outcomes(dblp("<!-- ", BOOK.format(1)))) == 1


@pytest.mark.parametrize(
    "encoding", ["iso-8859-1", "utf-8-sig", "utf-16", "rot13", "idna", "unicode_escape", "nothing"]
)
def test_encodings_are_read_as_declared_where_they_can_be(encoding: str) -> None:
    """A byte order mark or the declaration tells the encoding; what is none of characters falls back to UTF-8."""
    real = encoding if encoding in ("iso-8859-1", "utf-8-sig", "utf-16") else "utf-8"
    text = HEAD.format(encoding.removesuffix("-sig")) + BOOK.format("é \\d") + "</dblp>"
    (paper,) = outcomes(text.encode(real))
    assert isinstance(paper, Paper)
    assert paper.title.startswith("Volume é")


@pytest.mark.parametrize("doctype", ['<!DOCTYPE dblp [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>', "<!DOCTYPE dblp ["])
def test_a_declaration_of_entities_is_refused(doctype: str) -> None:
    """A DTD that is only named is never read; one that comes along is refused before the first record."""
    with pytest.raises(SourceError, match="document type declaration"):
        outcomes(f"{doctype}<dblp>{BOOK.format('&b;')}</dblp>")


def test_entities_are_never_expanded_and_nothing_is_fetched() -> None:
    """References to what is not HTML's stay as they are written, also where a declaration hides behind the root."""
    declared = '<!DOCTYPE dblp [<!ENTITY b "boom"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    (paper,) = outcomes(f"<dblp>{declared}{BOOK.format('&b; &c; &eacute;')}</dblp>")
    assert isinstance(paper, Paper)
    assert paper.title == "Volume &b; &c; é"


def test_undeclared_prefixes_lose_nothing() -> None:
    """An element or attribute whose prefix is declared outside the record, or nowhere, is read by its bare name."""
    (paper,) = outcomes(dblp('<article xlink:href="x"><mml:title>A Owl</mml:title></article>'))
    assert isinstance(paper, Paper)
    assert paper.title == "A Owl"
    many = "".join(f"<p{number}:x/>" for number in range(200))
    (rejection,) = outcomes(dblp(f"<article>{many}<title>A</title></article>"))
    assert rejection == Rejection(where="dump: record 1", why="not well-formed: 200 prefixes")


def test_deep_nesting_and_long_fields_are_read() -> None:
    """A hundred thousand levels and ten megabytes are no danger; more than the limit is one rejection."""
    deep = f"<article><title>Owls{'<i>' * 100_000}{'</i>' * 100_000}</title></article>"
    long = f"<article><title>Owls</title><note>{'owl ' * 2_600_000}</note></article>"
    too_long = f"<article><title>Owls</title><note>{'owl ' * 4_300_000}</note></article>"
    *good, bad, last = outcomes(dblp(deep, long, too_long, BOOK.format(1)))
    assert [paper.title for paper in (*good, last) if isinstance(paper, Paper)] == ["Owls", "Owls", "Volume 1"]
    assert bad == Rejection(where="dump: record 3", why="longer than 16 Mi characters, the most read of one record")


def test_a_row_of_records_is_read_with_flat_memory() -> None:
    """Thirty megabytes of records pass through a hundredth of the memory that holding them would take."""
    part = ARTICLE.encode() * 100

    class Endless(io.RawIOBase):
        left = 700

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the base class takes any buffer
            self.left -= 1
            piece = b"<dblp>" if self.left == 699 else part if self.left > 0 else b""
            buffer[: len(piece)] = piece
            return len(piece)

        def readable(self) -> bool:
            return True

    tracemalloc.start()
    try:
        count = 0
        for record in read(Dump("dump", Endless(), date(2026, 6, 30))):  # type: ignore[arg-type]  # a raw stream too
            count += isinstance(record.outcome, Paper)
            if count > 3000:
                break
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 3001
    assert peak < 4 * 2**20


def test_a_gzip_file_cut_short_keeps_what_was_packed_before() -> None:
    """The records before the cut come out, and one rejection names the cut."""
    numbered = "".join(BOOK.format(f"{number * 7919 % 10_007} of {number}") for number in range(3000))
    packed = gzip.compress(dblp(numbered).encode())
    with gzip.GzipFile(fileobj=io.BytesIO(packed[: len(packed) // 2])) as stream:
        *found, last = [record.outcome for record in read(Dump("half", stream, date(2026, 6, 30)))]  # type: ignore[arg-type]
    assert len(found) > 1000
    assert all(isinstance(outcome, Paper) for outcome in found)
    assert isinstance(last, Rejection)
    assert last.where == f"half: record {len(found) + 1}"
    assert last.why.startswith(f"cut off after {len(found)} records: compressed file ended")


def test_a_dump_of_another_kind_is_refused_at_the_call() -> None:
    """Naming the format does not make a quiet day of a document that is something else."""
    for content in (b"<rss/>", b"{}", b"text"):
        with pytest.raises(SourceError, match="not a DBLP export"):
            read(Dump("dump", io.BytesIO(content), date(2026, 6, 30)), format="dblp")


@given(at=st.integers(1, 2000))
def test_an_export_cut_anywhere_gives_whole_records_only(at: int) -> None:
    """Any prefix gives the papers that are whole in it, and one rejection for the rest."""
    content = dblp(BOOK.format(1), ARTICLE, WWW, BOOK.format(2))
    whole = outcomes(content)
    at = at % (content.index("</dblp>") - content.index("<dblp>") - 6) + content.index("<dblp>") + 6
    *papers, last = outcomes(content[:at])
    assert papers == whole[: len(papers)]
    assert len(papers) == content[:at].count("</book>") + content[:at].count("</article>")
    assert last == Rejection(where=f"dump: record {len(papers) + 1}", why=f"cut off after {len(papers)} records")


@given(sizes=st.lists(st.integers(1, 60), min_size=1, max_size=80))
def test_it_does_not_matter_how_the_text_comes_in_pieces(sizes: list[int]) -> None:
    """Tags, comments and records may be split anywhere between two pieces of a stream."""
    content = dblp(BOOK.format(1), "<!-- a <book>b</book> -->", ARTICLE, WWW, BOOK.format(2))
    pieces: list[str] = []
    rest = content
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    in_pieces, as_one = Cutter(SHAPE, [*pieces, rest]), Cutter(SHAPE, [content])
    assert list(in_pieces) == list(as_one)
    assert len(list(as_one)) == 3
    assert not in_pieces.is_cut


@given(data=st.data())
def test_any_damage_gives_papers_or_rejections(data: st.DataObject) -> None:
    """Flipped bytes and chunks lost or moved never raise anything but a SourceError."""
    content = bytearray(dblp(BOOK.format(1), ARTICLE, WWW, BOOK.format(2)).encode())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), min_size=2, max_size=4)))
    chunks = [bytes(content[start:end]) for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    kept = data.draw(st.permutations(chunks))[: data.draw(st.integers(1, len(chunks)))]
    for raw in (bytes(content), b"".join(kept)):
        try:
            found = outcomes(raw, "dblp")
        except SourceError as error:
            assert error.where == "dump"  # noqa: PT017 - both ends are right
            continue
        assert all(isinstance(outcome, (Paper, Rejection)) for outcome in found)
