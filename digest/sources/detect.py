"""Which format a dump has, told from its first bytes and never from its name."""

from __future__ import annotations

import codecs
import re
from typing import Final

from digest.sources import feed_xml
from digest.sources.json_walk import members
from digest.sources.trending_page import looks_like_page

LOOK_AHEAD = 64 * 2**10
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_MAGIC: Final = (
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "a zip archive"),
    (b"\x1f\x8b", "still compressed with gzip"),
    (b"BZh", "still compressed with bzip2"),
    (b"\xfd7zXZ\x00", "still compressed with xz"),
    (b"\x28\xb5\x2f\xfd", "still compressed with Zstandard"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"%PDF-", "a PDF document"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
)
_ROOTS: Final = {
    "html": "an HTML page",
    "rdf:rdf": "an RDF feed (RSS 1.0)",
    "oai-pmh": "an OAI-PMH answer",
    "opml": "a list of feeds (OPML)",
    "pubmedarticleset": "a PubMed export",
}
_ARXIV_API = re.compile(r"<id>\s*https?://(?:export\.)?arxiv\.org/api/")
_ARXIV = re.compile(r"https?://(?:[\w-]+\.)*arxiv\.org/(?!schemas/)")  # any feed may use arXiv's namespace
_DOCTYPE = re.compile(r"<!doctype\s+([\w.:-]+)", re.IGNORECASE)
_FIRST_ENTRY = re.compile(r"<(?:entry|item)[\s>]")
_SNAPSHOT_KEYS = frozenset({"submitter", "authors_parsed", "versions", "update_date", "report-no", "journal-ref"})
_INTERCHANGE_KEYS = frozenset({"abstract", "announced", "categories"})
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_TEXT_CONTROLS = 0.02  # a stray NUL spoils its record; random bytes have a tenth of such, UTF-16 without its mark half
_NOT_READ = "not a format this version reads"


def unusable(head: bytes) -> str | None:
    """Why nothing can be made of a dump that begins with `head`, whatever its format; None where something may."""
    for magic, what in _MAGIC:
        if head.startswith(magic):
            return f"{what}: {_NOT_READ}"
    if not head.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        return "empty"
    if len(_CONTROLS.findall(head)) > len(head) * _TEXT_CONTROLS and not head.startswith(UTF16_MARKS):
        return f"binary data: {_NOT_READ}"
    text = feed_xml.decode(head)
    root = feed_xml.root_element(text)
    if root and root[1].lower() in ("html", "!doctype"):
        declared = _DOCTYPE.search(text, root.start())
        name = declared[1] if declared else "html"
        what = _ROOTS.get(name.lower(), f"XML with a document type declaration ({name})")
        return f"{what}: {_NOT_READ}"
    return None


def detect(head: bytes) -> tuple[str | None, str]:
    """The name of the format of a dump that begins with `head`, or None; and in words what it seems to be."""
    text = feed_xml.decode(head)
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("<"):
        return _detect_xml(text.lstrip("\ufeff"))
    if start.startswith("{"):
        return _detect_object(start)
    if start.startswith("["):
        return _detect_array(start)
    if looks_like_page(text):
        return "trending-page", "a saved page of trending papers"
    return None, f"text of no known form: {_NOT_READ}"


def _detect_xml(text: str) -> tuple[str | None, str]:
    root = feed_xml.root_element(text)
    name = root[1].lower() if root else ""
    entry = _FIRST_ENTRY.search(text)
    before_entries = text[: entry.start()] if entry else text
    if name in ("feed", "rss"):
        if _ARXIV_API.search(before_entries):
            return "arxiv-api", "an answer of the arXiv API"
        if _ARXIV.search(before_entries):
            return "arxiv-feed", "an announcement feed of arXiv"
        return None, f"a feed that is not arXiv's: {_NOT_READ}"
    what = _ROOTS.get(name) or (f"XML with the root element <{name}>" if name else "XML that breaks off at once")
    return None, f"{what}: {_NOT_READ}"


def _detect_object(text: str) -> tuple[str | None, str]:
    keys = {key for key, _ in members(text, 0)}
    if keys & {"paper", "papers", "error"} or keys >= {"id", "title", "upvotes"}:
        return "hf-daily-papers", "an answer of the Hugging Face daily papers API"
    if "\n" not in text.partition("}")[0]:
        if "id" in keys and keys & _SNAPSHOT_KEYS:
            return "arxiv-snapshot", "lines of the arXiv metadata snapshot"
        if "title" in keys and (keys & _INTERCHANGE_KEYS or "id" in keys):
            return "interchange", "lines of the interchange form"
    return None, f"JSON with the keys {', '.join(sorted(keys)[:8]) or 'of nothing known'}: {_NOT_READ}"


def _detect_array(text: str) -> tuple[str | None, str]:
    first = text[1:].lstrip()
    keys = {key for key, _ in members(first, 0)} if first.startswith("{") else set()
    if first.startswith("]") or "paper" in keys or keys >= {"id", "title", "upvotes"}:
        return "hf-daily-papers", "an answer of the Hugging Face daily papers API"
    return None, f"a JSON array of something else than daily papers: {_NOT_READ}"
