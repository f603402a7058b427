"""Made-up issues and letters that have, taken together, everything that templates can be asked to show."""

from __future__ import annotations

from datetime import UTC, date, datetime

from digest.letters import FAULTS_SHOWN, Access, Confirmation, Goodbye, Letter, Report, Week
from digest.paper_view import SIMILAR_SHOWN
from digest.ranking.labels import OTHER_TERMS, OUTSIDE
from digest.run_report import RunReport
from digest.signed_links import SignedLinks
from digest.types import (
    Evidence,
    Gist,
    Headline,
    Issue,
    Links,
    Match,
    Nearest,
    Paper,
    Section,
    Signals,
    SkipReason,
    Update,
)
from digest.view import TwinsView

DAY = date(2000, 1, 1)
LINK = "https://example.org/"

LINKS = SignedLinks(bytes(32), "https://digest.example.org")
"""Signed with a secret that everybody knows: they show what links look like, and lead nowhere."""

TWINS = TwinsView(
    page="a.html",
    bibtex="a.bib",
    markdown="a.md",
    archive="b.html",
    atom="b.atom",
    json_feed="b.json",
    base=LINK,
)
HEADLINE = Headline(issue="specimen", day=DAY, papers=2, first=Paper(id="title:a", title="Specimen"))

_PAPER = Paper(
    id="title:specimen",
    title="Specimen",
    abstract="This is a sentence of an abstract that was made up. " * 60,
    authors=("A. Author",) * 10,
    categories=("cs.DL",),
    announced=DAY,
    venue="Venue",
    links=Links(abstract=LINK, pdf=LINK, html=LINK, code=LINK, project=LINK),
    signals=Signals(upvotes=2, comments=2, stars=2, thumbnail=LINK),
)
_FULL = Match(
    paper=_PAPER,
    score=50.0,
    interest="specimens",
    evidence=(Evidence(term="specimen", share=0.5), Evidence(term=OTHER_TERMS, share=0.5)),
    nearest=Nearest(id="title:specimen", title="Specimen", likeness=0.5),
    similar=(_PAPER,) * (SIMILAR_SHOWN + 1),
    gist=Gist(text="A specimen.", by="its source"),
)
_BARE = Match(paper=Paper(id="title:bare", title="Bare specimen"), score=5.0, interest=OUTSIDE)


def issue(papers: int = 2, heading: str = "") -> Issue:
    """An issue of up to two papers, of which the first has everything and the second next to nothing."""
    return Issue(
        id="specimen",
        profile="specimen",
        name="Specimen",
        day=DAY,
        composed=datetime(2000, 1, 1, tzinfo=UTC),
        sections=(Section(heading=heading, matches=(_FULL, _BARE)[:papers]),) if papers else (),
        considered=4,
        passed=3,
        updates=(Update(paper=_PAPER, what="version 2"),) if papers else (),
        held=3 - papers,
        sources=("arXiv cs.DL: 4 papers of 1 January",),
    )


def letters() -> dict[str, tuple[Letter, ...]]:
    """Letters by the name of their templates, of each first one that has everything and then one that has nothing."""
    busy = RunReport(delivered=12, unmailed=1, held=2, gists={"model": 8, "extraction": 2})
    busy.composed(issue())
    busy.skip("specimen", SkipReason.BELOW_BAR)
    busy.fail("specimen", "profiles/specimen.yaml:7: topics[1].weight: expected a number, got 'high'")
    busy.fail("", "cannot write: 'specimen.eml': No space left on device")
    alarm = "arXiv cs.DL, 1 January: 12 papers, where 214 are usual on a Saturday"
    bad = RunReport(failed=busy.failed * FAULTS_SHOWN)
    return {
        "confirmation": (
            Confirmation(
                name="Specimen", subscription="Specimens of all kinds", link=LINKS.confirm("specimen", DAY), expires=DAY
            ),
            Confirmation(subscription="", link=LINKS.confirm("specimen", DAY), expires=DAY),
        ),
        "goodbye": (
            Goodbye(name="Specimen", subscription="Specimens of all kinds", link=LINK),
            Goodbye(subscription=""),
        ),
        "access": (Access(link=LINKS.interests("specimen", DAY), expires=DAY),),
        "report": (
            Report(day=DAY, run=busy, alarms=(alarm,)),
            Report(day=DAY, run=bad, alarms=(alarm,) * (FAULTS_SHOWN + 1)),
            Report(day=DAY, run=RunReport()),
            Week(until=DAY, counts=(("runs", 7), ("issues", 12)), faults=(("no such letter box", 2),), alarms=(alarm,)),
            Week(until=DAY, counts=(("runs", 0),)),
        ),
    }
