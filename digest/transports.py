"""From the settings to the transport that they name."""

from __future__ import annotations

import ssl
import sys
from email.utils import parseaddr
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

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
            return partial(Maildir, path(settings, delivery.folder or "maildir"))
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
    socket = str(path(settings, delivery.socket)) if is_lmtp and delivery.socket else ""
    security = Security.NONE if socket else delivery.security
    host, port = delivery.address
    domain = parseaddr(settings.sender)[1].rpartition("@")[2]
    return Server(
        host=host,
        port=port,
        path=socket,
        is_lmtp=is_lmtp,
        security=security,
        context=None if security is Security.NONE else _tls(settings),
        credentials=_credentials(settings, environ),
        mechanism=delivery.auth,
        helo=delivery.helo or (domain if domain.isascii() else "localhost"),
        seconds=delivery.timeout,
    )


def _tls(settings: Settings) -> ssl.SSLContext:
    """How certificates are checked, which takes a moment to read: one for all connections."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if named := settings.delivery.ca_file:
        try:
            context.load_verify_locations(path(settings, named))
        except OSError as error:
            why = "no certificates in PEM" if isinstance(error, ssl.SSLError) else error.strerror
            raise SettingsError(f"delivery.ca_file: {named!r}: {why}") from error
    return context


def _credentials(settings: Settings, environ: Mapping[str, str]) -> Credentials | None:
    delivery = settings.delivery
    if not delivery.username:
        return None
    password = partial(_password, settings, environ)
    password()  # so that a missing one is told at once

    def again() -> str:
        try:
            return password()
        except SettingsError as error:
            raise RelayError(str(error), is_transient=False) from error

    return Credentials(delivery.username, again)


def _password(settings: Settings, environ: Mapping[str, str]) -> str:
    """The password or token, as it is now: tokens in files are renewed by other programs.

    Raises:
        SettingsError: there is none, or it is none that can be sent.
    """
    delivery = settings.delivery
    if named := delivery.password_variable:
        where, password = f"delivery.password_variable: {named!r}", environ.get(named, "")
    else:
        where = f"delivery.password_file: {delivery.password_file!r}"
        try:
            password = path(settings, delivery.password_file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise SettingsError(f"{where}: cannot be read: {why}") from error
    password = password.rstrip("\r\n")
    if not password:
        raise SettingsError(f"{where}: no password there")
    if not password.isprintable():
        raise SettingsError(f"{where}: what is there is no password: it has control characters")
    return password


def path(settings: Settings, named: str) -> Path:
    """A path of the settings; one that is not absolute begins at the home folder.

    Raises:
        SettingsError: it begins with the home folder (`~`) of somebody who has none.
    """
    try:
        return settings.home / Path(named).expanduser()
    except RuntimeError as error:
        raise SettingsError(f"delivery: {named!r}: nobody here has such a home folder") from error
