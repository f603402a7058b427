"""The links of a mail that lead its reader to the site: where each leads and how long it counts.

    SITE/m/TOKEN  more like this        SITE/i/TOKEN  change interests       SITE/u/TOKEN  unsubscribe
    SITE/l/TOKEN  less like this        SITE/p/TOKEN  pause                  SITE/c/TOKEN  confirm a subscription

They act for the reader they were sent to, so they stand in mails only: pages and feeds may be handed on. Days count
from the issue's own, so that an issue is the same bytes whenever it is rendered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from digest import tokens
from digest.paper_view import LinkView
from digest.tokens import LONGEST_PAPER, Purpose, Signed

if TYPE_CHECKING:
    from digest.types import Issue

LASTING = {
    Purpose.MORE: timedelta(days=60),
    Purpose.LESS: timedelta(days=60),
    Purpose.INTERESTS: timedelta(days=30),
    Purpose.PAUSE: timedelta(days=30),
    Purpose.CONFIRM: timedelta(days=3),
}
"""How long after its mail's day a link counts; the unsubscribe link does for good."""

_JUDGING = {Purpose.MORE: "More like this", Purpose.LESS: "Less like this"}
_ACCOUNT = {Purpose.INTERESTS: "Change interests", Purpose.PAUSE: "Pause", Purpose.UNSUBSCRIBE: "Unsubscribe"}


@dataclass(frozen=True)
class SignedLinks:
    """The links of an installation with this secret, to the site at this URL (without a slash at its end)."""

    secret: bytes = field(repr=False)
    site: str

    @property
    def is_safe(self) -> bool:
        """Whether the site is reached by https."""
        return self.site.startswith("https://")

    def of_paper(self, issue: Issue, paper: str) -> tuple[LinkView, ...]:
        """More like this and less like this, for one paper of an issue; none for an id too long to be in a link."""
        return self._links(_JUDGING, issue, paper) if len(paper.encode()) <= LONGEST_PAPER else ()

    def of_account(self, issue: Issue) -> tuple[LinkView, ...]:
        """Change interests, pause and unsubscribe, for the reader of an issue."""
        return self._links(_ACCOUNT, issue)

    def unsubscribe(self, slug: str) -> str:
        """The URL for a List-Unsubscribe header (RFC 8058): at most 75 characters where the site keeps its limit."""
        return self._url(Purpose.UNSUBSCRIBE, slug, date.min)

    def confirm(self, slug: str, day: date) -> str:
        """The URL by which a reader who subscribed on a day confirms it."""
        return self._url(Purpose.CONFIRM, slug, day)

    def interests(self, slug: str, day: date) -> str:
        """The URL that leads a reader who asked for it on a day to their own page."""
        return self._url(Purpose.INTERESTS, slug, day)

    @cached_property
    def _key(self) -> bytes:
        return tokens.key(self.secret)

    def _links(self, labels: dict[Purpose, str], issue: Issue, paper: str = "") -> tuple[LinkView, ...]:
        return tuple(
            LinkView(label=label, url=self._url(purpose, issue.profile, issue.day, paper))
            for purpose, label in labels.items()
        )

    def _url(self, purpose: Purpose, slug: str, day: date, paper: str = "") -> str:
        signed = Signed(reader=_reader_id(self.secret, slug), expires=last_day(purpose, day), paper=paper)
        return f"{self.site}/{purpose}/{tokens.write(self._key, purpose, signed)}"


_reader_id = lru_cache(64)(tokens.reader_id)  # a mail has twenty links and more, all its reader's


@lru_cache(64)  # as above: of few days
def last_day(purpose: Purpose, day: date) -> date | None:
    """The last day on which a link counts whose mail is of this day; None where it counts for good."""
    if not purpose.expires:
        return None
    return day + min(LASTING[purpose], date.max - day)
