"""The keys of an interest profile: one model that validates a file and describes it to editors.

Types are strict: YAML's `"10"` is text and no number, `1` is no truth value. The model checks what is written;
`digest.profiles` finds the places, words the faults and makes the `Profile` of it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from digest.profile_fields import (
    EMAIL,
    NAME,
    Category,
    Day,
    Frequency,
    Language,
    PaperRef,
    Patience,
    TimeOfDay,
    Trending,
    Words,
    Zone,
    form_of_entry,
)
from digest.types import EmptyDay

INTERESTS: Final = ("topics", "liked", "authors", "categories", "trending")
"""The keys that papers can be ranked by; a profile fills at least one of them."""

SCHEDULE: Final = ("frequency", "send_at", "patience")
"""The keys by which issues come to the reader of a file; subscribers choose that beside their interests."""


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
    Discriminator(form_of_entry),
]
PaperEntry = Annotated[
    Annotated[PaperRef, Tag("text")] | Annotated[PaperMapping, Tag("mapping")],
    Discriminator(form_of_entry),
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
        pattern=NAME,
        max_length=100,
        title="Name",
        description="The reader's name, as the digest greets. Left out: the name of the file.",
        examples=["Ada Example"],
    )
    email: str = Field(
        default_factory=str,
        pattern=EMAIL,
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
    frequency: Frequency = Field(
        default_factory=str,
        title="Frequency",
        description="How often issues come: daily, weekdays, weekly mon, monthly 1, monthly last, or a crontab line.",
        examples=["weekdays", "weekly mon", "cron 0 7 * * 1,4"],
    )
    send_at: TimeOfDay = Field(
        default_factory=str,
        title="Time of day",
        description="When issues come, by the clocks of the time zone. Left out: as digest.toml says.",
        examples=["07:30"],
    )
    patience: Patience = Field(
        default_factory=timedelta,
        title="Patience",
        description="How late an issue may be, up to 7 days; later, its papers wait for the next one.",
        examples=["6 hours", "2 days"],
    )


def schema() -> dict[str, Any]:
    """The form of a profile as JSON Schema (draft 2020-12), with title, description and examples for each key.

    It accepts all that `digest.profiles.loads` accepts. What it cannot say: that the entries of `liked` and `disliked`
    spell an id, `frequency` and `patience` what their words can be, and, to a validator that does not check formats,
    that a date is in the calendar, a language or a time zone one that exists.
    """
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **ProfileModel.model_json_schema()}
