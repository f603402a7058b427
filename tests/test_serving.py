"""Everything in one command: it is ready, fires schedules, restarts what dies, ends whole, and comes back."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from digest import leash, serving, settings
from digest.adoption import adopt
from digest.errors import SettingsError
from digest.settings import Settings
from digest.store import Store, issues, papers
from digest.types import Paper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPOSITORY = Path(__file__).resolve().parent.parent
PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
time.sleep(60)
"""
STUB = """
from fastapi import FastAPI

def create(settings):
    app = FastAPI()
    app.get("/")(lambda: settings.site_url)
    return app
"""


def wait_for(what: Callable[[], object], seconds: float) -> bool:
    """Whether something comes true in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.1)
    return False


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def serve(home: Path, where: serving.Where) -> list[str]:
    """Serve for no time at all; what was said."""
    said: list[str] = []
    stopping = threading.Event()
    stopping.set()
    serving.serve(Settings(home=home), where, environment=os.environ, stopping=stopping, say=said.append)
    return said


def test_a_home_is_served_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another one has the home, it is refused after a while, and nothing is started."""
    import fcntl

    monkeypatch.setattr(serving, "PATIENCE", 0.3)
    with (tmp_path / "serve.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(SettingsError, match="in use: another digest serve"):
            serve(tmp_path, serving.Where(port=free_port(), prefect_port=free_port()))
    assert not (tmp_path / "logs").exists()
    assert serve(tmp_path, serving.Where(port=free_port(), prefect_port=free_port()))[-1] == "stopping"


@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize("which", ["port", "prefect_port"])
def test_a_port_that_is_taken_is_named(tmp_path: Path, which: str) -> None:
    """Who listens elsewhere already is told by the option to change."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        where = serving.Where(**({"port": free_port(), "prefect_port": free_port()} | {which: port}))
        with pytest.raises(
            SettingsError, match=f"--{which.replace('_', '-')}: 127.0.0.1:{port}: address already in use"
        ):
            serve(tmp_path, where)


def test_nothing_outlives_who_started_it(tmp_path: Path) -> None:
    """When the pipe to the leash breaks, a program and what it started are ended; one that was let go is not."""
    held, free = (subprocess.Popen([sys.executable, "-c", PARENT], start_new_session=True) for _ in range(2))
    assert wait_for(lambda: len(leash.family([held.pid])) == 2, 10)
    family = leash.family([held.pid])
    subprocess.run(
        [sys.executable, "-m", "digest.leash"],
        input=f"{held.pid}\n{free.pid}\n-{free.pid}\nnonsense\n",
        text=True,
        check=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )
    assert held.wait(5) == -signal.SIGTERM
    assert free.poll() is None
    assert wait_for(lambda: not any(map(command, family)), 5)
    leash.end([free.pid], 0.1)
    free.wait(5)


def test_the_site_is_told_by_the_environment(tmp_path: Path) -> None:
    """Where the settings name no site, programs take it from the environment; else the settings count."""
    environment = {settings.SITE: "http://127.0.0.1:8000"}
    assert settings.load(tmp_path, environment).site_url == "http://127.0.0.1:8000"
    (tmp_path / settings.FILE).write_text('site_url = "https://digest.example.org"\n', encoding="utf-8")
    assert settings.load(tmp_path, environment).site_url == "https://digest.example.org"


class Served:
    """`digest serve` as a process, and the installation that it serves."""

    def __init__(self, home: Path, python_path: str) -> None:
        self.home = home
        self.port, self.prefect_port = free_port(), free_port()
        self._environment = {**os.environ, "DIGEST_HOME": str(home), "PYTHONPATH": python_path}
        self.process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        program = "from digest.cli import main; main()"
        ports = ["--port", str(self.port), "--prefect-port", str(self.prefect_port), "--every", "1"]
        with (self.home / "said").open("a") as said:
            return subprocess.Popen(
                [sys.executable, "-c", program, "serve", *ports],
                env=self._environment,
                cwd=self.home,
                stdout=said,
                stderr=said,
                text=True,
            )

    def begin_again(self) -> None:
        """Start it anew."""
        (self.home / "said").write_text("", encoding="utf-8")
        self.process = self._start()

    def said(self) -> str:
        """What it printed."""
        return (self.home / "said").read_text(encoding="utf-8")

    def log(self) -> str:
        """What the flows said."""
        return (self.home / "logs" / "flows.log").read_text(encoding="utf-8")

    def is_ready(self) -> bool:
        """Whether it says so."""
        return "\nready: " in self.said()

    def answers(self) -> bool:
        """Whether the site does."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def programs(self) -> dict[int, str]:
        """All that it started, by process id, with their command lines."""
        family = leash.family([self.process.pid]) - {self.process.pid}
        return {pid: command(pid) for pid in family}

    def due(self, name: str) -> None:
        """A reader, by file, whose issue has been due for a moment."""
        (self.home / "profiles").mkdir(exist_ok=True)
        profile = f"name: {name}\nemail: {name}@example.org\ntopics: [owls]\nmin_score: 1\n"
        (self.home / "profiles" / f"{name}.yaml").write_text(profile, encoding="utf-8")
        now = datetime.now(UTC)  # noqa: TID251  (the programs' clock is the real one)
        (self.home / settings.FILE).write_text(f'send_at = "{now:%H:%M}"\n', encoding="utf-8")
        options = settings.load(self.home)
        with Store(options.database) as store:
            adopt(store, options, now=now - timedelta(minutes=30), with_offers=False)

    def mails(self) -> list[str]:
        """What is in the outbox."""
        return sorted(path.name[len("2025-05-09-") :] for path in (self.home / "outbox").glob("*.eml"))


def command(pid: int) -> str:
    """A process's command line; empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """An installation with a paper of today, served; with a page in the site's place where there is no site yet."""
    today: date = datetime.now(UTC).date()  # noqa: TID251  (the programs' clock is the real one)
    home = tmp_path / "home"
    home.mkdir()
    with Store(home / "digest.sqlite3") as store, store.writing() as connection:
        papers.add(connection, [Paper(id="doi:10.1000/owls", title="On owls", announced=today)], today)
    python_path = str(REPOSITORY)
    if importlib.util.find_spec("digest.web") is None:
        (tmp_path / "stub" / "web").mkdir(parents=True)
        (tmp_path / "stub" / "web" / "__init__.py").touch()
        (tmp_path / "stub" / "web" / "app.py").write_text(STUB, encoding="utf-8")
        extend = f"import digest\ndigest.__path__.append({str(tmp_path / 'stub')!r})\n"
        (tmp_path / "sitecustomize.py").write_text(extend, encoding="utf-8")
        python_path = f"{tmp_path}:{REPOSITORY}"
    running = Served(home, python_path)
    yield running
    leash.end([running.process.pid], 15)
    running.process.wait()


@pytest.mark.slow
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_serve_from_an_empty_home_to_a_mail_and_back(served: Served) -> None:
    """Ready, its schedule sends a mail; killed it leaves nothing behind; it comes back; told to, it ends."""
    served.due("ada")
    assert wait_for(served.is_ready, 120), served.said()
    assert served.answers()
    assert wait_for(lambda: served.mails() == ["ada.eml"], 150), served.log()

    # The site dies, and is there again.
    (site,) = [pid for pid, line in served.programs().items() if "digest.web" in line]
    os.kill(site, signal.SIGKILL)
    assert wait_for(lambda: not served.answers(), 5)
    assert wait_for(served.answers, 30)
    assert "site ended (-9), started again in 1 s" in served.said()

    # The whole is killed, and nothing of it stays.
    programs = served.programs()
    assert len(programs) >= 4
    served.process.kill()
    served.process.wait()
    assert wait_for(lambda: not any(command(pid) == line for pid, line in programs.items()), 15)

    # It comes back, and sends what came due meanwhile, and nothing twice.
    served.due("bob")
    served.begin_again()
    assert wait_for(served.is_ready, 120), served.said()
    assert wait_for(lambda: served.mails() == ["ada.eml", "bob.eml"], 150), (
        served.home / "logs" / "flows.log"
    ).read_text()
    with Store(served.home / "digest.sqlite3") as store, store.reading() as connection:
        assert [len(issues.newest(connection, name, 9)) for name in ("ada", "bob")] == [1, 1]

    logs = {path.name: path.read_text(encoding="utf-8") for path in (served.home / "logs").iterdir()}
    assert "flows.log" in logs
    assert not [name for name, text in logs.items() if "@example.org" in text]

    programs = served.programs()
    served.process.terminate()
    assert served.process.wait(12) == 0
    assert served.said().endswith("stopping\n")
    assert "Traceback" not in served.said()
    assert not any(command(pid) == line for pid, line in programs.items())
