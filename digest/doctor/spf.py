"""SPF (RFC 7208): a domain's record with all that it includes, and whether an address may send for the domain."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.doctor.names import Address, Names

MOST_LOOKUPS, MOST_VOID = 10, 2
"""Terms that ask the DNS, and of these how many may find nothing (section 4.6.4): with more, receivers give up."""

_MOST_HOSTS = 10
_RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_TERM = re.compile(
    r"(?P<qualifier>[+?~-]?)(?P<kind>all|include|a|mx|ptr|ip4|ip6|exists)"
    r"(?::(?P<value>[^/]+|[0-9A-Fa-f:.]+))?(?P<prefix>/[0-9]{1,3})?(?://(?P<prefix6>[0-9]{1,3}))?",
    re.IGNORECASE,
)
_MODIFIER = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_.-]*)=(?P<value>\S*)")

Network = IPv4Network | IPv6Network


@dataclass(slots=True)
class Term:
    """One mechanism; what cannot be told without a mail at hand (`exists`, `ptr`, macros) is not known."""

    result: str
    is_all: bool = False
    is_known: bool = True
    networks: list[Network] = field(default_factory=list)
    included: Policy | None = None


@dataclass(slots=True)
class Policy:
    """The terms of one record in their order, and where it leads to if none of them matches."""

    text: str = ""
    terms: list[Term] = field(default_factory=list)
    redirect: Policy | None = None

    @property
    def otherwise(self) -> str:
        """What becomes of those whom nothing else matches: fail, softfail, neutral or pass; neutral if not said."""
        last = next((term.result for term in self.terms if term.is_all), "")
        return last or (self.redirect.otherwise if self.redirect else "neutral")

    def result(self, address: Address) -> str:
        """pass, fail, softfail, neutral; or unknown, where a term decides that only a mail can answer."""
        is_sure = True
        for term in self.terms:
            if not term.is_known:
                is_sure = False
            elif term.is_all or any(address in network for network in term.networks):
                return term.result if is_sure or term.result == "pass" else "unknown"
            elif term.included:
                inner = term.included.result(address)
                if inner == "pass":
                    return term.result
                is_sure = is_sure and inner != "unknown"
        if not is_sure:
            return "unknown"
        return self.redirect.result(address) if self.redirect else "neutral"


@dataclass(slots=True)
class Reading:
    """A domain's policy as it was read: None without a record. `faults` are what receivers give up at."""

    policy: Policy | None = None
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    lookups: int = 0
    voids: int = 0


def read(domain: str, names: Names) -> Reading:
    """A domain's SPF record, and all that it leads to.

    Raises:
        UnansweredError: the DNS does not answer.
    """
    reading = Reading()
    reading.policy = _policy(domain, names, reading, ())
    if reading.lookups > MOST_LOOKUPS:
        reading.faults.append(f"it takes {reading.lookups} DNS lookups, receivers give up after {MOST_LOOKUPS}")
    if reading.voids > MOST_VOID:
        reading.faults.append(f"{reading.voids} of its lookups find nothing, receivers give up after {MOST_VOID}")
    return reading


def _policy(domain: str, names: Names, reading: Reading, above: tuple[str, ...]) -> Policy | None:
    if domain.lower() in above:
        reading.faults.append(f"{domain} includes itself")
        return None
    text = _record(domain, names, reading)
    if text is None:
        return None
    policy = Policy(text=text)
    # A record that leads in circles, or to far too many others, is not followed for ever.
    above = (*above, domain.lower())
    redirect = ""
    for word in text.split()[1:]:
        if term := _TERM.fullmatch(word):
            if reading.lookups <= 2 * MOST_LOOKUPS:
                policy.terms.append(_term(term, domain, names, reading, above))
        elif modifier := _MODIFIER.fullmatch(word):
            if modifier["name"].lower() == "redirect":
                redirect = modifier["value"]
        else:
            reading.faults.append(f"{domain}: {word!r} is no term of SPF")
    if redirect and not any(term.is_all for term in policy.terms):
        reading.lookups += 1
        policy.redirect = _policy(redirect, names, reading, above)
        if policy.redirect is None:
            reading.faults.append(f"{domain}: redirect={redirect} leads to no record")
    return policy


def _record(domain: str, names: Names, reading: Reading) -> str | None:
    found = [text for text in names.texts(domain) if re.match(r"v=spf1(?: |\Z)", text, re.IGNORECASE)]
    if len(found) > 1:
        reading.faults.append(f"{domain} has {len(found)} records that begin with v=spf1, and may have one")
    return found[0] if found else None


def _term(found: re.Match[str], domain: str, names: Names, reading: Reading, above: tuple[str, ...]) -> Term:
    kind, value = found["kind"].lower(), found["value"] or ""
    term = Term(_RESULTS[found["qualifier"] or "+"])
    reading.lookups += kind in {"include", "a", "mx", "ptr", "exists"}
    if kind == "ptr":
        reading.remarks.append(f"{domain}: ptr should not be used (RFC 7208 section 5.5)")
    if kind in {"ptr", "exists"} or "%" in value:
        term.is_known = False
    elif kind == "all":
        term.is_all = True
    elif kind == "include":
        term.included = _policy(value, names, reading, above)
        if term.included is None:
            reading.faults.append(f"{domain}: include:{value} has no SPF record")
    elif kind in {"ip4", "ip6"}:
        try:
            term.networks.append(ipaddress.ip_network(f"{value}{found['prefix'] or ''}", strict=False))
        except ValueError:
            reading.faults.append(f"{domain}: {found[0]!r} is no network")
    else:
        addresses = list(_addresses(kind, value or domain, names, reading))
        reading.voids += not addresses
        prefixes = {4: (found["prefix"] or "/32")[1:], 6: found["prefix6"] or "128"}
        term.networks += [
            ipaddress.ip_network(f"{each}/{min(int(prefixes[each.version]), each.max_prefixlen)}", strict=False)
            for each in addresses
        ]
    return term


def _addresses(kind: str, name: str, names: Names, reading: Reading) -> Iterator[Address]:
    hosts = names.mail_hosts(name) if kind == "mx" else [name]
    if len(hosts) > _MOST_HOSTS:
        reading.faults.append(f"mx:{name} has {len(hosts)} hosts, receivers give up after {_MOST_HOSTS}")
    for host in hosts[:_MOST_HOSTS]:
        yield from names.addresses(host)
