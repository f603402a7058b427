"""Papers with their ids, issues with their ledger, deliveries, and the places where ingests stopped."""

import sqlalchemy as sa
from alembic import op

from digest.store.dialect import WHOLE

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "papers",
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("title_key", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("abstract", sa.Text, nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("authors", sa.JSON, nullable=False),
        sa.Column("categories", sa.JSON, nullable=False),
        sa.Column("published", sa.DateTime),
        sa.Column("updated", sa.DateTime),
        sa.Column("announced", sa.Date),
        sa.Column("announce_type", sa.Text),
        sa.Column("venue", sa.Text),
        sa.Column("comment", sa.Text),
        sa.Column("other_ids", sa.JSON, nullable=False),
        sa.Column("links", sa.JSON, nullable=False),
        sa.Column("signals", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_papers"),
        sa.UniqueConstraint("id", name="uq_papers_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_papers_title_key", "papers", ["title_key"], postgresql_using="hash")
    op.create_index("ix_papers_day", "papers", ["day"])
    op.create_table(
        "paper_ids",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_paper_ids"),
        sa.ForeignKeyConstraint(["seq"], ["papers.seq"], name="fk_paper_ids_seq_papers"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_paper_ids_seq", "paper_ids", ["seq"])
    op.create_table(
        "issues",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("profile", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("covered_seq", sa.Integer, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_issues"),
        sa.UniqueConstraint("profile", "day", name="uq_issues_profile_day"),
    )
    op.create_table(
        "issue_papers",
        sa.Column("profile", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("issue_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("profile", "seq", name="pk_issue_papers"),
        sa.ForeignKeyConstraint(["seq"], ["papers.seq"], name="fk_issue_papers_seq_papers"),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name="fk_issue_papers_issue_id_issues"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_issue_papers_issue_id", "issue_papers", ["issue_id"])
    op.create_table(
        "deliveries",
        sa.Column("issue_id", sa.Text, nullable=False),
        sa.Column("subscriber", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("lease_until", sa.DateTime),
        sa.Column("error", sa.Text),
        sa.Column("changed", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("issue_id", "subscriber", name="pk_deliveries"),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name="fk_deliveries_issue_id_issues"),
    )
    op.create_index("ix_deliveries_state", "deliveries", ["state"])
    op.create_table(
        "checkpoints",
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("offset", WHOLE, nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("report", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_checkpoints"),
    )
