"""What records of scholarly indexes have in common: several ids of one work, names in parts, dates without a day.

An index describes works that others publish. So a record may carry an arXiv id, a DOI and a PMID at once; the
strongest names the paper, and the others are its `other_ids`.
"""

from __future__ import annotations

import calendar
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from digest.identity import PaperId, parse_id, strength, title_id
from digest.sources import fields
from digest.sources.records import RecordError
from digest.text import clean, people

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_LONGEST_ID = 2000

# Section titles in JATS (`title`) and in the HTML of Europe PMC (`h4`).
_SECTION = re.compile(r"<((?:jats:)?title|h4)>([^<>]{0,200})</\1>", re.IGNORECASE)
_TAG_LEFT = re.compile(r"</?jats:[\w-]{1,30}\s*/?>")
_HEADING = re.compile(r"(?:abstract|summary)\s*[:.\u2014-]?\s+(?=\S)", re.IGNORECASE)
_FOOTER = re.compile(r"<footer(?:\s[^<>]*)?>(?:(?!<footer).)*?</footer\s*>", re.DOTALL)
_NOT_HEADINGS = ("", "abstract", "summary")

# Years that can be those of a paper; others are slips of the hand.
_FIRST_YEAR, _LAST_YEAR = 1400, 2100

_DATE = re.compile(r"(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?", re.ASCII)
_SUFFIX = re.compile(r"(?:Jr|Sr|I{2,3}|IV)\.?")
_INITIALS = re.compile(r"(.+) ([A-Z]{1,4}|(?:[A-Z]\.-?){1,4})")


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of one work: the strongest with the version its text named, and the others; None where there are none."""

    id: str | None = None
    version: int | None = None
    others: tuple[str, ...] = ()

    def or_title(self, title: str, abstract: str) -> str:
        """The id, or the one that the title makes."""
        return self.id or title_id(title, abstract)


def ids_of(spellings: Iterable[object]) -> Ids:
    """The ids among the spellings (URLs, DOIs, `pmid:` forms), each once; what spells none is passed over.

    Of two arXiv ids the first counts: they are two works, whatever an index says.
    """
    found: dict[str, PaperId] = {}
    for spelling in spellings:
        paper = parse_id(spelling) if isinstance(spelling, str) and len(spelling) <= _LONGEST_ID else None
        if paper is None or paper.id.startswith("title:"):
            continue
        if paper.id.startswith("arxiv:") and any(known.startswith("arxiv:") for known in found):
            continue
        found.setdefault(paper.id, paper)
    if not found:
        return Ids()
    first, *others = sorted(found.values(), key=lambda paper: strength(paper.id))
    return Ids(first.id, first.version, tuple(paper.id for paper in others))


@contextmanager
def named(paper_id: str | None) -> Iterator[None]:
    """Put the id of the paper into a RecordError that says why it cannot be one."""
    try:
        yield
    except RecordError as error:
        raise RecordError(error.why, paper_id) from error


def pmid(value: object) -> str:
    """A PubMed id that a source gives as bare digits, or as a number, in the form `ids_of` takes; "" if it is none."""
    digits = str(value) if type(value) is int else value
    return f"pmid:{digits}" if isinstance(digits, str) and digits.strip().isdigit() else ""


def abstract(record: Mapping[str, Any], key: str) -> str:
    """The cleaned abstract under `key`: titles of its sections end in a colon, "Abstract" before the whole is gone.

    Raises:
        RecordError: The value is not text.
    """
    value = record.get(key)
    if isinstance(value, str) and "<" in value:
        value = _SECTION.sub(_section_title, value)
    found = fields.text({key: value}, key)
    if "jats:" in found:  # a tag whose other half was cut away
        found = " ".join(_TAG_LEFT.sub(" ", found).split())
    return without_heading(found)


def _section_title(found: re.Match[str]) -> str:
    title = found[2].strip().rstrip(":")
    return " " if title.lower() in _NOT_HEADINGS else f" {title}: "


def without_heading(text: str) -> str:
    """A cleaned abstract without the word "Abstract" before it, where a capital shows that a sentence begins there."""
    heading = _HEADING.match(text)
    if heading is None:
        return text
    rest = text[heading.end() :]
    return rest if rest[0].isupper() or not heading[0].strip().isalpha() else text


def without_footer(markup: str) -> str:
    """An item of a feed in HTML without its footers, which say who wrote it and where it stands, and nothing else."""
    return _FOOTER.sub(" ", markup) if "<footer" in markup else markup


def title(record: Mapping[str, Any], key: str = "title") -> str:
    """The cleaned title, without the full stop that PubMed and DBLP put behind titles.

    Raises:
        RecordError: There is none, or it is not text.
    """
    found = fields.title(record, key)
    return found[:-1].rstrip() or found if found.endswith(".") and not found.endswith("..") else found


def first_text(record: Mapping[str, Any], key: str) -> str:
    """The cleaned text under `key`, or the first of a list of texts; empty where there is none.

    Raises:
        RecordError: The value is neither.
    """
    if isinstance(record.get(key), list):
        return next(iter(fields.texts(record, key)), "")
    return fields.text(record, key)


def authors(record: Mapping[str, Any], key: str, name: Callable[[Any], str | None]) -> tuple[str, ...]:
    """The names that `name` finds in the objects of the list under `key`; those it finds none in are passed over.

    Raises:
        RecordError: The value is not a list.
    """
    listed = record.get(key)
    if listed is None:
        return ()
    if not isinstance(listed, list):
        raise RecordError(f"{key}: expected a list, got {fields.kind(listed)}")
    return tuple(found for each in listed if isinstance(each, dict) and (found := name(each)))


def full_name(given: object, family: object, suffix: object = None) -> str | None:
    """A name in the order it is spoken; None where all parts are missing."""
    parts = (fields.words(part) for part in (given, family, suffix))
    return " ".join(part for part in parts if part) or None


def uninverted(text: str) -> str:
    """The name "Doe, J. A." as "J. A. Doe"; a name without a comma stays."""
    family, *rest = [part.strip() for part in clean(text).split(",")]
    suffix = f", {rest.pop()}" if len(rest) > 1 and _SUFFIX.fullmatch(rest[-1]) else ""
    return f"{' '.join((*rest, family))}{suffix}".strip(" ,")


def initials_first(text: str) -> str:
    """The name "Doe JA", as PubMed's lists have it, as "JA Doe"; other names stay."""
    found = _INITIALS.fullmatch(text)
    return f"{found[2]} {found[1]}" if found else text


