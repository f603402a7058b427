"""Formats of JSON lines: the arXiv snapshot and the interchange form."""

from __future__ import annotations

import dataclasses
import io
import json
import tracemalloc
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.identity import title_id
from digest.sources import Dump, Record, read
from digest.types import AnnounceType, Links, Paper, Rejection, Signals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SNAPSHOT: dict[str, Any] = {
    "id": "2401.00001",
    "submitter": "Ann Poe",
    "authors": 'A. Poe (Night University), B. Schr\\"odinger',
    "title": "Owls at\n  Night",
    "comments": "9 pages; project page: https://example.org/owls",
    "journal-ref": "J. Owls 7 (2024) 1--9",
    "doi": "10.1000/OWLS.7",
    "report-no": None,
    "categories": "cs.SD eess.AS",
    "license": None,
    "abstract": "  We listen to Bal\\'azs's owls,\nand count.\n",
    "versions": [
        {"version": "v1", "created": "Mon, 1 Jan 2024 19:18:42 GMT"},
        {"version": "v2", "created": "Tue, 13 Feb 2024 08:00:00 GMT"},
    ],
    "update_date": "2024-02-14",
    "authors_parsed": [["Poe", "A.", "", "Night University"], ['Schr\\"odinger', "B.", "Jr."]],
}
INTERCHANGE: dict[str, Any] = {
    "id": "arXiv:2401.00001v3",
    "title": "Owls at Night",
    "abstract": "We listen.",
    "authors": ["Ann Poe", " ", "Bob Roe"],
    "categories": ["cs.SD", "I.2.7; H.5.5"],
    "announced": "2024-01-02",
    "announce_type": "new",
    "comment": "9 pages",
    "published": "2024-01-01T19:18:42Z",
    "updated": "2024-02-13",
    "venue": "Journal of Owls",
    "other_ids": ["10.1000/OWLS.7"],
    "links": {"code": "https://example.org/code", "project": "javascript:alert(1)", "more": "x"},
    "signals": {"upvotes": 3, "submitter": "Cy Doe", "summary": "Owls.", "summary_by": "Dee Roe"},
    "a key of tomorrow": 1,
}


def lines(*records: object) -> bytes:
    """A dump with these records as lines; bytes stand for themselves."""
    rows = (record if isinstance(record, bytes) else json.dumps(record).encode() for record in records)
    return b"".join(row + b"\n" for row in rows)


def outcomes(content: bytes, form: str = "interchange") -> list[Paper | Rejection]:
    """What a dump gives."""
    return [record.outcome for record in read(Dump("dump", io.BytesIO(content), date(2026, 6, 30)), format=form)]


def changed(record: dict[str, Any], **changes: object) -> dict[str, Any]:
    """The record with some keys changed."""
    return {**record, **changes}


def test_a_line_of_the_snapshot_becomes_a_paper() -> None:
    """Versions give number and dates, parsed authors give names, and nothing is taken for announced."""
    assert outcomes(lines(SNAPSHOT), "arxiv-snapshot") == [
        Paper(
            id="arxiv:2401.00001",
            version=2,
            title="Owls at Night",
            abstract="We listen to Balázs's owls, and count.",
            authors=("A. Poe", "B. Schrödinger Jr."),
            categories=("cs.SD", "eess.AS"),
            published=datetime(2024, 1, 1, 19, 18, 42, tzinfo=UTC),
            updated=datetime(2024, 2, 13, 8, tzinfo=UTC),
            venue="J. Owls 7 (2024) 1\N{EN DASH}9",
            comment="9 pages; project page: https://example.org/owls",
            other_ids=("doi:10.1000/owls.7",),
            links=Links(
                abstract="https://arxiv.org/abs/2401.00001",
                pdf="https://arxiv.org/pdf/2401.00001",
                project="https://example.org/owls",
            ),
        )
    ]


def test_a_snapshot_line_with_only_the_needful_is_a_paper() -> None:
    """Id and title are enough; the list of authors as text stands in for the parsed one."""
    (paper,) = outcomes(
        lines({"id": "hep-th/9901001", "title": "Owls", "authors": "A. Poe and B. Roe"}), "arxiv-snapshot"
    )
    assert isinstance(paper, Paper)
    assert (paper.id, paper.abstract, paper.authors) == ("arxiv:hep-th/9901001", "", ("A. Poe", "B. Roe"))
    assert (paper.version, paper.published, paper.updated, paper.announced) == (None, None, None, None)


