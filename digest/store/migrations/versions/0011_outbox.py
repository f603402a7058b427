"""What sending needs: when a delivery is due, who holds it, what came back; and what waits for the next issue."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the tables and columns; all that waited to be sent is due at once."""
    op.create_table(
        "carryover",
        sa.Column("profile", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("profile", "seq", name="pk_carryover"),
        sa.ForeignKeyConstraint(["seq"], ["papers.seq"], name="fk_carryover_seq_papers"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_carryover_seq", "carryover", ["seq"])
    if op.get_context().dialect.name == "sqlite":  # on PostgreSQL nothing was ever kept before this revision
        _carry_over(op.get_bind())
    op.drop_column("issues", "held")
    with op.batch_alter_table("deliveries") as table:
        table.drop_index("ix_deliveries_state")
        for name, kind in (("queued", sa.DateTime), ("due", sa.DateTime), ("holder", sa.Text), ("token", sa.Text)):
            table.add_column(sa.Column(name, kind))
        for name in ("tries", "lost"):
            table.add_column(sa.Column(name, sa.Integer, nullable=False, server_default="0"))
        table.create_unique_constraint("uq_deliveries_token", ["token"])
        table.create_index("ix_deliveries_changed", ["changed"])
        table.create_index("ix_deliveries_state_due", ["state", "due", "issue_id", "subscriber"])
    op.execute(
        "UPDATE deliveries SET queued = changed, due = CASE WHEN state IN ('queued', 'deferred') THEN changed END"
    )
    op.create_table(
        "suppressions",
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("since", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("address", name="pk_suppressions"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bounces",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("report", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("issue_id", sa.Text),
        sa.Column("received", sa.DateTime, nullable=False),
        sa.Column("undone", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("number", name="pk_bounces"),
        sa.UniqueConstraint("report", name="uq_bounces_report"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_bounces_address", "bounces", ["address"])


def _carry_over(connection: sa.Connection) -> None:
    """What the last issue of each reader had no room for; works that were merged since are their other work."""
    connection.exec_driver_sql(
        "INSERT OR IGNORE INTO carryover (profile, seq)"
        " SELECT issues.profile, coalesce(merges.kept, held.value) AS work FROM issues"
        " JOIN (SELECT profile, max(day) AS day FROM issues GROUP BY profile) AS last"
        " ON last.profile = issues.profile AND last.day = issues.day"
        " JOIN json_each(issues.held) AS held LEFT JOIN merges ON merges.gone = held.value"
        " WHERE work IN (SELECT seq FROM papers) AND NOT EXISTS (SELECT 1 FROM issue_papers"
        " WHERE issue_papers.profile = issues.profile AND issue_papers.seq = work)"
    )
