"""Feeds of journals and third parties: their papers, and what becomes of feeds that are broken, wrong or hostile."""

from __future__ import annotations

import encodings.aliases
import html
import io
import time
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import SourceError
from digest.sources import Dump, read
from digest.sources.detect import detect
from digest.types import Links, Paper, Rejection

if TYPE_CHECKING:
    from pathlib import Path

PUBMED = "pubmed.ncbi.nlm.nih.gov-rss-search-1rE397IRBYU0-ogsyRnEw9o91K808u0evolcHK9IDZ0PVH5cqD-.xml"
CACHE, EXAMPLES = "journal_rss/biorss_cache", "journal_rss/biorss_examples"
SAMPLES = {
    f"{CACHE}/2021-11-23_3bd4ee2e7045ead791e322c2f0fc7c76.xml": 48,  # ScienceDirect: furniture, no abstracts
    f"{CACHE}/2021-11-23_7e2b51d9446382fee6cfa66b88388f73.xml": 14,  # Ingenta, RDF: "Family, Given", no dates
    f"{CACHE}/2021-11-23_ac4926010a47e146b813889ebb96bcc6.xml": 168,  # ZooBank: registrations rather than papers
    f"{CACHE}/2021-11-24_0abe4bd4e1c41f034b91fd79cc81fda4.xml": 9,  # OJS, Atom
    f"{CACHE}/2021-11-24_3f855f4ae8332f01f6377fa341c3e93d.xml": 4,  # OJS, Atom
    f"{CACHE}/2021-11-24_5c20d2dbd02f93c620b415eda1f19284.xml": 1,  # OJS, RDF: markup in the title
    f"{CACHE}/2021-11-24_b7a6def63bf0dad1ab0f285c614b43c2.xml": 15,  # PubMed RSS
    f"{CACHE}/2021-11-24_d08acaa8dc9b5e6f5bd8e6631cfd9e73.xml": 10,
    f"{CACHE}/2021-12-14_cambridge.org-core-rss-product-id-2DD17A42E6E59026C256A7EBBDB96645.xml": 15,
    f"{CACHE}/2021-12-14_journals.rbge.org.uk-ejb-gateway-plugin-WebFeedGatewayPlugin-rss.xml": 25,
    f"{CACHE}/2021-12-14_jstage.jst.go.jp-AF05S010NewRssDld.xml": 0,  # a feed without entries
    f"{CACHE}/2021-12-14_{PUBMED}": 15,
    f"{CACHE}/2021-12-21_journals.flvc.org-mundi-gateway-plugin-WebFeedGatewayPlugin-rss.xml": 6,
    f"{CACHE}/2021-12-21_jstage.jst.go.jp-AF05S010NewRssDld.xml": 0,
    f"{CACHE}/2021-12-21_mapress.com-zt-gateway-plugin-WebFeedGatewayPlugin-rss.xml": 8,
    f"{CACHE}/2021-12-21_microbiologyresearch.org-rss-content-journal-ijsem-latestarticles.xml": 25,  # a BOM
    f"{CACHE}/2021-12-21_riviste.unimi.it-index.php-RIPS-gateway-plugin-WebFeedGatewayPlugin-rss.xml": 11,
    f"{EXAMPLES}/actaa.xml": 0,
    f"{EXAMPLES}/ajh.xml": 13,  # Taylor & Francis: the title as the name of the journal
    f"{EXAMPLES}/et.xml": 4,
    f"{EXAMPLES}/mpe.xml": 53,
    f"{EXAMPLES}/phytotaxa.xml": 7,
    "journal_rss/joss_atom.xml": 1,  # names in parts
    "journal_rss/zotero/feed.rss": 3,  # news, no papers, but a feed does not say so
    "journal_rss/zotero/feedArticleMetadata.rss": 1,  # MDPI: a bibliography before the title
    "journal_rss/zotero/feedCDATA.rss": 2,  # Science: empty abstracts
    "journal_rss/zotero/feedDetailed.rss": 3,
    "journal_rss/zotero/feedRichText.rss": 3,
    "thirdparty_feeds/chem_mirror/acs_chem_bio.xml": 39,
    "thirdparty_feeds/chem_mirror/chemometrics.xml": 64,
    "thirdparty_feeds/cn-chat-arxiv/cs.IR_2026-08_EMPTY.xml": 0,
    "thirdparty_feeds/cn-chat-arxiv/econ_2024-02-07.xml": 18,  # arXiv's papers in a feed that is not arXiv's
    "thirdparty_feeds/fengzi/grsm-current-issue.xml": 30,
    "thirdparty_feeds/fengzi/scs-current-issue.xml": 49,
    "thirdparty_feeds/yukhin/filtered_feed.nano-energy.xml": 3,
    "thirdparty_feeds/yukhin/filtered_feed.prb.xml": 12,
}
"""Every sample -> the number of `<item` and `<entry` in it; none of them is to be rejected."""

