"""The nouns of the product: values without behaviour, passed from stage to stage.

All are frozen, slotted and keyword-only; sequences are tuples; instants are aware UTC datetimes; days are dates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
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
    """What the community made of a paper, as its sources report it; None where no source says.

    `summary` says in a sentence what the paper is about, and `summary_by` who wrote it: in words that can follow
    "Summary by", and that say so where it was a machine.
    """

    upvotes: int | None = None
    comments: int | None = None
    stars: int | None = None
    submitter: str | None = None
    thumbnail: str | None = None
    summary: str | None = None
    summary_by: str | None = None


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

    @property
    def news_day(self) -> date | None:
        """The day the paper was news, as far as its source says: announced, else published."""
        return self.announced or (self.published.date() if self.published else None)


class EventKind(StrEnum):
    """What may happen to a work that is known already."""

    NEW_VERSION = "new_version"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened to a paper (its id), and the day it was announced, or else learnt.

    `detail` is the number of the new version, or where the paper was published, as far as that was known then.
    """

    paper: str
    kind: EventKind
    day: date
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A record that could not become a paper: where it stands and why it was refused."""

    where: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One interest in words.

    `weight` (> 0) gives it more or fewer turns than the reader's other interests; of an issue it has at most
    `max_papers` papers, None for any number.
    """

    text: str
    weight: float = 1.0
    max_papers: int | None = None


class Form(StrEnum):
    """How a reader's mails look: papers with their abstracts, in a few lines each, or as text without HTML."""

    CARDS = "cards"
    COMPACT = "compact"
    TEXT = "text"


class EmptyDay(StrEnum):
    """What a reader gets on a day that has nothing above the bar."""

    SKIP = "skip"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one reader wants to read, as written in a YAML file.

    `slug` is the file's stem and names the reader everywhere an address must not appear. `min_score` is on the
    scale of `Match.score`, 0 to 100; with `papers_a_day` the bar is moved above it, to where the last days would have
    had about so many. `judged_on` says when a liked or disliked paper was judged, where that is known; with a
    `half_life` in days such a judgement counts half after that time. `trending` is the share of a score that votes
    have, 0 to 1; `trending_section` gives what is trending a heading of its own. `explore` is how many papers from
    outside the interests an issue holds, `diversity` how much less a paper counts that is like one before it, 0 to 1.
    `language` (BCP 47) and `timezone` (IANA) are those in which the day of an issue is written. `frequency` and
    `send_at` are words of `digest.schedule`, and `patience` how late an issue may be; empty and None where the file
    does not say. The rest is a subscription's and in no file: `form`, None for the installation's; `often`, when issues
    come, in words; `since`, the day before which papers are no news to the reader.
    """

    slug: str
    name: str
    email: str | None = field(default=None, repr=False)
    topics: tuple[Topic, ...] = ()
    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()
    judged_on: Mapping[str, date] = field(default_factory=dict)
    half_life: int | None = None
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    must: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_papers: int = 10
    min_score: float = 25.0
    papers_a_day: int | None = None
    empty_day: EmptyDay = EmptyDay.SKIP
    trending: float = 0.0
    trending_section: bool = False
    explore: int = 0
    diversity: float = 0.2
    sections: bool = False
    language: str = "en"
    timezone: str | None = None
    frequency: str = ""
    send_at: str = ""
    patience: timedelta | None = None
    form: Form | None = None
    often: str = ""
    since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One reason for a score: a matched term (or a followed author) and its share of the score, 0 to 1."""

    term: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """A paper that the reader likes, and how alike it and a recommended one are, 0 to 1 (cosine)."""

    id: str
    title: str
    likeness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a reader said of a paper (its id) on a day: more like this, or less."""

    paper: str
    liked: bool
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Gist:
    """What a paper brings, in one sentence, and who wrote it; `by` is empty where the sentence is in the abstract."""

    text: str
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A paper's place in one reader's ranking: score 0 to 100, the interest it matched best, and the reasons.

    The shares of the evidence add up to 1. `nearest` is the liked paper most like it, where likes made its score;
    `similar` are papers that say nearly the same and are therefore not listed for themselves. `gist` is there once the
    paper is in an issue: kept with it, so that it says the same again whatever is known of the paper later.
    """

    paper: Paper
    score: float
    interest: str
    evidence: tuple[Evidence, ...] = ()
    nearest: Nearest | None = None
    similar: tuple[Paper, ...] = ()
    gist: Gist | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Recommendations under one heading; the heading is empty in an issue without sections."""

    heading: str
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What happened to a paper that the reader likes, in words that can follow its title."""

    paper: Paper
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One reader's digest for one day: everything needed to render it again, byte for byte.

    `considered` counts the papers that were new to the reader, `passed` those of them above the reader's bar; `sources`
    say in a line each what was read for it; `language` and `timezone` are the reader's. `updates` tell what happened to
    papers the reader likes; `held` counts papers that had no room and wait for the next issue. `empty_day` is the
    reader's choice then; an issue without sections says that there were no papers (`EmptyDay.NOTE`). `form` and `often`
    are the subscription's, as in `Profile`; None and empty for a reader whose profile is a file.
    """

    id: str
    profile: str
    name: str
    day: date
    composed: datetime
    sections: tuple[Section, ...]
    considered: int
    passed: int
    sources: tuple[str, ...] = ()
    language: str = "en"
    timezone: str | None = None
    updates: tuple[Update, ...] = ()
    held: int = 0
    empty_day: EmptyDay = EmptyDay.SKIP
    form: Form | None = None
    often: str = ""

    @property
    def matches(self) -> tuple[Match, ...]:
        """All recommendations in the order they are printed."""
        return tuple(match for section in self.sections for match in section.matches)

    @property
    def papers(self) -> tuple[Paper, ...]:
        """All papers that the issue tells of: the recommended ones, each before those that say nearly the same."""
        return tuple(paper for match in self.matches for paper in (match.paper, *match.similar))


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What a list of issues says of one: its day, how many papers it has, and the first, with its id and title only."""

    issue: str
    day: date
    papers: int
    first: Paper | None


class SkipReason(StrEnum):
    """Why a reader gets no mail this time; counted in the run report."""

    ALREADY_COMPOSED = "already has an issue of this day"
    LATER_ISSUE = "already has an issue of a later day"
    NO_NEW_PAPERS = "no new papers"
    SUPPRESSED = "mails to the address came back or were not wanted: digest bounces list"
    BELOW_BAR = "no new paper reaches the minimum score"
    UNCONFIRMED = "the subscription was not confirmed yet"
    PAUSED = "paused by the reader"
    ENDED = "ended by the reader"
    OTHER_DAY = "the reader's issues come on other days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """No mail for this reader today, and why."""

    profile: str
    reason: SkipReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """An issue as a mail says it: subject line, plain text, and HTML, empty where the mail is text alone."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered(Mail):
    """An issue as text for people: as a mail, and as a web page."""

    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Who a mail comes from and goes to, and when; addresses in RFC 5322 form, `date` aware.

    `thread` is the identifier that the mails of one conversation share. `unsubscribe_url` is an https URL at which a
    POST suffices to leave (RFC 8058), `unsubscribe_mail` a bare address that one can write to instead. `feedback_id` is
    by what complaints are counted. What is empty is not said.
    """

    sender: str
    recipient: str
    date: datetime
    message_id: str
    list_id: str
    thread: str = ""
    unsubscribe_url: str = ""
    unsubscribe_mail: str = ""
    feedback_id: str = ""
