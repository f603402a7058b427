"""The operator is told once what a week was like."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from digest import weekly
from digest.run_history import Run
from digest.settings import Settings
from digest.store import Store, papers, runs
from digest.types import Paper

if TYPE_CHECKING:
    from pathlib import Path

SUNDAY = date(2025, 5, 11)
MONDAY = datetime(2025, 5, 12, 4, tzinfo=UTC)
RUN = Run(
    kind="dispatch", day=SUNDAY, started=datetime(2025, 5, 8, 6, tzinfo=UTC), took=timedelta(seconds=2), issues=3,
    delivered=2, failed=2, skips={}, mails={"rejected": 1}, faults={"no such letter box": 2},
)  # fmt: skip


@pytest.mark.parametrize(("day", "sunday"), [(11, 4), (12, 11), (13, 11), (17, 11), (18, 11)])
def test_the_last_whole_week_ends_on_a_sunday(day: int, sunday: int) -> None:
    """On a Sunday itself the week is not over yet."""
    assert weekly.last_sunday(date(2025, 5, day)) == date(2025, 5, sunday)


def test_a_week_is_told_once(tmp_path: Path) -> None:
    """Its runs are counted, faults by how often; those of other weeks are not; the next call sends nothing."""
    settings = Settings(home=tmp_path, operator="ops@example.org")
    with Store(settings.database) as store:
        with store.writing() as connection:
            papers.add(connection, [Paper(id="arxiv:2505.00001", title="Owls", announced=date(2025, 5, 9))], SUNDAY)
            for each in (RUN, RUN, replace(RUN, started=datetime(2025, 5, 4, 23, tzinfo=UTC))):
                runs.add(connection, each)
        sent = [
            weekly.send_due(store, settings, now=MONDAY + timedelta(days=days), environment={}) for days in (0, 1, 6)
        ]
        assert sent == [True, False, False]
        assert weekly.send_due(store, settings, now=MONDAY + timedelta(days=7), environment={})
    first, _ = sorted((tmp_path / "outbox").glob("*.eml"))
    mail = email.message_from_bytes(first.read_bytes(), policy=email.policy.default)
    assert mail["Subject"] == "Week until 11 May: 4 faults"
    text = " ".join(mail.get_body(("plain",)).get_content().split())  # type: ignore[union-attr]
    for told in ("issues composed: 6", "mails rejected: 2", "runs: 2", "papers new: 1", "no such letter box (4)"):
        assert told in text


def test_without_an_operator_nobody_is_told(tmp_path: Path) -> None:
    """Nothing is sent and nothing kept, so that an operator named later is told of the week."""
    settings = Settings(home=tmp_path)
    with Store(settings.database) as store:
        assert not weekly.send_due(store, settings, now=MONDAY, environment={})
        with store.reading() as connection:
            assert runs.newest(connection, 9) == []
