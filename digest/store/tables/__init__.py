"""The schema: what is kept, in the field's words. Migrations make it; a test holds both to each other."""

from digest.store.tables.base import UTCDateTime, metadata
from digest.store.tables.issues import bounces, carryover, deliveries, issue_papers, issues, judgements, suppressions
from digest.store.tables.operations import runs, shards, told_alarms
from digest.store.tables.papers import (
    batches,
    checkpoints,
    events,
    failures,
    merges,
    paper_changes,
    paper_ids,
    papers,
    revisions,
    summaries,
    turns,
    validators,
)
from digest.store.tables.readers import (
    askings,
    filed_profiles,
    letters,
    periods,
    profile_versions,
    subscribers,
    subscriptions,
)

__all__ = [
    "UTCDateTime",
    "askings",
    "batches",
    "bounces",
    "carryover",
    "checkpoints",
    "deliveries",
    "events",
    "failures",
    "filed_profiles",
    "issue_papers",
    "issues",
    "judgements",
    "letters",
    "merges",
    "metadata",
    "paper_changes",
    "paper_ids",
    "papers",
    "periods",
    "profile_versions",
    "revisions",
    "runs",
    "shards",
    "subscribers",
    "subscriptions",
    "summaries",
    "suppressions",
    "told_alarms",
    "turns",
    "validators",
]
