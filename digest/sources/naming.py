"""What a dump's source is called, as far as the dump itself says."""

from __future__ import annotations

import re

from digest.sources import feed_xml

_ARXIV_CHANNEL = re.compile(r"<title>\s*([\w.+-]{2,40}) updates on (?:the )?arXiv", re.IGNORECASE)


def source_name(head: bytes, format: str) -> str:  # noqa: A002 - the field is called `format` everywhere else
    """`arxiv:cs.AI` for that feed of arXiv's; for a dump that does not say whose it is, the name of its format."""
    found = _ARXIV_CHANNEL.search(feed_xml.decode(head)) if format.startswith("arxiv-") else None
    return f"arxiv:{found[1]}" if found else format
