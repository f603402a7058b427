"""Shards of readers, which several machines compose for."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "shards",
        sa.Column("number", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("cut", sa.DateTime, nullable=False),
        sa.Column("day", sa.Date),
        sa.Column("composed", sa.DateTime, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("slugs", sa.JSON, nullable=False),
        sa.Column("tries", sa.Integer, server_default="0", nullable=False),
        sa.Column("report", sa.JSON),
        sa.PrimaryKeyConstraint("number", name="pk_shards"),
        sqlite_autoincrement=True,
    )
