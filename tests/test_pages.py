"""The folder of pages: names that stay and cannot be guessed, and what is written for an issue and its reader."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import feedparser
import pytest

from digest import secret
from digest.pages import publish
from digest.render import Renderer
from digest.settings import Settings
from digest.store import Store, issues, papers
from digest.twins import entries
from digest.twins.archive import archive
from digest.twins.names import Names
from digest.types import Headline, Issue, Match, Paper, Section

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = date(2025, 5, 9)
NAMES = Names(bytes(range(32)))
TOKEN = "[a-z2-7]{26}"  # noqa: S105  (the form of one)


@dataclass
class Folder:
    """An installation's database and pages."""

    settings: Settings
    store: Store
    renderer: Renderer

    def issue(self, day: date = DAY, profile: str = "ada", *titles: str) -> Issue:
        """An issue of papers with these titles that is composed and not yet published."""
        batch = [Paper(id=f"doi:10.1000/{profile}-{day}-{number}", title=title) for number, title in enumerate(titles)]
        matches = tuple(Match(paper=paper, score=50.0, interest="owls") for paper in batch)
        made = Issue(
            id=f"{profile}{day}",
            profile=profile,
            name=profile.title(),
            day=day,
            composed=datetime(day.year, day.month, day.day, 6, tzinfo=UTC),
            sections=(Section(heading="", matches=matches),) if matches else (),
            considered=10,
            passed=5,
        )
        with self.store.writing() as connection:
            papers.add(connection, batch, day)
            assert issues.add(
                connection, made, covered=issues.Coverage(day=made.day, seq=0), recipient="", now=made.composed
            )
        return made

    def publish(self, issue: Issue, names: Names = NAMES) -> None:
        """Write the issue's files."""
        rendered = self.renderer.render(issue, names.links(issue))
        publish(self.store, self.settings.pages, self.renderer, names, issue, rendered)

    def text(self, ending: str, names: Names = NAMES) -> str:
        """A file of ada's: `issue.html`, or `reader.atom`."""
        kind, _, suffix = ending.partition(".")
        stem = names.issue(f"ada{DAY}", "ada", DAY) if kind == "issue" else names.reader("ada")
        return (self.settings.pages / f"{stem}.{suffix}").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    """The shipped templates, compiled once."""
    return Renderer()


@pytest.fixture
def folder(tmp_path: Path, renderer: Renderer) -> Iterator[Folder]:
    """An empty installation."""
    settings = Settings(home=tmp_path)
    with Store(settings.database) as store:
        yield Folder(settings, store, renderer)


class Links(HTMLParser):
    """Where a page leads, each with what stands there."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a link."""
        if tag == "a":
            self.inside = dict(attrs)["href"] or ""
            self.found[self.inside] = ""

    def handle_data(self, data: str) -> None:
        """Note what it says."""
        if self.inside:
            self.found[self.inside] += data.replace("\N{NO-BREAK SPACE}", " ")

    def handle_endtag(self, tag: str) -> None:
        """Leave it."""
        if tag == "a":
            self.inside = ""


def test_names_are_permanent_and_tell_nothing_of_each_other() -> None:
    """The same secret and issue give the same name; another issue, reader or secret gives another token of 128 bits."""
    name = NAMES.issue("abc", "ada", DAY)
    assert re.fullmatch(rf"2025-05-09-ada-{TOKEN}", name)
    assert re.fullmatch(rf"ada-{TOKEN}", NAMES.reader("ada"))
    assert name == Names(bytes(range(32))).issue("abc", "ada", DAY)
    tokens = {
        name[-26:],
        NAMES.issue("abd", "ada", DAY)[-26:],
        NAMES.reader("ada")[-26:],
        NAMES.reader("abc")[-26:],
        Names(bytes(32)).issue("abc", "ada", DAY)[-26:],
    }
    assert len(tokens) == 5


