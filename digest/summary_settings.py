"""The table `[summaries]` of `digest.toml`: a language model that writes the gists of papers."""

from __future__ import annotations

import ipaddress
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


def is_here(host: str) -> bool:
    """Whether a host is this machine, by its name or address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class Summaries(BaseModel):
    """A language model that writes the gists of papers; the table `[summaries]` of `digest.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    url: str = Field(description="The base of an OpenAI-compatible API, like http://localhost:11434/v1.")
    model: str = Field(min_length=1, max_length=60, description="The model's name, as that server knows it.")
    key_variable: str = Field(default="", description="The environment variable that holds the server's key.")
    key_file: str = Field(default="", description="The file that holds the server's key.")
    seconds: float = Field(
        default=60.0, gt=0, le=3600, strict=False, description="How long a run may wait for answers, all together."
    )
    papers: int = Field(default=50, ge=1, le=10_000, description="For how many papers a run asks at most.")

    @field_validator("url")
    @classmethod
    def _is_a_server(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_url = False
        if not is_url or not value.isascii() or not value.isprintable() or parts.query or parts.fragment:
            raise ValueError(f"expected an http or https URL, like http://localhost:11434/v1, got {value!r}")
        if parts.username is not None:
            raise ValueError("expected a URL without a name or password: name the key's place by key_variable")
        return value

    @field_validator("model")
    @classmethod
    def _can_be_shown(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError(f"expected a model's name, got {value!r}")
        return value

    @model_validator(mode="after")
    def _keeps_its_key(self) -> Self:
        if self.key_variable and self.key_file:
            raise ValueError("expected key_variable or key_file, got both")
        parts = urlsplit(self.url)
        if (self.key_variable or self.key_file) and parts.scheme == "http" and not is_here(parts.hostname or ""):
            raise ValueError("expected an https URL, as the key would go to another machine in the clear")
        return self
