"""Alarms reach a real service on loopback, once a day for as long as they last, and hold no name."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from digest import alarms, dispatching, settings, subscribing
from digest.cli.main import app
from digest.clock import Clock
from digest.closing import close
from digest.errors import DeliveryError, SettingsError
from digest.run_report import RunReport
from digest.store import Store, failures
from digest.subscribing import Wish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = date(2025, 5, 9)
NOW = datetime(2025, 5, 9, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


@contextmanager
def service(status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """A hook that takes JSON: its URL for Apprise, and the bodies of what came."""
    came: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Take a notification."""
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            came.append(sent["message"])
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"json://127.0.0.1:{server.server_port}/", came
        finally:
            server.shutdown()


@pytest.fixture
def here(tmp_path: Path) -> settings.Settings:
    """An installation that tells alarms to the services in the variable ALARMS."""
    (tmp_path / "digest.toml").write_text('[alarms]\nurls_variable = "ALARMS"\n', encoding="utf-8")
    return settings.load(tmp_path)


def test_an_alarm_is_told_once_a_day_for_as_long_as_it_lasts(here: settings.Settings) -> None:
    """With each run what is new, with the run of the next day what still holds; to every service."""
    with Store(here.database) as store, service() as (url, came), service() as (other, there):
        environment = {"ALARMS": f"{url}\n {other}"}
        told = [
            alarms.tell(store, here, found, now=NOW + after, environment=environment)
            for found, after in ((["a", "b", "a"], 0 * HOUR), (["a", "c"], HOUR), (["b"], 2 * HOUR), (["a"], 26 * HOUR))
        ]
    assert told == [2, 1, 0, 1]
    assert came == there == ["a\nb", "c", "a"]


def test_what_a_service_does_not_take_is_sent_again(here: settings.Settings) -> None:
    """The fault names no URL, for those hold passwords; the alarm is told as soon as it is taken."""
    with Store(here.database) as store:
        with service(500) as (url, _), pytest.raises(DeliveryError) as caught:
            alarms.tell(store, here, ["a"], now=NOW, environment={"ALARMS": url})
        assert "json" not in str(caught.value)
        with service() as (url, came):
            assert alarms.tell(store, here, ["a"], now=NOW + HOUR, environment={"ALARMS": url}) == 1
    assert came == ["a"]


def test_urls_that_are_none_are_told_by_their_number(here: settings.Settings) -> None:
    """Neither the URL nor the password in it is repeated; where none is, that is said."""
    with Store(here.database) as store:
        for urls, why in (
            ("json://127.0.0.1/ nonsense-with-password", "URL 2 names no service"),
            ("", "no URLs there"),
        ):
            with pytest.raises(SettingsError, match=why) as caught:
                alarms.tell(store, here, ["a"], now=NOW, environment={"ALARMS": urls})
            assert "password" not in str(caught.value)


def test_a_run_tells_what_failed_and_what_is_odd(here: settings.Settings) -> None:
    """A source that failed and a fault of a reader's profile, without the reader's name; told at the end of the run."""
    report = RunReport()
    report.fail("ada", "profiles.yaml:3: email: ada@example.org is wrong")
    with Store(here.database) as store, service() as (url, came):
        with store.writing() as connection:
            failures.note(connection, "arxiv:cs.CV", DAY, "HTTP status 503")
        close(store, here, report, "run", day=DAY, started=NOW, ended=NOW, environment={"ALARMS": url})
    (message,) = came
    assert "failed in the run of 2025-05-09: profiles.yaml:3: email: … is wrong (1)" in message
    assert "arXiv cs.CV could not be read: HTTP status 503" in message
    assert "ada" not in message


def test_alarms_that_cannot_be_sent_are_a_fault_of_the_run(here: settings.Settings) -> None:
    """The run's own report says so; nothing else of it is lost."""
    report = RunReport(delivered=1)
    report.fail("", "something")
    with Store(here.database) as store, service(500) as (url, _):
        close(store, here, report, "run", day=DAY, started=NOW, ended=NOW, environment={"ALARMS": url})
    assert report.failed[-1]["why"].startswith("alarms: a service")


def test_the_command_tries_them(here: settings.Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--test` sends a word; without a place for it that is a wrong use; without alarms nothing is odd."""
    monkeypatch.setenv("DIGEST_HOME", str(here.home))
    asked = CliRunner()
    with service() as (url, came):
        monkeypatch.setenv("ALARMS", url)
        done = asked.invoke(app, ["alarms", "--test"])
    assert (done.exit_code, done.stdout) == (0, "")
    assert came == ["This is a test: alarms of paper-digest come here."]
    assert json.loads(asked.invoke(app, ["alarms", "--json"]).stdout) == []
    (here.home / "digest.toml").write_text("", encoding="utf-8")
    assert asked.invoke(app, ["alarms", "--test"]).exit_code == 2


def test_a_dispatcher_without_a_site_tells_of_letters(here: settings.Settings) -> None:
    """Where nothing is composed, so that no report is sent, the alarm is told all the same, once a day."""
    with Store(here.database) as store, service() as (url, came):
        subscribing.subscribe(store, here, Wish(email="eve@example.org", digest="trending"), now=NOW)
        for minutes in (0, 5, 10):
            now = NOW + timedelta(minutes=minutes)
            report = dispatching.dispatch(store, here, clock=Clock(now=lambda at=now: at), environment={"ALARMS": url})
            assert (report.unlinked, report.failed) == (1, [])
    assert len(came) == 1
    assert "1 letter waits for a site" in came[0]
