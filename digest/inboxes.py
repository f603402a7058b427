"""From the settings, or from a path, to the place that returned mails are read from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.access import password, path, trust
from digest.delivery_settings import Security
from digest.errors import SettingsError, SourceError
from digest.imap import Account, ImapInbox
from digest.mail_files import MaildirInbox, StreamInbox

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from digest.inbox import Inbox
    from digest.settings import Settings


def configured(settings: Settings, environ: Mapping[str, str]) -> Inbox:
    """The place that `[bounces]` names; nothing is connected yet.

    Raises:
        SettingsError: it names none, or a password or certificates that are not there.
    """
    bounces = settings.bounces
    if bounces.maildir:
        return MaildirInbox(path(settings.home, "bounces", bounces.maildir))
    if not bounces.host:
        raise SettingsError("bounces: nowhere to read from: set bounces.maildir or bounces.host, or name a path")
    host, port = bounces.address
    is_open = bounces.security is Security.NONE
    return ImapInbox(
        Account(
            host=host,
            port=port,
            security=bounces.security,
            context=None if is_open else trust(settings.home, "bounces", bounces.ca_file),
            username=bounces.username,
            password=password(settings.home, "bounces", bounces, environ),
            mechanism=bounces.auth,
            mailbox=bounces.mailbox,
            move_to=bounces.move_to,
            seconds=bounces.timeout,
        )
    )


def at(place: Path) -> Inbox:
    """A Maildir, or a file of one mail or of many.

    Raises:
        SourceError: there is neither.
    """
    if place.is_dir():
        return MaildirInbox(place)
    try:
        return StreamInbox(place.open("rb"), place.name)
    except OSError as error:
        raise SourceError(str(place), error.strerror or "cannot be read") from error
