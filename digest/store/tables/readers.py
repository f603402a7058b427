"""Who subscribed to what, what became of it, and the letters about it."""

from __future__ import annotations

import sqlalchemy as sa

from digest.store.tables.base import UTCDateTime, metadata

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

# What the operator's files said whenever a run met one that was not as before: readers' profiles (`file`), and digests
# on offer under their own names. Without addresses.
filed_profiles = sa.Table(
    "filed_profiles",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("slug", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    # Of the file as it was, with its address.
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    # What the file itself says of when issues come, and what counted then with what `digest.toml` says of the rest.
    sa.Column("said", sa.JSON, nullable=False),
    sa.Column("words", sa.JSON, nullable=False),
    sa.Column("met", UTCDateTime, nullable=False),
    sqlite_with_rowid=False,
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
