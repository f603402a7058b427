"""What has no room in a mail waits for the next one, and what happened to liked papers is told once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from digest import pipeline
from digest.render import HTML_LIMIT, Renderer
from digest.settings import Settings
from digest.store import Store, papers
from digest.types import AnnounceType, Issue, Links, Paper, Profile, Topic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.explain import Explanation

DAY = date(2025, 5, 10)
ADA = Profile(
    slug="ada", name="Ada", email="ada@example.org", topics=(Topic(text="owls"),), min_score=0, max_papers=200
)
LIKER = replace(ADA, liked=("arxiv:2504.00001",))
PLACES = (
    *("barns", "canyons", "deserts", "estuaries", "forests", "glaciers", "harbours", "islands", "jungles", "kilns"),
    *("lagoons", "marshes", "nurseries", "orchards", "prairies", "quarries", "rivers", "steppes", "tunnels", "uplands"),
)
LIKED = Paper(id="arxiv:2504.00001", title="Quiet Owls", version=1, announced=date(2025, 4, 1))


def owls(first: int, last: int, day: date) -> list[Paper]:
    """Papers on owls, each with as much beside its title as a source may give."""
    url = "https://example.org/" + "&" * 900
    return [
        Paper(
            id=f"arxiv:2505.{n:05}",
            title=f"Owls of {PLACES[n]}, and what {PLACES[n][::-1]} {PLACES[n - 1][::-1]} heard",
            announced=day,
            links=Links(abstract=url, pdf=url, html=url, code=url, project=url),
        )
        for n in range(first, last)
    ]


@dataclass
class Installation:
    """One DIGEST_HOME with its database open."""

    settings: Settings
    store: Store

    def add(self, *batch: Paper, day: date) -> None:
        """Take papers in."""
        with self.store.writing() as connection:
            papers.add(connection, batch, day)

    def compose(self, day: date, reader: Profile = ADA) -> Issue:
        """The reader's issue of the day, composed and kept."""
        now = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
        report = pipeline.compose_issues(self.store, self.settings, [reader], day=day, now=now)
        assert report.issues, report
        return self.preview(day, reader)

    def preview(self, day: date, reader: Profile = ADA) -> Issue:
        """What the reader gets, or got, on the day."""
        now = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
        issue = pipeline.preview(self.store, self.settings, reader, day=day, now=now)
        assert isinstance(issue, Issue)
        return issue

    def explain(self, paper: str, day: date) -> Explanation:
        """What became of a paper."""
        return pipeline.explain(self.store, self.settings, ADA, paper, day=day)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    """An empty installation."""
    settings = Settings(home=tmp_path / "home", window_days=1)
    with Store(settings.database) as store:
        yield Installation(settings, store)


def test_what_has_no_room_waits_for_the_next_issue(here: Installation) -> None:
    """An issue that would be too long for a mail is cut; its last papers are in the issues behind it, each once."""
    here.add(*owls(0, 20, DAY), day=DAY)
    told: list[str] = []
    day = DAY
    while len(told) < 20:
        foreseen = here.preview(day)
        issue = here.compose(day)
        assert issue == foreseen
        assert len(Renderer().render(issue).html.encode()) < HTML_LIMIT
        assert issue.held == 20 - len(told) - len(issue.papers)
        told += [paper.id for paper in issue.papers]
        day += timedelta(days=1)
    assert len(told) == len(set(told)) == 20
    assert day > DAY + timedelta(days=2)


def test_a_paper_that_waits_is_explained(here: Installation) -> None:
    """Asked for a paper that had no room, the answer is that it waits."""
    here.add(*owls(0, 20, DAY), day=DAY)
    told = {paper.id for paper in here.compose(DAY).papers}
    waiting = next(paper.id for paper in owls(0, 20, DAY) if paper.id not in told)
    assert "waits for the next issue" in here.explain(waiting, DAY).why


def test_news_of_liked_papers_is_told_once(here: Installation) -> None:
    """A new version of a liked paper is in the next issue, the latest of several, and in none behind it."""
    here.add(LIKED, day=DAY)
    here.add(*owls(0, 1, DAY), day=DAY)
    assert here.compose(DAY, LIKER).updates == ()
    after = DAY + timedelta(days=1)
    newer = replace(LIKED, announced=after, announce_type=AnnounceType.REPLACE)
    here.add(replace(newer, version=2), day=after)
    here.add(replace(newer, version=3), *owls(1, 2, after), day=after)
    [update] = here.compose(after, LIKER).updates
    assert (update.paper.id, update.what.partition(",")[0]) == (LIKED.id, "version 3")
    later = after + timedelta(days=1)
    here.add(*owls(2, 3, later), day=later)
    assert here.compose(later, LIKER).updates == ()


def test_a_publication_is_told_in_all_parts(here: Installation) -> None:
    """Where a liked paper appeared is said under a heading of its own, in the mail's parts and on the page."""
    here.add(LIKED, day=DAY)
    here.add(*owls(0, 1, DAY), day=DAY)
    here.compose(DAY, LIKER)
    after = DAY + timedelta(days=1)
    here.add(replace(LIKED, venue="Journal of <Owls>"), *owls(1, 2, after), day=after)
    rendered = Renderer().render(here.compose(after, LIKER))
    assert "News of papers you liked" in rendered.text
    assert "Quiet Owls: now published: Journal of <Owls>" in " ".join(rendered.text.split())
    for html in (rendered.html, rendered.page):
        assert "now published: Journal of &lt;Owls&gt;" in html
