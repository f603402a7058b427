"""Where the database is: a SQLite file in the home folder, or a PostgreSQL server that several machines share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from digest.errors import SettingsError

VARIABLE = "DIGEST_DATABASE_URL"
"""The environment variable that names a PostgreSQL database; without it the database is a SQLite file."""

_SCHEMES = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
_EXPECTED = "expected a URL like postgresql://digest@db.example.org/digest"


@dataclass(frozen=True, slots=True)
class Server:
    """A database on a PostgreSQL server; as text it is its URL without password and options.

    `folder` is where this machine keeps what is made from it: term statistics, the search index.
    """

    url: str = field(repr=False)
    folder: Path

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        user = f"{unquote(parts.username)}@" if parts.username else ""
        port = f":{parts.port}" if parts.port else ""
        # A folder with the server's socket is named behind the question mark.
        host = parts.hostname or parse_qs(parts.query).get("host", ["localhost"])[0]
        return f"postgresql://{user}{host}{port}/{unquote(parts.path.lstrip('/'))}"

    @property
    def has_password(self) -> bool:
        """Whether the URL itself holds a password."""
        parts = urlsplit(self.url)
        return bool(parts.password) or "password" in parse_qs(parts.query)


Place = Path | Server
"""A SQLite file, or a database on a server."""


def server(url: str, folder: Path) -> Server:
    """The database that a URL names (https://www.postgresql.org/docs/current/libpq-connect.html, section 32.1.1.2).

    Raises:
        SettingsError: it names none; the message holds nothing of the URL, which may hold a password.
    """
    try:
        parts = urlsplit(url)
        is_named = parts.scheme in _SCHEMES and len(parts.path) > 1 and parts.port != 0
    except ValueError:
        is_named = False
    if not is_named:
        raise SettingsError(f"{VARIABLE}: {_EXPECTED}")
    return Server(url, folder)


def named(file: Path, url: str) -> Place:
    """The database that a URL names, with what is made from it in the file's folder; the file where there is no URL.

    Raises:
        SettingsError: as for `server`.
    """
    return server(url, file.parent) if url else file
