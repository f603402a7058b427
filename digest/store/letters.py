"""Mails that are no issues, until they are sent: each is tried until it was handed over or given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.store.tables import letters

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

LEASE = timedelta(minutes=5)
"""How long a letter is left to whoever took it up; then another one tries."""

MOST_TRIES = 12
"""Tries after which a letter is given up, some hours after the first."""


class Kind(StrEnum):
    """What a letter says."""

    CONFIRMATION = "confirmation"
    GOODBYE = "goodbye"
    ACCESS = "access"


LINKS = (Kind.CONFIRMATION, Kind.ACCESS)
"""Those that are about a link, and so need a site for it to lead to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter to the reader of a subscription, and how often it was tried."""

    number: int
    kind: Kind
    slug: str
    made: datetime
    tries: int


def add(connection: sa.Connection, kind: Kind, slug: str, now: datetime) -> None:
    """Have a letter sent; one of its kind that waits already does for both, its links counting from now on."""
    waits = sa.and_(letters.c.slug == slug, letters.c.kind == kind.value, letters.c.due.is_not(None))
    found = connection.execute(sa.select(letters.c.number, letters.c.tries).where(waits)).first()
    if found is None:
        connection.execute(letters.insert(), {"kind": kind.value, "slug": slug, "made": now, "due": now})
    elif not found.tries:
        # One that was tried stays the same bytes: it may have arrived.
        connection.execute(letters.update().where(letters.c.number == found.number).values(made=now))


def claim(connection: sa.Connection, now: datetime, kinds: Collection[Kind] = tuple(Kind)) -> Letter | None:
    """Take up the letter of these kinds that waits longest; None if none is due.

    Runs under the write lock (`Store.writing`).
    """
    wanted = sa.and_(letters.c.due <= now, letters.c.kind.in_([kind.value for kind in kinds]))
    query = sa.select(letters).where(wanted).order_by(letters.c.due, letters.c.number).limit(1)
    row = connection.execute(query).first()
    if row is None:
        return None
    taken = letters.update().where(letters.c.number == row.number)
    connection.execute(taken.values(due=now + LEASE * (row.tries + 1), tries=row.tries + 1))
    return Letter(number=row.number, kind=Kind(row.kind), slug=row.slug, made=row.made, tries=row.tries + 1)


def settle(connection: sa.Connection, letter: Letter, error: str | None = None, *, is_final: bool = False) -> None:
    """Note that a letter was sent, or why not: it is tried again, unless that is final or was tried often enough."""
    values = {"error": error}
    if error is None or is_final or letter.tries >= MOST_TRIES:
        values["due"] = None
    connection.execute(letters.update().where(letters.c.number == letter.number).values(values))


def give_back(connection: sa.Connection, letter: Letter, now: datetime) -> None:
    """Let a letter that nobody took up be due as if it had never been tried."""
    values = {"tries": letter.tries - 1, "due": now}
    connection.execute(letters.update().where(letters.c.number == letter.number).values(values))


def waiting(connection: sa.Connection, kinds: Collection[Kind] = tuple(Kind)) -> int:
    """How many letters of these kinds wait."""
    waits = sa.and_(letters.c.due.is_not(None), letters.c.kind.in_([kind.value for kind in kinds]))
    return int(connection.execute(sa.select(sa.func.count()).where(waits)).scalar_one())


def prune(connection: sa.Connection, before: datetime) -> int:
    """Delete letters that were sent or given up and made before an instant; how many that was."""
    over = sa.and_(letters.c.due.is_(None), letters.c.made < before)
    return connection.execute(letters.delete().where(over)).rowcount
