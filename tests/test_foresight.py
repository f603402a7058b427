"""Foresight: what an edit of a profile would add to the last days' issues, and what it would drop."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from digest import pipeline, sample
from digest.ingest import ingest
from digest.ranking.labels import OUTSIDE
from digest.settings import Settings
from digest.store import Store
from digest.types import Profile, Topic

if TYPE_CHECKING:
    from collections.abc import Iterator

LAST = date(2025, 5, 9)
HEADS, CARE = Topic(text="talking heads driven by speech"), Topic(text="segmentation of organs in CT and MRI")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[tuple[Store, Settings]]:
    """An installation with the bundled days."""
    settings = Settings(home=tmp_path)
    with Store(settings.database) as store:
        ingest(store, [sample.FOLDER], as_of=LAST)
        yield store, settings


def reader(*topics: Topic, max_papers: int = 3) -> Profile:
    """A reader of these topics."""
    return Profile(slug="ada", name="Ada", topics=topics, max_papers=max_papers)


def test_an_edit_adds_and_drops(here: tuple[Store, Settings]) -> None:
    """Another interest adds its papers, and drops others where the issue was full; the way back is the reverse."""
    store, settings = here
    change = pipeline.compare(store, settings, reader(HEADS), reader(HEADS, CARE), until=LAST, days=5)
    assert change.adds
    assert {choice.match.interest for choice in change.adds} == {CARE.text}
    back = pipeline.compare(store, settings, reader(HEADS, CARE), reader(HEADS), until=LAST, days=5)
    assert (back.adds, back.keeps) == (change.drops, change.keeps)
    assert {choice.match.paper.id for choice in back.drops} == {choice.match.paper.id for choice in change.adds}


def test_no_edit_changes_nothing(here: tuple[Store, Settings]) -> None:
    """The same profile twice adds and drops nothing, and keeps what issues of these days would hold."""
    store, settings = here
    change = pipeline.compare(store, settings, reader(HEADS), reader(HEADS), until=LAST, days=5)
    assert (change.adds, change.drops) == ((), ())
    assert change.keeps > 0


def test_foresight_agrees_with_the_issues(here: tuple[Store, Settings]) -> None:
    """What a day's issue would hold if only that day were new is what the difference to a reader of nothing adds."""
    store, settings = here
    nothing = reader(Topic(text="zeppelins"))
    profile = replace(reader(HEADS, CARE), papers_a_day=2)
    change = pipeline.compare(store, settings, nothing, profile, until=LAST, days=5)
    again = pipeline.compare(store, settings, nothing, replace(profile, explore=1), until=LAST, days=5)
    assert change.adds
    assert all(not choice.match.evidence for choice in change.adds)
    assert {choice.match.interest for choice in again.adds} - {choice.match.interest for choice in change.adds} == {
        OUTSIDE
    }


def test_only_the_days_asked_for_count(here: tuple[Store, Settings]) -> None:
    """Choices stand under the day of their papers, no day has more than its cap, and days without papers have none."""
    store, settings = here
    change = pipeline.compare(store, settings, reader(CARE), reader(HEADS, max_papers=1), until=LAST, days=2)
    days = [choice.day for choice in change.adds]
    assert set(days) <= {date(2025, 5, 8), LAST}
    assert len(days) == len(set(days))
    assert pipeline.compare(store, settings, reader(CARE), reader(HEADS), until=date(2024, 1, 1), days=7).keeps == 0


def test_the_command_lists_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`digest profiles diff` counts and lists what the last days would have had, for people and for scripts."""
    monkeypatch.setenv("DIGEST_HOME", str(tmp_path))
    digest = str(Path(sys.executable).with_name("digest"))
    subprocess.run([digest, "ingest", str(sample.FOLDER)], check=True, capture_output=True)
    said = subprocess.run([digest, "profiles", "diff", "ada", "katherine"], check=True, capture_output=True, text=True)
    told = subprocess.run(
        [digest, "profiles", "diff", "ada", "katherine", "--json"], check=True, capture_output=True, text=True
    )
    change = json.loads(told.stdout)
    head, *lines = said.stdout.splitlines()
    adds, drops, keeps = len(change["adds"]), len(change["drops"]), change["keeps"]
    assert head == f"adds {adds}, drops {drops}, keeps {keeps} in 7 days to {LAST}"
    assert [line[0] for line in lines] == ["+"] * adds + ["-"] * drops
