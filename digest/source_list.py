"""The list of sources in `digest.toml`: adding to it and taking from it, with every other line as it was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from digest import feeds, settings, tomlarray
from digest.durable import write_whole
from digest.errors import SettingsError, SourceError
from digest.sources import opml
from digest.sources.feed_encoding import decode
from digest.sources.records import Document
from digest.sources.streams import MAX_DOCUMENT, describe
from digest.types import Rejection

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

_KEY = "sources"
_MARK = "\ufeff"
_FIRST_BYTES = 8192


def named(word: str, as_of: date) -> tuple[list[str], list[Rejection]]:
    """The sources that a word on the command line means, by canonical name, and what cannot be one.

    What is no name may be a path: a list of feeds (OPML) means each of its feeds, any other file or folder means itself
    by its whole path.

    Raises:
        SourceError: a list of feeds cannot be read.
        ValueError: the word means no source.
    """
    try:
        source = feeds.parse(word)
    except ValueError:
        if not Path(word).exists():
            raise
    else:
        if source.kind != feeds.Kind.FOLDER:
            return [source.name], []
    path = Path(word)
    try:
        head = b""
        if path.is_file():
            with path.open("rb") as file:
                head = file.read(_FIRST_BYTES)
                body = head + file.read(MAX_DOCUMENT) if "<opml" in decode(head).lower() else b""
            if body:
                return _of_list(Document(str(path), body, as_of))
    except (OSError, ValueError) as error:
        raise SourceError(word, f"cannot be read: {describe(error)}") from error
    return [feeds.parse(word if word.startswith("~") else str(path.absolute())).name], []


def _of_list(document: Document) -> tuple[list[str], list[Rejection]]:
    names: list[str] = []
    rejections: list[Rejection] = []
    for feed in opml.feeds(document):
        if isinstance(feed, Rejection):
            rejections.append(feed)
            continue
        try:
            names.append(feeds.parse(feed.url).name)
        except ValueError as error:
            rejections.append(Rejection(where=document.name, why=str(error)))
    return names, rejections


def add(home: Path, names: Iterable[str]) -> list[str]:
    """Put sources at the end of the list; the canonical names of those that were not in it.

    Raises:
        SettingsError: `digest.toml` has faults, and was not touched.
        DeliveryError: it cannot be written.
        ValueError: a name stands for no source; nothing was written.
    """
    wanted = list(dict.fromkeys(feeds.parse(name).name for name in names))
    listed = _listed(home)
    added = [name for name in wanted if name not in listed]
    text = _text(home)
    for name in added:
        text = tomlarray.add(text, _KEY, name)
    if added:
        _write(home, text)
    return added


def remove(home: Path, names: Iterable[str]) -> list[str]:
    """Take sources out of the list; the canonical names of those that were in it.

    Raises:
        SettingsError: `digest.toml` has faults, and was not touched.
        DeliveryError: it cannot be written.
        ValueError: a name stands for no source; nothing was written.
    """
    unwanted = {feeds.parse(name).name for name in names}
    listed = _listed(home)
    text = _text(home)
    # From the end, so that the places of those before stay.
    for index in reversed(range(len(listed))):
        if listed[index] in unwanted:
            text = tomlarray.remove(text, _KEY, index)
    removed = [name for name in listed if name in unwanted]
    if removed:
        _write(home, text)
    return removed


def _listed(home: Path) -> list[str]:
    return [feeds.parse(name).name for name in settings.load(home).sources]


def _text(home: Path) -> str:
    """The settings file as it is, but for a byte order mark; `settings.load` has read it before."""
    try:
        return (home / settings.FILE).read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{home / settings.FILE}: cannot be read: {error}") from error


def _write(home: Path, text: str) -> None:
    # A link stays one: what it leads to is written.
    path = (home / settings.FILE).resolve()
    marked = path.is_file() and path.read_bytes().startswith(_MARK.encode())
    write_whole(path, (_MARK if marked else "").encode() + text.encode())
