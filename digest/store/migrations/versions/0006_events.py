"""What happened to papers after they had come."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the events."""
    op.create_table(
        "events",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_events"),
        sa.ForeignKeyConstraint(["seq"], ["papers.seq"], name="fk_events_seq_papers"),
        sa.UniqueConstraint("seq", "kind", "detail", name="uq_events_seq_kind_detail"),
        sqlite_autoincrement=True,
    )
    published = sa.text("kind = 'published'")
    op.create_index(
        "uq_events_published", "events", ["seq"], unique=True, sqlite_where=published, postgresql_where=published
    )
