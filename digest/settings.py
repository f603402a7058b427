"""One settings object: where everything lives, and what an operator may change in `digest.toml`."""

from __future__ import annotations

import difflib
import re
import tomllib
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from platformdirs import user_data_path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from digest import feeds, tomlarray
from digest.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails


FILE = "digest.toml"
"""What the settings file is called in the home folder."""

_CONTACT = re.compile(r"[^@\s()<>]+@[^@\s()<>]+|https?://[^\s()<>]+")


def _named(value: str) -> str:
    feeds.parse(value)
    return value


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
    sources: tuple[Annotated[str, AfterValidator(_named)], ...] = Field(
        default=(), strict=False, description="Where papers are fetched from, by names that `digest.feeds` knows."
    )
    contact: str = Field(
        default="", description="A mail address or URL that servers are given, to write to if we are a burden to them."
    )

    @field_validator("sender")
    @classmethod
    def _has_address(cls, value: str) -> str:
        _, address = parseaddr(value)
        if address.count("@") != 1 or not all(address.split("@")) or not value.isprintable():
            raise ValueError("expected a name and an address, like 'Paper Digest <digest@example.org>'")
        return value

    @field_validator("sources")
    @classmethod
    def _is_named_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = [feeds.parse(each).name for each in value]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"named twice: {', '.join(twice)}")
        return value

    @field_validator("contact")
    @classmethod
    def _can_be_sent(cls, value: str) -> str:
        if value and not (value.isascii() and value.isprintable() and _CONTACT.fullmatch(value)):
            raise ValueError(f"expected a mail address or a URL, like digest@example.org, got {value!r}")
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


KEYS = tuple(name for name in Settings.model_fields if name != "home")
"""What `digest.toml` may say."""


def home(environment: Mapping[str, str]) -> Path:
    """Where everything lives: DIGEST_HOME, else the platform's folder for data of this user; absolute.

    Raises:
        SettingsError: DIGEST_HOME begins with the home folder (`~`) of somebody who has none.
    """
    named = environment.get("DIGEST_HOME")
    if not named:
        return user_data_path("paper-digest", appauthor=False)
    try:
        return Path(named).expanduser().absolute()
    except RuntimeError as error:
        raise SettingsError(f"DIGEST_HOME: {named!r}: nobody here has such a home folder") from error


def load(home: Path) -> Settings:
    """The settings of the installation at `home`; defaults where `digest.toml` is missing or silent.

    Raises:
        SettingsError: names the file, the line and the key of every fault, one fault a line.
    """
    path = home / FILE
    try:
        text = path.read_bytes().decode("utf-8-sig")
        values = tomllib.loads(text)
    except FileNotFoundError:
        return Settings(home=home)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path}:{line}: not UTF-8: byte 0x{error.object[error.start]:02x}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(_syntax_fault(path, text, str(error))) from error
    faults = [_fault(path, text, key, _unknown(key)) for key in values if key not in KEYS]
    try:
        settings = Settings(home=home, **{key: value for key, value in values.items() if key in KEYS})
    except ValidationError as error:
        faults += [_fault_at(path, text, each) for each in error.errors()]
    if faults:
        raise SettingsError("\n".join(message for _, message in sorted(faults)))
    return settings


def _syntax_fault(path: Path, text: str, message: str) -> str:
    why, _, place = message.partition(" (at ")
    named = re.match(r"line (\d+)", place)
    line = named[1] if named else max(len(text.splitlines()), 1)
    return f"{path}:{line}: not TOML: {why[:1].lower()}{why[1:]}"


def _unknown(key: str) -> str:
    near = difflib.get_close_matches(key, KEYS, n=1)
    return "unknown key" + (f" (did you mean {near[0]!r}?)" if near else f": known are {', '.join(KEYS)}")


def _complaint(fault: ErrorDetails) -> str:
    if fault["type"] == "value_error":
        return fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "tuple_type":
        return f"expected a list, got {fault['input']!r}"
    return f"expected {fault['msg'].removeprefix('Input should be ')}, got {fault['input']!r}"


def _fault_at(path: Path, text: str, fault: ErrorDetails) -> tuple[int, str]:
    key, *below = fault["loc"]
    lines = tomlarray.lines(text, str(key))
    if not below or not isinstance(below[0], int) or below[0] >= len(lines):
        return _fault(path, text, str(key), _complaint(fault))
    line = lines[below[0]]
    return line, f"{path}:{line}: {key}[{below[0]}]: {_complaint(fault)}"


def _fault(path: Path, text: str, key: str, why: str) -> tuple[int, str]:
    spelt = re.search(rf"""^[ \t\[]*["']?{re.escape(key)}["']?[ \t]*[=.\]]""", text, re.MULTILINE)
    line = text.count("\n", 0, spelt.start()) + 1 if spelt else 1
    return line, f"{path}:{line}: {key}: {why}"
