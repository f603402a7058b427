"""Subscriptions of what the operator keeps as files: made, and kept to what the files say; pauses that are over end.

Files say when issues come to their readers, `digest.toml` where they do not, and a reader may choose otherwise by the
links in the mails. What was said last counts, word by word: a word of a file counts when it becomes another one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from digest import offers, profiles, readers, secret, subscription
from digest.errors import ProfileError, SubscriptionError
from digest.preferences import preferences, words_of
from digest.schedule import DAILY, PATIENCE, first, patience_told
from digest.store import filed, subscriptions
from digest.store.filed import Filed
from digest.subscription import FILE, Preferences, Standing, Subscription
from digest.tokens import reader_id
from digest.yamlkeys import without

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    import sqlalchemy as sa

    from digest.settings import Settings
    from digest.store import Store
    from digest.types import Profile

_TAKEN = "another subscription has this name: rename the file"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """A file as it is: whose, what it says of when issues come, and what it says at all, None if that is known."""

    digest: str
    slug: str
    fingerprint: str
    said: Mapping[str, str]
    text: str | None
    has_reader: bool = True


def adopt(store: Store, settings: Settings, *, now: datetime, with_offers: bool = True) -> dict[str, str]:
    """See that each profile in a file, and each digest on offer, has a subscription as it says; why not, by name.

    `with_offers` false makes none for the latter, for who has no site that shows them. Only files that are not as they
    were are read, and what is wrong with one of them that has a subscription shows when that is due. What each says is
    kept, so that a past issue can be composed by it.

    Raises:
        SettingsError: the installation's secret cannot be read or made.
    """
    offered, bad = offers.offered(settings)
    written = readers.files(settings)
    with store.reading() as connection:
        known = subscriptions.by_slugs(connection, {*written, *offered})
        kept = filed.newest(connection)
    faults = {error.faults[0]: str(error) for error in bad} if with_offers else {}
    sheets = []
    for slug, path in written.items():
        try:
            sheets.append(_sheet(path, kept.get((FILE, slug))))
        except ProfileError as error:
            if not _is_ready(known.get(slug)):
                faults[slug] = str(error)
    sheets += [_offer(settings, each, has_reader=with_offers) for each in offered.values()]
    usual = _usual_words(settings)
    stale = [each for each in sheets if not _is_settled(each, known.get(each.slug), kept, usual)]
    if stale:
        key = secret.load(settings.secret)
        with store.writing() as connection:
            kept = filed.newest(connection)
            for each in stale:
                _take_up(connection, each, kept.get((each.digest, each.slug)), usual, key, now)
            known = subscriptions.by_slugs(connection, {*written, *offered})
    faults |= {slug: _TAKEN for slug in written if slug in known and known[slug].digest != FILE}
    if with_offers:
        faults |= {slug: _TAKEN for slug in offered if slug in known and known[slug].digest != slug}
    return faults


def adopt_file(store: Store, settings: Settings, path: Path, *, now: datetime) -> Subscription:
    """The subscription of the reader of one file, made if there is none, and as the file says.

    Raises:
        ProfileError: the file cannot be read, or has faults.
        SubscriptionError: another subscription has its name.
        SettingsError: the installation's secret cannot be read or made.
    """
    sheet = _sheet(path, None)
    key = secret.load(settings.secret)
    with store.writing() as connection:
        before = filed.newest(connection).get((FILE, sheet.slug))
        _take_up(connection, sheet, before, _usual_words(settings), key, now)
        found = subscriptions.by_slug(connection, sheet.slug)
    if found is None or found.digest != FILE:
        raise SubscriptionError("", f"{path.name}: {_TAKEN}")
    return found


def usual(settings: Settings, profile: Profile) -> Preferences:
    """What the reader of a file gets before anything else is chosen."""
    return _chosen(_usual_words(settings) | _said(profile), Preferences())


def wake(store: Store, settings: Settings, *, now: datetime) -> None:
    """End the pauses that are over; the first issue behind each is due as it was said to be."""
    with store.reading() as connection:
        if not subscriptions.over(connection, now):
            return
    with store.writing() as connection:
        for each in subscriptions.over(connection, now):
            going = subscription.resumed(each, now=now, window_days=settings.window_days, due=each.due)
            subscriptions.replace(connection, going)


def _sheet(path: Path, kept: Filed | None) -> _Sheet:
    """What a file says, by what is kept where that is all.

    Raises:
        ProfileError: the file cannot be read, or has faults.
    """
    text = profiles.text_of(path)
    mark = _fingerprint(text)
    if kept and kept.fingerprint == mark:
        return _Sheet(digest=FILE, slug=path.stem, fingerprint=mark, said=kept.said, text=None)
    said = _said(profiles.loads(text, name=str(path)))
    return _Sheet(digest=FILE, slug=path.stem, fingerprint=mark, said=said, text=without(text, {"email"}))


def _offer(settings: Settings, profile: Profile, *, has_reader: bool) -> _Sheet:
    text = offers.text_of(settings, profile.slug)
    return _Sheet(
        digest=profile.slug,
        slug=profile.slug,
        fingerprint=_fingerprint(text),
        said=_said(profile),
        text=text,
        has_reader=has_reader,
    )


def _is_settled(
    sheet: _Sheet, known: Subscription | None, kept: Mapping[tuple[str, str], Filed], usual: Mapping[str, str]
) -> bool:
    """Whether nothing is to be done about a file."""
    before = kept.get((sheet.digest, sheet.slug))
    if before is None or before.fingerprint != sheet.fingerprint or before.words != _words(usual, sheet.said):
        return False
    return not sheet.has_reader or _is_ready(known)


def _take_up(
    connection: sa.Connection,
    sheet: _Sheet,
    before: Filed | None,
    usual: Mapping[str, str],
    key: bytes,
    now: datetime,
) -> None:
    """Let a file's reader have a subscription as the file says, and keep that; a name that is taken is let be."""
    words = _words(usual, sheet.said)
    known = subscriptions.by_slug(connection, sheet.slug)
    if known is None and sheet.has_reader:
        subscriptions.adopt(connection, [_of_operator(sheet, words, key, now)])
    elif known and known.subscriber is None and known.digest == sheet.digest:
        # Who never was looked at keeps what there is but for what the file says itself.
        changed = _changed(before.words, words) if before else _changed(words_of(known.preferences), sheet.said)
        subscriptions.replace(connection, _following(known, changed, words, now))
    if before is None or before.fingerprint != sheet.fingerprint or before.words != words:
        text = sheet.text if sheet.text is not None else before.text if before else ""
        filed.add(
            connection,
            Filed(
                digest=sheet.digest,
                slug=sheet.slug,
                fingerprint=sheet.fingerprint,
                text=text,
                said=sheet.said,
                words=words,
                met=now,
            ),
        )


