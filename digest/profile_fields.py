"""What the values of a profile's keys may be: words, addresses, categories, ids, days, languages and zones."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from digest import days
from digest.errors import SubscriptionError
from digest.identity import parse_id
from digest.schedule import patience, schedule
from digest.yamldoc import WrittenFloat

# Line breaks and tabs are folded in words, but refused in a name, which ends in the header of a mail. Words are more
# than quotes, so that a quoted phrase is never empty.
_CONTROL = r"\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
_WORDS = rf'^[^{_CONTROL}]*[^\s"{_CONTROL}][^{_CONTROL}]*$'
_LINE = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
NAME = rf"^[^{_LINE}]*[^\s{_LINE}][^{_LINE}]*$"

# Addresses as RFC 5321, section 4.1.2 has them, less quoted local parts and address literals.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL = rf"^{_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})+$"

# The shapes of https://arxiv.org/category_taxonomy: an archive, or an archive and a subject class or `*`. Subject
# classes of small letters have a hyphen, but for these three.
_CATEGORY = r"^[a-z]+(-[a-z]+)*(\.(\*|[A-Z]{2}|[a-z]+-[a-z]+|optics|other|soft))?$"


def _as_written(ref: object) -> object:
    # An arXiv id without quotes is a number to YAML, and 2401.01230 would lose its last digit.
    return ref.written if isinstance(ref, WrittenFloat) else ref


def _canonical(ref: str) -> str:
    found = parse_id(ref)
    if found is None:
        raise PydanticCustomError("paper_id", "not the id of a paper")
    return found.id


def _on_calendar(day: str) -> str:
    date.fromisoformat(day)
    return day


def _known_language(tag: str) -> str:
    if not days.is_language(tag):
        raise PydanticCustomError("language", "not a language that days can be written in")
    return tag


def _known_zone(name: str) -> str:
    if not days.is_zone(name):
        raise PydanticCustomError("timezone", "not a time zone")
    return name


def _known_frequency(words: str) -> str:
    try:
        return schedule(words).when
    except SubscriptionError:
        raise PydanticCustomError("frequency", "not how often something can come") from None


def _known_time(text: str) -> str:
    try:
        return f"{schedule('daily', text).at:%H:%M}"
    except SubscriptionError:
        raise PydanticCustomError("time_of_day", "not a time of day") from None


def _known_patience(given: object) -> object:
    # Whole hours may be a number; true is none.
    text = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
    if not isinstance(text, str):
        return given
    try:
        return patience(text)
    except SubscriptionError:
        raise PydanticCustomError("patience", "not how late something may be") from None


def form_of_entry(entry: object) -> str:
    """Whether an entry of a list is a text or a mapping, as the tags of their union call it."""
    return "mapping" if isinstance(entry, dict) else "text"


def _form_of_trending(given: object) -> str:
    return "word" if isinstance(given, str) else "number"


Words = Annotated[str, Field(pattern=_WORDS)]
Category = Annotated[str, Field(pattern=_CATEGORY)]
PaperRef = Annotated[
    str,
    BeforeValidator(_as_written),
    AfterValidator(_canonical),
    WithJsonSchema({"type": ["string", "number"], "minLength": 1}),
]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_on_calendar)]
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"), AfterValidator(_known_language)]
Zone = Annotated[str, Field(pattern=r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$"), AfterValidator(_known_zone)]
Frequency = Annotated[Words, AfterValidator(_known_frequency)]
TimeOfDay = Annotated[str, Field(pattern=r"^\s*([01]?[0-9]|2[0-3]):[0-5][0-9]\s*$"), AfterValidator(_known_time)]
Patience = Annotated[
    timedelta,
    BeforeValidator(_known_patience),
    WithJsonSchema({"type": ["string", "integer"], "minLength": 1, "minimum": 1, "maximum": 168}),
]
Trending = Annotated[
    Annotated[Annotated[float, Field(ge=0, le=1)], Tag("number")] | Annotated[Literal["section"], Tag("word")],
    Discriminator(_form_of_trending),
]


def looks_like_category(text: str) -> bool:
    """Whether `text` has the shape of an arXiv category."""
    return re.search(_CATEGORY, text) is not None
