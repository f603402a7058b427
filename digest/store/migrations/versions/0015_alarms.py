"""Alarms that were told."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "told_alarms",
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("told", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_told_alarms"),
        sqlite_with_rowid=False,
    )
