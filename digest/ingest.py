"""Dumps into the database: batch by batch, each one transaction, taken up again where a killed run stopped."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from digest import reading, sources
from digest.completeness import Content, alarms
from digest.errors import SourceError
from digest.progress import Silent
from digest.sources.detect import LOOK_AHEAD, detect
from digest.sources.streams import READ_ERRORS, chunks, describe, look_ahead
from digest.store import batches, checkpoints, papers
from digest.types import Paper, Rejection

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path

    import sqlalchemy as sa

    from digest.progress import Progress
    from digest.sources import Dump, Record
    from digest.store import Store

BATCH = 1000
"""Records a transaction: enough to make its cost small, few enough to keep memory flat."""

MAX_REJECTIONS = 1000
"""Rejections kept with place and reason; more are only counted."""


@dataclass(slots=True)
class IngestReport:
    """What an ingest did: papers read (new + updated + duplicate), what was rejected and why, and what is odd about it.

    Alarms are in words: a source that gave an old batch, a short one, or less than it announced.
    """

    new: int = 0
    updated: int = 0
    duplicate: int = 0
    rejected: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    @property
    def read(self) -> int:
        """Papers read well."""
        return self.new + self.updated + self.duplicate

    def reject(self, rejection: Rejection) -> None:
        """Count one rejection."""
        self.rejected += 1
        if len(self.rejections) < MAX_REJECTIONS:
            self.rejections.append(rejection)

    def add(self, other: IngestReport) -> None:
        """Count what another part of the run did."""
        self.new += other.new
        self.updated += other.updated
        self.duplicate += other.duplicate
        self.rejected += other.rejected
        self.rejections += other.rejections[: MAX_REJECTIONS - len(self.rejections)]
        self.alarms += other.alarms

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> IngestReport:
        """The report that `dataclasses.asdict` took apart."""
        return cls(**(values | {"rejections": [Rejection(**each) for each in values["rejections"]]}))

    def as_json(self) -> dict[str, Any]:
        """The report as `digest ingest --json` prints it."""
        rejected = [{"where": each.where, "why": each.why} for each in self.rejections]
        if self.rejected > len(self.rejections):
            rejected.append({"where": "", "why": f"and {self.rejected - len(self.rejections)} more"})
        counts = {"read": self.read, "new": self.new, "updated": self.updated, "duplicate": self.duplicate}
        return counts | {"rejected": rejected} | ({"alarms": self.alarms} if self.alarms else {})


def ingest(
    store: Store,
    paths: Sequence[Path],
    *,
    as_of: date,
    format: str | None = None,  # noqa: A002  (the option's name)
    source: str | None = None,
    progress: Progress | None = None,
) -> IngestReport:
    """Add the papers of all dumps that the paths name; a bad dump or record is counted and spoils nothing else.

    `as_of` is the day the dumps were taken. `format` is one of `sources.FORMATS`, recognised by content if None.
    `source` is what they come from; if None, what they say themselves.
    """
    report = IngestReport()
    for location in reading.locate(paths):
        if isinstance(location, SourceError):
            report.reject(Rejection(where=location.where, why=location.why))
        else:
            watch = progress or Silent()
            report.add(ingest_location(store, location, as_of=as_of, format=format, source=source, progress=watch))
    return report


def ingest_location(
    store: Store,
    location: reading.Location,
    *,
    as_of: date,
    format: str | None,  # noqa: A002  (the option's name)
    source: str | None = None,
    progress: Progress,
) -> IngestReport:
    """Add the papers of one dump; what it holds that is bad is in the report, and nothing is half-written."""
    report, content = IngestReport(), Content()
    place = 0

    def at(behind: int) -> None:
        nonlocal place
        place = behind

    try:
        mark = reading.fingerprint(location, format, as_of)
        with store.reading() as connection:
            checkpoint = checkpoints.find(connection, mark) if mark else None
        with reading.opened(location, as_of, at) as dump:
            if checkpoint is not None:
                report, content = _taken_up(checkpoint)
                progress.say(f"{location.name}: taken up again behind {report.read} papers")
            found = _opened(dump, format, checkpoint)
            content.source = content.source or source or found.source
            for batch in _batches(found.records):
                content.add(batch)
                _add(store, batch, report, content, as_of=as_of, mark=mark)
                progress.step(location.name, place, location.size, f"{report.read} papers")
    except SourceError as error:
        report.reject(Rejection(where=error.where, why=error.why))
        return report
    taken = content.batch(as_of, report)
    with store.writing() as connection:
        if mark is not None:
            checkpoints.clear(connection, mark)
        report.alarms += [alarm.told() for alarm in alarms(taken, batches.of(connection, taken.source))]
        batches.add(connection, taken)
    return report


def _taken_up(checkpoint: checkpoints.Checkpoint) -> tuple[IngestReport, Content]:
    """What a stopped ingest had done, as its last transaction left it."""
    values = orjson.loads(checkpoint.report)
    content = Content.from_dict(values.pop("content"))
    return IngestReport.from_dict(values), content


def _opened(dump: Dump, format: str | None, checkpoint: checkpoints.Checkpoint | None) -> sources.Opened:  # noqa: A002
    if checkpoint is None:
        return sources.opened(dump, format=format)
    try:
        head, _ = look_ahead(chunks(dump.stream), LOOK_AHEAD)
        dump.stream.seek(checkpoint.offset)
    except READ_ERRORS as error:
        raise SourceError(dump.name, f"cannot be read: {describe(error)}") from error
    return sources.opened(dump, format=format or detect(head)[0], offset=checkpoint.offset, line=checkpoint.line)


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    while batch := list(islice(records, BATCH)):
        yield batch


def take(connection: sa.Connection, records: Sequence[Record], report: IngestReport, *, as_of: date) -> None:
    """Add the papers of some records in the caller's transaction, and count what became of each record."""
    good = [record.outcome for record in records if isinstance(record.outcome, Paper)]
    outcomes = papers.add(connection, good, as_of)
    for record in records:
        if isinstance(record.outcome, Rejection):
            report.reject(record.outcome)
    report.new += outcomes.count(papers.Outcome.NEW)
    report.updated += outcomes.count(papers.Outcome.UPDATED)
    report.duplicate += outcomes.count(papers.Outcome.DUPLICATE)


def _add(
    store: Store, batch: Sequence[Record], report: IngestReport, content: Content, *, as_of: date, mark: str | None
) -> None:
    """Add one batch and remember where the next one begins, in one transaction."""
    with store.writing() as connection:
        take(connection, batch, report, as_of=as_of)
        last = batch[-1]
        if mark is not None and last.offset:
            report_so_far = orjson.dumps(asdict(report) | {"content": asdict(content)}).decode()
            place = checkpoints.Checkpoint(offset=last.offset, line=last.line, report=report_so_far)
            checkpoints.save(connection, mark, place)
