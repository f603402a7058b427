"""Works that turn out to be one: one row is left, and ledger, judgements, events, index and statistics follow it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import reduce
from itertools import pairwise, permutations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from digest.folding import fold, is_same_work
from digest.progress import Silent
from digest.ranking import terms
from digest.ranking.weights import Statistics
from digest.store import Store, events, issues, judgements, merges, papers, statistics, word_index
from digest.types import EventKind, Issue, Judgement, Match, Paper, Section

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from digest.databases import Place

AS_OF = date(2025, 5, 20)
NOW = datetime(2025, 5, 20, 6, tzinfo=UTC)
ARCHIVE = Paper(
    id="arxiv:2505.00001",
    version=1,
    title="Sand in slow rivers",
    abstract="We measure how slow rivers carry sand to the sea.",
    announced=date(2025, 5, 2),
)
JOURNAL = Paper(
    id="doi:10.5555/sand.1",
    title="Carriage of gravel by sluggish streams",
    abstract="Probes drift along and count grains.",
    venue="Journal of Sand",
    announced=date(2025, 5, 9),
)
LINK = Paper(id=ARCHIVE.id, title=ARCHIVE.title, other_ids=(JOURNAL.id, "pmid:123"))
OTHER = Paper(id="arxiv:2505.00002", title="Owls at night", abstract="They find mice by ear.")
WHOLE = reduce(fold, (ARCHIVE, JOURNAL, LINK))


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """An empty database."""
    with Store(place) as opened:
        yield opened


def add(store: Store, *batch: Paper) -> list[papers.Outcome]:
    """Add papers in one transaction."""
    with store.writing() as connection:
        return papers.add(connection, batch, AS_OF)


def numbered(store: Store) -> dict[int, Paper]:
    """All works by their numbers."""
    with store.reading() as connection:
        return {seq: paper for seq, _, paper in papers.between(connection, None, None)}


def recommend(store: Store, profile: str, day: date, *recommended: Paper) -> None:
    """Put an issue with these papers into a reader's ledger."""
    matches = tuple(Match(paper=paper, score=50.0, interest="sand") for paper in recommended)
    issue = Issue(
        id=f"{profile}-{day}",
        profile=profile,
        name=profile,
        day=day,
        composed=NOW,
        sections=(Section(heading="", matches=matches),),
        considered=2,
        passed=2,
    )
    with store.writing() as connection:
        assert issues.add(
            connection,
            issue,
            covered=issues.Coverage(day=day, seq=papers.last_seq(connection)),
            recipient="ada@example.org",
            now=NOW,
        )


def test_a_record_with_both_ids_makes_two_rows_one(store: Store) -> None:
    """The lower number stays with all that is known, every id leads to it, and the other number is not given again."""
    assert add(store, ARCHIVE, JOURNAL) == [papers.Outcome.NEW] * 2
    assert add(store, LINK) == [papers.Outcome.UPDATED]
    assert numbered(store) == {1: WHOLE}
    assert add(store, LINK, JOURNAL, ARCHIVE) == [papers.Outcome.DUPLICATE] * 3
    with store.reading() as connection:
        assert [papers.seq_of(connection, each) for each in (ARCHIVE.id, JOURNAL.id, "pmid:123")] == [1, 1, 1]
        assert [merges.current(connection, seq) for seq in (1, 2, 3)] == [1, 1, 3]
        assert papers.last_day(connection) == ARCHIVE.announced
    add(store, OTHER)
    assert numbered(store) == {1: WHOLE, 3: OTHER}


def test_a_number_that_died_in_its_own_batch_is_not_given_again(store: Store) -> None:
    """Numbers are the same however papers are cut into batches."""
    add(store, ARCHIVE, JOURNAL, LINK)
    assert numbered(store) == {1: WHOLE}
    add(store, OTHER)
    assert numbered(store) == {1: WHOLE, 3: OTHER}


def test_works_are_merged_into_merged_works(store: Store) -> None:
    """Three rows become one by two links, and every number leads to the one that is left."""
    third = Paper(id="pmid:7", title="Sluggish streams")
    links = [replace(third, other_ids=(JOURNAL.id,)), LINK]
    add(store, ARCHIVE, JOURNAL, third)
    for link in links:
        add(store, link)
    assert numbered(store) == {1: reduce(fold, (ARCHIVE, JOURNAL, third, *links))}
    with store.reading() as connection:
        assert [merges.current(connection, seq) for seq in (1, 2, 3)] == [1, 1, 1]


