"""Mails and pages in a real browser: for everybody to read, and calm whatever strangers wrote into a paper."""

from __future__ import annotations

import re
import shutil
import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from digest.ranking.labels import LIKED
from digest.render import Renderer
from digest.types import Evidence, Gist, Issue, Links, Match, Nearest, Paper, Section, Signals, Update

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Browser, Dialog, Page, Route

pytestmark = pytest.mark.slow

SCHEMES = ("light", "dark")
DOCUMENTS = (
    "mail-confirmation",
    "mail-confirmation-short",
    "mail-goodbye",
    "mail-goodbye-short",
    "mail-access",
    "mail-report",
    "mail-report-short",
    "mail-cards",
    "mail-compact",
    "mail-shortened",
    "mail-empty",
    "page-issue",
    "page-empty",
    "page-archive",
    "page-archive-empty",
)
UNLINKED = {"mail-goodbye-short", "mail-report", "mail-report-short", "page-archive-empty"}
"""Those that lead nowhere."""

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync")

BOXES = """root => [...document.querySelectorAll(root)].flatMap(of => [...of.querySelectorAll('h1,h2,h3,p,li,a,span')])
    .map(element => {
        const box = element.getBoundingClientRect(), style = getComputedStyle(element);
        return {text: element.textContent.trim(), tag: element.tagName, left: box.left, right: box.right,
                height: box.height, color: style.color, size: style.fontSize};
    })"""
"""Where texts stand, and how, in each element that a selector finds."""

COLUMN = """() => [...document.querySelectorAll('h1,h2,h3,p')].filter(each => each.offsetParent)
    .map(each => {
        const words = document.createRange();
        words.selectNodeContents(each);
        const box = each.getBoundingClientRect(), text = each.textContent.replace(/\\s+/g, ' ').trim();
        return {text, left: box.left, right: box.right, words: words.getBoundingClientRect().left};
    })"""
"""From where to where each block of text reaches, and where its words begin."""

TARGETS = """() => [...document.querySelectorAll('.links a, .fine a, .issues a, .button a')].map(link => {
    const box = link.getBoundingClientRect();
    return {text: link.textContent, left: box.left, top: box.top, right: box.right, bottom: box.bottom};
})"""
"""What is there to be tapped, links in running text aside (WCAG 2.2, 2.5.8)."""


@dataclass
class Seen:
    """What a document tried to do while it was open."""

    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield launched
        launched.close()


@contextmanager
def opened(browser: Browser, html: str, *, width: int = 600, scheme: str = "light") -> Iterator[tuple[Page, Seen]]:
    """The document in a window, offline, without pictures, and without the page's own policy against scripts."""
    seen = Seen()

    def refuse(route: Route) -> None:
        seen.requests.append(route.request.url)
        route.abort()

    def dismiss(dialog: Dialog) -> None:
        seen.dialogs.append(dialog.message)
        dialog.dismiss()

    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        offline=True,
        bypass_csp=True,
    )
    context.route("**/*", refuse)
    page = context.new_page()
    page.on("dialog", dismiss)
    page.set_content(html)
    try:
        yield page, seen
    finally:
        context.close()


def resized(page: Page, widths: Sequence[int]) -> Iterator[tuple[int, str]]:
    """The window with each width, light and dark."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            yield width, scheme


def is_too_wide(page: Page) -> bool:
    """Whether one has to scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


def test_these_are_all_documents(documents: dict[str, str]) -> None:
    """Every document of the fixture is looked at below."""
    assert tuple(documents) == DOCUMENTS


