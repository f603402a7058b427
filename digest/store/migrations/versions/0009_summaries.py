"""What models wrote of papers."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the summaries."""
    op.create_table(
        "summaries",
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("written", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("seq", "model", name="pk_summaries"),
        sa.ForeignKeyConstraint(["seq"], ["papers.seq"], name="fk_summaries_seq_papers"),
        sqlite_with_rowid=False,
    )
