"""RIS: what Scopus, PubMed's partners, EndNote, Mendeley, Zotero and most publishers' pages export.

Tags: the specification of Reference Manager (RIS Format Specifications, 2001) and what EndNote added in 2011. rispy
reads them, too, but loses without a word an entry that has no `ER` or whose `TY` is damaged, and it tells no lines;
what remains of it is a table of tags.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from digest.errors import SourceError
from digest.sources import plain_text
from digest.sources.references import Reference, outcomes, person

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from digest.sources.records import Document
    from digest.types import Paper, Rejection

# The specification has two spaces, a hyphen and a space; programs lose the last one and write tabs.
_TAGGED = re.compile(r"([A-Z][A-Z0-9])[ \t]{1,3}-(?:[ \t]+(.*))?")
_LOOKS_LIKE = re.compile(r"^TY[ \t]{1,3}-[ \t]*\S", re.MULTILINE)
_PUBMED = re.compile(r"(?:NLM|pubmed|medline|scopus)\b", re.IGNORECASE)

_TITLES = ("TI", "T1", "CT", "BT", "ST")
_AUTHORS = ("AU", "A1")
_EDITORS = ("ED", "A2")
_ABSTRACTS = ("AB", "N2")
_DATES = ("DA", "PY", "Y1")
_VENUES = ("JF", "JO", "T2", "BT", "JA", "J2", "PB")
_WHOLE_IDS = ("DO", "M3", "UR", "L3", "LK", "L2", "ID")
_MENTIONS = ("JO", "JF", "T2", "M1", "M3", "PB", "VL")


def looks_like_ris(text: str) -> bool:
    """Whether a text has a line that begins a reference."""
    return bool(_LOOKS_LIKE.search(text))


def parse(document: Document) -> Iterator[Paper | Rejection]:
    """The papers of a library in its order; references without title are rejected with their line.

    A reference ends at its `ER` or where the next begins; the last one without `ER` is cut off.

    Raises:
        SourceError: No line has a tag of RIS.
    """
    references = list(_references(plain_text.decode(document.body).split("\n")))
    if not references:
        raise SourceError(document.name, "not RIS: no line has a tag")
    yield from outcomes(document, references, _reference, "references")


def _references(lines: Sequence[str]) -> Iterator[tuple[int, Mapping[str, list[str]], bool]]:
    """(line it begins on, tag -> values, whether it has its end) of each reference; long values may have many lines."""
    values: dict[str, list[list[str]]] = {}
    start, last = 0, ""
    for number, raw in enumerate(lines, start=1):
        found = _TAGGED.fullmatch(raw.strip())
        if found is None:
            if last and raw.strip():
                values[last][-1].append(raw.strip())
            continue
        tag, value = found[1], (found[2] or "").strip()
        if values and tag in ("TY", "ER"):
            yield start, _joined(values), True
            values, last = {}, ""
        if tag != "ER":
            start = start if values else number
            values.setdefault(tag, []).append([value])
            last = tag
    if values:
        yield start, _joined(values), False


def _joined(values: Mapping[str, list[list[str]]]) -> dict[str, list[str]]:
    return {tag: [text for parts in each if (text := " ".join(parts).strip())] for tag, each in values.items()}


def _reference(values: Mapping[str, list[str]]) -> Reference:
    def of(tags: Sequence[str]) -> tuple[str, ...]:
        return tuple(value for tag in tags for value in values.get(tag, ()))

    return Reference(
        title=next(iter(of(_TITLES)), ""),
        abstract=next(iter(of(_ABSTRACTS)), ""),
        authors=tuple(person(name) for name in of(_AUTHORS) or of(_EDITORS)),
        ids=(*of(_WHOLE_IDS), *_pmids(values)),
        mentions=of(_MENTIONS),
        venue=next(iter(of(_VENUES)), ""),
        dates=of(_DATES),
        pdf=next(iter(of(("L1",))), ""),
    )


def _pmids(values: Mapping[str, list[str]]) -> Iterator[str]:
    """PubMed's number, which has no tag of its own: EndNote has it under AN, Scopus under C2."""
    if any(_PUBMED.match(source) for tag in ("DB", "DP") for source in values.get(tag, ())):
        yield from (f"pmid:{value}" for tag in ("AN", "C2") for value in values.get(tag, ()))
