"""What is kept of runs: counts without names, the latest first, and what is odd about one beside the others."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from digest.cli.main import app
from digest.closing import close
from digest.metrics import exposition
from digest.outbox import DeliveryState
from digest.overview import days, overview
from digest.run_history import ENOUGH, FAULTS_KEPT, Run, drift, run_of
from digest.run_report import RunReport
from digest.settings import Settings
from digest.specimens import issue
from digest.store import Store, runs
from digest.types import SkipReason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.databases import Place

DAY = date(2025, 5, 9)
BEGUN = datetime(2025, 5, 9, 6, tzinfo=UTC)
USUAL = Run(
    kind="run", day=DAY, started=BEGUN, took=timedelta(seconds=3), issues=2, considered=1000, passed=50,
    skips={}, mails={}, faults={},
)  # fmt: skip


def report() -> RunReport:
    """What a run did that was good for one reader, skipped one and failed for another."""
    made = RunReport(delivered=1)
    made.composed(issue(2))
    made.skip("bo", SkipReason.NO_NEW_PAPERS)
    made.fail("cy", "profile.yaml:3: email: cy@example.org is none\nand more")
    made.count(DeliveryState.REJECTED)
    return made


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """An empty database."""
    with Store(place) as opened:
        yield opened


def test_a_run_is_kept_without_names() -> None:
    """Counts, reasons and faults are kept; no reader's name and no address is."""
    kept = run_of(report(), "run", day=DAY, started=BEGUN, ended=BEGUN + timedelta(seconds=2))
    assert (kept.issues, kept.papers, kept.delivered, kept.failed) == (1, 2, 1, 1)
    assert kept.skips == {SkipReason.NO_NEW_PAPERS: 1}
    assert kept.mails == {"rejected": 1}
    assert kept.took == timedelta(seconds=2)
    assert list(kept.faults.values()) == [1]
    for name in ("cy", "bo", "example.org"):
        assert name not in repr(kept)


def test_of_many_different_faults_some_are_kept() -> None:
    """The count says how many there were; the same fault of many readers is one."""
    many = RunReport()
    for number in range(3 * FAULTS_KEPT):
        many.fail("", f"fault {number % (2 * FAULTS_KEPT)}")
    kept = run_of(many, "run", day=DAY, started=BEGUN, ended=BEGUN)
    assert (kept.failed, len(kept.faults)) == (3 * FAULTS_KEPT, FAULTS_KEPT)
    assert kept.faults["fault 0"] == 2


@pytest.mark.parametrize(("passed", "is_odd"), [(50, False), (124, False), (126, True), (21, False), (19, True)])
def test_a_jump_of_the_share_above_the_bar_is_odd(passed: int, *, is_odd: bool) -> None:
    """Two and a half times as much as is usual, or so small a part of it, is told with both figures."""
    told = drift(replace(USUAL, passed=passed), [USUAL] * ENOUGH)
    assert (told is not None) == is_odd
    if told:
        assert told == f"{passed / 10:.1f}% of papers were above their readers' bars, where 5.0% are usual"


def test_nothing_is_odd_before_it_is_known_what_is_usual() -> None:
    """Few runs, or runs without papers to rank, say nothing."""
    odd = replace(USUAL, passed=900)
    assert drift(odd, [USUAL] * (ENOUGH - 1)) is None
    assert drift(odd, [replace(USUAL, considered=0)] * 20) is None
    assert drift(replace(USUAL, considered=0), [USUAL] * 20) is None


def test_runs_come_back_as_they_were(store: Store) -> None:
    """The latest first; those with issues before a number in the order in which they were; old ones can go."""
    first = run_of(report(), "run", day=DAY, started=BEGUN, ended=BEGUN + timedelta(seconds=2.5))
    idle = replace(USUAL, issues=0, started=BEGUN + timedelta(days=1))
    with store.writing() as connection:
        assert [runs.add(connection, each) for each in (first, idle, USUAL)] == [1, 2, 3]
    with store.reading() as connection:
        assert runs.newest(connection, 2) == [(3, USUAL), (2, idle)]
        assert [number for number, _ in runs.newest(connection, 9, idle=False)] == [3, 1]
        assert runs.by_number(connection, 1) == first
        assert runs.by_number(connection, 4) is None
        assert runs.with_issues(connection, 3, 9) == [first]
    with store.writing() as connection:
        assert runs.prune(connection, BEGUN + timedelta(hours=1)) == 2


def test_a_run_that_had_nothing_to_do_is_not_kept(tmp_path: Path, store: Store) -> None:
    """What looks every five minutes leaves no trace of nothing."""
    settings = Settings(home=tmp_path)
    for each in (RunReport(), report()):
        close(store, settings, each, "dispatch", day=DAY, started=BEGUN, ended=BEGUN, environment=os.environ)
    with store.reading() as connection:
        assert [run.kind for _, run in runs.newest(connection, 9)] == ["dispatch"]


def test_an_overview_counts_what_there_is(store: Store) -> None:
    """Of an empty installation nothing; a run with an odd share of papers above the bar is an alarm."""
    now = BEGUN + timedelta(days=1)
    empty = overview(store, now=now)
    assert (empty.runs, empty.alarms, empty.lateness, empty.issues) == ((), (), None, 0)
    assert days(DAY)[0] == date(2025, 4, 10)
    with store.writing() as connection:
        for each in ([USUAL] * ENOUGH) + [replace(USUAL, passed=900)]:
            runs.add(connection, each)
    assert overview(store, now=now).alarms == (
        "the run of 2025-05-09: 90.0% of papers were above their readers' bars, where 5.0% are usual",
    )


def test_metrics_are_what_prometheus_reads(store: Store) -> None:
    """Every family has its help and type, every state of a mail its line, and the last run its figures."""
    with store.writing() as connection:
        runs.add(connection, USUAL)
    text = exposition(overview(store, now=BEGUN)).decode()
    lines = text.splitlines()
    named = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert {"digest_mails", "digest_issues_total", "digest_subscriptions", "digest_above_bar_ratio"} <= named
    assert named == {line.split()[2] for line in lines if line.startswith("# HELP")}
    assert sum(line.startswith("digest_mails{") for line in lines) == len(DeliveryState)
    assert "digest_above_bar_ratio 0.05" in lines


def test_the_commands_say_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`runs` lists them and tells all of one; `metrics` prints; a number of no run is a wrong use."""
    monkeypatch.setenv("DIGEST_HOME", str(tmp_path))
    asked = CliRunner()
    assert asked.invoke(app, ["runs"]).stdout == ""
    with Store(tmp_path / "digest.sqlite3") as opened, opened.writing() as connection:
        runs.add(connection, run_of(report(), "run", day=DAY, started=BEGUN, ended=BEGUN + timedelta(seconds=2)))
    assert "1 issue, 1 delivered, 1 skipped, 1 failed" in asked.invoke(app, ["runs"]).stdout
    told = asked.invoke(app, ["runs", "1"]).stdout
    assert "no issue: no new papers: 1" in told
    assert "mails: rejected: 1" in told
    (found,) = json.loads(asked.invoke(app, ["runs", "--json"]).stdout)
    assert (found["number"], found["took"], found["day"]) == (1, 2.0, "2025-05-09")
    assert asked.invoke(app, ["runs", "7"]).exit_code == 2
    assert "digest_issues_total" in asked.invoke(app, ["metrics"]).stdout
