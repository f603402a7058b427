"""Web of Science's plain text export: fields of two letters, continued on lines that begin with three spaces.

Fields: Clarivate, Web of Science Core Collection Field Tags. It is no RIS, though its files are often called `.ris`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from digest.errors import SourceError
from digest.sources import plain_text
from digest.sources.references import Reference, outcomes, person

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from digest.sources.records import Document
    from digest.types import Paper, Rejection

_TAGGED = re.compile(r"([A-Z][A-Z0-9])(?: (.*))?")
_LOOKS_LIKE = re.compile(r"FN [^\n]*\r?\n+VR \d", re.MULTILINE)


def looks_like_web_of_science(text: str) -> bool:
    """Whether a text begins with the export's two lines of name and version."""
    return bool(_LOOKS_LIKE.match(text.lstrip("\ufeff \t\r\n")))


def parse(document: Document) -> Iterator[Paper | Rejection]:
    """The papers of an export in its order; the last one is cut off where it has no `ER`.

    Raises:
        SourceError: No record begins in it.
    """
    records = list(_records(plain_text.decode(document.body).split("\n")))
    if not records:
        raise SourceError(document.name, "not an export of Web of Science: no record begins in it")
    yield from outcomes(document, records, _reference, "records")


def _records(lines: list[str]) -> Iterator[tuple[int, dict[str, list[str]], bool]]:
    """(line it begins on, field -> its lines, whether it has its end) of each record."""
    values: dict[str, list[str]] = {}
    start, last = 0, ""
    for number, raw in enumerate(lines, start=1):
        if last and raw.startswith("   "):
            values[last].append(raw.strip())
            continue
        found = _TAGGED.fullmatch(raw.rstrip())
        tag = found[1] if found else ""
        if values and tag in ("PT", "ER", "EF"):
            yield start, values, True
            values, last = {}, ""
        if found is None or tag in ("FN", "VR", "ER", "EF"):
            last = ""
            continue
        start, last = (start if values else number), tag
        values.setdefault(tag, []).append((found[2] or "").strip())
    if values:
        yield start, values, False


def _reference(values: Mapping[str, list[str]]) -> Reference:
    def of(tag: str) -> str:
        return " ".join(values.get(tag, ())).strip()

    year = of("PY")
    return Reference(
        title=of("TI"),
        abstract=of("AB"),
        authors=tuple(person(name) for name in values.get("AF") or values.get("AU") or ()),
        ids=(of("DI"), f"pmid:{of('PM')}"),
        mentions=(of("AR"), of("SO")),
        venue=of("SO"),
        dates=(f"{of('PD')} {year}", year),
    )