ITEM = """<item rdf:about="https://journal.example.org/1">
  <title>Owls &lt;em&gt;at night&lt;/em&gt;</title>
  <link>https://journal.example.org/1?utm_source=rss&amp;page=2</link>
  <description>&lt;p&gt;We listen to owls.&lt;/p&gt;</description>
  <dc:creator>Poe, Ann</dc:creator><dc:creator>Roe, Bob</dc:creator>
  <dc:identifier>doi: 10.1000/OWL.1</dc:identifier><dc:identifier>pmid:12345678</dc:identifier>
  <dc:date>2026-06-20</dc:date>
  <prism:publicationName>Journal of Owls</prism:publicationName>
</item>"""


def rdf(*items: str) -> str:
    """A feed in RSS 1.0 with these items."""
    return f"""<?xml version="1.0" encoding="utf-8"?><rdf:RDF xmlns="http://purl.org/rss/1.0/"
      xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"
      xmlns:prism="http://prismstandard.org/namespaces/1.2/basic/"><channel><title>Owls</title></channel>
      {"".join(items)}</rdf:RDF>"""


def rss(*fields: str) -> str:
    """A feed in RSS 2 with an item of each of these."""
    items = "".join(f"<item>{each}</item>" for each in fields)
    return f'<rss version="2.0"><channel><title>Feed</title>{items}</channel></rss>'


def outcomes(content: bytes | str, form: str | None = None) -> list[Paper | Rejection]:
    """What a feed gives."""
    raw = content.encode() if isinstance(content, str) else content
    return [record.outcome for record in read(Dump("feed", io.BytesIO(raw), date(2026, 6, 30)), format=form)]


def papers(content: bytes | str) -> list[Paper]:
    """The papers of a feed that gives nothing else."""
    found = outcomes(content)
    assert all(isinstance(each, Paper) for each in found), found
    return [each for each in found if isinstance(each, Paper)]


@pytest.mark.parametrize("path", SAMPLES)
def test_every_sample_gives_all_its_entries(samples: Path, path: str) -> None:
    """Whatever a publisher makes of RSS and Atom, each entry becomes a paper with a clean title."""
    content = (samples / path).read_bytes()
    assert detect(content[:65536])[0] == "journal-feed"
    found = papers(content)
    assert len(found) == SAMPLES[path]
    for paper in found:
        assert "<p>" not in paper.title + paper.abstract
        assert not paper.abstract.startswith(("Publication date", "Abstract", "Volume", "Author"))
        assert not any("@" in name or "," in name.removesuffix(", Jr.") for name in paper.authors)


def test_an_item_becomes_a_paper() -> None:
    """Dublin Core and PRISM have their places; the DOI is the paper's id, and tracking leaves no trace."""
    assert papers(rdf(ITEM)) == [
        Paper(
            id="doi:10.1000/owl.1",
            other_ids=("pmid:12345678",),
            title="Owls at night",
            abstract="We listen to owls.",
            authors=("Ann Poe", "Bob Roe"),
            published=datetime(2026, 6, 20, tzinfo=UTC),
            venue="Journal of Owls",
            links=Links(abstract="https://doi.org/10.1000/owl.1"),
        )
    ]
    (untold,) = papers(rdf(ITEM.replace("doi: 10.1000/OWL.1", "urn:x").replace("pmid:12345678", "")))
    assert untold.id.startswith("title:")
    assert untold.links.abstract == "https://journal.example.org/1?page=2"


