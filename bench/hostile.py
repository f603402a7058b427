"""How long the worst input takes that each parser can be given: seconds of CPU for a megabyte.

    python bench/hostile.py --worst 3

Nearly a megabyte (an entry of a feed is read up to one) of one sign or tag over and over is put into every place of
every format: an opener that nothing closes, a word without end, a record without content. What is not linear shows by
itself: it takes minutes. With half the size, what the others take should stay as it is.
"""

from __future__ import annotations

import argparse
import io
import time
from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING

from digest.errors import SourceError
from digest.sources import Dump, read

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNS = (
    r"""< & > " ' = / \ { } [ ] ( ) $ # @ % ~ ^ _ - . , ; : | 0 a é 夜 &# &#x &a &amp; &lt; ]]> --> <!-- <![CDATA["""
)
TAGS = """<a> </a> <a/> <b <b= <b=" <p> <br/> <title> <title>a</title> <item> <item/> <entry/> <item><title>a</title>
</item> </entry> <author><name> <last_name> <script> <sub> <sub>1</sub> <mml:math> <x:y> <!DOCTYPE <!ENTITY <?xml"""
TEXTS = r"""@a{ @a{b, @comment{ \a{ \"a {\"a} \textbf{ $$ `` '' -- // http:// 10.1000/ arXiv: doi: a@b. ((a) ():"""
LINES = r"""TY__-_JOUR TI__-_a ER__-_ PT_J TI_a ER \\ arXiv:2401.01234 Title:_a ___a Mar_13 @article{a, title={a}, %"""
JSON = r"""[ { "a": {"a": [{"a": {}, [], null, 1 1e -0 \" \\ \u0041 \ud835 {"title":"a"}, {"id":"a","title":"a"}"""
BYTES = [b"\0", b"\x80", b"\xff", b"\xc3", b"\xe2\x80", b"\t\n", b"\r", b" ", b"\xff\n", b"\xcc\x81", b"<\0"]

FEED = '<feed xmlns="http://www.w3.org/2005/Atom">'
PLACES = {
    "plain": ("", ""),
    "before a feed": ("", '<rss version="2.0"><channel><item><title>a b</title></item></channel></rss>'),
    "in a doctype": ("<!DOCTYPE rss [", ']><rss version="2.0"><channel><item><title>a</title></item></channel></rss>'),
    "in a feed's tag": ('<rss version="2.0" ', "><channel><item><title>a</title></item></channel></rss>"),
    "in a feed's head": ('<rss version="2.0"><channel>', "<item><title>a</title></item></channel></rss>"),
    "a feed's title": ('<rss version="2.0"><channel><item><title>', "</title></item></channel></rss>"),
    "a feed's text": (f"{FEED}<entry><title>a b</title><summary>", "</summary></entry></feed>"),
    "a feed's CDATA": ("<rss><channel><item><title>a</title><description><![CDATA[", "]]></description></item></rss>"),
    "a feed's author": ("<rss><channel><item><title>a</title><author>", "</author></item></channel></rss>"),
    "a feed's link": ("<rss><channel><item><title>a</title><link>", "</link></item></channel></rss>"),
    "an entry left open": ("<rss><channel><item><title>a b</title>", ""),
    "arXiv's API": (
        f"{FEED}<id>http://arxiv.org/api/x</id><entry><id>http://arxiv.org/abs/2401.01234</id><title>a</title><summary>",
        "</summary></entry></feed>",
    ),
    "arXiv's RDF": (
        "<rdf:RDF><channel><link>http://arxiv.org/</link></channel><item><title>",
        "</title></item></rdf:RDF>",
    ),
    "OAI-PMH": (
        "<OAI-PMH><ListRecords><record><metadata><arXiv><id>2401.01234</id><title>a</title><abstract>",
        "</abstract></arXiv></metadata></record></ListRecords></OAI-PMH>",
    ),
    "PubMed": (
        "<PubmedArticleSet><PubmedArticle><MedlineCitation><Article><ArticleTitle>",
        "</ArticleTitle></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>",
    ),
    "between records of DBLP": ("<dblp>", "</dblp>"),
    "BibTeX": ("@article{a,\n title = {", "}\n}\n"),
    "BibTeX's fields": ("@article{a,\n", ""),
    "BibTeX's authors": ("@article{a,\n title = {b},\n author = {", "}\n}\n"),
    "RIS": ("TY  - JOUR\nTI  - a b\nAB  - ", "\nER  - \n"),
    "Web of Science": ("FN Clarivate\nVR 1.0\nPT J\nTI a b\nAB ", "\nER\n"),
    "a listing": ("\\\\\narXiv:2401.01234\nTitle: a b\n\\\\\n  ", "\n\\\\\n"),
    "a trending page": ("Get trending papers in your email inbox once a day!\nMar 13\n", "\n"),
    "a line of a snapshot": ('{"id":"2401.01234","submitter":"a","versions":[],"title":"a","abstract":"', '"}\n'),
    "lines of the interchange form": ('{"title":"a b","id":"2401.01234"}\n', "\n"),
    "daily papers": ('[{"paper":{"id":"2401.01234","title":"a","summary":"', '"}}]'),
    "OpenAlex": ('{"meta":{},"results":[', "]}"),
    "Crossref": ('{"status":"ok","message-type":"work-list","message":{"items":[', "]}}"),
    "a JSON Feed": (
        '{"version":"https://jsonfeed.org/version/1","items":[{"id":"1","title":"a","content_html":"',
        '"}]}',
    ),
}


def main() -> None:
    """Print the worst inputs of each place, the slowest place first."""
    parser = argparse.ArgumentParser(description="Time the parsers on hostile input.")
    parser.add_argument("--megabytes", type=float, default=0.9, help="size of each input (default: 0.9)")
    parser.add_argument("--worst", type=int, default=2, help="inputs printed of each place (default: 2)")
    options = parser.parse_args()
    size = int(options.megabytes * 2**20)
    taken: dict[str, list[tuple[float, bytes]]] = defaultdict(list)
    for place, unit, content in inputs(size):
        taken[place].append((seconds(content) / options.megabytes, unit))
    for place, each in sorted(taken.items(), key=lambda item: max(item[1]), reverse=True):
        worst = ", ".join(f"{pace:.2f} of {unit!r}" for pace, unit in sorted(each, reverse=True)[: options.worst])
        print(f"{place:30} s/MB: {worst}", flush=True)


def inputs(size: int) -> Iterator[tuple[str, bytes, bytes]]:
    """Place, unit and content of each input of about so many bytes."""
    words = [word for each in (SIGNS, TAGS, TEXTS, JSON) for word in each.split()]
    lines = [f"{line.replace('_', ' ')}\n" for line in LINES.split()]
    units = [*(text.encode() for text in (*words, *(f"{word} " for word in words), *lines)), *BYTES]
    for place, (before, behind) in PLACES.items():
        for unit in units:
            yield place, unit, before.encode() + unit * (size // len(unit)) + behind.encode()


def seconds(content: bytes) -> float:
    """Seconds of CPU to read it, whatever comes of it."""
    began = time.process_time()
    try:
        for _ in read(Dump("hostile", io.BytesIO(content), date(2025, 1, 1))):
            pass
    except SourceError:
        pass
    return time.process_time() - began


if __name__ == "__main__":
    main()
