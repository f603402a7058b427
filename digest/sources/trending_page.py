"""The saved text of a page of trending papers: page furniture, a day, then title and abstract in turn.

The page has no markup left: which line is what, its place and shape have to tell. Furniture and counts are dropped,
days are headings, and `alternation` tells titles from abstracts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from digest.identity import title_id
from digest.sources import fields, plain_text
from digest.sources.alternation import Label, label_blocks
from digest.text import clean
from digest.types import Paper, Rejection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.sources.records import Document

_FURNITURE = re.compile(
    r"""
      (?:new|hot|top|trending|latest|popular|papers?|daily\ papers|trending\ papers|menu|home|search|subscribe|sign\ up
      |log\ ?in|upvote|share|save|(?:view|read|load|show)\ (?:all|more)|more|previous|next|github|pdf|abs|arxiv
      |arxiv\ page|hugging\ face|project\ page|code|today|this\ week|this\ month)
    | get\ trending\ papers\ in\ your\ (?:email\ )?inbox.*
    | by\s*AK\ and\ the\ research\ community
    | (?:submitted|posted)\ by(?:\s+\S+){1,4}
    | published\ on(?:\s+\S+){1,4}
    | (?:[\W_]*+\d[\d.,]*+\s*+[km]?+\s*+(?:upvotes?|comments?|authors?|stars?|likes?|replies|views)?+)++[\W_]*+
    | [\W_]+
    """,
    re.VERBOSE | re.IGNORECASE,
)
# Only these say that a text is such a page at all; the others stand on any page.
_TELLTALE = re.compile(
    r"get trending papers in your (?:email )?inbox|by\s*AK and the research community", re.IGNORECASE
)

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
_MONTH += r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s+(?P<year>\d{4}))?"
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
_HEADINGS = tuple(
    re.compile(rf"{_WEEKDAY}{form}", re.IGNORECASE)
    for form in (rf"{_MONTH}\s+{_DAY}{_YEAR}", rf"{_DAY}\s+(?:of\s+)?{_MONTH}{_YEAR}")
)
_ISO = re.compile(r"\d{4}-\d\d-\d\d")
_LEAP_CYCLE = 8
_LONGEST_HEADING = 60
_DIGIT = re.compile(r"\d")

# arXiv takes no longer abstract, so what goes beyond is a second abstract that lost its title.
_LONGEST_ABSTRACT = 1920
# A line of a page saved as it is holds a whole paragraph; a shorter longest line means that a mailer wrapped the text.
_WRAPPED_AT = 120
_FIRST_LINES = 40
_MOST_BLOCKS = 10_000


@dataclass(slots=True)
class _Day:
    """The blocks under one heading: texts, and the line each begins on."""

    announced: date
    blocks: list[tuple[str, int]] = field(default_factory=list)


def looks_like_page(text: str) -> bool:
    """Whether a text begins like a page of trending papers: with its furniture or a day within the first lines."""
    lines = [line.strip() for line in text.splitlines() if line.strip()][:_FIRST_LINES]
    return any(_TELLTALE.match(line) or day_heading(line, date.max) for line in lines)


def parse(document: Document) -> Iterator[Paper | Rejection]:
    """The papers of a page in its order, announced on the day they stand under.

    Before the first heading, and on a page without one, that is the day of the dump. A title without abstract and an
    abstract without title are rejected with their line.
    """
    days = _days(plain_text.decode(document.body).split("\n"), document.as_of)
    last = days[-1].blocks[-1][1] if days and days[-1].blocks else 0
    read = 0
    for day in days:
        more = len(day.blocks) - (_MOST_BLOCKS - read)
        if more > 0:
            where = f"{document.name}:{day.blocks[-more][1]}"
            yield Rejection(where=where, why=f"more than {_MOST_BLOCKS} lines of papers: the rest is left unread")
            day.blocks = day.blocks[:-more]
        read += len(day.blocks)
        for outcome, line in _pair(day, document.name):
            if document.cut is not None and line >= last and isinstance(outcome, Paper):
                yield Rejection(where=f"{document.name}:{line}", why=f"cut off in the abstract: {document.cut}")
            else:
                yield outcome


def day_heading(line: str, as_of: date) -> date | None:
    """The day a line names where it names nothing else ("Mar 13", "Thursday, 13 March 2025", "2025-03-13").

    Without a year it is the latest such day not after `as_of`.
    """
    if len(line) > _LONGEST_HEADING or not _DIGIT.search(line):
        return None
    if _ISO.fullmatch(line):
        return _date(*map(int, line.split("-")))
    for heading in _HEADINGS:
        if found := heading.fullmatch(line):
            month, day = _MONTHS.index(found["month"][:3].lower()) + 1, int(found["day"])
            if found["year"]:
                return _date(int(found["year"]), month, day)
            years = range(as_of.year, max(as_of.year - _LEAP_CYCLE - 1, 0), -1)
            candidates = (_date(year, month, day) for year in years)
            return next((known for known in candidates if known and known <= as_of), None)
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _days(lines: list[str], as_of: date) -> list[_Day]:
    days = [_Day(as_of)]
    groups: list[list[tuple[str, int]]] = [[]]
    for number, line in enumerate(map(str.strip, lines), start=1):
        if not line:
            groups.append([])
        elif heading := day_heading(line, as_of):
            if any(groups):
                days[-1].blocks = _blocks(groups)
                days.append(_Day(heading))
                groups = [[]]
            else:
                days[-1].announced = heading
        elif not _FURNITURE.fullmatch(line):
            groups[-1].append((line, number))
    days[-1].blocks = _blocks(groups)
    return days


def _blocks(groups: list[list[tuple[str, int]]]) -> list[tuple[str, int]]:
    """A block for each line, or for each group of lines where lines are wrapped."""
    groups = [group for group in groups if group]
    longest = max((len(line) for group in groups for line, _ in group), default=0)
    of_one_line = sum(len(group) == 1 for group in groups)
    of_many_lines = sum(len(group) > 2 for group in groups)  # noqa: PLR2004 - two may be a title and its abstract
    if longest > _WRAPPED_AT or not of_many_lines or of_one_line < of_many_lines:
        return [line for group in groups for line in group]
    return [(" ".join(line for line, _ in group), group[0][1]) for group in groups]


def _pair(day: _Day, name: str) -> Iterator[tuple[Paper | Rejection, int]]:
    """The papers of one day, each with the line its last block begins on."""
    title: tuple[str, int] | None = None
    abstract: list[str] = []
    last = 0

    def finished() -> Iterator[tuple[Paper | Rejection, int]]:
        if title and not clean(title[0]):
            yield (
                Rejection(where=f"{name}:{title[1]}", why=f"a title that is nothing but markup: {title[0][:80]!r}"),
                last,
            )
        elif title and abstract:
            yield _paper(title[0], " ".join(abstract), day.announced), last
        elif title:
            yield Rejection(where=f"{name}:{title[1]}", why=f"a title without an abstract: {title[0][:80]!r}"), last

    labels = label_blocks([text for text, _ in day.blocks])
    for (text, line), label in zip(day.blocks, labels, strict=True):
        if label is Label.TITLE:
            yield from finished()
            title, abstract = (text, line), []
        elif title and (not abstract or len(" ".join((*abstract, text))) <= _LONGEST_ABSTRACT):
            abstract.append(text)
        else:
            yield from finished()
            title, abstract = None, []
            yield Rejection(where=f"{name}:{line}", why=f"an abstract without a title: {text[:80]!r}"), line
        last = line
    yield from finished()


def _paper(raw_title: str, raw_abstract: str, announced: date) -> Paper:
    title, abstract = clean(raw_title), clean(raw_abstract)
    canonical = title_id(title, abstract)
    return Paper(
        id=canonical,
        title=title,
        abstract=abstract,
        announced=announced,
        links=fields.links_of(canonical, abstract),
    )
