"""Explaining a recommendation, and an absence: each rule that can keep a paper out is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from digest import pipeline
from digest.errors import StoreError
from digest.settings import Settings
from digest.store import Store, papers
from digest.types import Paper, Profile, Topic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = date(2025, 5, 9)
NOW = datetime(2025, 5, 9, 6, tzinfo=UTC)
READER = Profile(
    slug="ada", name="Ada", email="ada@example.org", topics=(Topic(text="talking heads"),), max_papers=2, min_score=10
)


# Words of their own, so that no two papers say nearly the same.
ABSTRACTS = (
    "Lips follow vowels on a rendered face.",
    "Statues nod while museum visitors listen to stories.",
    "Gaze and blinking come from a diffusion prior.",
    "Wires swap keys in a fixed pattern of few steps.",
    "Early cartoons were drawn frame by frame.",
    "Sixty methods are compared by identity and sharpness.",
)


def paper(number: int, title: str, *, day: date = DAY, category: str = "cs.CV") -> Paper:
    """A paper on the topic by its title, if at all."""
    abstract = ABSTRACTS[(number - 1) % len(ABSTRACTS)]
    return Paper(id=f"arxiv:2505.0000{number}", title=title, abstract=abstract, announced=day, categories=(category,))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A fresh installation."""
    return Settings(home=tmp_path)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """A database of a day: three papers on the topic, one beside it, one that is too old."""
    batch = [
        paper(1, "Talking heads, talking heads"),
        paper(2, "Talking heads of marble"),
        paper(3, "Heads that are talking"),
        paper(4, "Sorting networks"),
        paper(5, "Talking heads of old", day=date(2025, 1, 1)),
        paper(6, "A survey of talking heads", category="math.LO"),
    ]
    with Store(settings.database) as store:
        with store.writing() as connection:
            papers.add(connection, batch, DAY)
        yield store


def why(store: Store, settings: Settings, number: int, reader: Profile = READER, day: date = DAY) -> tuple[bool, str]:
    """Whether the paper is chosen and the rule that decided."""
    found = pipeline.explain(store, settings, reader, f"arxiv:2505.0000{number}", day=day)
    return found.chosen, found.why


def test_every_rule_has_its_words(store: Store, settings: Settings) -> None:
    """Chosen, cap, bar, window, excluded word, category and likes are each told apart."""
    fitting = sorted(why(store, settings, number) for number in (1, 2, 3, 6))
    assert [chosen for chosen, _ in fitting] == [False, False, True, True]
    assert [rule for _, rule in fitting[2:]] == ["it is number 1 of the issue", "it is number 2 of the issue"]
    assert all(rule.startswith("max_papers: the issue holds 2, ") for _, rule in fitting[:2])
    assert why(store, settings, 4)[1].startswith("min_score: its score of 0 is below the bar of 10")
    assert why(store, settings, 5)[1] == "window_days: it was no news from 2025-05-03 to 2025-05-09"
    assert why(store, settings, 6, replace(READER, exclude=("survey",)))[1] == "exclude: it holds 'survey'"
    assert why(store, settings, 6, replace(READER, categories=("cs.*",)))[1] == "categories: it is in math.LO only"
    assert why(store, settings, 1, replace(READER, liked=("arxiv:2505.00001",)))[1].startswith("liked: ")


def test_a_near_duplicate_is_told_what_it_is_like(store: Store, settings: Settings) -> None:
    """A paper that says nearly the same as a better one is not chosen for itself, and the other one is named."""
    with store.writing() as connection:
        papers.add(connection, [replace(paper(7, "Talking heads and talking heads"), abstract=ABSTRACTS[0])], DAY)
    wide = replace(READER, max_papers=10)
    chosen, folded = sorted((why(store, settings, number, wide), number) for number in (1, 7))[::-1]
    assert chosen[0][0]
    assert folded[0] == (False, f"it says nearly the same as arxiv:2505.0000{chosen[1]}")


def test_a_topics_own_maximum_has_its_words(store: Store, settings: Settings) -> None:
    """Where a topic has had its papers, the reason is the topic's maximum and not the issue's."""
    few = replace(READER, max_papers=10, topics=(Topic(text="talking heads", max_papers=3),))
    found = sorted(why(store, settings, number, few) for number in (1, 2, 3, 6))
    assert [chosen for chosen, _ in found] == [False, True, True, True]
    assert found[0][1].startswith("max_papers of the topic 'talking heads': ")


def test_a_bar_that_moved_says_who_moved_it(store: Store, settings: Settings) -> None:
    """Below a bar that the wish for so many papers a day has raised, the reason tells of that wish and of the bar."""
    before = [
        replace(paper(n, "Talking heads, talking heads"), id=f"arxiv:2504.0000{n}", announced=date(2025, 4, n))
        for n in (1, 2, 3, 5, 6)
    ]
    with store.writing() as connection:
        papers.add(connection, before, DAY)
    picky = replace(READER, papers_a_day=1, max_papers=10)
    found = pipeline.explain(store, settings, picky, "arxiv:2505.00004", day=DAY)
    assert found.bar > picky.min_score
    assert found.why == f"min_score: its score of 0 is below the bar of {found.bar:g} (papers_a_day: 1)"
    assert "papers_a_day" not in why(store, settings, 4)[1]


def test_a_paper_from_outside_is_called_so(store: Store, settings: Settings) -> None:
    """What was chosen to look beyond the interests says so with its number."""
    explorer = replace(READER, explore=1)
    assert why(store, settings, 4, explorer) == (
        True,
        "it is number 2 of the issue, from outside your interests (explore)",
    )


def test_a_score_of_nothing_is_below_any_bar(store: Store, settings: Settings) -> None:
    """With a least score of 0 a paper that fits no interest is still left out, and the reason makes sense."""
    assert why(store, settings, 4, replace(READER, min_score=0)) == (False, "min_score: a score of 0 is below any bar")


def test_what_was_sent_is_explained_as_it_was_sent(store: Store, settings: Settings) -> None:
    """After a run the same papers have the same reasons, and on a later day the issue that had the paper is named."""
    before = [why(store, settings, number) for number in range(1, 7)]
    pipeline.compose_issues(store, settings, [READER], day=DAY, now=NOW)
    assert [why(store, settings, number) for number in range(1, 7)] == before
    assert why(store, settings, 1, day=date(2025, 5, 10)) == (False, "it was in your issue of 2025-05-09")
    assert why(store, settings, 4, day=date(2025, 5, 10))[1].startswith("it was looked at for an earlier issue")


def test_an_explanation_agrees_with_the_issue(store: Store, settings: Settings) -> None:
    """What is explained as chosen is what the issue holds, with the score and the reasons printed there."""
    issue = pipeline.preview(store, settings, READER, day=DAY, now=NOW)
    chosen = [number for number in range(1, 7) if why(store, settings, number)[0]]
    assert sorted(match.paper.id for match in issue.matches) == [f"arxiv:2505.0000{number}" for number in chosen]
    first = issue.matches[0]
    found = pipeline.explain(store, settings, READER, first.paper.id, day=DAY)
    assert (found.place, found.score, found.evidence) == (1, first.score, first.evidence)


def test_an_unknown_paper_is_an_error(store: Store, settings: Settings) -> None:
    """A paper that was never ingested cannot be explained, and the answer says so."""
    with pytest.raises(StoreError, match="never ingested"):
        pipeline.explain(store, settings, READER, "arxiv:2501.00001", day=DAY)
