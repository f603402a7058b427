"""When each domain may be asked again; what kinds of announcements a batch held, and what was kept from it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the turns, and three counts to the batches."""
    op.create_table(
        "turns",
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("free_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("domain", name="pk_turns"),
        sqlite_with_rowid=False,
    )
    for name in ("cross_listed", "replaced", "withheld"):
        op.add_column("batches", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
