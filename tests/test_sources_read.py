"""Telling formats apart, reading dumps, and what becomes of dumps that are no good."""

from __future__ import annotations

import gzip
import io
import json
import re
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import SourceError
from digest.sources import FORMATS, Dump, Record, read
from digest.sources.detect import detect
from digest.types import Paper, Rejection

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = date(2026, 6, 30)

SAMPLE_COUNTS = {
    "trending_page/trending_page_mar13.txt": ("trending-page", 59),
    "hf_daily_papers/api_2026-06-12.json": ("hf-daily-papers", 30),
    "arxiv_api/einstein_2018-02-05.xml": ("arxiv-api", 10),
    "arxiv_api/transformer_2026.xml": ("arxiv-api", 5),
    "arxiv_api/xiv_empty.xml": ("arxiv-api", 0),
    "arxiv_api/xiv_response.xml": ("arxiv-api", 2),
    "arxiv_api/DERIVED_bodies/id_0000.0000_s0_m100_8b51d9633a68_http200.xml": ("arxiv-api", 0),
    "arxiv_api/DERIVED_bodies/id_quant-ph_0201082v1_s0_m100_86989fe779ef_http200.xml": ("arxiv-api", 1),
    "arxiv_api/DERIVED_bodies/q_testing_s0_m15_80c242b59d59_http200.xml": ("arxiv-api", 15),
    "arxiv_api/DERIVED_bodies/q_testing_s50_m10_7f488ab8598c_http200.xml": ("arxiv-api", 10),
    "arxiv_api/DERIVED_bodies/q_testing_s9_m15_0b78d4b4d476_http200.xml": ("arxiv-api", 15),
    "arxiv_rss2/distill_cs_ai_2026-04-27.xml": ("arxiv-feed", 3),
    "arxiv_rss2/stat_2024-03-26.xml": ("arxiv-feed", 123),
    "arxiv_atom_feed/cs.AI_2025-08-20_7entries.xml": ("arxiv-feed", 7),
    "arxiv_snapshot/arxiv-metadata-oai-snapshot_first200.json": ("arxiv-snapshot", 200),
    "stream/2025-05-05.jsonl.gz": ("interchange", 101),
    "stream/2025-05-06.jsonl.gz": ("interchange", 250),
    "stream/2025-05-07.jsonl.gz": ("interchange", 150),
    "stream/2025-05-08.jsonl.gz": ("interchange", 136),
    "stream/2025-05-09.jsonl.gz": ("interchange", 196),
    "stream/2025-05-10.jsonl.gz": ("interchange", 196),
    "stream/2025-05-11.jsonl.gz": ("interchange", 196),
    "stream/2025-05-12.jsonl.gz": ("interchange", 135),
    "stream/2025-05-13.jsonl.gz": ("interchange", 264),
    "stream/2025-05-14.jsonl.gz": ("interchange", 187),
    "stream/2025-05-15.jsonl.gz": ("interchange", 131),
    "stream/2025-05-16.jsonl.gz": ("interchange", 139),
}
"""Every sample in a format that is read -> its format and its papers; none holds a record to reject."""

ONE_OF_EACH_KIND = (
    "arxiv_rss2/stat_2024-03-26.xml",
    "hf_daily_papers/api_2026-06-12.json",
    "trending_page/trending_page_mar13.txt",
    "arxiv_snapshot/arxiv-metadata-oai-snapshot_first200.json",
)

LINES = "".join(
    json.dumps({"id": f"arxiv:2401.{n:05}", "title": f"Paper {n}", "abstract": "Text."}) + "\n" for n in range(1, 8)
).encode()


