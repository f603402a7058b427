"""What to ask a source of days gone by, and what its answers hold (pure).

Feeds hold their last batch only. What they gave on earlier days comes from elsewhere: arXiv's papers through OAI-PMH,
which is how arXiv wants to be harvested (https://info.arxiv.org/help/oa/index.html), those of bioRxiv, medRxiv and
Hugging Face by days from the API that is asked every day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from digest.feeds import Kind, Source
from digest.sources import oai_pmh
from digest.sources.records import Document
from digest.taxonomies import ARXIV_GROUPS

if TYPE_CHECKING:
    from digest.types import Paper

ARXIV_OAI = "https://oaipmh.arxiv.org/oai"

_HELD = timedelta(days=7)
"""How long before it is announced a paper may have been sent to arXiv: a weekend, a holiday, moderation."""


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a gap, the first and the last included."""

    since: date
    until: date

    def __str__(self) -> str:
        return f"{self.since}..{self.until}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One list to ask for from its first page to its last.

    Of a list that holds more than was asked for, `sent` are the first and the last day on which a paper has to have
    been sent in; None takes all.
    """

    source: Source
    since: date
    until: date
    sent: tuple[date, date] | None = None

    @property
    def url(self) -> str:
        """The first page."""
        return self.source.url(self.until, (self.until - self.since).days + 1)

    def wants(self, paper: Paper) -> bool:
        """Whether a paper of the list is one of those that were asked for."""
        if self.sent is None:
            return True
        first, last = self.sent
        return paper.published is not None and first <= paper.published.date() <= last


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer: what of it is to be parsed (empty for nothing), and the URL of the next one, None behind the last.

    `total` is how many records the source says the list has, None where it does not say; `others` is how many records
    the page has that are not to be parsed: deleted ones, or of another category.
    """

    content: bytes
    following: str | None
    total: int | None = None
    others: int = 0


def steps(source: Source, days: Days, today: date) -> tuple[Step, ...]:
    """What to ask for what a source gave on some days; nothing where it cannot be asked of the past.

    OAI-PMH goes by the day a record last changed. So arXiv is asked twice: for what changed in these days, then for
    what was sent in these days and has changed since.
    """
    since, until = days.since, min(days.until, today)
    match source.kind:
        case Kind.ARXIV:
            found = []
            for category in source.about.split("+"):
                about = f"{ARXIV_OAI}?metadataPrefix=arXiv&set={_set(category)}"
                twin = Source(name=source.name, kind=Kind.OAI, about=about)
                # The mailing of a day goes out when the day before is not yet over in arXiv's own time.
                found.append(Step(source=twin, since=since - timedelta(days=1), until=until))
                if until < today:
                    later = until + timedelta(days=1)
                    found.append(Step(source=twin, since=later, until=today, sent=(since - _HELD, until)))
            return tuple(found)
        case Kind.BIORXIV | Kind.MEDRXIV | Kind.OAI:
            return (Step(source=source, since=since, until=until),)
        case Kind.HF_DAILY:
            each = (since + timedelta(days=n) for n in range((until - since).days + 1))
            return tuple(Step(source=_of_day(source, day), since=day, until=day) for day in each)
        case Kind.URL | Kind.FOLDER:
            return ()


def page(source: Source, url: str, answer: bytes, as_of: date) -> Page:
    """What an answer to a URL of a step's list holds.

    Raises:
        TokenRefusedError: the repository no longer knows the place in its list that it was asked for.
        SourceError: the answer of a repository is cut off or an error, so that nothing tells whether its list goes on.
    """
    if source.kind != Kind.OAI:
        content = source.selected(answer)
        given, total = source.counts(answer) or (0, None)
        ours, _ = source.counts(content) or (0, None)
        return Page(content=content, following=source.following(url, answer), total=total, others=given - ours)
    document = Document(source.name, answer, as_of)
    token = oai_pmh.resumption_token(document)
    return Page(
        content=answer,
        following=None if token is None else _resumed(url, token.value),
        total=None if token is None else token.complete_list_size,
        others=oai_pmh.deleted(document),
    )


def _resumed(url: str, token: str) -> str:
    # OAI-PMH, section 3.5: the token is an exclusive argument.
    return f"{url.partition('?')[0]}?verb=ListRecords&resumptionToken={quote(token, safe='')}"


def _of_day(source: Source, day: date) -> Source:
    return Source(name=source.name, kind=Kind.URL, about=f"{source.url(day, 1)}?date={day}")


def _set(category: str) -> str:
    """What arXiv's repository calls a category: `cs:cs:CV`, `physics:astro-ph:CO`, `physics:hep-th`."""
    archive, _, subject = category.partition(".")
    levels = [archive if archive in ARXIV_GROUPS else "physics", archive, subject]
    # An archive that is a group of its own and is wanted whole is called by one name.
    return ":".join(dict.fromkeys(filter(None, levels))) if not subject else ":".join(levels)
