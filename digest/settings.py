"""One settings object: where everything lives, and what an operator may change in `digest.toml`."""

from __future__ import annotations

import difflib
import tomllib
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from digest.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Settings(BaseModel):
    """Settings of one installation; every field but `home` is a key of `DIGEST_HOME/digest.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    home: Path = Field(description="The folder that holds everything; given by DIGEST_HOME.")
    sender: str = Field(
        default="Paper Digest <digest@localhost>", description="The From line of every mail: a name and an address."
    )
    window_days: int = Field(
        default=7, ge=1, le=366, description="How many days of papers an issue may reach back to, its own day included."
    )
    background_papers: int = Field(
        default=3000, ge=0, le=100_000, description="How many earlier papers the new ones are compared with."
    )

    @field_validator("sender")
    @classmethod
    def _has_address(cls, value: str) -> str:
        _, address = parseaddr(value)
        if address.count("@") != 1 or not all(address.split("@")) or not value.isprintable():
            raise ValueError("expected a name and an address, like 'Paper Digest <digest@example.org>'")
        return value

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.home / "digest.sqlite3"

    @property
    def outbox(self) -> Path:
        """Where mails are written as `.eml` files."""
        return self.home / "outbox"

    @property
    def pages(self) -> Path:
        """Where issues are written as web pages."""
        return self.home / "pages"

    @property
    def profiles(self) -> Path:
        """Where the readers' interest profiles are looked for."""
        return self.home / "profiles"

    @property
    def templates(self) -> Path:
        """Where an operator's own templates are looked for before the shipped ones."""
        return self.home / "templates"


def home(environment: Mapping[str, str]) -> Path:
    """Where everything lives: DIGEST_HOME, else the platform's folder for data of this user."""
    named = environment.get("DIGEST_HOME")
    return Path(named).expanduser().absolute() if named else user_data_path("paper-digest")


def load(home: Path) -> Settings:
    """The settings of the installation at `home`; defaults where `digest.toml` is missing or silent.

    Raises:
        SettingsError: names the file, the line and the key of every fault.
    """
    path = home / "digest.toml"
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except FileNotFoundError:
        return Settings(home=home)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read as TOML: {error}") from error
    try:
        return Settings(**(values | {"home": home}))
    except ValidationError as error:
        faults = [_fault(path, text, str(fault["loc"][0]), fault["type"], fault["msg"]) for fault in error.errors()]
        raise SettingsError("\n".join(faults)) from error


def _fault(path: Path, text: str, key: str, kind: str, message: str) -> str:
    line = next((n for n, line in enumerate(text.splitlines(), 1) if line.split("=")[0].strip(" \t\"'[]") == key), 1)
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(key, Settings.model_fields, n=1)
        message = "unknown key" + (f" (did you mean {near[0]!r}?)" if near else "")
    return f"{path}:{line}: {key}: {message.removeprefix('Value error, ')}"
