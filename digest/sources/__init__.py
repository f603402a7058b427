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
from digest.sources import arxiv_feed, arxiv_snapshot, hf_daily, interchange, trending_page
from digest.sources.detect import LOOK_AHEAD, UTF16_MARKS, detect, unusable
from digest.sources.lines import read_lines
from digest.sources.records import Dump, Record
from digest.sources.streams import READ_ERRORS, chunks, describe, look_ahead, read_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["FORMATS", "Dump", "Format", "Record", "read"]


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
        "arxiv-snapshot": Format(
            "arXiv metadata snapshot (JSON lines)", partial(read_lines, arxiv_snapshot.parse), is_resumable=True
        ),
        "interchange": Format(
            "interchange form (JSON lines)", partial(read_lines, interchange.parse), is_resumable=True
        ),
    }
)
"""The formats this version reads, by name."""


def read(dump: Dump, *, format: str | None = None, offset: int = 0, line: int = 0) -> Iterator[Record]:  # noqa: A002
    """The records of a dump in its order, as papers or rejections.

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
        return _resumed(dump, format, pieces, offset, line)
    if why := unusable(head):
        raise SourceError(dump.name, why)
    name, seems = (format, "") if format else detect(head)
    if name is None:
        raise SourceError(dump.name, seems)
    if FORMATS[name].is_resumable and head.startswith(UTF16_MARKS):
        raise SourceError(dump.name, "UTF-16: a format of JSON lines is UTF-8")
    return FORMATS[name].reader(dump, pieces)


def _resumed(dump: Dump, name: str | None, pieces: Iterator[bytes], offset: int, line: int) -> Iterator[Record]:
    if name is None or not FORMATS[name].is_resumable:
        resumable = ", ".join(known for known, form in FORMATS.items() if form.is_resumable)
        raise SourceError(dump.name, f"cannot be resumed at byte {offset}: only {resumable}, and by name")
    return FORMATS[name].reader(dump, pieces, offset=offset, line=line)
