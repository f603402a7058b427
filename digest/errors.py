"""Everything that may go wrong for a reason a person can mend.

The tree::

    DigestError
    ├── SettingsError     digest.toml or the environment
    ├── SourceError       a dump that is not what it claims, is cut off or cannot be read
    ├── FetchError        a server that cannot be reached, refuses, or sends what is of no use
    ├── ProfileError      an interest profile; carries every fault of the file
    ├── TemplateError     a template that does not compile or names what is not there
    ├── StoreError        the database: locked, newer than this program, not ours
    ├── EvaluationError   a set of judged rankings; carries every fault of the file
    ├── LinkError         a signed link that is damaged, forged or too old
    ├── SubscriptionError an address, a schedule or a digest that cannot be had, or a move that makes no sense
    └── DeliveryError     a mail that could not be handed over
        └── RelayError    who takes the mails takes none at present

A `DigestError` spoils one paper, file, profile or delivery; it is counted and reported and the run goes on.
Any other exception is a bug and ends the run. No message ever holds a reader's address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime


class DigestError(Exception):
    """Root of all errors a person can mend.

    The text reads *what: repr(subject): cause*, lower case and without a full stop, with file, line and key
    where there is one.
    """


class SettingsError(DigestError):
    """A setting is missing, misspelt or out of range."""


class SourceError(DigestError):
    """A dump cannot be read as the format it claims or seems to be.

    `where` names the place: a file, with its line, entry or byte where known.
    """

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


class FetchError(DigestError):
    """What was asked of a server did not come; `host` and `why` say where and why, without the rest of the URL.

    `is_transient` tells what may go well later from what will not before somebody mends it. `retry_after` is how many
    seconds the server wants to be left alone, where it said so, and `retry_at` the instant when these are over.
    """

    def __init__(
        self,
        host: str,
        why: str,
        *,
        is_transient: bool,
        retry_after: float | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        super().__init__(f"cannot fetch from {host!r}: {why}")
        self.host = host
        self.why = why
        self.is_transient = is_transient
        self.retry_after = retry_after
        self.retry_at = retry_at


class ProfileError(DigestError):
    """A profile has faults; `faults` holds one line for each, as `file:line: key: what is wrong`."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class TemplateError(DigestError):
    """A template does not compile, or uses a variable that does not exist; names the template and the line."""


class StoreError(DigestError):
    """The database cannot be used: locked by another program, newer than this one, not whole, or not a digest one."""


class EvaluationError(DigestError):
    """An evaluation set has faults; `faults` holds one line for each, as `file:line: key: what is wrong: the mend`."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class LinkError(DigestError):
    """A signed link cannot be followed; `expired` is the last day on which it counted, if it is only too old."""

    def __init__(self, why: str, *, expired: date | None = None) -> None:
        super().__init__(why)
        self.expired = expired


class SubscriptionError(DigestError):
    """Something that a reader asked for cannot be had; `key` names the field that is at fault, empty for none."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(f"{key}: {why}" if key else why)
        self.key = key
        self.why = why


class DeliveryError(DigestError):
    """A mail could not be handed over; the delivery stays in the outbox."""


class RelayError(DeliveryError):
    """Who takes the mails takes none at present, so that this says nothing of the mail; nothing was handed over.

    `is_transient` tells what may go well later (a host that does not answer) from what will not before somebody mends
    it (a wrong password, a certificate that is not good).
    """

    def __init__(self, what: str, *, is_transient: bool) -> None:
        super().__init__(what)
        self.is_transient = is_transient
