"""From what was selected for a reader to an issue: the sections, and the reasons for no mail (pure)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from digest import gist
from digest.types import EmptyDay, Issue, Section, Skip, SkipReason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from digest.ranking.select import Selection
    from digest.types import Match, Profile, Update


def compose(  # noqa: PLR0913  (all that an issue is made of)
    profile: Profile,
    selection: Selection,
    *,
    considered: int,
    day: date,
    now: datetime,
    sources: tuple[str, ...] = (),
    updates: tuple[Update, ...] = (),
) -> Issue | Skip:
    """The reader's issue of a day, or why there is none.

    With sections, each interest has its own heading, in the order of their best papers; without, all stand under one
    empty heading. Where nothing reached the bar, the reader's choice decides between no issue and one without papers.
    `considered` counts the papers that were new to the reader, those out of the profile's bounds included;
    `sources` say what was read for them, and `updates` what happened to papers that the reader likes.

    Raises:
        ValueError: `now` has no zone.
    """
    if now.tzinfo is None:
        raise ValueError(f"an instant without a zone: {now!r}")
    if not selection.chosen and profile.empty_day is EmptyDay.SKIP:
        return Skip(profile=profile.slug, reason=SkipReason.BELOW_BAR)
    return Issue(
        id=issue_id(profile.slug, day),
        profile=profile.slug,
        name=profile.name,
        day=day,
        composed=now,
        sections=_sections(selection.chosen, apart=profile.sections),
        considered=considered,
        passed=selection.passed,
        sources=sources,
        updates=updates,
        language=profile.language,
        timezone=profile.timezone,
        empty_day=profile.empty_day,
        form=profile.form,
        often=profile.often,
    )


def issue_id(profile: str, day: date) -> str:
    """The name of a reader's issue of a day, 24 hexadecimal digits: the same for the same reader and day."""
    return hashlib.sha256(f"{profile}\n{day.isoformat()}".encode()).hexdigest()[:24]


def _sections(chosen: Sequence[Match], *, apart: bool) -> tuple[Section, ...]:
    under: dict[str, list[Match]] = {}
    for match in chosen:
        # Made here and kept, not when it is shown: an issue that was sent says the same whatever this program learns.
        told = replace(match, gist=gist.of(match.paper))
        under.setdefault(match.interest if apart else "", []).append(told)
    return tuple(Section(heading=heading, matches=tuple(matches)) for heading, matches in under.items())
