"""A log of the papers that changed after they had come."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the log."""
    op.create_table(
        "revisions",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_revisions"),
        sa.ForeignKeyConstraint(["seq"], ["papers.seq"], name="fk_revisions_seq_papers"),
        sqlite_autoincrement=True,
    )
