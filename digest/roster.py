"""A list of subscribers as a table (CSV, RFC 4180): good rows as they are, bad ones named, no address told (pure)."""

from __future__ import annotations

import csv
import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from digest import addresses
from digest.errors import SubscriptionError
from digest.preferences import FIELDS, preferences

if TYPE_CHECKING:
    from collections.abc import Collection

    from digest.subscription import Preferences

COLUMNS: Final = ("email", "digest", "interests", *FIELDS)
"""What a table may have, in any order; `email` it must have. `interests` names a YAML file."""


_ADDRESS = re.compile(r"[^\s'\"]*@[^\s'\"]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row: whom to subscribe to what; `where` is `readers.csv:7`."""

    where: str
    address: addresses.Address
    digest: str
    interests: str
    preferences: Preferences


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """The rows of a table that can be used, and the faults of the others, `readers.csv:7: zone: expected …`."""

    entries: tuple[Entry, ...]
    faults: tuple[str, ...]


def read(text: str, name: str, usual: Preferences, *, digest: str) -> Roster:
    """The rows of a table with a row of headings; `usual` and `digest` are for cells that are empty or missing.

    Commas, semicolons and tabs are understood. No cell holds a line break, so that a quote that is never closed spoils
    its own row only.

    Raises:
        SubscriptionError: there is no row of headings that names `email`, or it names what is no column.
    """
    lines = text.removeprefix("\ufeff").split("\n")
    delimiter = max(",;\t", key=next(filter(str.strip, lines), "").count)
    entries: list[Entry] = []
    faults: list[str] = []
    headings: list[str] = []
    for number, line in enumerate(lines, start=1):
        where = f"{name}:{number}"
        try:
            cells = next(csv.reader([line], delimiter=delimiter), [])
            if not any(map(str.strip, cells)):
                continue
            if headings:
                entries.append(_entry(headings, cells, where, usual, digest))
            else:
                headings = _headings(cells, where)
        except csv.Error as error:
            faults.append(f"{where}: not CSV: {error}")
        except SubscriptionError as error:
            if not headings:
                raise
            # A cell may stand in the wrong column.
            why = error.why if error.key == "email" else _ADDRESS.sub("…", error.why)
            faults.append(f"{where}: {error.key}: {why}" if error.key else f"{where}: {why}")
    if not headings:
        raise SubscriptionError("", f"{name}: empty: expected a row of headings: {', '.join(COLUMNS)}")
    return Roster(entries=tuple(entries), faults=tuple(faults))


def _headings(row: list[str], where: str) -> list[str]:
    found = [cell.strip().lower().replace("-", "_") for cell in row]
    for heading in found:
        # A table without headings begins with somebody's address.
        shown = "an address" if "@" in heading else repr(heading)
        if heading not in COLUMNS:
            raise SubscriptionError("", f"{where}: no column is called {shown}{_meant(heading, COLUMNS)}")
        if found.count(heading) > 1:
            raise SubscriptionError("", f"{where}: two columns are called {shown}")
    if "email" not in found:
        raise SubscriptionError("", f"{where}: expected a column email")
    return found


def _meant(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else f": there are {', '.join(known)}"


def _entry(headings: list[str], row: list[str], where: str, usual: Preferences, digest: str) -> Entry:
    if len(row) > len(headings):
        raise SubscriptionError("", f"{len(row)} cells, but {len(headings)} headings")
    cells = dict(zip(headings, (cell.strip() for cell in row), strict=False))
    named, interests = cells.get("digest", ""), cells.get("interests", "")
    if named and interests:
        raise SubscriptionError("interests", "expected a digest or interests, got both")
    return Entry(
        where=where,
        address=addresses.parse(cells.get("email", "")),
        digest=named or ("" if interests else digest),
        interests=interests,
        preferences=preferences(cells, usual),
    )
