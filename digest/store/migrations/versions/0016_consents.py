"""The record of consent with each subscription: by what way it was asked for, and when its reader said yes."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the columns; what was confirmed before has the first consent of its subscriber."""
    op.add_column("subscriptions", sa.Column("source", sa.Text, nullable=False, server_default=sa.text("''")))
    op.add_column("subscriptions", sa.Column("confirmed", sa.DateTime))
    op.execute(
        "UPDATE subscriptions SET source = (SELECT source FROM subscribers WHERE id = subscriber), "
        "confirmed = (SELECT confirmed FROM subscribers WHERE id = subscriber) "
        "WHERE subscriber IS NOT NULL AND standing <> 'pending'"
    )
