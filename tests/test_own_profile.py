"""A profile measured on its reader's last days: which tasks come of them, and what is known before each."""

from __future__ import annotations

import io
import json
import sys
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from digest import retrospect
from digest.cli.main import main
from digest.ranking.evaluation.own import own_set
from digest.settings import Settings
from digest.store import Store, judgements, papers
from digest.types import Judgement, Paper, Profile, Topic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.databases import Place
    from digest.ranking.evaluation.sets import EvaluationSet

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (date(2025, 5, 5) + timedelta(days=n) for n in range(4))
OLD = [Paper(id=f"old{n}", title=f"Old owls {n}") for n in range(5)]
NEWS = [
    (MONDAY, Paper(id="m1", title="Owls hunt")),
    (MONDAY, Paper(id="m2", title="Bats sleep")),
    (TUESDAY, Paper(id="t1", title="Owls nest")),
    (TUESDAY, Paper(id="t2", title="Moths glow")),
    (WEDNESDAY, Paper(id="w1", title="Owls call")),
    (THURSDAY, Paper(id="th1", title="Owls moult")),
]
KNOWN = {paper.id: paper for paper in (*OLD, *(paper for _, paper in NEWS))}
ADA = Profile(
    slug="ada",
    name="Ada",
    topics=(Topic(text="owls", weight=2.0),),
    liked=("old0", "m1", "w1", "th1"),
    disliked=("old1", "t2"),
    judged_on={"m1": MONDAY, "w1": THURSDAY},
    authors=("Jane Roe",),
)


def own(profile: Profile = ADA, *liked: str, until: date = WEDNESDAY, background_papers: int = 3) -> EvaluationSet:
    """The set of Monday to `until`, with the five old papers before it, of which `old4` is the newest."""
    judged = {name: KNOWN[name] for name in (*profile.liked, *profile.disliked) if name in KNOWN}
    return own_set(
        profile,
        liked or ("m1", "w1", "th1"),
        NEWS,
        earlier=OLD[::-1],
        judged=judged,
        until=until,
        background_papers=background_papers,
    )


def test_a_task_is_a_day_that_brought_a_liked_paper() -> None:
    """Its pool is all news of the day; days without a liked paper and days after the last give none."""
    found = own()
    assert [(task.pool, task.relevant) for task in found.tasks] == [
        ("2025-05-05", frozenset({"m1"})),
        ("2025-05-07", frozenset({"w1"})),
    ]
    assert found.pools == {"2025-05-05": ("m1", "m2"), "2025-05-07": ("w1",)}
    assert own(ADA, "nothing").tasks == ()


def test_nobody_knows_the_future() -> None:
    """A day's reader has no judgement of the day's papers or of later ones, not even of those after the last day."""
    monday, wednesday = (task.reader for task in own().tasks)
    assert (monday.liked, monday.disliked, monday.judged_on) == (("old0",), ("old1",), {})
    assert (wednesday.liked, wednesday.disliked) == (("old0", "m1"), ("old1", "t2"))
    assert wednesday.judged_on == {"m1": MONDAY}


def test_all_else_of_the_profile_is_kept() -> None:
    """Topics with their weights, authors and the rest are what the reader has now."""
    for task in own().tasks:
        assert (task.reader.topics, task.reader.authors) == (ADA.topics, ADA.authors)
        assert task.reader.slug == task.id
    assert len({task.id for task in own().tasks}) == 2


def test_the_history_is_the_newest_papers_before_the_day_and_the_judged_ones() -> None:
    """As many as background papers are wanted, those of the period included; judged papers however old."""
    found = own()
    assert [paper.id for paper in found.history("2025-05-05")] == ["old0", "old1", "old2", "old3", "old4"]
    assert [paper.id for paper in found.history("2025-05-07")] == ["m1", "m2", "old0", "old1", "t1", "t2"]
    assert [paper.id for paper in own(background_papers=0).history("2025-05-05")] == ["old0", "old1"]


def test_papers_go_by_their_canonical_ids() -> None:
    """The profile may know a paper by a DOI, and may name papers that were never seen."""
    ada = Profile(slug="ada", name="Ada", liked=("doi:10.5555/a", "doi:10.5555/b"))
    judged = {"doi:10.5555/a": OLD[0]}
    (task,) = own_set(ada, {"m1"}, NEWS, earlier=OLD[::-1], judged=judged, until=WEDNESDAY, background_papers=1).tasks
    assert task.reader.liked == ("old0",)


# With a database

PAPERS = [
    Paper(id=f"arxiv:2505.0{day.day:02}{n}1", title=title, abstract="They live in the north.", announced=day)
    for day in (MONDAY, TUESDAY, WEDNESDAY)
    for n, title in enumerate(("Owls hunt at night", "Bats sleep in caves", "Moths fly to the light"))
]
OWLS_MONDAY, OWLS_TUESDAY, BATS_TUESDAY, OWLS_WEDNESDAY = (PAPERS[n].id for n in (0, 3, 4, 6))
YAML = f"name: Ada\ntopics: [owls]\nmax_papers: 1\nliked: ['{OWLS_MONDAY}', '{BATS_TUESDAY}']\n"


