"""Mails work in the programs that people read mail with, by caniemail.com's tables, and are valid HTML."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

SCRIPTS = Path(__file__).resolve().parent / "node"

CLIENTS = (
    "gmail.desktop-webmail",
    "gmail.ios",
    "gmail.android",
    "outlook.windows",
    "outlook.outlook-com",
    "outlook.macos",
    "outlook.ios",
    "outlook.android",
    "apple-mail.macos",
    "apple-mail.ios",
    "yahoo.desktop-webmail",
    "yahoo.ios",
    "yahoo.android",
)

REFINEMENTS = {
    ":hover": "a link is underlined under the pointer; without it the pointer still turns into a hand",
    "<body> element": "becomes a div or goes; the outer table has the same class, ground and fonts",
    "@media": "dark colours and narrower margins on phones; without it the mail is light, with wide margins",
    "aria-label attribute": "votes are read out as a triangle and their number",
    "border-radius": "corners are square",
    "color-scheme CSS property": "the program chooses light or dark itself; text and ground have colours in pairs",
    "color-scheme meta tag": "as the property",
    "min-width property": "a short link is narrower; Outlook for Windows is used with a mouse",
    "table-layout": "columns have width attributes, and the mail is in a table for Outlook alone",
    "white-space": "keeps a count of votes on one line, as its no-break space does",
    "word-break": "breaks words that are wider than the mail; in Yahoo `word-wrap` with `table-layout` does",
    "word-wrap": "the same for Yahoo on the web; elsewhere `word-break` does, and Word breaks by itself",
}
"""What some program does not support and the layout does not depend on, with what happens there.

`test_browser.py` takes it away and measures.
"""

PARTIAL = {
    "!important keyword": "has a space before it, and stands in the style block only",
    ":hover": REFINEMENTS[":hover"],
    "<body> element": REFINEMENTS["<body> element"],
    "<style> element": "is in the head, small, before what it is for; only refines",
    "@media": REFINEMENTS["@media"],
    "Type selector": "in the style block only",
    "align attribute": "`right` does not work on tables; stands on cells and a div",
    "background": "is a colour",
    "border": "is 1 px; on spans, where Word leaves it out, it is an ornament",
    "border-radius": "has no slash",
    "dir attribute": "not on links",
    "display": "`inline-block` makes room for fingers; Outlook for Windows has a gap of spaces instead",
    "display:none": "holds no table",
    "font-size": "in px",
    "font-weight": "in hundreds, and 600 at the least where it is to be bold",
    "height attribute": "in px",
    "lang attribute": "not on cells",
    "letter-spacing": "in px, and small",
    "line-height": "Word takes it as the least height, which is what a line of one size has anyway",
    "margin": "not negative; on spans, where Word leaves it out, there are spaces; `auto` where `align` does that",
    "max-width": "on a div, beside a table for Outlook for Windows; on chips, for endless words",
    "padding": "of links and chips makes room; Outlook for Windows has spaces instead, and cells are padded there",
    "role attribute": "on layout tables, where it matters; elsewhere the text says it all",
    "text-align": "`start` is for text from right to left; the div has `align` for who does not know it",
    "text-decoration": "one value, and never what alone tells a link",
    "white-space": "not `pre`",
    "width attribute": "in px on pictures",
    "word-break": "breaks only what is wider than the line, or anywhere: both keep the mail within its width",
    "word-wrap": "Gmail does it to everything: so be it",
}
"""What some program supports in part, with how the mails keep to that part; a new one is to be read and added."""


def run(tools: Path, script: str, *arguments: str | Path) -> Any:  # noqa: ANN401  (JSON)
    """What a script of ours prints."""
    command = ["node", str(SCRIPTS / script), *map(str, arguments)]
    done = subprocess.run(command, cwd=tools, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def written(folder: Path, documents: dict[str, str], kind: str) -> list[Path]:
    """Files with the documents of a kind, `mail` or `page`."""
    paths = []
    for name, html in documents.items():
        if name.startswith(kind):
            paths.append(folder / f"{name}.html")
            paths[-1].write_text(html, encoding="utf-8")
    assert paths
    return paths


@pytest.mark.parametrize(("kind", "argued"), [("unsupported", REFINEMENTS), ("partial", PARTIAL)])
def test_mails_depend_on_nothing_that_a_mail_program_lacks(
    kind: str, argued: dict[str, str], node_tools: Path, documents: dict[str, str], tmp_path: Path
) -> None:
    """Gmail, Outlook, Apple Mail and Yahoo know all that the mails use, but for what is argued above, name by name."""
    found = run(node_tools, "caniemail.mjs", ",".join(CLIENTS), *written(tmp_path, documents, "mail"))[kind]
    unargued = {feature: found[feature] for feature in found.keys() - argued.keys()}
    assert not unargued
    assert not argued.keys() - found.keys(), "no mail uses this any more: the argument can go"


def test_what_a_mail_program_lacks_is_found(node_tools: Path, tmp_path: Path) -> None:
    """A layout in a grid is reported for Gmail and Outlook, so silence about a mail means something."""
    path = tmp_path / "grid.html"
    path.write_text('<div style="display:grid;position:fixed">x</div>', encoding="utf-8")
    found = run(node_tools, "caniemail.mjs", ",".join(CLIENTS), path)["unsupported"]
    assert {"gmail.desktop-webmail", "outlook.windows"} <= found["position"].keys()
    assert "outlook.windows" in found["display:grid"]


@pytest.mark.parametrize("kind", ["mail", "page"])
def test_html_is_valid(kind: str, node_tools: Path, documents: dict[str, str], tmp_path: Path) -> None:
    """Pages keep every recommended rule of html-validate; mails all but those that their readers' programs forbid."""
    assert run(node_tools, "validate.mjs", kind, *written(tmp_path, documents, kind)) == []


@pytest.mark.parametrize("kind", ["mail", "page"])
def test_invalid_html_is_found(kind: str, node_tools: Path, documents: dict[str, str], tmp_path: Path) -> None:
    """The same rules report a document with two equal ids, a link in a link and a tag that is not closed."""
    path = tmp_path / "broken.html"
    html = next(html for name, html in documents.items() if name.startswith(kind))
    bad = '<p id="a"><a href="#a"><a href="#a">x</a></a></p><p id="a">y</p><b>'
    path.write_text(html.replace("</body>", f"{bad}</body>"), encoding="utf-8")
    found = " ".join(run(node_tools, "validate.mjs", kind, path))
    assert all(rule in found for rule in ("no-dup-id", "element-permitted-content", "close-order"))
