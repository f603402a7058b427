"""`digest doctor`: everything that has to be right before the first real mail, looked at in turn.

Nothing is sent. Each module checks one thing and gives findings; one that is bad keeps no other check from its turn.
"""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING

from digest import settings as settings_of
from digest.doctor import domain, place, relay, sample_mail, signature
from digest.doctor.findings import Finding, Verdict, fault, ok
from digest.errors import SettingsError
from digest.originator import Originator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from digest.doctor.names import Address, Names

_SOMEBODY = ("192.0.2.1", 9)  # an address of nobody (RFC 5737), and the port that discards


def examine(
    home: Path,
    environ: Mapping[str, str],
    now: datetime,
    names: Names | None,
    *,
    own: Callable[[], Address | None],
    say: Callable[[str], None],
) -> Iterator[Finding]:
    """All findings, each as soon as it is there.

    Args:
        home: the installation's folder.
        environ: where passwords may be.
        now: the instant it is.
        names: the DNS; None asks neither it nor the mail server.
        own: this machine's address as others see it, None where it is not known.
        say: is told what takes a while.
    """
    try:
        settings = settings_of.load(home, environ)
    except SettingsError as error:
        for line in str(error).splitlines():
            yield fault("settings", line, f"correct {home / settings_of.FILE}")
        return
    file = home / settings_of.FILE
    yield ok("settings", f"{file}" if file.exists() else f"{file} is not there: all is default")
    yield from place.folders(settings)
    yield from place.secrets(settings)
    yield from place.clock(settings, now)
    yield from place.database(settings)
    yield from place.readers(settings)
    yield from place.waiting(settings)
    compiled, renderer = place.templates(settings)
    yield from compiled
    try:
        originator = Originator(settings)
    except SettingsError as error:
        originator = None
        yield fault("dkim", str(error), "openssl genrsa -out dkim.pem 2048 makes a key")
    if names and settings.delivery.host:
        say(f"asking {settings.delivery.host} …")
    findings, largest = relay.examine(settings, environ, now, is_asked=names is not None)
    yield from findings
    if originator and renderer:
        yield from sample_mail.examine(settings, originator, renderer, largest)
    known = domain.sender(settings)
    yield known
    if names is None and originator and originator.signer:
        signer = originator.signer
        record = signature.publish(signer.place, signer.record)
        yield ok("dkim", f"mails are signed for {signer.domain}; the record of the key: {record}")
    if names and known.verdict is Verdict.OK:
        say(f"asking DNS ({names.servers}) …")
        yield from domain.examine(settings, originator.signer if originator else None, names, own)


def own_address() -> Address | None:
    """The address that this machine would send from; None without a network. Nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unsent:
        try:
            unsent.connect(_SOMEBODY)
            return ip_address(unsent.getsockname()[0])
        except OSError:
            return None