@pytest.fixture
def home(tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with three days of papers and a reader, who judged two of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIGEST_HOME", str(tmp_path))
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "ada.yaml").write_text(YAML, encoding="utf-8")
    with Store(place) as store, store.writing() as connection:
        papers.add(connection, PAPERS, WEDNESDAY)
        for paper, liked in ((OWLS_TUESDAY, True), (BATS_TUESDAY, False)):
            judgements.add(connection, "ada", Judgement(paper=paper, liked=liked, day=THURSDAY))
    return tmp_path


@pytest.fixture
def store(home: Path, place: Place) -> Iterator[Store]:  # noqa: ARG001  (it fills the place)
    """Its database, open."""
    with Store(place) as opened:
        yield opened


def relevant(store: Store, profile: Profile, days: int = 3) -> dict[str, frozenset[str]]:
    """What is to be found on each day, up to Wednesday."""
    settings = Settings(home=store.folder)
    found = retrospect.evaluation_set(store, settings, profile, until=WEDNESDAY, days=days)
    return {task.pool: task.relevant for task in found.tasks}


def test_a_judgement_counts_before_the_file(store: Store) -> None:
    """Tuesday's bats are liked in the file and disliked by a judgement, its owls the other way round."""
    ada = Profile(slug="ada", name="Ada", liked=(OWLS_MONDAY, BATS_TUESDAY), disliked=(OWLS_TUESDAY,))
    assert relevant(store, ada) == {"2025-05-05": {OWLS_MONDAY}, "2025-05-06": {OWLS_TUESDAY}}
    assert relevant(store, ada, days=2) == {"2025-05-06": {OWLS_TUESDAY}}
    assert relevant(store, Profile(slug="ben", name="Ben", liked=(OWLS_WEDNESDAY,), disliked=(OWLS_WEDNESDAY,))) == {}


class Evaluate(Protocol):
    """Runs `digest evaluate` in this process."""

    def __call__(self, *args: str) -> tuple[int, str, str]:
        """Its exit code, and what it printed to stdout and stderr."""


@pytest.fixture
def evaluate(home: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Evaluate:
    """The command as people call it."""
    assert home.is_dir()

    def run(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["digest", "evaluate", *args])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
        capsysbinary.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsysbinary.readouterr()
        return int(left.value.code or 0), out.decode(), err.decode()

    return run


def test_the_command_says_in_words_how_many_liked_papers_were_shown(evaluate: Evaluate) -> None:
    """Then that they are few, and the table with ours and the baselines."""
    code, out, _ = evaluate("--profile", "ada", "--baseline", "bm25")
    assert code == 0
    first, few, size, _, head, ours, bm25, *_ = out.splitlines()
    assert first == "of the 2 papers that Ada liked in 30 days to 2025-05-07, 2 stood in the first 1 of the day"
    assert "by few papers" in few
    assert size.startswith("2 tasks, 2 pools,")
    assert head.startswith("method")
    assert (ours.split()[0], bm25.split()[0]) == ("ours", "bm25")


def test_a_profile_that_looks_for_something_else_is_told_so(evaluate: Evaluate, home: Path) -> None:
    """The figures are the profile's: with moths for its topic and no owls known, owls are not at the top of a day."""
    text = YAML.replace("owls", "moths").partition("liked")[0]
    (home / "profiles" / "ada.yaml").write_text(text, encoding="utf-8")
    _, out, _ = evaluate("--profile", "ada", "--days", "2", "--baseline", "random")
    assert out.startswith("of the 1 paper that Ada liked in 2 days to 2025-05-07, 0 stood in the first 1 of the day\n")


def test_json_has_the_keys_of_a_set_and_those_of_a_reader(evaluate: Evaluate) -> None:
    """Scripts find the days, how many papers were liked and how many of them were shown."""
    _, out, _ = evaluate("--profile", "ada", "--baseline", "svm", "--until", "2025-05-06", "--json")
    found: dict[str, Any] = json.loads(out)
    assert list(found) == ["ours", "baselines", "tasks", "calibration", "days", "liked", "shown"]
    assert (found["tasks"], found["days"], found["liked"], found["shown"]) == (2, 30, 2, 2)
    assert found["ours"]["mrr@10"] == 1.0
    assert list(found["baselines"]) == ["svm"]


def test_a_pool_is_named_by_its_day(evaluate: Evaluate) -> None:
    """Only that day is measured; a day without a liked paper is wrong use, and the known ones are told."""
    _, out, _ = evaluate("--profile", "ada", "--pool", "2025-05-06", "--json")
    assert json.loads(out)["liked"] == 1
    code, _, err = evaluate("--profile", "ada", "--pool", "2025-05-07")
    assert code == 2
    assert "2025-05-05" in err


def test_without_a_liked_paper_it_says_how_to_judge(evaluate: Evaluate) -> None:
    """That is no failure; JSON keeps its keys."""
    code, out, err = evaluate("--profile", "ada", "--until", "2025-01-01", "--json")
    assert code == 0
    assert json.loads(out) == {"ours": None, "baselines": {}, "tasks": 0, "days": 30, "liked": 0, "shown": 0}
    assert "digest judge ada PAPER --more" in err


@pytest.mark.parametrize(
    "words", [[], ["set", "--profile", "ada"], ["set", "--until", "2025-05-06"]], ids=["none", "both", "until"]
)
def test_a_folder_or_a_profile_is_needed(evaluate: Evaluate, words: list[str]) -> None:
    """Neither and both are wrong use, and so is the last day of a folder."""
    assert evaluate(*words)[0] == 2
