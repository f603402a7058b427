"""The profiles that readers write on the site or by command, each as it was at any time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from digest.store.rows import lookup
from digest.store.tables import profile_versions
from digest.types import Profile, Topic

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

_PROFILE = TypeAdapter(Profile)
_FORM = hashlib.sha256(repr([(each.name, each.type) for of in (Profile, Topic) for each in fields(of)]).encode())
_FORM_NAME = _FORM.hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A profile's text, its number among the reader's (1 is the first), when it was written and what made it."""

    number: int
    text: str
    written: datetime
    reason: str


def add(  # noqa: PLR0913  (a row)
    connection: sa.Connection,
    slug: str,
    text: str,
    profile: Profile,
    *,
    now: datetime,
    reason: str,
    behind: int | None = None,
) -> int:
    """Keep a text, and what was read of it, as the reader's profile; the number of the version that then counts.

    A text that says nothing new makes no version. With `behind` it is kept only if that is still the last version; else
    nothing is, and the number is 0.
    """
    last = newest(connection, slug)
    number = last.number if last else 0
    if behind is not None and behind != number:
        return 0
    if last and last.text == text:
        return number
    row = {
        "slug": slug,
        "number": number + 1,
        "text": text,
        "form": _FORM_NAME,
        "content": _PROFILE.dump_json(profile).decode(),
        "written": now,
        "reason": reason,
    }
    connection.execute(profile_versions.insert(), row)
    return number + 1


def newest(connection: sa.Connection, slug: str) -> Version | None:
    """The reader's profile as it is."""
    versions = of(connection, slug, 1)
    return versions[0] if versions else None


def of(connection: sa.Connection, slug: str, limit: int) -> tuple[Version, ...]:
    """The reader's last versions, the newest first."""
    query = sa.select(profile_versions).where(profile_versions.c.slug == slug)
    rows = connection.execute(query.order_by(profile_versions.c.number.desc()).limit(limit))
    return tuple(Version(number=row.number, text=row.text, written=row.written, reason=row.reason) for row in rows)


def numbered(connection: sa.Connection, slug: str, number: int) -> Version | None:
    """The reader's version of that number."""
    here = sa.and_(profile_versions.c.slug == slug, profile_versions.c.number == number)
    row = connection.execute(sa.select(profile_versions).where(here)).first()
    if row is None:
        return None
    return Version(number=row.number, text=row.text, written=row.written, reason=row.reason)


def profiles(connection: sa.Connection, slugs: Collection[str]) -> dict[str, Profile | str]:
    """The profiles of some readers as they are, of those who wrote one.

    The text of one that was kept by a version of this program whose profiles were of another form.
    """
    other = profile_versions.alias()
    newest = sa.select(sa.func.max(other.c.number)).where(other.c.slug == profile_versions.c.slug).scalar_subquery()
    query = sa.select(profile_versions).where(profile_versions.c.number == newest)
    return {row.slug: _read(row) for row in lookup(connection, query, profile_versions.c.slug, slugs)}


def _read(row: sa.Row[tuple[str, ...]]) -> Profile | str:
    if row.form == _FORM_NAME:
        try:
            return _PROFILE.validate_json(row.content)
        except ValidationError:
            pass
    return str(row.text)
