"""What readers say of single papers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the judgements."""
    op.create_table(
        "judgements",
        sa.Column("profile", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("liked", sa.Boolean, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("profile", "seq", name="pk_judgements"),
        sa.ForeignKeyConstraint(["seq"], ["papers.seq"], name="fk_judgements_seq_papers"),
        sqlite_with_rowid=False,
    )
