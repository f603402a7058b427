"""arXiv's own Atom and RSS: answers of the export API, and the daily announcement feeds.

Formats: https://info.arxiv.org/help/api/user-manual.html (API, Atom) and https://info.arxiv.org/help/rss_specifications.html
(rss.arxiv.org, RSS 2 and Atom). feedparser reads the XML; `feed_xml` sees to it that it gets whole entries only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from digest.errors import SourceError
from digest.identity import PaperId, parse_id
from digest.sources import feed_xml, fields
from digest.sources.feed_parsing import Limits, fault, parsed, shortened
from digest.sources.records import Document, RecordError
from digest.text import clean, people
from digest.types import AnnounceType, Paper, Rejection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

# What the announcement feeds put before an abstract.
_PREFIX = re.compile(r"\s*arXiv:\S+\s+Announce Type:\s*(\S+)\s*(?:Abstract:\s*)?", re.IGNORECASE)
_ID = re.compile(r"(?:/abs/|oai:arXiv\.org:)([^\s<>\"]{4,30})", re.IGNORECASE)
_API_ERROR = "/api/errors"
_NEWS = (AnnounceType.NEW, AnnounceType.CROSS)


def parse(document: Document) -> Iterator[Paper | Rejection]:
    """The papers of a feed in its order; entries that are broken or cut off, and errors arXiv reports, are rejected.

    A feed without entries gives nothing: a day without announcements, or a query without hits.

    Raises:
        SourceError: The document is no Atom or RSS 2 feed, or is broken before its first entry.
    """
    parts = feed_xml.split(feed_xml.decode(document.body))
    if parts is None:
        raise SourceError(document.name, "not an Atom or RSS 2 feed without a document type declaration")
    yield from _outcomes(document.name, parts)
    if parts.is_cut and document.cut is None:
        number = len(parts.entries)
        yield Rejection(where=f"{document.name}: entry {number + 1}", why=f"cut off after {number} entries")


def _outcomes(name: str, parts: feed_xml.FeedParts) -> Iterator[Paper | Rejection]:
    if not parts.entries:
        return
    if why := fault(parts.document()):
        raise SourceError(name, f"not well-formed before the first entry: {why}")
    limits = Limits()
    faults = [limits.excess(text) if "<title" in text else "no title" for text in parts.entries]
    entries = [shortened(text) for text, excess in zip(parts.entries, faults, strict=True) if not excess]
    if fault(parts.document(*entries)):
        faults = [
            why or _ill_formed(fault(parts.alone(shortened(text))))
            for why, text in zip(faults, parts.entries, strict=True)
        ]
        entries = [shortened(text) for text, why in zip(parts.entries, faults, strict=True) if not why]
    head = parsed(parts.document())
    day = _feed_day(head.feed) if head else None
    found = iter(limits.parsed(lambda some: parts.alone(*some), entries))
    for number, (text, why) in enumerate(zip(parts.entries, faults, strict=True), start=1):
        where = f"{name}: entry {number}"
        entry = None if why else next(found)
        if entry is None:
            yield _rejection(where, why or "feedparser cannot read it", text)
        else:
            yield _outcome(where, entry, day, text)


def _ill_formed(fault: str) -> str:
    return f"not well-formed: {fault}" if fault else ""


def _outcome(where: str, entry: Any, day: date | None, text: str) -> Paper | Rejection:  # noqa: ANN401
    try:
        return _paper(entry, day)
    except RecordError as error:
        return _rejection(where, error.why, text)


def _rejection(where: str, why: str, text: str) -> Rejection:
    spelt = _ID.search(text)
    found = parse_id(spelt[1]) if spelt else None
    return Rejection(where=f"{where} ({found.id})" if found else where, why=why)


def _paper(entry: Any, day: date | None) -> Paper:  # noqa: ANN401
    raw_id = str(entry.get("id") or entry.get("link") or "")
    title = clean(entry.get("title", ""))
    summary = entry.get("summary", "")
    if _API_ERROR in raw_id:
        raise RecordError(f"arXiv reports an error: {clean(summary) or title}")
    found = _id(entry, raw_id)
    if not title:
        raise RecordError("no title")
    prefix = _PREFIX.match(summary)
    announce_type = _announce_type(entry.get("arxiv_announce_type") or (prefix[1] if prefix else None))
    abstract = clean(summary[prefix.end() :] if prefix else summary)
    comment = fields.words(entry.get("arxiv_comment"))
    from_api = announce_type is None
    return Paper(
        id=found.id,
        title=title,
        abstract=abstract,
        version=found.version,
        authors=_authors(entry),
        categories=_categories(entry),
        # The feeds date an announcement, not a version.
        published=fields.instant(dict.get(entry, "published")) if from_api else None,
        updated=fields.instant(dict.get(entry, "updated")) if from_api else None,
        announced=(fields.day_written(dict.get(entry, "published")) or day) if announce_type in _NEWS else None,
        announce_type=announce_type,
        venue=fields.words(entry.get("arxiv_journal_ref")),
        comment=comment,
        other_ids=fields.dois(entry.get("arxiv_doi"), besides=found.id),
        links=fields.links_of(found.id, abstract, comment or ""),
    )


def _id(entry: Any, raw_id: str) -> PaperId:  # noqa: ANN401
    candidates = (parse_id(raw_id), parse_id(str(entry.get("link") or "")))
    for found in candidates:
        if found and found.id.startswith("arxiv:"):
            return found
    raise RecordError(f"no arXiv id: {raw_id[:60]!r}")


def _authors(entry: Any) -> tuple[str, ...]:  # noqa: ANN401
    # The API has an element for each author; the feeds have one for all, "A. Name, B. Name".
    names = [author.get("name", "") for author in entry.get("authors", ())]
    if len(names) == 1:
        return people(names[0])
    return tuple(name for raw in names if (name := clean(raw)))


def _categories(entry: Any) -> tuple[str, ...]:  # noqa: ANN401
    primary = (entry.get("arxiv_primary_category") or {}).get("term", "")
    return fields.arxiv_categories([primary, *(tag.get("term") or "" for tag in entry.get("tags", ()))])


def _announce_type(value: str | None) -> AnnounceType | None:
    try:
        return AnnounceType(value.strip().lower()) if value else None
    except ValueError:
        return None


def _feed_day(feed: Any) -> date | None:  # noqa: ANN401
    return fields.day_written(dict.get(feed, "published")) or fields.day_written(dict.get(feed, "updated"))
