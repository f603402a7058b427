"""Feeds of journals and of third parties, in RSS or Atom, with the elements that publishers add (Dublin Core, PRISM).

Formats: see `feed_entries`; https://www.dublincore.org/specifications/dublin-core/dcmi-terms and PRISM
(https://www.w3.org/submissions/2020/SUBM-prism-20200910). Publishers agree on little: an identifier may stand in six
elements or only in a link, so all are looked at and the strongest is the paper's.
"""

from __future__ import annotations

import html
import re
from calendar import timegm
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from digest.errors import SourceError
from digest.identity import PaperId, parse_id, strength, title_id
from digest.links import http_url
from digest.sources import feed_encoding, feed_entries, fields, scholarly
from digest.sources.citation_lines import Description, describe, for_reading
from digest.sources.records import Document, RecordError
from digest.text import clean, people
from digest.types import Links, Paper, Rejection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from digest.sources.feed_entries import Entry

# feedparser keeps one of several elements of a name; all that may hold an identifier are read from the entry's text.
_IDENTIFIER = re.compile(
    r"<(?:prism:doi|prism:url|dc:identifier|dcterms:identifier|dc:doi|doi|arxiv:doi|guid|id|(?:\w+:)?link|feedburner:origLink)"
    r"(?:\s[^<>]{0,500})?>\s*(?:<!\[CDATA\[)?\s*([^<\]]{4,500})",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"^(?:info:(?=doi/)|urn:(?=doi:)|pubmed:(?=\d))", re.IGNORECASE)
_PUBMED = re.compile(r"pubmed:(\d+)", re.IGNORECASE)
_DOI_IN_URL = re.compile(r"/(10\.\d{4,9}/[^?#\s\"<>]+)", re.ASCII)
# What publishers' URLs have behind the DOI: a view of the article, or its number and title.
_BEHIND_DOI = re.compile(
    r"(?:/(?:full|abs|abstract|meta|pdf|epdf|html|summary|fulltext)/?|\.(?:full|abstract|pdf|short)|/\d{6,}(?:/.*)?)+$",
    re.ASCII,
)
_ADVANCE = re.compile(r"\[(?:ASAP|Early Access|Accepted Manuscript)\]\s*", re.IGNORECASE)
_BIBLIOGRAPHY = re.compile(r"[^:]{2,120}, Vol\. \d+, Pages? [\w-]+: ")
_JOURNAL_OF_FEED = (
    re.compile(r"(?:ScienceDirect Publication|tandf): (.{2,150}?)(?:: (?:Table of Contents|Latest .*))?"),
    re.compile(r"(?:Wiley|SAGE Publications\w*|AIP)[^:]{0,40}: (.{2,150}?): Table of Contents"),
    re.compile(r"((?:(?:The )?Journal|Proceedings|Annals|Transactions) of (?:the )?[A-Z][\w ]{2,100})"),
    re.compile(r"(.{2,150}): (?:Most Recent Articles|Latest (?:Articles|Results)|Advance Access|Table of Contents)"),
)
_JOURNAL_SYSTEM = re.compile(r"<generator[^<>]{0,200}>\s*Open Journal Systems")
_FEED_FIELD = r"<{}(?:\s[^<>]{{0,500}})?>\s*(?:<!\[CDATA\[)?([^<\]]{{1,500}})"
_FEED_TITLE = re.compile(_FEED_FIELD.format("title"), re.IGNORECASE)
_FEED_JOURNAL = re.compile(_FEED_FIELD.format("prism:publication(?:Name|Title)"), re.IGNORECASE)
_AUTHOR_IN_PARTS = re.compile(r"<author(?:\s[^<>]{0,200})?>(.{0,5000}?)</author>", re.DOTALL)
_PART_OF_NAME = re.compile(r"<(?:given_name|middle_name|last_name)>([^<]{1,200})<")
_MOST_WORDS = 6
_TRACKING = re.compile(r"utm_\w+|dgcid|af|rss|track|rft_dat|ref|source", re.IGNORECASE)
_PDF: Final = "application/pdf"


