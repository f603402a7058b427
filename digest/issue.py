"""From a ranking to an issue: the bar, the cap, the sections, and the reasons for no mail (pure)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from digest.types import Issue, Section, Skip, SkipReason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from digest.types import Match, Profile


def compose(profile: Profile, ranking: Sequence[Match], *, considered: int, day: date, now: datetime) -> Issue | Skip:
    """The reader's issue of a day, or why there is none.

    Takes the first `max_papers` of a ranking that reach `min_score`. With sections, each interest has its own heading,
    in the order of their best papers; without, all stand under one empty heading. `considered` counts the papers
    that were new to the reader, those out of the profile's bounds included.
    """
    passed = above_bar(profile, ranking)
    if not passed:
        return Skip(profile=profile.slug, reason=SkipReason.BELOW_BAR)
    chosen = passed[: profile.max_papers]
    return Issue(
        id=issue_id(profile.slug, day),
        profile=profile.slug,
        name=profile.name,
        day=day,
        composed=now,
        sections=_sections(chosen) if profile.sections else (Section(heading="", matches=tuple(chosen)),),
        considered=considered,
        passed=len(passed),
    )


def above_bar(profile: Profile, ranking: Sequence[Match]) -> list[Match]:
    """The matches that may stand in an issue, in their order; a paper that no interest wants never may."""
    return [match for match in ranking if match.score >= profile.min_score and match.score > 0]


def issue_id(profile: str, day: date) -> str:
    """The name of a reader's issue of a day, 24 hexadecimal digits: the same for the same reader and day."""
    return hashlib.sha256(f"{profile}\n{day.isoformat()}".encode()).hexdigest()[:24]


def _sections(chosen: Sequence[Match]) -> tuple[Section, ...]:
    under: dict[str, list[Match]] = {}
    for match in chosen:
        under.setdefault(match.interest, []).append(match)
    return tuple(Section(heading=heading, matches=tuple(matches)) for heading, matches in under.items())
