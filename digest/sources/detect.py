"""Which format a dump has, told from its first bytes and never from its name."""

from __future__ import annotations

import codecs
import re
from typing import Final

from digest.sources import feed_encoding, feed_entries, feed_xml, json_forms, plain_text
from digest.sources.arxiv_listing import looks_like_listing
from digest.sources.bibtex import looks_like_bibtex
from digest.sources.json_walk import members
from digest.sources.ris import looks_like_ris
from digest.sources.trending_page import looks_like_page
from digest.sources.web_of_science import looks_like_web_of_science

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
    "opml": "a list of feeds (OPML), to be added with `digest sources add FILE`",
}
_RECORDS: Final = {
    "oai-pmh": ("oai-pmh", "an OAI-PMH answer"),
    "pubmedarticleset": ("pubmed", "a PubMed export"),
    "pubmedbookarticleset": ("pubmed", "a PubMed export"),
    "dblp": ("dblp", "a DBLP export"),
    "dblpperson": ("dblp", "a DBLP export"),
    "bht": ("dblp", "a DBLP export"),
}
"""Root element -> the format of a row of records in it, which may name a DTD, because it is never read."""
_TEXTS: Final = (
    ("arxiv-listing", "plain text of arXiv", looks_like_listing),
    ("web-of-science", "an export of Web of Science", looks_like_web_of_science),
    ("bibtex", "a BibTeX library", looks_like_bibtex),
    ("ris", "an RIS library", looks_like_ris),
    ("journal-feed", "a feed behind something else", feed_entries.starts_late),
)
_ARXIV_API = re.compile(r"<id>\s*https?://(?:export\.)?arxiv\.org/api/")
# Any feed may use arXiv's namespace, or tell of arXiv in its description: arXiv's own are at home there.
_ARXIV = re.compile(r"""(?:<(?:link|id)>|\b(?:href|about)=["'])\s*https?://(?:[\w-]+\.)*arxiv\.org/(?!schemas/)""")
_FEED_ROOTS = frozenset({"feed", "rss", "rdf"})
_DOCTYPE = re.compile(r"<!doctype\s+([\w.:-]+)", re.IGNORECASE)
_PLAIN_DOCTYPE = re.compile(r"\s*<!doctype\s+([\w.:-]+)\b[^<>\[\]]*>", re.IGNORECASE)
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
    if len(_CONTROLS.findall(head)) > len(head) * _TEXT_CONTROLS and not _is_wide(head):
        return f"binary data: {_NOT_READ}"
    text = feed_xml.decode(head)
    root = feed_xml.root_element(text)
    if root and root[1].lower() in ("html", "!doctype"):
        if _root_name(text) in _RECORDS or _is_feed(_root_name(text)):
            return None
        declared = _DOCTYPE.search(text, root.start())
        name = declared[1] if declared else "html"
        what = _ROOTS.get(name.lower(), f"XML with a document type declaration ({name})")
        return f"{what}: {_NOT_READ}"
    return None


def _is_wide(head: bytes) -> bool:
    """Whether the bytes are text in units of two or four, with NUL in nearly all of them."""
    is_marked = head.startswith((*UTF16_MARKS, codecs.BOM_UTF32_BE))
    return is_marked or plain_text.unmarked_utf16(head) is not None or feed_encoding.wide(head) is not None


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
    plain = plain_text.decode(head)
    for name, what, looks_like in _TEXTS:
        if looks_like(plain):
            return name, what
    # Last, for a line with nothing but a day may stand in any abstract.
    if looks_like_page(text):
        return "trending-page", "a saved page of trending papers"
    return None, f"text of no known form: {_NOT_READ}"


def _detect_xml(text: str) -> tuple[str | None, str]:
    name = _root_name(text)
    if name in _RECORDS:
        return _RECORDS[name]
    entry = _FIRST_ENTRY.search(text)
    before_entries = text[: entry.start()] if entry else text
    if name == "rdf:rdf" and _ARXIV.search(before_entries):
        return "arxiv-rdf", "an announcement feed of arXiv (RSS 1.0)"
    if name in ("feed", "rss"):
        if _ARXIV_API.search(before_entries):
            return "arxiv-api", "an answer of the arXiv API"
        if _ARXIV.search(before_entries):
            return "arxiv-feed", "an announcement feed of arXiv"
    if _is_feed(name) or feed_entries.starts_late(text):
        return "journal-feed", "a feed of a journal or a third party"
    what = _ROOTS.get(name) or (f"XML with the root element <{name}>" if name else "XML without a root element")
    return None, f"{what}: {_NOT_READ}"


def _root_name(text: str) -> str:
    """The root element's name in small letters, as a document type declaration without entities of its own has it."""
    root = feed_xml.root_element(text)
    if root and root[1].lower() == "!doctype" and (declared := _PLAIN_DOCTYPE.match(text, root.start())):
        # Servers put the declaration of their web pages before a feed, too.
        behind = feed_xml.root_element(text[declared.end() :])
        return (behind if behind and _is_feed(behind[1].lower()) else declared)[1].lower()
    if root and (named := _DOCTYPE.match(text, text.find("<!", root.start()))) and _is_feed(named[1].lower()):
        return named[1].lower()  # a feed declares names of characters; all else in its declaration is dropped
    return root[1].lower() if root else ""


def _is_feed(root: str) -> bool:
    return root.rpartition(":")[2] in _FEED_ROOTS


def _detect_object(text: str) -> tuple[str | None, str]:
    keys = {key for key, _ in members(text, 0)}
    if keys >= {"config", "items"} or keys & {"itemType"} or keys >= {"key", "data"}:
        return "zotero", "items of Zotero"
    if keys & {"paper", "papers", "error"} or keys >= {"id", "title", "upvotes"}:
        return "hf-daily-papers", "an answer of the Hugging Face daily papers API"
    if form := json_forms.form_of_object(text):
        return form, json_forms.WORDS[form]
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
    if "itemType" in keys or keys >= {"key", "data"}:
        return "zotero", "items of Zotero"
    if form := json_forms.form_of_array(text):
        return form, json_forms.WORDS[form]
    return None, f"a JSON array of something else than papers: {_NOT_READ}"
