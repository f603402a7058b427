"""Which form of JSON an answer or a dump of a scholarly index has, told from the keys it begins with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from digest.sources.json_walk import members, skip_space

if TYPE_CHECKING:
    from collections.abc import Mapping

WORDS: Final = {
    "biorxiv": "an answer of the bioRxiv and medRxiv API",
    "europe-pmc": "an answer of Europe PMC",
    "openalex": "works of OpenAlex",
    "openalex-lines": "lines of OpenAlex works",
    "crossref": "works of Crossref",
    "crossref-lines": "lines of Crossref works",
    "semantic-scholar": "papers of Semantic Scholar",
    "semantic-scholar-lines": "lines of Semantic Scholar papers",
    "openreview": "papers of OpenReview",
    "dblp-search": "an answer of DBLP's search",
    "json-feed": "a JSON Feed",
    "csl-json": "references in CSL-JSON",
}
"""The forms told apart here, and what each is called."""

_LINES = ("openalex", "crossref", "semantic-scholar")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """Keys by which an object is known: every one of `all_of`, and one of `one_of` where there are such.

    Where other APIs have the same keys, the value under `key` begins as `value` does.
    """

    all_of: frozenset[str] = frozenset()
    one_of: frozenset[str] = frozenset()
    key: str = ""
    value: re.Pattern[str] = re.compile("")

    def fits(self, text: str, places: Mapping[str, int]) -> bool:
        """Whether an object with values at these `places` of `text` bears the sign."""
        keys = places.keys()
        if not keys >= self.all_of or (self.one_of and keys.isdisjoint(self.one_of)):
            return False
        return not self.key or (self.key in keys and self.value.match(text, places[self.key]) is not None)


def _keys(*keys: str) -> frozenset[str]:
    return frozenset(keys)


_ANSWERS: Final = (
    ("json-feed", Sign(key="version", value=re.compile(r'"https?://(?:www\.)?jsonfeed\.org/version/'))),
    ("biorxiv", Sign(all_of=_keys("messages", "collection"))),
    ("europe-pmc", Sign(one_of=_keys("resultList", "hitCount"))),
    ("crossref", Sign(all_of=_keys("status", "message-type", "message"))),
    ("dblp-search", Sign(key="result", value=re.compile(r'\{\s*"query"'))),
)
_LISTS = ("collection", "results", "items", "data", "notes", "recommendedPapers", "message")
_EMPTY_ANSWERS: Final = (
    ("openalex", Sign(all_of=_keys("meta", "results"))),
    ("openreview", Sign(all_of=_keys("notes", "count"))),
    ("semantic-scholar", Sign(all_of=_keys("total"), one_of=_keys("offset", "token"))),
)
_RECORDS: Final = (
    ("openalex", Sign(key="id", value=re.compile(r'"https://openalex\.org/W\d'))),
    ("openalex", Sign(all_of=_keys("authorships", "publication_year"))),
    (
        "crossref",
        Sign(
            all_of=_keys("DOI"),
            one_of=_keys("indexed", "deposited", "content-domain", "reference-count", "is-referenced-by-count"),
        ),
    ),
    ("crossref", Sign(all_of=_keys("DOI"), key="title", value=re.compile(r"\["))),
    ("semantic-scholar", Sign(one_of=_keys("paperId", "citedPaper", "citingPaper"))),
    ("semantic-scholar", Sign(all_of=_keys("corpusid", "title"))),
    ("openreview", Sign(all_of=_keys("id", "content"), one_of=_keys("forum", "invitation", "invitations"))),
    ("openreview", Sign(all_of=_keys("title", "author", "status"), one_of=_keys("site", "track"))),
    ("biorxiv", Sign(all_of=_keys("doi", "title", "date", "category"))),
    ("biorxiv", Sign(one_of=_keys("preprint_doi", "biorxiv_doi"))),
    ("europe-pmc", Sign(all_of=_keys("authorString", "source"))),
    ("json-feed", Sign(all_of=_keys("id"), one_of=_keys("content_html", "content_text"))),
    (
        "csl-json",
        Sign(all_of=_keys("title", "type"), one_of=_keys("issued", "container-title", "author", "DOI", "publisher")),
    ),
)


def form_of_object(text: str) -> str | None:
    """The name of the form of the object that `text` begins with, which may be cut; None where it is another."""
    places = dict(members(text, 0))
    if form := _form_of_answer(text, places):
        return form
    form = _form_by(_RECORDS, text, places)
    return f"{form}-lines" if form in _LINES and _is_one_line(text) else form


def form_of_array(text: str) -> str | None:
    """The name of the form whose records the array that `text` begins with holds; None where it is another."""
    return _form_by(_RECORDS, text, _first_members(text, 0))


def _form_by(signs: tuple[tuple[str, Sign], ...], text: str, places: Mapping[str, int]) -> str | None:
    return next((form for form, sign in signs if sign.fits(text, places)), None)


def _form_of_answer(text: str, places: Mapping[str, int]) -> str | None:
    if form := _form_by(_ANSWERS, text, places):
        return form
    for key in _LISTS:
        if key in places and (form := _form_by(_RECORDS, text, _first_members(text, places[key]))):
            return form
    return _form_by(_EMPTY_ANSWERS, text, places)


def _first_members(text: str, at: int) -> Mapping[str, int]:
    """The members of the first object in the list at `at`, or of the object there; as far as they go."""
    if text.startswith("[", at):
        at = skip_space(text, at + 1)
        while text.startswith("null", at):  # Semantic Scholar has null for each id it does not know
            at = skip_space(text, skip_space(text, at + len("null")) + 1)
    return dict(members(text, at)) if text.startswith("{", at) else {}


def _is_one_line(text: str) -> bool:
    line, end, _ = text.partition("\n")
    return not end or line.rstrip().endswith("}")
