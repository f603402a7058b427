"""What happens to a work that is known already: a new version comes, or it is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest import days
from digest.publication import publication
from digest.types import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.types import Event, Paper


def between(before: Paper, after: Paper) -> Iterator[tuple[EventKind, str]]:
    """(kind, detail) of what happened while what is known of a work grew; `detail` as in `digest.types.Event`.

    A version is new where another was known before. A work is published when it first has a venue or the DOI of a
    journal: the DOI that turns up beside a venue is no news, and neither is all that a work comes in with.
    """
    if before.version is not None and after.version is not None and after.version > before.version:
        yield EventKind.NEW_VERSION, str(after.version)
    if (before.venue, before.id, before.other_ids) != (after.venue, after.id, after.other_ids):
        published = publication(after)
        if published and not publication(before):
            yield EventKind.PUBLISHED, str(published)


def told(event: Event) -> str:
    """What happened, in words that can follow the paper's title: `version 2, 9 May 2025`, `now published in Nature`."""
    if event.kind is EventKind.NEW_VERSION:
        return f"version {event.detail}, {days.short(event.day)}"
    return f"now published: {event.detail}"
