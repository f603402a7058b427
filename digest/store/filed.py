"""The operator's files as runs met them: what each said at any time, and what was taken from it of when issues come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from digest.store.tables import filed_profiles

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A file as a run met it.

    `digest` and `slug` are those of its subscription; `text` is what it said, without an address, and `fingerprint`
    that of all of it. `said` is what it says of when issues come, in words of `digest.preferences`, and `words` the
    same with those of `digest.toml` where it says nothing.
    """

    digest: str
    slug: str
    fingerprint: str
    text: str
    said: Mapping[str, str]
    words: Mapping[str, str]
    met: datetime


def add(connection: sa.Connection, filed: Filed) -> None:
    """Keep what a file says from now on."""
    here = _of(filed.digest, filed.slug)
    last = connection.execute(sa.select(sa.func.max(filed_profiles.c.number)).where(here)).scalar() or 0
    row = {name: getattr(filed, name) for name in Filed.__dataclass_fields__}
    row |= {"number": last + 1, "said": dict(filed.said), "words": dict(filed.words)}
    connection.execute(filed_profiles.insert(), row)


def newest(connection: sa.Connection) -> dict[tuple[str, str], Filed]:
    """What each file said last, by digest and slug."""
    other = filed_profiles.alias()
    same = sa.and_(other.c.digest == filed_profiles.c.digest, other.c.slug == filed_profiles.c.slug)
    last = sa.select(sa.func.max(other.c.number)).where(same).scalar_subquery()
    rows = connection.execute(sa.select(filed_profiles).where(filed_profiles.c.number == last))
    return {(row.digest, row.slug): _filed(row) for row in rows}


def at(connection: sa.Connection, digest: str, slug: str, when: datetime) -> Filed | None:
    """What a file said at an instant; None where no run had met it by then."""
    then = sa.select(filed_profiles).where(_of(digest, slug), filed_profiles.c.met <= when)
    row = connection.execute(then.order_by(filed_profiles.c.number.desc()).limit(1)).first()
    return _filed(row) if row else None


def _of(digest: str, slug: str) -> sa.ColumnElement[bool]:
    return sa.and_(filed_profiles.c.digest == digest, filed_profiles.c.slug == slug)


def _filed(row: sa.Row[Any]) -> Filed:
    return Filed(**{name: getattr(row, name) for name in Filed.__dataclass_fields__})