@pytest.mark.parametrize(
    ("fields", "paper_id"),
    [
        ("<guid>https://arxiv.org/abs/2606.00001v2</guid><dc:identifier>10.1000/a</dc:identifier>", "arxiv:2606.00001"),
        ("<guid>10.1000/a</guid>", "doi:10.1000/a"),
        ("<guid>pubmed:12345</guid>", "pmid:12345"),
        ("<dc:identifier>info:doi/10.1000/a</dc:identifier>", "doi:10.1000/a"),
        ("<prism:doi><![CDATA[10.1000/A]]></prism:doi>", "doi:10.1000/a"),
        ("<link>https://publisher.example.org/doi/full/10.1000/a.b?af=R</link>", "doi:10.1000/a.b"),
        ("<link>https://publisher.example.org/article/10.1000/a.b/meta</link>", "doi:10.1000/a.b"),
        ("<link>https://publisher.example.org/article/doi/10.1000/a.b/5285771/Owls</link>", "doi:10.1000/a.b"),
        ("<description>J. Owls, vol. 1&lt;br&gt;DOI: 10.1000/a</description>", "doi:10.1000/a"),
    ],
)
def test_an_identifier_is_found_wherever_a_publisher_puts_it(fields: str, paper_id: str) -> None:
    """In elements of six names, inside links, and in the citation before the abstract; arXiv's id is the strongest."""
    (paper,) = papers(rss(f"<title>Owls at night</title>{fields}"))
    assert paper.id == paper_id


@pytest.mark.parametrize(
    ("description", "authors", "day", "venue"),
    [
        (
            "<p>Publication date: 3 March 2026</p><p><b>Source:</b> Owls, Volume 3</p><p>Author(s): A. Poe, B. Roe</p>",
            ("A. Poe", "B. Roe"),
            date(2026, 3, 3),
            "Owls",
        ),
        (
            "Ann Poe, Bob van Roe, et al.<br/>Owls, vol. 4, issue 3, pp. 1-9<br/>",
            ("Ann Poe", "Bob van Roe"),
            None,
            "Owls",
        ),
        ("Owls, Volume 3, Issue 2, Page 1-9, March 2026. <br/>", (), date(2026, 3, 1), "Owls"),
        (
            "Author(s): A. Poe and B. Roe<br/>[Owl Lett. 1, 2] Published Mon Aug 10, 2026",
            ("A. Poe", "B. Roe"),
            date(2026, 8, 10),
            "Owl Lett.",
        ),
    ],
)
def test_what_stands_around_an_abstract_is_read_and_left_out(
    description: str, authors: tuple[str, ...], day: date | None, venue: str
) -> None:
    """Authors, day and journal come out of the lines of citation, and only the abstract stays."""
    for abstract in ("", "We listen to owls. They answer."):
        content = f"{description}<div>{abstract}</div>"
        (paper,) = papers(rss(f"<title>Owls at night</title><description><![CDATA[{content}]]></description>"))
        assert paper.abstract == abstract
        assert paper.authors == authors
        assert (paper.published.date() if paper.published else None, paper.venue) == (day, venue)


def test_an_entry_without_a_title_is_rejected_and_named() -> None:
    """Nothing can be shown of it; one that has no id is known by its title."""
    found = outcomes(
        rss("<guid>10.1000/a</guid>", "<title> </title><guid>10.1000/b</guid>", "<title>Issue Information</title>")
    )
    assert found[:2] == [
        Rejection(where="feed: entry 1 (doi:10.1000/a)", why="no title"),
        Rejection(where="feed: entry 2 (doi:10.1000/b)", why="no title"),
    ]
    assert isinstance(found[2], Paper)
    assert found[2].id.startswith("title:")


@pytest.mark.parametrize(
    "flaw",
    [
        "</b>",
        "<b>",
        "<a:b c:d='e'>",
        "<b c=d c=d e>",
        "a < b & c &eacute; &unheardof; &#x0;",
        "<![CDATA[ a <![CDATA[ b ]]> c ]]>",
        "<![CDATA[ never closed",
        "<!-- never closed",
        "<!DOCTYPE x [",
        "]]>",
        "<?php ?>",
        "<pubDate>99999-13-77 BC</pubDate>",
        "<content mode='base64'>%%%</content>",
        "\x00\x1f\ufffe",
    ],
)
def test_a_broken_entry_keeps_what_can_be_read_and_spoils_nothing(flaw: str) -> None:
    """Its title and link come out, and so do the entries around it."""
    whole = "<title>Owls at night</title><link>https://example.org/1</link>"
    found = papers(rss(whole, f"<title>Owls by day</title><link>https://example.org/2</link>{flaw}", whole))
    assert [paper.title for paper in found] == ["Owls at night", "Owls by day", "Owls at night"]
    assert found[1].links.abstract == "https://example.org/2"


