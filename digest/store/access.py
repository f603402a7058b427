"""How a transaction goes about the database."""

from __future__ import annotations

from enum import Enum, auto


class Access(Enum):
    """What a transaction is for: reading one state, writing alone or beside others of its kind, holding rows."""

    READING = auto()
    WRITING = auto()
    SHARING = auto()
    HOLDING = auto()

    @property
    def doing(self) -> str:
        """What it does to a database, for a message."""
        return "read" if self is Access.READING else "write to"
