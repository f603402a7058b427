"""Subscribers, what they subscribed to, the profiles they write, and what became of each period."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "subscribers",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("address_key", sa.Text, nullable=False),
        sa.Column("asked", sa.DateTime, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("confirmed", sa.DateTime),
        sa.PrimaryKeyConstraint("id", name="pk_subscribers"),
        sa.UniqueConstraint("address_key", name="uq_subscribers_address_key"),
    )
    op.create_table(
        "subscriptions",
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("reader", sa.Text, nullable=False),
        sa.Column("subscriber", sa.Text),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("standing", sa.Text, nullable=False),
        sa.Column("frequency", sa.Text, nullable=False),
        sa.Column("send_at", sa.Text, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("patience_hours", sa.Integer, nullable=False),
        sa.Column("on_return", sa.Text, nullable=False),
        sa.Column("form", sa.Text),
        sa.Column("empty_day", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("made", sa.DateTime, nullable=False),
        sa.Column("day", sa.Date),
        sa.Column("due", sa.DateTime),
        sa.Column("since", sa.Date),
        sa.Column("paused", sa.DateTime),
        sa.Column("paused_until", sa.Date),
        sa.Column("ended", sa.DateTime),
        sa.PrimaryKeyConstraint("slug", name="pk_subscriptions"),
        sa.UniqueConstraint("reader", name="uq_subscriptions_reader"),
        sa.ForeignKeyConstraint(["subscriber"], ["subscribers.id"], name="fk_subscriptions_subscriber_subscribers"),
    )
    op.create_index("ix_subscriptions_subscriber", "subscriptions", ["subscriber"])
    op.create_index("ix_subscriptions_due", "subscriptions", ["due", "slug"])
    op.create_table(
        "profile_versions",
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("written", sa.DateTime, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("slug", "number", name="pk_profile_versions"),
        sa.ForeignKeyConstraint(["slug"], ["subscriptions.slug"], name="fk_profile_versions_slug_subscriptions"),
    )
    op.create_table(
        "periods",
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("due", sa.DateTime, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("settled", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("slug", "day", name="pk_periods"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_periods_settled", "periods", ["settled"])
    op.create_table(
        "letters",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("made", sa.DateTime, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("due", sa.DateTime),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("number", name="pk_letters"),
        sa.ForeignKeyConstraint(["slug"], ["subscriptions.slug"], name="fk_letters_slug_subscriptions"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_letters_slug", "letters", ["slug"])
    op.create_index("ix_letters_due", "letters", ["due"])
    op.create_table(
        "askings",
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("hour", sa.DateTime, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("who", "hour", name="pk_askings"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_askings_hour", "askings", ["hour"])
