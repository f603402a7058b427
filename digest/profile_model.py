"""The keys of an interest profile: one model that validates a file and describes it to editors.

Types are strict: YAML's `"10"` is text and no number, `1` is no truth value. The model checks what is written;
`digest.profiles` finds the places, words the faults and makes the `Profile` of it.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from digest import days
from digest.identity import parse_id
from digest.types import EmptyDay
from digest.yamldoc import WrittenFloat

INTERESTS: Final = ("topics", "liked", "authors", "categories", "trending")
"""The keys that papers can be ranked by; a profile fills at least one of them."""

# Line breaks and tabs are folded in words, but refused in a name, which ends in the header of a mail. Words are more
# than quotes, so that a quoted phrase is never empty.
_CONTROL = r"\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
_WORDS = rf'^[^{_CONTROL}]*[^\s"{_CONTROL}][^{_CONTROL}]*$'
_LINE = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_NAME = rf"^[^{_LINE}]*[^\s{_LINE}][^{_LINE}]*$"

# Addresses as RFC 5321, section 4.1.2 has them, less quoted local parts and address literals.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = rf"^{_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})+$"

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


def _form_of_entry(entry: object) -> str:
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
Trending = Annotated[
    Annotated[Annotated[float, Field(ge=0, le=1)], Tag("number")] | Annotated[Literal["section"], Tag("word")],
    Discriminator(_form_of_trending),
]


class _Keys(BaseModel):
    # A default from a factory stands for a key left out; the schema does not tell it, for no file may write it.
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,  # an input may be an address
    )


class TopicMapping(_Keys):
    """An interest in words, and how much room it gets beside the reader's others."""

    model_config = ConfigDict(title="Topic")

    text: Words = Field(
        title="Text",
        description="The interest, in the words papers about it use: a few key words, a sentence or a whole abstract.",
        examples=["audio-driven talking head generation"],
    )
    weight: float = Field(
        default=1.0,
        gt=0,
        title="Weight",
        description="How many turns this topic gets: 2 twice as many as others; 0.5 half, and half the score.",
        examples=[2, 0.5],
    )
    max_papers: int = Field(
        default_factory=int,
        ge=1,
        le=200,
        title="Most papers",
        description="At most this many papers of an issue for this topic, from 1 to 200.",
        examples=[3],
    )


class PaperMapping(_Keys):
    """A liked or disliked paper, and the day it was judged."""

    model_config = ConfigDict(title="Judged paper")

    paper: PaperRef = Field(title="Paper", description="An arXiv id, a DOI or the URL of one.", examples=["2405.01234"])
    on: Day = Field(
        default_factory=str,
        title="On",
        description="The day of the judgement, from which half_life counts. Left out: the judgement does not age.",
        examples=["2025-05-01"],
        json_schema_extra={"format": "date"},
    )


TopicEntry = Annotated[
    Annotated[Words, Tag("text")] | Annotated[TopicMapping, Tag("mapping")],
    Discriminator(_form_of_entry),
]
PaperEntry = Annotated[
    Annotated[PaperRef, Tag("text")] | Annotated[PaperMapping, Tag("mapping")],
    Discriminator(_form_of_entry),
]

# Of other types than theirs these words of JSON Schema say nothing: `exclusiveMinimum` lets "section" be.
_ANY_INTEREST: Final[list[Any]] = [
    {"required": [key], "properties": {key: {"exclusiveMinimum": 0} if key == "trending" else {"minItems": 1}}}
    for key in INTERESTS
]


