"""One settings object: where everything lives, and what an operator may change in `digest.toml`."""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from digest import databases, days, feeds, look, served, settings_faults
from digest.alarm_settings import Alarms
from digest.bounce_settings import Bounces
from digest.delivery_settings import Delivery
from digest.errors import SettingsError
from digest.look import ACCENT, Layout, Look
from digest.summary_settings import Summaries, is_here
from digest.tokens import LONGEST_SITE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.databases import Place


FILE = "digest.toml"
"""What the settings file is called in the home folder."""

SITE = "DIGEST_SITE_URL"
"""The environment variable that says where the site is, where `digest.toml` does not."""

_PAGES = re.compile(r"https?://[\w.-]+(?::\d+)?(?:/[\w.~/-]{0,300})?", re.ASCII)
_SITE = re.compile(r"https?://[\w.-]+(?::\d+)?(?:/[\w.~/-]*)?", re.ASCII)
_PICTURE = re.compile(r"https://[\w.-]+(?::\d+)?/[^\s<>\"'\\\\^`{|}]{1,500}", re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_CONTACT = re.compile(r"[^@\s()<>]+@[^@\s()<>]+|https?://[^\s()<>]+")


_MOST_CORES = 4
"""Cores that are used unasked: a database in a file has one writer at a time, and processes take memory."""


def _named(value: str) -> str:
    feeds.parse(value)
    return value


class Settings(BaseModel):
    """Settings of one installation; but for the first two every field is a key of `DIGEST_HOME/digest.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    home: Path = Field(description="The folder that holds everything; given by DIGEST_HOME.")
    database_url: SecretStr = Field(
        default=SecretStr(""),
        exclude=True,
        description="A PostgreSQL database; given by DIGEST_DATABASE_URL, as it may have a password.",
    )
    sender: str = Field(
        default="Paper Digest <digest@localhost>", description="The From line of every mail: a name and an address."
    )
    window_days: int = Field(
        default=7, ge=1, le=366, description="How many days of papers an issue may reach back to, its own day included."
    )
    background_papers: int = Field(
        default=3000, ge=0, le=100_000, description="How many earlier papers the new ones are compared with."
    )
    processes: int = Field(
        default=0,
        ge=0,
        le=64,
        description="Processes that compose or send at once, when there is much to do; 0 is one a core, up to 4.",
    )
    machines: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Machines that compose together, by Prefect's workers, when many are due; they share a database.",
    )
    shard_readers: int = Field(
        default=1000,
        ge=1,
        le=100_000,
        description="Readers that one of several machines composes for at a time, for each of its processes.",
    )
    sources: tuple[Annotated[str, AfterValidator(_named)], ...] = Field(
        default=(), strict=False, description="Where papers are fetched from, by names that `digest.feeds` knows."
    )
    contact: str = Field(
        default="", description="A mail address or URL that servers are given, to write to if we are a burden to them."
    )

    write_pages: bool = Field(
        default=True, description="Whether each issue is also written as web pages and feeds, into the folder pages/."
    )
    pages_url: str = Field(
        default="", description="Where the folder of pages is served, for mails and feeds to lead there."
    )
    operator: str = Field(
        default="", description="Who is sent the report of each run that had something to do: a name and an address."
    )
    site_url: str = Field(
        default="", description="The URL of the site, for mails to lead to what a reader can do there."
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(), strict=False, description="Networks of proxies before the site, whose `X-Forwarded-For` counts."
    )
    send_at: str = Field(
        default="06:00", description="When issues come to readers who say nothing of it, by the clocks of `timezone`."
    )
    timezone: str = Field(default="UTC", description="The IANA time zone of readers who name none.")
    wait_minutes: int = Field(
        default=90, ge=0, le=720, description="How long due issues wait for papers of the day that are late."
    )
    summaries: Summaries | None = Field(default=None, description="A language model that writes the gists.")
    delivery: Delivery = Field(default=Delivery(), description="By what way mails leave.")
    alarms: Alarms = Field(default=Alarms(), description="Where the operator is told at once that something is odd.")
    bounces: Bounces = Field(default=Bounces(), description="Where mails that come back are read from.")
    accent: str = Field(default=ACCENT, description="The colour of links and buttons, to be read on white.")
    logo: str = Field(
        default="", description="The https URL of a picture that stands above each issue, 32 pixels high."
    )
    address: str = Field(
        default="", description="A postal address for the foot of each mail, where the law asks for it."
    )
    layout: Layout = Field(
        default=Layout.CARDS,
        strict=False,
        description="How papers stand in a mail: cards, or compact without abstracts.",
    )

    @field_validator("sender", "operator")
    @classmethod
    def _has_address(cls, value: str, about: ValidationInfo) -> str:
        if not value and about.field_name == "operator":  # nobody
            return value
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

    @field_validator("machines")
    @classmethod
    def _has_a_server(cls, value: int, info: ValidationInfo) -> int:
        # Where the variable was forgotten on one of them, it would begin with an empty database of its own.
        if value > 1 and not info.data["database_url"].get_secret_value():
            raise ValueError(f"several machines share a database: name it by {databases.VARIABLE}, or leave this out")
        return value

    @field_validator("contact")
    @classmethod
    def _can_be_sent(cls, value: str) -> str:
        if value and not (value.isascii() and value.isprintable() and _CONTACT.fullmatch(value)):
            raise ValueError(f"expected a mail address or a URL, like digest@example.org, got {value!r}")
        return value

    @field_validator("delivery")
    @classmethod
    def _signs_for_its_sender(cls, value: Delivery, info: ValidationInfo) -> Delivery:
        domain = parseaddr(info.data.get("sender", ""))[1].rpartition("@")[2].lower()
        signing = value.dkim_domain
        # One below the other at most: mails whose signature is of another domain than their From pass no DMARC.
        if signing and domain and not (f".{domain}".endswith(f".{signing}") or signing.endswith(f".{domain}")):
            raise ValueError(f"dkim_domain: expected the domain of sender or one above or below it, got {signing!r}")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _is_network(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            try:
                ipaddress.ip_network(each)
            except ValueError:
                raise ValueError(f"expected an address or a network like 10.0.0.0/8, got {each!r}") from None
        return value

    @field_validator("send_at")
    @classmethod
    def _is_time(cls, value: str) -> str:
        if not _TIME.fullmatch(value):
            raise ValueError(f"expected a time of day like 06:30, got {value!r}")
        return value

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        if not days.is_zone(value):
            raise ValueError(f"expected an IANA time zone like Europe/Lisbon, got {value!r}")
        return value

    @field_validator("accent")
    @classmethod
    def _is_readable(cls, value: str) -> str:
        return look.parse(value)

    @field_validator("pages_url")
    @classmethod
    def _is_folder(cls, value: str) -> str:
        if value and not _PAGES.fullmatch(value):
            raise ValueError(f"expected the URL of a folder, like https://example.org/digest/, got {value!r}")
        return value and value.rstrip("/") + "/"

    @field_validator("site_url")
    @classmethod
    def _is_site(cls, value: str) -> str:
        site = value.rstrip("/")
        if site and not _SITE.fullmatch(site):
            raise ValueError(f"expected an https URL, like https://digest.example.org, got {value!r}")
        if site.startswith("http://") and not is_here(urlsplit(site).hostname or ""):
            raise ValueError(f"expected an https URL, as links in mails let their readers in, got {value!r}")
        if len(site) > LONGEST_SITE:
            raise ValueError(
                f"expected at most {LONGEST_SITE} characters, as mail programs unsubscribe nobody by longer links, "
                f"got {len(site)}"
            )
        return site

    @field_validator("logo")
    @classmethod
    def _is_picture(cls, value: str) -> str:
        if value and not _PICTURE.fullmatch(value):
            raise ValueError(f"expected an https URL of a picture, got {value!r}")
        return value

    @property
    def at_once(self) -> int:
        """How many processes are to work at once when there is much to do."""
        return self.processes or min(os.cpu_count() or 1, _MOST_CORES)

    @property
    def look(self) -> Look:
        """How mails look here."""
        name, address = parseaddr(self.sender)
        return Look(
            accent=self.accent,
            logo=self.logo,
            masthead=name or address,
            address=" ".join(self.address.split()),
            layout=self.layout,
        )

    @property
    def database(self) -> Place:
        """The SQLite file, or the database on a server that the environment names."""
        return databases.named(self.home / "digest.sqlite3", self.database_url.get_secret_value())

    @property
    def outbox(self) -> Path:
        """Where mails are written as `.eml` files."""
        return self.home / "outbox"

    @property
    def pages(self) -> Path:
        """Where issues are written as web pages."""
        return self.home / "pages"

    @property
    def secret(self) -> Path:
        """Where the secret is kept from which the pages' names are made."""
        return self.home / "secret"

    @property
    def operator_token(self) -> Path:
        """Where the token is kept that opens the operator's pages."""
        return self.home / "operator-token"

    @property
    def profiles(self) -> Path:
        """Where the readers' interest profiles are looked for."""
        return self.home / "profiles"

    @property
    def digests(self) -> Path:
        """Where the digests are looked for that are offered to everybody."""
        return self.home / "digests"

    @property
    def templates(self) -> Path:
        """Where an operator's own templates are looked for before the shipped ones."""
        return self.home / "templates"

    @property
    def logs(self) -> Path:
        """Where `digest serve` writes what its programs say."""
        return self.home / "logs"


KEYS = tuple(name for name in Settings.model_fields if name not in {"home", "database_url"})
"""What `digest.toml` may say."""

TABLES: dict[str, type[BaseModel]] = {
    "summaries": Summaries,
    "delivery": Delivery,
    "bounces": Bounces,
    "alarms": Alarms,
}
"""Of these keys, those that are tables of their own."""


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


def load(home: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of the installation at `home`; defaults where `digest.toml` is missing or silent.

    Of the environment, the database's URL is read, by default of the process's own.
    A `site_url` that it does not name is that of the site that runs here, which tells its programs by `SITE` and others
    by `digest.served`.

    Raises:
        SettingsError: names the file, the line and the key of every fault, one fault a line.
    """
    path = home / FILE
    url = environment.get(databases.VARIABLE, "")
    if url:
        databases.server(url, home)
    fixed: dict[str, Any] = {"home": home, "database_url": SecretStr(url)}
    try:
        text = path.read_bytes().decode("utf-8-sig")
        values = tomllib.loads(text)
    except FileNotFoundError:
        text, values = "", {}
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path}:{line}: not UTF-8: byte 0x{error.object[error.start]:02x}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(settings_faults.syntax(path, text, str(error))) from error
    if site := environment.get(SITE) or served.site(home):
        values.setdefault("site_url", site)
    source = settings_faults.Source(path, text, KEYS, TABLES)
    faults = [source.unknown(key) for key in values if key not in KEYS]
    try:
        settings = Settings(**fixed, **{key: value for key, value in values.items() if key in KEYS})
    except ValidationError as error:
        faults += [source.fault(each) for each in error.errors()]
    if faults:
        raise SettingsError("\n".join(message for _, message in sorted(faults)))
    return settings
