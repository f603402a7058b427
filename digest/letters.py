"""The mails that are no issues: the question whether to subscribe, the goodbye, and what a run did, for the operator.

`templates/README.md` documents each name below, and a test holds the two together. A name or a subscription is shown as
somebody typed it, maybe to have us send their words to a stranger: one that a mail program could make a link of is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, ClassVar

from digest import days
from digest.paper_view import short_line
from digest.view import AccentView

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from digest.look import Look
    from digest.run_report import RunReport

FAULTS_SHOWN = 20
"""Faults, and alarms, that a report names; more are counted."""

_NAME, _SUBSCRIPTION, _ADDRESS, _FAULT = 80, 120, 160, 300
_LINK_LIKE = re.compile(r"[/@:\\]|\w\.\w|\bwww\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Asks whoever subscribed to something whether it was them; the link is good until a day, that day included."""

    subscription: str
    link: str
    expires: date
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodbye:
    """Says that somebody gets no more mails; the link leads back, empty for none."""

    subscription: str
    link: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Leads whoever asked for it to their own page; the link is good until a day, that day included."""

    link: str
    expires: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Says what a run for a day did, and what is odd about what was read for it, a line each."""

    day: date
    run: RunReport
    alarms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """Says what the week until a day was like: what was done and how often, faults and how often, and what is odd."""

    until: date
    counts: tuple[tuple[str, int], ...]
    faults: tuple[tuple[str, int], ...] = ()
    alarms: tuple[str, ...] = ()


Letter = Confirmation | Goodbye | Access | Report | Week


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameView:
    """What is the same in all mails of an installation."""

    accent: AccentView
    logo: str
    masthead: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationView:
    """What a confirmation's templates know; texts are empty where nothing is known, or nothing that is safe to show."""

    TEMPLATE: ClassVar[str] = "confirmation"

    headline: str
    preheader: str
    name: str
    subscription: str
    url: str
    expires: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodbyeView:
    """What a goodbye's templates know; texts as above."""

    TEMPLATE: ClassVar[str] = "goodbye"

    headline: str
    preheader: str
    name: str
    subscription: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessView:
    """What the templates of a letter know that leads to a reader's page."""

    TEMPLATE: ClassVar[str] = "access"

    headline: str
    preheader: str
    url: str
    expires: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountView:
    """How many there were of something: `mails delivered`, 12."""

    what: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultView:
    """What failed, a profile's name or empty, and why."""

    profile: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """What a report's templates know."""

    TEMPLATE: ClassVar[str] = "report"

    headline: str
    preheader: str
    kind: str
    day: str
    short_day: str
    counts: tuple[CountView, ...]
    faults: tuple[FaultView, ...]
    more_faults: int
    alarms: tuple[str, ...]
    more_alarms: int


def variables_of(letter: Letter, look: Look) -> tuple[str, dict[str, object]]:
    """The name of a letter's templates, and their variables; the same letter and look give the same."""
    frame = FrameView(
        accent=AccentView(light=look.accent, dark=look.accent_on_dark),
        logo=look.logo,
        masthead=short_line(look.masthead, _NAME),
        address=short_line(look.address, _ADDRESS),
    )
    if isinstance(letter, Confirmation | Goodbye | Access):
        shown: ConfirmationView | GoodbyeView | AccessView | ReportView = _to_reader(letter)
    else:
        shown = _report(letter) if isinstance(letter, Report) else _week(letter)
    return shown.TEMPLATE, {each.name: getattr(of, each.name) for of in (frame, shown) for each in fields(of)}


def _to_reader(letter: Confirmation | Goodbye | Access) -> ConfirmationView | GoodbyeView | AccessView:
    if isinstance(letter, Access):
        until = days.short(letter.expires)
        return AccessView(
            headline="Your page",
            preheader=f"The link to what you get, good until {until}.",
            url=letter.link,
            expires=until,
        )
    name, subscription = _unlinked(letter.name, _NAME), _unlinked(letter.subscription, _SUBSCRIPTION)
    if isinstance(letter, Goodbye):
        return GoodbyeView(
            headline="You are unsubscribed",
            preheader="No more mails will come." + (" You can come back at any time." if letter.link else ""),
            name=name,
            subscription=subscription,
            url=letter.link,
        )
    expires = days.short(letter.expires)
    return ConfirmationView(
        headline="Confirm your subscription",
        preheader=f"Was it you? Confirm it until {expires}, or do nothing and get nothing.",
        name=name,
        subscription=subscription,
        url=letter.link,
        expires=expires,
    )


def _report(letter: Report) -> ReportView:
    run = letter.run
    told = [_counted(run.delivered, "mail"), *([_counted(len(run.failed), "fault")] if run.failed else [])]
    told += [_counted(len(letter.alarms), "odd source")] if letter.alarms else []
    counts = [("issues composed", len(run.issues)), ("mails delivered", run.delivered), *run.details()]
    faults = [(each["profile"], each["why"]) for each in run.failed]
    return _shown("run", letter.day, ", ".join(told), counts, faults, letter.alarms)


def _week(letter: Week) -> ReportView:
    total = sum(count for _, count in letter.faults)
    told = [_counted(total, "fault")] if total else ["no faults"]
    told += [_counted(len(letter.alarms), "alarm")] if letter.alarms else []
    faults = [("", f"{why} ({count:,})") for why, count in letter.faults]
    return _shown("week", letter.until, ", ".join(told), letter.counts, faults, letter.alarms)


def _shown(
    kind: str,
    day: date,
    headline: str,
    counts: Sequence[tuple[str, int]],
    faults: Sequence[tuple[str, str]],
    alarms: Sequence[str],
) -> ReportView:
    return ReportView(
        headline=headline,
        preheader=", ".join(f"{what} {number:,}" for what, number in counts),
        kind=kind,
        day=days.full(day),
        short_day=days.short(day).rpartition(" ")[0],
        counts=tuple(CountView(what=short_line(what, _SUBSCRIPTION), number=number) for what, number in counts),
        faults=tuple(
            FaultView(profile=short_line(profile, _NAME), why=short_line(why, _FAULT))
            for profile, why in faults[:FAULTS_SHOWN]
        ),
        more_faults=max(len(faults) - FAULTS_SHOWN, 0),
        alarms=tuple(short_line(each, _FAULT) for each in alarms[:FAULTS_SHOWN]),
        more_alarms=max(len(alarms) - FAULTS_SHOWN, 0),
    )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _unlinked(text: str, limit: int) -> str:
    """One line of what somebody typed; empty where it could be shown as a link."""
    return "" if _LINK_LIKE.search(text) else short_line(text, limit)
