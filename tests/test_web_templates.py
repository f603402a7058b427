"""The templates of the site: what they know is documented, and what an operator replaces is used."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from digest.errors import TemplateError
from digest.web import operator_views, views
from digest.web.app import create
from digest.web.pages import Pages

if TYPE_CHECKING:
    from conftest import Site

README = Path(__file__).resolve().parent.parent / "templates" / "README.md"
PREFIXES: dict[Any, str] = {
    views.FeedView: "",
    views.SearchView: "",
    views.PaperPageView: "",
    views.ArchiveView: "",
    views.NoteView: "",
    views.ReaderView: "",
    views.EditorView: "",
    views.FragmentView: "",
    operator_views.OperatorView: "",
    operator_views.ChartView: "chart.",
    operator_views.TableView: "table.",
    views.DayView: "day.",
    views.CardView: "card.",
    views.SubscribeView: "subscribe.",
    views.ChoiceView: "choice.",
    views.ShelfView: "shelf.",
    views.ButtonView: "button.",
    views.ChangeView: "change.",
    views.SubscriptionView: "each.",
    views.FaultView: "fault.",
    views.VersionView: "version.",
    views.ForeseenView: "foreseen.",
    views.ForeseenDayView: "seen.",
    views.ForeseenPaperView: "sent.",
}


def test_the_readme_lists_every_variable_of_the_site() -> None:
    """The table has exactly the names that the templates of the site can use."""
    text = README.read_text(encoding="utf-8").partition("## Variables of the site\n")[2].partition("## Filters\n")[0]
    known = {prefix + each.name for view, prefix in PREFIXES.items() for each in fields(view)}
    assert set(re.findall(r"^\| `([a-z_.]+)` \|", text, re.MULTILINE)) == known
    assert all(f"`{each.name}`" in text for each in fields(views.FrameView))
    made = {each for each in vars(views).values() if isinstance(each, type) and each.__module__ == views.__name__}
    assert made == {view for view in {*PREFIXES, views.FrameView} if view.__module__ == views.__name__}


def test_an_operators_template_is_used(site: Site) -> None:
    """A block of a page can be replaced, and the style sheet has the operator's accent."""
    folder = site.settings.templates / "web" / "site"
    folder.mkdir(parents=True)
    text = '{% extends "default/web/site/archive.html" %}{% block main %}<h1>Our shelves</h1>{% endblock %}'
    (folder / "archive.html").write_text(text, encoding="utf-8")
    settings = site.settings.model_copy(update={"accent": "#0b6e4f"})
    app = create(settings, store=site.store, clock=site.app.state.world.clock, environment={})  # type: ignore[attr-defined]
    site.client._transport.app = app  # type: ignore[attr-defined]  # noqa: SLF001  (another app behind the same client)
    page = site.get("/archive").text
    assert "<h1>Our shelves</h1>" in page
    assert "Atom feed" in page
    style = re.findall(r'href="(/static/[^"]+\.css)"', page)[0]
    assert "#0b6e4f" in site.get(style).text


def test_a_name_in_a_template_is_escaped(site: Site) -> None:
    """What the operator is called is text on every page."""
    settings = site.settings.model_copy(update={"sender": '"<b>Lab</b> & co" <digest@example.org>'})
    app = create(settings, store=site.store, clock=site.app.state.world.clock, environment={})  # type: ignore[attr-defined]
    site.client._transport.app = app  # type: ignore[attr-defined]  # noqa: SLF001  (as above)
    assert "&lt;b&gt;Lab&lt;/b&gt; &amp; co" in site.get("/").text


def own(site: Site, name: str, text: str) -> None:
    """Write a template of the operator's."""
    path = site.settings.templates / "web" / "site" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("archive.html", "<p>\n{{ shelfs }}\n", "web/site/archive.html:2: 'shelfs' is undefined"),
        ("note.html", "{% for each in lines %}\n{{ each\n", "web/site/note.html:2: "),
        ("foreseen.html", "{{ foreseen.sum }}", "web/site/foreseen.html:1: "),
        ("style.css", "a { color: {{ accent.pale }} }", "web/site/style.css:1: "),
        ("foot.html", "{% if address %}{{ adress }}{% endif %}", "web/site/foot.html:1: 'adress' is undefined"),
    ],
)
def test_a_template_with_a_fault_is_told_before_the_site_starts(site: Site, name: str, text: str, told: str) -> None:
    """By file and line, whatever page it is of, and of all of them at once."""
    own(site, name, text)
    own(site, "search.html", "{{ qery }}")
    with pytest.raises(TemplateError) as caught:
        create(site.settings, store=site.store)
    assert any(line.startswith(told) for line in str(caught.value).splitlines()), caught.value
    if "{{ each\n" not in text:
        assert "web/site/search.html:1: 'qery' is undefined" in str(caught.value)


@pytest.mark.slow
def test_specimens_have_all_that_templates_can_show(site: Site) -> None:
    """Each variable of each shipped template, were it misspelt, would be told with its line."""
    root = Path(__file__).resolve().parent.parent / "templates" / "web" / "site"
    tried = 0
    for path in sorted(root.iterdir()):
        text = path.read_text(encoding="utf-8")
        for found in re.finditer(r"\{\{ .*? \}\}", text):
            own(site, path.name, f"{text[: found.start()]}{{{{ nowhere }}}}{text[found.end() :]}")
            place = f"web/site/{path.name}:{text.count(chr(10), 0, found.start()) + 1}: "
            assert any(fault.startswith(place) for fault in Pages(site.settings).faults()), place
            tried += 1
        (site.settings.templates / "web" / "site" / path.name).unlink(missing_ok=True)
    assert tried > 200


def test_a_visitor_does_not_pay_for_a_template_that_fails_on_one_page(site: Site) -> None:
    """What only some page's data brings up is logged with its line, and the shipped template is shown."""
    own(site, "search.html", "{{ 1 // (query | length - 3) }}")
    app = create(site.settings, store=site.store, clock=site.app.state.world.clock, environment={})  # type: ignore[attr-defined]
    site.client._transport.app = app  # type: ignore[attr-defined]  # noqa: SLF001  (as above)
    assert site.get("/search?q=owls").text == "1"
    answer = site.get("/search?q=owl")
    assert answer.status_code == 200
    assert "<h1>" in answer.text
