"""Papers in the database: one work has one number, whatever comes, in whatever batches."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.folding import fold, is_same_work
from digest.identity import title_id
from digest.store import Store, merges, papers
from digest.types import AnnounceType, Links, Paper, Signals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.databases import Place

AS_OF = date(2025, 5, 20)
NEW, UPDATED, DUPLICATE = papers.Outcome.NEW, papers.Outcome.UPDATED, papers.Outcome.DUPLICATE


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """An empty database."""
    with Store(place) as opened:
        yield opened


@contextmanager
def undone(store: Store) -> Iterator[sa.Connection]:
    """A transaction that leaves nothing behind."""
    with store.writing() as connection:
        savepoint = connection.begin_nested()
        yield connection
        savepoint.rollback()


def rows(connection: sa.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """All that the database knows of papers."""
    tables = {"papers": "seq", "paper_ids": "id"}
    return {
        name: [tuple(row) for row in connection.execute(sa.text(f"SELECT * FROM {name} ORDER BY {key}"))]  # noqa: S608
        for name, key in tables.items()
    }


def added(store: Store, batches: list[list[Paper]]) -> tuple[list[papers.Outcome], dict[str, list[tuple[Any, ...]]]]:
    """What adding the batches to an empty database gives: outcomes and rows; the database stays empty."""
    with undone(store) as connection:
        outcomes = [outcome for batch in batches for outcome in papers.add(connection, batch, AS_OF)]
        return outcomes, rows(connection)


# Few ids, titles and texts, so that everything collides with everything, as no source ever would.
IDS = [
    "arxiv:2401.00001",
    "arxiv:2401.00002",
    "doi:10.5555/a",
    "doi:10.5555/b",
    title_id("one way"),
    title_id("two ways"),
]
WILD = st.builds(
    Paper,
    id=st.sampled_from(IDS),
    title=st.sampled_from(["One way", "Two ways", "Three", "Sand in slow rivers", "Sand in slow rivers: a long way"]),
    authors=st.sampled_from([(), ("Ada Example",), ("Ada Example", "Bob Roe")]),
    abstract=st.sampled_from(["", "a b c d", "a b x y", "p q r s"]),
    version=st.none() | st.integers(1, 3),
    announced=st.none() | st.dates(date(2024, 1, 1), date(2024, 1, 9)),
    other_ids=st.lists(st.sampled_from(IDS), max_size=2).map(tuple),
)


def names(paper: Paper) -> set[str]:
    """All ids of a paper."""
    return {paper.id, *paper.other_ids}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch=st.lists(WILD, max_size=9), cuts=st.sets(st.integers(0, 9)))
def test_batches_make_no_difference(store: Store, batch: list[Paper], cuts: set[int]) -> None:
    """One batch, or the same papers cut anywhere, gives the same outcomes and the same rows."""
    borders = sorted({0, len(batch), *(cut for cut in cuts if cut < len(batch))})
    pieces = [batch[start:end] for start, end in pairwise(borders)]
    assert added(store, pieces) == added(store, [batch])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.lists(WILD, min_size=1, max_size=6), second=st.lists(WILD, max_size=6))
def test_a_known_id_always_finds_its_work(store: Store, first: list[Paper], second: list[Paper]) -> None:
    """Each id finds a work that bears it, a work's own id itself; no work loses ids, nor its number but to a lower."""
    with undone(store) as connection:
        papers.add(connection, first, AS_OF)
        before = {seq: paper for seq, _, paper in papers.between(connection, None, None)}
        papers.add(connection, second, AS_OF)
        after = {seq: paper for seq, _, paper in papers.between(connection, None, None)}
        known = set().union(*map(names, (*first, *second)))
        found = papers.by_ids(connection, known)
        assert set(found) == known
        assert all(name in names(paper) for name, paper in found.items())
        assert all(papers.by_ids(connection, [paper.id]) == {paper.id: paper} for paper in after.values())
        now = {seq: merges.current(connection, seq) for seq in before}
        assert all(now[seq] <= seq and names(paper) <= names(after[now[seq]]) for seq, paper in before.items())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.lists(WILD, min_size=1, max_size=6), second=st.lists(WILD, max_size=6))
def test_no_two_works_are_the_same(store: Store, first: list[Paper], second: list[Paper]) -> None:
    """Whatever papers came, in whatever order: of the works that there are no two are one, by all that is known."""
    with undone(store) as connection:
        papers.add(connection, first, AS_OF)
        papers.add(connection, second, AS_OF)
        works = [paper for _, _, paper in papers.between(connection, None, None)]
        assert [(one, other) for one, other in combinations(works, 2) if is_same_work(one, other)] == []


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch=st.lists(WILD.map(lambda paper: replace(paper, other_ids=())), max_size=8))
def test_the_same_papers_again_are_duplicates(store: Store, batch: list[Paper]) -> None:
    """Adding again what was added finds every paper known and changes no row."""
    once = added(store, [batch])
    outcomes, found = added(store, [batch, batch])
    assert outcomes[len(batch) :] == [DUPLICATE] * len(batch)
    assert found == once[1]


