"""An issue as the database keeps it: JSON with all that it shows, so that it is the same whenever it is rendered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import TypeAdapter

from digest.recent import Recent, recent_by_object
from digest.types import Issue, Paper

if TYPE_CHECKING:
    from digest.types import Match

REMEMBERED = 1_024
"""Papers of a generation, as the issues of a day share theirs; 5 MB when full of usual ones."""

_ISSUE, _PAPER = TypeAdapter(Issue), TypeAdapter(Paper)
_papers: Recent[str, tuple[str, Paper]] = Recent(REMEMBERED)

# Within a string there is no quotation mark without a backslash before it, so these are nowhere but where they say.
_PLACE, _BEGINNING, _NO_SECTIONS = '"paper":', '{"id":"', '"sections":[]'


def written(issue: Issue) -> str:
    """The issue as JSON, each paper of it written once for all issues that it is in."""
    begin, _, end = _ISSUE.dump_json(replace(issue, sections=())).decode().partition(_NO_SECTIONS)
    sections = [
        {"heading": section.heading, "matches": [_match(each) for each in section.matches]}
        for section in issue.sections
    ]
    return f'{begin}"sections":{orjson.dumps(sections).decode()}{end}'


def _match(match: Match) -> dict[str, Any]:
    # Not left to orjson: to these types a whole number is one like others, and a dictionary takes a third of the time.
    nearest = match.nearest
    return {
        "paper": _fragment(match.paper),
        "score": float(match.score),
        "interest": match.interest,
        "evidence": [{"term": each.term, "share": float(each.share)} for each in match.evidence],
        "nearest": nearest and {"id": nearest.id, "title": nearest.title, "likeness": float(nearest.likeness)},
        "similar": [_fragment(each) for each in match.similar],
        "gist": match.gist,
    }


@recent_by_object(REMEMBERED)
def _fragment(paper: Paper) -> orjson.Fragment:
    """The paper as JSON."""
    return orjson.Fragment(_PAPER.dump_json(paper))


def read(content: str) -> Issue:
    """The issue that `written` made this of; issues in which a paper is the same share its object."""
    shorter, papers = _known(content)
    told = orjson.loads(shorter)
    for section in told["sections"]:
        for match in section["matches"]:
            match["paper"] = _paper(match["paper"], papers)
            match["similar"] = [_paper(each, papers) for each in match.get("similar", ())]
    for update in told.get("updates", ()):
        update["paper"] = _paper(update["paper"], papers)
    return _ISSUE.validate_python(told)


def _known(content: str) -> tuple[str, list[Paper]]:
    """The content with numbers for papers that are remembered, and these: papers are most of it, and need no parser."""
    kept: list[str] = []
    papers: list[Paper] = []
    start = at = 0
    while (found := content.find(_PLACE + _BEGINNING, at)) >= 0:
        at = found + len(_PLACE)
        named = at + len(_BEGINNING)
        try:
            text, paper = _papers[content[named : content.find('"', named)]]
        except KeyError:
            continue
        # The text is a whole object, so nothing longer begins with it.
        if content.startswith(text, at):
            kept += (content[start:at], str(len(papers)))
            papers.append(paper)
            start = at = at + len(text)
    return "".join([*kept, content[start:]]), papers


def _paper(told: int | dict[str, Any], papers: list[Paper]) -> Paper:
    """The paper, the same object for the same content while it is remembered."""
    if isinstance(told, int):
        return papers[told]
    text = orjson.dumps(told).decode()
    try:
        content, paper = _papers[told["id"]]
    except KeyError:
        content = ""
    if content != text:
        paper = _PAPER.validate_python(told)
        _papers.keep(paper.id, (text, paper))
    return paper