def test_a_close_title_makes_two_rows_one(store: Store) -> None:
    """A record that knows authors shows that a page without identifier and a journal's paper are the archive's."""
    archive = replace(ARCHIVE, authors=("Ada Example", "Bob Roe"))
    journal = replace(JOURNAL, title="Sand in Slow Rivers", abstract="", authors=("A. Example", "B. Roe"))
    add(store, replace(archive, authors=()), replace(journal, authors=()))
    assert len(numbered(store)) == 2
    add(store, archive)
    assert len(numbered(store)) == 2
    add(store, journal)
    assert [names(paper) for paper in numbered(store).values()] == [{archive.id, journal.id}]


def names(paper: Paper) -> set[str]:
    """All ids of a paper."""
    return {paper.id, *paper.other_ids}


def test_what_a_reader_had_is_not_recommended_again(store: Store) -> None:
    """Readers who had either work, or both, have had the one, and an issue composed meanwhile is refused."""
    add(store, OTHER, ARCHIVE, JOURNAL)
    recommend(store, "ada", date(2025, 5, 3), ARCHIVE)
    recommend(store, "grace", date(2025, 5, 9), JOURNAL, OTHER)
    recommend(store, "katherine", date(2025, 5, 3), ARCHIVE)
    recommend(store, "katherine", date(2025, 5, 9), JOURNAL)
    add(store, LINK)
    with store.writing() as connection:
        assert issues.recommended(connection, "ada") == {2}
        assert issues.recommended(connection, "grace") == {1, 2}
        assert issues.recommended(connection, "katherine") == {2}
        assert issues.recommended_on(connection, "grace", ARCHIVE.id) == date(2025, 5, 9)
        assert issues.coverage(connection, "grace") == issues.Coverage(day=date(2025, 5, 9), seq=3)
    with pytest.raises(AssertionError):
        recommend(store, "grace", date(2025, 5, 10), ARCHIVE)


def test_the_later_judgement_counts(store: Store) -> None:
    """What was said of either work is said of the one, and of two judgements the later is left."""
    add(store, ARCHIVE, JOURNAL)
    said = [
        ("ada", ARCHIVE, True, 3),
        ("ada", JOURNAL, False, 4),
        ("grace", ARCHIVE, True, 4),
        ("grace", JOURNAL, False, 3),
        ("katherine", JOURNAL, True, 5),
    ]
    with store.writing() as connection:
        for reader, paper, liked, day in said:
            judgements.add(connection, reader, Judgement(paper=paper.id, liked=liked, day=date(2025, 5, day)))
    add(store, LINK)
    with store.reading() as connection:
        found = {reader: judgements.of(connection, reader) for reader in ("ada", "grace", "katherine")}
    assert found == {
        reader: (Judgement(paper=ARCHIVE.id, liked=liked, day=date(2025, 5, day)),)
        for reader, liked, day in (("ada", False, 4), ("grace", True, 4), ("katherine", True, 5))
    }


def test_events_follow_and_the_merger_is_a_publication(store: Store) -> None:
    """Who liked the archive's paper learns that it is published, once, and versions of either are kept."""
    add(store, ARCHIVE, JOURNAL)
    add(store, replace(ARCHIVE, version=2))
    add(store, LINK, LINK, JOURNAL)
    with store.reading() as connection:
        found = events.of(connection, [ARCHIVE.id])
        assert events.of(connection, [JOURNAL.id]) == found
    assert [(each.kind, each.detail) for each in sorted(found, key=lambda event: event.kind)] == [
        (EventKind.NEW_VERSION, "2"),
        (EventKind.PUBLISHED, "Journal of Sand, doi:10.5555/sand.1"),
    ]


def test_two_publications_of_one_work_are_one(store: Store) -> None:
    """Both works were published after they came: the event of the one that stays is left."""
    late = replace(ARCHIVE, venue="Sand Letters")
    add(store, ARCHIVE, replace(JOURNAL, id="pmid:9", venue=None))
    add(store, late, replace(JOURNAL, id="pmid:9"))
    add(store, replace(LINK, other_ids=("pmid:9",)))
    with store.reading() as connection:
        assert [each.detail for each in events.of(connection, ["pmid:9"])] == ["Sand Letters"]


def words_of(store: Store, word: str) -> list[int]:
    """Numbers of the papers that the index finds for a stem."""
    return sorted(word_index.find(store, [], [word], days=(None, None), limit=9, progress=Silent()))


def test_the_index_forgets_what_is_no_more(store: Store) -> None:
    """The words of both works find the one that is left, and no word finds the number that is gone."""
    add(store, OTHER, ARCHIVE, JOURNAL)
    assert words_of(store, "sand") == [2]
    assert words_of(store, "gravel") == [3]
    add(store, replace(LINK, version=2, title="Gravel and sand", abstract="Rivers carry them."))
    assert words_of(store, "sand") == words_of(store, "gravel") == [2]
    assert words_of(store, "owl") == [1]
    file = store.folder / "search.sqlite3"
    inode = file.stat().st_ino
    add(store, replace(OTHER, id="arxiv:2505.00003"))
    assert words_of(store, "owl") == [1, 4]
    assert file.stat().st_ino == inode