def test_an_issue_has_three_files_and_its_reader_three(folder: Folder) -> None:
    """Page, BibTeX and Markdown share a stem, archive and feeds another; a cover keeps servers from listing them."""
    folder.publish(folder.issue(DAY, "ada", "Owls"))
    stem, reader = NAMES.issue(f"ada{DAY}", "ada", DAY), NAMES.reader("ada")
    assert {path.name for path in folder.settings.pages.iterdir()} == {
        "index.html",
        *(f"{stem}.{ending}" for ending in ("html", "bib", "md")),
        *(f"{reader}.{ending}" for ending in ("html", "atom", "json")),
    }
    assert "@misc{" in folder.text("issue.bib")
    assert folder.text("issue.md").startswith("# Trending for Ada")
    assert [entry.title for entry in feedparser.parse(folder.text("reader.atom")).entries] == ["Owls"]
    cover = (folder.settings.pages / "index.html").read_text(encoding="utf-8")
    assert "noindex" in cover
    assert "ada" not in cover


def test_a_page_leads_to_its_twins_and_they_are_there(folder: Folder) -> None:
    """BibTeX is one click from the page, as are Markdown, archive and feeds; the archive leads back."""
    folder.publish(folder.issue(DAY, "ada", "Owls"))
    links = Links(folder.text("issue.html")).found
    ours = {url: says for url, says in links.items() if "://" not in url}
    assert list(ours.values()) == ["BibTeX of all papers", "Markdown", "All issues", "Atom feed", "JSON Feed"]
    for url in ours:
        assert (folder.settings.pages / url).is_file(), url
    back = Links(folder.text("reader.html")).found
    assert back == {
        f"{NAMES.issue(f'ada{DAY}', 'ada', DAY)}.html": "9 MayOwls",
        f"{NAMES.reader('ada')}.atom": "Atom feed",
        f"{NAMES.reader('ada')}.json": "JSON Feed",
    }
    for page in ("issue.html", "reader.html"):
        assert '<meta name="robots" content="noindex">' in folder.text(page)
        assert '<meta name="referrer" content="no-referrer">' in folder.text(page)


def test_no_file_names_another_readers(folder: Folder) -> None:
    """Whoever has one reader's link learns none of another's."""
    for name in ("ada", "grace"):
        folder.publish(folder.issue(DAY, name, f"Owls of {name}"))
    of_grace = {NAMES.reader("grace")[-26:], NAMES.issue(f"grace{DAY}", "grace", DAY)[-26:]}
    for path in folder.settings.pages.iterdir():
        text = path.read_text(encoding="utf-8")
        assert path.name.startswith(("grace-", "2025-05-09-grace-")) or not any(token in text for token in of_grace)


def test_the_archive_lists_what_has_a_page_newest_first(folder: Folder) -> None:
    """Days with their subject under their months; an issue that was not delivered yet is left out."""
    days = [DAY, DAY - timedelta(days=1), date(2025, 4, 30), date(2025, 4, 29)]
    made = [
        folder.issue(days[3], "ada", "Wrens"),
        folder.issue(days[2], "ada"),
        folder.issue(days[1], "ada", "Foxes", "Hares", "Mice"),
        folder.issue(days[0], "ada", "Owls", "Bats"),
    ]
    for issue in (made[0], made[1], made[3]):
        folder.publish(issue)
    listed = [says for url, says in Links(folder.text("reader.html")).found.items() if url.startswith("20")]
    assert listed == ["9 MayOwls and 1 more", "30 AprilNothing above your bar", "29 AprilWrens"]
    assert re.findall("<h2>(.*)</h2>", folder.text("reader.html")) == ["May 2025", "April 2025"]
    folder.publish(made[2])
    assert "8 MayFoxes and 2 more" in Links(folder.text("reader.html")).found.values()


def test_feeds_hold_the_last_issues(folder: Folder) -> None:
    """Both feeds hold the papers of the last ten issues, also where an older one is delivered late."""
    made = [folder.issue(DAY - timedelta(days=age), "ada", f"Owls {age}") for age in range(12)]
    folder.publish(made[11])
    titles = [entry.title for entry in feedparser.parse(folder.text("reader.atom")).entries]
    assert titles == [f"Owls {age}" for age in range(entries.ISSUES)]


