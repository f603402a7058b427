"""What parts of a run look at is the same, and counted once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from digest.corpus import Corpus
from digest.ranking.rank import Ranker
from digest.ranking.terms import count
from digest.ranking.weights import Statistics
from digest.types import Paper, Profile, Signals, Topic

DAY = date(2025, 5, 9)
OWLS = [
    Paper(id=f"doi:10.1000/owl{number}", title=f"Owls {number}", abstract=f"of wood {number}", announced=DAY)
    for number in range(5)
]
TIDES = [replace(paper, id=f"doi:10.1000/tide{n}", title=f"Tides {n}") for n, paper in enumerate(OWLS)]
READER = Profile(slug="ada", name="Ada", topics=(Topic(text="owls"),), trending=0.5, min_score=0)


def statistics(papers: list[Paper]) -> Statistics:
    """The statistics of papers."""
    return Statistics.of(count(papers))


def scores(ranker: Ranker) -> dict[str, float]:
    """The scores of the reader's papers, by their ids."""
    return {match.paper.id: match.score for match in ranker.rank(READER)}


def test_the_same_papers_are_counted_once() -> None:
    """A second part of a run, whose readers judged other papers, has what the first counted and its own judgements."""
    corpus = Corpus()
    first = corpus.ranker(OWLS, TIDES, {}, statistics(OWLS), DAY)
    judged = {TIDES[0].id: TIDES[0]}
    second = corpus.up_to(7).ranker([*OWLS], [*TIDES], judged, statistics(OWLS), DAY)
    assert second._space is first._space  # noqa: SLF001  (that nothing is counted again shows nowhere else but by a clock)
    liking = replace(READER, liked=tuple(judged))
    fresh = Ranker(OWLS, TIDES, judged, statistics(OWLS), DAY)
    assert second.rank(liking) == fresh.rank(liking)
    assert first.rank(READER) == second.rank(READER)


@pytest.mark.parametrize(
    ("papers", "background", "known", "day"),
    [
        ([replace(OWLS[0], signals=Signals(upvotes=90)), *OWLS[1:]], TIDES, OWLS, DAY),
        (OWLS[1:], TIDES, OWLS, DAY),
        (OWLS, TIDES[1:], OWLS, DAY),
        (OWLS, TIDES, TIDES, DAY),
        (OWLS, TIDES, OWLS, date(2025, 5, 12)),
    ],
    ids=["votes", "candidates", "background", "statistics", "day"],
)
def test_whatever_changed_is_counted_anew(
    papers: list[Paper], background: list[Paper], known: list[Paper], day: date
) -> None:
    """Where a vote, a paper, the statistics or the day differs, the ranking is that of a ranker of its own."""
    corpus = Corpus()
    before = corpus.ranker(OWLS, TIDES, {}, statistics(OWLS), DAY)
    after = corpus.ranker(papers, background, {}, statistics(known), day)
    assert after._space is not before._space or after is not before  # noqa: SLF001
    assert scores(after) == scores(Ranker(papers, background, {}, statistics(known), day))


def test_a_bound_is_kept() -> None:
    """Papers behind the number are not looked at; without one, all there are."""
    assert (Corpus().last(9), Corpus(5).last(9), Corpus(12).last(9)) == (9, 5, 9)
