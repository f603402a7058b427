"""Every format, damaged and hostile: what comes out is papers, rejections or a SourceError, and it comes out soon."""

from __future__ import annotations

import gzip
import io
import time
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import SourceError
from digest.sources import FORMATS, Dump, read
from digest.types import Paper, Rejection

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES = (
    "arxiv_api/xiv_response.xml",
    "arxiv_atom_feed/cs.AI_2025-08-20_7entries.xml",
    "arxiv_rss2/distill_cs_ai_2026-04-27.xml",
    "arxiv_snapshot/arxiv-metadata-oai-snapshot_first200.json",
    "dblp/fatcat_example_dblp.xml",
    "europepmc",
    "hf_daily_papers/api_2026-06-12.json",
    "journal_rss/biorss_examples/mpe.xml",
    "journal_rss/joss_atom.xml",
    "json_feed",
    "oai_pmh",
    "openalex",
    "openreview",
    "pubmed",
    "references",
    "semantic_scholar",
    "stream/2025-05-05.jsonl.gz",
    "thirdparty_feeds/chem_mirror/chemometrics.xml",
    "trending_page/trending_page_mar13.txt",
)
"""Real dumps, and folders of them."""

LONGEST = 20_000
"""Bytes of a sample that are damaged."""

HOSTILE = [
    b"<", b">", b"&", b'"', b"{", b"}", b"[", b"\\", b"\n", b"\x00", b"\xff", b"\xed\xa0\x80", b"\xff\xfe", b"&#0;",
    b"&#xD800;", b"<!DOCTYPE x [", b"<![CDATA[", b"]]>", b"<!--", b"<item>", b"</entry>", b' xmlns:a="b c"', b"1e999",
    b'"\\ud800"', b"99999999999999999999", b"0000-00-00", b"9999-99-99T99:99:99Z", b"@article{", b"ER  - ", b"\\\\\n",
]  # fmt: skip
"""What a parser may stumble over."""


