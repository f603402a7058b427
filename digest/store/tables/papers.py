"""Papers, what is known of them, and where they came from."""

from __future__ import annotations

import sqlalchemy as sa

from digest.store.dialect import WHOLE
from digest.store.tables.base import UTCDateTime, metadata

_PUBLISHED = sa.text("kind = 'published'")

papers = sa.Table(
    "papers",
    metadata,
    # The order of arrival and the work's number for good: `id` may grow stronger (a DOI turns up), `seq` stays.
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("title_key", sa.Text, nullable=False),
    # The blocking key of record linkage (`digest.linkage.block`).
    sa.Column("block", WHOLE, index=True),
    # The day the paper counts as news: announced, else first submitted, else first seen.
    sa.Column("day", sa.Date, nullable=False, index=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("abstract", sa.Text, nullable=False),
    sa.Column("version", sa.Integer),
    sa.Column("authors", sa.JSON, nullable=False),
    sa.Column("categories", sa.JSON, nullable=False),
    sa.Column("published", UTCDateTime),
    sa.Column("updated", UTCDateTime),
    sa.Column("announced", sa.Date),
    sa.Column("announce_type", sa.Text),
    sa.Column("venue", sa.Text),
    sa.Column("comment", sa.Text),
    sa.Column("other_ids", sa.JSON, nullable=False),
    sa.Column("links", sa.JSON, nullable=False),
    sa.Column("signals", sa.JSON, nullable=False),
    # PostgreSQL's other indexes take no titles of some thousand characters, and this one is asked for equals only.
    sa.Index("ix_papers_title_key", "title_key", postgresql_using="hash"),
    sqlite_autoincrement=True,
)

paper_ids = sa.Table(
    "paper_ids",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("seq", sa.ForeignKey("papers.seq"), nullable=False, index=True),
    sqlite_with_rowid=False,
)

# Papers whose text, authors or day changed after they had come: what is made from papers reads here what to make again.
revisions = sa.Table(
    "revisions",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("seq", sa.ForeignKey("papers.seq"), nullable=False, index=True),
    sqlite_autoincrement=True,
)

# What papers were before they changed: of each change the columns that became others. Where a work became part of
# another one it is that one's number, under `merged`. Pruned when no issue of late needs them.
paper_changes = sa.Table(
    "paper_changes",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("before", sa.JSON, nullable=False),
    sqlite_autoincrement=True,
)

# Works that turned out to be one: the number that is no more, the one that stays, and the text last known under
# the former, for what had counted it. A number that never had a row has no text.
merges = sa.Table(
    "merges",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("gone", sa.Integer, nullable=False, unique=True),
    sa.Column("kept", sa.ForeignKey("papers.seq"), nullable=False, index=True),
    sa.Column("title", sa.Text),
    sa.Column("abstract", sa.Text),
    sqlite_autoincrement=True,
)

# What happened to papers after they had come, each once, however often sources tell of it.
events = sa.Table(
    "events",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("seq", sa.ForeignKey("papers.seq"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.UniqueConstraint("seq", "kind", "detail"),
    # A work is published once, whatever is said of where.
    sa.Index("uq_events_published", "seq", unique=True, sqlite_where=_PUBLISHED, postgresql_where=_PUBLISHED),
    sqlite_autoincrement=True,
)

# What models wrote of papers. `question` is a fingerprint of what was asked, the paper's text included: when that
# changes, the answer is out of date.
summaries = sa.Table(
    "summaries",
    metadata,
    sa.Column("seq", sa.ForeignKey("papers.seq"), primary_key=True),
    sa.Column("model", sa.Text, primary_key=True),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("written", UTCDateTime, nullable=False),
    sqlite_with_rowid=False,
)

checkpoints = sa.Table(
    "checkpoints",
    metadata,
    sa.Column("fingerprint", sa.Text, primary_key=True),
    sa.Column("offset", WHOLE, nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("report", sa.Text, nullable=False),
)

# What was taken in from a URL or a file without a fault: while these stay the same, there is nothing new in it.
validators = sa.Table(
    "validators",
    metadata,
    sa.Column("place", sa.Text, primary_key=True),
    sa.Column("etag", sa.Text),
    sa.Column("last_modified", sa.Text),
    sa.Column("seen", UTCDateTime, nullable=False, index=True),
    sqlite_with_rowid=False,
)

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("source", sa.Text, nullable=False),
    # The day the source was asked, and the day that its papers are of.
    sa.Column("asked", sa.Date, nullable=False, index=True),
    sa.Column("day", sa.Date),
    sa.Column("announced", sa.Integer),
    sa.Column("read", sa.Integer, nullable=False),
    sa.Column("new", sa.Integer, nullable=False),
    sa.Column("updated", sa.Integer, nullable=False),
    sa.Column("rejected", sa.Integer, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("cross_listed", sa.Integer, nullable=False, server_default="0"),
    sa.Column("replaced", sa.Integer, nullable=False, server_default="0"),
    sa.Column("withheld", sa.Integer, nullable=False, server_default="0"),
    # As of titles: a source says itself what it is called.
    sa.Index("ix_batches_source", "source", postgresql_using="hash"),
    sqlite_autoincrement=True,
)

# When each domain may be asked again, by the gap between requests or because it said so.
turns = sa.Table(
    "turns",
    metadata,
    sa.Column("domain", sa.Text, primary_key=True),
    sa.Column("free_at", UTCDateTime, nullable=False),
    sqlite_with_rowid=False,
)

# Sources that could not be read when they were asked last.
failures = sa.Table(
    "failures",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("asked", sa.Date, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)
