"""The nouns of the product: values without behaviour, passed from stage to stage.

All are frozen, slotted and keyword-only; sequences are tuples; instants are aware UTC datetimes; days are dates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class AnnounceType(StrEnum):
    """How arXiv announced a paper that day (arXiv RSS specification, `arxiv:announce_type`)."""

    NEW = "new"
    CROSS = "cross"
    REPLACE = "replace"
    REPLACE_CROSS = "replace-cross"


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where a paper can be read; each an absolute http(s) URL, or None."""

    abstract: str | None = None
    pdf: str | None = None
    html: str | None = None
    code: str | None = None
    project: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What the community made of a paper, as its sources report it; None where no source says."""

    upvotes: int | None = None
    comments: int | None = None
    stars: int | None = None
    submitter: str | None = None
    thumbnail: str | None = None
    summary: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One work, whatever number of versions and sources it has.

    `id` is canonical and carries no version: `arxiv:2401.01234`, `doi:10.1…`, or `title:…` where the source gives
    no identifier. `other_ids` are further canonical ids of the same work. `announced` is the day the source presented
    the paper as news; None where the source does not say. Text fields are clean Unicode, whitespace folded.
    """

    id: str
    title: str
    abstract: str = ""
    version: int | None = None
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    announced: date | None = None
    announce_type: AnnounceType | None = None
    venue: str | None = None
    comment: str | None = None
    other_ids: tuple[str, ...] = ()
    links: Links = field(default_factory=Links)
    signals: Signals = field(default_factory=Signals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A record that could not become a paper: where it stands and why it was refused."""

    where: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One interest in words; `weight` (> 0) gives it more or fewer turns than the reader's other interests."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one reader wants to read, as written in a YAML file.

    `slug` is the file's stem and names the reader everywhere an address must not appear. `min_score` is on the
    scale of `Match.score`, 0 to 100.
    """

    slug: str
    name: str
    email: str | None = None
    topics: tuple[Topic, ...] = ()
    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    must: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_papers: int = 10
    min_score: float = 25.0
    sections: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One reason for a score: a matched term (or a followed author) and its share of the score, 0 to 1."""

    term: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A paper's place in one reader's ranking: score 0 to 100, the interest it matched best, and the reasons."""

    paper: Paper
    score: float
    interest: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Recommendations under one heading; the heading is empty in an issue without sections."""

    heading: str
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One reader's digest for one day: everything needed to render it again, byte for byte.

    `considered` counts the papers that were new to the reader, `passed` those of them above the reader's bar.
    """

    id: str
    profile: str
    name: str
    day: date
    composed: datetime
    sections: tuple[Section, ...]
    considered: int
    passed: int

    @property
    def matches(self) -> tuple[Match, ...]:
        """All recommendations in the order they are printed."""
        return tuple(match for section in self.sections for match in section.matches)


class SkipReason(StrEnum):
    """Why a reader gets no mail this time; counted in the run report."""

    ALREADY_COMPOSED = "already has an issue of this day"
    LATER_ISSUE = "already has an issue of a later day"
    NO_NEW_PAPERS = "no new papers"
    BELOW_BAR = "no new paper reaches the minimum score"
    NO_ADDRESS = "the profile has no e-mail address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """No mail for this reader today, and why."""

    profile: str
    reason: SkipReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """An issue as text for people: subject line, the two parts of the mail, and the web page."""

    subject: str
    text: str
    html: str
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Who a mail comes from and goes to, and when; addresses in RFC 5322 form, `date` aware."""

    sender: str
    recipient: str
    date: datetime
    message_id: str
    list_id: str
