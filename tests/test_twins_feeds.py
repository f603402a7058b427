"""The feeds of a reader: what feed readers, and this program itself, make of them."""

from __future__ import annotations

import gzip
import io
import json
import re
import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources import Dump, read
from digest.sources.detect import detect
from digest.text import clean
from digest.twins import atom, entries, json_feed
from digest.types import Evidence, Issue, Links, Match, Nearest, Paper, Section, Signals
from digest.view import TwinsView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

MORNING = datetime(2025, 5, 9, 6, tzinfo=UTC)
NAMESPACE = {"a": "http://www.w3.org/2005/Atom"}
OWLS = Paper(
    id="arxiv:2505.00001",
    title='Owls < 3 "Foxes" & <i>Woods</i>',
    abstract="We hear a < b && c > d at 10 % of the cost, as <think> says.",
    authors=("Ada Example", "Bo Müller", "Chen Li", "Dina Roe", "Eve Fry", "Finn Oak"),
    categories=("eess.AS", "cs.SD"),
    published=datetime(2025, 4, 30, tzinfo=UTC),
    announced=date(2025, 5, 9),
    venue="Journal of Woods",
    other_ids=("doi:10.1000/owls",),
    links=Links(abstract="https://arxiv.org/abs/2505.00001", pdf="https://arxiv.org/pdf/2505.00001?a=1&b=2"),
    signals=Signals(upvotes=12),
)
TWINS = TwinsView(
    page="i.html", bibtex="i.bib", markdown="i.md", archive="ada-x.html", atom="ada-x.atom", json_feed="ada-x.json"
)
WORDS = st.text(st.sampled_from([*"abXYZ019 éß中م&<>\"'.:;%#\n\t", "\N{SNOWMAN}", "\N{GRINNING FACE}"]), max_size=40)
WILD = st.text(st.characters(), max_size=40) | st.text(st.sampled_from([*"<>&\"']]>\x00\x0b\x1f\ufffe\ud800\u202e a"]))
TITLES = WORDS.map(lambda text: clean(clean(text))).filter(lambda title: any(map(str.isalnum, title)))
# A single name is searched for several, and one with a comma is turned round, as feeds of journals need it.
NAMES = st.lists(
    st.text(st.sampled_from("abcXYZéß中م'"), min_size=1, max_size=12).map(lambda name: clean(f"Ada {name}")),
    min_size=2,
    max_size=4,
    unique=True,
)


def match(paper: Paper) -> Match:
    """A paper in a ranking of which there is everything to say."""
    return Match(
        paper=paper,
        score=81.4,
        interest="owls",
        evidence=(Evidence(term="wings", share=0.62), Evidence(term="other terms", share=0.38)),
        nearest=Nearest(id="arxiv:2401.00001", title=paper.title, likeness=0.62),
        similar=(replace(paper, id="title:similar"), *(Paper(id=f"title:{n}", title="More Owls") for n in range(4))),
    )


def issue(*papers: Paper, composed: datetime = MORNING) -> Issue:
    """One issue of these papers."""
    return Issue(
        id=str(composed),
        profile="ada",
        name="Ada",
        day=composed.date(),
        composed=composed,
        sections=(Section(heading="", matches=tuple(map(match, papers))),) if papers else (),
        considered=10,
        passed=5,
    )


def as_atom(issues: Sequence[Issue]) -> str:
    """The issues as an Atom feed."""
    return atom.write(entries.feed(issues, "ada-token"))


def as_json(issues: Sequence[Issue]) -> str:
    """The issues as a JSON Feed."""
    return json_feed.write(entries.feed(issues, "ada-token"))


def tree(text: str) -> ET.Element:
    """A document as a strict parser reads it."""
    return ET.fromstring(text.encode())  # noqa: S314  (our own document)


def parsed(text: str) -> Any:  # noqa: ANN401  (feedparser's results have no types)
    """What a feed reader makes of an Atom feed, which must be well-formed."""
    found = feedparser.parse(io.BytesIO(text.encode()), resolve_relative_uris=False)
    assert not found.bozo, found
    return found


def read_back(text: str) -> list[Paper]:
    """What this program takes in of a feed, which must be all."""
    outcomes = [record.outcome for record in read(Dump("feed", io.BytesIO(text.encode()), date(2025, 6, 1)))]
    assert all(isinstance(each, Paper) for each in outcomes), outcomes
    return [each for each in outcomes if isinstance(each, Paper)]


