"""Filling a gap: what sources gave on days gone by, page by page, taken up again where a stopped run left off."""

from __future__ import annotations

import io
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import orjson

from digest import harvest, sources
from digest.batch import Content, backfilled
from digest.collect import SourceReport
from digest.completeness import alarms, spoken
from digest.errors import DigestError
from digest.ingest import IngestReport, take
from digest.progress import Silent
from digest.sources import Dump
from digest.sources.oai_pmh import TokenRefusedError
from digest.store import batches, checkpoints
from digest.types import Paper

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from digest.collect import Web
    from digest.feeds import Source
    from digest.harvest import Days, Step
    from digest.progress import Progress
    from digest.sources import Record
    from digest.store import Store

NO_PAST = "cannot be asked for earlier days: arXiv, bioRxiv, medRxiv, hf-daily and OAI-PMH repositories can"


@dataclass(slots=True)
class _Harvest:
    """How far a backfill of one source is: the step and page to ask next, and what the pages before held.

    `stated` and `given` are how many records the lists have by what the source says and by what came.
    """

    step: int = 0
    url: str | None = None
    pages: int = 0
    stated: int = 0
    given: int = 0
    report: IngestReport = field(default_factory=IngestReport)
    content: Content = field(default_factory=Content)


def backfill(
    store: Store,
    web: Web,
    listed: Sequence[Source],
    *,
    days: Days,
    as_of: date,
    progress: Progress | None = None,
) -> list[SourceReport]:
    """Take in what the sources gave on some days; a report for each source, in their order.

    A page is taken in together with the place of the next one, in one transaction: a run that was stopped and is
    started again with the same days asks for no page twice, and counts on. What failed is in its source's report, and
    the next run goes on there. `as_of` is the day it is.
    """
    watch = progress or Silent()
    return [_fill(store, web, source, days, as_of, watch) for source in listed]


def _fill(store: Store, web: Web, source: Source, days: Days, as_of: date, progress: Progress) -> SourceReport:
    steps = harvest.steps(source, days, as_of)
    if not steps:
        return SourceReport(source.name, failure=NO_PAST)
    mark = f"backfill {source.name} {days}"
    with store.reading() as connection:
        checkpoint = checkpoints.find(connection, mark)
    at = _Harvest(content=Content(source=backfilled(source.name))) if checkpoint is None else _taken_up(checkpoint)
    if checkpoint is not None:
        progress.say(f"{source.name}: taken up again behind {at.pages} pages, {at.report.read} papers")
    report = SourceReport(source.name, documents=at.pages, ingested=at.report)
    try:
        while at.step < len(steps):
            _take_page(store, web, steps[at.step], at, mark, as_of=as_of, progress=progress)
            report.documents = at.pages
            progress.step(source.name, at.given, at.stated or None, f"{at.report.read} papers")
    except DigestError as error:
        report.fail(error)
        return report
    _close(store, at, mark, day=days.until, as_of=as_of)
    return report


def _taken_up(checkpoint: checkpoints.Checkpoint) -> _Harvest:
    """How far a stopped backfill was, as its last transaction left it."""
    values = orjson.loads(checkpoint.report)
    return _Harvest(
        **values | {"report": IngestReport.from_dict(values["report"]), "content": Content.from_dict(values["content"])}
    )


def _take_page(  # noqa: PLR0913  (the world, and what to do in it)
    store: Store, web: Web, step: Step, at: _Harvest, mark: str, *, as_of: date, progress: Progress
) -> None:
    url = at.url or step.url
    try:
        answer = web.get(url).content
        page = harvest.page(step.source, url, answer, as_of)
    except TokenRefusedError:
        if at.url is None:
            raise
        # The list begins anew; what it has that was taken in before is known, and counts as known.
        progress.say(f"{step.source.name}: the list has to begin anew: the place in it was forgotten there")
        at.url = None
        return
    records = _records(step, page.content, as_of)
    wanted = [each for each in records if not isinstance(each.outcome, Paper) or step.wants(each.outcome)]
    if at.url is None:
        at.stated += page.total if page.total is not None else len(records) + page.others
    at.given += len(records) + page.others
    at.pages += 1
    at.step, at.url = (at.step, page.following) if page.following else (at.step + 1, None)
    at.content.add(wanted)
    with store.writing() as connection:
        take(connection, wanted, at.report, as_of=as_of)
        place = orjson.dumps(asdict(at)).decode()
        checkpoints.save(connection, mark, checkpoints.Checkpoint(offset=at.pages, line=at.step, report=place))


def _records(step: Step, content: bytes, as_of: date) -> list[Record]:
    if not content:
        return []
    return list(sources.read(Dump(name=step.source.name, stream=io.BytesIO(content), as_of=as_of)))


def _close(store: Store, at: _Harvest, mark: str, *, day: date, as_of: date) -> None:
    """Keep what came as one batch, and forget the place: the same days may be asked for again later."""
    batch = replace(at.content.batch(as_of, at.report, announced=at.report.read + at.report.rejected), day=day)
    with store.writing() as connection:
        at.report.alarms += [alarm.told() for alarm in alarms(batch, ())]
        if at.given < at.stated:
            at.report.alarms.append(f"{spoken(batch.source)}: announced {at.stated:,} records, {at.given:,} given")
        batches.add(connection, batch)
        checkpoints.clear(connection, mark)
