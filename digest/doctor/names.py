"""The DNS as checks ask it: what there is by a name, or that nobody answers."""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

import dns.exception
import dns.resolver
import dns.reversename
from dns.rdtypes.ANY.TXT import TXT

from digest.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dns.rdata import Rdata

Address = IPv4Address | IPv6Address

SECONDS = 3.0
"""For one server to answer one question; a question has twice that in all."""

_PORT, _LAST_PORT = 53, 65535

_INNER = tuple(
    ipaddress.ip_network(each)
    for each in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)
"""Where no receiver of mails sees anybody come from (RFC 1918, RFC 6598, RFC 4193, loopback, link-local)."""


class UnansweredError(Exception):
    """The DNS does not answer, so that nothing can be said."""


class Names:
    """Asks a resolver; what there is not is empty.

    After a question that nobody answered no other one is asked, so that a machine without a network is found out soon.

    Each method raises `UnansweredError` where no answer comes, or only that of a server that fails.
    """

    def __init__(self, resolver: dns.resolver.Resolver, seconds: float = SECONDS) -> None:
        self._resolver = resolver
        resolver.timeout, resolver.lifetime = seconds, 2 * seconds
        self._is_dead = False

    @property
    def servers(self) -> str:
        """Who is asked, for people."""
        return ", ".join(str(each) for each in self._resolver.nameservers)

    def texts(self, name: str) -> list[str]:
        """The TXT records, each in one piece (RFC 7208 section 3.3)."""
        found = [each.strings for each in self._ask(name, "TXT") if isinstance(each, TXT)]
        return [b"".join(strings).decode("utf-8", "replace") for strings in found]

    def mail_hosts(self, name: str) -> list[str]:
        """The hosts that take mails for a domain, the preferred first; one that is empty refuses all (RFC 7505)."""
        found = (each.to_text().split() for each in self._ask(name, "MX"))
        return [host.rstrip(".") for _, host in sorted((int(preference), host) for preference, host in found)]

    def addresses(self, name: str) -> list[Address]:
        """The addresses of a host, which may be given as one."""
        try:
            return [ipaddress.ip_address(name)]
        except ValueError:
            pass
        return [ipaddress.ip_address(each.to_text()) for kind in ("A", "AAAA") for each in self._ask(name, kind)]

    def pointers(self, address: Address) -> list[str]:
        """The names of an address (PTR)."""
        name = dns.reversename.from_address(str(address)).to_text()
        return sorted(each.to_text().rstrip(".").lower() for each in self._ask(name, "PTR"))

    def _ask(self, name: str, kind: str) -> Iterable[Rdata]:
        if self._is_dead:
            raise UnansweredError("the DNS does not answer")
        try:
            return list(self._resolver.resolve(f"{name.rstrip('.')}.", kind, raise_on_no_answer=False).rrset or ())
        except dns.resolver.NXDOMAIN:
            return ()
        except dns.resolver.LifetimeTimeout as error:
            self._is_dead = True
            raise UnansweredError(f"the DNS does not answer ({self.servers})") from error
        except dns.resolver.NoNameservers as error:
            raise UnansweredError(f"{name}: the servers of this name fail, or its signature is not good") from error
        except (dns.exception.DNSException, UnicodeError):  # no name that can be asked for: there is nothing by it
            return ()


def names(server: str = "") -> Names:
    """What asks the system's DNS servers, or the one that is named as `ADDRESS` or `ADDRESS:PORT`.

    Raises:
        SettingsError: it is no address, or the system names no server.
    """
    if not server:
        try:
            return Names(dns.resolver.Resolver())
        except dns.resolver.NoResolverConfiguration as error:
            raise SettingsError("the system names no DNS server: name one by --nameserver") from error
    resolver = dns.resolver.Resolver(configure=False)
    host, port = server, ""
    if server.count(":") == 1 or server.startswith("["):
        host, _, port = server.rpartition(":")
    try:
        resolver.nameservers = [str(ipaddress.ip_address(host.strip("[]")))]
        resolver.port = int(port or _PORT)
    except ValueError as error:
        raise SettingsError(f"expected a DNS server's address, like 9.9.9.9, got {server!r}") from error
    if not 0 < resolver.port <= _LAST_PORT:
        raise SettingsError(f"expected a DNS server's address and port, like 9.9.9.9:53, got {server!r}")
    return Names(resolver)


def is_public(address: Address) -> bool:
    """Whether a receiver of mails may see somebody come from there."""
    return not any(address in network for network in _INNER)
