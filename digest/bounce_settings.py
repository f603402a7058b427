"""The table `[bounces]` of `digest.toml`: where mails that come back are read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from digest.delivery_settings import Mechanism, Security

if TYPE_CHECKING:
    from collections.abc import Mapping

_PORTS = {Security.TLS: 993, Security.STARTTLS: 143, Security.NONE: 143}


class Bounces(BaseModel):
    """Where returned mails are: in a Maildir, or in a mailbox of an IMAP server; nowhere if neither is named."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    REFUSED: ClassVar[Mapping[str, str]] = {
        "password": "a password never stands in this file: name its place by password_variable or password_file"
    }
    """Keys that there are on purpose not, and what to do instead."""

    maildir: str = Field(default="", description="The Maildir that they are delivered to.")
    host: str = Field(default="", description="The IMAP server's name or IP address.")
    port: int | None = Field(default=None, ge=1, le=65535, description="Its port, if not the usual one.")
    security: Security = Field(
        default=Security.TLS, strict=False, description="What protects the connection: tls, starttls or none."
    )
    ca_file: str = Field(default="", description="Certificates (PEM) to trust besides the system's.")
    username: str = Field(default="", description="Who logs in to the server.")
    password_variable: str = Field(default="", description="The environment variable that holds the password or token.")
    password_file: str = Field(default="", description="The file that holds the password or token.")
    auth: Mechanism | None = Field(
        default=None, strict=False, description="How to log in: plain, login or xoauth2; plain or login if empty."
    )
    mailbox: str = Field(default="INBOX", min_length=1, description="The mailbox on the server.")
    move_to: str = Field(
        default="", description="The mailbox that reports go to once they are read; they stay, as read, if empty."
    )
    timeout: float = Field(default=60.0, gt=0, le=3600, strict=False, description="Seconds for one answer.")

    @property
    def is_named(self) -> bool:
        """Whether there is a place to read from."""
        return bool(self.maildir or self.host)

    @property
    def address(self) -> tuple[str, int]:
        """The server's host and port."""
        return self.host, self.port or _PORTS[self.security]

    @field_validator("auth", mode="before")
    @classmethod
    def _may_be_open(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("*")
    @classmethod
    def _is_one_line(cls, value: object) -> object:
        if isinstance(value, str) and not value.isprintable():
            raise ValueError(f"expected words on one line, got {value!r}")
        return value

    @field_validator("mailbox", "move_to")
    @classmethod
    def _is_as_the_server_spells_it(cls, value: str) -> str:
        if not value.isascii():
            raise ValueError(f"expected ASCII, in IMAP's modified UTF-7 (RFC 3501 section 5.1.3), got {value!r}")
        return value

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        if self.maildir and self.host:
            raise ValueError("expected maildir or host, got both")
        if self.password_variable and self.password_file:
            raise ValueError("expected password_variable or password_file, got both")
        if self.host and not (self.username and (self.password_variable or self.password_file)):
            raise ValueError("host needs a username, and the place of a password: password_variable or password_file")
        return self
