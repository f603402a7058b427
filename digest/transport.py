"""Handing over one mail: the Protocol of all that take mails, and what goes in and comes out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from digest.typeset import one_line

LONGEST_REPLY = 300
"""Characters of a receipt's `reply`."""

HIDDEN = "…"
"""What stands in a reply for an address."""

_LOOKED_AT = 2000
_AT = "(?:[@\N{FULLWIDTH COMMERCIAL AT}]|%40)"
_ADDRESS = re.compile(
    rf'"[^"]{{0,64}}"{_AT}[^\s<>"]+|(?<![^\s<>"(),;:])[^\s<>"(),;:]*{_AT}[^\s<>"(),;]*', re.IGNORECASE
)


class Outcome(StrEnum):
    """What became of one mail."""

    ACCEPTED = "accepted"
    """It is the other side's from now on."""

    DEFERRED = "deferred"
    """It was not taken, and may be tried again later."""

    REJECTED = "rejected"
    """It was refused for good."""

    UNCERTAIN = "uncertain"
    """The connection was lost after the last byte: nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One mail for one recipient, as it is handed over.

    `name` is unique to the delivery and can be the stem of a file. `sender` and `recipient` are the envelope's, bare
    addresses; an empty sender is the null path `<>`, to which nothing bounces. `content` has CRLF line ends.
    """

    name: str
    sender: str
    recipient: str
    content: bytes

    @property
    def private(self) -> tuple[str, ...]:
        """Words that no log or report may show: the recipient's address, and the name before its @."""
        local = self.recipient.rpartition("@")[0].strip('"')
        return tuple(word for word in (self.recipient, local, local.partition("+")[0]) if word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a parcel; `reply` says in one line, without any address, what the other side said to it."""

    outcome: Outcome
    reply: str


class Transport(Protocol):
    """A way for mails to leave: what one connection needs, used by one thread."""

    def send(self, parcel: Parcel) -> Receipt:
        """Hand over one mail.

        Raises:
            RelayError: nobody's mail is taken at present; nothing was handed over.
        """

    def close(self) -> None:
        """Take leave of the other side; the transport may be used again afterwards."""


def reply_line(text: str, private: tuple[str, ...] = ()) -> str:
    """Words of the other side, fit for a log: one line of at most `LONGEST_REPLY` characters.

    What cannot be printed is dropped. Whatever looks like an address is hidden, and so are the `private` words,
    wherever they stand for themselves.
    """
    words = "".join(filter(str.isprintable, one_line(text)))
    if len(words) > _LOOKED_AT:
        # What is cut might be the part of an address that tells it for one.
        words = words[:_LOOKED_AT].rpartition(" ")[0]
    words = _ADDRESS.sub(HIDDEN, words)
    # Patterns of words that change with each mail are slow to make, and hardly ever needed.
    for word in (each for each in private if each.lower() in words.lower()):
        words = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", HIDDEN, words, flags=re.IGNORECASE)
    return words if len(words) <= LONGEST_REPLY else f"{words[: LONGEST_REPLY - 1].rstrip()}…"
