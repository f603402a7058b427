"""Methods run over a set, and the report of it: rankings, figures, and the command."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from digest.cli.evaluate import evaluate
from digest.errors import EvaluationError
from digest.progress import Silent
from digest.ranking.evaluation import outcome
from digest.ranking.evaluation.baselines import BASELINES
from digest.ranking.evaluation.measures import MEASURES
from digest.ranking.evaluation.methods.ours import Ours
from digest.ranking.evaluation.sets import EvaluationSet, Task
from digest.types import Paper, Profile, Topic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

IDS = [f"p{n}" for n in range(6)]
WORDS = ("heads that talk", "organs in scans", "music from words", "heads and speech", "sums", "birds that sing")


def reader(name: str, *liked: str) -> Profile:
    """A reader who likes these papers."""
    return Profile(slug=name, name=name, liked=liked)


SET = EvaluationSet(
    papers={paper_id: Paper(id=paper_id, title=title) for paper_id, title in zip(IDS, WORDS, strict=True)},
    pools={"monday": ("p2", "p0", "p1"), "all": tuple(IDS)},
    tasks=(
        Task(id="ada", pool="monday", reader=reader("ada", "p3"), relevant=frozenset({"p0"})),
        Task(id="ben", pool="all", reader=reader("ben", "p1", "p5"), relevant=frozenset({"p0", "p2"})),
    ),
)


class Fixed:
    """A method that gives a paper the score that stands for its id, and 0 to all others."""

    def __init__(self, name: str, **scores: float) -> None:
        self.name = name
        self._scores = scores

    def scores(
        self,
        candidates: Sequence[Paper],
        history: Sequence[Paper],  # noqa: ARG002  (the protocol's)
        readers: Sequence[Profile],
    ) -> NDArray[np.float64]:
        """The same for every reader."""
        return np.array([[self._scores.get(paper.id, 0.0) for paper in candidates] for _ in readers])


def mrr(*methods: Fixed) -> list[list[float]]:
    """The reciprocal rank of each task, by method."""
    found = outcome.run(SET, methods, clock=lambda: 0.0, progress=Silent())
    return [each.values[:, list(MEASURES).index("mrr@10")].tolist() for each in found]


def test_the_best_score_comes_first_and_equals_are_ordered_by_id() -> None:
    """Without a difference p0 is first; a candidate with a better score goes before it, one at -inf behind."""
    same, better, never = mrr(Fixed("same"), Fixed("better", p1=1.0, p2=0.5, p4=2.0), Fixed("never", p0=-np.inf))
    assert same == [1.0, 1.0]
    assert better == [1 / 3, 1 / 2]
    assert never == [1 / 3, 1.0]


def test_liked_papers_of_the_pool_are_left_out() -> None:
    """Ben likes p1 and p5, so p0 is first for him however high these score."""
    assert mrr(Fixed("known", p1=9.0, p5=8.0))[0] == [1 / 2, 1.0]


def test_places_are_those_of_the_relevant_papers() -> None:
    """They count without the liked papers, as far down as the ranking goes; what a method leaves out has none."""
    methods = [Fixed("known", p1=9.0, p4=8.0, p2=7.0), Fixed("never", p0=-np.inf)]
    known, never = outcome.run(SET, methods, clock=lambda: 0.0, progress=Silent())
    assert known.places == {"ada": (3,), "ben": (2, 3)}
    assert never.places == {"ada": (), "ben": (1,)}


def test_a_task_is_ranked_for_its_whole_profile() -> None:
    """Weights, authors and bounds are the reader's, not only topics and likes: a paper out of bounds has no place."""
    away = Profile(slug="ada", name="Ada", topics=(Topic(text="heads that talk"),), exclude=("talk",))
    task = Task(id="ada", pool="monday", reader=away, relevant=frozenset({"p0"}))
    (found,) = outcome.run(replace(SET, tasks=(task,)), [Ours()], clock=lambda: 0.0, progress=Silent())
    assert found.places == {"ada": ()}


def test_a_pool_with_a_history_of_its_own_has_no_other() -> None:
    """Where a set says what was known before a pool, a method sees that and no more."""
    seen: list[list[str]] = []

    class Curious(Fixed):
        def scores(
            self, candidates: Sequence[Paper], history: Sequence[Paper], readers: Sequence[Profile]
        ) -> NDArray[np.float64]:
            seen.append([paper.id for paper in history])
            return super().scores(candidates, history, readers)

    histories = {"monday": ("p5", "p3")}
    outcome.run(replace(SET, histories=histories), [Curious("any")], clock=lambda: 0.0, progress=Silent())
    assert seen == [["p3", "p5"], []]


def test_seconds_are_those_of_one_reader() -> None:
    """With a clock that ticks at each look, two pools of one reader each take a tick a reader."""
    ticks = count()
    (found,) = outcome.run(SET, [Fixed("any")], clock=lambda: float(next(ticks)), progress=Silent())
    assert found.seconds == 1.0