def test_a_field_that_is_not_closed_ends_where_the_next_begins() -> None:
    """A title without its end does not swallow the link."""
    (paper,) = papers(rss("<title>Owls at night<link>https://example.org/1</link>"))
    assert (paper.title, paper.links.abstract) == ("Owls at night", "https://example.org/1")


@pytest.mark.parametrize("before", ["<br />\n<b>Warning</b>: too late\n", "Warning: too late\n", "\n\n  "])
def test_what_stands_before_a_feed_is_passed_over(before: str) -> None:
    """A server's warning before the document does not cost it."""
    assert len(papers(before + rdf(ITEM, ITEM))) == 2


def test_namespaces_that_nobody_declared_mean_what_they_always_mean() -> None:
    """`dc:creator` without its declaration is an author."""
    (paper,) = papers(rss("<title>Owls</title><dc:creator>Ann Poe</dc:creator><x:y>z</x:y>"))
    assert paper.authors == ("Ann Poe",)


def test_a_declaration_may_name_characters_and_nothing_else() -> None:
    """Short entities are kept; nested ones do not expand, and external ones are not opened."""
    entities = '<!ENTITY half "&#189;"><!ENTITY ha "haha"><!ENTITY b "&ha;&ha;"><!ENTITY c "&b;&b;">'
    external = '<!ENTITY x SYSTEM "file:///etc/hostname"><!ENTITY % y SYSTEM "http://127.0.0.1:1/"> %y;'
    feed = rss("<title>&half;&nbsp;&ha; &b; &c; &x;</title>")
    (paper,) = papers(f"<!DOCTYPE rss [{entities}{external}]>\n{feed}")
    assert paper.title == "½ haha &b; &c; &x;"


@pytest.mark.parametrize("name", sorted({*encodings.aliases.aliases.values(), "nonsense", "x-user-defined", "UTF-16"}))
def test_a_declared_encoding_is_used_where_it_is_true(name: str) -> None:
    """A feed declared in any encoding that Python knows, but written in UTF-8 or ASCII, gives its paper."""
    content = f'<?xml version="1.0" encoding="{name}"?>{rss("<title>Owls at night</title>")}'
    assert [paper.title for paper in papers(content)] == ["Owls at night"]


@pytest.mark.parametrize(
    ("declared", "written"),
    [
        ("iso-8859-1", "cp1252"),
        ("utf-8", "cp1252"),
        ("iso-8859-2", "iso-8859-2"),
        ("koi8-r", "koi8-r"),
        ("gb2312", "gbk"),
    ],
)
def test_text_is_read_in_the_encoding_it_is_written_in(declared: str, written: str) -> None:
    """Declared rightly, or as what everybody means by it."""
    title = {"iso-8859-2": "Žluťoučký kůň", "koi8-r": "Совы ночью", "gbk": "夜晚的猫头鹰"}.get(
        written, "Café “owls” … 10 €"
    )
    content = f'<?xml version="1.0" encoding="{declared}"?>{rss(f"<title>{title}</title>")}'
    assert [paper.title for paper in papers(content.encode(written))] == [title]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("declared", ['<?xml version="1.0"?>', '<?xml version="1.0" encoding="UTF-16"?>', ""])
def test_wide_characters_are_read_with_and_without_a_mark(encoding: str, mark: str, declared: str) -> None:
    """How the first character looks tells how many bytes each has, whatever is declared."""
    content = f"{mark}{declared}{rss('<title>Žluťoučký kůň</title>')}".encode(encoding)
    assert [paper.title for paper in papers(content)] == ["Žluťoučký kůň"]


