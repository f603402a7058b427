"""The end of a run: it is kept for those who ask later, and the operator is told, if need be by an alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest import alarms, operator_report
from digest.errors import DeliveryError, DigestError, TemplateError
from digest.run_history import run_of
from digest.store import runs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from digest.run_report import RunReport
    from digest.settings import Settings
    from digest.store import Store


def close(  # noqa: PLR0913  (the run, and the world)
    store: Store,
    settings: Settings,
    report: RunReport,
    kind: str,
    *,
    day: date,
    started: datetime,
    ended: datetime,
    environment: Mapping[str, str],
) -> None:
    """Keep what a run did, send the operator's report and alarms; what cannot be sent is a fault of the run."""
    odd = (*alarms.of_sources(store, day), *alarms.of_letters(store, settings))
    try:
        operator_report.send(settings, report, odd, day=day, now=started, environment=environment)
    except (DeliveryError, TemplateError) as error:
        report.fail("", f"the report to the operator: {error}")
    run = run_of(report, kind, day=day, started=started, ended=ended)
    # What looks every few minutes whether there is something to do need not say each time that there was not.
    if not run.is_idle:
        with store.writing() as connection:
            runs.add(connection, run)
    try:
        alarms.tell(
            store, settings, [*alarms.of_run(run), *odd, *alarms.of_ranking(store)], now=ended, environment=environment
        )
    except DigestError as error:
        report.fail("", str(error))
