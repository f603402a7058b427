"""A process that forks senders, so that hundreds can be started and killed without importing everything each time.

    python zygote.py HOME

Lines on stdin start a sender: `run`, or `before N` and `after N`, which kills itself with SIGKILL before or after its
Nth commit. The answer is the sender's process id. `ended` waits for the one that was started last, and is answered by
its exit status; until it is asked for, the process id stays its own, so that whoever kills it kills nobody else.
"""

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event

from digest import delivering, settings
from digest.clock import Clock
from digest.render import Renderer
from digest.rendering import renderer as renderer_of
from digest.store import Store


def main() -> None:
    """Fork a sender, or wait for its end, for each line."""
    options = settings.load(Path(sys.argv[1]))
    ready = renderer_of(options)
    pid = 0
    for line in sys.stdin:
        if line == "ended\n":
            _say(os.waitpid(pid, 0)[1])
            continue
        pid = os.fork()
        if pid == 0:
            _send(options, ready, *line.split())
            os._exit(0)
        _say(pid)


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _send(options: settings.Settings, renderer: Renderer, how: str, number: str = "0") -> None:
    commits = 0

    def before(_connection: sa.Connection) -> None:
        nonlocal commits
        commits += 1
        if how == "before" and commits == int(number):
            os.kill(os.getpid(), signal.SIGKILL)

    def after(_connection: sa.Connection) -> None:
        if how == "after" and commits == int(number):
            os.kill(os.getpid(), signal.SIGKILL)

    with Store(options.database) as store:
        event.listen(sa.Engine, "commit", before)
        event.listen(sa.Engine, "begin", after)
        clock = Clock(now=lambda: datetime.now(UTC))  # noqa: TID251  (its own process)
        report = delivering.deliver(store, options, renderer, clock=clock, environment={})
    if report.failed:
        sys.stderr.write(f"{report.failed}\n")


if __name__ == "__main__":
    main()
