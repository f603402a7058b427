"""An issue as the database keeps it: JSON with all that it shows, so that it is the same whenever it is rendered."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import TypeAdapter

from digest.recent import Recent
from digest.types import Issue, Paper

REMEMBERED = 1_024
"""Papers of a generation, as the issues of a day share theirs; 5 MB when full of usual ones."""

_ISSUE, _PAPER = TypeAdapter(Issue), TypeAdapter(Paper)
_papers: Recent[str, tuple[dict[str, Any], Paper]] = Recent(REMEMBERED)


def written(issue: Issue) -> str:
    """The issue as JSON."""
    return _ISSUE.dump_json(issue).decode()


def read(content: str) -> Issue:
    """The issue that `written` made this of; issues in which a paper is the same share its object."""
    told = orjson.loads(content)
    for section in told["sections"]:
        for match in section["matches"]:
            match["paper"] = _paper(match["paper"])
            match["similar"] = [_paper(each) for each in match.get("similar", ())]
    return _ISSUE.validate_python(told)


def _paper(told: dict[str, Any]) -> Paper:
    """The paper, the same object for the same content while it is remembered."""
    try:
        content, paper = _papers[told["id"]]
    except KeyError:
        content = None
    if content != told:
        paper = _PAPER.validate_python(told)
        _papers.keep(paper.id, (told, paper))
    return paper
