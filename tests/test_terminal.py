"""What a person who watches a run is told of its pace."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest

from digest.cli.terminal import Watcher

if TYPE_CHECKING:
    from collections.abc import Iterable


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the watcher's clock shows, to be set by the test."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def told(
    steps: Iterable[tuple[str, int, int | None, str]], clock: list[float], capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """The lines for steps ten seconds apart."""
    with Watcher() as watcher:
        for step, moment in zip(steps, itertools.count(10, 10), strict=False):
            clock[0] = moment
            watcher.step(*step)
    return capsys.readouterr().err.splitlines()


def test_a_count_is_told_with_its_rate_and_the_time_left(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a file the bytes tell how far it is, and its papers how fast it goes, from when the stage began."""
    steps = [("dump", n * 100_000, 1_000_000, f"{n * 2000} papers") for n in (1, 2, 3)]
    assert told(steps, clock, capsys) == [
        "dump: 10% 2,000 papers",
        "dump: 20% 4,000 papers, 200/s, 0:01:20 left",
        "dump: 30% 6,000 papers, 200/s, 0:01:10 left",
    ]


def test_each_stage_has_its_own_pace(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    """What another stage took says nothing; without a total nobody knows how long it is."""
    steps = [("one", 0, 100, ""), ("one", 50, 100, ""), ("two", 0, None, "owls"), ("two", 3000, None, "owls")]
    assert told(steps, clock, capsys) == [
        "one: 0%",
        "one: 50%, 5/s, 0:00:10 left",
        "two: 0 owls",
        "two: 3,000 owls, 300/s",
    ]


def test_what_takes_seconds_each_has_no_rate(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    """Less than one a second is no rate that says anything."""
    assert told([("asking", n, 9, "cs.CL") for n in (1, 2)], clock, capsys) == [
        "asking: 11% cs.CL",
        "asking: 22% cs.CL",
    ]
