"""What was asked for of late: a dictionary of bounded size, and a function's results in one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Generic, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
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


def recent_by_object(size: int) -> Callable[[F], F]:
    """Remember what a function of positional arguments gave, two generations of `size` results.

    The first argument is told by the object that it is, others by what they equal: for one that many share, as issues
    share papers, to hash and compare all that it holds would take longer than most that is made of it.
    """

    def of(function: F) -> F:
        # The object is kept, so that no other one gets its id meanwhile.
        results: Recent[tuple[Any, ...], tuple[Any, Any]] = Recent(size)

        @wraps(function)
        def remembering(thing: Any, *others: Any) -> Any:  # noqa: ANN401  (as the function says)
            key = (id(thing), *others)
            try:
                return results[key][1]
            except KeyError:
                pass
            result = function(thing, *others)
            results.keep(key, (thing, result))
            return result

        return remembering  # type: ignore[return-value]

    return of
