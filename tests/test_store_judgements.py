"""Judgements in the database: one a reader and paper, the last one said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from digest.store import Store, judgements, papers
from digest.types import Judgement, Paper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.databases import Place

DAY = date(2025, 5, 9)
PAPERS = [Paper(id=f"arxiv:2505.0000{n}", title=f"Owls {n} of the north") for n in range(1, 4)]
ONE, TWO, THREE = (paper.id for paper in PAPERS)


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """A database with three papers."""
    with Store(place) as opened:
        with opened.writing() as connection:
            papers.add(connection, PAPERS, DAY)
        yield opened


def say(store: Store, profile: str, paper: str, *, liked: bool, day: date = DAY) -> bool:
    """Note a judgement in a transaction of its own."""
    with store.writing() as connection:
        return judgements.add(connection, profile, Judgement(paper=paper, liked=liked, day=day))


def said(store: Store, profile: str) -> list[tuple[str, bool, date]]:
    """What a reader said, as plain values."""
    with store.reading() as connection:
        return [(each.paper, each.liked, each.day) for each in judgements.of(connection, profile)]


def test_judgements_come_in_order_of_day_and_then_of_id(store: Store) -> None:
    """Whatever the order in which they were noted; other readers' are not among them."""
    yesterday = DAY - timedelta(days=1)
    assert say(store, "ada", THREE, liked=True)
    assert say(store, "ada", ONE, liked=False)
    assert say(store, "ada", TWO, liked=True, day=yesterday)
    assert say(store, "ben", TWO, liked=False)
    assert said(store, "ada") == [(TWO, True, yesterday), (ONE, False, DAY), (THREE, True, DAY)]
    assert said(store, "ben") == [(TWO, False, DAY)]


def test_what_was_said_last_of_a_paper_counts(store: Store) -> None:
    """It takes the place of what was said before, also where it bears an earlier day."""
    earlier = DAY - timedelta(days=9)
    assert say(store, "ada", ONE, liked=True)
    assert say(store, "ada", ONE, liked=False, day=earlier)
    assert said(store, "ada") == [(ONE, False, earlier)]


def test_an_unknown_paper_is_not_judged(store: Store) -> None:
    """No row could name it."""
    assert not say(store, "ada", "arxiv:2505.99999", liked=True)
    assert said(store, "ada") == []


def test_a_judgement_is_taken_back_once(store: Store) -> None:
    """Only of that reader and that paper; a second time there is nothing to take back."""
    for profile, paper in (("ada", ONE), ("ada", TWO), ("ben", ONE)):
        assert say(store, profile, paper, liked=True)
    with store.writing() as connection:
        assert judgements.remove(connection, "ada", ONE)
        assert not judgements.remove(connection, "ada", ONE)
        assert not judgements.remove(connection, "ada", "arxiv:2505.99999")
    assert said(store, "ada") == [(TWO, True, DAY)]
    assert said(store, "ben") == [(ONE, True, DAY)]


@pytest.mark.parametrize("changed", [{"liked": False}, {"day": DAY + timedelta(days=1)}], ids=["otherwise", "later"])
def test_only_the_judgement_that_was_learned_is_settled(store: Store, changed: dict[str, object]) -> None:
    """What the reader said since waits for the next time."""
    learned = Judgement(paper=ONE, liked=True, day=DAY)
    assert say(store, "ada", ONE, liked=True)
    with store.writing() as connection:
        assert not judgements.settle(connection, "ada", replace(learned, **changed))  # type: ignore[arg-type]  # as named
        assert judgements.settle(connection, "ada", learned)
        assert not judgements.settle(connection, "ada", learned)
    assert said(store, "ada") == []


def test_a_paper_that_took_a_stronger_id_stays_judged(store: Store) -> None:
    """Judgements are of works: after a DOI's paper turned out to be arXiv's, it goes by that id."""
    weak = Paper(id="doi:10.5555/a", title="Later on arXiv of all")
    strong = Paper(id="arxiv:2505.00009", title="Later on arXiv of all", other_ids=("doi:10.5555/a",))
    with store.writing() as connection:
        papers.add(connection, [weak], DAY)
    assert say(store, "ada", "doi:10.5555/a", liked=True)
    with store.writing() as connection:
        papers.add(connection, [strong], DAY)
    assert said(store, "ada") == [("arxiv:2505.00009", True, DAY)]
    assert say(store, "ada", "doi:10.5555/a", liked=False)
    assert said(store, "ada") == [("arxiv:2505.00009", False, DAY)]
