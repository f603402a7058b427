"""Dumps into the database: batch by batch, each one transaction, taken up again where a killed run stopped."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from digest import reading, sources
from digest.batch import Content
from digest.completeness import alarms
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

    from sqlalchemy import Connection

    from digest.batch import Batch
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

    Alarms are in words: a source that gave an old batch, a short one, or less than it announced. `announced` is how
    many papers the sources say they hold, of those that say so; None where none does.
    """

    new: int = 0
    updated: int = 0
    duplicate: int = 0
    rejected: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    announced: int | None = None

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
        if other.announced is not None:
            self.announced = (self.announced or 0) + other.announced

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


def ingest_location(  # noqa: PLR0913  (the dump, and what is known of it from elsewhere)
    store: Store,
    location: reading.Location | reading.Answer,
    *,
    as_of: date,
    format: str | None,  # noqa: A002  (the option's name)
    source: str | None = None,
    withheld: int = 0,
    progress: Progress,
) -> IngestReport:
    """Add the papers of one dump; what it holds that is bad is in the report, and nothing is half-written.

    `withheld` is how many records its source is known to have announced and not given (see `completeness.Batch`).
    """
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
            found = _opened(dump, format, checkpoint, done=report.read + report.rejected)
            content.source = content.source or source or found.source
            for batch in _batches(found.records):
                content.add(batch)
                with store.writing() as connection:
                    take(connection, batch, report, as_of=as_of)
                    if len(batch) < BATCH:
                        # With the last papers, so that no kill comes between them and what is said of them.
                        taken = content.batch(as_of, report, found.announced, withheld)
                        _finish(connection, taken, report, mark)
                    elif mark is not None:
                        checkpoints.save(connection, mark, _checkpoint(batch[-1], report, content))
                progress.step(location.name, place, location.size, f"{report.read} papers")
    except SourceError as error:
        report.reject(Rejection(where=error.where, why=error.why))
    return report


def _checkpoint(last: Record, report: IngestReport, content: Content) -> checkpoints.Checkpoint:
    """Where an ingest stands behind a record."""
    so_far = orjson.dumps(asdict(report) | {"content": asdict(content)}).decode()
    return checkpoints.Checkpoint(offset=last.offset, line=last.line, report=so_far)


def _taken_up(checkpoint: checkpoints.Checkpoint) -> tuple[IngestReport, Content]:
    """What a stopped ingest had done, as its last transaction left it."""
    values = orjson.loads(checkpoint.report)
    content = Content.from_dict(values.pop("content"))
    return IngestReport.from_dict(values), content


def _opened(
    dump: Dump,
    format: str | None,  # noqa: A002  (the option's name)
    checkpoint: checkpoints.Checkpoint | None,
    *,
    done: int,
) -> sources.Opened:
    """The dump behind the place where an ingest stopped, or behind the records done where its format has no places."""
    if checkpoint is None or not checkpoint.offset:
        found = sources.opened(dump, format=format)
        return replace(found, records=islice(found.records, done, None))
    try:
        head, _ = look_ahead(chunks(dump.stream), LOOK_AHEAD)
        dump.stream.seek(checkpoint.offset)
    except READ_ERRORS as error:
        raise SourceError(dump.name, f"cannot be read: {describe(error)}") from error
    return sources.opened(dump, format=format or detect(head)[0], offset=checkpoint.offset, line=checkpoint.line)


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    """The records `BATCH` at a time; fewer, perhaps none, are the last."""
    while True:
        batch = list(islice(records, BATCH))
        yield batch
        if len(batch) < BATCH:
            return


def take(connection: Connection, records: Sequence[Record], report: IngestReport, *, as_of: date) -> None:
    """Add the papers of some records in the caller's transaction, and count what became of each record."""
    good = [record.outcome for record in records if isinstance(record.outcome, Paper)]
    outcomes = papers.add(connection, good, as_of)
    for record in records:
        if isinstance(record.outcome, Rejection):
            report.reject(record.outcome)
    report.new += outcomes.count(papers.Outcome.NEW)
    report.updated += outcomes.count(papers.Outcome.UPDATED)
    report.duplicate += outcomes.count(papers.Outcome.DUPLICATE)


def _finish(connection: Connection, taken: Batch, report: IngestReport, mark: str | None) -> None:
    """Keep what the source gave, and what is odd about it."""
    if mark is not None:
        checkpoints.clear(connection, mark)
    report.announced = taken.announced
    report.alarms += [alarm.told() for alarm in alarms(taken, batches.of(connection, taken.source))]
    batches.add(connection, taken)
