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
