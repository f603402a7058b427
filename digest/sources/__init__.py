"""Bytes of one format -> papers: a module a format, chosen by what the bytes are.

`read` is the way in. What a record holds becomes a paper or a rejection that says where and why; only a dump that is
unusable as a whole raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from digest.errors import SourceError
from digest.sources import (
    arxiv_feed,
    arxiv_listing,
    arxiv_rdf,
    arxiv_snapshot,
    bibtex,
    biorxiv,
    claims,
    crossref,
    csl_json,
    dblp,
    dblp_search,
    europe_pmc,
    hf_daily,
    interchange,
    journal_feed,
    json_feed,
    oai_pmh,
    openalex,
    openreview,
    pubmed,
    ris,
    semantic_scholar,
    trending_page,
    web_of_science,
    zotero,
)
from digest.sources.detect import LOOK_AHEAD, UTF16_MARKS, detect, unusable
from digest.sources.lines import read_lines
from digest.sources.naming import source_name
from digest.sources.records import Dump, Record
from digest.sources.streams import READ_ERRORS, chunks, describe, look_ahead, read_document
from digest.sources.xml_records import read_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["FORMATS", "Dump", "Format", "Opened", "Record", "opened", "read"]


@dataclass(frozen=True, slots=True)
class Format:
    """A format by what it is called in words, its reader, and whether a dump of it can be resumed in the middle."""

    title: str
    reader: Callable[..., Iterator[Record]]
    is_resumable: bool = False


FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        "trending-page": Format("saved text of a trending papers page", partial(read_document, trending_page.parse)),
        "hf-daily-papers": Format("Hugging Face daily papers API (JSON)", partial(read_document, hf_daily.parse)),
        "arxiv-api": Format("arXiv API answer (Atom)", partial(read_document, arxiv_feed.parse)),
        "arxiv-feed": Format("arXiv announcement feed (RSS or Atom)", partial(read_document, arxiv_feed.parse)),
        "arxiv-rdf": Format("arXiv announcement feed until 2024 (RSS 1.0)", partial(read_document, arxiv_rdf.parse)),
        "oai-pmh": Format("OAI-PMH answer (arXiv, arXivRaw, oai_dc)", partial(read_document, oai_pmh.parse)),
        "pubmed": Format("PubMed export (XML)", partial(read_records, pubmed.parse, pubmed.SHAPE)),
        "dblp": Format("DBLP export (XML)", partial(read_records, dblp.parse, dblp.SHAPE)),
        "arxiv-snapshot": Format(
            "arXiv metadata snapshot (JSON lines)", partial(read_lines, arxiv_snapshot.parse), is_resumable=True
        ),
        "interchange": Format(
            "interchange form (JSON lines)", partial(read_lines, interchange.parse), is_resumable=True
        ),
        "arxiv-listing": Format(
            "arXiv's daily mailing or .abs files (plain text)", partial(read_document, arxiv_listing.parse)
        ),
        "bibtex": Format("BibTeX or biblatex library", partial(read_document, bibtex.parse)),
        "ris": Format("RIS library", partial(read_document, ris.parse)),
        "web-of-science": Format("Web of Science export (plain text)", partial(read_document, web_of_science.parse)),
        "zotero": Format("Zotero items (JSON)", partial(read_document, zotero.parse)),
        "csl-json": Format("references in CSL-JSON", partial(read_document, csl_json.parse)),
        "biorxiv": Format("bioRxiv and medRxiv API (JSON)", partial(read_document, biorxiv.parse)),
        "europe-pmc": Format("Europe PMC search (JSON)", partial(read_document, europe_pmc.parse)),
        "openalex": Format("OpenAlex API (JSON)", partial(read_document, openalex.parse)),
        "openalex-lines": Format(
            "OpenAlex works (JSON lines)", partial(read_lines, openalex.parse_work), is_resumable=True
        ),
        "crossref": Format("Crossref API (JSON)", partial(read_document, crossref.parse)),
        "crossref-lines": Format(
            "Crossref works (JSON lines)", partial(read_lines, crossref.parse_work), is_resumable=True
        ),
        "semantic-scholar": Format("Semantic Scholar API (JSON)", partial(read_document, semantic_scholar.parse)),
        "semantic-scholar-lines": Format(
            "Semantic Scholar papers (JSON lines)", partial(read_lines, semantic_scholar.parse_paper), is_resumable=True
        ),
        "openreview": Format("OpenReview API or conference list (JSON)", partial(read_document, openreview.parse)),
        "dblp-search": Format("DBLP search (JSON)", partial(read_document, dblp_search.parse)),
        "json-feed": Format("JSON Feed", partial(read_document, json_feed.parse)),
        "journal-feed": Format(
            "feed of a journal or a third party (RSS or Atom)", partial(read_document, journal_feed.parse)
        ),
    }
)
"""The formats this version reads, by name."""


def read(dump: Dump, *, format: str | None = None, offset: int = 0, line: int = 0) -> Iterator[Record]:  # noqa: A002
    """The records of a dump in its order, as papers or rejections: `opened` without the name of its source."""
    return opened(dump, format=format, offset=offset, line=line).records


@dataclass(frozen=True, slots=True)
class Opened:
    """A dump whose format is known: where it comes from (`arxiv:cs.AI`, else the format's name), and its records.

    `announced` is how many papers it says it holds; None where it does not say.
    """

    source: str
    records: Iterator[Record]
    announced: int | None = None


def opened(dump: Dump, *, format: str | None = None, offset: int = 0, line: int = 0) -> Opened:  # noqa: A002
    """The records of a dump in its order, as papers or rejections, the name of its source, and how many it announces.

    Args:
        dump: The dump. Formats of lines are read as they are consumed, one line at most 8 MiB; documents are read at
            once, at most 64 MiB.
        format: A name in `FORMATS`; None to tell it from the first 64 KiB.
        offset: Bytes before the place where the caller has set the stream, to resume after a record with its `offset`;
            a format has to be named then.
        line: Lines before that place, the record's `line`.

    Raises:
        SourceError: At the call, not while iterating: the format is unknown, or the dump is empty, binary, of no format
            this version reads, or not of the format named.
    """
    if format is not None and format not in FORMATS:
        raise SourceError(dump.name, f"unknown format {format!r}: known are {', '.join(FORMATS)}")
    try:
        head, pieces = look_ahead(chunks(dump.stream), LOOK_AHEAD)
    except READ_ERRORS as error:
        raise SourceError(dump.name, f"cannot be read: {describe(error)}") from error
    if offset:
        return Opened(format or "", _resumed(dump, format, pieces, offset, line))
    head = head[:LOOK_AHEAD]
    if why := unusable(head):
        raise SourceError(dump.name, why)
    name, seems = (format, "") if format else detect(head)
    if name is None:
        raise SourceError(dump.name, seems)
    if FORMATS[name].is_resumable and head.startswith(UTF16_MARKS):
        raise SourceError(dump.name, "UTF-16: a format of JSON lines is UTF-8")
    if name not in claims.COUNTS:
        return Opened(source_name(head, name), FORMATS[name].reader(dump, pieces))
    body: list[bytes] = []
    records = FORMATS[name].reader(dump, _kept(pieces, body))  # a document: all of it is read at the call
    return Opened(source_name(head, name), records, claims.claimed(name, b"".join(body)))


def _kept(pieces: Iterator[bytes], body: list[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        body.append(piece)
        yield piece


def _resumed(dump: Dump, name: str | None, pieces: Iterator[bytes], offset: int, line: int) -> Iterator[Record]:
    if name is None or not FORMATS[name].is_resumable:
        resumable = ", ".join(known for known, form in FORMATS.items() if form.is_resumable)
        raise SourceError(dump.name, f"cannot be resumed at byte {offset}: only {resumable}, and by name")
    return FORMATS[name].reader(dump, pieces, offset=offset, line=line)
