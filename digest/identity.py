"""Canonical ids: one work has one id, however a source spells it.

Five kinds, in the order a source's claim is trusted: `arxiv:2401.01234` and `arxiv:hep-th/9901001`, `doi:10.1000/182`,
`pmid:12345678`, `openreview:AbC12xyz`, and `title:0123456789abcdef` for works their source gives no identifier. None
carries a version.

Sources of the forms: https://info.arxiv.org/help/arxiv_identifier.html (both schemes of arXiv), the DOI Handbook,
section 2 (syntax, and that ASCII case does not count), and what bioRxiv, PubMed and OpenReview print.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable

# The archives that existed before April 2007, when arXiv stopped naming the archive in the id. A closed list, because
# `word/1234567` alone would match any path.
_ARCHIVES = (
    "acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas|cond-mat|cs|dg-ga|"
    "funct-an|gr-qc|hep-ex|hep-lat|hep-ph|hep-th|math|math-ph|mtrl-th|nlin|nucl-ex|nucl-th|patt-sol|physics|plasm-ph|"
    "q-alg|q-bio|quant-ph|solv-int|supr-con"
)
_MONTH = r"\d\d(?:0[1-9]|1[0-2])"
_ARXIV = re.compile(
    rf"""
    (?: (?:https?://)? (?:[\w-]+\.)* (?:arxiv\.org|ar5iv\.org|alphaxiv\.org|huggingface\.co|hf\.co) /
        (?:abs|pdf|html|format|ps|src|e-print|papers)/
      | (?:https?://)? (?:[\w-]+\.)* doi\.org / 10\.48550/arxiv\.
      | (?:doi:\s*)? 10\.48550/arxiv\.
      | oai:arxiv\.org:
      | arxiv:\s*
    )?
    (?: (?P<new>{_MONTH}\.\d{{4,5}})
      | (?P<archive>{_ARCHIVES}) (?:\.[a-z-]{{2,}})? / (?P<old>{_MONTH}\d{{3}})
    )
    (?: v(?P<version>[1-9]\d{{0,3}}) )?
    (?: \.pdf )? /? (?: [?\#]\S* | \s*\[[\w.-]+\].* )?
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_DOI = re.compile(
    r"(?P<resolver>(?:https?://)?(?=[^/\s]*doi)[^/\s]*+/|(?:urn:)?doi:\s*)?(?P<doi>10\.\d{4,9}(?:\.\d+)*/\S+)",
    re.IGNORECASE | re.ASCII,
)
# bioRxiv and medRxiv put the version behind the DOI, and a page of the same paper behind that.
_PREPRINT = re.compile(
    r"(10\.(?:1101|64898)/(?:\d{4}\.\d\d\.\d\d\.)?\d{6,8})v([1-9]\d{0,2})(?:\.[a-z][a-z.-]*)?", re.ASCII
)
_PREPRINT_PAGE = re.compile(
    r"https?://(?:www\.)?(?:bio|med)rxiv\.org/content/(?:bio|med)?(?:rxiv/)?(?:early/[\d/]+/)?"
    r"(?P<doi>10\.\d{4,9}/[^\s?\#]+?)(?:\.(?:full|abstract|full-text))?(?:\.pdf)?(?:[?\#]\S*)?",
    re.IGNORECASE | re.ASCII,
)
_PMID = re.compile(
    r"(?:pmid:\s*|https?://(?:www\.)?ncbi\.nlm\.nih\.gov/(?:m/)?pubmed/|https?://pubmed\.ncbi\.nlm\.nih\.gov/)"
    r"(?P<pmid>[1-9]\d{0,8})/?(?:[?\#]\S*)?",
    re.IGNORECASE | re.ASCII,
)
_OPENREVIEW = re.compile(
    r"(?:openreview:|https?://(?:api2?\.)?openreview\.net/(?:forum|pdf|revisions|notes)\?(?:\S*&)?id=)"
    r"(?P<forum>[A-Za-z0-9_-]{6,20})(?:[&\#]\S*)?",
    re.ASCII,
)
_TITLE = re.compile(r"title:[0-9a-f]{16}", re.ASCII)

_STRENGTH = ("arxiv:", "doi:", "pmid:", "openreview:", "title:")

_SURROGATE = re.compile(r"[\ud800-\udfff]")  # half of a character: no id, and no database takes it
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # a DOI has graphic characters only (ISO 26324)
_LONGEST_DOI = 500  # those that there are have at most two hundred; no database finds a row by thousands of characters
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_FIVE_DIGITS_SINCE = "1501"
_NEW_SCHEME_SINCE = "0704"
_TELLING_WORDS = 2


@dataclass(frozen=True, slots=True)
class PaperId:
    """A canonical id without version, and the version the text named (None where it named none)."""

    id: str
    version: int | None = None


def parse_id(text: str) -> PaperId | None:
    """The canonical id that `text` as a whole spells, or None where it spells none.

    Understands arXiv ids of both schemes, with or without version, as bare id, `arXiv:` form, OAI identifier, arXiv's
    DOI, or URL (arxiv.org and its mirrors, ar5iv, alphaXiv, Hugging Face papers); DOIs bare, as `doi:` or behind any
    resolver; pages of bioRxiv and medRxiv, and the version behind their DOIs; `PMID: 123` and PubMed's URLs;
    OpenReview's URLs; and canonical ids themselves. The subject class of old ids is dropped (`math.GT/0309136` and
    `math/0309136` are the same paper); DOIs are lower-cased.
    """
    text = text.strip()
    if not text or not (text.isascii() or not _SURROGATE.search(text)):
        return None
    for pattern, paper_id in _FORMS:
        if found := pattern.fullmatch(text):
            return paper_id(found)
    return None


def strength(paper_id: str) -> int:
    """The place of a canonical id's kind in the order in which ids are trusted, from 0; the lower, the stronger."""
    return next((n for n, prefix in enumerate(_STRENGTH) if paper_id.startswith(prefix)), len(_STRENGTH))


def _arxiv_id(found: re.Match[str]) -> PaperId | None:
    version = int(found["version"]) if found["version"] else None
    if found["old"]:
        return PaperId(f"arxiv:{found['archive'].lower()}/{found['old']}", version)
    month, _, number = found["new"].partition(".")
    digits = 5 if month >= _FIVE_DIGITS_SINCE else 4
    if len(number) != digits or month < _NEW_SCHEME_SINCE:
        return None
    return PaperId(f"arxiv:{month}.{number}", version)


def _doi_id(found: re.Match[str]) -> PaperId | None:
    doi = found["doi"]
    if "://" in found[0]:
        # The URL of a resolver may carry tracking behind the DOI, and any URL has the DOI percent-encoded.
        doi = unquote(re.split(r"[?#]", doi, maxsplit=1)[0])
    doi = "".join(doi.split()).rstrip(".,;").lower()
    if versioned := _PREPRINT.fullmatch(doi):
        return PaperId(f"doi:{versioned[1]}", int(versioned[2]))
    is_one = not doi.endswith("/") and len(doi) <= _LONGEST_DOI and not _CONTROL.search(doi)
    return PaperId(f"doi:{doi}") if is_one else None


_FORMS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], PaperId | None]], ...]] = (
    (_ARXIV, _arxiv_id),
    (_PREPRINT_PAGE, _doi_id),
    (_DOI, _doi_id),
    (_PMID, lambda found: PaperId(f"pmid:{found['pmid']}")),
    (_OPENREVIEW, lambda found: PaperId(f"openreview:{found['forum']}")),
    (_TITLE, lambda found: PaperId(found[0])),
)


