"""Everything on one machine: the site, a Prefect server and the flows, each a program of its own that is kept running.

Of a home there is one at a time, by a lock that the system lets go when the last of them is gone; so whoever comes
behind one that was killed waits until nothing of it runs any more (`digest.leash`).
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Self

from digest import leash, served
from digest import settings as settings_of
from digest.errors import SettingsError

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from digest.settings import Settings

LONGEST_LOG = 5 * 1024 * 1024
"""Bytes of a log from which on the next start begins a new one, and keeps this one beside it."""

PATIENCE = 15.0
"""Seconds that are waited for another one to end."""

STOPPING = 6.0
"""Seconds that programs have to end, those first that use another one."""

_PAUSE = 0.2
_LONGEST_PAUSE = 60.0
_PREFECT = {
    # Prefect would report its use to its makers.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # Three hundred runs a day are told of for two weeks.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(14 * 24 * 3600),
}
_NOT_OURS = ("PREFECT_API_URL", "PREFECT_API_KEY", "PREFECT_PROFILE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """What is served where, and every how many minutes is looked for who is due."""

    host: str = "127.0.0.1"
    port: int = 8000
    prefect_port: int = 4200
    minutes: int = 5


@dataclass(slots=True, kw_only=True)
class Program:
    """A program to keep running; `health` is the path that answers 200 once it is ready, empty for any answer.

    `behind` names the one that has to be ready before it is started.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    port: int | None = None
    health: str = ""
    behind: str = ""
    process: subprocess.Popen[bytes] | None = None
    is_ready: bool = False
    started: float = 0.0
    pause: float = field(default=1.0)


def serve(
    settings: Settings,
    where: Where,
    *,
    environment: Mapping[str, str],
    stopping: threading.Event,
    say: Callable[[str], None],
) -> None:
    """Run everything until `stopping` is set; `say` is told where it is, when it is ready, and what was started again.

    Raises:
        SettingsError: the home or a port is in use, or the folders cannot be written to.
    """
    if sys.platform == "win32":
        raise SettingsError("digest serve: not on Windows: run `digest run` by its task scheduler")
    site = settings.site_url or f"http://127.0.0.1:{where.port}"
    with _alone(settings.home, "" if settings.site_url else site, say) as lock:
        for name, host, port in (("port", where.host, where.port), ("prefect-port", "127.0.0.1", where.prefect_port)):
            _check_free(name, host, port)
        settings.logs.mkdir(parents=True, exist_ok=True)
        programs = _programs(settings, where, site, environment)
        say("starting: the first time it takes up to a minute")
        if not settings.site_url:
            say(f"site_url is not set in {settings_of.FILE}: links in mails lead to {site}, on this machine only")
        with _Leash(lock) as held:
            try:
                _keep(programs, held, settings.logs, stopping, say, site=site, where=where)
            finally:
                say("stopping")
                _stop(programs, held)


