"""BibTeX and biblatex: libraries of JabRef, Zotero, Mendeley, Google Scholar, and what publishers' pages export.

Fields: Patashnik, BibTeXing (1988), and the biblatex manual, section 2.2; with them those that programs add (`pmid`,
`arxivid`, `eprint`). A value is TeX: accents are resolved by `digest.text.clean`, and braces that only keep case are
taken away here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from digest.errors import SourceError
from digest.sources import plain_text
from digest.sources.bibtex_syntax import Broken, Entry, entries
from digest.sources.records import Document, RecordError
from digest.sources.references import Reference, paper_of, person
from digest.text import clean
from digest.types import Paper, Rejection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Maths and the arguments of commands that are not understood keep their braces.
_BRACES = re.compile(r"(\$\$(?:[^$\\]|\\.)*+\$\$|\$(?:[^$\\]|\\.)++\$(?!\d)|\\[A-Za-z]+\s*\{[^{}]*+\})|[{}]", re.DOTALL)
_ESCAPED = re.compile(r"\{?\\([_%#&~$])(?:\{\})?\}?")
# Commands for signs that would be markup once they are written out, and the empty group that keeps two signs from being
# one dash or quotation mark. Until all markup is gone, a character that no text has (Unicode: Supplementary Private Use
# Area) stands in for each.
_SIGN = re.compile(
    r"\\text(?P<name>backslash|braceleft|braceright|asciicircum)(?![A-Za-z])(?:\{\}|\s+)?|(?<=[-`'])\{\}(?=[-`'])"
)
_STAND_INS = {
    "backslash": "\U000fdd00",
    "braceleft": "\U000fdd01",
    "braceright": "\U000fdd02",
    "asciicircum": "^",
    None: "\U000fdd03",
}
_WRITTEN_OUT = str.maketrans({"\U000fdd00": "\\", "\U000fdd01": "{", "\U000fdd02": "}", "\U000fdd03": ""})
_AND = re.compile(r" and ", re.IGNORECASE)
_LOOKS_LIKE = re.compile(
    r"^[ \t]*@[ \t]*(?:(?:string|preamble|comment)\s*[{(]|[a-z]+\s*[{(]\s*[^\s,={}\"]*\s*,)",
    re.IGNORECASE | re.MULTILINE,
)
_ABSTRACTS = ("abstract", "description")
_VENUES = ("journal", "journaltitle", "booktitle", "maintitle", "publisher", "school", "institution")
_WHOLE_IDS = (
    "doi",
    "article-doi",
    "arxivid",
    "arxiv",
    "url",
    "ee",
    "biburl",
    "adsurl",
    "howpublished",
    "note",
    "number",
)
_MENTIONS = ("journal", "journaltitle", "number", "howpublished", "volume", "publisher")
_INHERITED = ("year", "date", "month", "booktitle", "journal", "journaltitle", "publisher")
_WITHOUT_TITLE = frozenset({"set", "xdata", "control"})


def looks_like_bibtex(text: str) -> bool:
    """Whether a text has a line that opens an entry."""
    return bool(_LOOKS_LIKE.search(text))


def parse(document: Document) -> Iterator[Paper | Rejection]:
    """The papers of a library in its order; entries that are broken, cut off or without title are rejected by key.

    Entries that only describe others (`@set`, `@xdata`) are no references and are passed over.

    Raises:
        SourceError: There is no entry in it.
    """
    text = plain_text.decode(document.body)
    if "@" not in text:
        raise SourceError(document.name, "not BibTeX: it has no entry")
    found = list(entries(text))
    whole = {each.key.lower(): each for each in reversed(found) if isinstance(each, Entry) and each.key}
    papers = 0
    for each in found:
        where = f"{document.name}:{each.line}" + (f" ({each.key[:60]})" if each.key else "")
        if isinstance(each, Broken):
            if not (each.is_cut and document.cut):
                yield Rejection(
                    where=where, why=f"cut off after {papers} entries: {each.why}" if each.is_cut else each.why
                )
        elif each.kind not in _WITHOUT_TITLE:
            try:
                yield paper_of(_reference(each, whole), document.as_of)
                papers += 1
            except RecordError as error:
                yield Rejection(where=where, why=error.why)


def _reference(entry: Entry, whole: Mapping[str, Entry]) -> Reference:
    values = dict(entry.fields)
    parent = whole.get(values.get("crossref", "").strip().lower())
    if parent is not None and parent is not entry:
        inherited = {name: parent.fields[name] for name in _INHERITED if name in parent.fields}
        if parent.fields.get("title"):
            inherited.setdefault("booktitle", parent.fields["title"])
        values = inherited | values
    title = _prose(values.get("title", ""))
    if subtitle := _prose(values.get("subtitle", "")):
        title = f"{title}: {subtitle}"
    return Reference(
        title=title,
        abstract=next((_prose(values[name]) for name in _ABSTRACTS if values.get(name)), ""),
        authors=_authors(values.get("author") or values.get("editor") or ""),
        ids=_ids(values),
        mentions=tuple(_bare(values[name]) for name in _MENTIONS if values.get(name)),
        venue=next((_prose(values[name]) for name in _VENUES if values.get(name)), ""),
        dates=_dates(values),
        categories=tuple(_bare(values[name]) for name in ("primaryclass", "eprintclass") if values.get(name)),
    )


def _ids(values: Mapping[str, str]) -> tuple[str, ...]:
    eprint = _bare(values.get("eprint", ""))
    archive = _bare(values.get("archiveprefix", "") or values.get("eprinttype", "")).lower()
    found = [f"pmid:{_bare(values.get('pmid', ''))}"]
    if archive == "pubmed":
        found.append(f"pmid:{eprint}")
    elif archive in ("", "arxiv"):
        subject = _bare(values.get("primaryclass", ""))
        found += [eprint, f"{subject.partition('.')[0]}/{eprint}"]  # 9901001 with primaryClass hep-th
    return (*found, *(_bare(values[name]) for name in _WHOLE_IDS if values.get(name)))


def _dates(values: Mapping[str, str]) -> tuple[str, ...]:
    year, month, day = (_bare(values.get(name, "")) for name in ("year", "month", "day"))
    named = month if not month.isdigit() else f"{year}-{month}"
    spelt = [_bare(values.get("date", "")), f"{named}-{day}" if month.isdigit() and day.isdigit() else "", year]
    if month.isdigit():
        spelt.append(named)
    elif month:
        spelt.append(f"{day} {month} {year}" if day.isdigit() else f"{month} {year}")
    return tuple(filter(None, spelt))


def _authors(value: str) -> tuple[str, ...]:
    """The names between `and`s; what stands in braces as a whole is one name, and `others` none."""
    names: list[str] = []
    for part in _outside_braces(value):
        if _is_group(part):
            names.append(_prose(part))
        elif part.lower() != "others":
            names.append(person(_prose(part)))
    if len(names) == 1 and ";" in names[0]:
        # Biblioscape writes `Poe, A.; Roe, B.`, which is one name to BibTeX.
        names = [person(name) for name in _prose(value).split(";")]
    return tuple(name for name in names if name)


def _outside_braces(value: str) -> Iterator[str]:
    depth = 0
    pending: list[str] = []
    for part in _AND.split(" ".join(value.split())):
        pending.append(part)
        depth += part.count("{") - part.count("}")
        if depth <= 0:
            yield " and ".join(pending).strip()
            depth, pending = 0, []
    if pending:
        yield " and ".join(pending).strip()


def _is_group(part: str) -> bool:
    """Whether the brace that opens a text is closed by its last character."""
    if not part.startswith("{"):
        return False
    depth = 0
    for at, char in enumerate(part):
        depth += (char == "{") - (char == "}")
        if depth == 0:
            return at == len(part) - 1
    return False


def _prose(value: str) -> str:
    """A value as clean text, without the braces that keep case."""
    value = _SIGN.sub(lambda sign: _STAND_INS[sign["name"]], value)
    cleaned = clean(" ".join(value.split()))
    if "{" in cleaned or "}" in cleaned:
        cleaned = clean(_BRACES.sub(lambda found: found[1] or "", cleaned))
    return cleaned.translate(_WRITTEN_OUT)


def _bare(value: str) -> str:
    r"""A value that is no prose (an id, a URL): without braces, `\_` and its like as the sign itself."""
    return " ".join(_ESCAPED.sub(r"\1", value).replace("{", "").replace("}", "").replace("\\url", "").split())