def test_an_atom_entry_says_all_of_a_paper() -> None:
    """Title, time, authors, links, categories, ids, venue and date are each in the element that readers look at."""
    feed = atom.write(entries.feed([issue(OWLS)], "ada-token"), TWINS)
    found = parsed(feed)
    assert (found.feed.title, found.feed.updated) == ("Trending for Ada", "2025-05-09T06:00:00+00:00")
    assert {link.rel: link.href for link in found.feed.links} == {"self": "ada-x.atom", "alternate": "ada-x.html"}
    (entry,) = found.entries
    assert entry.title_detail.value == 'Owls < 3 "Foxes" & <i>Woods</i>'
    assert entry.title_detail.type == "text/plain"
    assert entry.updated == "2025-05-09T06:00:00+00:00"
    assert [author.name for author in entry.authors] == list(OWLS.authors)
    assert [(link.rel, link.type, link.href) for link in entry.links] == [
        ("alternate", "text/html", "https://arxiv.org/abs/2505.00001"),
        ("related", "application/pdf", "https://arxiv.org/pdf/2505.00001?a=1&b=2"),
    ]
    assert [tag.term for tag in entry.tags] == ["eess.AS", "cs.SD"]
    assert (entry.prism_publicationname, entry.prism_publicationdate) == ("Journal of Woods", "2025-04-30")
    assert re.findall(r"<dc:identifier>(.*?)<", feed) == ["arxiv:2505.00001", "doi:10.1000/owls"]


def test_a_json_item_says_all_of_a_paper() -> None:
    """An item has the members that JSON Feed 1.1 names, and no other."""
    feed = json.loads(as_json([issue(OWLS)]))
    (item,) = feed.pop("items")
    assert feed == {"version": "https://jsonfeed.org/version/1.1", "title": "Trending for Ada"}
    assert item.pop("id").startswith("urn:uuid:")
    assert "<footer>" in item.pop("content_html")
    assert item == {
        "title": OWLS.title,
        "url": "https://arxiv.org/abs/2505.00001",
        "date_published": "2025-05-09T06:00:00+00:00",
        "authors": [{"name": name} for name in OWLS.authors],
        "tags": ["eess.AS", "cs.SD"],
        "attachments": [
            {"url": "https://arxiv.org/pdf/2505.00001?a=1&b=2", "mime_type": "application/pdf", "title": "PDF"}
        ],
    }


def test_the_content_is_the_abstract_and_why_beneath_it() -> None:
    """Both feeds have the whole abstract, then in a footer authors, facts, reasons, look-alikes and links."""
    html = json.loads(as_json([issue(OWLS)]))["items"][0]["content_html"]
    assert parsed(as_atom([issue(OWLS)])).entries[0].content[0].type == "text/html"
    assert tree(as_atom([issue(OWLS)])).findtext("a:entry/a:content", None, NAMESPACE) == html
    abstract, _, footer = html.partition("<footer>")
    assert text_of(abstract) == [OWLS.abstract]
    assert text_of(footer) == [
        "Ada Example, Bo Müller, Chen Li, Dina Roe, Eve Fry + 1",
        "eess.AS · Journal of Woods · 9 May 2025 · ▲ 12",
        "Why this paper (score 81 of 100): wings 62%, other terms 38%",
        "Closest to your interest: owls",
        f"Nearest to a paper you liked: {OWLS.title} (62%)",
        f"Nearly the same: {OWLS.title} · More Owls · More Owls and 2 more",
        "Abstract · PDF",
    ]


