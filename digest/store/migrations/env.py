"""Alembic's entry point: run the migrations on the connection that `Store` hands over."""

import sqlalchemy as sa
from alembic import context

from digest.errors import StoreError
from digest.store.dialect import is_postgresql
from digest.store.tables import metadata

# Order, small letters and what is equal must not depend on how a server's database was made. Setting it here takes in
# whatever a migration adds.
_BY_LANGUAGE = sa.text("""
    SELECT format('ALTER TABLE %I ', tables.relname)
        || string_agg(format('ALTER COLUMN %I TYPE text COLLATE "C"', columns.attname), ', ')
    FROM pg_attribute AS columns JOIN pg_class AS tables ON tables.oid = columns.attrelid
    WHERE tables.relkind = 'r' AND tables.relnamespace = current_schema()::regnamespace
    AND columns.atttypid = 'text'::regtype AND columns.attcollation <> '"C"'::regcollation AND NOT columns.attisdropped
    GROUP BY tables.relname
""")


def _collate_by_letter(connection: sa.Connection) -> None:
    """Let PostgreSQL compare text by code points, as SQLite does."""
    for statement in connection.execute(_BY_LANGUAGE).scalars().all():
        connection.exec_driver_sql(statement)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a column in place
    transactional_ddl=True,
)


def _refuse_older() -> None:
    """End a downgrade: what a later schema keeps has no place in an earlier one.

    Raises:
        StoreError: the revision that is asked for is older than the database's.
    """
    # Revisions sort by their names; alembic's "base" comes as None, "-1" before all digits.
    asked, found = context.get_revision_argument() or "", context.get_context().get_current_revision() or ""
    if str(asked) < found:
        raise StoreError(
            f"a database is never taken back to an older schema (this one has {found}): "
            "restore a backup from before the upgrade, with the program of then"
        )


with context.begin_transaction():
    _refuse_older()
    context.run_migrations()
    if is_postgresql(connection := context.get_bind()):
        _collate_by_letter(connection)
