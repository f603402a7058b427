"""Papers as a JSON Feed, version 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from digest.twins.entries import Entry, Feed

VERSION = "https://jsonfeed.org/version/1.1"


def write(feed: Feed) -> str:
    """The feed as a JSON document.

    Addresses of the feed itself are left out: the format has no relative ones, and an installation need not know where
    its pages are served.
    """
    said = {"version": VERSION, "title": feed.title, "items": [_item(entry) for entry in feed.entries]}
    return json.dumps(said, ensure_ascii=False, indent=1) + "\n"


def _item(entry: Entry) -> dict[str, Any]:
    item: dict[str, Any] = {"id": entry.id, "title": entry.title, "content_html": entry.html}
    if entry.url:
        item["url"] = entry.url
    item["date_published"] = entry.added.isoformat(timespec="seconds")
    if entry.authors:
        item["authors"] = [{"name": name} for name in entry.authors]
    if entry.categories:
        item["tags"] = list(entry.categories)
    if entry.pdf:
        item["attachments"] = [{"url": entry.pdf, "mime_type": "application/pdf", "title": "PDF"}]
    return item
