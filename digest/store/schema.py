"""The schema's version: what a database has, and bringing it up to this program's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.errors import StoreError

if TYPE_CHECKING:
    from digest.databases import Place

LATEST = "0020"
"""The newest revision in `migrations/versions`; a test holds it to the folder."""

_OURS = frozenset({"alembic_version", "papers", "paper_ids"})
_REVISION = re.compile(r"\d{4}")


def version(connection: sa.Connection, place: Place) -> str | None:
    """The revision that a database is at; None for one without tables.

    Raises:
        StoreError: it holds other tables than ours, or is newer than this program.
    """
    tables = set(sa.inspect(connection).get_table_names())
    if not tables:
        return None
    query = sa.text("SELECT version_num FROM alembic_version")
    found = str(connection.execute(query).scalar()) if tables >= _OURS else ""
    if not _REVISION.fullmatch(found):
        raise StoreError(f"not a digest database: {str(place)!r}: it holds other tables")
    if found > LATEST:
        raise StoreError(
            f"the database is newer than this program: {str(place)!r}: "
            f"schema {found}, this program knows {LATEST}; install a newer paper-digest, "
            "or restore a backup from before the upgrade"
        )
    return found


def upgrade(connection: sa.Connection) -> None:
    """Run the migrations that are missing; nothing where another program was faster. Runs under the write lock."""
    # Alembic takes 0.3 s to import, which only a new or outdated database should cost.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, LATEST)