@pytest.mark.parametrize("name", DOCUMENTS)
def test_axe_finds_nothing(name: str, browser: Browser, documents: dict[str, str], node_tools: Path) -> None:
    """axe-core finds no violation on a phone and on a desk, light and dark, nor a text of unknown contrast."""
    script = (node_tools / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    # A mail is shown inside a page of the mail program's, which has the landmarks.
    off = {"landmark-one-main": {"enabled": False}, "region": {"enabled": False}} if name.startswith("mail") else {}
    with opened(browser, documents[name]) as (page, _):
        page.evaluate(script)
        for width, scheme in resized(page, (375, 1280)):
            found: dict[str, Any] = page.evaluate("rules => axe.run(document, {rules})", off)
            assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == [], (width, scheme)
            unsure = [node["html"] for each in found["incomplete"] for node in each["nodes"]]
            assert all("▲" in html for html in unsure), "signs aside, whose contrast test_render.py knows"
            assert len(found["passes"]) > 10


def test_axe_finds_what_is_wrong(browser: Browser, node_tools: Path) -> None:
    """A pale text and a picture without words are reported, so silence about a mail means something."""
    script = (node_tools / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    with opened(browser, '<p style="color:#ccc">pale</p><img src="a.png">') as (page, _):
        page.evaluate(script)
        found = page.evaluate("axe.run(document)")["violations"]
    assert {"color-contrast", "image-alt"} <= {each["id"] for each in found}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_can_be_tapped_and_nothing_scrolls_sideways(
    name: str, browser: Browser, documents: dict[str, str]
) -> None:
    """Links that stand in rows are 44 px high and wide or more and do not overlap; no window is too narrow."""
    with opened(browser, documents[name]) as (page, _):
        for width, scheme in resized(page, (320, 375, 600, 1280)):
            assert not is_too_wide(page), (width, scheme)
            targets = page.evaluate(TARGETS)
            assert targets or name in UNLINKED
            for at, one in enumerate(targets):
                assert one["bottom"] - one["top"] >= 44, (width, one)
                assert one["right"] - one["left"] >= 44, (width, one)
                for other in targets[:at]:
                    apart = one["left"] >= other["right"] or one["right"] <= other["left"]
                    assert apart or one["top"] >= other["bottom"] or one["bottom"] <= other["top"], (one, other)


def without(html: str, declarations: str, *, tags: str = r"\w+") -> str:
    """The HTML without some declarations in the styles of some elements."""
    return re.sub(
        rf'(<(?:{tags})\b[^>]* style=")([^"]*)',
        lambda found: found[1] + re.sub(rf"(?<![\w-])(?:{declarations}):[^;]*;?", "", found[2]),
        html,
    )


def as_shown_by(program: str, html: str) -> str:
    """The mail with what the program does not support taken away, as far as a browser can tell."""
    html = re.sub(r' aria-label="[^"]*"', "", html)
    if program == "yahoo":
        html = re.sub(r"text-align:start;", "", html)
        html = re.sub("prefers-color-scheme: dark", "unknown", html)
        return without(html, "word-break")
    html = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    if program == "gmail":  # with an account elsewhere
        return html
    html = re.sub(r"<!--\[if mso\]>|<!\[endif\]-->", "", html)
    html = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)  # of fonts, which are not this machine's
    html = re.sub(r"text-align:start;|display:(?:inline-)?block;", "", html)
    missing = "border-radius|min-width|white-space|table-layout|word-wrap|overflow"
    html = without(html, missing)
    html = without(html, "max-width", tags="div|p|td")
    return without(html, "padding", tags="a|span|p|div")


@pytest.mark.parametrize("program", ["gmail", "yahoo", "outlook"])
@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name.startswith("mail")])
def test_the_layout_stands_without_what_a_program_lacks(
    name: str, program: str, browser: Browser, documents: dict[str, str]
) -> None:
    """Each block of text begins and ends where it does in a browser, one column in the middle, within two pixels."""
    with opened(browser, documents[name], width=900) as (page, _):
        expected = page.evaluate(COLUMN)
    with opened(browser, as_shown_by(program, documents[name]), width=900) as (page, _):
        found = page.evaluate(COLUMN)
        assert not is_too_wide(page)
    assert len(expected) >= 4
    assert [each["text"] for each in found] == [each["text"] for each in expected]
    for one, other in zip(expected, found, strict=True):
        is_turned = (
            unicodedata.bidirectional(one["text"][0]) == "AL"
        )  # such text begins at the left where `start` is unknown
        for edge in ("left", "right", *([] if is_turned else ["words"])):
            assert abs(one[edge] - other[edge]) <= 2, (edge, one)