class ProfileModel(_Keys):
    """What one reader wants to read."""

    model_config = ConfigDict(
        title="Interest profile",
        json_schema_extra={"anyOf": _ANY_INTEREST},
    )

    name: str = Field(
        default_factory=str,
        pattern=_NAME,
        max_length=100,
        title="Name",
        description="The reader's name, as the digest greets. Left out: the name of the file.",
        examples=["Ada Example"],
    )
    email: str = Field(
        default_factory=str,
        pattern=_EMAIL,
        max_length=254,
        title="E-mail address",
        description="Where the digest goes. Left out: it comes as a web page and as feeds, and nothing is sent.",
        examples=["ada@example.org"],
    )
    topics: list[TopicEntry] = Field(
        default_factory=list,
        title="Topics",
        description=(
            "Interests in words, each ranked on its own: plain text, or a mapping of text, weight and max_papers. "
            'In a text of up to 12 words a "phrase in double quotes" must stand in the paper; single quotes around the '
            "whole text keep them."
        ),
        examples=[["talking heads", '"talking head" generation', {"text": "speech synthesis", "weight": 0.5}]],
    )
    liked: list[PaperEntry] = Field(
        default_factory=list,
        title="Liked papers",
        description="Papers to find more of: arXiv ids, DOIs or their URLs, or mappings of paper and on, a date.",
        examples=[["2405.01234", "https://doi.org/10.1000/182", {"paper": "2405.02345", "on": "2025-05-01"}]],
    )
    disliked: list[PaperEntry] = Field(
        default_factory=list,
        title="Disliked papers",
        description="Papers to find fewer of, written as liked ones. One that is liked as well counts as disliked.",
        examples=[["2405.04321"]],
    )
    half_life: int = Field(
        default_factory=int,
        ge=1,
        le=3650,
        title="Half-life of judgements",
        description="Days, 1 to 3650, after which a dated like or dislike counts half. Left out: they do not age.",
        examples=[90],
    )
    authors: list[Words] = Field(
        default_factory=list,
        title="Authors",
        description="People to follow, as their papers print the name.",
        examples=[["Ada Example"]],
    )
    categories: list[Category] = Field(
        default_factory=list,
        title="Categories",
        description="Keep to these arXiv categories; cs.* is all of cs. Papers by followed authors come regardless.",
        examples=[["cs.CV", "eess.*", "q-bio"]],
    )
    must: list[Words] = Field(
        default_factory=list,
        title="Must have",
        description="Words or phrases; a paper that lacks one of them in title and abstract is left out.",
        examples=[["speech"]],
    )
    exclude: list[Words] = Field(
        default_factory=list,
        title="Exclude",
        description="Words or phrases; a paper that has one in its title or abstract is left out.",
        examples=[["survey", "reinforcement learning"]],
    )
    max_papers: int = Field(
        default=10,
        ge=1,
        le=200,
        title="Most papers",
        description="At most this many papers a day, from 1 to 200.",
        examples=[10],
    )
    min_score: float = Field(
        default=25.0,
        ge=0,
        le=100,
        title="Least score",
        description="Papers with a lower score are left out, on the scale from 0 to 100 that the digest prints.",
        examples=[25],
    )
    papers_a_day: int = Field(
        default_factory=int,
        ge=1,
        le=200,
        title="Papers a day",
        description=(
            "Aim at about so many papers a day, from 1 to 200: the bar moves up, to where the last days would have had "
            "so many; min_score stays the least. Left out: only min_score is the bar."
        ),
        examples=[5],
    )
    empty_day: EmptyDay = Field(
        default=EmptyDay.SKIP,
        strict=False,  # strictly, only the program's own value would do, and no text
        title="Empty day",
        description="When nothing reaches the bar: skip sends no mail, note sends one line that says so.",
        examples=["note"],
    )
    trending: Trending = Field(
        default=0.0,
        title="Trending",
        description="The share of a score that votes have, 0 to 1; or section: a heading and turns for what trends.",
        examples=[0.2, "section"],
    )
    explore: int = Field(
        default=0,
        ge=0,
        le=5,
        title="Explore",
        description="How many papers from outside the interests an issue has, labelled so, from 0 to 5.",
        examples=[1],
    )
    diversity: float = Field(
        default=0.2,
        ge=0,
        le=1,
        title="Diversity",
        description="How much less a paper counts that says the same as one before it, from 0 to 1.",
        examples=[0.2],
    )
    sections: bool = Field(
        default=False,
        title="Sections",
        description="true puts the papers of each topic under a heading of their own; false makes one list.",
        examples=[True],
    )
    language: Language = Field(
        default="en",
        title="Language",
        description="The language in which the day of an issue is written, as a BCP 47 tag.",
        examples=["en", "pt-BR"],
        json_schema_extra={"format": "language"},
    )
    timezone: Zone = Field(
        default_factory=str,
        title="Time zone",
        description="Where the reader is, as an IANA name; an issue bears the day it is there.",
        examples=["Europe/Lisbon"],
        json_schema_extra={"format": "timezone"},
    )


def schema() -> dict[str, Any]:
    """The form of a profile as JSON Schema (draft 2020-12), with title, description and examples for each key.

    It accepts all that `digest.profiles.loads` accepts. What it cannot say: that the entries of `liked` and `disliked`
    spell an id, and, to a validator that does not check formats, that a date is in the calendar, a language or a time
    zone one that exists.
    """
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **ProfileModel.model_json_schema()}


def looks_like_category(text: str) -> bool:
    """Whether `text` has the shape of an arXiv category."""
    return re.search(_CATEGORY, text) is not None
