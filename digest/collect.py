"""Fetching what is listed and taking it in: one source after the other, each with an outcome of its own."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from digest import harvest, reading, sources
from digest.answers import MAX_BYTES, Validators
from digest.batch import unchanged
from digest.completeness import alarms
from digest.errors import DigestError, FetchError, SourceError
from digest.feeds import Kind
from digest.ingest import IngestReport, ingest_location
from digest.progress import Silent
from digest.sources import Dump
from digest.store import batches, failures, turns
from digest.store import validators as stored
from digest.types import Paper, Rejection

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from digest.feeds import Source
    from digest.fetch import Fetched
    from digest.progress import Progress
    from digest.store import Store

MOST_PAGES = 500
"""Pages of one source: a server that always has one more is given up there."""


class Web(Protocol):
    """What gives the content of URLs; see `digest.fetch.Fetcher`."""

    def get(self, url: str, validators: Validators | None = None) -> Fetched:
        """What a URL holds, or that it is unchanged.

        Raises:
            FetchError: it did not come.
        """


@dataclass(slots=True)
class SourceReport:
    """What came of one source: documents read and passed over as unchanged, what was in them, and what failed.

    `is_transient` tells whether the failure may be gone next time, and `retry_at` until when its server wants to be
    left alone, where it said so.
    """

    source: str
    documents: int = 0
    unchanged: int = 0
    ingested: IngestReport = field(default_factory=IngestReport)
    failure: str | None = None
    is_transient: bool = False
    retry_at: datetime | None = None

    @property
    def is_good(self) -> bool:
        """Whether nothing failed and nothing was rejected."""
        return self.failure is None and not self.ingested.rejected

    def fail(self, error: DigestError) -> None:
        """Note what went wrong."""
        self.failure = str(error)
        self.is_transient = isinstance(error, FetchError) and error.is_transient
        self.retry_at = error.retry_at if isinstance(error, FetchError) else None

    def as_json(self) -> dict[str, Any]:
        """The report as `digest fetch --json` prints it."""
        asked = {"source": self.source, "documents": self.documents, "unchanged": self.unchanged}
        asked |= {"announced": self.ingested.announced}
        failed = {"failure": self.failure, "transient": self.is_transient, "retry_at": self.retry_at}
        return asked | self.ingested.as_json() | failed

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> SourceReport:
        """The report that `dataclasses.asdict` took apart."""
        return cls(**(values | {"ingested": IngestReport.from_dict(values["ingested"])}))


def collect(  # noqa: PLR0913  (the world, and what to do in it)
    store: Store,
    web: Web,
    listed: Sequence[Source],
    *,
    now: datetime,
    as_of: date,
    days: int,
    progress: Progress | None = None,
) -> list[SourceReport]:
    """Fetch the sources and take in what they hold; a report for each, in their order.

    `as_of` is the day it is, and `days` how many days up to it a source that takes dates is asked for. What failed is
    in its source's report and spoils no other. Only what was taken in without a fault is remembered and not asked for
    again.
    """
    watch = progress or Silent()
    reports = []
    for number, source in enumerate(listed):
        watch.step("fetching", number, len(listed), source.name)
        reports.append(collect_one(store, web, source, now=now, as_of=as_of, days=days))
    forget_old(store, now=now)
    return reports


def forget_old(store: Store, *, now: datetime) -> None:
    """Forget what is remembered of places that are asked no more."""
    with store.writing() as connection:
        stored.clear_old(connection, now=now)
        turns.clear_old(connection, now=now)


def collect_one(store: Store, web: Web, source: Source, *, now: datetime, as_of: date, days: int) -> SourceReport:
    """Fetch one source and take in what it holds."""
    report = SourceReport(source.name)
    try:
        if source.kind == Kind.FOLDER:
            _take_folder(store, source, report, now=now, as_of=as_of)
        elif source.is_window:
            _take_window(store, web, source, report, as_of=as_of, days=days)
        else:
            _take_url(store, web, source, report, now=now, as_of=as_of, days=days)
    except DigestError as error:
        report.fail(error)
    with store.writing() as connection:
        failures.note(connection, source.origin, as_of, report.failure)
    return report


def probe(web: Web, source: Source, *, as_of: date, days: int) -> SourceReport:
    """What the source gives now, of several pages the first, taken in nowhere: all papers count as new."""
    report = SourceReport(source.name)
    try:
        if source.kind == Kind.FOLDER:
            for location in _files(source):
                if isinstance(location, SourceError):
                    report.ingested.reject(_rejection(location))
                else:
                    report.documents += 1
        else:
            url = source.url(as_of, days)
            content = source.selected(web.get(url).content)
            report.documents += 1
            for record in sources.read(Dump(name=url, stream=io.BytesIO(content), as_of=as_of)):
                if isinstance(record.outcome, Paper):
                    report.ingested.new += 1
                else:
                    report.ingested.reject(record.outcome)
    except DigestError as error:
        report.fail(error)
    return report


def _take_url(  # noqa: PLR0913  (the world, and what to do in it)
    store: Store, web: Web, source: Source, report: SourceReport, *, now: datetime, as_of: date, days: int
) -> None:
    url = source.url(as_of, days)
    with store.reading() as connection:
        etag, last_modified = stored.find(connection, url)
    fetched = web.get(url, Validators(etag=etag, last_modified=last_modified))
    if fetched.is_unchanged:
        report.unchanged += 1
    else:
        report.documents += 1
        _take_answer(store, source, fetched.content, report, as_of=as_of)
    said = fetched.validators
    with store.writing() as connection:
        if fetched.is_unchanged:
            report.ingested.alarms += _note_unchanged(connection, source, as_of)
        # Only now, with the papers in: killed before, the next run must ask for them again.
        if said and report.is_good:
            stored.save(connection, url, said.etag, said.last_modified, now=now)
        else:
            stored.forget(connection, url)


def _note_unchanged(connection: Connection, source: Source, as_of: date) -> list[str]:
    """Keep that a source has nothing new; what is odd about that."""
    earlier = batches.of(connection, source.origin)
    batch = unchanged(earlier, as_of)
    if batch is None:
        return []
    found = alarms(batch, earlier, is_admitted=True)
    batches.add(connection, batch)
    return [alarm.told() for alarm in found]


def _take_window(store: Store, web: Web, source: Source, report: SourceReport, *, as_of: date, days: int) -> None:
    pages = list(_pages(web, source, report, as_of=as_of, days=days))
    if pages:
        content, withheld = source.merged(pages), source.withheld(pages)
        _take_answer(store, source, content, report, as_of=as_of, withheld=withheld)


def _pages(web: Web, source: Source, report: SourceReport, *, as_of: date, days: int) -> Iterator[bytes]:
    """The answers of a source page by page; where one fails, those before it count."""
    url: str | None = source.url(as_of, days)
    room = MAX_BYTES
    while url is not None:
        if report.documents == MOST_PAGES or room <= 0:
            report.failure = f"more than fits into {MOST_PAGES} pages or {MAX_BYTES // 2**20} MiB: the first are taken"
            return
        try:
            answer = web.get(url).content
            following = harvest.page(source, url, answer, as_of).following
        except (FetchError, SourceError) as error:
            report.fail(error)
            return
        room -= len(answer)
        if room >= 0:
            report.documents += 1
            yield answer
            url = following


def _take_answer(
    store: Store, source: Source, content: bytes, report: SourceReport, *, as_of: date, withheld: int = 0
) -> None:
    """Take in what a server sent."""
    answer = reading.Answer(source.name, content)
    report.ingested.add(
        ingest_location(
            store,
            answer,
            as_of=as_of,
            format=None,
            source=source.origin,
            withheld=withheld,
            progress=Silent(),
        )
    )


def _take_folder(store: Store, source: Source, report: SourceReport, *, now: datetime, as_of: date) -> None:
    for location in _files(source):
        if isinstance(location, SourceError):
            report.ingested.reject(_rejection(location))
            continue
        try:
            # The day is no part of it: the same file is the same tomorrow.
            mark = reading.fingerprint(location, None, date.min)
        except SourceError as error:
            report.ingested.reject(_rejection(error))
            continue
        with store.reading() as connection:
            is_known = stored.find(connection, location.name)[0] == mark
        if is_known:
            report.unchanged += 1
        else:
            report.documents += 1
            found = ingest_location(store, location, as_of=as_of, format=None, progress=Silent())
            report.ingested.add(found)
            if found.rejected:
                continue
        with store.writing() as connection:
            stored.save(connection, location.name, mark, now=now)


def _files(source: Source) -> Iterator[reading.Location | SourceError]:
    try:
        path = Path(source.about).expanduser()
    except RuntimeError as error:
        raise SourceError(source.name, "nobody here has such a home folder") from error
    return reading.locate([path])


def _rejection(error: SourceError) -> Rejection:
    return Rejection(where=error.where, why=error.why)