class Pipe(io.RawIOBase):
    """A stream that cannot seek and gives a few bytes at a time, as a socket or a pipe does."""

    def __init__(self, content: bytes, step: int = 7) -> None:
        super().__init__()
        self._content = memoryview(content)
        self._step = step

    def readable(self) -> bool:
        """It can be read, and nothing else."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the base class takes any buffer
        """The next few bytes."""
        piece = self._content[: min(self._step, len(buffer))]
        buffer[: len(piece)] = piece
        self._content = self._content[len(piece) :]
        return len(piece)


class FailingDisk(Pipe):
    """A stream that fails after its content."""

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the base class takes any buffer
        """The next few bytes, then an error."""
        return super().readinto(buffer) or self._fail()

    def _fail(self) -> int:
        raise OSError(5, "Input/output error")


def dump_of(content: bytes, name: str = "dump") -> Dump:
    """A dump of these bytes."""
    return Dump(name, io.BytesIO(content), AS_OF)


def outcomes(content: bytes, form: str | None = None) -> list[Paper | Rejection]:
    """What reading these bytes gives."""
    return [record.outcome for record in read(dump_of(content), format=form)]


@pytest.mark.parametrize("path", SAMPLE_COUNTS)
def test_every_sample_is_recognised_and_read_without_loss(samples: Path, path: str) -> None:
    """Each real dump gives the papers it holds, under its own format and without a name to go by."""
    form, count = SAMPLE_COUNTS[path]
    raw = (samples / path).read_bytes()
    content = gzip.decompress(raw) if path.endswith(".gz") else raw
    found = outcomes(content)
    assert Counter(type(outcome) for outcome in found) == Counter({Paper: count})
    assert detect(content[:65536])[0] == form
    for paper in found:
        assert isinstance(paper, Paper)
        assert paper.title
        assert re.fullmatch(r"arxiv:\S+|title:[0-9a-f]{16}", paper.id)


def test_samples_of_every_other_format_are_refused_by_name(samples: Path) -> None:
    """Whatever else publishers produce is refused as a whole, and the message says what it seems to be."""
    read_here = {path.split("/")[0] for path in SAMPLE_COUNTS}
    others = [path for path in samples.glob("*/**/*") if path.is_file()]
    others = [path for path in others if path.relative_to(samples).parts[0] not in read_here]
    others = [path for path in others if path.parts[-3] != "references"]  # tests/test_sources_references.py has them
    feeds = {"journal_rss", "thirdparty_feeds"}  # tests/test_sources_journal_feed.py has them
    others = [path for path in others if path.relative_to(samples).parts[0] not in feeds or path.suffix == ".json"]
    # tests/test_sources_json_records.py has them
    indexes = {"biorxiv_medrxiv", "crossref", "csl_json", "europepmc", "json_feed", "openalex", "openreview"}
    indexes |= {"semantic_scholar"}
    # tests/test_sources_{arxiv_rdf,oai_pmh,pubmed,xml_records}.py have them
    indexes |= {"arxiv_rdf_old", "dblp", "oai_pmh", "pubmed"}
    others = [path for path in others if path.relative_to(samples).parts[0] not in indexes]
    assert others
    for path in others:
        with path.open("rb") as stream, pytest.raises(SourceError, match="not a format this version reads") as refused:
            read(Dump(path.name, stream, AS_OF))
        assert refused.value.where == path.name


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"PK\x03\x04rest", "a zip archive"),
        (b"\x1f\x8b\x08rest", "still compressed with gzip"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "binary data"),
        (b"<!DOCTYPE html><html><body>502</body></html>", "an HTML page"),
        (b"\n<html lang='en'>", "an HTML page"),
        (b"<opml version='2.0'><body/></opml>", "a list of feeds (OPML), to be added with `digest sources add FILE`"),
        (b"<?xml version='1.0'?><records/>", "XML with the root element <records>"),
        (b"<", "XML without a root element"),
        (b'{"version": "https://example.org/version/1", "title": "x"}', "JSON with the keys title, version"),
        (b'{\n "id": "2401.00001",\n "title": "x",\n "abstract": "y"}', "JSON with the keys"),
        (b"{", "JSON with the keys of nothing known"),
        (b'[{"DOI": "10.1000/1"}]', "a JSON array of something else"),
        (b"Dear Ann, how are the owls?", "text of no known form"),
        (b'{"error": "rate limited"}', "the source answers with an error: rate limited"),
        (LINES.decode().encode("utf-16"), "UTF-16"),
    ],
)
def test_an_unusable_dump_is_refused_at_the_call(content: bytes, why: str) -> None:
    """Nothing is read from it, and the message names the dump and the cause."""
    with pytest.raises(SourceError, match=re.escape(why)) as refused:
        read(dump_of(content, "today"))
    assert str(refused.value).startswith("today: ")


@pytest.mark.parametrize("form", FORMATS)
def test_naming_a_format_does_not_make_a_web_page_a_quiet_day(form: str) -> None:
    """An error page, an archive or an empty file is refused whatever format is claimed."""
    for content in (b"<html><body>Service unavailable</body></html>", b"PK\x03\x04", b""):
        with pytest.raises(SourceError):
            read(dump_of(content), format=form)


def test_an_unknown_format_lists_the_known_ones() -> None:
    """The message helps to mend the spelling."""
    with pytest.raises(SourceError, match=r"unknown format 'arxiv': known are trending-page, .*interchange"):
        read(dump_of(LINES), format="arxiv")


def test_an_xml_bomb_is_refused_before_it_is_parsed() -> None:
    """Entities are never expanded: a document type declaration refuses the dump, wherever it stands."""
    bomb = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>\n'
    feed = b'<feed xmlns="http://www.w3.org/2005/Atom"><id>http://arxiv.org/api/x</id>%s<entry><title>&b;</title></entry></feed>'
    for content in (bomb + feed % b"", feed % bomb):
        with pytest.raises(SourceError, match="document type declaration"):
            read(dump_of(content))


def test_a_document_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents beyond the limit are refused rather than held in memory."""
    monkeypatch.setattr("digest.sources.streams.MAX_DOCUMENT", 2**20)
    with pytest.raises(SourceError, match="longer than 1 MiB"):
        read(dump_of(b"[" + b" " * 2**20 + b"]"), format="hf-daily-papers")


