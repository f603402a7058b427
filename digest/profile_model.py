"""The keys of an interest profile: one model that validates a file and describes it to editors.

Types are strict: YAML's `"10"` is text and no number, `1` is no truth value. The model checks what is written;
`digest.profiles` finds the places, words the faults and makes the `Profile` of it.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from digest.identity import parse_id
from digest.yamldoc import WrittenFloat

INTERESTS: Final = ("topics", "liked", "authors", "categories")
"""The keys that papers can be ranked by; a profile fills at least one of them."""

# Line breaks and tabs are folded in words, but refused in a name, which ends in the header of a mail.
_CONTROL = r"\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
_WORDS = rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$"
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


def _form_of_topic(topic: object) -> str:
    return "mapping" if isinstance(topic, dict) else "text"


Words = Annotated[str, Field(pattern=_WORDS)]
Category = Annotated[str, Field(pattern=_CATEGORY)]
PaperRef = Annotated[
    str,
    BeforeValidator(_as_written),
    AfterValidator(_canonical),
    WithJsonSchema({"type": ["string", "number"], "minLength": 1}),
]


class _Keys(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,  # an input may be an address
    )


class WeightedTopic(_Keys):
    """An interest in words that counts more or less than the reader's others."""

    model_config = ConfigDict(title="Weighted topic")

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


TopicEntry = Annotated[
    Annotated[Words, Tag("text")] | Annotated[WeightedTopic, Tag("mapping")],
    Discriminator(_form_of_topic),
]


class ProfileModel(_Keys):
    """What one reader wants to read."""

    model_config = ConfigDict(
        title="Interest profile",
        json_schema_extra={"anyOf": [{"required": [key], "properties": {key: {"minItems": 1}}} for key in INTERESTS]},
    )

    name: str = Field(
        default="",
        pattern=_NAME,
        max_length=100,
        title="Name",
        description="The reader's name, as the digest greets. Left out: the name of the file.",
        examples=["Ada Example"],
    )
    email: str = Field(
        default="",
        pattern=_EMAIL,
        max_length=254,
        title="E-mail address",
        description="Where the digest goes. Left out: the digest is composed and can be read, but nothing is sent.",
        examples=["ada@example.org"],
    )
    topics: list[TopicEntry] = Field(
        default_factory=list,
        title="Topics",
        description="Interests in words, each ranked on its own: plain text, or a mapping of text and weight.",
        examples=[["talking heads", {"text": "speech synthesis", "weight": 0.5}]],
    )
    liked: list[PaperRef] = Field(
        default_factory=list,
        title="Liked papers",
        description="Papers to find more of: arXiv ids, DOIs or their URLs.",
        examples=[["2405.01234", "https://doi.org/10.1000/182"]],
    )
    disliked: list[PaperRef] = Field(
        default_factory=list,
        title="Disliked papers",
        description="Papers to find fewer of. One that is liked as well counts as disliked.",
        examples=[["2405.04321"]],
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
    sections: bool = Field(
        default=False,
        title="Sections",
        description="true puts the papers of each topic under a heading of their own; false makes one list.",
        examples=[True],
    )


def schema() -> dict[str, Any]:
    """The form of a profile as JSON Schema (draft 2020-12), with title, description and examples for each key.

    It accepts all that `digest.profiles.loads` accepts. What it cannot say: that the entries of `liked` spell an id.
    """
    described = ProfileModel.model_json_schema()
    for key in ("name", "email"):
        # What the loader puts there for a key left out is nothing a file may say.
        del described["properties"][key]["default"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}


def looks_like_category(text: str) -> bool:
    """Whether `text` has the shape of an arXiv category."""
    return re.search(_CATEGORY, text) is not None