def counted(store: Store) -> Statistics:
    """The statistics as they are kept, which are those of all works counted at once."""
    found = statistics.of_all(store)
    wanted = Statistics.of(terms.count(list(numbered(store).values())))
    assert found.papers == wanted.papers
    np.testing.assert_array_equal(found.frequency, wanted.frequency)
    assert found.length == pytest.approx(wanted.length)
    return found


@pytest.mark.parametrize("last", [(), (OTHER,)], ids=["the last paper goes", "another goes"])
def test_the_statistics_forget_what_is_no_more(store: Store, last: Sequence[Paper]) -> None:
    """A merged work is counted once, whether it was counted before or not, and nothing is counted again for it."""
    add(store, ARCHIVE, JOURNAL, *last)
    counted(store)
    file = store.folder / "statistics.npz"
    add(store, replace(LINK, abstract=""))
    assert counted(store).papers == 1 + len(last)
    changed = file.stat().st_mtime_ns
    assert counted(store).papers == 1 + len(last)
    assert file.stat().st_mtime_ns == changed
    late = replace(ARCHIVE, id="arxiv:2505.00004", title="Clay", abstract=""), Paper(id="pmid:5", title="Silt")
    add(store, *late)
    add(store, replace(late[0], other_ids=("pmid:5",)))
    assert statistics.of_all(store).papers == 2 + len(last)


IDS = [["arxiv:2401.00001"], ["doi:10.5555/a", "pmid:1"], ["pmid:2"], ["openreview:AbC12xyz", "doi:10.5555/b"]]


@st.composite
def linked(draw: st.DrawFn) -> list[Paper]:
    """Three records, of which the third bears ids of the first two, and neither of these is the other."""
    some, others = draw(st.permutations(IDS))[:2]
    both = draw(st.permutations([draw(st.sampled_from(some)), draw(st.sampled_from(others))]))
    records = [
        Paper(
            id=ids[0],
            other_ids=tuple(ids[1:]),
            title=draw(st.sampled_from(["Sand", "Gravel in rivers of the north", "Sand in rivers"])),
            abstract=draw(st.sampled_from(["", "a b c d", "p q r s"])),
            version=draw(st.none() | st.integers(1, 2)),
            authors=draw(st.sampled_from([(), ("Ada Example",)])),
            announced=draw(st.none() | st.dates(date(2024, 1, 1), date(2024, 1, 5))),
        )
        for ids in (some, others, both)
    ]
    assume(not is_same_work(records[0], records[1]))
    return records


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=linked(), cuts=st.sets(st.integers(1, 2)))
def test_any_order_of_linked_records_makes_one_work(store: Store, records: list[Paper], cuts: set[int]) -> None:
    """Whichever comes first, in whatever batches: one row with the same paper, found by every id."""
    for order in permutations(records):
        with store.writing() as connection:
            savepoint = connection.begin_nested()
            borders = [0, *sorted(cuts), len(order)]
            for start, end in pairwise(borders):
                papers.add(connection, order[start:end], AS_OF)
            found = [paper for _, _, paper in papers.between(connection, None, None)]
            assert found == [reduce(fold, records)]
            assert papers.by_ids(connection, names(found[0])) == dict.fromkeys(names(found[0]), found[0])
            savepoint.rollback()


KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
import sqlalchemy as sa
from digest.databases import named
from digest.store import Store, papers
from digest.types import Paper
left = int(sys.argv[2])

def stop(*_):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

with Store(named(Path(sys.argv[1]), os.environ.get("DIGEST_DATABASE_URL", ""))) as store, store.writing() as connection:
    sa.event.listen(connection, "before_cursor_execute", stop)
    papers.add(connection, [Paper(id="arxiv:2505.00001", title="Sand", other_ids=("doi:10.5555/sand.1",))], date.max)
"""


@pytest.mark.parametrize("statement", [8, 14, 20])
def test_a_killed_merger_leaves_all_as_it_was(store: Store, statement: int) -> None:
    """Whatever statement a program was killed at, both works are there as before, and can be merged again."""
    add(store, ARCHIVE, JOURNAL)
    recommend(store, "ada", date(2025, 5, 9), JOURNAL)
    before = numbered(store)
    command = [sys.executable, "-c", KILLED, os.fspath(store.folder / "digest.sqlite3"), str(statement)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert numbered(store) == before
    add(store, LINK)
    assert numbered(store) == {1: WHOLE}
    with store.reading() as connection:
        assert issues.recommended(connection, "ada") == {1}