ARCHIVE = Paper(
    id="arxiv:2505.00001",
    version=1,
    title="Sand in slow rivers",
    abstract="We measure how slow rivers carry sand to the sea.",
    authors=("Ada Example",),
    categories=("physics.geo-ph",),
    published=datetime(2025, 5, 1, 12, tzinfo=UTC),
)


def test_a_paper_comes_back_as_it_went_in(store: Store) -> None:
    """Every field survives the database."""
    paper = replace(
        ARCHIVE,
        updated=datetime(2025, 5, 3, 1, 2, 3, tzinfo=UTC),
        announced=date(2025, 5, 2),
        announce_type=AnnounceType.CROSS,
        venue="Journal of Sand 1",
        comment="12 pages, é, 中文, \N{GRINNING FACE}",
        other_ids=("doi:10.5555/a", "title:0123456789abcdef"),
        links=Links(abstract="https://example.org/abs", code="https://example.org/code"),
        signals=Signals(upvotes=0, comments=2, summary="Sand moves."),
    )
    with store.writing() as connection:
        assert papers.add(connection, [paper], AS_OF) == [NEW]
    with store.reading() as connection:
        assert papers.between(connection, None, None) == [(1, date(2025, 5, 2), paper)]


def test_outcomes_say_what_became_of_each_paper(store: Store) -> None:
    """New, the same again, a second version, an old version again; within a batch and across batches."""
    second = replace(ARCHIVE, version=2, abstract="We measure it better.")
    with store.writing() as connection:
        assert papers.add(connection, [ARCHIVE, ARCHIVE, second, ARCHIVE], AS_OF) == [
            NEW,
            DUPLICATE,
            UPDATED,
            DUPLICATE,
        ]
        assert papers.add(connection, [second, replace(second, venue="Sand")], AS_OF) == [DUPLICATE, UPDATED]
        assert papers.add(connection, [], AS_OF) == []
        assert [paper.venue for _, _, paper in papers.between(connection, None, None)] == ["Sand"]


def test_arxiv_hugging_face_and_a_page_are_one_work(store: Store) -> None:
    """Three sources in any order fill one row."""
    daily = Paper(id=ARCHIVE.id, title=ARCHIVE.title, abstract=ARCHIVE.abstract, signals=Signals(upvotes=7))
    page = Paper(id=title_id(ARCHIVE.title), title=ARCHIVE.title.upper(), abstract=ARCHIVE.abstract[:30])
    expected = fold(fold(ARCHIVE, daily), page)
    for order in ([ARCHIVE, daily, page], [page, daily, ARCHIVE], [daily, page, ARCHIVE]):
        outcomes, found = added(store, [order])
        assert outcomes == [NEW, UPDATED, UPDATED]
        assert len(found["papers"]) == 1
    with store.writing() as connection:
        papers.add(connection, order, AS_OF)
        assert papers.by_ids(connection, [page.id]) == {page.id: expected}


def test_two_arxiv_papers_with_one_doi_stay_two(store: Store) -> None:
    """The DOI belongs to the first of them; the journal's record joins that one."""
    one, two = (
        replace(ARCHIVE, id=f"arxiv:2505.0000{n}", title=f"Part {n} of it", other_ids=("doi:10.5555/a",))
        for n in (1, 2)
    )
    journal = Paper(id="doi:10.5555/a", title="Part 1 and 2", venue="Sand")
    with store.writing() as connection:
        assert papers.add(connection, [one, two, journal], AS_OF) == [NEW, NEW, UPDATED]
        assert papers.by_ids(connection, [journal.id])[journal.id].id == one.id
        assert papers.count(connection) == 2


def test_equal_generic_titles_stay_two(store: Store) -> None:
    """Many works are called "Editorial"; their texts tell them apart."""
    texts = ("We look back at a year of sand.", "An index of all books that came in.")
    pages = [Paper(id=title_id("Editorial", text), title="Editorial", abstract=text) for text in texts]
    archive = replace(ARCHIVE, title="Editorial", abstract="This issue collects nine surveys of gravel.")
    with store.writing() as connection:
        assert papers.add(connection, [*pages, archive], AS_OF) == [NEW, NEW, NEW]


def test_a_renamed_work_is_not_found_by_its_old_title(store: Store) -> None:
    """A title that a newer version gave up finds nothing, in the same batch as in a later one."""
    renamed = replace(ARCHIVE, version=2, title="Gravel in slow rivers")
    page = Paper(id=title_id(ARCHIVE.title), title=ARCHIVE.title, abstract=ARCHIVE.abstract)
    for batches in ([[ARCHIVE, renamed, page]], [[ARCHIVE, renamed], [page]]):
        assert added(store, batches)[0] == [NEW, UPDATED, NEW]


