"""The shipped templates are what their sources make, and look as an operator's settings say."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from digest.fitting import FRAME, MARKUP, most_bytes
from digest.look import Layout, Look, contrast, on_dark, parse
from digest.render import Renderer
from digest.types import Evidence, Gist, Issue, Links, Match, Paper, Section, Signals

if TYPE_CHECKING:
    from types import ModuleType

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"

PAPER = Paper(
    id="arxiv:2505.00001",
    title="Quiet Owls",
    abstract="Owls fly without a sound. We count them by ear.",
    authors=("Bo Author",),
    links=Links(abstract="https://arxiv.org/abs/2505.00001"),
    signals=Signals(upvotes=3, thumbnail="https://pictures.example.org/owl.png"),
)
MATCH = Match(
    paper=PAPER,
    score=61.0,
    interest="owls",
    evidence=(Evidence(term="owls", share=0.6), Evidence(term="ear", share=0.4)),
    gist=Gist(text="Owls are counted by ear."),
)


def issue(*matches: Match) -> Issue:
    """An issue of these papers."""
    return Issue(
        id="1",
        profile="ada",
        name="Ada",
        day=date(2025, 5, 9),
        composed=datetime(2025, 5, 9, 6, tzinfo=UTC),
        sections=(Section(heading="", matches=matches),),
        considered=10,
        passed=5,
    )


@pytest.fixture(scope="module")
def build() -> ModuleType:
    """The script that writes the templates."""
    spec = importlib.util.spec_from_file_location("build", TEMPLATES / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_templates_are_what_their_sources_make(build: ModuleType) -> None:
    """Nobody edits what is made: `make templates` leaves every file as it is."""
    names = [path.parent.name for path in (TEMPLATES / "source").glob("*/body.html.in")]
    assert names
    for name in names:
        made = build.built(f"{name}/body")
        assert (TEMPLATES / "mail" / name / "body.html").read_text(encoding="utf-8") == made


def test_styles_stand_on_their_elements(build: ModuleType) -> None:
    """What is shown has its style with it; a style block holds only what no element can have."""
    html = build.built("issue/body")
    assert '<p class="abstract body" dir="auto" style="' in html
    block = html.partition("<style>")[2].partition("</style>")[0]
    assert block.count("@media") == 2
    assert ".abstract" not in block


@pytest.mark.parametrize("accent", ["#0b6e4f", "#7a1fa2"])
def test_the_accent_is_the_operators(accent: str) -> None:
    """Links have the accent colour, on dark ground one that can be read there."""
    rendered = Renderer(None, Look(accent=accent)).render(issue(MATCH))
    for html in (rendered.html, rendered.page):
        assert accent in html
        assert on_dark(accent) in html
    assert contrast(on_dark(accent), "#161a21") >= 7


@pytest.mark.parametrize("colour", ["#ffcc00", "blue", "#12345", "#1a4fc4; color: red"])
def test_colours_that_cannot_be_read_are_refused(colour: str) -> None:
    """A colour is six hexadecimal digits, dark enough for text on white."""
    with pytest.raises(ValueError, match=r"colour|contrast"):
        parse(colour)


def test_logo_and_address_are_the_operators() -> None:
    """The picture has its sender's name for who sees no pictures; the address stands in both parts of the mail."""
    look = Look(logo="https://lab.example.org/logo.png", masthead="Owl Lab", address="1 Wood Lane, Oxford")
    rendered = Renderer(None, look).render(issue(MATCH))
    assert 'src="https://lab.example.org/logo.png" alt="Owl Lab"' in rendered.html
    assert "1 Wood Lane, Oxford" in rendered.html
    assert rendered.text.endswith("1 Wood Lane, Oxford\n")


def test_compact_mails_leave_out_what_the_gist_says() -> None:
    """In the compact layout a paper with a gist has no abstract, no picture and its reasons on one line."""
    compact = Renderer(None, Look(layout=Layout.COMPACT))
    rendered = compact.render(issue(MATCH))
    for part in (rendered.html, rendered.text):
        assert "Owls are counted by ear." in part
        assert "Owls fly without a sound" not in part
    assert "owl.png" not in rendered.html
    assert "Owls fly without a sound" in compact.render(issue(replace(MATCH, gist=None))).html
    assert "Owls fly without a sound" in rendered.page


def test_pictures_are_no_part_of_the_text() -> None:
    """A thumbnail has no words of its own, and the mail says where it comes from."""
    html = Renderer().render(issue(MATCH)).html
    assert 'src="https://pictures.example.org/owl.png" alt=""' in html
    assert "pictures are fetched from where the papers are" in html
    without = replace(MATCH, paper=replace(PAPER, signals=Signals()))
    assert "pictures" not in Renderer().render(issue(without)).html


@pytest.mark.parametrize("url", ["http://pictures.example.org/owl.png", "data:image/png;base64,AA", "javascript:x"])
def test_pictures_come_encrypted_or_not_at_all(url: str) -> None:
    """A mail program loads pictures by itself, so only https will do."""
    loud = replace(MATCH, paper=replace(PAPER, signals=Signals(thumbnail=url)))
    assert "<img" not in Renderer().render(issue(loud)).html


@pytest.mark.parametrize(
    ("language", "zone", "day"),
    [
        ("en", None, "Friday 9 May 2025"),
        ("en-US", None, "Friday, May 9, 2025"),
        ("pt-BR", None, "sexta-feira, 9 de maio de 2025"),
        ("en", "America/Los_Angeles", "Thursday 8 May 2025"),
        ("de", "Asia/Tokyo", "Freitag, 9. Mai 2025"),
        ("en", "Mars/Olympus", "Friday 9 May 2025"),
    ],
)
def test_the_day_is_the_readers(language: str, zone: str | None, day: str) -> None:
    """The day is written in the reader's language, and is the one it is where the reader lives."""
    rendered = Renderer().render(replace(issue(MATCH), language=language, timezone=zone))
    assert all(day in part for part in (rendered.text, rendered.html, rendered.page))


def test_the_bound_on_a_mails_size_holds() -> None:
    """An issue that is told to be small without being rendered is: with every text as long and as bad as it can be."""
    bad = "\"<&>'" * 400
    url = "https://example.org/" + "&" * 970
    worst = Paper(
        id="arxiv:2505.00001",
        title=bad,
        authors=(bad,) * 9,
        categories=(bad,),
        venue=bad,
        links=Links(abstract=url, pdf=url, html=url, code=url, project=url),
        signals=Signals(upvotes=10**9, comments=10**9, stars=10**9, thumbnail="https://example.org/" + "a" * 170),
        announced=date(2025, 5, 9),
    )
    evidence = tuple(Evidence(term=bad, share=0.1) for _ in range(9))
    match = Match(
        paper=worst, score=99, interest=bad, evidence=evidence, similar=(worst,) * 9, gist=Gist(text=bad, by=bad)
    )
    for papers in (0, 1, 3):
        large = issue(*[match] * papers)
        html = Renderer().render(replace(large, sources=(bad,) * 20)).html
        assert len(html.encode()) <= most_bytes(replace(large, sources=(bad,) * 20))
    assert most_bytes(issue()) < FRAME + MARKUP
