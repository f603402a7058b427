"""An issue as the database keeps it: JSON with all that it shows, so that it is the same whenever it is rendered.

The papers that it recommends stand beside it, each once for all issues that show it so, by the SHA-256 of its own JSON:
what many issues share is two thirds of what they show. A paper that changes has another name from then on.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import TypeAdapter

from digest.recent import Recent, recent_by_object
from digest.types import Issue, Paper

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from digest.types import Match

REMEMBERED = 2_048
"""Papers of a generation, as the issues of a day share theirs; 10 MB when full of usual ones."""

_ISSUE, _PAPER = TypeAdapter(Issue), TypeAdapter(Paper)
_papers: Recent[str, Paper] = Recent(REMEMBERED)
_NO_SECTIONS = '"sections":[]'


@dataclass(frozen=True, slots=True)
class Written:
    """An issue as JSON, and by their names the papers that it names, as JSON."""

    content: str
    papers: Mapping[str, str]


def written(issue: Issue) -> Written:
    """The issue as it is kept."""
    papers: dict[str, str] = {}
    # Within a string there is no quotation mark without a backslash before it, so this is nowhere but where it says.
    begin, _, end = _ISSUE.dump_json(replace(issue, sections=())).decode().partition(_NO_SECTIONS)
    sections = [
        {"heading": section.heading, "matches": [_match(each, papers) for each in section.matches]}
        for section in issue.sections
    ]
    return Written(f'{begin}"sections":{orjson.dumps(sections).decode()}{end}', papers)


def _match(match: Match, papers: dict[str, str]) -> dict[str, Any]:
    # Not left to orjson: to these types a whole number is one like others, and a dictionary takes a third of the time.
    nearest = match.nearest
    named = [_named(each) for each in (match.paper, *match.similar)]
    papers.update(named)
    return {
        "paper": named[0][0],
        "score": float(match.score),
        "interest": match.interest,
        "evidence": [{"term": each.term, "share": float(each.share)} for each in match.evidence],
        "nearest": nearest and {"id": nearest.id, "title": nearest.title, "likeness": float(nearest.likeness)},
        "similar": [name for name, _ in named[1:]],
        "gist": match.gist,
    }


@recent_by_object(REMEMBERED)
def _named(paper: Paper) -> tuple[str, str]:
    """The paper's name and its JSON."""
    content = _PAPER.dump_json(paper)
    return _name(content), content.decode()


def _name(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read(contents: Iterable[str], kept: Callable[[Collection[str]], Mapping[str, str]]) -> list[Issue]:
    """The issues that `written` made these of; issues in which a paper is the same share its object.

    `kept` gives papers by their names; it is asked once, for those that are not remembered. Contents of before papers
    stood beside them are read, too.

    Raises:
        KeyError: a paper is not kept.
    """
    told = [orjson.loads(content) for content in contents]
    papers = _papers_of({name for each in told for name in _names(each)}, kept)
    for each in told:
        for match in _matches(each):
            match["paper"] = _paper(match["paper"], papers)
            match["similar"] = [_paper(similar, papers) for similar in match.get("similar", ())]
        for update in each.get("updates", ()):
            update["paper"] = _paper(update["paper"], papers)
    return [_ISSUE.validate_python(each) for each in told]


def names(content: str) -> set[str]:
    """The papers that an issue names."""
    return set(_names(orjson.loads(content)))


def _names(told: dict[str, Any]) -> Iterator[str]:
    for match in _matches(told):
        yield from (each for each in (match["paper"], *match.get("similar", ())) if isinstance(each, str))


def _matches(told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (match for section in told.get("sections", ()) for match in section["matches"])


def _papers_of(wanted: set[str], kept: Callable[[Collection[str]], Mapping[str, str]]) -> dict[str, Paper]:
    papers: dict[str, Paper] = {}
    for name in wanted:
        try:
            papers[name] = _papers[name]
        except KeyError:
            continue
    unknown = wanted - papers.keys()
    for name, content in kept(unknown).items() if unknown else ():
        papers[name] = _PAPER.validate_json(content)
        _papers.keep(name, papers[name])
    return papers


def _paper(told: str | dict[str, Any], papers: Mapping[str, Paper]) -> Paper:
    """The paper of a name; or that which stands where it is named, the same object while it is remembered."""
    if isinstance(told, str):
        return papers[told]
    name = _name(orjson.dumps(told))
    try:
        return _papers[name]
    except KeyError:
        pass
    paper = _PAPER.validate_python(told)
    _papers.keep(name, paper)
    return paper
