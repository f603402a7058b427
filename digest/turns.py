"""Whose turn it is: how far requests to a server lie apart, and for how long one is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

GAPS: Final = {"arxiv.org": 3.0}
"""Seconds between two requests to a domain and all below it (https://info.arxiv.org/help/api/tou.html)."""

GAP = 1.0
"""Seconds between two requests to any other host."""


LONGEST_REST = 7 * 86_400.0
"""Seconds that a server is left alone at most, whatever it says: a slip of its clock must not silence it for years."""

MOMENT = 0.001
"""Seconds not worth waiting for: what rounding leaves of a wait."""


class Turns(Protocol):
    """When each domain may be asked again. What is noted counts for everybody who asks the same object."""

    def take(self, domain: str, gap: float) -> float:
        """The seconds to wait before a domain may be asked; with 0 it may be now, and again after `gap` seconds."""

    def leave_alone(self, domain: str, seconds: float) -> None:
        """Let nobody ask a domain for so long, or for longer where that is noted already."""


class TurnsOfRun:
    """Turns that last as long as the object; not to be shared between threads."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._free_at: dict[str, float] = {}

    def take(self, domain: str, gap: float) -> float:
        """See `Turns`."""
        wait = self._free_at.get(domain, 0.0) - self._monotonic()
        if wait > MOMENT:
            return wait
        self.leave_alone(domain, gap)
        return 0.0

    def leave_alone(self, domain: str, seconds: float) -> None:
        """See `Turns`."""
        self._free_at[domain] = max(self._free_at.get(domain, 0.0), self._monotonic() + seconds)


def domain_of(host: str) -> tuple[str, float]:
    """Whose turn a request to a host takes, and the seconds between two."""
    for domain, gap in GAPS.items():
        if host == domain or host.endswith(f".{domain}"):
            return domain, gap
    return host, GAP


def domain_of_url(url: str) -> str:
    """Whose turn a request for a URL takes; the URL itself where it names no host."""
    return domain_of(urlsplit(url).hostname or url)[0]
