"""What each source gave, batch by batch."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the batches."""
    op.create_table(
        "batches",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("asked", sa.Date, nullable=False),
        sa.Column("day", sa.Date),
        sa.Column("announced", sa.Integer),
        sa.Column("read", sa.Integer, nullable=False),
        sa.Column("new", sa.Integer, nullable=False),
        sa.Column("updated", sa.Integer, nullable=False),
        sa.Column("rejected", sa.Integer, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_batches"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_batches_source", "batches", ["source"], postgresql_using="hash")
    op.create_index("ix_batches_asked", "batches", ["asked"])
