"""Mail servers on this machine that take everything and keep nothing.

`ours` (bench/smtp_sink.py) looks at no octet of a mail. `postfix` is `smtp-sink`, which comes with Postfix to measure
mail clients, and reads mails as servers have to, by lines; `make smtp-sink` gets it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = "127.0.0.1"
BACKLOG = "128"
UNPACKED = Path(__file__).resolve().parent.parent / ".venv" / "postfix" / "usr"
"""Where `make smtp-sink` puts it."""

START = 5.0
"""Seconds that a server has to start."""


@contextmanager
def ours() -> Iterator[int]:
    """Our own one in a process of its own, by its port."""
    with subprocess.Popen(
        [sys.executable, Path(__file__).with_name("smtp_sink.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        if server.stdout is None:
            raise SystemExit("the sink does not speak")
        try:
            yield int(server.stdout.readline())
        finally:
            server.communicate()


def program() -> str | None:
    """Where `smtp-sink` is; None if it is not on this machine."""
    unpacked = UNPACKED / "sbin" / "smtp-sink"
    return str(unpacked) if unpacked.exists() else shutil.which("smtp-sink")


@contextmanager
def postfix() -> Iterator[int]:
    """Postfix's, by its port."""
    found = program()
    if found is None:
        raise SystemExit("smtp-sink is missing: make smtp-sink, or install Postfix")
    with socket.socket() as free:
        free.bind((HERE, 0))
        port = int(free.getsockname()[1])
    # Started by root it wants to know who to be.
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    libraries = {"LD_LIBRARY_PATH": str(UNPACKED / "lib" / "postfix")}
    with subprocess.Popen([found, *user, f"{HERE}:{port}", BACKLOG], env=os.environ | libraries) as server:
        try:
            _wait_for(port)
            yield port
        finally:
            server.kill()


def _wait_for(port: int) -> None:
    end = time.monotonic() + START
    while True:
        try:
            socket.create_connection((HERE, port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise SystemExit("smtp-sink does not start") from None
            time.sleep(0.05)
        else:
            return