@pytest.mark.parametrize(
    ("changes", "where", "why"),
    [
        ({"id": "10.1000/1"}, "dump:1", "id: not an arXiv id: '10.1000/1'"),
        ({"id": 2401.00001}, "dump:1", "id: not an arXiv id: '2401.00001'"),
        ({"title": None}, "dump:1 (arxiv:2401.00001)", "no title"),
        ({"title": "\u200b"}, "dump:1 (arxiv:2401.00001)", "no title"),
        ({"abstract": 5}, "dump:1 (arxiv:2401.00001)", "abstract: expected text, got a number"),
        ({"authors_parsed": "x"}, "dump:1 (arxiv:2401.00001)", "authors_parsed: expected a list, got text"),
        ({"authors_parsed": [[1]]}, "dump:1 (arxiv:2401.00001)", "authors_parsed: expected lists of texts"),
        ({"versions": [1]}, "dump:1 (arxiv:2401.00001)", "versions: expected a list of objects"),
    ],
)
def test_an_unfit_snapshot_line_is_rejected_by_key(changes: dict[str, object], where: str, why: str) -> None:
    """The rejection names line, id and key, and the next line comes out."""
    first, second = outcomes(lines(changed(SNAPSHOT, **changes), SNAPSHOT), "arxiv-snapshot")
    assert first == Rejection(where=where, why=why)
    assert isinstance(second, Paper)


def test_odd_dates_of_versions_cost_the_date_only() -> None:
    """A version with an impossible date, or none, leaves the paper."""
    versions = [{"version": "v1", "created": "Mon, 31 Feb 2024 19:18:42 GMT"}, {"version": "v1000000"}]
    (paper,) = outcomes(lines(changed(SNAPSHOT, versions=versions)), "arxiv-snapshot")
    assert isinstance(paper, Paper)
    assert (paper.version, paper.published) == (None, None)
    assert paper.updated == datetime(2024, 2, 14, tzinfo=UTC)


def test_an_interchange_line_becomes_a_paper() -> None:
    """Every key has its field; categories of other taxonomies and links that are no addresses are dropped."""
    assert outcomes(lines(INTERCHANGE)) == [
        Paper(
            id="arxiv:2401.00001",
            version=3,
            title="Owls at Night",
            abstract="We listen.",
            authors=("Ann Poe", "Bob Roe"),
            categories=("cs.SD",),
            announced=date(2024, 1, 2),
            announce_type=AnnounceType.NEW,
            comment="9 pages",
            published=datetime(2024, 1, 1, 19, 18, 42, tzinfo=UTC),
            updated=datetime(2024, 2, 13, tzinfo=UTC),
            venue="Journal of Owls",
            other_ids=("doi:10.1000/owls.7",),
            links=Links(
                abstract="https://arxiv.org/abs/2401.00001",
                pdf="https://arxiv.org/pdf/2401.00001",
                code="https://example.org/code",
            ),
            signals=Signals(upvotes=3, submitter="Cy Doe", summary="Owls.", summary_by="Dee Roe"),
        )
    ]


def test_a_title_alone_is_an_interchange_line() -> None:
    """Without an id the title makes one; a DOI is an id as well and keeps its own categories."""
    named, with_doi = outcomes(
        lines({"title": "Owls at Night"}, {"id": "10.1000/X<1>", "title": "Owls", "categories": ["Zoology"]})
    )
    assert named == Paper(id=title_id("Owls at Night"), title="Owls at Night")
    assert isinstance(with_doi, Paper)
    assert (with_doi.id, with_doi.categories) == ("doi:10.1000/x<1>", ("Zoology",))
    assert with_doi.links == Links(abstract="https://doi.org/10.1000/x%3C1%3E")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"id": "owls"}, "id: neither an arXiv id nor a DOI: 'owls'"),
        ({"id": 7}, "id: expected text, got a number"),
        ({"title": ""}, "no title"),
        ({"title": ["x"]}, "title: expected text, got a list"),
        ({"abstract": True}, "abstract: expected text, got true or false"),
        ({"authors": "Ann"}, "authors: expected a list, got text"),
        ({"authors": [None]}, "authors: expected a list of texts, got nothing in it"),
        ({"categories": {}}, "categories: expected a list, got an object"),
        ({"announced": "2 Jan 2024"}, "announced: expected a day as YYYY-MM-DD, got '2 Jan 2024'"),
        ({"announced": "2024-02-30"}, "announced: expected a day as YYYY-MM-DD, got '2024-02-30'"),
        ({"announced": 20240102}, "announced: expected a day as YYYY-MM-DD, got '20240102'"),
        ({"published": "soon"}, "published: expected an instant in ISO 8601, got 'soon'"),
        ({"announce_type": "old"}, "announce_type: expected one of new, cross, replace, replace-cross, got 'old'"),
        ({"version": 0}, "version: expected a number from 1 to 9999, got '0'"),
        ({"version": True}, "version: expected a number from 1 to 9999, got 'True'"),
        ({"links": []}, "links: expected an object, got a list"),
        ({"signals": {"upvotes": "3"}}, "signals.upvotes: expected a count, got '3'"),
        ({"signals": {"stars": 10**30}}, "signals.stars: expected a count, got '1"),
    ],
)
def test_a_wrong_type_is_rejected_by_its_key(changes: dict[str, object], why: str) -> None:
    """The message says which key, what was expected and what was found; the neighbours come out."""
    first, bad, last = outcomes(lines(INTERCHANGE, changed(INTERCHANGE, **changes), INTERCHANGE))
    assert isinstance(bad, Rejection)
    assert bad.why.startswith(why)
    assert bad.where.startswith("dump:2")
    assert isinstance(first, Paper)
    assert first == last


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{oops}", "not JSON: expecting property name enclosed in double quotes (character 2)"),
        (b"[1]", "not a JSON object"),
        (b'{"title": "\xff"}', "not UTF-8: byte 12 of the line"),
        (b"\x00\x01", "not JSON: "),
        (b"[" * 100_000, "not JSON: "),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON: a number is too long"),
    ],
)
def test_a_line_that_is_no_object_is_rejected(line: bytes, why: str) -> None:
    """Rubbish between good lines costs one rejection."""
    first, bad, last = outcomes(lines(INTERCHANGE, line, INTERCHANGE))
    assert isinstance(bad, Rejection)
    assert bad.why.startswith(why)
    assert first == last