def listed_initials_last(text: str) -> tuple[str, ...]:
    """The names of a list such as "Doe JA, Poe B."."""
    return tuple(initials_first(name.rstrip(".")) for name in people(text))


@dataclass(frozen=True, slots=True)
class Span:
    """A day, a month or a year by its first and its last day."""

    first: date
    last: date

    @property
    def is_day(self) -> bool:
        """Whether it is one day."""
        return self.first == self.last


def span(*parts: object) -> Span | None:
    """The time that year, month and day name, numbers or digits; the later ones may be missing; None if there is none.

    A month or a day that no calendar has is taken for missing; a year that no paper can have is none.
    """
    numbers = [_number(part) for part in (*parts, None, None)[:3]]
    year, month, day = (*numbers, None, None, None)[:3]
    if year is None or not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    if month is None or not 1 <= month <= 12:  # noqa: PLR2004 - the months
        return Span(date(year, 1, 1), date(year, 12, 31))
    length = calendar.monthrange(year, month)[1]
    if day is None or not 1 <= day <= length:
        return Span(date(year, month, 1), date(year, month, length))
    return Span(date(year, month, day), date(year, month, day))


def _number(part: object) -> int | None:
    if type(part) is int:
        return part
    if isinstance(part, str) and part.strip().isascii() and part.strip().isdigit() and len(part) <= 8:  # noqa: PLR2004
        return int(part)
    return None


def span_written(value: object) -> Span | None:
    """The time a text names: `2015`, `2015-01`, `2015-01-20`, or any instant; None where it names none."""
    if type(value) is int:
        return span(value)
    if not isinstance(value, str):
        return None
    if found := _DATE.fullmatch(value.strip()):
        return span(*found.groups())
    day = fields.day_written(value)
    return Span(day, day) if day else None


def span_of_parts(value: object) -> Span | None:
    """The time in a date of CSL and Crossref: `{"date-parts": [[2015, 1, 20]]}`, or `raw` or `literal` text.

    Format: https://docs.citationstyles.org/en/stable/specification.html (dates).
    """
    if not isinstance(value, dict):
        return span_written(value)
    listed = value.get("date-parts")
    first = listed[0] if isinstance(listed, list) and listed else None
    if isinstance(first, list) and (found := span(*first)):
        return found
    return span_written(value.get("raw")) or span_written(value.get("literal"))


def published(when: Span | None, paper_id: str) -> datetime | None:
    """The start of the time a work was published, in UTC.

    A year alone would be taken for the first of January, and so for older than it is; of a work on arXiv, whose own
    record has the instant, it is better left out.
    """
    if when is None or (paper_id.startswith("arxiv:") and not when.is_day):
        return None
    return datetime.combine(when.first, time(), UTC)
