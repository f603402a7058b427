"""The API of bioRxiv and medRxiv: details of preprints, and preprints that journals have published.

Format: https://api.biorxiv.org/ (`details` and `pubs`). A record is one version of a preprint.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from digest.sources import fields, json_records, scholarly
from digest.sources.records import RecordError
from digest.types import AnnounceType, Links, Paper

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from digest.sources.records import Document
    from digest.types import Rejection

# What the servers' own mark-up leaves behind in the API: small capitals, list items, headings, figures.
_SMALL_CAPITALS = re.compile(r"[OC]_SCP(?:LOW|CAP)")
_MARKS = re.compile(r"[OC]_(?:LI|ST_ABS|QD|FIG|TBL|TEXTBOX)")
_BRACKETED_SIGN = re.compile(r"\[(&#?\w{1,10};|[^\w\s\[\]])\]")
_WORD = (
    r"(?:Aims?|Availability|Backgrounds?|Conclusions?|Designs?|Discussion|Findings|Funding|Hypothesis|Implementation|"
    r"Importance|Interpretation|Interventions?|Introduction|Main Outcomes?|Materials?|Methodology|Methods?|Motivation|"
    r"Objectives?|Participants|Purpose|Rationale|Results?|Settings?|Significance|Summary)"
)
# A heading has run into the first word of its section.
_HEADING = re.compile(rf"(?m)^((?:Study )?{_WORD}(?:(?: and | & |/){_WORD})?)(?=[A-Z0-9])")
_PAGES = {"biorxiv": "https://www.biorxiv.org/content", "medrxiv": "https://www.medrxiv.org/content"}
_QUIET = ("ok", "no posts found", "no articles found")


def parse(document: Document) -> Iterator[Paper | Rejection]:
    """The preprints of an answer in its order, a paper for each version listed.

    Raises:
        SourceError: It is no JSON array or object, or the API reports an error.
    """
    return json_records.parse(_FORM, document)


def _complaint(key: str, value: object) -> str | None:
    if key != "messages":
        return json_records.error_said(key, value)
    first = value[0] if isinstance(value, list) and value else None
    status = fields.words(first.get("status")) if isinstance(first, dict) else None
    return None if status is None or status.lower().startswith(_QUIET) else status


def _paper(record: dict[str, Any]) -> Paper:
    # `pubs` has the keys of `details` with a prefix.
    record = {key.removeprefix("preprint_"): value for key, value in record.items()}
    doi = record.get("biorxiv_doi") or record.get("doi")
    preprint = scholarly.ids_of([doi])
    if preprint.id is None:
        raise RecordError(f"doi: not a DOI: {str(doi)[:60]!r}")
    with scholarly.named(preprint.id):
        return _version(preprint, record)


def _version(preprint: scholarly.Ids, record: Mapping[str, Any]) -> Paper:
    assert preprint.id is not None  # noqa: S101 - said above; for the type checker
    abstract = _abstract(record)
    version = _number(record.get("version")) or preprint.version
    posted = scholarly.span_written(record.get("date"))
    is_first = version in (None, 1)
    journal = scholarly.ids_of([preprint.id, record.get("published_doi") or record.get("published")])
    category = fields.text(record, "category")
    return Paper(
        id=preprint.id,
        title=fields.title(record),
        abstract=abstract,
        version=version,
        authors=tuple(
            name for each in fields.text(record, "authors").split(";") if (name := scholarly.uninverted(each))
        ),
        categories=(category,) if category else (),
        published=scholarly.published(posted, preprint.id) if is_first else None,
        updated=scholarly.published(posted, preprint.id),
        announced=posted.first if posted and is_first else None,
        announce_type=AnnounceType.NEW if is_first else AnnounceType.REPLACE,
        venue=fields.words(record.get("published_journal")) or fields.words(record.get("server")),
        other_ids=tuple(other for other in (journal.id, *journal.others) if other and other != preprint.id),
        links=_links(preprint.id, version, record, abstract),
    )


def _abstract(record: Mapping[str, Any]) -> str:
    raw = record.get("abstract")
    if isinstance(raw, str):
        raw = _SMALL_CAPITALS.sub("", raw)
        raw = _MARKS.sub("\n", raw)
        raw = _BRACKETED_SIGN.sub(r"\1", raw)
        raw = _HEADING.sub(r"\1: ", raw)
    return scholarly.abstract({"abstract": raw}, "abstract")


def _number(value: object) -> int | None:
    digits = str(value) if type(value) is int else value
    if not isinstance(digits, str) or not digits.isascii() or not digits.isdigit() or len(digits) > 4:  # noqa: PLR2004
        return None
    return int(digits) or None


def _links(paper_id: str, version: int | None, record: Mapping[str, Any], abstract: str) -> Links:
    known = fields.links_of(paper_id, abstract)
    server = fields.words(record.get("server")) or fields.words(record.get("platform")) or ""
    pages = _PAGES.get(server.lower())
    if pages is None or known.abstract is None:
        return known
    page = f"{pages}/{known.abstract.removeprefix('https://doi.org/')}v{version or 1}"
    return Links(
        abstract=known.abstract, pdf=f"{page}.full.pdf", html=f"{page}.full", code=known.code, project=known.project
    )


_FORM = json_records.Form(
    what="preprints of bioRxiv or medRxiv",
    parse=_paper,
    places={"collection": {}},
    heads=frozenset({"messages", "error"}),
    complaint=_complaint,
)
