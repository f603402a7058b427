"""From the settings to a transport: which one it is, and what it lacks is told before anything is sent."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from digest.errors import RelayError, SettingsError
from digest.settings import load
from digest.transport import Outcome, Parcel
from digest.transports import opener

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from digest.transport import Transport

PARCEL = Parcel(
    name="2025-05-09-ada",
    sender="digest@example.org",
    recipient="ada@example.org",
    content=b"Subject: Owls\r\n\r\nHoot\r\n",
)


def opened(home: Path, text: str, **environ: str) -> Callable[[], Transport]:
    """The opener of an installation with these settings."""
    (home / "digest.toml").write_text(text, encoding="utf-8")
    return opener(load(home), environ)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "outbox/2025-05-09-ada.eml"),
        ('[delivery]\ntransport = "maildir"', "maildir/new/2025-05-09-ada"),
        ('[delivery]\ntransport = "maildir"\nfolder = "mails/ada"', "mails/ada/new/2025-05-09-ada"),
    ],
)
def test_mails_go_into_the_folder_that_is_named(tmp_path: Path, text: str, place: str) -> None:
    """Each call opens a transport of its own, to the same place."""
    opening = opened(tmp_path, text)
    transport = opening()
    assert transport is not opening()
    assert transport.send(PARCEL).outcome is Outcome.ACCEPTED
    transport.close()
    assert b"Hoot" in (tmp_path / place).read_bytes()


def test_mails_go_to_standard_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As octets, whatever the terminal's encoding."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    opened(tmp_path, '[delivery]\ntransport = "stdout"')().send(PARCEL)
    assert b"Subject: Owls\n\nHoot\n" in written.getvalue()


def test_mails_go_to_the_command_that_is_named(tmp_path: Path) -> None:
    """One that is not there is told when it is first needed."""
    transport = opened(tmp_path, '[delivery]\ntransport = "sendmail"\ncommand = "/nowhere/msmtp"')()
    with pytest.raises(RelayError, match="cannot run: '/nowhere/msmtp': No such file or directory"):
        transport.send(PARCEL)


SMTP = '[delivery]\ntransport = "smtp"\nhost = "mail.example.org"\n'


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ('username = "me"\npassword_variable = "NONE"', "delivery.password_variable: 'NONE': no password there"),
        (
            'username = "me"\npassword_variable = "ODD"',
            "delivery.password_variable: 'ODD': what is there is no password",
        ),
        ('username = "me"\npassword_file = "no"', "delivery.password_file: 'no': cannot be read: No such file"),
        ('username = "me"\npassword_file = "empty"', "delivery.password_file: 'empty': no password there"),
        ('username = "me"\npassword_file = "latin"', "delivery.password_file: 'latin': cannot be read: not UTF-8"),
        ('ca_file = "no"', "delivery.ca_file: 'no': No such file"),
        ('ca_file = "latin"', "delivery.ca_file: 'latin': no certificates in PEM"),
    ],
)
def test_what_is_missing_is_told_before_anything_is_sent(tmp_path: Path, lines: str, fault: str) -> None:
    """A password or certificates that are not where the settings say; none of it is shown."""
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    (tmp_path / "latin").write_bytes(b"gr\xfcn")
    with pytest.raises(SettingsError, match=fault) as caught:
        opened(tmp_path, SMTP + lines, ODD="a\0b")
    assert "a\0b" not in str(caught.value)


def test_all_that_is_there_opens_without_connecting(tmp_path: Path) -> None:
    """A password in a file ends with its line; nothing is asked of the server yet."""
    (tmp_path / "password").write_text("open sesame\n", encoding="utf-8")
    transport = opened(tmp_path, f'{SMTP}username = "me"\npassword_file = "password"')()
    transport.close()


def test_a_socket_is_looked_for_in_the_home_folder(tmp_path: Path) -> None:
    """Like any path that is not absolute."""
    transport = opened(tmp_path, '[delivery]\ntransport = "lmtp"\nsocket = "lmtp"')()
    with pytest.raises(RelayError, match=f"cannot hand over to '{tmp_path}/lmtp': no connection: "):
        transport.send(PARCEL)
