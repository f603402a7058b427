"""What a score is worth: papers counted by their scores, and those that readers chose among them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from digest.progress import Silent
from digest.ranking.evaluation import sets
from digest.ranking.evaluation.calibration import EDGES, calibration
from digest.ranking.evaluation.sets import EvaluationSet, Task
from digest.ranking.rank import Ranker
from digest.types import Paper, Profile, Topic

if TYPE_CHECKING:
    from pathlib import Path

TITLES = ("Owls hunt voles at dusk", "Owls by moonlight", "Voles in the barn", "Bread and its crust", "Sums of squares")
PAPERS = {f"p{n}": Paper(id=f"p{n}", title=title) for n, title in enumerate(TITLES)}


def test_every_ranked_paper_is_in_the_band_of_its_score() -> None:
    """Bands hold each paper of a task's ranking once, by its score, and count those the reader chose."""
    reader = Profile(slug="ada", name="Ada", topics=(Topic(text="owls at dusk"),), liked=("p3",))
    task = Task(id="ada", pool="all", reader=reader, relevant=frozenset({"p0", "p4"}))
    bands = calibration(EvaluationSet(papers=PAPERS, pools={"all": tuple(PAPERS)}, tasks=(task,)), Silent())
    assert [(band.low, band.high) for band in bands] == list(pairwise(EDGES))
    ranking = Ranker(list(PAPERS.values()), [], PAPERS).rank(reader)
    assert sum(band.papers for band in bands) == len(ranking) == 4
    for band in bands:
        within = [m for m in ranking if band.low <= m.score < band.high or m.score == band.high == EDGES[-1]]
        assert band.papers == len(within)
        assert band.chosen == sum(match.paper.id in task.relevant for match in within)
    assert sum(band.chosen for band in bands) == 2


def test_higher_scores_are_chosen_more_often(samples: Path) -> None:
    """On real readers' libraries the share of chosen papers grows from band to band."""
    whole = sets.read(samples.parent / "eval" / "citeulike-small").of_pools(["pool2"])
    shares = [band.chosen / band.papers for band in calibration(whole, Silent())]
    assert shares[0] < shares[2] < shares[-1]
    assert shares[-1] > 5 * shares[0]
