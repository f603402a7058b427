"""Made-up pages that have, taken together, everything that the templates of the site can be asked to show."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from digest import specimens
from digest.charts import bars
from digest.paper_view import LinkView
from digest.twins.archive import ListedView, MonthView
from digest.web import views
from digest.web.cards import card
from digest.web.operator_views import ChartView, OperatorView, TableView

if TYPE_CHECKING:
    from collections.abc import Iterator

FRAME = views.FrameView(site="Specimen", address="1 Specimen Street", style="/static/a.css", script="/static/a.js")
"""What is the same on all pages, with all of it there."""

_DAY = "2000-01-01"
_FAULT = ("Something is wrong here.",)
_CHOICES = (views.ChoiceView(value="daily", label="Every day"), views.ChoiceView(value="own", label="My own"))
_CARDS = tuple(
    card(paper, number, score)
    for number, paper in enumerate(specimens.issue().papers, start=1)
    for score in (None, 50.0)
)
_CHANGES = tuple(views.ChangeView(kind=kind, text="topics: []") for kind in ("added", "removed", "same", "gap"))
_FAULTS = (views.FaultView(line=1, why="a fault"), views.FaultView(line=None, why="another fault"))
_SUBSCRIBED = views.SubscriptionView(
    slug="specimen",
    name="Specimen",
    is_own=True,
    is_file=False,
    standing="active",
    state="Every day at 07:00, UTC.",
    following="Saturday 1 January 2000 at 07:00, UTC",
    when="daily",
    cron="",
    at="07:00",
    zone="UTC",
    form="",
    empty_day="",
    on_return="catch-up",
    language="",
    patience="18 hours",
    times=_CHOICES,
    interests="specimens",
)


def pages() -> Iterator[tuple[str, object]]:
    """Views by the names of their templates, each in all the forms that it can have."""
    yield from _papers()
    yield from _notes()
    yield from _readers()
    yield from _editors()
    chart = ChartView(heading="Papers", picture=bars("Papers", [specimens.DAY], {}, ["papers"]), legend=("papers",))
    table = TableView(heading="Runs", columns=("run", "took"), rows=(("1", "2 s"),))
    full = OperatorView(
        title="The installation",
        csrf="specimen",
        at=_DAY,
        alarms=_FAULT,
        charts=(chart, replace(chart, legend=())),
        tables=(table, replace(table, rows=())),
    )
    yield "operator.html", full
    yield "operator.html", replace(full, alarms=(), charts=(), tables=())


def _papers() -> Iterator[tuple[str, object]]:
    box = views.SubscribeView(digests=_CHOICES, times=_CHOICES)
    names = ("", "email", "digest", "interests", "when", "at", "zone")
    wrong = replace(box, digest="own", is_zone_typed=True, faults=dict.fromkeys(names, _FAULT))
    day = views.DayView(heading="Saturday 1 January 2000", date=_DAY, url=f"/day/{_DAY}", cards=_CARDS, more=2)
    for days in ((), (day,), (day, replace(day, more=0))):
        for subscribe in (None, box, wrong):
            yield "front.html", views.FeedView(days=days, newer="/", older="/", subscribe=subscribe)
    yield "front.html", views.FeedView(days=())
    yield "search.html", views.SearchView(query="specimen", cards=_CARDS)
    yield "search.html", views.SearchView(query="", cards=(), hint="Nothing.")
    for each in _CARDS:
        page = views.PaperPageView(
            paper=each.paper, id="title:specimen", bibtex="@misc{}", bibtex_url="/", cards=_CARDS
        )
        yield "paper.html", page
        yield "paper.html", replace(page, id="", bibtex="", bibtex_url="", cards=())
    listed = ListedView(day="1 January", date=_DAY, subject="Specimen", url="/")
    month = MonthView(heading="January 2000", issues=(listed, listed))
    shelf = views.ShelfView(name="Trending", url="/", atom="/", months=(month, month))
    yield "archive.html", views.ArchiveView(shelves=(shelf, replace(shelf, atom="", months=())))
    yield "archive.html", views.ArchiveView(shelves=())


def _notes() -> Iterator[tuple[str, object]]:
    button = views.ButtonView(url="/", label="Do it", hidden=(("do", "it"),))
    full = views.NoteView(
        title="Specimen",
        lines=("A line.",),
        about="Specimen",
        changes=_CHANGES,
        buttons=(button, replace(button, hidden=(), is_quiet=True)),
        asks_day=_DAY,
        first_day=_DAY,
        asks_address=True,
        asks_token=True,
        fault="A fault.",
        links=(LinkView(label="Front page", url="/"),),
    )
    yield "note.html", full
    yield "note.html", replace(full, fault="")
    yield "note.html", views.NoteView(title="Specimen")


def _readers() -> Iterator[tuple[str, object]]:
    names = ("when", "cron", "at", "zone", "form", "language", "patience", "empty_day", "on_return", "until")
    held = (
        _SUBSCRIBED,
        replace(_SUBSCRIBED, is_own=False, standing="paused", when="cron", cron="0 7 * * 1"),
        replace(_SUBSCRIBED, is_own=False, is_file=True, faults=dict.fromkeys(names, _FAULT)),
        replace(_SUBSCRIBED, standing="pending", following=""),
        replace(_SUBSCRIBED, standing="ended", following=""),
    )
    full = views.ReaderView(csrf="specimen", subscriptions=held, first_day=_DAY, later_day=_DAY)
    yield "reader.html", replace(full, done="Saved.", faults={"sure": _FAULT})
    yield "reader.html", replace(full, subscriptions=(), can_forget=False)


def _editors() -> Iterator[tuple[str, object]]:
    sent = views.ForeseenPaperView(title="Specimen", url="/", score=50)
    day = views.ForeseenDayView(heading="Saturday", papers=(sent, replace(sent, is_new=True)))
    seen = views.ForeseenView(
        span="1 to 7 January", days=(day,), drops=(sent,), sent=2, added=1, dropped=1, is_edit=True
    )
    nothing = replace(seen, span="", days=(), drops=(), is_edit=False)
    version = views.VersionView(number=1, written=_DAY, reason="edited here", url="/", current=True)
    plain = views.EditorView(
        csrf="specimen", slug="specimen", name="Specimen", text="topics: [specimens]\n", behind=1, is_own=True
    )
    full = replace(plain, versions=(version, replace(version, current=False)), shared=_CHOICES)
    yield "editor.html", plain
    yield "editor.html", replace(full, is_own=False, faults=_FAULTS, foreseen=seen, problem="A problem.")
    yield "editor.html", replace(full, is_checked=True, foreseen=nothing, changes=_CHANGES, done="Saved.")
    yield "editor.html", replace(full, looks_at=1)
    yield "editor.html", replace(full, looks_at=1, changes=_CHANGES)
    for foreseen in (seen, nothing, None):
        yield "foreseen.html", views.FragmentView(foreseen=foreseen)
