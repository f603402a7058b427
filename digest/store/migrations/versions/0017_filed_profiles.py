"""What profiles in files said whenever a run met them."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the table; what files said before is not known."""
    op.create_table(
        "filed_profiles",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("said", sa.JSON, nullable=False),
        sa.Column("words", sa.JSON, nullable=False),
        sa.Column("met", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("digest", "slug", "number", name="pk_filed_profiles"),
        sqlite_with_rowid=False,
    )
