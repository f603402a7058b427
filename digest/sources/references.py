"""A reference of a reader's library -> a paper, whatever program wrote it.

Programs put ids into many places: fields of their own, URLs, the journal's name (`arXiv preprint arXiv:2401.01234`), a
line of notes. What a reader notes about a paper stays out of it: papers are shared by all readers, notes are not meant
to be.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, TypeVar

from digest.identity import PaperId, parse_id, strength, title_id
from digest.links import http_url
from digest.sources import fields
from digest.sources.records import RecordError
from digest.text import clean
from digest.types import Links, Paper, Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from digest.sources.records import Document

T = TypeVar("T")

_ARXIV_IN_TEXT = re.compile(
    r"\barXiv[:\s]\s*((?:[a-z-]+(?:\.[A-Z]{2})?/\d{7}|\d{4}\.\d{4,5})(?:v\d+)?)(?!\d)", re.IGNORECASE
)
_CORR = re.compile(r"abs/(\S+)")  # how DBLP names arXiv: journal CoRR, volume abs/2401.01234
_NO_VENUE = re.compile(r"(?:(?:e-?)?prints?|preprint|corr|arxiv|biorxiv|medrxiv|ssrn)\b.*", re.IGNORECASE)
_SUFFIX = re.compile(r"(?:Jr|Sr|I{1,3}|IV)\.?", re.IGNORECASE)
_LONGEST_ID = 500

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = r"(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_YEAR = r"(?P<year>1[5-9]\d\d|2[01]\d\d)"
_DATES = tuple(
    re.compile(form, re.IGNORECASE | re.ASCII)
    for form in (
        rf"{_YEAR}[-/.](?P<month>\d\d?)[-/.](?P<day>\d\d?)(?:[T\s/].*)?",
        rf"{_YEAR}[-/.](?P<month>\d\d?)/*",
        rf"{_YEAR}[\s/,-]*{_NAME}(?:[\s/-]+(?P<day>\d\d?))?(?:\b.*)?",
        rf"(?:(?P<day>\d\d?)(?:st|nd|rd|th)?[\s~./-]*)?{_NAME}[\s~,/-]*{_YEAR}",
        rf"{_NAME}[\s~]*(?P<day>\d\d?)(?:st|nd|rd|th)?[\s,]+{_YEAR}",
        rf"(?P<month>\d\d?)[/.]{_YEAR}",
        rf"\D{{0,3}}{_YEAR}(?!\d).*",
    )
)
_LONGEST_DATE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a program says of a work, as it writes it.

    `ids` are texts that may be an id as a whole, the most trusted first; `mentions` are texts that may name arXiv's id
    among other words. `authors` are names in reading order (`Ann Poe`). `dates` are spellings of the day it came out,
    the most exact first.
    """

    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    venue: str = ""
    dates: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    pdf: str = ""


def paper_of(reference: Reference, as_of: date) -> Paper:
    """The paper that a reference names; `announced` is None, because a library is no news.

    `published` is the day it came out. Where only a year or a month is known, it is the last day of that, once it has
    passed by `as_of`: folding takes the earliest of two dates, so an inexact one never displaces an exact one. For a
    paper on arXiv an inexact date says less than its id does, and is left out.

    Raises:
        RecordError: There is no title.
    """
    title = clean(reference.title)
    if not title:
        raise RecordError("no title")
    ids = _ids(reference)
    abstract = clean(reference.abstract)
    canonical = ids[0].id if ids else title_id(title, abstract)
    venue = clean(reference.venue)
    links = fields.links_of(canonical, abstract)
    return Paper(
        id=canonical,
        title=title,
        abstract=abstract,
        version=ids[0].version if ids else None,
        authors=tuple(name for each in reference.authors if (name := clean(each))),
        categories=fields.arxiv_categories(list(reference.categories)),
        published=_published(reference.dates, as_of, on_arxiv=canonical.startswith("arxiv:")),
        venue=None if not venue or _NO_VENUE.fullmatch(venue) else venue,
        other_ids=tuple(dict.fromkeys(each.id for each in ids[1:] if each.id != canonical)),
        links=Links(
            abstract=links.abstract or _page(reference.ids),
            pdf=links.pdf or http_url(reference.pdf),
            code=links.code,
            project=links.project,
        ),
    )


def outcomes(
    document: Document, records: Iterable[tuple[int, T, bool]], reference: Callable[[T], Reference], what: str
) -> Iterator[Paper | Rejection]:
    """The papers of records, each with the line it begins on and whether it has its end mark, `ER`.

    One without a title is rejected; one without its end is cut off, which is told unless it is known already.
    """
    papers = 0
    for line, values, is_whole in records:
        where = f"{document.name}:{line}"
        if not is_whole:
            if document.cut is None:
                yield Rejection(where=where, why=f"cut off after {papers} {what}: it has no ER")
            continue
        try:
            yield paper_of(reference(values), document.as_of)
            papers += 1
        except RecordError as error:
            yield Rejection(where=where, why=error.why)


def person(name: str) -> str:
    """A name in reading order: `Poe, Ann`, `Poe, Ann, Jr.` (RIS) and `Poe, Jr., Ann` (BibTeX) turned round."""
    last, *rest = (part.strip() for part in name.split(","))
    if rest[1:] and _SUFFIX.fullmatch(rest[0]):
        rest = [rest[1], rest[0], *rest[2:]]
    return " ".join(part for part in (*rest[:1], last, *rest[1:]) if part)


def written_day(text: str) -> tuple[int, int | None, int | None] | None:
    """The year, month and day a text spells (`2024-05-03`, `May 2024`, `1948/07//`, `JUN 8 2004`); None for no year."""
    text = text.strip()[:_LONGEST_DATE]
    for form in _DATES:
        if found := form.fullmatch(text):
            parts = found.groupdict()
            month = int(parts["month"]) if parts.get("month") else None
            if parts.get("name"):
                month = _MONTHS.index(parts["name"][:3].lower()) + 1
            day = int(parts["day"]) if parts.get("day") else None
            year = int(parts["year"])
            if month is None or not 1 <= month <= len(_MONTHS):
                return year, None, None
            return year, month, day if day and day <= calendar.monthrange(year, month)[1] else None
    return None


def _published(dates: Iterable[str], as_of: date, *, on_arxiv: bool) -> datetime | None:
    spelt = [found for text in dates if (found := written_day(text))]
    if not spelt:
        return None
    year, month, day = max(spelt, key=lambda parts: sum(part is not None for part in parts))
    if day is None and on_arxiv:
        return None
    last = date(year, month or len(_MONTHS), day or calendar.monthrange(year, month or len(_MONTHS))[1])
    if last > as_of:
        return None
    return datetime(last.year, last.month, last.day, tzinfo=UTC)


def _ids(reference: Reference) -> list[PaperId]:
    """The ids a reference names, each once, the strongest first; of arXiv's only one, for two are two works."""
    found = [parse_id(text) for text in reference.ids if len(text) <= _LONGEST_ID]
    mentioned = (_ARXIV_IN_TEXT.search(text) or _CORR.fullmatch(text.strip()) for text in reference.mentions)
    found += [parse_id(mention[1]) for mention in mentioned if mention]
    known = {each.id: each for each in found if each and not each.id.startswith("title:")}
    ranked = sorted(known.values(), key=lambda each: strength(each.id))
    return [each for n, each in enumerate(ranked) if n == 0 or not each.id.startswith("arxiv:")]


def _page(texts: Iterable[str]) -> str | None:
    return next((url for text in texts if (url := http_url(text))), None)
