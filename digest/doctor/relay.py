"""Whether whoever takes the mails is there: connected, greeted and logged in, without a mail."""

from __future__ import annotations

import shutil
import ssl
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from digest.delivery_settings import Security, Way
from digest.doctor.findings import Finding, fault, ok, warning
from digest.errors import RelayError, SettingsError
from digest.smtp.session import Session
from digest.transports import server

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.settings import Settings

SECONDS = 20.0
"""What a server has for one command, at most: somebody waits."""

_DAYS_LEFT = 14
_SMALL = 1_000_000


def examine(
    settings: Settings, environ: Mapping[str, str], now: datetime, *, is_asked: bool
) -> tuple[list[Finding], int | None]:
    """What there is to say of the transport, and the octets of the largest mail that a server takes, if it says so.

    No server is connected to unless `is_asked`.
    """
    delivery = settings.delivery
    match delivery.transport:
        case Way.SMTP | Way.LMTP:
            return _server(settings, environ, now, is_asked=is_asked)
        case Way.SENDMAIL:
            if shutil.which(delivery.command):
                return [ok("transport", f"mails go to {delivery.command}")], None
            mend = "install a mail server that brings it, or name the command in [delivery]"
            return [fault("transport", f"there is no command {delivery.command}", mend)], None
        case way:
            what = f"mails are kept as files ({way}), and nobody is sent any"
            mend = 'to send them, set transport = "smtp" and host in [delivery]'
            return [warning("transport", what, mend)], None


def _server(
    settings: Settings, environ: Mapping[str, str], now: datetime, *, is_asked: bool
) -> tuple[list[Finding], int | None]:
    try:
        named = server(settings, environ)
    except SettingsError as error:
        return [fault("transport", str(error), "correct it in digest.toml or where it points to")], None
    if not is_asked:
        return [ok("transport", f"mails go to {named.name}, which was not asked")], None
    try:
        session = Session(replace(named, seconds=min(named.seconds, SECONDS)))
    except RelayError as error:
        mend = "try again later, or correct host, port and security" if error.is_transient else _mend(str(error))
        return [fault("transport", str(error), mend)], None
    try:
        login = f", logged in as {settings.delivery.username!r}" if named.credentials else ""
        findings = [ok("transport", f"{named.name} takes mails{login}")]
        if session.certificate:
            findings.append(_certificate(session.certificate, now))
        elif named.security is Security.NONE and not (named.path or session.is_local):
            mend = "use starttls or tls, if the server has it"
            findings.append(warning("tls", f"mails go to {named.name} in the clear", mend))
        if session.largest and session.largest < _SMALL:
            what = f"the server takes mails of {session.largest:,} octets at most"
            findings.append(warning("size", what, "have it raised: an issue may have 300,000"))
        return findings, session.largest
    finally:
        session.quit()


def _certificate(certificate: Mapping[str, object], now: datetime) -> Finding:
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    days = (until - now).days
    if days < _DAYS_LEFT:
        mend = "have it renewed: mails do not go to a server without a good one"
        return warning("tls", f"the server's certificate ends in {days} days, on {until:%Y-%m-%d}", mend)
    return ok("tls", f"the server's certificate is good for {days} days more")


def _mend(why: str) -> str:
    mends = {
        "certificate": "name the host as its certificate does, or the authority by ca_file",
        "STARTTLS": 'set security = "tls" (port 465) or, on this machine only, "none"',
        "login": "correct username and password; some providers want a password of its own for each program",
        "log in": "set auth, or no username where the server wants no login",
    }
    return next((mend for word, mend in mends.items() if word in why), "correct [delivery] in digest.toml")
