"""The Hugging Face daily papers API: a JSON array of papers with what the community made of them.

Format: https://huggingface.co/api/daily_papers, as its OpenAPI description (https://huggingface.co/.well-known/openapi.json)
has it. A single paper, and `{"papers": […]}`, are read as well.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from digest.errors import SourceError
from digest.identity import parse_id, title_id
from digest.links import http_url
from digest.sources import fields
from digest.sources.json_walk import BrokenJsonError, decode, elements, members
from digest.sources.records import Document, RecordError
from digest.types import Links, Paper, Rejection, Signals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date


SUMMARISER = "Hugging Face (machine-written)"
"""Who writes the summaries of the daily papers (`ai_summary`)."""


def parse(document: Document) -> Iterator[Paper | Rejection]:
    """The papers of an answer in its order; one that is cut off gives those before the cut.

    Raises:
        SourceError: It is no JSON array or object, or an object that holds no papers.
    """
    text = document.body.decode(json.detect_encoding(document.body), "replace")
    number = 0
    try:
        for number, value in enumerate(_papers(document.name, text), start=1):
            yield _outcome(document.name, number, value)
    except BrokenJsonError as error:
        if document.cut is None:
            line, column = text.count("\n", 0, error.at) + 1, error.at - text.rfind("\n", 0, error.at)
            problem = "cut off here" if error.is_end else "broken here, the rest is lost"
            where = f"{document.name}: entry {number + 1} (line {line}, column {column})"
            yield Rejection(where=where, why=f"{problem}: {error.why}")


def _papers(name: str, text: str) -> Iterator[object]:
    start = len(text) - len(text.lstrip())
    opening = text[start : start + 1]
    if opening == "[":
        yield from elements(text, start)
        return
    if opening != "{":
        raise SourceError(name, "not a JSON array or object of daily papers")
    for key, at in members(text, start):
        if key == "papers" and text[at : at + 1] == "[":
            yield from elements(text, at)
            return
        if key == "error":
            reason = decode(text, at)[0]
            raise SourceError(name, f"the source answers with an error: {fields.words(reason) or 'unknown'}")
    yield decode(text, start)[0]


def _outcome(name: str, number: int, value: object) -> Paper | Rejection:
    where = f"{name}: entry {number}"
    try:
        if not isinstance(value, dict):
            raise RecordError(f"expected an object, got {fields.kind(value)}")  # noqa: TRY301 - one place makes rejections
        return _paper(value)
    except RecordError as error:
        return Rejection(where=f"{where} ({error.id})" if error.id else where, why=error.why)


def _paper(entry: dict[str, Any]) -> Paper:
    paper = fields.section(entry, "paper") or entry
    raw_id = paper.get("id")
    found = parse_id(raw_id) if isinstance(raw_id, str) else None
    try:
        title = fields.title(paper if paper.get("title") else entry)
        abstract = fields.text(paper, "summary") or fields.text(entry, "summary")
        canonical = found.id if found else title_id(title, abstract)
        return Paper(
            id=canonical,
            title=title,
            abstract=abstract,
            version=found.version if found else None,
            authors=_authors(paper),
            published=fields.instant(paper.get("publishedAt")),
            announced=_day(paper.get("submittedOnDailyAt")),
            links=_links(paper, fields.links_of(canonical, abstract)),
            signals=_signals(entry, paper),
        )
    except RecordError as error:
        raise RecordError(error.why, found.id if found else None) from error


def _day(value: object) -> date | None:
    moment = fields.instant(value)
    return moment.date() if moment else None


def _authors(paper: Mapping[str, Any]) -> tuple[str, ...]:
    listed = paper.get("authors")
    if listed is None:
        return ()
    if not isinstance(listed, list):
        raise RecordError(f"authors: expected a list, got {fields.kind(listed)}")
    shown = (author for author in listed if isinstance(author, dict) and author.get("hidden") is not True)
    return tuple(name for author in shown if (name := fields.words(author.get("name"))))


def _links(paper: Mapping[str, Any], mentioned: Links) -> Links:
    return Links(
        abstract=mentioned.abstract,
        pdf=mentioned.pdf,
        code=http_url(paper.get("githubRepo")) or mentioned.code,
        project=http_url(paper.get("projectPage")) or mentioned.project,
    )


def _signals(entry: Mapping[str, Any], paper: Mapping[str, Any]) -> Signals:
    said = fields.words(paper.get("ai_summary"))
    people = (entry.get("submittedBy"), paper.get("submittedOnDailyBy"))
    person: dict[str, Any] = next((who for who in people if isinstance(who, dict)), {})
    return Signals(
        upvotes=fields.count(paper.get("upvotes")),
        comments=fields.count(entry.get("numComments")),
        stars=fields.count(paper.get("githubStars")),
        submitter=fields.words(person.get("fullname")) or fields.words(person.get("name")),
        thumbnail=http_url(entry.get("thumbnail")),
        summary=said,
        summary_by=SUMMARISER if said else None,
    )