def test_a_lead_is_the_mean_difference_within_its_interval() -> None:
    """Against itself a method leads by nothing; a better one by what it is better in the mean."""
    good, poor = outcome.run(SET, [Fixed("good", p0=1.0), Fixed("poor", p1=1.0)], clock=lambda: 0.0, progress=Silent())
    assert good.lead(good, "mrr@10") == (0.0, 0.0, 0.0)
    lead, low, high = good.lead(poor, "mrr@10")
    assert lead == pytest.approx(0.25)
    assert low <= lead <= high


def test_figures_hold_every_measure_with_its_interval() -> None:
    """Means, intervals and seconds stand under the names that the JSON output promises."""
    (found,) = outcome.run(SET, [Fixed("any")], clock=lambda: 0.0, progress=Silent())
    figures = found.figures()
    assert set(figures) == {*MEASURES, *(f"{measure}_interval" for measure in MEASURES), "seconds"}
    assert figures["ndcg@20"] == round(found.mean("ndcg@20"), 4)
    assert figures["ndcg@20_interval"] == [round(bound, 4) for bound in found.interval("ndcg@20")]


app = typer.Typer(pretty_exceptions_enable=False)
app.command()(evaluate)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small set on disk, of readers with topics."""
    papers = [{"id": paper.id, "title": paper.title, "abstract": ""} for paper in SET.papers.values()]
    tasks = [
        {"id": "ada", "pool": "monday", "topics": ["organs"], "relevant": ["p1"]},
        {"id": "ben", "pool": "all", "topics": ["birds", "speech"], "relevant": ["p3", "p5"]},
    ]
    (tmp_path / "papers.jsonl").write_text("\n".join(map(json.dumps, papers)))
    (tmp_path / "pools.json").write_text(json.dumps(SET.pools))
    (tmp_path / "tasks.jsonl").write_text("\n".join(map(json.dumps, tasks)))
    return tmp_path


def test_the_command_prints_json_of_ours_and_all_baselines(folder: Path) -> None:
    """Scripts find ours, each baseline by name, and the number of tasks."""
    result = CliRunner().invoke(app, [str(folder), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert list(found) == ["ours", "baselines", "tasks", "calibration"]
    assert list(found["baselines"]) == list(BASELINES)
    assert found["tasks"] == 2
    assert found["ours"]["mrr@10"] == 1.0
    assert found["ours"].keys() == found["baselines"]["svm"].keys()


def test_the_command_takes_some_baselines_and_pools_only(folder: Path) -> None:
    """What is not asked for is not run."""
    result = CliRunner().invoke(app, [str(folder), "--json", "--baseline", "bm25", "--pool", "monday"])
    found = json.loads(result.stdout)
    assert (list(found["baselines"]), found["tasks"]) == (["bm25"], 1)


def test_the_command_prints_a_table_with_the_best_marked(folder: Path) -> None:
    """Columns are aligned, a star marks the best of each, the best baseline is compared with, and scores are told."""
    result = CliRunner().invoke(app, [str(folder), "--baseline", "random", "--baseline", "bm25"])
    size, _, head, ours, chance, bm25, _, _, verdict, _, scores, *bands = result.stdout.splitlines()
    assert scores == "score      papers  chosen"
    assert [band.split()[0] for band in bands] == ["0", "10", "25", "40", "60", "80"]
    assert size == "2 tasks, 2 pools, 6 papers"
    column = head.index("MRR@10")
    assert ours[column:].startswith("1.0000*")
    assert bm25[column:].startswith("1.0000*")
    assert chance[column - 2 : column] == "  "
    assert verdict.startswith("ours against bm25, the best baseline by nDCG@20: +0.0000, paired 95 % interval")
    assert verdict.endswith("it may be chance")


@pytest.mark.parametrize("option", ["--baseline", "--pool"])
def test_an_unknown_name_is_wrong_use_and_the_known_ones_are_told(folder: Path, option: str) -> None:
    """Exit code 2, and what could have been meant."""
    result = CliRunner().invoke(app, [str(folder), option, "bn25"], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert "unknown 'bn25': expected one of" in result.stderr


def test_the_help_names_every_baseline() -> None:
    """Nobody has to guess a name."""
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).stdout
    assert all(name in shown for name in BASELINES)


def test_a_faulty_set_is_an_error_that_a_person_can_mend(folder: Path) -> None:
    """The command line's entry prints it as a line; no traceback comes of it."""
    (folder / "tasks.jsonl").write_text("{}")
    result = CliRunner().invoke(app, [str(folder)])
    assert isinstance(result.exception, EvaluationError)
    assert "tasks.jsonl:1: id: missing" in str(result.exception)
