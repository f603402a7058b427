"""Issues, the ledger, what waits to be sent, and what came back."""

from __future__ import annotations

import sqlalchemy as sa

from digest.store.tables.base import UTCDateTime, metadata

issues = sa.Table(
    "issues",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("profile", sa.Text, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    # Papers up to this number and this day were looked at for this issue; the next one starts behind them.
    sa.Column("covered_seq", sa.Integer, nullable=False),
    # Events up to this number were told, or were over before the reader's first issue.
    sa.Column("covered_event", sa.Integer, nullable=False, server_default="0"),
    # JSON, in which papers have their names in `shown_papers`.
    sa.Column("content", sa.Text, nullable=False),
    # Changes of papers up to this number were made by then; how many days the issue reached back, and from which day on
    # papers were news to its reader, if not from the first of these. None for issues of before this was kept.
    sa.Column("covered_change", sa.Integer),
    sa.Column("window_days", sa.Integer),
    sa.Column("since", sa.Date),
    sa.UniqueConstraint("profile", "day"),
)

# Papers as issues show them, each once for all issues that show it so, by the SHA-256 of its JSON. They say nothing of
# who was shown them, and stay when a reader is forgotten.
shown_papers = sa.Table(
    "shown_papers",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("content", sa.Text, nullable=False),
)

# The ledger: its primary key is what makes it impossible to recommend a paper twice to one reader.
issue_papers = sa.Table(
    "issue_papers",
    metadata,
    sa.Column("profile", sa.Text, primary_key=True),
    sa.Column("seq", sa.ForeignKey("papers.seq"), primary_key=True, index=True),
    sa.Column("issue_id", sa.ForeignKey("issues.id"), nullable=False, index=True),
    sqlite_with_rowid=False,
)

# Papers that wait for a reader's next issue: those that the last one had no room for, and those of issues that the
# reader did not get.
carryover = sa.Table(
    "carryover",
    metadata,
    sa.Column("profile", sa.Text, primary_key=True),
    sa.Column("seq", sa.ForeignKey("papers.seq"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("issue_id", sa.ForeignKey("issues.id"), primary_key=True),
    sa.Column("subscriber", sa.Text, primary_key=True),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("lease_until", UTCDateTime),
    sa.Column("error", sa.Text),
    sa.Column("changed", UTCDateTime, nullable=False, index=True),
    sa.Column("queued", UTCDateTime),
    # When it is to be sent or tried again; none where it is not.
    sa.Column("due", UTCDateTime),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("lost", sa.Integer, nullable=False, server_default="0"),
    # The sender that has it in hand.
    sa.Column("holder", sa.Text),
    # What a mail that comes back is known by.
    sa.Column("token", sa.Text, unique=True),
    sa.Index("ix_deliveries_state_due", "state", "due", "issue_id", "subscriber"),
)

# Addresses, in small letters, that nothing is sent to, and why.
suppressions = sa.Table(
    "suppressions",
    metadata,
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("since", UTCDateTime, nullable=False),
    sqlite_with_rowid=False,
)

# Mails that came back or were complained of, each report once: `report` is a fingerprint of it.
bounces = sa.Table(
    "bounces",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("report", sa.Text, nullable=False, unique=True),
    sa.Column("address", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("issue_id", sa.Text),
    sa.Column("received", UTCDateTime, nullable=False),
    # An operator said that it counts no more.
    sa.Column("undone", sa.Boolean, nullable=False, server_default=sa.false()),
    sqlite_autoincrement=True,
)

# What readers say of single papers; a later judgement of the same paper takes the place of an earlier one.
judgements = sa.Table(
    "judgements",
    metadata,
    sa.Column("profile", sa.Text, primary_key=True),
    sa.Column("seq", sa.ForeignKey("papers.seq"), primary_key=True, index=True),
    sa.Column("liked", sa.Boolean, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sqlite_with_rowid=False,
)
