"""What the operator is told: runs and alarms."""

from __future__ import annotations

import sqlalchemy as sa

from digest.store.tables.base import UTCDateTime, metadata

# What runs did, without any reader's name.
runs = sa.Table(
    "runs",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("started", UTCDateTime, nullable=False, index=True),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("issues", sa.Integer, nullable=False),
    # Papers that were new to the readers of these issues, those of them above the bar, and those in the issues.
    sa.Column("considered", sa.Integer, nullable=False),
    sa.Column("passed", sa.Integer, nullable=False),
    sa.Column("papers", sa.Integer, nullable=False),
    sa.Column("delivered", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False),
    # Skips by reason, mails by outcome, and what failed and why, some of it.
    sa.Column("detail", sa.JSON, nullable=False),
    sqlite_autoincrement=True,
)

# Alarms that were sent to the operator, by a fingerprint of their words, and when: each is told once a day.
told_alarms = sa.Table(
    "told_alarms",
    metadata,
    sa.Column("fingerprint", sa.Text, primary_key=True),
    sa.Column("told", UTCDateTime, nullable=False),
    sqlite_with_rowid=False,
)

# Readers whose issues are composed together, for as long as a run lasts: whoever works on them holds a lock on the row.
shards = sa.Table(
    "shards",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("cut", UTCDateTime, nullable=False),
    # The day of the issues; none where each is of its reader's period. Then the instant that the mails bear, and the
    # number of the last paper that is looked at.
    sa.Column("day", sa.Date),
    sa.Column("composed", UTCDateTime, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    # Names of subscriptions, never addresses.
    sa.Column("slugs", sa.JSON, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    # What became of its readers, once it is done.
    sa.Column("report", sa.JSON(none_as_null=True)),
    sqlite_autoincrement=True,
)