def parse(document: Document) -> Iterator[Paper | Rejection]:
    """The papers of a feed in its order; entries without a title, and those that feedparser cannot read, are rejected.

    Editorials, covers and news are papers as well: a feed does not say which of its entries are research. A feed
    without entries gives nothing.

    Raises:
        SourceError: The document is no feed.
    """
    feed = feed_entries.split(feed_encoding.decode(document.body))
    if feed is None:
        raise SourceError(document.name, "not an RSS or Atom feed")
    journal = _journal(feed.head)
    title = _feed_title(feed.head)
    for number, entry in enumerate(feed_entries.read(feed), start=1):
        where = f"{document.name}: entry {number}"
        try:
            yield _paper(entry, journal, title)
        except RecordError as error:
            found = _strongest(_identified(entry))
            yield Rejection(where=f"{where} ({found.id})" if found else where, why=error.why)
    number = len(feed.entries)
    if number > feed_entries.MAX_ENTRIES:
        why = f"{number} entries, more than a feed has: the first {feed_entries.MAX_ENTRIES} were read"
        yield Rejection(where=document.name, why=why)
    if feed.is_cut and document.cut is None:
        yield Rejection(where=f"{document.name}: entry {number + 1}", why=f"cut off after {number} entries")


def _paper(entry: Entry, journal: str | None, feed_title: str) -> Paper:
    found = entry.fields
    if found is None:
        raise RecordError(entry.fault)
    title = _title(found, entry.text)
    if not title:
        raise RecordError("no title")
    named = clean(_text(found, "prism_publicationname") or _text(found, "prism_publicationtitle"))
    source = clean(_text(found, "dc_source"))
    venue = next((name for name in (named, source) if name and name != title and not parse_id(name)), None)
    venue = venue if venue and not venue.startswith(("http:", "https:", "urn:")) else None
    about = _description(found, title, venue or journal or "", feed_title)
    ids = _identified(entry) or tuple(filter(None, (parse_id(doi) for doi in about.dois)))
    strongest = _strongest(ids)
    paper_id = strongest.id if strongest else title_id(title, about.abstract)
    published, updated = _dates(found, about)
    return Paper(
        id=paper_id,
        title=title,
        abstract=about.abstract,
        version=strongest.version if strongest else None,
        authors=_authors(found, entry.text) or about.authors,
        categories=_categories(found) if paper_id.startswith("arxiv:") else (),
        published=published,
        updated=updated,
        venue=venue or about.venue or journal,
        other_ids=tuple(dict.fromkeys(each.id for each in ids if each.id != paper_id)),
        links=_links(paper_id, found, about.abstract),
    )


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""


