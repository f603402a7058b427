"""What a function makes of a word, remembered: a corpus repeats its words, and stemming one takes a microsecond."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

MOST = 1 << 18
"""Words remembered; some 50 MB. Text brings new ones without end, and those that make up most of it come first."""


class Memo(dict[str, T]):
    """Word -> what `make` gives for it; all is forgotten when there are more than `MOST`. Threads may share it."""

    def __init__(self, make: Callable[[str], T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, word: str) -> T:
        if len(self) >= MOST:
            self.clear()
        made = self[word] = self._make(word)
        return made
