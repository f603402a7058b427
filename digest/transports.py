"""From the settings to the transport that they name."""

from __future__ import annotations

import sys
from email.utils import parseaddr
from functools import partial
from typing import TYPE_CHECKING

from digest.access import password, path, trust
from digest.delivery_settings import Security, Way
from digest.errors import RelayError, SettingsError
from digest.mailboxes import Folder, Maildir, Stream
from digest.sendmail import Sendmail
from digest.smtp.auth import Credentials
from digest.smtp.relay import Relay
from digest.smtp.session import PATIENCE, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from digest.settings import Settings
    from digest.transport import Transport


def opener(settings: Settings, environ: Mapping[str, str]) -> Callable[[], Transport]:
    """What makes a new transport of the kind that `[delivery]` names, for one thread each; nothing is connected yet.

    Raises:
        SettingsError: the password is not where the settings say, or the certificates to trust cannot be read.
    """
    delivery = settings.delivery
    match delivery.transport:
        case Way.FOLDER:
            return partial(Folder, settings.outbox)
        case Way.MAILDIR:
            return partial(Maildir, path(settings.home, "delivery", delivery.folder or "maildir"))
        case Way.STDOUT:
            return partial(Stream, sys.stdout.buffer)
        case Way.SENDMAIL:
            return partial(Sendmail, delivery.command, PATIENCE * delivery.timeout)
        case Way.SMTP | Way.LMTP:
            return partial(Relay, server(settings, environ), delivery.mails_per_connection)


def server(settings: Settings, environ: Mapping[str, str]) -> Server:
    """The server that `[delivery]` names, for `smtp` and `lmtp`; nothing is connected yet.

    Raises:
        SettingsError: as `opener`.
    """
    delivery = settings.delivery
    is_lmtp = delivery.transport is Way.LMTP
    socket = str(path(settings.home, "delivery", delivery.socket)) if is_lmtp and delivery.socket else ""
    security = Security.NONE if socket else delivery.security
    host, port = delivery.address
    domain = parseaddr(settings.sender)[1].rpartition("@")[2]
    return Server(
        host=host,
        port=port,
        path=socket,
        is_lmtp=is_lmtp,
        security=security,
        context=None if security is Security.NONE else trust(settings.home, "delivery", delivery.ca_file),
        credentials=_credentials(settings, environ),
        mechanism=delivery.auth,
        helo=delivery.helo or (domain if domain.isascii() else "localhost"),
        seconds=delivery.timeout,
    )


def _credentials(settings: Settings, environ: Mapping[str, str]) -> Credentials | None:
    delivery = settings.delivery
    if not delivery.username:
        return None
    current = partial(password, settings.home, "delivery", delivery, environ)
    current()  # so that a missing one is told at once

    def again() -> str:
        try:
            return current()
        except SettingsError as error:
            raise RelayError(str(error), is_transient=False) from error

    return Credentials(delivery.username, again)