@pytest.mark.parametrize("encoding", ["cp037", "cp500", "cp1140", "cp273"])
def test_ebcdic_is_read_as_declared(encoding: str) -> None:
    """A mainframe's feed; one that declares what Python does not know is read as the commonest of them."""
    for declared in (encoding, "IBM039"):
        content = f'<?xml version="1.0" encoding="{declared}"?>{rss("<title>Owls at night</title>")}'
        assert [paper.title for paper in papers(content.encode(encoding))] == ["Owls at night"]


def test_references_to_windows_characters_mean_those() -> None:
    """`&#146;` is an apostrophe, also where UTF-8 was taken for Windows-1252 before; what XML forbids is left out."""
    first, second = papers(
        rss("<title>Owl&#146;s&#0;&#xD800; call</title>", "<title>Owl&#226;&#128;&#153;s call</title>")
    )
    assert first.title == second.title == "Owl\u2019s call"


def test_one_byte_that_is_wrong_costs_only_itself() -> None:
    """What is UTF-8 around a byte of Windows-1252 stays UTF-8."""
    (paper,) = papers(rss("<title>Käuze and cafX</title>").encode().replace(b"X", b"\xe9"))
    assert paper.title == "Käuze and café"


DOCTYPE = '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://www.example.org/x.dtd">'
PREFIXED = "<r:channel><r:item><r:title>Owls</r:title></r:item></r:channel>"


@pytest.mark.parametrize(
    "content",
    [
        f"{DOCTYPE}\n{rss('<title>Owls</title>')}",
        f'<r:rss version="2.0" xmlns:r="http://backend.userland.com/rss2">{PREFIXED}</r:rss>',
        '<feed xmlns="http://www.w3.org/2005/Atom"><item><title>Owls</title></item></feed>',
        '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry><a:title>Owls</a:title></a:entry></a:feed>',
    ],
    ids=["a web page's doctype", "RSS with a prefix", "Atom with items", "Atom with a prefix"],
)
def test_what_feed_readers_read_is_read(content: str) -> None:
    """Feeds that are odd, but in which any reader of feeds finds the entry."""
    assert [paper.title for paper in papers(content)] == ["Owls"]


def test_addresses_are_relative_to_the_base_of_the_feed() -> None:
    """`xml:base` of the root element counts for the links of its entries (XML Base)."""
    entry = '<entry><title>Owls</title><link href="papers/1"/></entry>'
    (paper,) = papers(
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://journal.example.org/new/">{entry}</feed>'
    )
    assert paper.links.abstract == "https://journal.example.org/new/papers/1"


@pytest.mark.parametrize(
    ("description", "abstract"),
    [
        ("We count owls.<script>document.write('owl')</script> They hoot.", "We count owls. They hoot."),
        ("<style>p {color: red}</style><p>We count owls.</p>", "We count owls."),
        ("<b>We count owls.<br/>They hoot.</b>", "We count owls. They hoot."),
        ("<table><tbody><tr><td>We count owls.</td></tr></tbody></table>", "We count owls."),
        ("<!DOCTYPE html><html><body>We count owls.</body></html>", "We count owls."),
        ("We count owls.<iframe src='https://example.org/'></iframe>", "We count owls."),
        ("We put <title> before a title.", "We put <title> before a title."),
        ("Owls <script> hoot.", "Owls <script> hoot."),
    ],
)
def test_what_is_not_to_be_read_is_no_title_and_no_abstract(description: str, abstract: str) -> None:
    """Scripts, styles and tags of a page go; a word in angle brackets that nothing closes is a word."""
    text = html.escape(description)
    (paper,) = papers(rss(f"<title>{text}</title>"))
    assert paper.title == abstract
    (paper,) = papers(rss(f"<title>Owls</title><description>{text}</description>"))
    assert paper.abstract == abstract


def test_a_web_page_is_no_feed() -> None:
    """A page with status 200 where a feed should be is refused in words, whatever it mentions."""
    for page in ("<!DOCTYPE html><html><body><rss version='2.0'></body></html>", "<html><head></head></html>"):
        for form in (None, "journal-feed"):
            with pytest.raises(SourceError, match="an HTML page"):
                outcomes(page, form)


