"""Which papers hold which words: an index beside the database, from which a search takes the papers worth scoring.

It is SQLite's FTS5 (https://www.sqlite.org/fts5.html) in a file of its own, `search.sqlite3`, made from the papers: one
that is missing, damaged, of another version or of another database is made again, and no backup needs it. It grows when
somebody searches, and beside a large ingest (`digest.store.following`), by what came, was revised or merged since: FTS5
within the ingest's transaction would make an ingest 40 % longer. It holds words as the ranking stems them, so what is
found is what is scored. FTS5 ranks a paper that has one of the words in about a microsecond; to read and count a paper
takes a hundred and more.

Only this module knows FTS5. A database with a full-text search of its own (PostgreSQL's tsvector) takes the same words.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from digest.errors import StoreError
from digest.ranking.lexicon import Reader
from digest.ranking.search import stems
from digest.store import merges, papers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from digest.progress import Progress
    from digest.store import Store

T = TypeVar("T")

VERSION = 2
"""Changes whenever the same papers would be indexed otherwise: other stems, columns or tables."""

_CHUNK = 5000
_PATIENCE_SECONDS = 30.0
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_KIND = 0xFF  # the bits of an extended result code that name its kind (https://www.sqlite.org/rescode.html)

# FTS5 without a copy of the texts cannot take one back (before SQLite 3.43): a revised paper gets another entry, and
# its old one belongs to no paper.
_SCHEMA = (
    "CREATE VIRTUAL TABLE words USING fts5(title, abstract, authors, content='', tokenize='unicode61')",
    # FTS5's own merging works the harder at each write the larger the index is. Without it, segments are merged by
    # sixteens when there are sixteen of a size: a day's papers cost the same everywhere, but for a merge now and then.
    # What it gathers in memory, in bytes, before it writes a segment is to hold a chunk: fewer are merged then.
    "INSERT INTO words (words, rank) VALUES ('automerge', 0), ('crisismerge', 16), ('hashsize', 16777216)",
    "CREATE TABLE entries (number INTEGER PRIMARY KEY, seq INTEGER NOT NULL UNIQUE, day TEXT NOT NULL)",
    "CREATE TABLE state (seq INTEGER, id TEXT, revision INTEGER, merge INTEGER, entry INTEGER)",
    f"PRAGMA user_version = {VERSION}",
)


@dataclass(frozen=True, slots=True)
class _State:
    """Number and id of the last paper indexed, the last revision and merge heeded, and the last entry made."""

    seq: int
    id: str
    revision: int
    merge: int
    entry: int


def find(
    store: Store,
    phrases: Sequence[str],
    words: Sequence[str],
    *,
    days: tuple[date | None, date | None],
    limit: int,
    progress: Progress,
) -> list[int]:
    """Numbers of up to `limit` papers of the days from first to last (None for any), the best by FTS5's BM25 first.

    They hold all phrases, each in title, abstract or authors; without phrases, at least one of the words, which are
    stems. With phrases, the words count for the order only. Without either nothing is found.

    Raises:
        StoreError: the index cannot be read or written.
    """
    all_phrases = " AND ".join('"{}"'.format(" ".join(stems(phrase))) for phrase in phrases)
    any_word = " OR ".join(f'"{word}"' for word in words)
    match = all_phrases or any_word
    if all_phrases and any_word:
        match = f"({all_phrases}) OR (({all_phrases}) AND ({any_word}))"
    since, until = days
    query = (
        "SELECT entries.seq FROM words JOIN entries ON entries.number = words.rowid"
        " WHERE words MATCH ? AND entries.day BETWEEN ? AND ? ORDER BY bm25(words), entries.seq LIMIT ?"
    )
    values = (match, str(since or ""), str(until or "9999-12-31"), limit)
    if not match:
        return []

    def found(index: sqlite3.Connection) -> list[int]:
        _grow(store, index, progress, Reader())
        return [seq for (seq,) in index.execute(query, values)]

    return _asked(store, progress, found)


def grow(store: Store, progress: Progress, reader: Reader | None = None, *, chunks: int | None = None) -> int:
    """Index what came, was revised and was merged since the last time, as every search does first.

    It is done some thousand papers a chunk; all of them if `chunks` is None.

    Returns:
        The number of the last paper indexed.

    Raises:
        StoreError: the index cannot be read or written.
    """
    return _asked(store, progress, lambda index: _grow(store, index, progress, reader or Reader(), chunks))


def _asked(store: Store, progress: Progress, ask: Callable[[sqlite3.Connection], T]) -> T:
    """What the index answers; one that is of no use is made anew first."""
    path = store.folder / "search.sqlite3"
    try:
        for is_last in (False, True):
            try:
                with closing(sqlite3.connect(path, timeout=_PATIENCE_SECONDS, isolation_level=None)) as index:
                    if _is_of(store, index):
                        return ask(index)
            except sqlite3.DatabaseError as error:
                if is_last or getattr(error, "sqlite_errorcode", 0) & _KIND not in _DAMAGED:
                    raise
            progress.say("the search index is damaged, or not of this version or database: indexing all papers again …")
            # What a killed program left to be undone must not be undone in the new file.
            for file in (path.with_name(f"{path.name}-journal"), path):
                file.unlink(missing_ok=True)
    except (sqlite3.DatabaseError, OSError) as error:
        raise StoreError(f"cannot use the search index: {str(path)!r}: {error}") from error
    raise StoreError(f"cannot use the search index: {str(path)!r}: another program keeps changing it")


def _is_of(store: Store, index: sqlite3.Connection) -> bool:
    """Whether the index is of this version and of this database, as one without tables becomes."""
    if _version(index) == 0:
        _make(store, index)
    if _version(index) != VERSION:
        return False
    # The index is looked at before the database, which then cannot know less than another program has just indexed.
    state = _state(index)
    with store.reading() as connection:
        is_known = not state.seq or papers.seq_of(connection, state.id) == merges.current(connection, state.seq)
        is_behind = state.revision <= papers.last_revision(connection) and state.merge <= merges.last(connection)
        return is_known and is_behind


def _make(store: Store, index: sqlite3.Connection) -> None:
    with _writing(index), store.reading() as connection:
        if _version(index) != 0:  # another program was faster
            return
        for statement in _SCHEMA:
            index.execute(statement)
        # All papers are going to be indexed as they are now or later, so what happened to them up to now needs no heed.
        values = (papers.last_revision(connection), merges.last(connection))
        index.execute("INSERT INTO state VALUES (0, '', ?, ?, 0)", values)


def _grow(
    store: Store, index: sqlite3.Connection, progress: Progress, reader: Reader, chunks: int | None = None
) -> int:
    """Bring the index up to date, or on by some chunks; the number of the last paper indexed."""
    begun = None
    for _ in count() if chunks is None else range(chunks):
        if not _is_behind(store, _state(index)):
            break
        with _writing(index):
            state = _state(index)
            begun = state.seq if begun is None else begun
            due = _due(store, state)
            if due is None:  # another program was faster
                continue
            numbered = list(enumerate(due.rows, start=state.entry + 1))
            # All are read before the first is written: reading and FTS5 drive each other's tables out of the cache.
            words = [(number, *_fields(text, reader)) for number, text in numbered]
            index.executemany("INSERT INTO words (rowid, title, abstract, authors) VALUES (?, ?, ?, ?)", words)
            index.executemany(
                "INSERT OR REPLACE INTO entries (number, seq, day) VALUES (?, ?, ?)",
                ((number, text.seq, str(text.day)) for number, text in numbered),
            )
            index.executemany("DELETE FROM entries WHERE seq = ?", ((seq,) for seq in due.gone))
            seen = replace(due.seen, entry=state.entry + len(due.rows))
            values = (seen.seq, seen.id, seen.revision, seen.merge, seen.entry)
            index.execute("UPDATE state SET seq = ?, id = ?, revision = ?, merge = ?, entry = ?", values)
        progress.step("indexing papers for search", seen.seq - begun, max(due.last - begun, 0))
    return _state(index).seq


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """What to index, numbers to forget, the state when that is done, and the last paper's number."""

    rows: Sequence[papers.Text] = ()
    gone: Sequence[int] = ()
    seen: _State
    last: int