def title_key(title: str) -> str:
    """`title` folded for comparing: case, marks and punctuation gone, words joined by one space.

    The result is empty where the title has no letter and no digit.
    """
    if title.isascii():
        # Most titles; the same in a tenth of the time.
        return " ".join(_ASCII_WORD.findall(title.lower()))
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", title).casefold())
    # Vowel signs of Indic scripts are marks without a combining class; they carry meaning and stay.
    kept = (
        char if char.isalnum() or unicodedata.category(char)[0] == "M" else " "
        for char in folded
        if not unicodedata.combining(char)
    )
    return " ".join("".join(kept).split())


def title_id(title: str, abstract: str = "") -> str:
    """A stable id for a work without identifier: `title:` and 16 hex digits of the SHA-256 of the title's key.

    A title of a single word ("Editorial", "Reply", "???") does not tell works apart, so there the abstract counts too.
    """
    key = title_key(title)
    if len(key.split()) < _TELLING_WORDS:
        key = f"{key or title.strip()}\n{title_key(abstract)}"
    return "title:" + hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:16]


def arxiv_month(id: str) -> date | None:  # noqa: A002 - the field is called `id` everywhere else
    """The first day of the month an arXiv id was given in; None for ids of other kinds."""
    found = _ARXIV.fullmatch(id)
    if found is None or _arxiv_id(found) is None:
        return None
    digits = found["new"] or found["old"]
    year, month = int(digits[:2]), int(digits[2:4])
    # Ids of the old scheme run from August 1991 to March 2007, those of the new one from April 2007.
    century = 1900 if found["old"] and year > 90 else 2000  # noqa: PLR2004 - arXiv began in 1991
    return date(century + year, month, 1)
