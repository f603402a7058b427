r"""arXiv's plain text: the daily mailing of an archive, and `.abs` files.

Both are made of blocks, `\\` between header, abstract and end, a line of hyphens between blocks; the mailing has new
papers first, then cross-lists and replacements, which say so themselves. Forms: https://info.arxiv.org/help/subscribe.html
(mailing) and https://info.arxiv.org/help/prep.html (`.abs`, the metadata fields).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from digest.errors import SourceError
from digest.identity import PaperId, parse_id
from digest.sources import fields, plain_text
from digest.sources.records import Document, RecordError
from digest.sources.references import written_day
from digest.text import clean, people
from digest.types import AnnounceType, Paper, Rejection

if TYPE_CHECKING:
    from collections.abc import Iterator

_RULE = re.compile(r"-{40,}|%{2,}-{2,}[%-]{20,}")
_MARK = re.compile(r"\\\\(?:\s.*)?")
_NAMED = re.compile(r"(?:arXiv:|Paper:\s*)(?P<id>[^\s,()]{5,40})(?P<rest>.*)", re.IGNORECASE)
_FIELD = re.compile(r"([A-Z][A-Za-z-]{2,30})(?:\s*\(([^()]{0,40})\))?:(?:\s+(.*))?")
_REPLACED = re.compile(r"replaced with (?:revised|modified|new|final)?\s*version\s+(.*)", re.IGNORECASE)
_CLOSING = re.compile(r"\\\\\s*\(\s*https?://\S+")
_SIZE = re.compile(r"\s*\(\s*\d[\d.,]*\s*[kKmM]?b[^()]*\)\s*$")
_REVISION = re.compile(r"revised\s+v(\d{1,4})")
_RECEIVED = re.compile(r"received from\s.{5,50}?\sto\s+[A-Z][a-z]{2},?\s+(?P<day>\d{1,2}\s+[A-Z][a-z]{2}\s+\d{2,4})\b")
_SENT = re.compile(r"Date:\s*(.*)")
_LOOKS_LIKE = re.compile(r"^\\\\[ \t]*\r?\n(?:arXiv:|Paper:)\s*\S", re.MULTILINE | re.IGNORECASE)
_NEWS = (AnnounceType.NEW, AnnounceType.CROSS)
_SATURDAY = 5
_CENTURY = 100


@dataclass(slots=True)
class _Block:
    """What stands between two rules: its lines with the number of the first, and where its marks are."""

    start: int
    lines: list[str] = field(default_factory=list)

    @property
    def marks(self) -> list[int]:
        """The places of the lines that begin with two backslashes."""
        return [n for n, line in enumerate(self.lines) if _MARK.fullmatch(line)]


def looks_like_listing(text: str) -> bool:
    """Whether a text has a line of two backslashes and behind it one that names a paper."""
    return bool(_LOOKS_LIKE.search(text))


def parse(document: Document) -> Iterator[Paper | Rejection]:
    """The papers of a mailing or an `.abs` file in its order; blocks that are broken or cut off are rejected.

    In a mailing new papers and cross-lists are announced on the day it was sent, told from its own header or from the
    span of submissions it covers (the next working day). `.abs` files announce nothing.

    Raises:
        SourceError: No block of it names a paper.
    """
    lines = plain_text.decode(document.body).split("\n")
    blocks = [block for block in _blocks(lines) if block.marks]
    if not blocks:
        raise SourceError(document.name, "not a listing of arXiv: no block of it names a paper")
    day = _day(lines[: blocks[0].start])
    papers = 0
    for block in blocks:
        where = f"{document.name}:{block.start + block.marks[0]}"
        is_last = block is blocks[-1]
        try:
            yield _paper(block, day)
            papers += 1
        except _OpenError as error:
            if is_last and document.cut is not None:
                continue
            named = f"{where} ({error.id})" if error.id else where
            yield Rejection(where=named, why=f"cut off after {papers} papers: {error.why}" if is_last else error.why)
        except RecordError as error:
            yield Rejection(where=f"{where} ({error.id})" if error.id else where, why=error.why)


class _OpenError(RecordError):
    """A block has no end."""


def _blocks(lines: list[str]) -> Iterator[_Block]:
    block = _Block(1)
    for number, line in enumerate(lines, start=1):
        if _RULE.fullmatch(line.rstrip()):
            yield block
            block = _Block(number + 1)
        else:
            block.lines.append(line.rstrip())
    yield block


def _day(head: list[str]) -> date | None:
    """The day a mailing was sent: of its header as a mail, else the working day behind the submissions it covers."""
    for line in head:
        if not line.strip():
            break
        if (sent := _SENT.fullmatch(line)) and (day := fields.day_written(sent[1])):
            return day
    received = _RECEIVED.search(" ".join(" ".join(head).split()))
    spelt = _two_digit_year(received["day"]) if received else None
    if spelt is None:
        return None
    try:
        day = spelt + timedelta(days=1)
        return day if day.weekday() < _SATURDAY else day + timedelta(days=7 - day.weekday())
    except OverflowError:
        return None


def _two_digit_year(text: str) -> date | None:
    day, month, year = text.split()
    if len(year) < 4:  # noqa: PLR2004 - digits of a whole year
        year = str((1900 if int(year) > 90 else 2000) + int(year) % _CENTURY)  # noqa: PLR2004 - arXiv began in 1991
    found = written_day(f"{day} {month} {year}")
    if found is None or found[1] is None or found[2] is None:
        return None
    return date(found[0], found[1], found[2])


def _paper(block: _Block, day: date | None) -> Paper:
    header, raw_abstract, is_mailed = _parts(block)
    found, rest = _name(header)
    values = _fields(header)
    title = clean(values.get("Title", ""))
    if not title:
        raise RecordError("no title", found.id)
    replaced = next((each[1] for line in header if (each := _REPLACED.match(line))), None)
    kind = _announce_type(is_crossed="cross-listing" in rest.lower(), is_replaced=replaced is not None)
    abstract, comment = clean(raw_abstract), clean(values.get("Comments", "")) or None
    categories = clean(values.get("Categories", "") or values.get("Subj-class", "")).split()
    published = None if replaced else fields.instant(_SIZE.sub("", values.get("Date", "")))
    updated = fields.instant(_SIZE.sub("", replaced or values.get("Date revised", "")))
    version = values.get("version", "")
    return Paper(
        id=found.id,
        title=title,
        abstract=abstract,
        version=found.version or (int(version) if version else None),
        authors=people(values.get("Authors", "") or values.get("Author", "")),
        categories=fields.arxiv_categories(categories),
        published=published,
        updated=updated,
        announced=day if is_mailed and kind in _NEWS else None,
        announce_type=kind if is_mailed else None,
        venue=clean(values.get("Journal-ref", "")) or None,
        comment=comment,
        other_ids=fields.dois(values.get("DOI"), besides=found.id),
        links=fields.links_of(found.id, abstract, comment or ""),
    )


def _parts(block: _Block) -> tuple[list[str], str, bool]:
    """The lines of the header, the abstract, and whether the end is a mailing's, which has the paper's address."""
    first, *others = block.marks
    header = block.lines[first + 1 : others[0] if others else None]
    known = _name_of(header)
    if not others:
        raise _OpenError("its header has no end", known)
    if _CLOSING.match(block.lines[others[0]]):
        return header, "", True
    if len(others) < 2:  # noqa: PLR2004 - one behind the header, one behind the abstract
        raise _OpenError("its abstract has no end", known)
    return header, "\n".join(block.lines[others[0] + 1 : others[1]]), bool(_CLOSING.match(block.lines[others[1]]))


def _name_of(header: list[str]) -> str | None:
    try:
        return _name(header)[0].id
    except RecordError:
        return None


def _name(header: list[str]) -> tuple[PaperId, str]:
    for line in header:
        if named := _NAMED.match(line):
            found = parse_id(named["id"])
            if found and found.id.startswith("arxiv:"):
                return found, named["rest"]
            raise RecordError(f"no arXiv id: {named['id']!r}")
    raise RecordError("no arXiv id")


def _announce_type(*, is_crossed: bool, is_replaced: bool) -> AnnounceType:
    if is_replaced:
        return AnnounceType.REPLACE_CROSS if is_crossed else AnnounceType.REPLACE
    return AnnounceType.CROSS if is_crossed else AnnounceType.NEW


def _fields(header: list[str]) -> dict[str, str]:
    """The fields by name, continued lines joined; of `Date (revised v3)` the last is `Date revised` and `version`."""
    found: dict[str, list[str]] = {}
    last = ""
    for line in header:
        if line[:1].isspace():
            if last:
                found[last].append(line.strip())
        elif named := _FIELD.fullmatch(line):
            revision = _REVISION.fullmatch(named[2] or "")
            last = f"{named[1]} revised" if revision else named[1]
            found[last] = [(named[3] or "").strip()]
            if revision:
                found["version"] = [revision[1]]
        else:
            last = ""
    return {name: " ".join(parts) for name, parts in found.items()}
