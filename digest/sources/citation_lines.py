"""What publishers print around an abstract in a feed: citation lines, authors, dates, identifiers.

A description is a little page: "Publication date: March 2024", "Source: Journal, Volume 3", "Author(s): …", a citation
with volume and pages, "DOI: …", a heading "Abstract", and perhaps an abstract. Each of these is a block of its own
(a paragraph, a line), so blocks are told apart, and what is no such line is the abstract.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from digest.text import clean, people

# What a description in HTML has beyond the markup of a text, which `clean` knows (HTML Standard, section 4).
_TAG = re.compile(
    r"<(?P<close>/?)(?P<name>[a-z][a-z0-9]*)(?=[\s>/])(?P<rest>[^<>]{0,1000})>|<!doctype\b[^<>]{0,1000}>", re.IGNORECASE
)
_CLOSING = re.compile(r"</([a-z][a-z0-9]*)\s*>", re.IGNORECASE)
_UNREAD = frozenset("applet audio canvas head iframe noscript object script style svg template video".split())  # noqa: SIM905
_OTHER = _UNREAD.union(
    "acronym address area aside base basefont blink body button caption col colgroup data datalist details".split(),  # noqa: SIM905
    "dialog dir embed fieldset footer form frame frameset header hgroup html input keygen label legend link".split(),  # noqa: SIM905
    "main map marquee menu meta meter nav nobr noembed noframes optgroup option output param picture progress".split(),  # noqa: SIM905
    "rp rt ruby select slot source summary textarea tbody tfoot thead time title track".split(),  # noqa: SIM905
)
_WITHIN_LINE = frozenset(
    "a abbr b bdi bdo big code del dfn em font i ins kbd mark q s samp small span strike strong tt u var".split()  # noqa: SIM905
)
_BREAK = re.compile(
    r"<br\s*/?>|</?(?:p|div|h[1-6]|li|[ou]l|tr|td|table|section|article|blockquote|cite|jats:p|jats:title)"
    r"(?=[\s>/])[^<>]{0,1000}>",
    re.IGNORECASE,
)
_LONGEST_LINE = 400
_LONGEST_AUTHORS = 20_000
_AUTHORS = re.compile(r"(?:by\s+)?authors?\s*(?:\(s\))?\s*:\s*", re.IGNORECASE)
_SOURCE = re.compile(r"source\s*:\s*", re.IGNORECASE)
_DATE = re.compile(
    r"(?:publication date|published(?: online| on)?|available online|first published|online)\s*:?\s*(?=\w)",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"(?:graphical )?(?:abstract|summary)\s*[.:]?|n/?a\.?|none\.?|no abstract(?: available)?\.?",
    re.IGNORECASE,
)
_HEADED = re.compile(r"(?:abstract\s*[:.\u2014\u2013-]\s*|ABSTRACT\s+(?=[A-Z])|Abstract\s+(?=[A-Z][a-z]+\s))")
_IDENTIFIERS = re.compile(r"(?:(?:doi|pmid|pmcid|arxiv|issn)\s*:?\s*\S+\s*\|?\s*)+|https?://\S+", re.IGNORECASE)
_DOI = re.compile(r"\bdoi\s*:?\s*(?:https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/[^\s\"<>|]+)", re.IGNORECASE)
_CITATION = re.compile(
    r"(?:.{0,200}?[,.]\s*)?(?:volume|vol\.?)\s*[\w-]+\b.{0,250}"
    r"|[A-Z].{1,120}?,?\s"
    r"(?:early ?view|ahead of print|accepted article|online first|articles? in press|just accepted)\.?"
    r"|.{1,250}\bdoi:\s*10\.\S+.{0,120}"
    r"|\[[^\]]{4,100}\](?:\s*published\b.{0,40})?",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[a-z)]{4,}\. [A-Z][a-z]+ [a-z]+ ")
_BRACKETED = re.compile(r"\[(?P<venue>[^\]\d]{3,60})\s[^\]]*\](?:\s*published\b(?P<date>.{0,40}))?", re.IGNORECASE)
_CITED_VENUE = re.compile(r"([A-Z][^,.\d]{2,120}), vol(?:ume|\.)? ?\d", re.IGNORECASE)
_VENUE_END = re.compile(r",?\s+(?:volume|vol\.?|issue)\b.*", re.IGNORECASE | re.DOTALL)
_NAME = re.compile(
    r"(?:[A-Z\u00c0-\u024f][\w.'\u2019-]*|d[aeiou]s?|v[ao]n|der?|den|la|le|el|al|bin|ter|ten|y|zu|do)(?:\s+|$)"
)
_AND_OTHERS = re.compile(r",?\s+(?:et al\.?|and others)$", re.IGNORECASE)
_NAMES_AT_LEAST, _NAMES_AT_MOST = 2, 6

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}})\s+{_MONTH},?\s+(\d{{4}})\b", re.IGNORECASE)
_MONTH_FIRST = re.compile(rf"\b{_MONTH}\s+(?:(\d{{1,2}}),?\s+)?(\d{{4}})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Description:
    """An abstract, and what stood around it; empty where nothing did."""

    abstract: str = ""
    authors: tuple[str, ...] = ()
    published: datetime | None = None
    venue: str | None = None
    dois: tuple[str, ...] = ()


def describe(markup: str, *known: str) -> Description:
    """The parts of a description in HTML. A block that only repeats one of `known` (title, journal) is no abstract."""
    blocks = [block for part in _BREAK.split(for_reading(markup)) if (block := clean(part))]
    repeated = {text.casefold() for text in known if text}
    authors: tuple[str, ...] = ()
    published: datetime | None = None
    venue: str | None = None
    dois: list[str] = []
    kept: list[tuple[str, bool]] = []  # each with whether a citation follows at once
    for block in blocks:
        if len(block) <= _LONGEST_AUTHORS and (found := _AUTHORS.match(block)):
            authors = authors or people(block[found.end() :])
            continue
        is_line = len(block) <= _LONGEST_LINE and _is_line(block, repeated)
        if not is_line:
            headed = _HEADED.match(block)
            kept.append((block[headed.end() :] if headed else block, False))
            continue
        if kept and _CITATION.fullmatch(block):
            kept[-1] = (kept[-1][0], True)
        dois += _DOI.findall(block)
        venue = venue or _venue(block)
        published = published or written_date(block)
    if kept and kept[0][1] and not authors:
        authors = names_only(kept[0][0])
        kept = kept[1:] if authors else kept
    return Description(" ".join(text for text, _ in kept), authors, published, venue, tuple(dois))


def for_reading(markup: str) -> str:
    """The markup without scripts and their like, and without tags that say nothing here.

    Tags within a line are among them, because a block may hold the one end of an element and another block the other.
    As in `clean`, a bare tag that nothing closes is a word in angle brackets.
    """
    if "<" not in markup:
        return markup
    closed = {name.lower() for name in _CLOSING.findall(markup)}
    kept: list[str] = []
    at, unread = 0, ""
    for tag in _TAG.finditer(markup):
        name = (tag["name"] or "").lower()
        if unread:
            if tag["close"] and name == unread:
                at, unread = tag.end(), ""
        elif not name or (
            (name in _OTHER and (tag["close"] or tag["rest"] or name in closed))
            or (name in _WITHIN_LINE and name in closed)
        ):
            kept += (markup[at : tag.start()], "" if name in _WITHIN_LINE else " ")
            at = tag.end()
            unread = name if name in _UNREAD and name in closed and not tag["close"] else ""
    return "".join((*kept, markup[at:]))


def names_only(text: str) -> tuple[str, ...]:
    """The people in a text that is nothing but their names; none where it may be something else."""
    text = _AND_OTHERS.sub("", text)
    names = people(text) if not text.endswith((".", "?", "!")) else ()
    return names if names and all(_is_name(name) for name in names) else ()


def written_date(text: str) -> datetime | None:
    """The first day that a text names in words, in UTC ("10 Aug 2026", "August 10, 2026"); of a month its first."""
    if found := _DAY_FIRST.search(text):
        day, month, year = found[1], found[2], found[3]
    elif found := _MONTH_FIRST.search(text):
        month, day, year = found[1], found[2] or "1", found[3]
    else:
        return None
    try:
        return datetime(int(year), _MONTHS.index(month.lower()) + 1, int(day), tzinfo=UTC)
    except ValueError:
        return None


def _is_line(block: str, repeated: set[str]) -> bool:
    if not any(map(str.isalnum, block)) or block.casefold().strip(" .") in repeated:
        return True
    if _HEADING.fullmatch(block) or _IDENTIFIERS.fullmatch(block) or _SOURCE.match(block):
        return True
    if dated := _DATE.match(block):
        return written_date(block[dated.end() : dated.end() + 60]) is not None
    return bool(_CITATION.fullmatch(block)) and not _SENTENCE.search(block)


def _venue(block: str) -> str | None:
    if source := _SOURCE.match(block):
        return _VENUE_END.sub("", block[source.end() :]).strip() or None
    if bracketed := _BRACKETED.fullmatch(block):
        return bracketed["venue"].strip()
    cited = _CITED_VENUE.match(block)
    return cited[1].strip() if cited else None


def _is_name(text: str) -> bool:
    words = text.replace(",", "").split()
    return _NAMES_AT_LEAST <= len(words) <= _NAMES_AT_MOST and all(_NAME.fullmatch(word) for word in words)
