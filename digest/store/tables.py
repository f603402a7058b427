"""The schema: what is kept, in the field's words. Migrations make it; a test holds both to each other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.store.dialect import WHOLE

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect


class UTCDateTime(sa.TypeDecorator[datetime]):
    """An aware instant; kept as UTC, because SQLite drops the zone."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuse naive instants; hand the rest over as UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant without a zone: {value!r}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the zone back."""
        return None if value is None else value.replace(tzinfo=UTC)


_PUBLISHED = sa.text("kind = 'published'")

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

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
    sa.Column("content", sa.Text, nullable=False),
    sa.UniqueConstraint("profile", "day"),
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

# Whoever subscribed on the site or by command; readers whose profile is an operator's file are subscriptions only.
subscribers = sa.Table(
    "subscribers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("address", sa.Text, nullable=False),
    # The address as two spellings of it are the same.
    sa.Column("address_key", sa.Text, nullable=False, unique=True),
    # When and by what way the address was given first, and when its owner said yes for the first time.
    sa.Column("asked", UTCDateTime, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("confirmed", UTCDateTime),
)

# One digest that somebody gets. `slug` is the reader's name in issues, the ledger, deliveries and judgements.
subscriptions = sa.Table(
    "subscriptions",
    metadata,
    sa.Column("slug", sa.Text, primary_key=True),
    # What the reader is called in signed links (`tokens.reader_id`), in hexadecimal.
    sa.Column("reader", sa.Text, nullable=False, unique=True),
    sa.Column("subscriber", sa.ForeignKey("subscribers.id"), index=True),
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
    sa.Column("made", UTCDateTime, nullable=False),
    # The next period: its day where the reader is, and the instant from which on its issue is due.
    sa.Column("day", sa.Date),
    sa.Column("due", UTCDateTime),
    sa.Column("since", sa.Date),
    sa.Column("paused", UTCDateTime),
    sa.Column("paused_until", sa.Date),
    sa.Column("ended", UTCDateTime),
    # The record of consent, with `made`: by what way it was asked for, and when its reader said yes.
    sa.Column("source", sa.Text, nullable=False, server_default=sa.text("''")),
    sa.Column("confirmed", UTCDateTime),
    sa.Index("ix_subscriptions_due", "due", "slug"),
)

# The profiles that readers write themselves, each as it was at any time; the last one counts.
profile_versions = sa.Table(
    "profile_versions",
    metadata,
    sa.Column("slug", sa.ForeignKey("subscriptions.slug"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    # What was read of the text, as JSON and of which form; reading YAML again takes two hundred times as long.
    sa.Column("form", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("written", UTCDateTime, nullable=False),
    # What made it: an edit, a judgement, the version that it goes back to.
    sa.Column("reason", sa.Text, nullable=False),
)

# What became of each period of each subscription: its primary key is what makes a period come once.
periods = sa.Table(
    "periods",
    metadata,
    sa.Column("slug", sa.Text, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("due", UTCDateTime, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("settled", UTCDateTime, nullable=False, index=True),
    sqlite_with_rowid=False,
)

# Mails that are no issues and wait to be sent: questions whether to subscribe, goodbyes.
letters = sa.Table(
    "letters",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("slug", sa.ForeignKey("subscriptions.slug"), nullable=False, index=True),
    sa.Column("made", UTCDateTime, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    # When it is to be sent or tried again; none once it was sent or given up.
    sa.Column("due", UTCDateTime, index=True),
    sa.Column("error", sa.Text),
    sqlite_autoincrement=True,
)

# How often something was asked of us in an hour, by a fingerprint of who asked: no address is in it.
askings = sa.Table(
    "askings",
    metadata,
    sa.Column("who", sa.Text, primary_key=True),
    sa.Column("hour", UTCDateTime, primary_key=True, index=True),
    sa.Column("count", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)

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

# Sources that could not be read when they were asked last.
failures = sa.Table(
    "failures",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("asked", sa.Date, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

# Alarms that were sent to the operator, by a fingerprint of their words, and when: each is told once a day.
told_alarms = sa.Table(
    "told_alarms",
    metadata,
    sa.Column("fingerprint", sa.Text, primary_key=True),
    sa.Column("told", UTCDateTime, nullable=False),
    sqlite_with_rowid=False,
)
