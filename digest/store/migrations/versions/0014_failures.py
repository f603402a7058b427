"""Sources that could not be read."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "failures",
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("asked", sa.Date, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_failures"),
        sqlite_with_rowid=False,
    )
