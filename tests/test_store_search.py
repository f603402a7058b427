"""Searching a database: what is found, in which order, and an index that follows the papers and mends itself."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest import sample
from digest.errors import StoreError
from digest.ingest import ingest
from digest.progress import Silent
from digest.ranking import search as features
from digest.ranking.search import Query
from digest.store import Store, papers, statistics, word_index
from digest.store.search import DEPTH, Bounds, Found, search, similar
from digest.types import Paper, Signals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from digest.databases import Place

AS_OF = date(2025, 5, 9)
OWLS = Paper(
    id="arxiv:2505.00001",
    version=1,
    title="Owls that hunt at night",
    abstract="They find mice by ear.",
    authors=("Émile Beispiel", "Ada Example"),
    announced=date(2025, 5, 6),
)
MICE = Paper(
    id="arxiv:2505.00002",
    title="Mice at night",
    abstract="Where owls do not find them.",
    authors=("Bob Roe",),
    announced=date(2025, 5, 7),
    other_ids=("doi:10.5555/mice",),
)
SAND = Paper(id="arxiv:2505.00003", title="Sand in slow rivers", announced=date(2025, 5, 8))


class Ear(Silent):
    """Somebody who remembers what was said, and how many papers were indexed."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.indexed = 0

    def step(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """Remember the index's steps."""
        del total, note
        if "indexing" in stage:
            self.indexed = done

    def say(self, line: str) -> None:
        """Remember the line."""
        self.heard.append(line)


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """A database with three papers."""
    with Store(place) as opened:
        add(opened, OWLS, MICE, SAND)
        yield opened


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A database with the bundled sample."""
    with Store(tmp_path_factory.mktemp("sample") / "digest.sqlite3") as opened:
        ingest(opened, [sample.FOLDER], as_of=AS_OF)
        yield opened


def add(store: Store, *batch: Paper) -> None:
    """Put papers into the database."""
    with store.writing() as connection:
        papers.add(connection, batch, AS_OF)


def ids(found: Sequence[Found]) -> list[str]:
    """The numbers that the ids of papers end with."""
    return [each.paper.id.rpartition(".")[2].lstrip("0") for each in found]


def asked(store: Store, text: str, bounds: Bounds | None = None) -> list[str]:
    """What a search finds."""
    return ids(search(store, Query.parse(text), bounds or Bounds()))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("hunting owl", ["1", "2"]),
        ("OWLS sand", ["2", "3", "1"]),
        ("xylophagous", []),
        ("Émile", ["1"]),
        ("emile BEISPIEL", ["1"]),
        ("bob", ["2"]),
        ('"bob roe"', ["2"]),
        ('"roe bob"', []),
        ('"at night"', ["2", "1"]),
        ('"mice at night"', ["2"]),
        ('"night at"', []),
        ('"night they"', []),
        ('"owls" "sand"', []),
        ('"owls" sand', ["2", "1"]),
        ("2505.00003", ["3"]),
        ("https://arxiv.org/abs/2505.00002v7 hunting", ["2", "1"]),
        ("doi:10.5555/mice", ["2"]),
        ("2505.09999", []),
        ("%", []),
        ("the", []),
        ("owls' OR NOT (NEAR *", ["2", "1"]),
    ],
)
def test_a_search_finds_what_answers_it(store: Store, text: str, found: list[str]) -> None:
    """Words count in any number, phrases must stand in one field, authors and ids are found, and nothing is syntax."""
    assert asked(store, text) == found


def test_a_result_has_day_and_score_and_the_order_is_theirs(bundled: Store) -> None:
    """Best first, equals by id, scores from 0 to 100 as the features give them, and the day the paper is news of."""
    query = Query.parse("diffusion motion")
    found = search(bundled, query)
    assert len(found) > 5
    assert found == sorted(found, key=lambda each: (-each.score, each.paper.id))
    known = statistics.of_all(bundled)
    assert [each.score for each in found] == features.by_words(query, [each.paper for each in found], known).tolist()
    assert all(0 < each.score <= 100 for each in found)
    assert all(each.day == each.paper.announced for each in found)
    assert search(bundled, query, Bounds(limit=2)) == found[:2]


def test_days_bound_a_search(bundled: Store) -> None:
    """Both days are included, for words, ids and likeness."""
    whole = search(bundled, Query.parse("motion"))
    since, until = date(2025, 5, 6), date(2025, 5, 7)
    inside = [each for each in whole if since <= each.day <= until]
    assert 0 < len(inside) < len(whole)
    assert search(bundled, Query.parse("motion"), Bounds(since=since, until=until)) == inside
    other = next(each.paper.id for each in whole if each not in inside)
    assert search(bundled, Query.parse(other), Bounds(since=since, until=until)) == []
    assert {each.day for each in similar(bundled, other, Bounds(since=since, until=until))} == {since, until}


def test_papers_like_one_are_found_without_itself(store: Store) -> None:
    """By any id of a paper, the others that share words with it; an unknown id is an error of one line."""
    assert ids(similar(store, OWLS.id)) == ["2"]
    assert similar(store, "doi:10.5555/mice") == similar(store, MICE.id)
    assert similar(store, SAND.id) == []
    with pytest.raises(StoreError, match=r"no such paper: 'arxiv:2505.09999'"):
        similar(store, "arxiv:2505.09999")


def test_the_most_like_papers_are_those_of_an_exact_comparison(bundled: Store) -> None:
    """What the index finds for a paper holds the five papers that are most like it of all."""
    with bundled.reading() as connection:
        everything = [paper for *_, paper in papers.between(connection, None, None)]
    known = statistics.of_all(bundled)
    for paper in everything[::10]:
        others = [other for other in everything if other != paper]
        exact = sorted(zip(-features.by_likeness(paper, others, known), [o.id for o in others], strict=True))[:5]
        found = similar(bundled, paper.id, Bounds(limit=5))
        assert [(-each.score, each.paper.id) for each in found] == exact


def test_more_papers_than_the_index_gives_at_once(tmp_path: Path) -> None:
    """Of papers without end a search scores `DEPTH`, and more where more are wanted."""
    with Store(tmp_path / "digest.sqlite3") as store:
        add(store, *(Paper(id=f"arxiv:2505.{n:05}", title=f"Owls number{n}x") for n in range(1, 2 * DEPTH)))
        assert len(search(store, Query.parse("owls"))) == DEPTH
        assert len(search(store, Query.parse("owls"), Bounds(limit=600))) == 600
        assert search(store, Query.parse("owls number777x"), Bounds(limit=1))[0].paper.id == "arxiv:2505.00777"


def test_the_index_follows_the_papers(store: Store) -> None:
    """New papers and revised ones are found by the words they have now, and each is indexed once."""
    assert asked(store, "owls") == ["2", "1"]
    add(store, Paper(id="arxiv:2505.00004", title="Owls again"))
    add(store, replace(OWLS, version=2, title="Foxes at dawn", abstract="They see."))
    ear = Ear()
    assert ids(search(store, Query.parse("owls"), progress=ear)) == ["4", "2"]
    assert ear.indexed == 1
    assert asked(store, "foxes") == ["1"]
    assert asked(store, '"ada example"') == ["1"]
    assert asked(store, '"hunt at night"') == []
    add(store, replace(SAND, announced=date(2025, 5, 1)))
    assert asked(store, "sand", Bounds(until=date(2025, 5, 2))) == ["3"]


def test_votes_are_no_revision(store: Store) -> None:
    """What a search does not go by does not make a paper be indexed again."""
    add(store, replace(SAND, signals=Signals(upvotes=7)))
    with store.reading() as connection:
        assert papers.last_revision(connection) == 0
    add(store, replace(SAND, version=2, title="Gravel in slow rivers"))
    with store.reading() as connection:
        assert papers.revised(connection, 0, 10) == {1: 3}


WORDS = ["owl", "mouse", "sand", "river", "night"]
TITLES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(1, 4), TITLES), min_size=1, max_size=8), search_after=st.integers(0, 8))
def test_a_word_finds_exactly_the_papers_that_have_it(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str]], search_after: int
) -> None:
    """However papers come and change, and whenever somebody searches between, the index is that of the last state."""
    with Store(tmp_path_factory.mktemp("any") / "digest.sqlite3") as store:
        for number, (paper, title) in enumerate(steps):
            add(store, Paper(id=f"arxiv:2505.0000{paper}", version=number + 1, title=f"{title} number{paper}x"))
            if number == search_after:
                word_index.grow(store, Silent())
        with store.reading() as connection:
            now = [paper for *_, paper in papers.between(connection, None, None)]
            seqs = {paper.id: papers.seq_of(connection, paper.id) for paper in now}
        for word in WORDS:
            having = {seqs[paper.id] for paper in now if word in paper.title.split()}
            found = word_index.find(store, [], features.stems(word), days=(None, None), limit=9, progress=Silent())
            assert set(found) == having


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "version", "other", "earlier"])
def test_an_index_of_no_use_is_made_again_and_said(tmp_path: Path, damage: str, store: Store) -> None:
    """A damaged index, one of another version and one of another database are replaced, and a line says so."""
    add(store, *(Paper(id=f"arxiv:2504.{n:05}", title=f"Owls number{n}x") for n in range(1, 200)))
    add(store, replace(SAND, version=2, title="Sand in slow rivers and owls"))
    word_index.grow(store, Silent())
    file = tmp_path / "search.sqlite3"
    if damage == "version":
        with closing(sqlite3.connect(file)) as index:
            index.execute("PRAGMA user_version = 99")
    elif damage in ("other", "earlier"):
        with Store(tmp_path / "other" / "digest.sqlite3") as other:
            add(other, MICE, *([OWLS] if damage == "other" else [replace(OWLS, title="Foxes"), SAND]))
            add(other, replace(MICE, version=2, title="Rats"))
            add(other, replace(MICE, version=3, title="Cats"))
            word_index.grow(other, Silent())
            file.write_bytes((tmp_path / "other" / "search.sqlite3").read_bytes())
    else:
        whole = file.read_bytes()
        file.write_bytes({"empty": b"", "text": b"not this" * 999, "cut": whole[:4096] + b"\xff" * 9999}[damage])
    ear = Ear()
    assert len(search(store, Query.parse("owls"), Bounds(limit=900), progress=ear)) == 202
    assert ear.indexed == 202
    said = [line for line in ear.heard if "search index" in line]
    assert len(said) == (damage != "empty")
    assert search(store, Query.parse("owls"), progress=(again := Ear()))
    assert (again.indexed, again.heard) == (0, [])


def test_an_index_that_cannot_be_kept_is_named(store: Store, tmp_path: Path) -> None:
    """Where no file can be put, the error says which file and why."""
    (tmp_path / "search.sqlite3").mkdir()
    with pytest.raises(StoreError, match=r"cannot use the search index: .*search\.sqlite3.*: unable to open"):
        asked(store, "owls")


SEARCH = """
import os, sys
from pathlib import Path
from digest.databases import named
from digest.progress import Silent
from digest.store import Store, word_index
print("ready", flush=True)
sys.stdin.readline()
with Store(named(Path(sys.argv[1]), os.environ.get("DIGEST_DATABASE_URL", ""))) as store:
    print(len(word_index.find(store, [], ["owl"], days=(None, None), limit=9999, progress=Silent())))
"""


def test_two_programs_search_for_the_first_time_at_once(store: Store) -> None:
    """Both make the one index together, and both find every paper."""
    add(store, *(Paper(id=f"arxiv:2504.{n:05}", title=f"Owls number{n}x") for n in range(1, 1000)))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", SEARCH, os.fspath(store.folder / "digest.sqlite3")]
    children = [subprocess.Popen(command, **pipes) for _ in range(2)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    assert [child.communicate()[0] for child in children] == ["1001\n"] * 2
