"""Opening what a user names: files, folders, standard input; plain or gzipped."""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from digest.errors import SourceError
from digest.sources import Dump

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

_GZIP_MAGIC = b"\x1f\x8b"
_FINGERPRINT_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Location:
    """Something to ingest: a file, or standard input where `path` is None."""

    path: Path | None

    @property
    def name(self) -> str:
        """What messages call it."""
        return "standard input" if self.path is None else str(self.path)

    @property
    def size(self) -> int | None:
        """Bytes on disk, where known."""
        return None if self.path is None else self.path.stat().st_size


def locate(paths: Sequence[Path]) -> Iterator[Location | SourceError]:
    """The files that the paths stand for, folders searched through in order of names; `-` is standard input.

    A path that cannot be read comes back as the error that says so. Hidden files and folders are passed over.
    """
    for path in paths:
        if str(path) == "-":
            yield Location(None)
        elif path.is_dir():
            below = (found for found in path.rglob("*") if found.is_file())
            yield from (
                Location(found)
                for found in sorted(below)
                if not any(part.startswith(".") for part in found.relative_to(path).parts)
            )
        elif path.exists():
            yield Location(path)
        else:
            yield SourceError(str(path), "no such file or folder")


@contextmanager
def opened(location: Location, as_of: date, read: Callable[[int], None]) -> Iterator[Dump]:
    """The dump at a location, unzipped, at its start; `read` is told of every byte taken from the disk.

    Raises:
        SourceError: the file cannot be opened.
    """
    try:
        raw = sys.stdin.buffer if location.path is None else location.path.open("rb", buffering=0)
    except OSError as error:
        raise SourceError(location.name, f"cannot be read: {error.strerror}") from error
    with raw if location.path is not None else _left_open():
        stream = io.BufferedReader(_Counted(cast("BinaryIO", raw), read))
        zipped = stream.peek(2)[:2] == _GZIP_MAGIC
        unzipped = gzip.GzipFile(fileobj=stream) if zipped else stream
        yield Dump(name=location.name, stream=cast("BinaryIO", unzipped), as_of=as_of)


def fingerprint(location: Location, format: str | None, as_of: date) -> str | None:  # noqa: A002  (the option's name)
    """What tells one dump from another when an ingest is taken up again; None for standard input."""
    if location.path is None:
        return None
    found = location.path.stat()
    with location.path.open("rb") as file:
        head = file.read(_FINGERPRINT_BYTES)
    about = f"{found.st_size}\n{found.st_mtime_ns}\n{format}\n{as_of}\n"
    return hashlib.sha256(about.encode() + head).hexdigest()


class _Counted(io.RawIOBase):
    """A stream that tells how much was read from it."""

    def __init__(self, stream: BinaryIO, read: Callable[[int], None]) -> None:
        self._stream = stream
        self._read = read

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the base class says Buffer
        chunk = self._stream.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self._read(len(chunk))
        return len(chunk)


@contextmanager
def _left_open() -> Iterator[None]:
    yield
