"""What the DNS says of the sender: where mails to it go, who may send in its name (SPF), what they are called (PTR)."""

from __future__ import annotations

from email.utils import parseaddr
from typing import TYPE_CHECKING

from digest.delivery_settings import Way
from digest.doctor import signature, spf
from digest.doctor.findings import Finding, fault, ok, warning
from digest.doctor.names import Address, UnansweredError, is_public

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from digest.dkim import Signer
    from digest.doctor.names import Names
    from digest.settings import Settings

_RESERVED = frozenset({"localhost", "local", "localdomain", "internal", "invalid", "test", "example", "lan", "arpa"})
_TRY = "digest send-test ADDRESS, then look for spf=pass in the mail's source"


def sender(settings: Settings) -> Finding:
    """Whether the sender is of a domain that others can know."""
    domain = _domain(parseaddr(settings.sender)[1])
    if "." not in domain or domain.rpartition(".")[2] in _RESERVED:
        what = f"mails come from {domain!r}, which is no domain that anybody else knows"
        return fault("sender", what, 'set sender = "Paper Digest <digest@YOUR DOMAIN>" in digest.toml')
    return ok("sender", f"mails come from {domain}")


def examine(
    settings: Settings, signer: Signer | None, names: Names, own: Callable[[], Address | None]
) -> Iterator[Finding]:
    """Ask the DNS all that receivers will ask it. `own` gives this machine's address, None if it has none."""
    domain = _domain(parseaddr(settings.sender)[1])
    envelope = _domain(settings.delivery.bounce_address) if settings.delivery.bounce_address else domain
    checks: list[Callable[[], Iterator[Finding]]] = [
        *(lambda name=name: _takes_mails(name, names) for name in dict.fromkeys((domain, envelope))),
        lambda: _spf(settings, envelope, names, own),
        lambda: signature.dkim_record(signer, domain, names),
        lambda: signature.dmarc(signer, domain, envelope, names),
        lambda: _ptr(settings, names, own),
    ]
    for check in checks:
        try:
            yield from check()
        except UnansweredError as error:
            yield warning("dns", str(error), "look after the network or --nameserver, and run digest doctor again")
            return


def senders(settings: Settings, names: Names, own: Callable[[], Address | None]) -> tuple[str, list[Address]]:
    """Who receivers may see our mails come from, by name, and the public addresses of it; none where that is not known.

    That is the relay, or this machine where the relay is on it.

    Raises:
        UnansweredError: the DNS does not answer.
    """
    delivery = settings.delivery
    if delivery.transport is Way.SMTP:
        host = delivery.host.rstrip(".")
        found = [] if host == "localhost" else names.addresses(host)
        if public := [each for each in found if is_public(each)]:
            return host, public
        if host != "localhost" and not (found and all(each.is_loopback for each in found)):
            return host, []
    elif delivery.transport is not Way.SENDMAIL:
        return "", []
    address = own()
    return "this machine", [address] if address and is_public(address) else []


def _domain(address: str) -> str:
    return address.rpartition("@")[2].rstrip(".").lower()


def _takes_mails(domain: str, names: Names) -> Iterator[Finding]:
    """Replies and bounces have to go somewhere; many receivers take no mail from where none can go."""
    hosts = names.mail_hosts(domain)
    if hosts and not hosts[0]:
        yield fault("mx", f"{domain} says that it takes no mails (RFC 7505)", "send from a domain that does")
    elif hosts:
        yield ok("mx", f"mails to {domain} go to {hosts[0]}")
    elif names.addresses(domain):
        yield ok("mx", f"mails to {domain} go to the host itself, as it has no MX record")
    else:
        yield fault(
            "mx",
            f"{domain} has neither an MX record nor an address, so that no reply or bounce arrives",
            f"publish: {domain}. IN MX 10 YOUR MAIL SERVER.",
        )


def _spf(settings: Settings, domain: str, names: Names, own: Callable[[], Address | None]) -> Iterator[Finding]:
    reading = spf.read(domain, names)
    who, addresses = senders(settings, names, own)
    mine = " ".join(f"ip{each.version}:{each}" for each in addresses) or "include:WHAT YOUR PROVIDER SAYS"
    for each in reading.faults:
        yield fault("spf", each, f"correct the record of {domain}: receivers take it for none")
    for each in reading.remarks:
        yield warning("spf", each, "list the addresses by ip4 and ip6")
    if reading.policy is None:
        if not reading.faults:
            yield fault(
                "spf", f"{domain} has no SPF record", f"publish: {signature.publish(domain, f'v=spf1 {mine} ~all')}"
            )
        return
    yield ok("spf", f"{domain}: {reading.policy.text} ({reading.lookups} of {spf.MOST_LOOKUPS} DNS lookups)")
    if reading.policy.otherwise == "pass":
        yield fault("spf", f"{domain} lets everybody send in its name", "end the record with ~all or -all")
    elif reading.policy.otherwise == "neutral":
        yield warning("spf", f"{domain} does not say who may not send", "end the record with ~all or -all")
    if not addresses:
        what = f"from where {who} sends cannot be known here" if who else "no relay is named, to see if it may send"
        yield warning("spf", what, f"see that the record covers it: {_TRY}")
    for address in addresses:
        yield _may_send(reading.policy, domain, f"{who} ({address})", address)


def _may_send(policy: spf.Policy, domain: str, who: str, address: Address) -> Finding:
    match policy.result(address):
        case "pass":
            return ok("spf", f"{who} may send for {domain}")
        case "unknown":
            return warning("spf", f"whether {who} may send for {domain} depends on the mail", _TRY)
        case result:
            mend = f"add ip{address.version}:{address} to the record, or what your provider says if it sends elsewhere"
            return warning("spf", f"{who} may not send for {domain}: {result}", mend)


def _ptr(settings: Settings, names: Names, own: Callable[[], Address | None]) -> Iterator[Finding]:
    who, addresses = senders(settings, names, own)
    if who and not addresses:
        yield warning(
            "ptr",
            f"the public address that {who} sends from cannot be known here",
            "see that it has a name (PTR), and that the name has the address",
        )
    for each in addresses:
        pointers = names.pointers(each)
        confirmed = [name for name in pointers if each in names.addresses(name)]
        if confirmed:
            yield ok("ptr", f"{who} ({each}) is {confirmed[0]}")
        elif pointers:
            yield warning(
                "ptr",
                f"{who} ({each}) is called {pointers[0]}, which does not have this address",
                f"let {pointers[0]} have the address {each}, or the address another name",
            )
        else:
            yield warning("ptr", f"{who} ({each}) has no name", f"have whoever owns {each} give it a PTR record")