def test_rows_of_links_stay_apart_in_outlook(browser: Browser, documents: dict[str, str]) -> None:
    """Where links have no padding, spaces stand between them."""
    with opened(browser, as_shown_by("outlook", documents["mail-cards"]), width=900) as (page, _):
        targets = page.evaluate(TARGETS)
    beside = [(one, other) for one, other in pairwise(targets) if one["top"] == other["top"]]
    assert len(beside) > 5
    assert all(other["left"] - one["right"] >= 8 for one, other in beside)


HOSTILE = {
    "markup": (
        "</a></p></td></tr></table></div></article></main><script>window.hacked = 1; alert(1)</script>"
        '<img src="https://evil.example.org/x" onerror="window.hacked = 1"><svg onload="window.hacked = 1">'
        '<iframe src="https://evil.example.org/"></iframe><form action="//evil.example.org"><input autofocus '
        'onfocus="window.hacked = 1">'
    ),
    "attributes": '"\' onmouseover=\'window.hacked = 1\' style="position:fixed;inset:0" x="',
    "comments": "<!-- --> <!--[if mso]> <![CDATA[ <title> <textarea> <plaintext> <noscript>",
    "style": "</style><style>* { color: red !important; position: fixed; width: 9999px } @import '//evil.example.org';",
    "template": "{{ 7 * 7 }}{% raw %}{{ config }}{# #}",
    "entities": "&lt;script&gt;window.hacked = 1&lt;/script&gt; &#60;b&#62; &#x202e; &zwnj;",
    "bidi": "\u202e\u202d\u2066\u2067\u2068\u061c Abstract reversed \u202e\u202b",
    "zero width": "a\u200b\u200c\u200d\u2060\ufeff" * 400,
    "controls": "nul \x00 bell \x07 escape \x1b[31m delete \x7f C1 \x9b line \u2028 paragraph \u2029\r\n\t\v\f",
    "surrogates": "\ud800 alone \udfff and \udc00\ud800",
    "emoji": "👩‍👩‍👧‍👦🏴‍☠️🎉" * 200,
    "Arabic": "مد وجزر في مدينتين " * 60,
    "Hebrew": "גאות ושפל (1, 2) " * 60,
    "Chinese": "潮汐與月亮" * 200,
    "marks": "a\u0301\u0316\u20dd" * 200,
    "tower of marks": "a" + "\u0300" * 2000,
    "one word": "W" * 100_000,
    "no breaks": "no\u00a0break\u2060\u202f" * 2000,
    "URL": "https://evil.example.org/" + "path" * 500,
    "maths": r"$\mathrm{"
    + r"\frac{1}{" * 200
    + "x"
    + "}" * 200
    + r"}$ $$\color{red}{\href{javascript:window.hacked=1}{x}}$$",
    "long": "We measure slow tides by night. " * 3200,
    "empty": "",
    "blank": " \n\t\u3000\u00a0 ",
}
LINKS = (
    Links(
        abstract="javascript:window.hacked = 1",
        pdf="JaVaScRiPt:alert(1)",
        html="data:text/html,<script>hacked=1</script>",
    ),
    Links(abstract="java\nscript:alert(1)", pdf="//evil.example.org/", html="vbscript:x", code="file:///etc/passwd"),
    Links(abstract='https://e.example.org/"onclick="window.hacked=1', project="https://user@evil.example.org/"),
)


def hostile(text: str) -> Match:
    """A paper with this text wherever a stranger's text can stand, with ten thousand authors and bad links."""
    paper = Paper(
        id="title:hostile",
        title=text,
        abstract=text,
        authors=(text,) * 10_000,
        categories=(text,),
        venue=text,
        links=LINKS[len(text) % len(LINKS)],
        signals=Signals(upvotes=10**12, comments=10**12, stars=0, thumbnail="javascript:window.hacked=1"),
    )
    return Match(
        paper=paper,
        score=99.0,
        interest=text,
        evidence=tuple(Evidence(term=text, share=0.1) for _ in range(9)),
        nearest=Nearest(id=text, title=text, likeness=0.5),
        similar=(paper,) * 4,
        gist=Gist(text=text, by=text),
    )