@pytest.mark.parametrize(
    "content",
    [
        rss(*["<title>x</title>"] * 12_000),
        rss(*["<title>x</b>"] * 3000),
        rss("<title>x</title>" + "<a/>" * 30_000),
        rss("<title>x</title><author>" + "a" * 300_000 + "</author>"),
        rss("<title>x</title><description>" + "&lt;p " * 50_000 + "</description>"),
        rss("<title>x</title><description>" + "owls " * 2_000_000 + "</description>"),
        rss("<title>x</title>" + "<![CDATA[" * 20_000),
        rss("<title>x</title>" + "<div>" * 40_000 + "</div>" * 40_000),
        "<!DOCTYPE rss [" + '<!ENTITY a "b">' * 20_000 + "]>" + rss("<title>x</title>"),
        '<rss version="2.0"' + ' xmlns:a="b"' * 30_000 + "><channel><item><title>x</title></item></channel></rss>",
    ],
    ids=["many", "broken", "tags", "word", "markup", "10 MB", "sections", "deep", "entities", "namespaces"],
)
def test_no_feed_takes_for_ever(content: str) -> None:
    """What is absurd is read or rejected in seconds; a square of its size would be minutes."""
    begin = time.perf_counter()
    assert outcomes(content)
    assert time.perf_counter() - begin < 10


def test_a_feed_has_an_end() -> None:
    """Beyond five thousand entries one rejection says how many there are."""
    *found, last = outcomes(rss(*["<title>Owls at night, and how they are heard</title>"] * 5001))
    assert len(found) == 5000
    assert last == Rejection(where="feed", why="5001 entries, more than a feed has: the first 5000 were read")


WHOLE = rdf(*(ITEM.replace("OWL.1", f"OWL.{number}").replace("org/1", f"org/{number}") for number in range(1, 5)))


@given(st.integers(1, len(WHOLE)))
@settings(max_examples=150, deadline=None)
def test_a_feed_cut_anywhere_gives_its_whole_entries(at: int) -> None:
    """Each paper as in the whole feed, and one rejection for the rest."""
    try:
        found = outcomes(WHOLE[:at])
    except SourceError:
        assert "<title>Owls</title>" not in WHOLE[:at]
        return
    whole = papers(WHOLE)
    kept = [each for each in found if isinstance(each, Paper)]
    assert kept == whole[: WHOLE[:at].count("</item>")]
    assert len(found) - len(kept) == (at < len(WHOLE))


FRAGMENTS = st.sampled_from(
    [
        *("<![CDATA[", "]]>", "<!--", "-->", "<item>", "</item>", "<entry>", "</channel>", "<rss>", "&", "&a;", "\x00"),
        *("<", ">", '"', "'", "<title>", "</title>", "<textInput>", "<image>", "<a:b>", "<link href='//[:'/>"),
        *("<!DOCTYPE rss [", '<!ENTITY a "b">', "]>", "<dc:date>0000-00-00</dc:date>", "<author>x@y (</author>"),
    ]
)


@given(data=st.data(), encoding=st.sampled_from(sorted({*encodings.aliases.aliases.values()})))
@settings(max_examples=250, deadline=None)
def test_whatever_happens_to_a_feed_there_are_papers_or_words(data: st.DataObject, encoding: str) -> None:
    """Pieces lost, doubled, swapped, put in; bytes flipped; any encoding declared: nothing but records or a refusal."""
    content = WHOLE.replace("utf-8", encoding) if data.draw(st.booleans()) else WHOLE
    for _ in range(data.draw(st.integers(1, 5))):
        one, other = sorted((data.draw(st.integers(0, len(content))), data.draw(st.integers(0, len(content)))))
        middle = data.draw(st.one_of(FRAGMENTS, st.just(""), st.just(content[one:other] * 2)))
        content = content[:one] + middle + content[min(other, one + 300) :]
    raw = bytearray(content.encode())
    for at in data.draw(st.lists(st.integers(0, max(len(raw) - 1, 0)), max_size=5)):
        raw[at : at + 1] = data.draw(st.binary(min_size=1, max_size=1))
    try:
        found = outcomes(bytes(raw), data.draw(st.sampled_from([None, "journal-feed"])))
    except SourceError as error:
        assert error.why  # noqa: PT017 - both ends are right, and this one must say something
        return
    for each in found:
        assert each.title if isinstance(each, Paper) else each.why
