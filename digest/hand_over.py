"""A value handed to several processes by files that they map: arrays are in memory once, however many read them."""

from __future__ import annotations

import mmap
import pickle
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_ALIGNMENT = 64
"""Bytes that an array begins at a multiple of, as NumPy's own do."""


def write(value: object, folder: Path) -> None:
    """Write a value into an empty folder that only this user can read, for `read`.

    Arrays stand beside the rest (out-of-band buffers, PEP 574).
    """
    buffers: list[pickle.PickleBuffer] = []
    rest = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    arrays = [buffer.raw() for buffer in buffers]
    with (folder / "arrays").open("wb") as file:
        for array in arrays:
            file.write(array)
            file.write(bytes(-len(array) % _ALIGNMENT))
        file.write(bytes(_ALIGNMENT))  # an empty file cannot be mapped
    (folder / "rest").write_bytes(pickle.dumps(([len(array) for array in arrays], rest)))


def read(folder: Path) -> Any:  # noqa: ANN401  (whatever was written)
    """The value that was written there; what is changed in it, no other process sees."""
    lengths, rest = pickle.loads((folder / "rest").read_bytes())  # noqa: S301  (our own)
    with (folder / "arrays").open("rb") as file:
        arrays = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    starts = accumulate((length + -length % _ALIGNMENT for length in lengths), initial=0)
    parts = [arrays[start : start + length] for start, length in zip(starts, lengths, strict=False)]
    return pickle.loads(rest, buffers=parts)  # noqa: S301  (our own)
