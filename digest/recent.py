"""What was asked for of late: a dictionary of bounded size."""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(dict[K, V], Generic[K, V]):
    """Values by key, in two generations of `size`: what nobody asked for while one was filled goes with the next.

    To find a value takes no longer than in any dictionary. Threads may share it: what one keeps while another begins a
    generation may be forgotten.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._old: dict[K, V] = {}

    def keep(self, key: K, value: V) -> None:
        """Remember a value."""
        if len(self) >= self._size:
            self._old = dict(self)
            self.clear()
        self[key] = value

    def __missing__(self, key: K) -> V:
        value = self._old[key]
        self.keep(key, value)
        return value
