"""What the files of an issue and of a reader are called: names that stay, and that nobody can guess.

Whoever knows a page's address may read it, as with any unlisted link; so a name holds a token of 128 bits, the
truncated HMAC-SHA256 (RFC 2104) of what it names under the installation's secret. One token tells nothing of another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.view import TwinsView

if TYPE_CHECKING:
    from datetime import date

    from digest.types import Issue

_TOKEN_BYTES = 16


@dataclass(frozen=True, slots=True)
class Names:
    """The names of an installation with this secret; the same secret gives the same names for good.

    `base` is the URL of the folder that they stand in; empty where nobody knows it.
    """

    secret: bytes
    base: str = ""

    def issue(self, issue_id: str, profile: str, day: date) -> str:
        """What an issue's files are called, without ending: `2025-05-09-ada-` and the token."""
        return f"{day.isoformat()}-{profile}-{self._token('issue', issue_id)}"

    def reader(self, profile: str) -> str:
        """What a reader's archive and feeds are called, without ending: `ada-` and the token."""
        return f"{profile}-{self._token('reader', profile)}"

    def links(self, issue: Issue) -> TwinsView:
        """Where an issue's twins stand, as references relative to its page (RFC 3986, section 4.2)."""
        issued, reader = self.issue(issue.id, issue.profile, issue.day), self.reader(issue.profile)
        return TwinsView(
            page=f"{issued}.html",
            bibtex=f"{issued}.bib",
            markdown=f"{issued}.md",
            archive=f"{reader}.html",
            atom=f"{reader}.atom",
            json_feed=f"{reader}.json",
            base=self.base,
        )

    def _token(self, kind: str, name: str) -> str:
        """26 small letters and digits (RFC 4648, section 6): file systems that ignore case keep all of it."""
        mac = hmac.new(self.secret, f"{kind}\0{name}".encode(), hashlib.sha256).digest()[:_TOKEN_BYTES]
        return base64.b32encode(mac).decode().rstrip("=").lower()
