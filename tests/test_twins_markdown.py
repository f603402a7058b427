"""The Markdown of an issue: what a wiki makes of it, whatever strangers wrote."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from digest.ranking.labels import TRENDING
from digest.twins import markdown
from digest.types import Evidence, Issue, Links, Match, Nearest, Paper, Section, Signals
from digest.view import view

OWLS = Paper(
    id="arxiv:2505.00001",
    title="Owls & *Noise*: [1] of 2",
    abstract="1. We hear <b>them</b> at https://example.org/owls_1.",
    authors=tuple(f"Ada Example {letter}" for letter in "ABCDEFG"),
    categories=("eess.AS",),
    announced=date(2025, 5, 9),
    venue="Journal of Woods",
    links=Links(abstract="https://arxiv.org/abs/2505.00001", code="https://example.org/a_(b)?c=1&copy;=2"),
    signals=Signals(upvotes=12, comments=1, stars=3),
)
FULL = Match(
    paper=OWLS,
    score=81.4,
    interest="owls",
    evidence=(Evidence(term="wing_beats", share=0.62), Evidence(term="other terms", share=0.38)),
    nearest=Nearest(id="arxiv:2401.00001", title="Wings | Night", likeness=0.62),
    similar=(
        Paper(id="arxiv:2505.00002", title="Owls #2", links=Links(abstract="https://arxiv.org/abs/2505.00002")),
        *(Paper(id=f"title:{number}", title="More Owls") for number in range(4)),
    ),
)
WILD = st.lists(
    st.sampled_from(
        [
            *"\\`*_{}[]()<>#+-=.!|~$&@^:/\"' \n\t1aZé",
            *("http://x.y", "www.x.y", "</p>", "&lt;", "```", "---", "1. ", "    "),
        ]
    ),
    max_size=12,
).map("".join)


def issue(*sections: Section, name: str = "Ada", papers: int = 14) -> Issue:
    """One issue of these sections."""
    return Issue(
        id="1",
        profile="ada",
        name=name,
        day=date(2025, 5, 9),
        composed=datetime(2025, 5, 9, 6, tzinfo=UTC),
        sections=sections,
        considered=131,
        passed=papers,
    )


def outline(text: str) -> list[tuple[str, str]]:
    """Headings and links as a wiki shows them, with tables and strikethrough: what marks them, and what they say."""
    found: list[tuple[str, str]] = []
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type != "inline":
            assert token.type in {"heading_open", "heading_close", "paragraph_open", "paragraph_close"}, token
            continue
        says = "".join(each.content for each in token.children or () if each.type in {"text", "text_special"})
        if before is not None and before.type == "heading_open":
            found.append((before.tag, says))
        for each in token.children or ():
            assert each.type in {"text", "text_special", "hardbreak", "link_open", "link_close"}, each
            if each.type == "link_open":
                found.append(("a", str(each.attrs["href"])))
    return found


def plain(text: str) -> str:
    """The text that a wiki shows, a paragraph a line."""
    tokens = MarkdownIt("commonmark").parse(text)
    shown = {"softbreak": " ", "hardbreak": " / "}
    return "\n".join(
        "".join(shown.get(each.type, each.content) for each in token.children or ())
        for token in tokens
        if token.type == "inline"
    )


def test_an_issue_reads_as_its_mail_does() -> None:
    """Heading, counts, section, linked title, authors, facts, abstract, reasons, links and look-alikes, as written."""
    text = markdown.write(issue(Section(heading="Sounds", matches=(FULL,))))
    assert plain(text) == (
        "Trending for Ada, Friday 9 May 2025\n"
        "1 paper for you, out of 131 new (14 above your bar)\n"
        "Sounds\n"
        "Owls & *Noise*: [1] of 2\n"
        "Ada Example A, Ada Example B, Ada Example C, Ada Example D, Ada Example E + 2 / "
        "eess.AS · Journal of Woods · 9 May 2025 · ▲ 12 · 1 comment · ★ 3\n"
        "1. We hear <b>them</b> at https://example.org/owls_1.\n"
        "Why this paper (score 81 of 100): wing_beats 62%, other terms 38% / "
        "Nearest to a paper you liked: Wings | Night (62%)\n"
        "Abstract · Code\n"
        "Nearly the same: Owls #2 · More Owls · More Owls and 2 more"
    )
    assert outline(text) == [
        ("h1", "Trending for Ada, Friday 9 May 2025"),
        ("h2", "Sounds"),
        ("h3", "Owls & *Noise*: [1] of 2"),
        ("a", "https://arxiv.org/abs/2505.00001"),
        ("a", "https://arxiv.org/abs/2505.00001"),
        ("a", "https://example.org/a_%28b%29?c=1&copy;=2"),
        ("a", "https://arxiv.org/abs/2505.00002"),
    ]


def test_without_sections_papers_are_the_second_level() -> None:
    """A paper that is there for no interest says so in its heading; else the interest stands where nothing tells it."""
    trending = Match(paper=OWLS, score=5.0, interest=TRENDING)
    bare = Match(paper=Paper(id="title:bare", title="Bare"), score=5.0, interest="owls", evidence=FULL.evidence)
    text = markdown.write(issue(Section(heading="", matches=(trending, bare))))
    headings = [says for tag, says in outline(text) if tag == "h2"]
    assert headings == ["Trending: Owls & *Noise*: [1] of 2", "Bare"]
    assert "(score 5 of 100): wing_beats 62%, other terms 38% / Closest to your interest: owls" in plain(text)


def test_a_day_without_papers_says_so() -> None:
    """An issue without papers is a heading and a sentence."""
    assert markdown.write(issue(papers=0)) == (
        "# Trending for Ada, Friday 9 May 2025\n\nNone of the 131 new papers reached your bar.\n"
    )


@given(WILD, WILD, st.lists(WILD, max_size=2), WILD, WILD)
@example("]()(http://x.y) #", "===", ["- a", "---"], "=\n| a |\n| - |", "`x` <http://x.y>")
@example("a\\", ": b", ["://x", "+ a"], "1) a", "#")
def test_nothing_a_stranger_wrote_is_markup(
    title: str, abstract: str, authors: list[str], venue: str, term: str
) -> None:
    """With any texts the only headings and links are ours, and every text is shown as the mail would."""
    paper = Paper(
        id="title:wild",
        title=title,
        abstract=abstract,
        authors=tuple(authors),
        venue=venue,
        links=Links(abstract="https://example.org/"),
    )
    wild = Match(
        paper=paper,
        score=50.0,
        interest=term,
        evidence=(Evidence(term=term, share=1.0),),
        nearest=Nearest(id="title:near", title=title, likeness=0.5),
        similar=(Paper(id="title:similar", title=title),),
    )
    made = issue(Section(heading=f"H{venue}", matches=(wild,)), name=title or "Ada")
    text = markdown.write(made)
    assert [tag for tag, _ in outline(text)] == ["h1", "h2", "h3", "a", "a"]
    assert {says for tag, says in outline(text) if tag == "a"} == {"https://example.org/"}
    shown = plain(text)
    (seen,) = view(made, characters=None).sections[0].papers
    for each in (seen.title, seen.abstract, seen.venue, *seen.authors, seen.reasons[0].term):
        assert each in shown


@given(WILD)
def test_no_address_makes_itself_a_link(text: str) -> None:
    """What wikis and chats take for addresses without brackets is broken up where a stranger wrote it."""
    wild = Match(paper=Paper(id="title:a", title=f"a {text}"), score=5.0, interest="")
    written = markdown.write(issue(Section(heading="", matches=(wild,))))
    assert not re.search(r"(?<!\\)://|(?<!\\)@|\bwww\.", written, re.IGNORECASE)
