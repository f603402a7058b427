"""Bad input meets an issue: each case with its stated outcome, no traceback, and the good topic beside it unharmed."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from digest.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

# The ids say that the papers are of this month.
DAY = "2025-05-01"
PAPERS: dict[str, tuple[str, str]] = {
    "2505.00001": ("Owls hunt voles at night", "Barn owls fly low over meadows and strike at what moves in the dark."),
    "2505.00002": ("Silent feathers", "A comb of bristles on the wing breaks the air, so that owls make no noise."),
    "2505.00003": ("How sourdough rises", "Yeast and bacteria share the sugar of flour and blow up the dough."),
    "2505.00004": ("Sourdough bread without gluten", "Starters of rice flour raise a bread that keeps for a week."),
    "2505.00005": ("Large cardinals", "Measurable sets and forcing over inner models."),
}
GOOD = "topics: [owls]"


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str


class Installation:
    """The program in this process, with a reader's files and a day of papers."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
        self._home, self._patch, self._capture = home, monkeypatch, capsysbinary
        (home / "profiles").mkdir(parents=True)
        monkeypatch.setenv("DIGEST_HOME", str(home))

    def __call__(self, *args: str) -> Outcome:
        """Runs one command; it must end without a traceback."""
        self._patch.setattr(sys, "argv", ["digest", *args])
        self._capture.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = (part.decode() for part in self._capture.readouterr())
        assert "Traceback" not in out + err
        return Outcome(int(left.value.code or 0), out, err)

    def papers(self, **changed: tuple[str, str]) -> None:
        """Take the day's papers in, those with a number changed or added as given."""
        known = PAPERS | {f"2505.{number[1:]}": texts for number, texts in changed.items()}
        records = [{"id": key, "title": title, "abstract": text} for key, (title, text) in known.items()]
        dump = self._home.parent / "day.jsonl"
        dump.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        assert self("ingest", str(dump), "--as-of", DAY).code == 0

    def reader(self, text: str, name: str = "ada") -> str:
        """Write a profile; its path comes back."""
        path = self._home / "profiles" / f"{name}.yaml"
        path.write_text(f"email: {name}@example.org\n{text}\n", encoding="utf-8")
        return str(path)

    def ranking(self, text: str) -> dict[str, Any]:
        """A profile's ranking: the match of each paper, in order."""
        self.reader(text)
        said = self("rank", "ada", "--json")
        assert said.code == 0, said.err
        return {match["id"]: match for match in json.loads(said.out)}

    def issue(self, text: str) -> list[tuple[str, str, float]]:
        """Id, interest and score of each paper in the issue of the profile."""
        self.reader(text)
        said = self("preview", "ada", "--format", "json", "--date", DAY)
        assert said.code == 0, said.err
        sections = json.loads(said.out)["sections"]
        return [(m["paper"]["id"], m["interest"], m["score"]) for part in sections for m in part["matches"]]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Installation:
    """An installation without papers or readers; the working folder is an empty one beside it."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    return Installation(tmp_path / "home", monkeypatch, capsysbinary)


def of_owls(issue: list[tuple[str, str, float]]) -> list[tuple[str, str, float]]:
    """The part of an issue that the good topic has."""
    return [match for match in issue if match[1] == "owls"]


def test_the_good_topic_has_an_issue(here: Installation) -> None:
    """The yardstick of all other tests here: alone, the good topic brings its two papers."""
    here.papers()
    assert [(paper, interest) for paper, interest, _ in here.issue(GOOD)] == [
        ("arxiv:2505.00001", "owls"),
        ("arxiv:2505.00002", "owls"),
    ]


def test_an_empty_profile_is_a_fault_with_its_mend(here: Installation) -> None:
    """A profile that names nothing to rank by is refused with what to add; the reader beside it is served."""
    here.papers()
    path = here.reader("", name="bare")
    here.reader(GOOD)
    said = here("preview", "bare", "--date", DAY)
    assert said.code == 1
    assert f"{path}: names nothing to rank papers by: add one of topics, liked, authors" in said.err
    run = here("run", "--engine", "plain", "--date", DAY, "--json")
    assert "names nothing to rank papers by" in run.err + run.out
    assert [line["profile"] for line in json.loads(run.out)["issues"]] == ["ada"]


def test_a_topic_of_stop_words_scores_nothing(here: Installation) -> None:
    """Alone it makes no issue, said as "nothing reaches the bar"; beside a good topic it takes nothing from it."""
    here.papers()
    assert {match["score"] for match in here.ranking("topics: ['the of and']").values()} == {0}
    said = here("preview", "ada", "--date", DAY)
    assert said.code == 0
    assert "minimum score" in said.err + said.out
    assert here.issue("topics: ['the of and', owls]") == here.issue(GOOD)


def test_an_unknown_liked_paper_is_as_if_it_were_not_named(here: Installation) -> None:
    """An id that no source ever brought changes nothing, and alone it makes no issue."""
    here.papers()
    alone = here.issue(GOOD)
    assert here.issue(f"{GOOD}\nliked: ['0704.0001']") == alone
    assert {match["score"] for match in here.ranking("liked: ['0704.0001']").values()} == {0}


def test_of_contradicting_judgements_the_dislike_counts(here: Installation) -> None:
    """A paper liked and disliked is a disliked one; the topic beside these judgements keeps its papers and scores."""
    here.papers()
    both = "liked: ['2505.00003']\ndisliked: ['2505.00003']"
    assert here.issue(f"{GOOD}\n{both}") == here.issue(GOOD)
    assert here.ranking(f"{GOOD}\n{both}").keys() == here.ranking(f"{GOOD}\ndisliked: ['2505.00003']").keys()
    assert {match["score"] for match in here.ranking(both).values()} == {0}


def test_a_paper_without_an_abstract_is_ranked_by_its_title(here: Installation) -> None:
    """It comes by its title like any other, and its mail is made; the good topic's other papers stay."""
    here.papers(n00001=("Owls", ""))
    issue = here.issue(GOOD)
    assert {paper for paper, _, _ in issue} == {"arxiv:2505.00001", "arxiv:2505.00002"}
    assert here("preview", "ada", "--format", "eml", "--date", DAY).code == 0


