"""Forgetting a reader for good: rows, pages, feeds, and mails that lie in the outbox folder.

What has left the house is out of reach: mails in mailboxes, pages that somebody saved, and backups.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.utils import parseaddr
from typing import TYPE_CHECKING

from digest import lifecycle, profiles
from digest.errors import DigestError, ProfileError
from digest.store import bounces, subscribers, subscriptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.settings import Settings
    from digest.store import Store
    from digest.store.bounces import Reason

_LETTER = re.compile(r"\d{4}-\d\d-\d\d\.letter-\d+\.eml", re.ASCII)
_DAY, _TOKEN = r"\d{4}-\d\d-\d\d", r"[a-z2-7]{26}"
_HEAD = 64 * 1024
"""Bytes of a letter that its header is looked for in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was deleted: subscriptions by name, and how many files; and what was not.

    `suppressed` is why the address is still one that nothing is sent to: its owner's wish. `profiles` are operator's
    files in which the address stands.
    """

    slugs: tuple[str, ...]
    files: int
    suppressed: Reason | None = None
    profiles: tuple[Path, ...] = ()


def forget(store: Store, settings: Settings, subscriber: str) -> Forgotten:
    """Delete all that is held about a subscriber.

    Raises:
        DigestError: a file cannot be deleted; the rows are gone, and doing it again goes on.
    """
    with store.reading() as connection:
        owner = subscribers.by_id(connection, subscriber)
        slugs = tuple(each.slug for each in subscriptions.of(connection, subscriber))
    if owner is None:
        return Forgotten(slugs=(), files=0)
    shared = tuple(path for path, address in _addresses(settings) if bounces.key(address) == bounces.key(owner.address))
    # Files first: while the rows are there, whoever was stopped half way can find them again.
    files = _unlink(settings, slugs, owner.address)
    lifecycle.forget(store, subscriber, is_shared=bool(shared))
    # A sender may have written one more in between.
    files += _unlink(settings, slugs, owner.address)
    with store.reading() as connection:
        kept = bounces.reason(connection, owner.address)
    return Forgotten(slugs=slugs, files=files, suppressed=kept, profiles=shared)


def forget_reader(store: Store, settings: Settings, slug: str) -> Forgotten:
    """Delete what is held under the name of a reader whose profile is a file; the file is its operator's to delete."""
    files = _unlink(settings, (slug,), "")
    with store.shredding() as connection:
        subscribers.forget_reader(connection, slug)
        subscriptions.delete(connection, slug)
    files += _unlink(settings, (slug,), "")
    left = tuple(path for path in _profiles(settings) if path.stem == slug)
    return Forgotten(slugs=(slug,), files=files, profiles=left)


def _unlink(settings: Settings, slugs: tuple[str, ...], address: str) -> int:
    """Delete the files of readers, and the letters to an address; how many that were."""
    found = [*_files(settings, slugs), *(_letters(settings.outbox, address) if address else ())]
    for path in found:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise DigestError(f"cannot delete: {str(path)!r}: {error.strerror}") from error
    return len(found)


def _files(settings: Settings, slugs: tuple[str, ...]) -> Iterator[Path]:
    if not slugs:
        return
    names = "|".join(map(re.escape, slugs))
    mail = re.compile(rf"{_DAY}-(?:{names})\.eml", re.ASCII)
    # As `digest.twins.names` calls them, whatever the secret was then.
    page = re.compile(
        rf"(?:{_DAY}-(?:{names})-{_TOKEN}\.(?:html|md|bib)|(?:{names})-{_TOKEN}\.(?:html|atom|json))", re.ASCII
    )
    for folder, named in ((settings.outbox, mail), (settings.pages, page)):
        if folder.is_dir():
            yield from (path for path in folder.iterdir() if named.fullmatch(path.name))


def _letters(outbox: Path, address: str) -> Iterator[Path]:
    """The letters to an address: their rows may be gone long since, so that the files themselves are asked."""
    for path in outbox.iterdir() if outbox.is_dir() else ():
        if not _LETTER.fullmatch(path.name):
            continue
        try:
            with path.open("rb") as file:
                head = file.read(_HEAD)
        except FileNotFoundError:
            continue
        if bounces.key(parseaddr(message_from_bytes(head)["To"] or "")[1]) == bounces.key(address):
            yield path


def _addresses(settings: Settings) -> Iterator[tuple[Path, str]]:
    """The addresses in operator's profiles, as far as these can be read."""
    for path in _profiles(settings):
        try:
            email = profiles.load(path).email
        except ProfileError:
            continue
        if email:
            yield path, email


def _profiles(settings: Settings) -> tuple[Path, ...]:
    return profiles.find(settings.profiles) if settings.profiles.is_dir() else ()
