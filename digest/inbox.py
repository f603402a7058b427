"""Where mails that came are read from: the Protocol of all such places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail as it came, as far as `digest.mime.LARGEST` octets go; `name` is what the place calls it.

    `fault` says why it could not be read, where it could not; it has no content then.
    """

    name: str
    content: bytes = b""
    fault: str = ""


class Inbox(Protocol):
    """A place with mails, some of which nobody has read yet."""

    def letters(self) -> Iterator[Letter]:
        """Mails that were not read yet, one after the other; one that is not marked as `seen` comes again next time.

        Raises:
            SourceError: there is no such place on this machine.
            FetchError: the server cannot be reached, or does not let us in.
        """

    def seen(self, letter: Letter, *, is_report: bool) -> None:
        """Mark a mail as read; one that is no report of ours stays unread for people, and is not given again.

        Raises:
            SourceError, FetchError: it cannot be marked, so that it comes again.
        """

    def close(self) -> None:
        """Take leave; nothing is lost without."""
