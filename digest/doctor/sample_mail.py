"""One mail as it would leave, made of the bundled sample and looked at as receivers do."""

from __future__ import annotations

import email
import email.policy
from typing import TYPE_CHECKING

from digest.doctor.findings import Finding, fault, ok, warning
from digest.errors import DeliveryError, TemplateError
from digest.fitting import fitted
from digest.rehearsal import sample_issue
from digest.render import HTML_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.originator import Originator
    from digest.render import Renderer
    from digest.settings import Settings

_READER = "reader@example.org"
_TOKEN = "a" * 24
_LONGEST_LINE = 998


def examine(settings: Settings, originator: Originator, renderer: Renderer, largest: int | None) -> Iterator[Finding]:
    """Make it through the code that sends; `largest` is how many octets the server takes."""
    try:
        issue = fitted(renderer, sample_issue(settings))
        mail = renderer.mail(issue)
        parcel = originator.parcel(mail, issue, _READER, _TOKEN)
    except (DeliveryError, TemplateError) as error:
        yield fault("mail", str(error), "correct sender in digest.toml, or the template")
        return
    html, size = len(mail.html.encode()), len(parcel.content)
    yield from _parsed(parcel.content)
    if html >= HTML_LIMIT:
        mend = "make your template shorter: Gmail cuts off what lies beyond 102 KB"
        yield fault("size", f"a paper alone makes {html:,} octets of HTML", mend)
    elif largest is not None and size > largest:
        yield fault("size", f"the sample mail has {size:,} octets, the server takes {largest:,}", "have it raised")
    else:
        yield ok("size", f"the sample mail has {size:,} octets, {html:,} of them HTML")
    if originator.signer and not originator.signer.verifies(parcel.content):
        yield fault("mail", "the sample mail's own signature does not verify", "report it: this is a bug")
    yield from _ways_out(settings, parcel.content)


def _parsed(content: bytes) -> Iterator[Finding]:
    """Whether the standard library reads it without a fault."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    parts = list(message.walk())
    defects = [defect for part in parts for defect in part.defects]
    defects += [defect for part in parts for value in part.values() for defect in value.defects]
    if defects or max(map(len, content.split(b"\r\n"))) > _LONGEST_LINE:
        names = ", ".join(sorted({type(defect).__name__ for defect in defects})) or "a line is too long"
        yield fault("mail", f"the sample mail has defects: {names}", "report it: this is a bug")
    else:
        yield ok("mail", f"from {message['From']}, read back without a defect")


def _ways_out(settings: Settings, content: bytes) -> Iterator[Finding]:
    message = email.message_from_bytes(content, policy=email.policy.default)
    ways = str(message["List-Unsubscribe"] or "")
    if "https://" in ways and message["List-Unsubscribe-Post"]:
        yield ok("unsubscribe", "by one click, and by mail" if "mailto:" in ways else "by one click")
    elif "mailto:" in ways:
        what = "readers can leave by mail, and not by one click"
        yield warning("unsubscribe", what, "Gmail and Yahoo ask it of who sends them 5,000 mails a day")
    else:
        mend = "set bounce_address in [delivery], and read what comes there"
        yield warning("unsubscribe", "the mails name no way to leave", mend)
    if not settings.delivery.bounce_address:
        what = "mails that come back go to the sender, and do not tell whose they were"
        yield warning("bounces", what, "set bounce_address in [delivery] (docs/delivery.md)")
