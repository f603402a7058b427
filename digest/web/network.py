"""Who asks, as far as a limit has to know: the network that a request comes from, and how often it may ask."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from starlette.datastructures import Headers

    Network = ipaddress.IPv4Network | ipaddress.IPv6Network

REMEMBERED = 20_000
"""Networks whose requests are counted; of more, those that asked longest ago are forgotten."""

_HOUSEHOLD = 56  # bits of an IPv6 address that one customer has at most (RFC 6177)


class Asking(Enum):
    """What is asked, as limits tell it apart: looking at a page, working on one's own, and having a letter sent."""

    LOOK = "look"
    WORK = "work"
    LETTER = "letter"


RATES = {
    Asking.LOOK: (600, timedelta(minutes=5)),
    Asking.WORK: (300, timedelta(minutes=5)),
    Asking.LETTER: (20, timedelta(hours=1)),
}
"""How often one network may ask, and within what time."""


def network_of(peer: str | None, headers: Headers, proxies: Sequence[Network]) -> str:
    """The network that a request comes from, empty for this machine and where nobody knows.

    `X-Forwarded-For` counts only where the peer is one of the `proxies`: its last entry that is none of them.
    """
    found = _address(peer or "")
    if found is not None and proxies and _is_among(found, proxies):
        # Each proxy adds its own peer at the end; what stands before the last one we know may be made up.
        for entry in reversed(",".join(headers.getlist("x-forwarded-for")).split(",")):
            found = _address(entry.strip())
            if found is None or not _is_among(found, proxies):
                break
    if found is None or found.is_loopback:
        return ""
    bits = _HOUSEHOLD if found.version == 6 else found.max_prefixlen  # noqa: PLR2004  (IPv6)
    return str(ipaddress.ip_network((found, bits), strict=False))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found


def _is_among(address: ipaddress.IPv4Address | ipaddress.IPv6Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


@dataclass(slots=True)
class Limiter:
    """Counts what networks ask of this process, in windows of time. Threads may share it."""

    rates: dict[Asking, tuple[int, timedelta]] = field(default_factory=lambda: dict(RATES))
    _counts: OrderedDict[tuple[str, Asking], tuple[datetime, int]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def wait(self, network: str, asking: Asking, now: datetime) -> timedelta | None:
        """Count one more; None if it may be, else how long to wait. This machine itself (empty) never has to."""
        if not network:
            return None
        most, span = self.rates[asking]
        key = (network, asking)
        with self._lock:
            began, count = self._counts.pop(key, (now, 0))
            if not now - span < began <= now:
                began, count = now, 0
            self._counts[key] = (began, count + 1)
            if len(self._counts) > REMEMBERED:
                self._counts.popitem(last=False)
        return began + span - now if count >= most else None
