"""Opening what a user names: files, folders, standard input; plain or gzipped."""

from __future__ import annotations

import gzip
import hashlib
import io
import stat
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from digest.errors import SourceError
from digest.sources import Dump
from digest.sources.streams import READ_ERRORS, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

_GZIP_MAGIC = b"\x1f\x8b"
_FINGERPRINT_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Location:
    """Something to ingest: a file with its size in bytes, or standard input where `path` is None."""

    path: Path | None
    size: int | None = None

    @property
    def name(self) -> str:
        """What messages call it."""
        return "standard input" if self.path is None else str(self.path)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sent, to ingest like a file; messages call it by the name of its source."""

    name: str
    content: bytes

    @property
    def size(self) -> int:
        """Bytes of it."""
        return len(self.content)


def locate(paths: Sequence[Path]) -> Iterator[Location | SourceError]:
    """The files that the paths stand for, folders searched through in order of names; `-` is standard input.

    What cannot be read comes back as the error that says so: what is missing, and what is no regular file (a pipe
    would wait for ever). In folders, hidden files and folders are passed over, and a folder linked twice is read once.
    """
    for path in paths:
        if str(path) == "-":
            yield Location(None)
        else:
            yield from _found(path, set())


def _found(path: Path, searched: set[tuple[int, int]]) -> Iterator[Location | SourceError]:
    try:
        status = path.stat()
        below = sorted(path.iterdir()) if stat.S_ISDIR(status.st_mode) else []
    except (OSError, ValueError) as error:
        # A path with a null byte is a ValueError.
        yield SourceError(str(path), f"cannot be read: {describe(error)}")
        return
    if stat.S_ISREG(status.st_mode):
        yield Location(path, status.st_size)
    elif not stat.S_ISDIR(status.st_mode):
        yield SourceError(str(path), "neither a file nor a folder; what a pipe gives can come as standard input (-)")
    elif (status.st_dev, status.st_ino) not in searched:
        searched.add((status.st_dev, status.st_ino))
        for each in below:
            if not each.name.startswith("."):
                yield from _found(each, searched)


@contextmanager
def opened(location: Location | Answer, as_of: date, at: Callable[[int], None]) -> Iterator[Dump]:
    """The dump at a location, unzipped, at its start; `at` is told how many bytes of the file lie behind.

    Raises:
        SourceError: the file cannot be opened.
    """
    with ExitStack() as stack:
        try:
            raw = stack.enter_context(_raw(location))
            stream = io.BufferedReader(_Watched(raw, at))
            zipped = stream.peek(2)[:2] == _GZIP_MAGIC
        except OSError as error:
            raise SourceError(location.name, f"cannot be read: {describe(error)}") from error
        unzipped = gzip.GzipFile(fileobj=stream) if zipped else stream
        yield Dump(name=location.name, stream=cast("BinaryIO", unzipped), as_of=as_of)


def fingerprint(
    location: Location | Answer,
    format: str | None,  # noqa: A002  (the option's name)
    as_of: date,
) -> str | None:
    """What tells one dump from another when an ingest is taken up again: 64 hex digits; None for standard input.

    Made of a file's size, time of change and beginning, and of how it is to be read, not of its name; of an answer's
    whole content, and of its name.

    Raises:
        SourceError: the file cannot be read.
    """
    if isinstance(location, Answer):
        return hashlib.sha256(f"{location.name}\n{format}\n{as_of}\n".encode() + location.content).hexdigest()
    if location.path is None:
        return None
    try:
        found = location.path.stat()
        with location.path.open("rb") as file:
            head = file.read(_FINGERPRINT_BYTES)
    except READ_ERRORS as error:
        raise SourceError(location.name, f"cannot be read: {describe(error)}") from error
    about = f"{found.st_size}\n{found.st_mtime_ns}\n{format}\n{as_of}\n"
    return hashlib.sha256(about.encode() + head).hexdigest()


@contextmanager
def _raw(location: Location | Answer) -> Iterator[BinaryIO]:
    """The bytes at a location; standard input is left open."""
    if isinstance(location, Answer):
        yield io.BytesIO(location.content)
    elif location.path is None:
        yield _standard_input()
    else:
        with location.path.open("rb", buffering=0) as file:
            yield file


def _standard_input() -> BinaryIO:
    if sys.stdin is None:  # a process started without one
        raise OSError("there is none")
    return sys.stdin.buffer


class _Watched(io.RawIOBase):
    """A stream that tells where it stands after every read."""

    def __init__(self, stream: BinaryIO, at: Callable[[int], None]) -> None:
        self._stream = stream
        self._at = at
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = self._stream.seek(offset, whence)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the base class says Buffer
        chunk = self._stream.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self._place += len(chunk)
        self._at(self._place)
        return len(chunk)
