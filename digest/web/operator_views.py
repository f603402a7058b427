"""The operator's page as its template knows it: an overview of the installation in tables and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from markupsafe import Markup

from digest.charts import bars
from digest.overview import days
from digest.paper_view import short_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from digest.overview import Overview
    from digest.run_history import Run

_LINE, _FAULTS = 300, 3
_MAILS = ("sent", "deferred", "rejected", "expired", "bounced")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartView:
    """A picture with its heading; `legend` names what its colours stand for, in order, where there are several."""

    heading: str
    picture: Markup
    legend: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableView:
    """A table with its heading: the names of its columns, rows of as many texts, and what is said without rows."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    nothing: str = "None."


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorView:
    """All of the page; `csrf` is what its one form has to send."""

    title: str
    csrf: str
    at: str
    alarms: tuple[str, ...]
    charts: tuple[ChartView, ...]
    tables: tuple[TableView, ...]


def shown(state: Overview, csrf: str) -> OperatorView:
    """The page of an overview."""
    span = days(state.at.date())
    return OperatorView(
        title="The installation",
        csrf=csrf,
        at=_instant(state.at),
        alarms=tuple(short_line(each, _LINE) for each in state.alarms),
        charts=(
            ChartView(heading="New papers", picture=bars("New papers by day", span, state.papers_by_day, ["papers"])),
            ChartView(heading="Mails", picture=bars("Mails by day", span, state.mails_by_day, _MAILS), legend=_MAILS),
        ),
        tables=(
            TableView(
                heading="Runs",
                columns=("run", "began", "took", "issues", "delivered", "failed", "what failed"),
                rows=tuple(_run(number, run) for number, run in state.runs),
                nothing="No run did anything yet.",
            ),
            TableView(
                heading="Sources",
                columns=("what each gave last",),
                rows=tuple((short_line(each, _LINE),) for each in state.sources),
                nothing="No source gave anything twice yet.",
            ),
            _counted("Outbox", "state", {str(each): count for each, count in state.mails.items() if count}),
            _counted("Readers", "what", _readers(state)),
            _counted("Periods of the last 30 days", "what became of them", state.outcomes),
            _counted("What came back in 30 days, and addresses that get nothing", "what", _bounced(state)),
        ),
    )


def _run(number: int, run: Run) -> tuple[str, ...]:
    faults = [short_line(why, _LINE) for why in list(run.faults)[:_FAULTS]]
    counts = (f"{run.issues:,}", f"{run.delivered:,}", f"{run.failed:,}")
    return (str(number), _instant(run.started), f"{run.took.total_seconds():.1f} s", *counts, "; ".join(faults))


def _readers(state: Overview) -> dict[str, int]:
    told = {f"subscriptions, {standing}": count for standing, count in sorted(state.subscriptions.items())}
    told |= {f"addresses, {kind}": count for kind, count in state.addresses.items()}
    return told | {"letters that wait": state.letters_waiting}


def _bounced(state: Overview) -> dict[str, int]:
    told = {f"{kind}, in 30 days": count for kind, count in sorted(state.bounced.items())}
    return told | {f"suppressed: {reason}": count for reason, count in sorted(state.suppressed.items())}


def _counted(heading: str, what: str, counts: Mapping[str, int]) -> TableView:
    rows: Iterable[tuple[str, str]] = ((short_line(name, _LINE), f"{count:,}") for name, count in counts.items())
    return TableView(heading=heading, columns=(what, "how many"), rows=tuple(rows))


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
