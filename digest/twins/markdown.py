r"""An issue as Markdown (CommonMark 0.31), for a lab wiki or a chat.

Nothing that a stranger wrote may act: every character that could be markup is escaped with a backslash, that of common
extensions included (tables, strikethrough, maths, links without brackets, attributes). The only headings and links are
ours.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from digest.twins import lines
from digest.view import view

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.paper_view import PaperView
    from digest.types import Issue

_MARKUP = re.compile(r"[\\`*_{}\[\]<>#|~$&@^]|:(?=//)|(?<=\bwww)\.", re.IGNORECASE)
# What begins a list, a heading's underline, a rule or a definition, where it begins a line.
_OPENING = re.compile(r"(?:[-+=]|:(?!//)|\d{1,9}[.)])")
# What a destination within parentheses may not have (section 6.3); `&` where it would begin a character reference.
_DESTINATION = re.compile(r"[()]|&(?=[#\w]+;)")
_WRITTEN = {"(": "%28", ")": "%29", "&": "&amp;"}


def write(issue: Issue) -> str:
    """The issue with a heading, then a heading, facts, the whole abstract and the reasons for each paper."""
    shown = view(issue, characters=None)
    blocks = [f"# Trending for {_escaped(shown.name)}, {shown.day}", _escaped(shown.summary)]
    if shown.updates:
        news = (f"- {_link(each.title, each.url)}: {_escaped(each.what)}" for each in shown.updates)
        blocks += ["## News of papers you liked", "\n".join(news)]
    for section in shown.sections:
        level = "##"
        if section.heading:
            blocks.append(f"## {_escaped(section.heading)}")
            level = "###"
        for paper in section.papers:
            blocks += _blocks(paper, level)
    return "\n\n".join(blocks) + "\n"


def _blocks(paper: PaperView, level: str) -> Iterator[str]:
    title = _link(paper.title, paper.url)
    yield f"{level} {_escaped(paper.label)}: {title}" if paper.label else f"{level} {title}"
    yield from _paragraph(lines.authors(paper), lines.facts(paper))
    if paper.gist:
        by = f" (summary by {_escaped(paper.gist_by)})" if paper.gist_by else ""
        yield f"**{_escaped(paper.gist)}**{by}"
    yield from _paragraph(paper.abstract)
    yield from _paragraph(lines.why(paper), lines.closest(paper), lines.nearest(paper))
    if paper.links:
        yield " · ".join(_link(link.label, link.url) for link in paper.links)
    if paper.similar:
        more = f" and {paper.more_similar:,} more" if paper.more_similar else ""
        yield f"Nearly the same: {' · '.join(_link(each.title, each.url) for each in paper.similar)}{more}"


def _paragraph(*texts: str) -> Iterator[str]:
    """The texts that there are, each on a line of its own."""
    # A backslash at the end of a line breaks it (section 6.7); spaces there do not survive every editor.
    if written := "\\\n".join(_line(text) for text in texts if text):
        yield written


def _link(text: str, url: str) -> str:
    if not url:
        return _escaped(text)
    return f"[{_escaped(text)}]({_DESTINATION.sub(lambda found: _WRITTEN[found[0]], url)})"


def _line(text: str) -> str:
    """Text that begins a line."""
    opening = _OPENING.match(text)
    return f"{text[: opening.end() - 1]}\\{_escaped(text[opening.end() - 1 :])}" if opening else _escaped(text)


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", text)
