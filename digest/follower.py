"""A process beside a large ingest that counts terms and indexes words as papers come, on a core of its own.

It needs nothing but what the ingest has committed. Either may be killed at any time: both files are as whole as their
last chunk, whoever ranks or searches next goes on from there, and the process ends when the ingest does. Its standard
input is how it learns that: a word when all papers are there, the end when the ingest is no more. On its standard
output it tells the number of the last paper that is counted and indexed.

    python -m digest.follower /var/lib/digest/digest.sqlite3

A database on a server is named by DIGEST_DATABASE_URL, since others may read command lines; both files are then where
the named one would be.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import IO, TYPE_CHECKING, Self

import digest
from digest import databases
from digest.databases import VARIABLE, Server
from digest.errors import DigestError
from digest.store import Store, papers

if TYPE_CHECKING:
    from types import TracebackType

    from digest.progress import Progress

LARGE = 20_000
"""New papers of an ingest from which on a process pays: fewer are counted and indexed in two seconds."""

ALLOCATIONS = 100_000
"""Objects made and not yet freed after which Python looks for those that only point to each other; an ingest makes
millions that do not, and by default Python would look through them for a tenth of the time."""

STAGE = "counting terms and indexing"

_TOLD_SECONDS = 0.2
_LAST_SECONDS = 10.0


class Follower:
    """A `digest.progress.Progress` of an ingest, for the length of a `with` block, that passes on what it is told.

    When it sees that the ingest is large it starts the process, and its notes say how many papers can be searched.
    """

    def __init__(self, store: Store, progress: Progress) -> None:
        self._store = store
        self._progress = progress
        self._first = self._last = self._number()
        self._stage = ("", self._first)
        self._process: subprocess.Popen[bytes] | None = None
        self._done = self._first
        self._fault = ""

    def step(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """See `digest.progress.Progress.step`."""
        if self._process is not None:
            note = f"{note}, {self._done - self._first:,} of them searchable"
        elif self._is_large(stage, done, total):
            self._start()
        self._progress.step(stage, done, total, note)

    def say(self, line: str) -> None:
        """See `digest.progress.Progress.say`."""
        self._progress.say(line)

    def finish(self) -> None:
        """Wait until what the ingest brought is counted and indexed; where no process was started, nothing is."""
        if self._process is None:
            return
        last = self._number()
        self._tell(b"over")
        while self._process.poll() is None:
            self._progress.step(STAGE, self._done - self._first, last - self._first)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_TOLD_SECONDS)
        if self._process.returncode:
            self._progress.say(f"{STAGE} ended early{self._fault}: the next search goes on with it")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is None:
            return
        self._tell(b"")
        try:
            self._process.wait(_LAST_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join()

    def _number(self) -> int:
        with self._store.reading() as connection:
            return papers.last_seq(connection)

    def _is_large(self, stage: str, done: int, total: int | None) -> bool:
        """Whether the ingest has brought many papers, or the dump that is read is going to."""
        before, self._last = self._last, self._number()
        if stage != self._stage[0]:
            self._stage = (stage, before)
        expected = (self._last - self._stage[1]) * total / done if total and done else 0
        return max(expected, self._last - self._first) >= LARGE

    def _start(self) -> None:
        # The same modules as here, whatever lies in the working directory.
        paths = (str(Path(digest.__file__).parents[1]), os.environ.get("PYTHONPATH", ""))
        place = self._store.place
        url, file = (place.url, place.folder / "digest.sqlite3") if isinstance(place, Server) else ("", place)
        try:
            self._process = subprocess.Popen(  # noqa: S603  (this program itself)
                [sys.executable, "-P", "-m", "digest.follower", str(file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), VARIABLE: url},
                start_new_session=True,  # Ctrl-C is for the ingest, which ends this one
            )
        except OSError:
            return  # too many processes, say: the papers come all the same, and who searches next counts and indexes
        self._listener = Thread(target=self._listen, args=(self._process.stdout,), daemon=True)
        self._listener.start()

    def _listen(self, told: IO[bytes]) -> None:
        with told:
            for line in told:
                if line[:1].isdigit():
                    self._done = max(self._done, int(line))
                else:
                    self._fault = f": {line.decode(errors='replace').strip()}"

    def _tell(self, word: bytes) -> None:
        """Say a word to the process; none says that there is nothing more to be said."""
        if self._process is None or self._process.stdin is None:
            return
        # One that was killed does not listen.
        with suppress(OSError):
            self._process.stdin.write(word)
            self._process.stdin.flush()
        if not word:
            with suppress(OSError):
                self._process.stdin.close()


class _GoneError(Exception):
    """The ingest is no more."""


class _Ingest:
    """What the process knows of the ingest, by its standard input."""

    def __init__(self) -> None:
        self._is_over, self._is_gone = Event(), Event()
        Thread(target=self._listen, daemon=True).start()

    def is_over(self, seconds: float) -> bool:
        """Whether all papers are there, after so many seconds at most.

        Raises:
            _GoneError: the ingest ended before.
        """
        is_over = self._is_over.wait(seconds)
        if self._is_gone.is_set():
            raise _GoneError
        return is_over

    def _listen(self) -> None:
        # Not `sys.stdin`, whose lock a thread that waits would hold when the process ends.
        while os.read(0, 16):
            self._is_over.set()
        self._is_gone.set()
        self._is_over.set()


def main() -> int:
    """Follow an ingest into the database that the command line names; 1 where that fails, said on standard output."""
    # An ingest that is too small to start this process need not wait for numpy and SciPy.
    from digest.store.following import follow  # noqa: PLC0415

    ingest = _Ingest()
    gc.set_threshold(ALLOCATIONS)
    try:
        with Store(databases.named(Path(sys.argv[1]), os.environ.get(VARIABLE, ""))) as store:
            follow(store, ingest.is_over, _say)
    except _GoneError:
        return 0
    except (DigestError, OSError) as error:
        _say(error)
        return 1
    return 0


def _say(what: object) -> None:
    # Where nobody listens any more, the end of standard input says so, too.
    with suppress(OSError):
        os.write(1, f"{what}\n".encode(errors="replace"))


if __name__ == "__main__":
    sys.exit(main())
