"""What everybody may look at: the front page, days, search, papers, the archive, feeds."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from digest import pipeline
from digest.offers import offered
from digest.store import papers
from digest.types import Links, Paper, Signals

if TYPE_CHECKING:
    from conftest import Site

SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
HOSTILE = Paper(
    id="doi:10.1000/evil<b>",
    title=f"Evil {SCRIPT}",
    abstract=f"Owls {SCRIPT}",
    authors=(SCRIPT,),
    categories=(SCRIPT,),
    announced=date(2025, 5, 12),
    links=Links(abstract="javascript:alert(1)", pdf="https://example.org/evil.pdf"),
    signals=Signals(upvotes=7, thumbnail="https://pictures.example.org/evil.png"),
)


def add(site: Site, *batch: Paper) -> None:
    """Put papers into the database."""
    with site.store.writing() as connection:
        papers.add(connection, list(batch), date(2025, 5, 12))


def test_the_front_page_shows_days_and_papers_by_votes(site: Site) -> None:
    """The newest day comes first, and of each the papers with the most votes, each with its own page."""
    text = site.get("/").text
    assert re.findall(r'<time datetime="([\d-]+)">', text) == ["2025-05-09", "2025-05-08", "2025-05-07"]
    first_day = text.partition('datetime="2025-05-09"')[2].partition('datetime="2025-05-08"')[0]
    votes = [int(each) for each in re.findall(r'aria-label="(\d+) upvotes"', first_day)]
    assert len(votes) == 10
    assert votes == sorted(votes, reverse=True)
    for path in re.findall(r'<a href="(/paper/[^"]+)">', first_day):
        assert site.get(path).status_code == 200


def test_days_can_be_paged_through_and_back(site: Site) -> None:
    """Older days follow, down to the first, and the way back leads to the front page."""
    front = site.get("/").text
    older = re.findall(r'href="(/\?until=[\d-]+)" rel="next"', front)[0]
    page = site.get(older).text
    assert re.findall(r'<time datetime="([\d-]+)">', page) == ["2025-05-06", "2025-05-05"]
    assert 'rel="next"' not in page
    assert 'href="/" rel="prev"' in page
    assert "Get trending papers" not in page


def test_a_day_has_all_its_papers(site: Site) -> None:
    """The page of a day lists every paper of it; of a day without papers there is none."""
    assert site.get("/").text.count("more of this day") == 3
    assert site.get("/day/2025-05-09").text.count("<article") == 12
    for path in ("/day/2025-05-10", "/day/2025-05-09?page=2", "/day/2025-05-09?page=0", "/day/today", "/day/20250509"):
        assert site.get(path).status_code == 404, path


def test_a_search_finds_and_says_why_not(site: Site) -> None:
    """Words find papers, best first; common words and unknown ones are told apart."""
    title = re.findall(r'<h3 class="title" dir="auto"><a href="[^"]+">([^<]+)</a>', site.get("/").text)[0]
    assert title in site.get("/search", params={"q": f'"{title}"'}).text.partition("<article")[2]
    assert "in quotation marks" in site.get("/search?q=the").text
    assert "No paper has these words" in site.get("/search?q=xylophoned").text
    assert "<article" not in site.get("/search").text


def test_a_paper_has_a_page_bibtex_and_papers_like_it(site: Site) -> None:
    """The page has the whole abstract and the entry; other names of the same paper lead to it."""
    path = re.findall(r'<a href="(/paper/arxiv:[^"]+)">', site.get("/").text)[0]
    page = site.get(path).text
    assert "Similar papers" in page
    assert page.count("<article") == 6
    entry = site.get(path.replace("/paper/", "/bibtex/"))
    assert entry.headers["content-type"].startswith("application/x-bibtex")
    assert entry.text.startswith("@")
    bare = path.replace("arxiv:", "")
    assert site.get(bare).headers["location"] == path
    assert site.get("/paper/arxiv:9999.99999").status_code == 404


def test_what_strangers_wrote_stays_text(site: Site) -> None:
    """Markup in a paper is shown and not obeyed, on every page that shows it; a bad link is none."""
    add(site, HOSTILE)
    path = re.findall(r'<a href="(/paper/doi:10\.1000/evil[^"]*)">', site.get("/").text)[0]
    for page in ("/", path, "/day/2025-05-12", "/search?q=evil"):
        text = site.get(page).text
        assert "Evil &lt;script&gt;" in text
        assert "<script>" not in text
        assert "javascript:" not in text
        assert "<img src=x" not in text
    answer = site.get("/")
    assert "img-src 'self' https:" in answer.headers["content-security-policy"]
    assert 'src="https://pictures.example.org/evil.png"' in answer.text


def test_the_feed_is_atom(site: Site) -> None:
    """The front page's papers are entries with ids that stay, the newest day first."""
    answer = site.get("/feed.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    root = ET.fromstring(answer.text)  # noqa: S314  (our own)
    names = {"a": "http://www.w3.org/2005/Atom"}
    ids = [each.text for each in root.findall("a:entry/a:id", names)]
    assert len(ids) == len(set(ids)) == 50
    assert [link.get("href") for link in root.findall("a:link[@rel='self']", names)] == [
        "https://digest.example.org/feed.atom"
    ]
    assert site.get("/feed.atom").text == answer.text


@pytest.fixture
def archived(site: Site) -> Site:
    """The site with an issue of the offered digest."""
    (digest,) = offered(site.settings)[0].values()
    now = datetime(2025, 5, 9, 6, tzinfo=UTC)
    report = pipeline.compose_issues(site.store, site.settings, [digest], day=date(2025, 5, 9), now=now)
    assert report.issues
    return site


def test_public_issues_are_archived(archived: Site) -> None:
    """An issue of an offered digest is listed, can be read as a page, BibTeX and Markdown, and is in its feeds."""
    assert 'href="/archive/trending/2025-05-09"' in archived.get("/archive").text
    assert 'href="/archive/trending/2025-05-09"' in archived.get("/archive/trending").text
    page = archived.get("/archive/trending/2025-05-09")
    assert "Trending for" in page.text
    policy = page.headers["content-security-policy"]
    assert "'unsafe-inline'" not in policy
    assert "'sha256-" in policy
    assert archived.get("/archive/trending/2025-05-09.bib").text.startswith("@")
    assert archived.get("/archive/trending/2025-05-09.md").headers["content-type"].startswith("text/markdown")
    assert "<entry>" in archived.get("/archive/trending/feed.atom").text
    assert archived.get("/archive/trending/feed.json").json()["items"]
    for path in (
        "/archive/ada",
        "/archive/trending/2025-05-08",
        "/archive/trending/2025-05-09.exe",
        "/archive/trending/x",
    ):
        assert archived.get(path).status_code == 404, path


def test_a_readers_issues_are_nobody_elses(archived: Site) -> None:
    """A reader whose file has the name of an offered digest hides that one, as the issues are the reader's."""
    archived.settings.profiles.mkdir()
    (archived.settings.profiles / "trending.yaml").write_text("topics: [owls]\n", encoding="utf-8")
    assert archived.get("/archive/trending/2025-05-09").status_code == 404
    assert "trending/2025" not in archived.get("/archive").text


def test_an_empty_site_says_so(site: Site) -> None:
    """Without papers the pages are whole, and the feed is not there yet."""
    empty = site.settings.home / "other.sqlite3"
    from digest.store import Store

    with Store(empty) as store:
        object.__setattr__(site.app.state.world, "store", store)  # type: ignore[attr-defined]
        assert "There are no papers here yet" in site.get("/").text
        assert site.get("/feed.atom").status_code == 404
        assert site.get("/search?q=owls").status_code == 200


def test_the_newest_papers_come_with_the_next_look(site: Site) -> None:
    """What is ingested is on the front page and found at once."""
    assert "Loud frogs" not in site.get("/").text
    add(site, replace(HOSTILE, id="doi:10.1000/frogs", title="Loud frogs of the fen", links=Links()))
    assert "Loud frogs" in site.get("/").text
    assert "Loud frogs" in site.get("/search?q=frogs+fen").text
