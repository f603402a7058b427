"""Values as other programs write them -> the fields of a paper.

What a paper is about (title, abstract, authors, dates of our own form) is checked strictly, and a wrong type names its
key; what is only nice to have (counts, links) is left out where it is not what it should be.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from digest.identity import parse_id
from digest.links import links_in
from digest.sources.records import RecordError
from digest.text import clean
from digest.types import Links

if TYPE_CHECKING:
    from collections.abc import Mapping

# An archive or an archive with its subject class (https://arxiv.org/category_taxonomy). MSC and ACM classes (`53D10`,
# `I.2.7`), which authors add to the same list, say nothing to a reader who follows cs.CL and are dropped.
_ARXIV_CATEGORY = re.compile(r"[a-z][a-z-]+(?:\.[A-Za-z][A-Za-z-]+)?")
_LARGEST_COUNT = 2**31 - 1
_NAMES = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}


def kind(value: object) -> str:
    """What `value` is, in words for a message."""
    return "nothing" if value is None else _NAMES.get(type(value), type(value).__name__)


def text(record: Mapping[str, Any], key: str) -> str:
    """The cleaned text under `key`, empty where there is none.

    Raises:
        RecordError: The value is not text.
    """
    value = record.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RecordError(f"{key}: expected text, got {kind(value)}")
    return clean(value)


def title(record: Mapping[str, Any], key: str = "title") -> str:
    """The cleaned title.

    Raises:
        RecordError: There is none.
    """
    found = text(record, key)
    if not found:
        raise RecordError("no title")
    return found


def texts(record: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The cleaned texts of the list under `key`, without empty ones.

    Raises:
        RecordError: The value is not a list of texts.
    """
    values = record.get(key)
    if values is None:
        return ()
    if not isinstance(values, list):
        raise RecordError(f"{key}: expected a list, got {kind(values)}")
    for value in values:
        if not isinstance(value, str):
            raise RecordError(f"{key}: expected a list of texts, got {kind(value)} in it")
    return tuple(cleaned for value in values if (cleaned := clean(value)))


def section(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object under `key`, empty where there is none.

    Raises:
        RecordError: The value is not an object.
    """
    value = record.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RecordError(f"{key}: expected an object, got {kind(value)}")
    return value


def count(value: object) -> int | None:
    """`value` where it is a whole number from 0 to 2³¹ - 1, else None."""
    return value if type(value) is int and 0 <= value <= _LARGEST_COUNT else None


def words(value: object) -> str | None:
    """`value` cleaned where it is text and not empty, else None."""
    return (clean(value) or None) if isinstance(value, str) else None


def instant(value: object) -> datetime | None:
    """The instant (UTC) a text names by ISO 8601 or RFC 5322; None where it names none. Without a zone UTC is meant."""
    moment = _written(value)
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None


def day_written(value: object) -> date | None:
    """The day of an instant as its source writes it, in the source's own zone; None where there is none."""
    moment = _written(value)
    return None if moment is None else moment.date()


def _written(value: object) -> datetime | None:
    if not value or not isinstance(value, str):
        return None
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return parse(value.strip())
        except (ValueError, IndexError, TypeError):  # RFC 5322 dates with absurd parts raise more than they say
            continue
    return None


def arxiv_categories(names: list[str]) -> tuple[str, ...]:
    """The names that are categories of arXiv, each once, in their order."""
    return tuple(dict.fromkeys(name for name in names if _ARXIV_CATEGORY.fullmatch(name)))


def dois(value: object, *, besides: str) -> tuple[str, ...]:
    """The canonical ids, other than `besides`, of the DOIs in a text; arXiv's metadata separates several by spaces."""
    if not isinstance(value, str):
        return ()
    found = [parse_id(part) for part in value.replace(";", "; ").split()]
    return tuple(dict.fromkeys(paper.id for paper in found if paper and paper.id != besides))


def links_of(id: str, *mentions: str) -> Links:  # noqa: A002 - the field is called `id` everywhere else
    """Where the paper `id` stands (arXiv or DOI), with the code and project page its abstract and comment mention."""
    links = links_in(*mentions)
    if id.startswith("arxiv:"):
        bare = id.removeprefix("arxiv:")
        # Millions of papers: `replace` takes four times as long.
        page, pdf = f"https://arxiv.org/abs/{bare}", f"https://arxiv.org/pdf/{bare}"
        return Links(abstract=page, pdf=pdf, code=links.code, project=links.project)
    if id.startswith("doi:"):
        return replace(links, abstract=f"https://doi.org/{quote(id.removeprefix('doi:'), safe='/:;()._-')}")
    return links
