"""Growing statistics and word index behind an ingest: chunk by chunk, they come to what a count of all comes to."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.progress import Silent
from digest.ranking import search as features
from digest.store import Store, following, papers, statistics, word_index
from digest.types import Paper

if TYPE_CHECKING:
    from pathlib import Path

    from digest.databases import Place

from datetime import date

AS_OF = date(2025, 5, 9)
WORDS = ["owl", "mouse", "sand", "river", "night", "éclair"]
TITLES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)


class StopError(Exception):
    """Ends a following."""


def add(store: Store, *batch: Paper) -> None:
    """Put papers into the database."""
    with store.writing() as connection:
        papers.add(connection, batch, AS_OF)


def having(store: Store, word: str) -> list[int]:
    """Numbers of the papers that have a word."""
    found = word_index.find(store, [], features.stems(word), days=(None, None), limit=99, progress=Silent())
    return sorted(found)


def assert_as_made_anew(store: Store, folder: Path) -> None:
    """Both files have all papers, and say what others say that are made of the same papers now."""
    last = statistics.kept(store, Silent())
    with store.reading() as connection:
        assert last.counted == papers.last_seq(connection) == word_index.grow(store, Silent(), chunks=0)
    folder.mkdir()
    with store.writing():
        shutil.copy(store.place, folder)
        shutil.copy(store.place.with_name(f"{store.place.name}-wal"), folder)
    with Store(folder / store.place.name) as anew:
        wanted = statistics.of_all(anew)
        assert last.statistics.papers == wanted.papers
        assert last.statistics.length == pytest.approx(wanted.length)
        np.testing.assert_array_equal(last.statistics.frequency, wanted.frequency)
        for word in WORDS:
            assert having(store, word) == having(anew, word)


@settings(max_examples=15)
@given(
    batches=st.lists(st.lists(st.tuples(st.integers(1, 30), TITLES), min_size=1, max_size=8), max_size=5),
    chunk=st.integers(1, 7),
)
def test_what_comes_while_it_follows_is_counted_and_indexed_once(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[int, str]]], chunk: int
) -> None:
    """However papers come, in batches of any size beside chunks of any size, nothing is left out or taken twice."""
    left = list(batches)
    told: list[int] = []
    folder = tmp_path_factory.mktemp("any")
    with pytest.MonkeyPatch.context() as patch, Store(folder / "digest.sqlite3") as store:
        patch.setattr(following, "_CHUNK", chunk)
        patch.setattr(word_index, "_CHUNK", chunk)
        patch.setattr(statistics, "_CHUNK", chunk)
        patch.setattr(following, "_KEPT_EVERY", 2 * chunk)

        def is_over(_seconds: float) -> bool:
            if not left:
                return True
            add(store, *(Paper(id=f"arxiv:2505.{number:05}", title=title) for number, title in left.pop(0)))
            return False

        following.follow(store, is_over, told.append)
        assert told == sorted(told)
        # Papers that came twice were counted as they came first; the title that was changed is in the index.
        titles = {number: title for batch in reversed(batches) for number, title in reversed(batch)}
        assert statistics.kept(store, Silent()).statistics.papers == len(titles)
        if sum(map(len, batches)) == len(titles):
            assert_as_made_anew(store, folder / "anew")


def test_works_that_change_and_merge_while_it_follows(place: Place) -> None:
    """A paper that is rewritten is found by its new words, and one that became part of another is forgotten."""
    one = Paper(id="title:0123456789abcdef", title="Owls in slow rivers", authors=("Ada Example",), abstract="Owls.")
    other = Paper(id="arxiv:2505.00002", title="Mice by night", version=1, authors=("Ada Example",))
    steps = [
        [one, Paper(id="doi:10.5555/owls", title="Sand", authors=("Bob Roe",)), other],
        [replace(other, version=2, title="Rats by day")],
        [replace(one, other_ids=("doi:10.5555/owls",), id="pmid:123")],
    ]
    with pytest.MonkeyPatch.context() as patch, Store(place) as store:
        patch.setattr(following, "_CHUNK", 1)

        def is_over(_seconds: float) -> bool:
            if steps:
                add(store, *steps.pop(0))
            return not steps

        following.follow(store, is_over, lambda _: None)
        assert having(store, "rats") == [3]
        assert having(store, "mice") == []
        with store.reading() as connection:
            alive = [seq for seq, *_ in papers.between(connection, None, None)]
        assert {seq for word in ("sand", "owls", "rats") for seq in having(store, word)} <= set(alive)


def test_what_was_done_is_kept_when_it_is_ended(tmp_path: Path) -> None:
    """Ended half-way, it leaves what it has counted and indexed, and goes on from there."""
    with pytest.MonkeyPatch.context() as patch, Store(tmp_path / "digest.sqlite3") as store:
        for module in (following, word_index, statistics):
            patch.setattr(module, "_CHUNK", 10)
        add(store, *(Paper(id=f"arxiv:2505.{n:05}", title=f"Owl {n}x") for n in range(1, 36)))
        asked: list[float] = []

        def is_over(seconds: float) -> bool:
            asked.append(seconds)
            if len(asked) > 2:
                raise StopError
            return False

        with pytest.raises(StopError):
            following.follow(store, is_over, lambda _: None)
        assert statistics.kept(store, Silent()).counted == 20
        assert word_index.grow(store, Silent(), chunks=0) == 20
        told: list[int] = []
        following.follow(store, lambda _: True, told.append)
        assert told[0] == 30
        assert_as_made_anew(store, tmp_path / "anew")
