"""A past issue once more: its mail from what is kept of it, or all of it from that day's papers and profile."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from digest import delivering, pipeline, profiles, readers, rendering
from digest.day import Day
from digest.errors import DigestError, ProfileError, StoreError
from digest.fitting import Fitter
from digest.offers import offered
from digest.originator import Originator
from digest.sample import DIGESTS
from digest.store import filed, past, subscriptions, versions
from digest.subscription import FILE, OWN
from digest.twins import bibtex, markdown
from digest.types import Issue, Skip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from digest.settings import Settings
    from digest.store import Store
    from digest.store.past import Kept
    from digest.transport import Parcel
    from digest.types import Mail, Match, Profile

VERSIONS = 10_000
"""Versions of a profile that are looked through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """An issue's mail (None for a reader without an address) and the files of its page, by name."""

    parcel: Parcel | None
    pages: dict[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A paper that is in one of two issues only, and what is to say of why."""

    paper: str
    title: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomposed:
    """An issue composed once more, or why there would be none, and what is other than it was.

    `added` are papers that only the new one has, `dropped` those that only the old one had; `others` are further
    differences, a line each. `unknown` says what could not be had as it was then.
    """

    outcome: Issue | Skip
    added: tuple[Change, ...]
    dropped: tuple[Change, ...]
    others: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether it is the same issue in every word."""
        return not (self.added or self.dropped or self.others)


def find(store: Store, name: str) -> Kept:
    """The issue of an id, or of a name like `2025-05-09-ada`.

    Raises:
        StoreError: there is none.
    """
    with store.reading() as connection:
        kept = past.find(connection, name)
    if kept is None:
        raise StoreError(f"no such issue: {name!r}: digest outbox list --state sent")
    return kept


def rebuild(settings: Settings, kept: Kept) -> Rebuilt:
    """The mail and the pages of an issue, from what is kept of it, through the code that sends.

    They are the same bytes as ever while secret, sender, templates and settings are the same.

    Raises:
        SettingsError: the secret or the key to sign with cannot be read.
        TemplateError: a template fails.
        DeliveryError: sender or recipient is no address that a mail can bear.
    """
    renderer, names = rendering.renderer(settings), delivering.names_of(settings)
    issue, pages = kept.issue, {}
    mailed: Mail
    if settings.write_pages:
        mailed = rendered = renderer.render(issue, names.links(issue))
        stem = names.issue(issue.id, issue.profile, issue.day)
        pages = {
            f"{stem}.html": rendered.page.encode(),
            f"{stem}.md": markdown.write(issue).encode(),
            f"{stem}.bib": bibtex.write([issue]).encode(),
        }
    else:
        mailed = renderer.mail(issue)
    parcel = Originator(settings).parcel(mailed, issue, kept.recipient, kept.token) if kept.recipient else None
    return Rebuilt(parcel=parcel, pages=pages)


def recompose(store: Store, settings: Settings, kept: Kept, files: Sequence[Path]) -> Recomposed:
    """Compose an issue again from the papers, the ledger and the profile that were there before it.

    `files` are the operator's profiles, for a reader of whose file nothing is kept. What was read for the issue, what a
    model wrote and what its reader had chosen are taken from it. See `digest.store.past` for what is not known.

    Raises:
        ProfileError: the profile has faults by now.
        StoreError: the reader's profile is not there any more, or the database cannot be copied.
        TemplateError: a template fails.
    """
    profile, unknown = _profile(store, settings, kept, files)
    window_days = _window(store, settings, kept)
    oldest = kept.issue.day - timedelta(days=window_days - 1)
    with store.reading() as connection:
        unknown += past.unknown(connection, kept, oldest)
    with _before(store, kept) as then:
        (outcome,) = Day(then, settings, [profile], kept.issue.day, window_days).compose(
            [profile], now=kept.issue.composed
        )
        if isinstance(outcome, Issue):
            outcome = Fitter(settings).fit(_as_told(outcome, kept.issue))
        return Recomposed(
            outcome=outcome,
            added=tuple(
                Change(paper=each.paper.id, title=each.paper.title, why=f"score {each.score:.1f} of 100")
                for each in _only(outcome, kept.issue)
            ),
            dropped=tuple(
                Change(
                    paper=each.paper.id,
                    title=each.paper.title,
                    why=_why(then, settings, profile, each.paper.id, kept.issue.day),
                )
                for each in _only(kept.issue, outcome)
            ),
            others=_others(kept.issue, outcome),
            unknown=tuple(unknown),
        )


@contextmanager
def _before(store: Store, kept: Kept) -> Iterator[Store]:
    """The database before an issue, for as long as it is looked at."""
    with tempfile.TemporaryDirectory(prefix="replay-", dir=store.folder) as folder:
        then = past.copy(store, Path(folder) / "digest.sqlite3", kept)
        try:
            yield then
        finally:
            then.close()


def _profile(store: Store, settings: Settings, kept: Kept, files: Sequence[Path]) -> tuple[Profile, list[str]]:
    """The reader's profile as it was when the issue was put into the outbox, and what is not known of that."""
    slug, when = kept.issue.profile, kept.queued or kept.issue.composed
    unknown: list[str] = []
    with store.reading() as connection:
        found = subscriptions.by_slug(connection, slug)
        written = versions.of(connection, slug, VERSIONS) if found and found.digest == OWN else ()
    if found and found.digest == OWN:
        counted = next((each for each in written if each.written <= when), None)
        if counted is None:
            raise StoreError(f"no profile of {slug!r} is as old as this issue")
        profile = readers.parse(counted.text)
    elif written_then := _filed(store, found.digest if found else FILE, slug, when):
        profile = written_then
    elif found and found.digest != FILE:
        offers, _ = offered(settings)
        if found.digest not in offers:
            raise StoreError(f"the digest {found.digest!r} is offered no more")
        folder = settings.digests if settings.digests.is_dir() else DIGESTS
        path = next(path for path in profiles.find(folder) if path.stem == found.digest)
        profile, unknown = offers[found.digest], _unknown_of_file(path, when)
    else:
        path = next((path for path in files if path.stem == slug), Path())
        if path == Path():
            raise StoreError(f"no profile {slug!r} any more")
        profile, unknown = profiles.load(path), _unknown_of_file(path, when)
    if found:
        profile = readers.as_chosen(profile, found, kept.recipient or None)
    chosen = {name: getattr(kept.issue, name) for name in ("language", "timezone", "empty_day", "form", "often")}
    return replace(profile, since=kept.since, **chosen), unknown


def _filed(store: Store, digest: str, slug: str, when: datetime) -> Profile | None:
    """What a file of the operator's said at an instant; None where it is not known."""
    with store.reading() as connection:
        found = filed.at(connection, digest, slug if digest == FILE else digest, when)
    try:
        return profiles.loads(found.text, name=f"{found.slug}.yaml") if found else None
    except ProfileError:
        # It was good by the rules of an earlier version of this program.
        return None


def _unknown_of_file(path: Path, when: datetime) -> list[str]:
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return [f"what {path.name} said before it was changed on {changed:%Y-%m-%d}"] if changed > when else []


def _window(store: Store, settings: Settings, kept: Kept) -> int:
    """How many days the issue reached back; a first one the usual days, where that was not kept."""
    if kept.window_days is not None:
        return kept.window_days
    with store.reading() as connection:
        found = subscriptions.by_slug(connection, kept.issue.profile)
    if found is None or kept.earlier is None:
        return settings.window_days
    return replace(found, since=None).window(kept.issue.day, settings.window_days)


def _as_told(made: Issue, kept: Issue) -> Issue:
    """An issue with what is no matter of composing as it was: gists, and what was read for it."""
    told = {match.paper.id: match.gist for match in kept.matches}
    sections = (
        replace(
            section,
            matches=tuple(replace(each, gist=told.get(each.paper.id, each.gist)) for each in section.matches),
        )
        for section in made.sections
    )
    return replace(made, sections=tuple(sections), sources=kept.sources)


def _only(here: Issue | Skip, there: Issue | Skip) -> list[Match]:
    """The recommendations that only the one issue has."""
    known = {match.paper.id for match in there.matches} if isinstance(there, Issue) else set()
    return [match for match in here.matches if match.paper.id not in known] if isinstance(here, Issue) else []


def _why(then: Store, settings: Settings, profile: Profile, paper: str, day: date) -> str:
    """Which rule keeps a paper out of the issue now."""
    try:
        return pipeline.explain(then, settings, profile, paper, day=day).why
    except DigestError as error:
        return str(error)


def _others(kept: Issue, made: Issue | Skip) -> tuple[str, ...]:
    """What else differs, a line for each thing."""
    if isinstance(made, Skip):
        return (f"there would be no issue: {made.reason}",)
    lines = []
    scores = {match.paper.id: match.score for match in kept.matches}
    moved = [each for each in made.matches if scores.get(each.paper.id, each.score) != each.score]
    if moved:
        most = max(abs(each.score - scores[each.paper.id]) for each in moved)
        lines.append(f"scores of {len(moved)} papers, by {most:.2g} of 100 at the most")
    both = [match.paper.id for match in made.matches if match.paper.id in scores]
    if both != [name for name in scores if name in set(both)]:
        lines.append("the order of papers")
    fields = ("name", "considered", "passed", "sources", "language", "timezone", "updates", "held", "empty_day")
    for name in fields:
        before, after = getattr(kept, name), getattr(made, name)
        if before != after:
            shown = f"{before} then, {after} now" if not isinstance(before, tuple) else "not the same lines"
            lines.append(f"{name}: {shown}")
    if not lines and made != kept and {match.paper.id for match in made.matches} == scores.keys():
        lines.append("reasons, or papers folded under others")
    return tuple(lines)
