"""Term statistics of all papers: grown by what comes, kept over restarts, made again when they cannot be trusted."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from digest import sample
from digest.errors import StoreError
from digest.ingest import ingest
from digest.ranking import terms
from digest.ranking.weights import Statistics
from digest.store import Store, papers, statistics

if TYPE_CHECKING:
    from pathlib import Path

    from digest.databases import Place

DAYS = sorted(sample.FOLDER.iterdir())


class Ear:
    """Somebody who remembers what was said and how far stages were."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.counted = 0

    def step(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """Remember how many were counted."""
        del stage, total, note
        self.counted = done

    def say(self, line: str) -> None:
        """Remember the line."""
        self.heard.append(line)


def add(store: Store, *days: Path) -> None:
    """Ingest bundled days."""
    ingest(store, list(days), as_of=date(2025, 5, 9))


def expected(store: Store) -> Statistics:
    """The statistics of all papers, counted at once."""
    with store.reading() as connection:
        return Statistics.of(terms.count([paper for *_, paper in papers.after(connection, 0, 1000)]))


def assert_same(found: Statistics, wanted: Statistics) -> None:
    """Both count the same."""
    assert found.papers == wanted.papers
    assert found.length == pytest.approx(wanted.length)
    np.testing.assert_array_equal(found.frequency, wanted.frequency)


def test_they_grow_by_what_came_since(place: Place) -> None:
    """After each day, over restarts, they are those of all papers, and only the new papers were counted."""
    for number, day in enumerate(DAYS, start=1):
        ear = Ear()
        with Store(place) as store:
            add(store, day)
            assert_same(statistics.of_all(store, ear), expected(store))
        assert ear.counted == 12
        assert ear.heard == []
        with Store(place) as store:
            again = Ear()
            assert statistics.of_all(store, again).papers == 12 * number
        assert again.counted == 0


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "version", "other"])
def test_what_cannot_be_trusted_is_made_again_and_said(
    tmp_path: Path, place: Place, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged file, one of another version and one of another database are replaced, and a line says so."""
    with Store(place) as store:
        add(store, *DAYS)
        statistics.of_all(store)
        file = tmp_path / "statistics.npz"
        if damage == "version":
            monkeypatch.setattr(statistics, "VERSION", statistics.VERSION + 1)
        elif damage == "other":
            with Store(tmp_path / "other" / "digest.sqlite3") as other:
                add(other, DAYS[3])
                statistics.of_all(other)
            file.write_bytes((tmp_path / "other" / "statistics.npz").read_bytes())
        else:
            file.write_bytes({"empty": b"", "text": b"not this", "cut": file.read_bytes()[:1000]}[damage])
        ear = Ear()
        assert_same(statistics.of_all(store, ear), expected(store))
        assert ear.counted == 60
        assert len(ear.heard) == 1
        assert "counting all papers again" in ear.heard[0]
        assert_same(statistics.of_all(store, quiet := Ear()), expected(store))
        assert (quiet.counted, quiet.heard) == (0, [])


def test_no_papers_have_no_terms(tmp_path: Path) -> None:
    """An empty database has statistics of nothing, and no file is written for them."""
    with Store(tmp_path / "digest.sqlite3") as store:
        assert statistics.of_all(store).papers == 0
    assert not (tmp_path / "statistics.npz").exists()


def test_a_folder_that_takes_no_file_is_named(tmp_path: Path) -> None:
    """Where the file cannot be put in place, the error says which file and why."""
    (tmp_path / "statistics.npz").mkdir()
    with Store(tmp_path / "digest.sqlite3") as store:
        add(store, DAYS[0])
        with pytest.raises(StoreError, match=r"cannot keep the term statistics: .*statistics\.npz"):
            statistics.of_all(store)