def _due(store: Store, state: _State) -> _Due | None:
    """What to do next: forget works that became part of others, index those that came, then the revised; or None."""
    with store.reading() as connection:
        last = papers.last_seq(connection)
        if merged := merges.after(connection, state.merge):
            return _Due(gone=[each.gone for each in merged.values()], seen=replace(state, merge=max(merged)), last=last)
        if state.seq < last:
            rows = papers.texts_after(connection, state.seq, _CHUNK)
            return _Due(rows=rows, seen=replace(state, seq=rows[-1].seq, id=rows[-1].id), last=last)
        revised = papers.revised(connection, state.revision, _CHUNK)
        if not revised:
            return None
        rows = papers.texts_of(connection, revised.values())
        return _Due(rows=rows, seen=replace(state, revision=max(revised)), last=last)


def _is_behind(store: Store, state: _State) -> bool:
    with store.reading() as connection:
        return (
            state.seq < papers.last_seq(connection)
            or state.revision < papers.last_revision(connection)
            or state.merge < merges.last(connection)
        )


def _fields(paper: papers.Text, reader: Reader) -> tuple[str, str, str]:
    authors = reader.stems(" and ".join(paper.authors))
    return reader.stems(paper.title), reader.stems(paper.abstract), authors


def _state(index: sqlite3.Connection) -> _State:
    return _State(*index.execute("SELECT seq, id, revision, merge, entry FROM state").fetchone())


def _version(index: sqlite3.Connection) -> int:
    return int(index.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def _writing(index: sqlite3.Connection) -> Iterator[None]:
    index.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        index.execute("ROLLBACK")
        raise
    index.execute("COMMIT")
