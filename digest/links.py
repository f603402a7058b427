"""Where code and project pages of a paper are, read from its abstract or comment."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from digest.types import Links

# A URL, or the address without scheme of a host that is certain to be one.
_URL = re.compile(
    r"""(?:https?://|(?<![\w./@-])(?=(?:www\.)?(?:github|gitlab|huggingface)\.\w+/|[\w-]+\.github\.io\b))"""
    r"""[^\s<>"{}|\\^`“”\u2018\u2019]+""",
    re.IGNORECASE,
)
# A text without any of these holds no URL; most abstracts need no further look.
_SIGNS = ("://", "github.", "GitHub.", "gitlab.", "GitLab.", "huggingface.")
_CALLED_PROJECT = re.compile(
    r"\b(?:(?:project|home|web|demo)[\s-]?(?:web[\s-]?)?(?:page|site)|project|website|demos?)\b[^.;]{0,40}$",
    re.IGNORECASE,
)
# A sentence that follows without a space: a path has no full stop before a capital and a small letter at its end.
_NEXT_SENTENCE = re.compile(r"[.,;](?=[A-Z][a-z]+$)")
_TRAILING = ".,;:!?'\"*_~$…"
_LONGEST_URL = 2000
_OPENING = {")": "(", "]": "["}

_CODE_HOSTS = ("github.com", "gitlab.com", "huggingface.co", "bitbucket.org", "codeberg.org", "anonymous.4open.science")
_NOT_OWNERS = frozenset({"papers", "blog", "docs", "collections", "orgs", "features", "topics", "marketplace", "posts"})
_PROJECT_HOSTS = (".github.io", ".gitlab.io", ".page", ".pages.dev", ".vercel.app", ".netlify.app")
_NEVER_PROJECT = ("arxiv.org", "doi.org", "creativecommons.org")


def links_in(*texts: str) -> Links:
    """The first repository (`code`) and the first other project page (`project`) named in cleaned texts.

    A repository is a path `owner/name` on a code host; a project page is known by its host (github.io and its like) or
    by the words before it ("project page: …"). Both are absolute http(s) URLs.
    """
    code: str | None = None
    project: str | None = None
    for text in texts:
        if not any(map(text.__contains__, _SIGNS)):
            continue
        for found in _URL.finditer(text):
            url = _trimmed(found[0])
            kind = _kind(url, text[max(found.start() - 80, 0) : found.start()])
            if kind == "code" and code is None:
                code = url.removesuffix(".git")
            elif kind == "project" and project is None:
                project = url
    return Links(code=code, project=project)


def http_url(text: object) -> str | None:
    """`text` where it is an absolute http(s) URL with a host and at most 2,000 characters, else None."""
    if not isinstance(text, str):
        return None
    url = text.strip()
    if len(url) > _LONGEST_URL:
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not host or not url.isprintable() or " " in url:
        return None
    return url


def _trimmed(url: str) -> str:
    url = _NEXT_SENTENCE.split(url)[0]
    surplus = {closing: url.count(closing) - url.count(opening) for closing, opening in _OPENING.items()}
    end = len(url)
    while end and (url[end - 1] in _TRAILING or surplus.get(url[end - 1], 0) > 0):
        end -= 1
        if url[end] in surplus:
            surplus[url[end]] -= 1
    url = url[:end]
    return url if url.lower().startswith("http") else f"https://{url}"


def _kind(url: str, before: str) -> str | None:
    if http_url(url) is None:
        return None
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    path = [segment for segment in parts.path.split("/") if segment]
    if host in _CODE_HOSTS or host.startswith("gitlab."):
        return "code" if len(path) > 1 and path[0].lower() not in _NOT_OWNERS else None
    if host.endswith(_NEVER_PROJECT):
        return None
    if host.endswith(_PROJECT_HOSTS) or (host == "sites.google.com" and path[:1] == ["view"]):
        return "project"
    return "project" if _CALLED_PROJECT.search(before) else None