def test_writing_again_changes_nothing(folder: Folder) -> None:
    """The same issue and database give the same files, byte for byte."""
    issue = folder.issue(DAY, "ada", "Owls")
    folder.publish(issue)
    before = {path.name: path.read_bytes() for path in folder.settings.pages.iterdir()}
    folder.publish(issue)
    assert {path.name: path.read_bytes() for path in folder.settings.pages.iterdir()} == before


def test_a_lost_secret_gives_new_links_and_old_pages_stay(folder: Folder) -> None:
    """With another secret the issue gets another page; the one that was sent stays where it is, as it is."""
    issue = folder.issue(DAY, "ada", "Owls")
    folder.publish(issue)
    before = folder.text("issue.html")
    folder.settings.secret.unlink(missing_ok=True)
    new = Names(secret.load(folder.settings.secret))
    folder.publish(issue, new)
    assert folder.text("issue.html") == before
    assert folder.text("issue.html", new) != before
    assert NAMES.issue(issue.id, "ada", DAY) not in folder.text("reader.html", new)


def test_headlines_are_those_of_the_issues(folder: Folder) -> None:
    """What the archive is told of each issue is what the issue says: day, papers, and the first of them."""
    folder.issue(DAY - timedelta(days=1), "ada")
    made = folder.issue(DAY, "ada", "Owls \N{SNOWMAN} and 'quotes'", "Bats")
    folder.issue(DAY, "grace", "Foxes")
    with folder.store.reading() as connection:
        found = issues.headlines(connection, "ada", 9)
        assert issues.headlines(connection, "ada", 1) == found[:1]
        assert issues.newest(connection, "ada", 9)[0] == made
    first = made.matches[0].paper
    assert found == (
        Headline(issue=made.id, day=DAY, papers=2, first=Paper(id=first.id, title=first.title)),
        Headline(issue=f"ada{DAY - timedelta(days=1)}", day=DAY - timedelta(days=1), papers=0, first=None),
    )


def test_papers_under_several_headings_are_all_counted(folder: Folder) -> None:
    """The number in the archive is that of all sections."""
    issue = folder.issue(DAY, "ada", "Owls", "Bats", "Mice")
    parted = tuple(Section(heading=str(number), matches=(each,)) for number, each in enumerate(issue.matches))
    with folder.store.writing() as connection:
        other = replace(issue, id="other", profile="grace", sections=parted)
        assert issues.add(
            connection, other, covered=issues.Coverage(day=other.day, seq=0), recipient="", now=issue.composed
        )
        assert issues.headlines(connection, "grace", 1)[0].papers == 3


def test_a_hostile_title_is_text_in_the_archive(renderer: Renderer) -> None:
    """Titles are escaped, shortened and set apart, as on the page; an archive without issues says so."""
    title = "<script>alert(1)</script>\u202e" + "owl " * 200
    headline = Headline(issue="1", day=DAY, papers=1, first=Paper(id="title:wild", title=title))
    html = renderer.archive(archive("<b>Ada", "ada", [(headline, "a.html")], atom="a.atom", json_feed="a.json"))
    assert "<script" not in html
    assert "\u202e" not in html
    assert "<b>" not in html
    assert len(Links(html).found["a.html"]) < 320
    empty = renderer.archive(archive("Ada", "ada", [], atom="a.atom", json_feed="a.json"))
    assert "There are no issues yet." in empty


def test_mails_and_feeds_lead_to_where_pages_are_served(folder: Folder) -> None:
    """Where it is known under which URL the pages stand, the mail leads to them, and feeds know their own address."""
    base = "https://lab.example.org/digest/"
    made = folder.issue(DAY, "ada", "Owls")
    links = Names(NAMES.secret, base).links(made)
    folder.publish(made, Names(NAMES.secret, base))
    rendered = folder.renderer.render(made, links)
    for name in (links.page, links.bibtex, links.archive, links.atom):
        assert (folder.settings.pages / name).is_file()
        assert base + name in rendered.text
        assert f'href="{base}{name}"' in rendered.html
    assert json.loads(folder.text("reader.json"))["feed_url"] == base + links.json_feed
    assert "https://" not in folder.renderer.render(made, NAMES.links(made)).text
