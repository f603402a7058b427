"""What a table of the settings names and does not hold itself: paths, passwords, certificates to trust."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from digest.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Named(Protocol):
    """A table that names the place of a password."""

    @property
    def password_variable(self) -> str:
        """An environment variable, or empty."""

    @property
    def password_file(self) -> str:
        """A file, or empty."""


def path(home: Path, table: str, named: str) -> Path:
    """A path of the settings; one that is not absolute begins at the home folder.

    Raises:
        SettingsError: it begins with the home folder (`~`) of somebody who has none.
    """
    try:
        return home / Path(named).expanduser()
    except RuntimeError as error:
        raise SettingsError(f"{table}: {named!r}: nobody here has such a home folder") from error


def password(home: Path, table: str, named: Named, environ: Mapping[str, str]) -> str:
    """The password or token, as it is now: tokens in files are renewed by other programs.

    Raises:
        SettingsError: there is none, or it is none that can be sent.
    """
    where, found = kept(home, table, "password", (named.password_variable, named.password_file), environ)
    found = found.rstrip("\r\n")
    if not found:
        raise SettingsError(f"{where}: no password there")
    if not found.isprintable():
        raise SettingsError(f"{where}: what is there is no password: it has control characters")
    return found


def kept(home: Path, table: str, key: str, place: tuple[str, str], environ: Mapping[str, str]) -> tuple[str, str]:
    """What an environment variable or else a file holds, the two that `place` names, and the key that names it.

    Raises:
        SettingsError: the file cannot be read.
    """
    variable, file = place
    if variable:
        return f"{table}.{key}_variable: {variable!r}", environ.get(variable, "")
    where = f"{table}.{key}_file: {file!r}"
    try:
        return where, path(home, table, file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise SettingsError(f"{where}: cannot be read: {why}") from error


def trust(home: Path, table: str, ca_file: str) -> ssl.SSLContext:
    """How certificates are checked, which takes a moment to read: by the system's, and by those in `ca_file` if named.

    Raises:
        SettingsError: the file cannot be read, or has none.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        try:
            context.load_verify_locations(path(home, table, ca_file))
        except OSError as error:
            why = "no certificates in PEM" if isinstance(error, ssl.SSLError) else error.strerror
            raise SettingsError(f"{table}.ca_file: {ca_file!r}: {why}") from error
    return context
