"""The papers that come with the program: facts kept, summaries our own, numbers by their rule."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from digest import profiles, sample
from digest.identity import parse_id

DAYS = ("2025-05-05", "2025-05-06", "2025-05-07", "2025-05-08", "2025-05-09")
EXAMPLES = Path(__file__).resolve().parent.parent / "profiles"
LONGEST_RUN = 5


def records(day: str) -> list[dict[str, Any]]:
    """The sample's papers of one day."""
    lines = (sample.FOLDER / f"{day}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def runs(text: str) -> set[tuple[str, ...]]:
    """All runs of words one longer than may be shared by chance."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return {tuple(words[n : n + LONGEST_RUN + 1]) for n in range(len(words) - LONGEST_RUN)}


@pytest.fixture(scope="module")
def announced(samples: Path) -> dict[str, dict[str, Any]]:
    """The real announcements of the sample's days by id."""
    papers = {}
    for day in DAYS:
        with gzip.open(samples / "stream" / f"{day}.jsonl.gz", "rt", encoding="utf-8") as lines:
            papers |= {paper["id"]: paper for paper in map(json.loads, lines)}
    return papers


def test_the_folder_holds_the_days_and_nothing_else() -> None:
    """Five files, one a day."""
    assert sorted(path.name for path in sample.FOLDER.iterdir()) == [f"{day}.jsonl" for day in DAYS]


@pytest.mark.parametrize("day", DAYS)
def test_a_day_has_twelve_complete_papers(day: str) -> None:
    """Each record has all keys in their order, its file's day, a canonical id and the invented numbers' rule."""
    papers = records(day)
    assert len(papers) == 12
    for paper in papers:
        assert [*paper] == ["id", "title", "abstract", "authors", "categories", "announced", "signals"]
        found = parse_id(paper["id"])
        assert found is not None
        assert found.id == paper["id"]
        assert paper["announced"] == day
        assert paper["authors"]
        assert paper["categories"]
        upvotes = int(paper["id"][-3:]) % 97
        assert paper["signals"] == {"upvotes": upvotes, "comments": upvotes // 8}


@pytest.mark.parametrize("day", DAYS)
def test_summaries_are_short_and_plain(day: str) -> None:
    """A summary is one paragraph of 60 to 110 words in three to five sentences."""
    for paper in records(day):
        summary = paper["abstract"]
        assert 60 <= len(summary.split()) <= 110, paper["id"]
        assert 3 <= len(re.findall(r"[.?!](?:\s|$)", summary)) <= 5, paper["id"]
        assert summary == " ".join(summary.split()), paper["id"]


def test_no_paper_comes_twice() -> None:
    """Sixty papers, sixty ids."""
    assert len({paper["id"] for day in DAYS for paper in records(day)}) == 60


def test_liked_papers_of_the_examples_are_in_the_sample() -> None:
    """A profile that learns from liked papers finds them, so that the demonstration shows something."""
    ids = {paper["id"] for day in DAYS for paper in records(day)}
    liked = {paper_id for path in profiles.find(EXAMPLES) for paper_id in profiles.load(path).liked}
    assert liked
    assert liked <= ids


def test_facts_are_as_announced(announced: dict[str, dict[str, Any]]) -> None:
    """Titles, authors, categories and days are those of the real announcements."""
    for paper in (paper for day in DAYS for paper in records(day)):
        facts = {key: paper[key] for key in ("id", "title", "authors", "categories", "announced")}
        assert facts == {key: announced[paper["id"]][key] for key in facts}


def test_no_summary_copies_its_abstract(announced: dict[str, dict[str, Any]]) -> None:
    """No six words in a row of a summary stand in the real abstract."""
    for paper in (paper for day in DAYS for paper in records(day)):
        assert not runs(paper["abstract"]) & runs(announced[paper["id"]]["abstract"]), paper["id"]
