"""All issues of a reader, as the archive's template sees them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import groupby
from typing import TYPE_CHECKING

from digest import days
from digest.look import ACCENT, on_dark
from digest.paper_view import shown_title
from digest.typeset import one_line, shorten
from digest.view import AccentView

if TYPE_CHECKING:
    from collections.abc import Iterable

    from digest.types import Headline


_NAME = 80
_ACCENT = AccentView(light=ACCENT, dark=on_dark(ACCENT))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedView:
    """One issue in the list: its day (`9 May`, and as `2025-05-09`), what it says first, and its page."""

    day: str
    date: str
    subject: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthView:
    """The issues of one month (`May 2025`), the newest first."""

    heading: str
    issues: tuple[ListedView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveView:
    """One reader's archive; its fields are the variables of the template `web/archive.html`."""

    name: str
    profile: str
    months: tuple[MonthView, ...]
    atom: str
    json_feed: str
    accent: AccentView = _ACCENT

    def variables(self) -> dict[str, object]:
        """The fields by name, as templates take them."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def archive(
    name: str, profile: str, listed: Iterable[tuple[Headline, str]], *, atom: str, json_feed: str
) -> ArchiveView:
    """The list of issues, each with the reference of its page, in the order they come, the newest first."""
    months = groupby(listed, key=lambda each: _month(each[0]))
    return ArchiveView(
        name=shorten(one_line(name), _NAME),
        profile=profile,
        months=tuple(
            MonthView(heading=month, issues=tuple(_listed(headline, url) for headline, url in issues))
            for month, issues in months
        ),
        atom=atom,
        json_feed=json_feed,
    )


def _month(headline: Headline) -> str:
    return days.short(headline.day).partition(" ")[2]


def _listed(headline: Headline, url: str) -> ListedView:
    more = f" and\N{NO-BREAK SPACE}{headline.papers - 1:,}\N{NO-BREAK SPACE}more" if headline.papers > 1 else ""
    return ListedView(
        day=days.short(headline.day).rpartition(" ")[0],
        date=headline.day.isoformat(),
        subject=f"{shown_title(headline.first)}{more}" if headline.first else "Nothing above your bar",
        url=url,
    )
