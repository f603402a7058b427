"""The papers of issues as BibTeX: Patashnik, BibTeXing (1988), and for preprints https://info.arxiv.org/help/hypertex/bibstyles.

Every program reads this form of the fields: reference managers, BibTeX and biblatex. A value stands in braces on a line
of its own and its braces are balanced, so that nothing in it can end it.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import count
from typing import TYPE_CHECKING

from digest.identity import arxiv_month
from digest.twins import bibtex_names, tex
from digest.twins.address import address
from digest.typeset import one_line, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from digest.types import Issue, Paper

AUTHORS = 1000
"""How many authors an entry names before `and others`."""

_TITLE, _NAME, _VENUE = 1000, 200, 300
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PROCEEDINGS = re.compile(r"\b(?:proceedings|proc\.|conference|symposium|workshop)", re.IGNORECASE)
# A DOI goes into its field as it is, because programs make a link of it; one with signs of TeX stands in the URL only.
_DOI = re.compile(r"[^\s\\{}%#$~^\"]+")
_CATEGORY = re.compile(r"[A-Za-z-]+(?:\.[A-Za-z-]+)?", re.ASCII)
_WORD = re.compile(r"[a-z0-9]+")
_IDLE = re.compile(
    "a|an|and|are|as|at|be|beyond|by|can|do|does|for|from|how|in|into|is|it|of|on|or|over|the|this|to|toward|towards|"
    "under|via|what|when|where|which|who|why|with|without"
)
_TELLING = 3
_LETTERS = 26


def write(issues: Sequence[Issue]) -> str:
    """One entry for each paper that the issues recommend, in their order; a paper has one, however often it comes."""
    return of([match.paper for issue in issues for match in issue.matches])


def of(papers: Sequence[Paper]) -> str:
    """One entry for each of these papers, in their order."""
    known = {paper.id: paper for paper in papers}
    keys = _keys(list(known.values()))
    return "\n".join(_entry(keys[paper.id], paper) for paper in known.values())


def _entry(key: str, paper: Paper) -> str:
    kind, fields = _fields(paper)
    lines = [f"  {name} = {value}," for name, value in fields]
    return "\n".join([f"@{kind}{{{key},", *lines, "}\n"])


def _fields(paper: Paper) -> tuple[str, list[tuple[str, str]]]:
    kind, where = _published_in(paper)
    ids = {each.partition(":")[0]: each.partition(":")[2] for each in reversed((paper.id, *paper.other_ids))}
    day = _day(paper)
    found = [
        ("author", " and ".join(_authors(paper))),
        # Braces within the value's own keep capitals as they are.
        ("title", f"{{{tex.escaped(_title(paper))}}}"),
        where,
        ("year", str(day.year) if day else ""),
        ("month", _MONTHS[day.month - 1] if day else ""),
    ]
    if "arxiv" in ids:
        category = paper.categories[0] if paper.categories else ""
        primary = category if _CATEGORY.fullmatch(category) else ""
        found += [("eprint", ids["arxiv"]), ("archivePrefix", "arXiv"), ("primaryClass", primary)]
    if _DOI.fullmatch(ids.get("doi", "")):
        found.append(("doi", ids["doi"]))
    found += [
        ("pmid", ids.get("pmid", "")),
        ("url", address(paper) or ""),
        ("abstract", tex.escaped(one_line(paper.abstract))),
    ]
    return kind, [(name, value if name == "month" else f"{{{value}}}") for name, value in found if value]


def _published_in(paper: Paper) -> tuple[str, tuple[str, str]]:
    """The entry's type, and the field that says where the paper appeared."""
    venue = shorten(one_line(paper.venue or ""), _VENUE)
    if venue:
        in_proceedings = _PROCEEDINGS.search(venue) is not None
        kind, name = ("inproceedings", "booktitle") if in_proceedings else ("article", "journal")
        return kind, (name, tex.escaped(venue))
    if paper.id.startswith("arxiv:"):
        # BibTeX's styles want a journal of an article; this is how arXiv's are cited.
        return "article", ("journal", f"arXiv preprint arXiv:{paper.id.removeprefix('arxiv:')}")
    return "misc", ("journal", "")


def _authors(paper: Paper) -> Iterator[str]:
    names = (shorten(one_line(name), _NAME) for name in paper.authors[:AUTHORS])
    yield from (bibtex_names.author(name) for name in names if name)
    if len(paper.authors) > AUTHORS:
        yield "others"


def _title(paper: Paper) -> str:
    return shorten(one_line(paper.title), _TITLE) or paper.id


def _day(paper: Paper) -> date | None:
    if paper.published:
        return paper.published.date()
    return arxiv_month(paper.id) or paper.announced


def _keys(papers: Sequence[Paper]) -> dict[str, str]:
    """A key for each paper by id: `poe2025owls`, and `poe2025owlsa`, `poe2025owlsb` where that is taken.

    Letters are given in the order of ids, and the first has none, so that a paper keeps its key when later ones come.
    """
    keys: dict[str, str] = {}
    taken: set[str] = set()
    for paper in sorted(papers, key=lambda each: each.id):
        stem = _stem(paper)
        key = next(key for n in count() if (key := stem + _letters(n)) not in taken)
        taken.add(key)
        keys[paper.id] = key
    return keys


def _stem(paper: Paper) -> str:
    name = one_line(paper.authors[0][:_NAME]) if paper.authors else ""
    parts = bibtex_names.split(name)
    surname = "".join(_words(parts[1] if parts else name.partition(" ")[0]))
    day = _day(paper)
    words = [word for word in _words(_title(paper)) if not _IDLE.fullmatch(word)]
    telling = [word for word in words if len(word) >= _TELLING] or words or ["paper"]
    return f"{surname or 'anon'}{day.year if day else 'nd'}{telling[0]}"


def _words(text: str) -> list[str]:
    """The words of a text in small letters of ASCII, which is all that a key may have."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _WORD.findall(folded.lower())


def _letters(number: int) -> str:
    """Nothing for 0, then a, b, …, z, aa, ab, …."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, _LETTERS)
        letters = chr(ord("a") + rest) + letters
    return letters