def _list(entry: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    values = entry.get(key)
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _title(entry: Mapping[str, Any], text: str) -> str:
    title = clean(for_reading(_text(entry, "title")))
    if _BIBLIOGRAPHY.match(title) and "<dc:title" in text:
        title = _BIBLIOGRAPHY.sub("", title, count=1)
    return _ADVANCE.sub("", title, count=1) or title


def _identified(entry: Entry) -> tuple[PaperId, ...]:
    """The ids that an entry's elements spell, or failing that the DOIs inside its links."""
    stated = [html.unescape(html.unescape(text)).strip() for text in _IDENTIFIER.findall(entry.text)]
    if entry.fields is not None:
        stated += [_text(entry.fields, key) for key in ("prism_doi", "doi", "id", "link")]
        stated += [_text(link, "href") for link in _list(entry.fields, "links") if _text(link, "rel") != "license"]
    found = [parse_id(_spelt(text)) for text in stated if text]
    if not any(found):
        found = [_inside(text) for text in stated if text.startswith(("http://", "https://"))]
    return tuple(dict.fromkeys(each for each in found if each and not each.id.startswith("title:")))


def _spelt(text: str) -> str:
    if numbered := _PUBMED.fullmatch(text):
        return f"pmid:{numbered[1]}"
    # PubMed's links carry the name of a browser, with spaces.
    return _SCHEME.sub("", text.partition("?utm_")[0]).removeprefix("doi/")


def _inside(url: str) -> PaperId | None:
    doi = _DOI_IN_URL.search(unquote(url))
    return parse_id(_BEHIND_DOI.sub("", doi[1])) if doi else None


def _strongest(ids: tuple[PaperId, ...]) -> PaperId | None:
    return min(ids, key=lambda each: strength(each.id), default=None)


def _description(entry: Mapping[str, Any], *known: str) -> Description:
    """The longest abstract that one of the entry's texts holds, with all that the others say around it."""
    texts = [_text(entry, "summary"), *(_text(content, "value") for content in _list(entry, "content"))]
    found = [describe(scholarly.without_footer(text), *known) for text in dict.fromkeys(texts) if text.strip()]
    return Description(
        abstract=max((each.abstract for each in found), key=len, default=""),
        authors=max((each.authors for each in found), key=len, default=()),
        published=next((each.published for each in found if each.published), None),
        venue=next((each.venue for each in found if each.venue), None),
        dois=tuple(dict.fromkeys(doi for each in found for doi in each.dois)),
    )


def _authors(entry: Mapping[str, Any], text: str) -> tuple[str, ...]:
    if "<last_name>" in text:
        parts = (_PART_OF_NAME.findall(author) for author in _AUTHOR_IN_PARTS.findall(text))
        if named := tuple(name for each in parts if (name := clean(" ".join(each)))):
            return named
    raw = [_text(author, "name") for author in _list(entry, "authors")]
    names = [name for each in raw for name in _names(each, is_alone=len(raw) == 1)]
    # An address is no name, and belongs to nobody but its owner.
    return tuple(dict.fromkeys(name for name in names if "@" not in name))


def _names(text: str, *, is_alone: bool) -> tuple[str, ...]:
    """The people one element names: one as "Given Family" or "Family, Given", or a list of them."""
    text = clean(text)
    family, comma, given = (part.strip() for part in text.partition(","))
    if comma and "," not in given and family and given and " and " not in text and ";" not in text:
        is_inverted = " " not in family or " " not in given or not is_alone
        if is_inverted and len(text.split()) <= _MOST_WORDS:
            return (f"{given} {family}",)
    return people(text) if is_alone or comma else (text,) if text else ()


def _dates(entry: Mapping[str, Any], about: Description) -> tuple[datetime | None, datetime | None]:
    """When it was published, and when it was updated after that.

    Dublin Core's date, which feedparser takes for an update, is the date of publication where there is no other.
    """
    updated = _instant(entry, "updated")
    published = (
        fields.instant(_text(entry, "prism_publicationdate"))
        or _instant(entry, "published")
        or updated
        or about.published
        or fields.instant(_text(entry, "prism_coverdate"))
    )
    return published, updated if updated and published and updated > published else None


def _instant(entry: Mapping[str, Any], key: str) -> datetime | None:
    if found := fields.instant(_text(entry, key)):
        return found
    parsed = entry.get(f"{key}_parsed")
    try:
        return datetime.fromtimestamp(timegm(parsed), tz=UTC) if parsed else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _categories(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return fields.arxiv_categories([_text(tag, "term") for tag in _list(entry, "tags")])


def _links(paper_id: str, entry: Mapping[str, Any], abstract: str) -> Links:
    links = fields.links_of(paper_id, abstract)
    page = links.abstract or _untracked(_text(entry, "link"))
    if page is None and paper_id.startswith("pmid:"):
        page = f"https://pubmed.ncbi.nlm.nih.gov/{paper_id.removeprefix('pmid:')}/"
    files = [_text(entry, "pdf_url")]
    files += [_text(link, "href") for link in _list(entry, "links") if _text(link, "type") == _PDF]
    pdf = links.pdf or next((url for each in files if (url := http_url(html.unescape(each)))), None)
    return Links(abstract=page, pdf=pdf, html=links.html, code=links.code, project=links.project)


def _untracked(url: str) -> str | None:
    """An address without what only tells where its reader came from; None where it is none."""
    found = http_url(html.unescape(url))
    if found is None or "?" not in found:
        return found
    parts = urlsplit(found)
    query = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=1000) if len(parts.query) < 1000 else []  # noqa: PLR2004
    kept = [(key, value) for key, value in query if not _TRACKING.fullmatch(key)]
    return found if len(kept) == len(query) else parts._replace(query=urlencode(kept)).geturl()


def _feed_title(head: str) -> str:
    found = _FEED_TITLE.search(head)
    return clean(html.unescape(found[1])) if found else ""


def _journal(head: str) -> str | None:
    """The journal a feed is of, where it says so."""
    if stated := _FEED_JOURNAL.search(head):
        return clean(html.unescape(stated[1])) or None
    title = _feed_title(head)
    if title and _JOURNAL_SYSTEM.search(head):
        return title
    return next((found[1] for form in _JOURNAL_OF_FEED if (found := form.fullmatch(title))), None)
