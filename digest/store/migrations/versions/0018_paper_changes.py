"""What papers were before they changed, and how far each issue looked by that."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add table and columns; of issues of before it is not known."""
    op.create_table(
        "paper_changes",
        sa.Column("number", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("before", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_paper_changes"),
        sqlite_autoincrement=True,
    )
    op.add_column("issues", sa.Column("covered_change", sa.Integer))
    op.add_column("issues", sa.Column("window_days", sa.Integer))
    op.add_column("issues", sa.Column("since", sa.Date))