def test_half_a_surrogate_pair_is_dropped_and_the_line_kept() -> None:
    """Careless exporters write them; the rest of the title is good."""
    (paper,) = outcomes(b'{"title": "Owls \\ud83d at Night"}\n')
    assert isinstance(paper, Paper)
    assert paper.title == "Owls at Night"


def test_a_last_line_without_its_end_counts_where_it_is_whole() -> None:
    """Files often lack the last line end; only a line that does not parse is cut off, and can be resumed at."""
    content = lines(INTERCHANGE, INTERCHANGE)
    assert outcomes(content[:-1]) == outcomes(content)
    *_, last = read(Dump("dump", io.BytesIO(content[:-9]), date(2026, 6, 30)), format="interchange")
    assert isinstance(last.outcome, Rejection)
    assert last.outcome.why.startswith("cut off after 1 records: not JSON")
    assert (last.offset, last.line) == (len(content) // 2, 1)


def test_a_line_too_long_is_rejected_and_the_next_one_read() -> None:
    """Nine megabytes on one line are passed over; places behind them are right."""
    long = b'{"title": "' + b"o" * (9 * 2**20) + b'"}'
    content = lines(INTERCHANGE, long, INTERCHANGE)
    records = list(read(Dump("dump", io.BytesIO(content), date(2026, 6, 30)), format="interchange"))
    assert [isinstance(record.outcome, Paper) for record in records] == [True, False, True]
    assert records[1].outcome == Rejection(where="dump:2", why="the line is longer than 8 MiB")
    assert records[2] == Record(records[0].outcome, offset=len(content), line=3)


class Endless(io.RawIOBase):
    """A hundred thousand lines that are never in memory together."""

    def __init__(self, line: bytes, count: int) -> None:
        super().__init__()
        self._lines: Iterator[bytes] = (line for _ in range(count))

    def read(self, size: int = -1) -> bytes:
        """The next line."""
        del size
        return next(self._lines, b"")


def test_lines_stream_with_flat_memory() -> None:
    """Thirty megabytes of lines need less than two at any time."""
    row = lines({"title": "Owls at Night", "abstract": "o" * 10_000})
    records = read(Dump("dump", Endless(row, 3000), date(2026, 6, 30)), format="interchange")  # type: ignore[arg-type]
    tracemalloc.start()
    count = sum(isinstance(record.outcome, Paper) for record in records)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 3000
    assert peak < 2 * 2**20


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_any_value_under_any_key_gives_a_paper_or_a_rejection(data: st.DataObject) -> None:
    """No type in any place raises, and the good line behind comes out."""
    for form, record in (("interchange", INTERCHANGE), ("arxiv-snapshot", SNAPSHOT)):
        key = data.draw(st.sampled_from(sorted(record)))
        first, second = outcomes(lines(changed(record, **{key: data.draw(json_values)}), record), form)
        assert isinstance(first, (Paper, Rejection))
        assert isinstance(second, Paper)


def test_what_interchange_gives_can_be_written_and_read_again() -> None:
    """A paper written key by key comes back the same."""
    (paper,) = outcomes(lines(INTERCHANGE))
    assert isinstance(paper, Paper)
    written = json.dumps(dataclasses.asdict(paper), default=str).encode()
    assert outcomes(written) == [paper]


def test_the_real_snapshot_and_stream_have_their_fields(samples: Path) -> None:
    """All 200 lines of the snapshot have a version, dates, authors and categories, and no TeX accent in a name."""
    content = (samples / "arxiv_snapshot" / "arxiv-metadata-oai-snapshot_first200.json").read_bytes()
    papers = [paper for paper in outcomes(content, "arxiv-snapshot") if isinstance(paper, Paper)]
    assert len(papers) == 200
    assert papers[0].authors[0] == "C. Balázs"
    for paper in papers:
        assert paper.version
        assert paper.published
        assert paper.updated
        assert paper.published <= paper.updated
        assert paper.authors
        assert paper.categories
        assert paper.announced is None
        assert not any("\\" in author for author in paper.authors)
    assert sum(bool(paper.other_ids) for paper in papers) > 50