def _programs(
    settings: Settings, where: Where, site: str, environment: Mapping[str, str]
) -> tuple[Program, Program, Program]:
    common = {name: value for name, value in environment.items() if name not in _NOT_OURS} | _PREFECT
    common |= {"DIGEST_HOME": str(settings.home), "PREFECT_HOME": str(settings.home / "prefect")}
    common |= {settings_of.SITE: site, "PYTHONUNBUFFERED": "1"}
    python, prefect = sys.executable, str(where.prefect_port)
    api = {"PREFECT_API_URL": f"http://127.0.0.1:{prefect}/api", "DIGEST_DISPATCH_MINUTES": str(where.minutes)}
    return (
        Program(
            name="prefect",
            command=(python, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", prefect),
            environment=common,
            port=where.prefect_port,
            health="/api/health",
        ),
        Program(
            name="site",
            command=(python, "-m", "digest.web", "--host", where.host, "--port", str(where.port)),
            environment=common,
            port=where.port,
        ),
        Program(
            name="flows",
            command=(python, "-m", "flows.deployments"),
            environment=common | api | {"DIGEST_SERVES_ALONE": "1"},
            behind="prefect",
        ),
    )


def _keep(  # noqa: PLR0913  (what is run, and who is told)
    programs: tuple[Program, ...],
    held: _Leash,
    logs: Path,
    stopping: threading.Event,
    say: Callable[[str], None],
    *,
    site: str,
    where: Where,
) -> None:
    """Start what does not run, until all is to be stopped."""
    is_told = False
    while not stopping.wait(_PAUSE):
        now = time.monotonic()
        for each in programs:
            if each.process is None:
                if now >= each.started and all(other.is_ready for other in programs if other.name == each.behind):
                    _start(each, held, logs, now)
            elif (code := each.process.poll()) is not None:
                held.let_go(each.process.pid)
                # One that ran for long was well.
                each.pause = 1.0 if now - each.started > _LONGEST_PAUSE else each.pause
                say(f"{each.name} ended ({code}), started again in {each.pause:.0f} s: {logs / each.name}.log")
                each.process, each.is_ready, each.started = None, False, now + each.pause
                each.pause = min(2 * each.pause, _LONGEST_PAUSE)
            elif not each.is_ready:
                each.is_ready = each.port is None or _answers(where.host, each)
        if not is_told and all(each.is_ready for each in programs):
            is_told = True
            say(f"Prefect: http://127.0.0.1:{where.prefect_port}")
            say(f"ready: {site}, issues are sent when they are due, looked at every {where.minutes} min; Ctrl-C stops")


def _start(each: Program, held: _Leash, logs: Path, now: float) -> None:
    path = logs / f"{each.name}.log"
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > LONGEST_LOG:
            path.replace(path.with_suffix(".log.1"))
    with path.open("ab") as log:
        # In a session of its own: Ctrl-C is for the one who stops them in order.
        each.process = subprocess.Popen(  # noqa: S603  (our own programs)
            each.command,
            env=dict(each.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    held.hold(each.process.pid)
    each.started, each.is_ready = now, False


def _stop(programs: tuple[Program, ...], held: _Leash) -> None:
    """End those that use another one first."""
    for some in ([each for each in programs if not each.health], [each for each in programs if each.health]):
        running = [each.process for each in some if each.process]
        leash.end([process.pid for process in running if process.poll() is None], STOPPING / 2)
        for process in running:
            process.wait()
            held.let_go(process.pid)


def _answers(host: str, each: Program) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1" if each.health else _reachable(host), each.port, timeout=1)
    try:
        connection.request("GET", each.health or "/")
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    else:
        return not each.health or answer.status == http.HTTPStatus.OK
    finally:
        connection.close()


def _reachable(host: str) -> str:
    """Where a server that listens on a host, or on all, answers."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (what somebody asked for)


def _check_free(name: str, host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host, port))
    except OSError as error:
        raise SettingsError(f"--{name}: {host}:{port}: {(error.strerror or str(error)).lower()}") from error


@contextlib.contextmanager
def _alone(home: Path, site: str, say: Callable[[str], None]) -> Iterator[int]:
    """Be the only one of a home; the descriptor of the lock. `site` is left there for `digest.served`.

    Raises:
        SettingsError: another one is there, and stays.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        # What another one has written there stays until it is gone.
        file = (home / served.LOCK).open("a+", encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{home}: cannot be written to: {error.strerror}") from error
    with file:
        if not _lock(file, 0):
            say("waiting for the one before to end")
            if not _lock(file, PATIENCE):
                raise SettingsError(f"{home}: in use: another digest serve runs there")
        file.truncate(0)
        file.write(site)
        file.flush()
        yield file.fileno()


def _lock(file: IO[str], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= until:
                return False
            time.sleep(_PAUSE)
        else:
            return True


class _Leash:
    """The program that ends all others should this one die; it holds the home's lock as long."""

    def __init__(self, lock: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "digest.leash"],
            stdin=subprocess.PIPE,
            pass_fds=[lock],
            start_new_session=True,
            text=True,
        )

    def hold(self, pid: int) -> None:
        """End this process if need be."""
        self._tell(pid)

    def let_go(self, pid: int) -> None:
        """It is over."""
        self._tell(-pid)

    def _tell(self, number: int) -> None:
        assert self._process.stdin  # noqa: S101  (it was asked for)
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{number}\n")
            self._process.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin  # noqa: S101  (as above)
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
