"""What was taken in from each place."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the validators."""
    op.create_table(
        "validators",
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
        sa.Column("seen", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("place", name="pk_validators"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_validators_seen", "validators", ["seen"])
