"""Papers as a JSON Feed, version 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from digest.twins.entries import Entry, Feed
    from digest.view import TwinsView

VERSION = "https://jsonfeed.org/version/1.1"


def write(feed: Feed, twins: TwinsView | None = None) -> str:
    """The feed as a JSON document; `twins` say where it and the reader's archive stand, if that is known.

    The format has no relative addresses, so that they are left out where nobody knows the base.
    """
    said: dict[str, Any] = {"version": VERSION, "title": feed.title}
    if twins and twins.base:
        said |= {"home_page_url": twins.base + twins.archive, "feed_url": twins.base + twins.json_feed}
    said["items"] = [_item(entry) for entry in feed.entries]
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