def text_of(html: str) -> list[str]:
    """The paragraphs of some HTML, as text."""
    found: list[str] = []
    allowed = {"p", "footer", "a"}

    class Paragraphs(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag in allowed, tag
            assert {name for name, _ in attrs} <= {"href", "dir"}
            if tag == "p":
                found.append("")

        def handle_data(self, data: str) -> None:
            found[-1] += data

    parser = Paragraphs()
    parser.feed(html)
    parser.close()
    return found


def test_papers_keep_their_order_and_their_ids() -> None:
    """The newest issue is first, in it the best paper is the newest; a paper's id is the same in every feed written."""
    foxes, wrens = (Paper(id=f"doi:10.1000/{name}", title=name) for name in ("foxes", "wrens"))
    before = issue(foxes, composed=MORNING - timedelta(days=1))
    found = parsed(as_atom([issue(OWLS, wrens), before])).entries
    assert [entry.title for entry in found] == [OWLS.title, "wrens", "foxes"]
    assert [entry.updated[8:19] for entry in found] == ["09T06:00:00", "09T05:59:59", "08T06:00:00"]
    assert [parsed(as_atom([before])).entries[0].id] == [found[2].id]
    items = json.loads(as_json([issue(OWLS, wrens), before]))["items"]
    assert [item["id"] for item in items] == [entry.id for entry in found]
    ids = {uuid.UUID(entry.id) for entry in found}
    assert {each.version for each in ids} == {5}
    assert len(ids) == 3


def test_feeds_of_two_names_share_no_id() -> None:
    """What two readers get of the same paper are two entries, as it is here for reasons of theirs."""
    one, other = (entries.feed([issue(OWLS)], name) for name in ("ada-1", "ada-2"))
    assert one.id != other.id
    assert one.entries[0].id != other.entries[0].id


def test_an_issue_without_papers_makes_a_feed_without_entries() -> None:
    """A day that had nothing is no entry; the feed is still one."""
    assert parsed(as_atom([issue()])).entries == []
    assert json.loads(as_json([issue()]))["items"] == []


def test_of_an_experiments_authors_the_first_are_named() -> None:
    """A feed names a hundred authors of a paper and no more."""
    (entry,) = entries.feed([issue(replace(OWLS, authors=("Ada Example",) * 3000))], "ada").entries
    assert len(entry.authors) == 100


@pytest.mark.parametrize(
    ("paper", "url"),
    [
        (Paper(id="doi:10.1000/a<b>c", title="A"), "https://doi.org/10.1000/a%3Cb%3Ec"),
        (Paper(id="pmid:123", title="A"), "https://pubmed.ncbi.nlm.nih.gov/123"),
        (Paper(id="openreview:AbC_-123", title="A"), "https://openreview.net/forum?id=AbC_-123"),
        (Paper(id="arxiv:hep-th/9901001", title="A"), "https://arxiv.org/abs/hep-th/9901001"),
        (Paper(id="title:0", title="A", links=Links(abstract="javascript:alert(1)")), None),
        (
            Paper(id="title:0", title="A", links=Links(abstract="ftp://a.org/", html="https://example.org/a")),
            "https://example.org/a",
        ),
        (
            Paper(id="doi:10.1000/1", title="A", links=Links(abstract="https://example.org/a")),
            "https://doi.org/10.1000/1",
        ),
    ],
)
def test_an_entry_leads_to_where_its_id_is_known(paper: Paper, url: str | None) -> None:
    """The address is the one that the paper's id spells; of a paper without one it is a link of its own, if safe."""
    (entry,) = entries.feed([issue(paper)], "ada").entries
    assert entry.url == url


@pytest.mark.parametrize(("write", "format_name"), [(as_atom, "journal-feed"), (as_json, "json-feed")])
def test_our_own_feeds_are_known_for_what_they_are(write: Callable[[Sequence[Issue]], str], format_name: str) -> None:
    """A feed of ours is taken in as a feed, not as one of arXiv's."""
    assert detect(write([issue(OWLS)]).encode())[0] == format_name


@pytest.mark.parametrize("write", [as_atom, as_json])
@given(st.lists(st.tuples(TITLES, NAMES, WORDS.map(lambda text: clean(clean(text)))), min_size=1, max_size=3))
def test_our_own_feeds_are_read_back(
    write: Callable[[Sequence[Issue]], str], wild: list[tuple[str, list[str], str]]
) -> None:
    """This program reads its own feeds: the papers' ids, titles, authors and abstracts, without the reasons."""
    papers = [
        Paper(id=f"arxiv:2505.{number:05}", title=title, authors=tuple(authors), abstract=f"In a wood, {abstract}.")
        for number, (title, authors, abstract) in enumerate(wild, start=1)
    ]
    found = read_back(write([issue(*papers)]))
    assert [(each.id, each.title, each.authors, each.abstract) for each in found] == [
        (each.id, each.title, each.authors, clean(each.abstract)) for each in papers
    ]


@pytest.mark.parametrize("write", [as_atom, as_json])
def test_real_papers_are_read_back(write: Callable[[Sequence[Issue]], str], samples: Path) -> None:
    """Of a real day's papers every id comes back from the feeds, and nearly every title, author and abstract."""
    with gzip.open(samples / "stream" / "2025-05-09.jsonl.gz") as stream:
        announced = [each.outcome for each in read(Dump("day", stream, date(2025, 5, 9)))]
    papers = list({each.id: each for each in announced if isinstance(each, Paper)}.values())[:200]
    found = read_back(write([issue(*papers)]))
    assert [each.id for each in found] == [each.id for each in papers]
    # Maths is for the eye in a feed, and not as its source has it.
    same = [
        (one.title, one.authors, one.abstract) == (other.title, other.authors, other.abstract)
        for one, other in zip(papers, found, strict=True)
        if not {"$", "\\"} & {*one.title, *one.abstract}
    ]
    assert len(same) > 0.5 * len(papers)
    assert sum(same) >= 0.99 * len(same)


@given(WILD, WILD, WILD, st.lists(WILD, max_size=3))
def test_nothing_breaks_a_feed(title: str, abstract: str, venue: str, more: list[str]) -> None:
    """Whatever texts hold, controls and lone surrogates too, both feeds are well-formed and their HTML is inert."""
    links = Links(abstract=venue, pdf="https://example.org/?a=1&b=<2>")
    paper = Paper(
        id="title:wild",
        title=title,
        abstract=abstract,
        authors=tuple(more),
        categories=tuple(more),
        venue=venue,
        links=links,
    )
    wild = replace(issue(paper), name=title)
    root = tree(as_atom([wild]))
    item = json.loads(as_json([wild]).encode())["items"][0]
    content = root.findtext("a:entry/a:content", None, NAMESPACE)
    assert content is not None
    for html in (content, item["content_html"]):
        assert 3 <= len(text_of(html)) <= 8
    assert root.findtext("a:entry/a:title", None, NAMESPACE)
    assert item["title"]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\ufffe\uffff\u202e]", content)
