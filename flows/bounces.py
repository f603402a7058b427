"""Read returned mails from where `[bounces]` says, on a schedule."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE

from digest import bounce_reading, inboxes, settings
from digest.clock import Clock
from digest.store import Store
from flows.outcomes import table


@task(cache_policy=NO_CACHE)
def read_mails(home: Path) -> dict[str, Any]:
    """`digest.bounce_reading.read`; the report as plain values. What failed stays unread for the next run."""
    options = settings.load(home)
    inbox = inboxes.configured(options, os.environ)
    with Store(options.database) as store:
        return asdict(bounce_reading.read(store, options, inbox, Clock(now=_clock)))


@flow(name="bounces")
async def bounces(home: Path | None = None) -> dict[str, Any]:
    """One reading, for the installation at `home` or the one that DIGEST_HOME names; the report as plain values.

    Where no inbox is named there is nothing to read.
    """
    home = home or settings.home(os.environ)
    if not settings.load(home).bounces.is_named:
        return {}
    report: dict[str, Any] = read_mails(home)
    rows = [*report["counted"].items(), *report["others"].items()]
    rows += [("counted before", report["known"]), ("of no mail of ours", report["strangers"])]
    rows += [(f"{each['where']}: {each['why']}", "failed") for each in report["failed"]]
    await acreate_markdown_artifact(table("Returned mails", ("what", "how many"), rows), key="bounces")
    return report


def _clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  (when each report was counted)