@pytest.fixture(scope="module")
def dumps(samples: Path) -> list[bytes]:
    """The beginnings of real dumps, of most formats."""
    paths = [samples / name for name in SAMPLES]
    files = [file for path in paths for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    contents = [file.read_bytes() for file in files if file.is_file() and file.suffix != ".md"]
    return [(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)[:LONGEST] for raw in contents]


def outcomes(content: bytes, form: str | None = None) -> list[Paper | Rejection] | SourceError:
    """What reading gives, or why it cannot be read; anything else would be raised."""
    try:
        return [record.outcome for record in read(Dump("dump", io.BytesIO(content), date(2026, 6, 30)), format=form)]
    except SourceError as error:
        return error


def is_in_order(found: list[Paper | Rejection] | SourceError) -> bool:
    """Whether every paper has an id and a title, and every refusal a place and a reason."""
    if isinstance(found, SourceError):
        return found.where == "dump" and bool(found.why)
    return all(
        each.id and each.title if isinstance(each, Paper) else each.where.startswith("dump") and each.why
        for each in found
    )


def damaged(content: bytes, data: st.DataObject) -> bytes:
    """The content, cut, flipped, put in another order, or with something hostile in it, up to four times."""
    for _ in range(data.draw(st.integers(1, 4))):
        at, end = sorted(data.draw(st.tuples(*[st.integers(0, len(content))] * 2)))
        to = data.draw(st.integers(0, len(content)))
        rest = content[:at] + content[end:]
        hostile = data.draw(st.sampled_from(HOSTILE)) * data.draw(st.sampled_from([1, 2, 300]))
        content = data.draw(
            st.sampled_from(
                [
                    content[:at],
                    content[at:],
                    rest,
                    rest[:to] + content[at:end] + rest[to:],
                    content[:at] + hostile + content[at:],
                    content[:at] + bytes(255 - byte for byte in content[at : at + 1]) + content[at + 1 :],
                ]
            )
        )
    return content


@given(data=st.data())
@settings(max_examples=200)
def test_a_damaged_dump_gives_papers_or_reasons(dumps: list[bytes], data: st.DataObject) -> None:
    """Any cut, flipped byte, other order or foreign piece in a real dump of any format, whatever format is claimed."""
    content = damaged(data.draw(st.sampled_from(dumps)), data)
    assert is_in_order(outcomes(content, data.draw(st.sampled_from([None, None, *FORMATS]))))


SIZE = 1_000_000  # an entry of a feed is read up to 2**20


@pytest.mark.parametrize(
    ("before", "unit", "behind"),
    [
        ("Mar 13\n", "a#", "\n"),
        ("Mar 13\n", "a\n", "\n"),
        ("@article{a,\n", "@comment{", ""),
        ("@article{a, title={", "{", "}}"),
        ("TY  - JOUR\nTI  - a\nAB  - ", "~", "\nER  - \n"),
        ("<!DOCTYPE rss [", "<!--", "]><rss><channel><item><title>a</title></item></channel></rss>"),
        ("<rss><channel>", "<item/>", "</channel></rss>"),
        ("<rss><channel><item><title>a</title><description>", "<", "</description></item></channel></rss>"),
        ("<rss><channel><item><title>a</title>", "<b>", "</item></channel></rss>"),
        ("<rss><channel><item><title>a</title><author>", ") ", "</author></item></channel></rss>"),
        ("<rss><channel><item><title>a</title><link>", "doi:", "</link></item></channel></rss>"),
        ("<rss><channel>", '<item><title>a</title><a:b xmlns:a="&#8232;"/></item>', "</channel></rss>"),
        ("<feed><id>http://arxiv.org/api/a</id><entry><summary>", "<a b='", "</summary></entry></feed>"),
        ("<feed><id>http://arxiv.org/api/a</id><entry><summary>", "<entry/>", "</summary></entry></feed>"),
        ("<rdf:RDF><channel><link>http://arxiv.org/</link></channel>", "<item/>", "</rdf:RDF>"),
        ("<PubmedArticleSet><PubmedArticle>", "<!--", ""),
        ('{"meta":{},"results":[', "[", ""),
        ('{"id":"2401.00001","submitter":"a","abstract":"', "-", '"}\n'),
        ("", "\x80", ""),
        ("", "&", ""),
    ],
)
def test_a_megabyte_of_one_thing_is_read_in_seconds(before: str, unit: str, behind: str) -> None:
    """What parsers fear, over and over; the square of its size would be minutes, and a second is what it may take."""
    content = (before + unit * (SIZE // len(unit)) + behind).encode("latin-1")
    began = time.process_time()
    assert is_in_order(outcomes(content))
    assert time.process_time() - began < 30


API = "<id>http://arxiv.org/api/a</id><entry><id>http://arxiv.org/abs/2401.00001</id>"
RDF = "<channel><link>http://arxiv.org/</link></channel><item>"
OAI = "<ListRecords><record><metadata><arXiv><id>2401.00001</id>"
XML = (
    ("rss", "<rss><channel><item><title>Owls {} at night</title></item></channel></rss>"),
    ("feed", '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>Owls {} at night</title></entry></feed>'),
    ("feed", f"<feed>{API}<title>Owls {{}}</title></entry></feed>"),
    ("rdf:RDF", f"<rdf:RDF>{RDF}<title>Owls {{}} (arXiv:2401.00001)</title></item></rdf:RDF>"),
    ("OAI-PMH", f"<OAI-PMH>{OAI}<title>Owls {{}}</title></arXiv></metadata></record></ListRecords></OAI-PMH>"),
    ("dblp", "<dblp><article><title>Owls {} at night</title></article></dblp>"),
)
"""Root elements, and documents of them in which something can be put into a title."""

LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
DECLARATIONS = {
    "billion laughs": f'<!DOCTYPE {{}} [<!ENTITY a0 "owlish">{LAUGHS}]>',
    "one long entity": f'<!DOCTYPE {{}} [<!ENTITY a9 "{"owlish" * 10_000}">]>',
    "a file": '<!DOCTYPE {} [<!ENTITY a9 SYSTEM "FILE">]>',
    "a file by parameter": '<!DOCTYPE {} [<!ENTITY % p SYSTEM "FILE"> %p; <!ENTITY a9 "owlish">]>',
    "a DTD in a file": '<!DOCTYPE {} SYSTEM "FILE">',
    "behind a comment": '<!DOCTYPE {} [<!-- ]> --><!ENTITY a9 "owlish">]>',
    "within quotes": '<!DOCTYPE {} [<!ENTITY b "]>"><!ENTITY a9 "owlish">]>',
}
INCLUDE = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="FILE" parse="text"/>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32-le", "cp500"])
@pytest.mark.parametrize("name", DECLARATIONS)
def test_no_entity_is_expanded_and_no_file_is_read(name: str, encoding: str, tmp_path: Path) -> None:
    """Bombs and references to files, in whatever encoding, are refused or stay as they are written."""
    secret = tmp_path / "secret.txt"
    secret.write_text("<!ENTITY a9 'hidden'>hidden", encoding="utf-8")
    for root, document in XML:
        text = f"{DECLARATIONS[name].format(root)}{document.format(f'&a9;{INCLUDE}')}".replace("FILE", secret.as_uri())
        found = outcomes(f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding))
        assert is_in_order(found)
        titles = [] if isinstance(found, SourceError) else [each.title for each in found if isinstance(each, Paper)]
        assert not any("hidden" in title or "owlish" in title for title in titles)
