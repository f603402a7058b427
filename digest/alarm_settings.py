"""The table `[alarms]` of `digest.toml`: where the operator is told at once that something is odd."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    from collections.abc import Mapping


class Alarms(BaseModel):
    """Services that carry alarms, as URLs of Apprise (github.com/caronc/apprise); nowhere if no place is named.

    The URLs hold passwords, so they stand in the environment or in a file of their own, one a line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    REFUSED: ClassVar[Mapping[str, str]] = {
        "urls": "these hold passwords, which never stand in this file: name their place by urls_variable or urls_file"
    }
    """Keys that there are on purpose not, and what to do instead."""

    urls_variable: str = Field(default="", description="The environment variable that holds the URLs.")
    urls_file: str = Field(default="", description="The file that holds the URLs.")

    @property
    def place(self) -> tuple[str, str]:
        """The variable and the file, of which one or none is named."""
        return self.urls_variable, self.urls_file

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        if self.urls_variable and self.urls_file:
            raise ValueError("expected urls_variable or urls_file, got both")
        return self