@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_a_stream_that_cannot_seek_is_read_whole(step: int) -> None:
    """Looking ahead for the format loses nothing, however the bytes arrive."""
    records = list(read(Dump("pipe", Pipe(LINES, step), AS_OF)))  # type: ignore[arg-type]  # a raw stream reads as well
    assert [record.outcome for record in records] == outcomes(LINES)


def test_lines_can_be_resumed_after_any_record() -> None:
    """Reading on from a record's offset and line gives exactly the records behind it."""
    content = b"\xef\xbb\xbf" + LINES.replace(b"\n", b"\r\n", 2).replace(b'{"id": "arxiv:2401.00004"', b'\n\n{"id": 4')
    records = list(read(dump_of(content), format="interchange"))
    assert len(records) == 7
    assert records[-1].offset == len(content)
    for done, record in enumerate(records, start=1):
        stream = io.BytesIO(content)
        stream.seek(record.offset)
        rest = list(read(Dump("dump", stream, AS_OF), format="interchange", offset=record.offset, line=record.line))
        assert rest == records[done:]


def test_only_lines_can_be_resumed() -> None:
    """A document, or a dump whose format is not named, cannot be taken up in the middle."""
    for form in ("hf-daily-papers", None):
        with pytest.raises(SourceError, match="cannot be resumed at byte 7"):
            read(dump_of(b"[]"), format=form, offset=7, line=1)


def test_resuming_at_the_end_gives_nothing() -> None:
    """A dump that was read to its end is not empty the second time, only finished."""
    assert list(read(dump_of(b""), format="interchange", offset=len(LINES), line=7)) == []


def test_an_unreadable_rest_costs_only_itself() -> None:
    """An error of the disk, or a gzip file cut short, becomes one rejection behind the good records."""
    *good, last = read(Dump("disk", FailingDisk(LINES + b'{"id": '), AS_OF))  # type: ignore[arg-type]  # as above
    assert [record.outcome for record in good] == outcomes(LINES)
    assert last == Record(
        Rejection(where="disk:8", why="cut off after 7 records: input/output error"), offset=len(LINES), line=7
    )


def test_a_gzip_file_cut_short_keeps_what_was_packed_before(samples: Path) -> None:
    """In each kind of format the records before the cut come out, and one rejection names the cut."""
    for path in ONE_OF_EACH_KIND:
        content = (samples / path).read_bytes()
        whole = outcomes(content)
        packed = gzip.compress(content)
        with gzip.GzipFile(fileobj=io.BytesIO(packed[: len(packed) // 2])) as stream:
            *found, last = [record.outcome for record in read(Dump("half", stream, AS_OF))]  # type: ignore[arg-type]
        papers = [outcome for outcome in found if isinstance(outcome, Paper)]
        assert papers == whole[: len(papers)]
        assert len(papers) > len(whole) / 5
        assert isinstance(last, Rejection)
        assert f"cut off after {len(papers)} records: compressed file ended" in last.why


def test_a_stream_that_fails_at_once_is_refused() -> None:
    """Where nothing at all can be read, the dump is unusable."""
    with pytest.raises(SourceError, match="cannot be read: input/output error"):
        read(Dump("disk", FailingDisk(b""), AS_OF))  # type: ignore[arg-type]  # as above


@given(
    content=st.binary(max_size=300),
    start=st.sampled_from([b"", b"[", b"{", b"<feed>", b'[{"paper":', b"<rss>", b"Mar 13\n"]),
    form=st.sampled_from([None, *FORMATS]),
)
@settings(max_examples=300, deadline=None)
def test_no_bytes_end_in_anything_but_records_or_a_source_error(content: bytes, start: bytes, form: str | None) -> None:
    """Rubbish is rejected or refused and never raises anything else."""
    try:
        found = outcomes(start + content, form)
    except SourceError as error:
        assert error.why  # noqa: PT017 - both ends are right, and this one must say something
        return
    assert all(isinstance(outcome, (Paper, Rejection)) for outcome in found)
