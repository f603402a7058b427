"""Read returned mails: each is counted in a transaction of its own, and only then marked as read.

Whatever ends a reading, nothing is lost and nothing counts twice: what was counted and not marked is known when it
comes again. What counts for nobody stays unread, for whoever else the mailbox is there for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from digest.bounce import Other, parse
from digest.errors import FetchError, SourceError
from digest.store.bounces import Effect, record

if TYPE_CHECKING:
    from digest.clock import Clock
    from digest.inbox import Inbox, Letter
    from digest.settings import Settings
    from digest.store import Store


@dataclass(slots=True)
class ReadReport:
    """What was read; addresses never appear.

    `counted` has the reports that counted by kind, `suppressed` the readers (by profile) whose address is suppressed
    now, and why. `known` were counted before, `strangers` name no mail of ours; `others` are no bounces, by what they
    are.
    """

    read: int = 0
    counted: dict[str, int] = field(default_factory=dict)
    suppressed: list[dict[str, str]] = field(default_factory=list)
    known: int = 0
    strangers: int = 0
    others: dict[str, int] = field(default_factory=dict)
    failed: list[dict[str, str]] = field(default_factory=list)


def read(store: Store, settings: Settings, inbox: Inbox, clock: Clock) -> ReadReport:
    """Read all that is new in an inbox. One mail that cannot be read spoils no other one.

    Raises:
        StoreError: the database cannot be written to; what was not counted stays unread.
    """
    report = ReadReport()
    try:
        for letter in inbox.letters():
            report.read += 1
            if letter.fault:
                report.failed.append({"where": letter.name, "why": letter.fault})
                continue
            has_counted = _count(store, settings, letter, clock, report)
            try:
                inbox.seen(letter, is_report=has_counted)
            except SourceError as error:
                report.failed.append({"where": error.where, "why": error.why})
    except FetchError as error:
        report.failed.append({"where": error.host, "why": error.why})
    except SourceError as error:
        report.failed.append({"where": error.where, "why": error.why})
    finally:
        inbox.close()
    return report


def _count(store: Store, settings: Settings, letter: Letter, clock: Clock, report: ReadReport) -> bool:
    """Whether it counted, now or before, so that no person needs to read it."""
    found = parse(letter.content)
    if isinstance(found, Other):
        report.others[found] = report.others.get(found, 0) + 1
        return False
    with store.writing() as connection:
        done = record(connection, found, now=clock.now(), trusts_message_ids=not settings.delivery.bounce_address)
    if done.effect is Effect.STRANGER:
        report.strangers += 1
    elif done.effect is Effect.KNOWN:
        report.known += 1
    else:
        report.counted[found.kind] = report.counted.get(found.kind, 0) + 1
        if done.effect is Effect.SUPPRESSED:
            report.suppressed.append({"profile": done.subscriber or "", "reason": done.reason or ""})
    return done.effect is not Effect.STRANGER
