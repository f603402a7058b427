"""The outbox on the command line: what waits, what failed and why, and what may be done about it."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from digest import pipeline, profiles, sample
from digest.cli import main
from digest.ingest import ingest
from digest.outbox import DeliveryState
from digest.settings import Settings
from digest.store import Store, deliveries
from digest.store.deliveries import Settled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAY = "2025-05-09"
ADA = f"{DAY}-ada"


@dataclass
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401
        """Its answer as values."""
        return json.loads(self.out)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home where the example readers have issues in the outbox: ada's mail was refused, grace's put off."""
    home = tmp_path_factory.mktemp("kept")
    (home / "digest.toml").write_text('[delivery]\ntransport = "maildir"\n', encoding="utf-8")
    now = datetime.now(UTC)  # noqa: TID251  (the command's clock is the real one)
    readers = [profiles.load(path) for path in profiles.find(sample.PROFILES)]
    day = date.fromisoformat(DAY)
    with Store(home / "digest.sqlite3") as store:
        assert ingest(store, [sample.FOLDER], as_of=day).new == 60
        pipeline.compose_issues(store, Settings(home=home), readers, day=day, now=now)
        with store.writing() as connection:
            claims = {claim.subscriber: claim for claim in deliveries.claim(connection, now=now, limit=3)}
            later = now + timedelta(hours=1)
            outcomes = [
                Settled(claim=claims["ada"], state=DeliveryState.REJECTED, why="550 5.1.1 no such user"),
                Settled(
                    claim=claims["grace"], state=DeliveryState.DEFERRED, due=later, why="451 4.7.1 later", failed=1
                ),
                Settled(claim=claims["katherine"], state=DeliveryState.QUEUED),
            ]
            deliveries.settle(connection, outcomes, now=now)
    return home


@pytest.fixture
def home(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which is the DIGEST_HOME."""
    home = tmp_path / "home"
    shutil.copytree(kept, home)
    monkeypatch.setenv("DIGEST_HOME", str(home))
    return home


@pytest.fixture
def digest(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs commands in that home."""
    assert home.exists()

    def run(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["digest", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return Said(int(left.value.code or 0), out, err)

    return run


def test_what_failed_is_listed_with_its_reason(digest: Callable[..., Said]) -> None:
    """Names, states, reasons and counts, for people and as JSON, and never an address."""
    listed = digest("outbox", "list")
    assert f"{ADA:<28} rejected   550 5.1.1 no such user" in listed.out.splitlines()
    assert "451 4.7.1 later; next attempt" in listed.out
    assert listed.out.splitlines()[-1] == "in all: 1 queued, 1 deferred, 1 rejected"
    found = digest("outbox", "list", "--state", "rejected", "--json").json
    assert found["counts"] == {"queued": 1, "deferred": 1, "rejected": 1}
    assert [each["name"] for each in found["deliveries"]] == [ADA]
    shown = digest("outbox", "show", ADA)
    assert "why              550 5.1.1 no such user" in shown.out
    assert "@" not in listed.out + shown.out + json.dumps(found)


def test_what_was_refused_is_sent_after_all(digest: Callable[..., Said], home: Path) -> None:
    """Made due and sent: all three readers have their mail, and another retry says that it was sent."""
    assert digest("outbox", "retry", ADA).out == "1 delivery due now: digest outbox send\n"
    assert digest("outbox", "retry", "--state", "deferred").out == "1 delivery due now: digest outbox send\n"
    sent = digest("outbox", "send")
    assert (sent.code, sent.out.startswith("3 mails sent")) == (0, True), sent
    assert len(list((home / "maildir" / "new").iterdir())) == 3
    again = digest("outbox", "retry", ADA)
    assert (again.code, again.err) == (1, f"{ADA}: it was sent\n")


def test_what_is_dropped_comes_in_the_next_issue(digest: Callable[..., Said]) -> None:
    """Papers of a mail that was taken out are candidates again, so the next day's issue has them."""
    assert digest("outbox", "drop", "--state", "deferred", "--state", "queued").out == "2 deliveries dropped\n"
    counts = digest("outbox", "list", "--json").json["counts"]
    assert counts == {"rejected": 1, "dropped": 2}
    report = digest("run", "--date", "2025-05-10", "--engine", "plain", "--json").json
    assert {line["profile"] for line in report["issues"]} == {"ada", "grace", "katherine"}
    assert report["delivered"] == 3


@pytest.mark.parametrize("words", [("retry",), ("drop",), ("retry", "2025-05-09-nobody"), ("show", "nobody")])
def test_deliveries_that_are_not_there_are_wrong_use(digest: Callable[..., Said], words: tuple[str, ...]) -> None:
    """Code 2, and a word on what to do."""
    said = digest("outbox", *words)
    assert said.code == 2
    assert "digest outbox list" in said.err or "no such delivery: " in said.err
