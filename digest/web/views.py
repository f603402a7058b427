"""What the templates of the site know: everything in them is clean, readable and of bounded length already.

`templates/README.md` documents each name below, and a test holds the two together. A view's fields are the variables of
its template, beside those of `FrameView`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from digest.paper_view import LinkView, PaperView
from digest.twins.archive import MonthView
from digest.web.interests import ChangeView, FaultView

__all__ = ["ChangeView", "FaultView", "LinkView", "MonthView", "PaperView"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameView:
    """What is the same on all pages."""

    site: str
    address: str
    style: str
    script: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceView:
    """One of several values that a field may have, and what it is called."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeView:
    """The box to subscribe by: what is typed in it, what may be chosen, and what is wrong, by the field's name."""

    email: str = ""
    digest: str = ""
    interests: str = ""
    when: str = "weekdays"
    at: str = "07:00"
    zone: str = "UTC"
    is_zone_typed: bool = False
    digests: tuple[ChoiceView, ...] = ()
    times: tuple[ChoiceView, ...] = ()
    faults: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """A paper in a list, and its page here; `score` is how well it fits what was asked, 0 to 100, None for a feed."""

    paper: PaperView
    url: str
    score: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayView:
    """The papers of a day; `more` of them are on its own page."""

    heading: str
    date: str
    url: str
    cards: tuple[CardView, ...]
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedView:
    """The front page, and the page of one day; `newer` and `older` lead on, empty for nowhere."""

    days: tuple[DayView, ...]
    newer: str = ""
    older: str = ""
    subscribe: SubscribeView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchView:
    """What a search found; `hint` says why it is nothing."""

    query: str
    cards: tuple[CardView, ...]
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperPageView:
    """One paper, its BibTeX entry, and papers that say similar things."""

    paper: PaperView
    id: str
    bibtex: str
    bibtex_url: str
    cards: tuple[CardView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfView:
    """The public issues of one digest."""

    name: str
    url: str
    atom: str
    months: tuple[MonthView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveView:
    """All public issues."""

    shelves: tuple[ShelfView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonView:
    """A form that is one button: where it goes, what stands on it, and what it sends beside."""

    url: str
    label: str
    hidden: tuple[tuple[str, str], ...] = ()
    is_quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteView:
    """A page that says something and may ask for something: a button, an address, a day, or the operator's token."""

    title: str
    lines: tuple[str, ...] = ()
    about: str = ""
    changes: tuple[ChangeView, ...] = ()
    buttons: tuple[ButtonView, ...] = ()
    asks_day: str = ""
    first_day: str = ""
    asks_address: bool = False
    asks_token: bool = False
    fault: str = ""
    links: tuple[LinkView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionView:
    """One subscription of a reader: where it stands, in words, and what its form holds."""

    slug: str
    name: str
    is_own: bool
    is_file: bool
    standing: str
    state: str
    following: str
    when: str
    cron: str
    at: str
    zone: str
    form: str
    empty_day: str
    on_return: str
    language: str
    patience: str
    times: tuple[ChoiceView, ...]
    interests: str
    faults: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderView:
    """A reader's page; `done` says what was just done."""

    csrf: str
    subscriptions: tuple[SubscriptionView, ...]
    first_day: str
    later_day: str
    done: str = ""
    faults: dict[str, tuple[str, ...]] = field(default_factory=dict)
    can_forget: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeseenPaperView:
    """A paper that would have been sent, or is no more; `score` is 0 to 100, `is_new` whether the edit adds it."""

    title: str
    url: str
    score: int
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeseenDayView:
    """What would have been sent on a day."""

    heading: str
    papers: tuple[ForeseenPaperView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeseenView:
    """What a profile would have sent, and what an edit of it adds and drops."""

    span: str
    days: tuple[ForeseenDayView, ...]
    drops: tuple[ForeseenPaperView, ...]
    sent: int
    added: int
    dropped: int
    is_edit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionView:
    """A version of a profile: its number, when it was written and why; the one that counts is `current`."""

    number: int
    written: str
    reason: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorView:
    """The editor of a profile.

    `behind` is the version that the text was made of, `looks_at` an old one that is looked at, 0 for none; `shared` are
    the digests on offer that can be had in its place.
    """

    csrf: str
    slug: str
    name: str
    text: str
    behind: int
    is_own: bool
    faults: tuple[FaultView, ...] = ()
    is_checked: bool = False
    foreseen: ForeseenView | None = None
    versions: tuple[VersionView, ...] = ()
    changes: tuple[ChangeView, ...] = ()
    looks_at: int = 0
    shared: tuple[ChoiceView, ...] = ()
    done: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FragmentView:
    """The preview alone, as a script puts it into the page."""

    foreseen: ForeseenView | None