def honest(title: str) -> Match:
    """A paper as they come."""
    paper = Paper(
        id=f"title:{title}",
        title=title,
        abstract="Owls fly without a sound, and we hear them all the same with forty microphones in a wood.",
        authors=("Ada Example", "Bo Müller"),
        links=Links(abstract="https://example.org/owls", pdf="https://example.org/owls.pdf"),
        signals=Signals(upvotes=12),
    )
    evidence = (Evidence(term="owl", share=1.0),)
    return Match(paper=paper, score=50.0, interest=LIKED, evidence=evidence)


FIRST, LAST = honest("Quiet Owls"), honest("Loud Frogs, Heard from Afar by a Row of Small Ears")


def issue(*matches: Match, heading: str = "Sounds") -> Issue:
    """An issue of these papers."""
    return Issue(
        id="1",
        profile="ada",
        name="Ada",
        day=date(2025, 5, 9),
        composed=datetime(2025, 5, 9, 6, tzinfo=UTC),
        sections=(Section(heading=heading, matches=matches),),
        considered=30,
        passed=20,
    )


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    """The shipped templates, compiled once."""
    return Renderer()


def honest_boxes(page: Page, papers: int) -> list[list[dict[str, Any]]]:
    """What the first and the last of so many papers look like."""
    page.evaluate(
        """() => document.querySelectorAll('.title').forEach(title =>
            (title.closest('article') ?? title.closest('td.pad')).setAttribute('data-paper', ''))"""
    )
    assert page.locator("[data-paper]").count() == papers
    page.evaluate("() => document.querySelectorAll('[data-paper]').forEach((each, at) => each.dataset.paper = at)")
    return [page.evaluate(BOXES, f"[data-paper='{at}']") for at in (0, papers - 1)]


@pytest.mark.parametrize("part", ["html", "page"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_paper_acts_on_nothing_and_moves_nothing(
    kind: str, part: str, browser: Browser, renderer: Renderer
) -> None:
    """Nothing runs, asks or loads; the window is not outgrown; the honest papers beside it look as without it."""
    evil = hostile(HOSTILE[kind])
    calm = getattr(renderer.render(issue(FIRST, LAST)), part)
    loud = issue(FIRST, evil, LAST)
    named = replace(
        loud, name=HOSTILE[kind], sources=(HOSTILE[kind],), updates=(Update(paper=evil.paper, what=HOSTILE[kind]),)
    )
    crowded = getattr(renderer.render(named), part)
    with opened(browser, calm) as (quiet, _), opened(browser, crowded) as (page, seen):
        for scheme in SCHEMES:
            for width in (600, 375):
                for each in (quiet, page):
                    each.set_viewport_size({"width": width, "height": 900})
                    each.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                assert not is_too_wide(page), (width, scheme)
                assert honest_boxes(page, 3) == honest_boxes(quiet, 2), (width, scheme)
        assert page.evaluate("typeof window.hacked") == "undefined"
        assert page.evaluate("document.querySelectorAll('script, iframe, form, input, svg, img').length") == 0
    assert seen == Seen()


@pytest.mark.parametrize("kind", ["one word", "no breaks", "URL", "emoji"])
@pytest.mark.parametrize("program", ["gmail", "yahoo"])
def test_long_words_are_broken_where_programs_break_them(
    kind: str, program: str, browser: Browser, renderer: Renderer
) -> None:
    """What Gmail and Yahoo support of a mail is enough to keep endless words within a phone's width."""
    html = as_shown_by(program, renderer.render(issue(FIRST, hostile(HOSTILE[kind]), LAST)).html)
    with opened(browser, html, width=375) as (page, _):
        assert not is_too_wide(page)


def test_the_canary_sings(browser: Browser) -> None:
    """The same text unescaped does run, ask and load, so the silence above means something."""
    with opened(browser, f"<p>{HOSTILE['markup']}</p>") as (page, seen):
        page.wait_for_function("window.hacked === 1")
    assert seen.dialogs == ["1"]
    assert any("evil.example.org" in url for url in seen.requests)