def test_an_abstract_in_another_language_is_found_by_its_own_words(here: Installation) -> None:
    """Papers in Greek or Chinese are found in these words, and stand beside English ones without a change to them."""
    here.papers(
        n00006=("Περὶ γλαυκῶν", "Γλαῦκες θηρεύουσι νύκτωρ μῦς ἐν τοῖς ἀγροῖς."),
        n00007=("说话人头部 生成", "语音 驱动 说话人头部 动画"),
    )
    ranking = here.ranking("topics: [γλαῦκες νύκτωρ]")
    assert next(iter(ranking)) == "arxiv:2505.00006"
    assert next(iter(here.ranking("topics: [语音 驱动]"))) == "arxiv:2505.00007"
    beside = here.issue("topics: [owls, γλαῦκες νύκτωρ]")
    assert of_owls(beside) == here.issue(GOOD)
    assert [paper for paper, interest, _ in beside if interest != "owls"] == ["arxiv:2505.00006"]


def test_an_abstract_of_a_megabyte_is_only_long(here: Installation) -> None:
    """It is ranked with the others, below an honest paper on the topic, and keeps no paper of the good topic out."""
    here.papers(n00006=("Noise", "owls " + "noise hiss static " * 60_000))
    scores = {paper: match["score"] for paper, match in here.ranking(GOOD).items()}
    assert scores["arxiv:2505.00006"] < min(scores["arxiv:2505.00001"], scores["arxiv:2505.00002"])
    assert {"arxiv:2505.00001", "arxiv:2505.00002"} <= {paper for paper, _, _ in here.issue(GOOD)}


def test_without_any_paper_there_is_no_issue_and_no_fault(here: Installation) -> None:
    """Zero candidates are an empty ranking and a skipped mail with its reason, whatever the interests."""
    text = f"{GOOD}\nliked: ['2505.00003']\nauthors: [Ada Example]\ntrending: section\nexplore: 3\npapers_a_day: 2"
    assert here.ranking(text) == {}
    run = here("run", "--engine", "plain", "--date", DAY, "--json")
    assert run.code == 0
    report = json.loads(run.out)
    assert (report["issues"], [skip["profile"] for skip in report["skipped"]]) == ([], ["ada"])
    assert report["skipped"][0]["reason"] == "no new papers"


def test_papers_without_a_word_are_ranked_and_empty_nothing(here: Installation) -> None:
    """Titles of nothing but signs have no term: they score 0, and the good topic's papers come all the same."""
    here.papers(n00006=("+++", ""), n00007=("§ 1", "..."))
    assert {here.ranking(GOOD)[f"arxiv:2505.0000{n}"]["score"] for n in (6, 7)} == {0}
    assert [paper for paper, _, _ in here.issue(GOOD)] == ["arxiv:2505.00001", "arxiv:2505.00002"]