def _following(
    known: Subscription, changed: Mapping[str, str], words: Mapping[str, str], now: datetime
) -> Subscription:
    """A subscription as its file says by now, or that is back; an issue that is late already still comes."""
    try:
        chosen = preferences(changed, known.preferences)
    except SubscriptionError:
        # A time of day does not go with the crontab line that its reader chose.
        chosen = _chosen(words, known.preferences)
    if known.due and known.due.at <= now:
        return replace(known, preferences=chosen)
    other = subscription.revised(known, chosen, now=now)
    if other.standing is Standing.ACTIVE and other.due is None:
        return replace(other, due=first(chosen.schedule, now))
    return other


def _of_operator(sheet: _Sheet, words: Mapping[str, str], key: bytes, now: datetime) -> Subscription:
    chosen = _chosen(words, Preferences())
    return Subscription(
        slug=sheet.slug,
        reader=reader_id(key, sheet.slug).hex(),
        subscriber=None,
        digest=sheet.digest,
        standing=Standing.ACTIVE,
        preferences=chosen,
        made=now,
        due=first(chosen.schedule, now),
    )


def _usual_words(settings: Settings) -> dict[str, str]:
    return {
        "frequency": DAILY,
        "at": settings.send_at,
        "zone": settings.timezone,
        "patience": patience_told(PATIENCE),
    }


def _said(profile: Profile) -> dict[str, str]:
    """What a profile says of when issues come, in words of `digest.preferences`."""
    said = {
        "frequency": profile.frequency,
        "at": profile.send_at,
        "zone": profile.timezone or "",
        "patience": patience_told(profile.patience) if profile.patience else "",
    }
    return {name: word for name, word in said.items() if word}


def _words(usual: Mapping[str, str], said: Mapping[str, str]) -> dict[str, str]:
    """What counts of a file and of the settings; a crontab line says the time itself."""
    words = {**usual, **said}
    if words["frequency"].startswith("cron"):
        del words["at"]
    return words


def _chosen(words: Mapping[str, str], before: Preferences) -> Preferences:
    is_cron = words["frequency"].startswith("cron")
    return preferences({name: word for name, word in words.items() if name != "at" or not is_cron}, before)


def _changed(before: Mapping[str, str], words: Mapping[str, str]) -> dict[str, str]:
    return {name: word for name, word in words.items() if before.get(name) != word}


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _is_ready(known: Subscription | None) -> bool:
    """Whether a subscription is there and issues come of it, or its reader wants none."""
    return known is not None and (known.due is not None or known.standing is not Standing.ACTIVE)
