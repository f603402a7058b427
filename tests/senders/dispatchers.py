"""A process that forks dispatchers, so that they can be killed at each commit without importing everything each time.

    python dispatchers.py HOME

Each line on stdin, `NOW run 0`, `NOW before N` or `NOW after N`, is one dispatcher: it finds that it is NOW, and kills
itself with SIGKILL before or after its Nth commit. When it has ended, the answer is its exit status.
"""

import os
import signal
import sys
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event

from digest import dispatching, settings
from digest.clock import Clock
from digest.store import Store


def main() -> None:
    """Fork a dispatcher for each line, and wait for its end."""
    options = settings.load(Path(sys.argv[1]))
    for line in sys.stdin:
        now, how, number = line.split()
        pid = os.fork()
        if pid == 0:
            _dispatch(options, datetime.fromisoformat(now), how, int(number))
            os._exit(0)
        sys.stdout.write(f"{os.waitpid(pid, 0)[1]}\n")
        sys.stdout.flush()


def _dispatch(options: settings.Settings, now: datetime, how: str, number: int) -> None:
    commits = 0

    def before(_connection: sa.Connection) -> None:
        nonlocal commits
        commits += 1
        if how == "before" and commits == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def after(_connection: sa.Connection) -> None:
        if how == "after" and commits == number:
            os.kill(os.getpid(), signal.SIGKILL)

    with Store(options.database) as store:
        event.listen(sa.Engine, "commit", before)
        event.listen(sa.Engine, "begin", after)
        clock = Clock(now=lambda: now, sleep=lambda _: None)
        report = dispatching.dispatch(store, options, clock=clock, environment={})
    if report.failed:
        sys.stderr.write(f"{report.failed}\n")


if __name__ == "__main__":
    main()