def test_ten_thousand_papers_in_one_batch(store: Store) -> None:
    """Twenty thousand ids and ten thousand titles, more than SQLite takes variables, added and found."""
    batch = [
        Paper(id=f"arxiv:2505.{n:05}", title=f"Grain {n}", other_ids=(f"doi:10.5555/{n}",)) for n in range(1, 10_001)
    ]
    with store.writing() as connection:
        assert papers.add(connection, batch, AS_OF) == [NEW] * 10_000
        found = papers.by_ids(connection, set().union(*map(names, batch)))
        assert len(found) == 20_000
        assert found["doi:10.5555/10000"] == batch[-1]
        assert papers.last_seq(connection) == papers.count(connection) == 10_000


@pytest.mark.parametrize(
    ("paper", "day"),
    [
        (replace(ARCHIVE, announced=date(2025, 5, 6)), date(2025, 5, 6)),
        (ARCHIVE, date(2025, 5, 1)),
        (replace(ARCHIVE, published=None), date(2025, 5, 1)),
        (Paper(id="arxiv:hep-th/9901001", title="Old"), date(1999, 1, 1)),
        (Paper(id="doi:10.5555/a", title="Undated"), AS_OF),
    ],
    ids=["announced", "published", "month of the id", "month of an old id", "day of the dump"],
)
def test_a_paper_is_news_on_its_day(store: Store, paper: Paper, day: date) -> None:
    """The day is the announcement's, else the first version's, else the arXiv id's month, else the dump's."""
    with store.writing() as connection:
        papers.add(connection, [paper], AS_OF)
        assert papers.last_day(connection) == day


def test_an_announcement_that_turns_up_sets_the_day(store: Store) -> None:
    """A paper first known from the snapshot is news on the day it was announced."""
    with store.writing() as connection:
        papers.add(connection, [ARCHIVE], AS_OF)
        papers.add(connection, [replace(ARCHIVE, announced=date(2025, 5, 6))], AS_OF)
        assert papers.last_day(connection) == date(2025, 5, 6)


def test_days_bound_what_is_read(store: Store) -> None:
    """`between` includes both days, `before` excludes its day and begins with the newest."""
    batch = [
        replace(ARCHIVE, id=f"arxiv:2505.0000{n}", title=f"T {n}", announced=date(2025, 5, n)) for n in (4, 2, 3, 1)
    ]
    with store.writing() as connection:
        assert papers.last_day(connection) is None
        assert papers.last_seq(connection) == 0
        papers.add(connection, batch, AS_OF)
        seen = papers.between(connection, date(2025, 5, 2), date(2025, 5, 3))
        assert [(seq, day.day) for seq, day, _ in seen] == [(2, 2), (3, 3)]
        assert [paper.title for paper in papers.before(connection, date(2025, 5, 4), 2)] == ["T 3", "T 2"]
        assert papers.by_ids(connection, ["arxiv:2505.00009"]) == {}


def test_the_newest_papers_come_first(store: Store) -> None:
    """By day, within a day in order of arrival; both days are included, and the limit counts from the newest."""
    batch = [
        replace(ARCHIVE, id=f"arxiv:2505.0000{n}", title=f"T {n}", announced=date(2025, 5, day))
        for n, day in enumerate((4, 2, 3, 4), start=1)
    ]
    with store.writing() as connection:
        papers.add(connection, batch, AS_OF)
        listed = papers.newest(connection, None, None, None)
        assert [(day.day, paper.title) for day, paper in listed] == [(4, "T 1"), (4, "T 4"), (3, "T 3"), (2, "T 2")]
        assert papers.newest(connection, None, None, 2) == listed[:2]
        assert papers.newest(connection, date(2025, 5, 2), date(2025, 5, 3), None) == listed[2:]
        assert papers.by_seqs(connection, [4, 2, 9]) == [
            (2, date(2025, 5, 2), batch[1]),
            (4, date(2025, 5, 4), batch[3]),
        ]
        assert papers.after(connection, 3, 5) == [(4, date(2025, 5, 4), batch[3])]


def test_a_change_of_a_known_paper_is_a_revision(store: Store) -> None:
    """Another text or day is written to the log; a paper within its own batch, votes and duplicates are not."""
    second = replace(ARCHIVE, version=2, abstract="We measure it better.")
    third = replace(second, version=3, title="Sand in quick rivers")
    with store.writing() as connection:
        assert papers.last_revision(connection) == 0
        papers.add(connection, [ARCHIVE, second], AS_OF)
        papers.add(connection, [second, replace(second, signals=Signals(upvotes=3), venue="Sand")], AS_OF)
        assert papers.last_revision(connection) == 0
        papers.add(connection, [Paper(id="doi:10.5555/b", title="Gravel"), third], AS_OF)
        papers.add(connection, [replace(third, announced=date(2025, 5, 6))], AS_OF)
        assert papers.revised(connection, 0, 9) == {1: 1, 2: 1}
        assert papers.revised(connection, 1, 9) == {2: 1}
        assert papers.revised(connection, 0, 1) == {1: 1}
        assert papers.last_revision(connection) == 2
