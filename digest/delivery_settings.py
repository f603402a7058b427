"""The table `[delivery]` of `digest.toml`: by what way mails leave."""

from __future__ import annotations

import ipaddress
import re
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_ADDRESS_LITERAL = re.compile(r"\[[0-9A-Fa-f:.]{2,45}\]|\[IPv6:[0-9A-Fa-f:.]{2,45}\]")  # RFC 5321 section 4.1.3


_DOMAIN = re.compile(
    r"(?=.{3,253}\Z)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_SELECTOR = re.compile(
    r"(?=.{1,100}\Z)[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?)*"
)
_BOUNCES = re.compile(r"(?=.{1,200}\Z)[A-Za-z0-9_.-]{1,39}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")


class Way(StrEnum):
    """By what mails leave."""

    FOLDER = "folder"
    MAILDIR = "maildir"
    SMTP = "smtp"
    LMTP = "lmtp"
    SENDMAIL = "sendmail"
    STDOUT = "stdout"


class Security(StrEnum):
    """What protects a connection: TLS that is asked for within it, TLS from its first byte, or nothing."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class Mechanism(StrEnum):
    """How a user proves to be one."""

    PLAIN = "plain"
    LOGIN = "login"
    XOAUTH2 = "xoauth2"


_SMTP_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}
_LMTP_PORT = 24  # RFC 2033 forbids 25 and names no other; this one is IANA's for any private mail system


class Delivery(BaseModel):
    """How mails leave. What only one way has a use for may stay while another one is tried."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    REFUSED: ClassVar[Mapping[str, str]] = {
        "password": "a password never stands in this file: name its place by password_variable or password_file"
    }
    """Keys that there are on purpose not, and what to do instead."""

    transport: Way = Field(
        default=Way.FOLDER,
        strict=False,
        description="By what mails leave: folder, maildir, smtp, lmtp, sendmail, stdout.",
    )
    socket: str = Field(default="", description="The path of the Unix socket that an LMTP server listens on.")
    host: str = Field(default="", validate_default=True, description="The mail server's name or IP address.")
    port: int | None = Field(default=None, ge=1, le=65535, description="Its port, if not the usual one.")
    security: Security = Field(
        default=Security.STARTTLS, strict=False, description="What protects the connection: starttls, tls or none."
    )
    ca_file: str = Field(default="", description="Certificates (PEM) to trust besides the system's.")
    password_variable: str = Field(default="", description="The environment variable that holds the password or token.")
    password_file: str = Field(default="", description="The file that holds the password or token.")
    username: str = Field(default="", validate_default=True, description="Who logs in to the server.")
    auth: Mechanism | None = Field(
        default=None,
        strict=False,
        description="How to log in: plain, login or xoauth2; the best that is offered if empty.",
    )
    helo: str = Field(default="", description="The name of this machine in EHLO; the sender's domain if empty.")
    connections: int = Field(default=4, ge=1, le=64, description="Connections at once.")
    mails_per_connection: int = Field(default=100, ge=1, le=100_000, description="Mails over one connection.")
    timeout: float = Field(
        default=60.0, gt=0, le=3600, strict=False, description="Seconds for one command; five times that for a mail."
    )
    command: str = Field(default="/usr/sbin/sendmail", min_length=1, description="The sendmail command.")
    folder: str = Field(default="", description="The Maildir; maildir/ in the home folder if empty.")

    per_second: float = Field(
        default=0, ge=0, le=10_000, strict=False, description="Mails a second at most, of one run; 0 is no limit."
    )
    per_domain: float = Field(
        default=0,
        ge=0,
        le=100_000,
        strict=False,
        description="Mails a minute to one domain at most, of one run; 0 is no limit.",
    )
    per_day: int = Field(default=0, ge=0, description="Mails in 24 hours at most; 0 is no limit.")
    expire_hours: float = Field(
        default=72, gt=0, le=24 * 31, strict=False, description="For how many hours an unsent mail is tried."
    )
    error_budget: int = Field(
        default=20, ge=1, le=100, description="A run pauses when so many of its last hundred mails are not taken."
    )
    bounce_address: str = Field(
        default="", description="The address that mails come back to, with +TOKEN before its @; the sender if empty."
    )

    thread: bool = Field(
        default=False, description="Whether the issues of one reader are one conversation in mail programs."
    )
    dkim_domain: str = Field(default="", description="The domain that signs; that of the sender if empty.")
    dkim_key: str = Field(default="", description="The file that holds the private key to sign with (DKIM).")
    dkim_selector: str = Field(
        default="", validate_default=True, description="Where the domain publishes the public key."
    )

    @property
    def address(self) -> tuple[str, int]:
        """The server's host and port."""
        usual = _LMTP_PORT if self.transport is Way.LMTP else _SMTP_PORTS[self.security]
        return self.host, self.port or usual

    def shared(self, processes: int) -> Delivery:
        """These settings for one of `processes` that send at once: all of them together keep to the limits."""
        share = {name: getattr(self, name) / processes for name in ("per_second", "per_domain")}
        per_day = -(-self.per_day // processes)
        return self.model_copy(update={**share, "per_day": per_day, "connections": self.connections // processes or 1})

    @property
    def senders(self) -> int:
        """How many processes may send at once: each has a connection, and only one may write to a stream."""
        return 1 if self.transport is Way.STDOUT else self.connections

    @field_validator("bounce_address")
    @classmethod
    def _can_be_extended(cls, value: str) -> str:
        if value and not _BOUNCES.fullmatch(value):
            raise ValueError(
                f"expected a bare address like bounces@example.org, before the @ at most 39 characters, got {value!r}"
            )
        return value

    @field_validator("*")
    @classmethod
    def _is_one_line(cls, value: object) -> object:
        if isinstance(value, str) and not value.isprintable():
            raise ValueError(f"expected words on one line, got {value!r}")
        return value

    @field_validator("auth", mode="before")
    @classmethod
    def _may_be_open(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("host")
    @classmethod
    def _is_a_host(cls, value: str, info: ValidationInfo) -> str:
        way, socket = info.data.get("transport"), info.data.get("socket", "")
        if value and not _HOST.fullmatch(value) and not _is_address(value):
            raise ValueError(f"expected a host's name or IP address (port is a key of its own), got {value!r}")
        if way is Way.SMTP and not value:
            raise ValueError("missing: smtp needs to know the server")
        if way is Way.LMTP and bool(value) == bool(socket):
            got = "both" if value else "neither"
            raise ValueError(f"lmtp needs a host or a socket, got {got}")
        return value

    @field_validator("password_file")
    @classmethod
    def _is_the_only_place(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("password_variable"):
            raise ValueError("expected password_variable or password_file, got both")
        return value

    @field_validator("username")
    @classmethod
    def _has_a_password(cls, value: str, info: ValidationInfo) -> str:
        has_password = bool(info.data.get("password_variable") or info.data.get("password_file"))
        if value and not has_password and "password_file" in info.data:
            raise ValueError("without a password: name its place by password_variable or password_file")
        if has_password and not value:
            raise ValueError("missing: there is a password, but nobody to log in")
        return value

    @field_validator("helo")
    @classmethod
    def _can_be_said(cls, value: str) -> str:
        if value and not _HOST.fullmatch(value) and not _ADDRESS_LITERAL.fullmatch(value):
            raise ValueError(f"expected a host's name or [IP address], got {value!r}")
        return value

    @field_validator("dkim_domain")
    @classmethod
    def _is_a_domain(cls, value: str) -> str:
        if value and not _DOMAIN.fullmatch(value):
            raise ValueError(f"expected a domain, like example.org, got {value!r}")
        return value.lower()

    @field_validator("dkim_selector")
    @classmethod
    def _is_a_pair(cls, value: str, info: ValidationInfo) -> str:
        if value and not _SELECTOR.fullmatch(value):
            raise ValueError(f"expected a selector, like digest2025, got {value!r}")
        key = info.data.get("dkim_key", "")
        if key and not value:
            raise ValueError("missing: with dkim_key, it says where the public key is published")
        if value and not key and "dkim_key" in info.data:
            raise ValueError("without a key: name its file by dkim_key")
        return value

    @model_validator(mode="after")
    def _says_which_way(self) -> Self:
        ways = {"host": "smtp", "socket": "lmtp", "command": "sendmail", "folder": "maildir"}
        given = next((key for key in ways if key in self.model_fields_set), None)
        if given and "transport" not in self.model_fields_set:
            raise ValueError(f'{given} has no effect without a transport: add transport = "{ways[given]}"')
        return self


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True
