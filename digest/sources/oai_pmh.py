"""OAI-PMH answers: arXiv's (metadata forms `arXiv`, `arXivRaw`, `oai_dc`), and of any repository in `oai_dc`.

Formats: https://www.openarchives.org/OAI/openarchivesprotocol.html (protocol), https://info.arxiv.org/help/oa/index.html
(arXiv, at https://oaipmh.arxiv.org/oai). The library sickle fetches as well as it reads, and keeps no record of an
answer that breaks off; what is needed of it is `resumption_token`.

The datestamp of a record is the day its metadata last changed and not its announcement, so `announced` stays None. A
record the repository deleted is neither a paper nor a fault: it is passed over, and `deleted` counts such.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from digest.errors import SourceError
from digest.identity import title_id
from digest.links import http_url
from digest.sources import feed_xml, fields
from digest.sources.records import RecordError
from digest.sources.xml_records import Shape, all_words, document_outcomes, ids_in, words, words_in
from digest.text import clean, people
from digest.types import Paper, Rejection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from xml.etree.ElementTree import Element

    from digest.identity import PaperId
    from digest.sources.records import Document

SHAPE = Shape("an OAI-PMH answer", ("OAI-PMH",), ("record", "error"), re.compile(r"<identifier>\s*([^\s<>]{1,200})"))

_TOKEN = re.compile(r"<resumptionToken(\s[^<>]*?)?(?:/>|>([^<]*)</resumptionToken\s*>)")
_ATTRIBUTE = re.compile(r"""(\w+)\s*=\s*["']\s*([^"'<>]*?)\s*["']""")
_ERROR = re.compile(r"""<error\s[^<>]*?\bcode\s*=\s*["'](\w+)["']""")
_DELETED = re.compile(r"""<header\s[^<>]*?\bstatus\s*=\s*["']deleted["']""")
_OTHER_VERB = re.compile(r"<(Identify|ListSets|ListMetadataFormats|ListIdentifiers)[\s/>]")
_NOTHING_FOUND = "noRecordsMatch"
_TOKEN_REFUSED = "badResumptionToken"  # noqa: S105  (an error's code)
_VERSION = re.compile(r"v?([1-9][0-9]{0,3})")
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?")
_COMMENT = re.compile(r"Comments?:\s*", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_SURNAME_FIRST = re.compile(r"([^,]+),\s*([^,]+)(?:,\s*([^,]{1,6}))?")


class TokenRefusedError(SourceError):
    """A repository no longer knows a resumption token: it lives for hours or days, and a list has to begin anew."""


@dataclass(frozen=True, slots=True)
class Token:
    """Where to go on with a list that has more: `value` is the argument `resumptionToken` of the next request.

    `complete_list_size` is how many records, deleted ones too, the whole list has, `cursor` how many stand before this
    answer's; None where the repository does not say.
    """

    value: str
    complete_list_size: int | None = None
    cursor: int | None = None


def parse(document: Document) -> Iterator[Paper | Rejection]:
    """The papers of an answer, or of several in one file, in their order.

    An `error` is a rejection in the repository's words, but "no records match" is an empty answer.

    Raises:
        SourceError: The document is no OAI-PMH answer, or one to a request that never gives papers (`ListSets`).
    """
    is_empty = True
    for outcome in document_outcomes(_outcome, SHAPE, document):
        is_empty = False
        yield outcome
    if is_empty and (verb := _OTHER_VERB.search(feed_xml.decode(document.body))):
        raise SourceError(document.name, f"an OAI-PMH answer to {verb[1]}, which gives no papers: ask for ListRecords")


def resumption_token(document: Document) -> Token | None:
    """Where the list of an answer goes on; None where it ends, or there was nothing to list.

    Of several answers in one document the last one counts.

    Raises:
        TokenRefusedError: The token that was sent is invalid, or no longer valid.
        SourceError: The answer is cut off or an error, so that nothing tells whether the list goes on.
    """
    text = feed_xml.decode(document.body)
    last = text.rfind("<OAI-PMH")
    if last < 0 or document.cut or "</OAI-PMH" not in text[last:]:
        raise SourceError(document.name, "cut off: whether its list goes on stands at its end")
    text = text[last:]
    error = _ERROR.search(text)
    if error and error[1] != _NOTHING_FOUND:
        kind = TokenRefusedError if error[1] == _TOKEN_REFUSED else SourceError
        raise kind(document.name, f"the repository reports an error: {error[1]}")
    tokens = _TOKEN.findall(text)
    value = html.unescape(tokens[-1][1]).strip() if tokens else ""
    if not value:
        return None
    attributes = dict(_ATTRIBUTE.findall(tokens[-1][0]))
    return Token(value, _number(attributes.get("completeListSize")), _number(attributes.get("cursor")))


def deleted(document: Document) -> int:
    """How many records of an answer say only that the repository deleted something."""
    return len(_DELETED.findall(feed_xml.decode(document.body)))


def complete_list_size(body: bytes) -> int | None:
    """How many records, less the deleted ones, a list has that these answers claim to hold from its start to its end.

    None where they are a part of it, or the repository does not say: a list that fits into one answer often bears no
    `resumptionToken` (OAI-PMH 2.0, section 3.5).
    """
    text = feed_xml.decode(body)
    tokens = [(dict(_ATTRIBUTE.findall(attributes)), value.strip()) for attributes, value in _TOKEN.findall(text)]
    if not tokens or tokens[-1][1] or len(tokens) != text.count("</OAI-PMH"):
        return None
    size = _number(tokens[-1][0].get("completeListSize"))
    is_from_start = _number(tokens[0][0].get("cursor")) == 0
    return max(size - len(_DELETED.findall(text)), 0) if size is not None and is_from_start else None


def _number(text: str | None) -> int | None:
    return fields.count(int(text)) if text and re.fullmatch(r"[0-9]{1,10}", text) else None


def _outcome(record: Element) -> Paper | None:
    if record.tag == "error":
        code = record.get("code") or "unknown"
        if code == _NOTHING_FOUND:
            return None
        raise RecordError(f"the repository reports an error: {': '.join(filter(None, (code, words_in(record))))}")
    header = record.find("header")
    if header is not None and header.get("status") == "deleted":
        return None
    identifier = "" if header is None else words(header, "identifier")
    named = ids_in(identifier)
    metadata = record.find("metadata")
    content = None if metadata is None else next(iter(metadata), None)
    canonical = named[0].id if named else None
    if content is None:
        raise RecordError("no metadata", canonical)
    try:
        if content.tag == "arXiv":
            return _of_arxiv(content, named)
        if content.tag == "arXivRaw":
            return _of_arxiv_raw(content, named)
        if content.tag == "dc":
            return _of_dublin_core(content, named, [] if header is None else all_words(header, "setSpec"))
    except RecordError as error:
        raise RecordError(error.why, error.id or canonical) from error
    raise RecordError(f"metadata in the form {content.tag[:40]!r}: ask for arXiv, arXivRaw or oai_dc", canonical)


def _of_arxiv(content: Element, named: list[PaperId]) -> Paper:
    names = (
        clean(" ".join((*all_words(author, "forenames"), *all_words(author, "keyname"), *all_words(author, "suffix"))))
        for author in content.iterfind("authors/author")
    )
    return replace(
        _shared(content, named),
        # Lists of authors are split by machine, and some hold a colon of its own.
        authors=tuple(name for name in names if _LETTER.search(name)),
        published=_instant(words(content, "created")),
        updated=_instant(words(content, "updated")),
    )


def _of_arxiv_raw(content: Element, named: list[PaperId]) -> Paper:
    versions = [
        (int(number[1]), fields.instant(each.findtext("date")))
        for each in content.iterfind("version")
        if (number := _VERSION.fullmatch(each.get("version") or ""))
    ]
    versions.sort(key=lambda version: version[0])
    return replace(
        _shared(content, named),
        version=versions[-1][0] if versions else None,
        authors=people(words(content, "authors")),
        published=versions[0][1] if versions else None,
        updated=versions[-1][1] if versions else None,
    )


def _shared(content: Element, named: list[PaperId]) -> Paper:
    """What the forms `arXiv` and `arXivRaw` have in common."""
    found = next((known for known in (*ids_in(words(content, "id")), *named) if known.id.startswith("arxiv:")), None)
    if found is None:
        raise RecordError(f"no arXiv id: {words(content, 'id')[:60]!r}")
    title, abstract, comment = (words(content, name) for name in ("title", "abstract", "comments"))
    if not title:
        raise RecordError("no title", found.id)
    return Paper(
        id=found.id,
        title=title,
        abstract=abstract,
        categories=fields.arxiv_categories(words(content, "categories").split()),
        venue=words(content, "journal-ref") or None,
        comment=comment or None,
        other_ids=fields.dois(words(content, "doi").replace(",", " "), besides=found.id),
        links=fields.links_of(found.id, abstract, comment),
    )


def _of_dublin_core(content: Element, named: list[PaperId], sets: list[str]) -> Paper:
    identifiers = all_words(content, "identifier")
    found = ids_in(*(known.id for known in named), *identifiers)
    title = words(content, "title")
    if not title:
        raise RecordError("no title", found[0].id if found else None)
    descriptions = all_words(content, "description")
    comments = [_COMMENT.sub("", text, count=1) for text in descriptions if _COMMENT.match(text)]
    abstract = next((text for text in descriptions if not _COMMENT.match(text)), "")
    canonical = found[0].id if found else title_id(title, abstract)
    is_arxiv = canonical.startswith("arxiv:")
    # arXiv's first date is the day of the first version, further ones those of later versions.
    dates = sorted(moment for text in all_words(content, "date") if (moment := _instant(text)))
    urls = [url for text in identifiers if (url := http_url(text))]
    references = [text for text in identifiers if not http_url(text) and not ids_in(text)] if is_arxiv else []
    links = fields.links_of(canonical, abstract, *comments)
    return Paper(
        id=canonical,
        title=title,
        abstract=abstract,
        authors=tuple(_given_name_first(name) for name in all_words(content, "creator")),
        categories=fields.arxiv_categories([_category(text) for text in sets]) if is_arxiv else (),
        published=dates[0] if dates else None,
        updated=dates[-1] if is_arxiv and len(dates) > 1 else None,
        venue=next(iter((*references, *all_words(content, "source"))), None),
        comment=comments[0] if comments else None,
        other_ids=tuple(known.id for known in found[1:]),
        links=links if links.abstract else replace(links, abstract=urls[0] if urls else None),
    )


def _given_name_first(name: str) -> str:
    found = _SURNAME_FIRST.fullmatch(name)
    return " ".join(filter(None, (found[2], found[1], found[3]))) if found else name


def _category(name: str) -> str:
    """The category that one of arXiv's sets stands for: `cs:cs:CL` and `physics:hep-th` are `cs.CL` and `hep-th`."""
    group, *below = name.split(":")
    return ".".join(below) if below else group


def _instant(text: str) -> datetime | None:
    if partial := _DATE.fullmatch(text):
        text = f"{partial[1]}-{partial[2] or '01'}-01"
    return fields.instant(text)
