"""OpenReview: notes as both versions of its API give them, and the conference lists of Paper Copilot.

Formats: https://docs.openreview.net/reference/api-v2/entities/note (in API 2 each value of `content` is wrapped as
`{"value": …}`) and https://github.com/papercopilot/paperlists (flat, authors separated by semicolons).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from digest.links import http_url
from digest.sources import fields, json_records, scholarly
from digest.sources.records import RecordError
from digest.text import clean
from digest.types import Links, Paper, Signals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from digest.sources.records import Document
    from digest.types import Rejection

_SITE = "https://openreview.net"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse(document: Document) -> Iterator[Paper | Rejection]:
    """The papers of an answer or list in its order; reviews and comments among them are rejected.

    Raises:
        SourceError: It is no JSON array or object, or OpenReview reports an error.
    """
    return json_records.parse(_FORM, document)


def _paper(record: dict[str, Any]) -> Paper:
    return _from_note(record) if isinstance(record.get("content"), dict) else _from_list(record)


def _from_note(note: Mapping[str, Any]) -> Paper:
    content = {key: _value(value) for key, value in note["content"].items()}
    forum, own = note.get("forum"), note.get("id")
    other = note.get("externalIds")
    ids = scholarly.ids_of([f"openreview:{own}", *(other if isinstance(other, list) else [note.get("externalId")])])
    with scholarly.named(ids.id):
        if forum is not None and forum != own:
            raise RecordError(f"a reply to {str(forum)[:40]!r}, no paper")
        if ids.id is None:
            raise RecordError(f"id: not an id of OpenReview: {str(own)[:40]!r}")
        abstract = scholarly.abstract(content, "abstract")
        return Paper(
            id=ids.id,
            title=fields.title(content),
            abstract=abstract,
            version=ids.version,
            authors=_note_authors(content),
            published=_first_instant(note, "pdate", "odate", "cdate", "tcdate"),
            updated=_first_instant(note, "mdate", "tmdate"),
            venue=fields.words(content.get("venue")),
            comment=fields.words(content.get("comment")),
            other_ids=ids.others,
            links=_note_links(content, ids, abstract),
            signals=_signals(_tldr(content)),
        )


def _value(value: object) -> object:
    return value.get("value") if isinstance(value, dict) else value


def _note_authors(content: Mapping[str, Any]) -> tuple[str, ...]:
    listed = content.get("authors")
    if isinstance(listed, str):
        listed = listed.split(",")
    if listed is None:
        return ()
    if not isinstance(listed, list):
        raise RecordError(f"authors: expected a list, got {fields.kind(listed)}")
    names = (each.get("fullname") or each.get("name") if isinstance(each, dict) else each for each in listed)
    return tuple(name for each in names if (name := fields.words(each)))


def _first_instant(note: Mapping[str, Any], *keys: str) -> datetime | None:
    """The first of these instants that is there; they are milliseconds since 1970."""
    for key in keys:
        value = note.get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            try:
                return _EPOCH + timedelta(milliseconds=value)
            except (OverflowError, ValueError):
                continue
    return None


def _tldr(content: Mapping[str, Any]) -> str | None:
    return next((found for key in ("TLDR", "TL;DR", "tldr") if (found := fields.words(content.get(key)))), None)


def _signals(tldr: str | None) -> Signals:
    return Signals(summary=tldr, summary_by="the authors" if tldr else None)


def _note_links(content: Mapping[str, Any], ids: scholarly.Ids, abstract: str) -> Links:
    pdf = content.get("pdf")
    on_site = f"{_SITE}{pdf}" if isinstance(pdf, str) and pdf.startswith("/") else pdf
    return _links(ids, abstract, on_site, content.get("code"))


def _links(ids: scholarly.Ids, abstract: str, pdf: object, code: object) -> Links:
    known = fields.links_of(ids.id or "", abstract)
    forum = next((each for each in (ids.id or "", *ids.others) if each.startswith("openreview:")), "")
    page = f"{_SITE}/forum?id={forum.removeprefix('openreview:')}" if forum else None
    return replace(
        known,
        abstract=known.abstract or page,
        pdf=known.pdf or http_url(pdf),
        code=http_url(code) or known.code,
    )


def _from_list(record: Mapping[str, Any]) -> Paper:
    ids = scholarly.ids_of([record.get("site"), record.get("doi"), _arxiv(record.get("arxiv"))])
    with scholarly.named(ids.id):
        title = fields.title(record)
        abstract = scholarly.abstract(record, "abstract")
        canonical = ids.or_title(title, abstract)
        links = _links(ids, abstract, record.get("pdf"), _first_of(record.get("github")))
        return Paper(
            id=canonical,
            title=title,
            abstract=abstract,
            version=ids.version,
            authors=tuple(name for each in fields.text(record, "author").split(";") if (name := clean(each))),
            comment=fields.words(record.get("status")),
            other_ids=ids.others,
            links=replace(
                links,
                abstract=links.abstract or http_url(record.get("site")),
                project=http_url(_first_of(record.get("project"))) or links.project,
            ),
            signals=_signals(fields.words(record.get("tldr"))),
        )


def _arxiv(value: object) -> str | None:
    return f"arxiv:{value}" if isinstance(value, str) and value[:1].isdigit() else None


def _first_of(value: object) -> str | None:
    return value.partition(";")[0].strip() if isinstance(value, str) else None


_FORM = json_records.Form(what="papers of OpenReview", parse=_paper, places={"notes": {}})
