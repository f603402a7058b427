"""How an issue looks: what is said, in which form, and that nothing a stranger wrote can act."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest import specimens
from digest.errors import TemplateError
from digest.fitting import fitted
from digest.letters import AccessView, ConfirmationView, CountView, FaultView, FrameView, GoodbyeView, ReportView
from digest.look import ACCENT, Layout, Look, on_dark
from digest.paper_view import LinkView, NearestView, PaperView, ReasonView, SimilarView
from digest.ranking.labels import LIKED, OUTSIDE, TRENDING
from digest.render import HTML_LIMIT, Renderer
from digest.twins.archive import ArchiveView, ListedView, MonthView
from digest.types import Evidence, Form, Gist, Issue, Links, Match, Nearest, Paper, Rendered, Section, Signals
from digest.typeset import columns, lead, one_line
from digest.view import AccentView, IssueView, SectionView, TwinsView, UpdateView

if TYPE_CHECKING:
    from collections.abc import Sequence

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"

OWLS = Paper(
    id="arxiv:2505.00001",
    title="Quiet Owls: Listening for Wingbeats below the Noise Floor of a Wood",
    abstract="Owls fly without a sound. We hear them all the same.",
    authors=("Ada Example", "Bo Müller", "Chen Li", "Dina Roe", "Eve Fry", "Finn Oak", "Gil Ash"),
    categories=("eess.AS", "cs.SD"),
    published=datetime(2025, 5, 7, tzinfo=UTC),
    announced=date(2025, 5, 9),
    venue="Journal of Woods",
    links=Links(
        abstract="https://arxiv.org/abs/2505.00001",
        pdf="https://arxiv.org/pdf/2505.00001",
        html="https://arxiv.org/html/2505.00001",
        code="https://example.org/code?a=1&b=2",
        project="https://example.org/owls",
    ),
    signals=Signals(upvotes=1234, comments=1, stars=56),
)
BARE = Paper(id="title:bare", title="A Paper of Which Little Is Known")
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{ 7 * 7 }}\u202e\x00\n<!-- -->"
EVIDENCE = (Evidence(term="microphone array", share=0.62), Evidence(term="owl", share=0.21))
REST = Evidence(term="other terms", share=0.17)
WINGS = Nearest(id="arxiv:2401.00001", title="Wings at Night", likeness=0.62)
SIMILAR = (
    Paper(id="arxiv:2505.00002", title="Owls Again", links=Links(abstract="https://arxiv.org/abs/2505.00002")),
    Paper(id="title:more", title="More Owls"),
    *(Paper(id=f"title:{number}", title=f"Still Owls {number}") for number in range(3)),
)


def match(paper: Paper, score: float = 81.4) -> Match:
    """A paper in a ranking."""
    return Match(paper=paper, score=score, interest="sounds of animals", evidence=EVIDENCE)


def telling(paper: Paper, interest: str = LIKED) -> Match:
    """A paper in a ranking of which there is everything to say."""
    evidence = (*EVIDENCE, REST)
    return Match(paper=paper, score=81.4, interest=interest, evidence=evidence, nearest=WINGS, similar=SIMILAR)


def listed(*matches: Match) -> tuple[Section, ...]:
    """The one section of an issue without sections."""
    return (Section(heading="", matches=matches),)


def issue(
    *papers: Paper, sections: tuple[Section, ...] | None = None, considered: int = 131, passed: int = 14
) -> Issue:
    """One issue of these papers, or of these sections."""
    if sections is None:
        sections = (Section(heading="", matches=tuple(match(paper) for paper in papers)),)
    return Issue(
        id="ada-2025-05-09",
        profile="ada",
        name="Ada",
        day=date(2025, 5, 9),
        composed=datetime(2025, 5, 9, 6, 0, tzinfo=UTC),
        sections=sections,
        considered=considered,
        passed=passed,
    )


def parts(rendered: Rendered) -> tuple[str, str, str]:
    """Text, HTML and page."""
    return rendered.text, rendered.html, rendered.page


class Document(HTMLParser):
    """What a browser would make of some HTML: its tags, links and visible text."""

    VOID = frozenset({"meta", "br", "hr", "img", "link", "input"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, Sequence[dict[str, str | None]]]] = []
        self.crossed: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag, and open it unless it is void."""
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Close the tag, or note that another was open."""
        if not self.open or self.open.pop()[0] != tag:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        """Note visible text with the attributes of all elements around it."""
        chain = [attributes for _, attributes in self.open]
        hidden = any("display:none" in (attributes.get("style") or "") for attributes in chain)
        if data.strip() and chain and not hidden and self.open[-1][0] not in {"style", "title"}:
            self.texts.append((data, chain))

    @property
    def text(self) -> str:
        """All visible text, whitespace folded."""
        return " ".join("".join(text for text, _ in self.texts).split())

    @property
    def hrefs(self) -> set[str | None]:
        """Where all links lead."""
        return {attributes.get("href") for tag, attributes in self.tags if tag == "a"}


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    """The shipped templates, compiled once."""
    return Renderer()


def test_the_gist_stands_above_the_abstract(renderer: Renderer) -> None:
    """Every part shows the gist before the abstract, escaped, and names who wrote it unless the abstract has it."""
    paper = replace(OWLS, abstract="Owls are heard by two ears. " * 9)
    own, told = (
        replace(match(paper), gist=Gist(text="Owls <b>hear</b> & see.", by=by)) for by in ("", "the <i>authors</i>")
    )
    for part in parts(renderer.render(issue(sections=listed(told)))):
        shown = Document(part).text if part.startswith("<!DOCTYPE") else " ".join(part.split())
        assert shown.index("Owls <b>hear</b> & see.") < shown.index("Summary by the <i>authors</i>")
        assert shown.index("Summary by") < shown.index("Owls are heard by")
    for part in parts(renderer.render(issue(sections=listed(own)))):
        assert "Summary by" not in part


def test_every_part_says_the_same(renderer: Renderer) -> None:
    """Text, HTML and page each name reader, day, counts, title, authors, facts, abstract, reasons and profile."""
    text, html, page = parts(renderer.render(issue(OWLS)))
    for part in (" ".join(text.split()), Document(html).text, Document(page).text):
        plain = part.replace("\N{NO-BREAK SPACE}", " ")
        for words in (
            "Trending for Ada",
            "Friday 9 May 2025",
            "1 paper for you, out of 131 new (14 above your bar)",
            OWLS.title,
            "Ada Example, Bo Müller, Chen Li, Dina Roe, Eve Fry + 2",
            "eess.AS · Journal of Woods · 9 May 2025 · ",
            "▲ 1,234",
            "1 comment",
            "★ 56",
            OWLS.abstract,
            "score 81 of 100",
            "sounds of animals",
            "“ada”",
        ):
            assert words in plain
        assert re.search(r"microphone array *62%,? *owl *21%", plain)


def test_every_link_is_in_every_part(renderer: Renderer) -> None:
    """All known links are there: as links in HTML, where the title leads to the abstract, and as URLs in the text."""
    text, html, page = parts(renderer.render(issue(OWLS)))
    known = {getattr(OWLS.links, each.name) for each in fields(Links)}
    assert Document(html).hrefs == known == Document(page).hrefs
    assert all(f" {url}\n" in text for url in known)
    assert re.search(r'<h2[^>]*><a [^>]*href="https://arxiv.org/abs/2505.00001"', html)


def test_the_rest_of_the_reasons_comes_last_and_plain(renderer: Renderer) -> None:
    """What other terms add to a score follows the named ones, without the look of a term."""
    text, html, page = parts(renderer.render(issue(sections=listed(telling(OWLS)))))
    for part in (" ".join(text.split()), Document(html).text, Document(page).text):
        assert re.search(r"owl *21%,? *other terms *17%", part)
    for part in (html, page):
        (chain,) = [chain for words, chain in Document(part).texts if "other terms" in words]
        assert "chip" not in {attributes.get("class") for attributes in chain}
    assert "other terms" not in "".join(parts(renderer.render(issue(OWLS))))


def test_the_nearest_liked_paper_is_named_under_the_reasons(renderer: Renderer) -> None:
    """Each part says which liked paper is nearest and how near; what has none, says nothing of it."""
    rendered = renderer.render(issue(sections=listed(telling(OWLS))))
    text, html, page = rendered.text, Document(rendered.html).text, Document(rendered.page).text
    for part in (" ".join(text.split()), html, page):
        assert "Nearest to a paper you liked: Wings at Night (62%)" in part
        assert part.index("microphone array") < part.index("Nearest to")
    for part in (html, page):
        assert part.index("Nearest to") < part.index("PDF")
    assert "Nearest" not in "".join(parts(renderer.render(issue(OWLS))))


def test_similar_papers_are_named_under_the_one_they_resemble(renderer: Renderer) -> None:
    """Each part names three papers that say nearly the same, links those it can, and counts the others."""
    text, html, page = parts(renderer.render(issue(sections=listed(telling(OWLS), match(BARE)))))
    said = "    Nearly the same:\n    - Owls Again\n      https://arxiv.org/abs/2505.00002\n    - More Owls\n"
    assert said + "    - Still Owls 0\n    and 2 more\n" in text
    for part in (Document(html), Document(page)):
        words = part.text.replace("\N{NO-BREAK SPACE}", " ")
        assert "Nearly the same: Owls Again · More Owls · Still Owls 0 and 2 more" in words
        assert words.index("PDF") < words.index("Nearly the same") < words.index(BARE.title)
        assert "https://arxiv.org/abs/2505.00002" in part.hrefs
    assert "Nearly the same" not in "".join(parts(renderer.render(issue(OWLS))))
    few = renderer.render(issue(sections=listed(replace(match(OWLS), similar=SIMILAR[1:3]))))
    for words in (few.text, Document(few.html).text, Document(few.page).text):
        assert "Still Owls 0" in words
        assert not re.search(r"\d\smore", words)


@pytest.mark.parametrize(("interest", "label"), [(OUTSIDE, "Outside your interests"), (TRENDING, "Trending")])
def test_what_is_here_for_no_interest_is_labelled(renderer: Renderer, interest: str, label: str) -> None:
    """In a list a trending or exploring paper bears its label above its title, reasons or not; with sections once."""
    for each in (Match(paper=BARE, score=9.0, interest=interest), telling(BARE, interest)):
        text, html, page = parts(renderer.render(issue(sections=listed(match(OWLS), each))))
        assert f"\n    {label}\n 2. {BARE.title}\n" in text
        for part in (html, page):
            words = Document(part).text
            assert re.search(f"{label} ?{BARE.title}", words)
            assert f"closest to {interest}" not in words
    once = renderer.render(issue(sections=(Section(heading=interest, matches=(telling(BARE, interest),)),)))
    assert re.findall(f"^ *{label}$", once.text, re.MULTILINE) == [label]
    assert len(re.findall(f">{label}<", once.html)) == 1 == len(re.findall(f">{label}<", once.page))


def test_authors_without_a_name_leave_no_commas(renderer: Renderer) -> None:
    """A name of nothing that can be seen is left out, and the others stand as they would without it."""
    rendered = renderer.render(issue(replace(OWLS, authors=("", "Ada Example", "\u200e", "Bo Müller"))))
    for part in (rendered.text, Document(rendered.html).text, Document(rendered.page).text):
        assert "Ada Example, Bo Müller" in " ".join(part.split())
        assert ", ," not in part


def test_what_is_not_known_is_not_shown(renderer: Renderer) -> None:
    """A paper with nothing but a title has no empty chips, links, counts or lines."""
    bare = Match(paper=BARE, score=9.0, interest="")
    text, html, page = parts(renderer.render(issue(sections=(Section(heading="", matches=(bare,)),))))
    for part in (text, html, page):
        assert BARE.title in part
        assert "None" not in part
        assert "▲" not in part
        assert "comment" not in part
        assert "Why this paper" not in part
        assert not re.search(r"<p[^>]*>\s*</p>", part)
    assert Document(html).hrefs == set() == Document(page).hrefs


def test_counts_are_said_in_good_english(renderer: Renderer) -> None:
    """Numbers agree with their nouns, and the bar is named only when it held papers back."""
    assert "1 paper for you, out of 1 new\n" in renderer.render(issue(BARE, considered=1, passed=1)).text
    assert "2 papers for you, out of 1,200 new\n" in renderer.render(issue(BARE, OWLS, considered=1200, passed=2)).text


def test_sections_have_their_headings(renderer: Renderer) -> None:
    """An issue with sections shows each heading before its papers, whose numbers run on."""
    sections = (
        Section(heading="Sound & wood", matches=(match(OWLS),)),
        Section(heading="Rest", matches=(match(BARE),)),
    )
    text, html, page = parts(renderer.render(issue(sections=sections)))
    assert text.index("\nSound & wood\n") < text.index(" 1. Quiet") < text.index("\nRest\n") < text.index(" 2. A Paper")
    for part in (html, page):
        words = Document(part).text
        assert words.index("Sound & wood") < words.index(OWLS.title) < words.index("Rest") < words.index(BARE.title)
        assert part.count("<h2") == 2
        assert part.count("<h3") == 2


def test_an_issue_without_papers_says_so(renderer: Renderer) -> None:
    """An empty issue is a mail of one sentence, said once in every part, with the day in its subject."""
    rendered = renderer.render(issue(sections=(), considered=214, passed=0))
    sentence = "None of the 214 new papers reached your bar."
    assert rendered.subject == "Nothing above your bar on 9 May"
    assert rendered.text.startswith(f"Trending for Ada\nFriday 9 May 2025\n\n{sentence}\n\n---")
    assert "profile “ada” asks for it" in rendered.text
    for part in (rendered.text, Document(rendered.html).text, Document(rendered.page).text):
        assert part.count(sentence) == 1
        assert "0 papers" not in part
    assert re.search(rf"display:none[^>]*>{sentence}&#847;", rendered.html)
    assert_inert(rendered)


def test_abstracts_are_short_in_the_mail_and_whole_on_the_page(renderer: Renderer) -> None:
    """The mail stops after a sentence within 600 characters; the page goes on to the end."""
    long = replace(OWLS, abstract="We count owls by ear, e.g. at night. " * 40 + "The end.")
    text, html, page = parts(renderer.render(issue(long)))
    assert "at night.\N{NO-BREAK SPACE}…" in html
    assert "at night.\N{NO-BREAK SPACE}…" in text
    assert "The end." not in html + text
    assert "The end." in page


def test_the_subject_says_what_is_inside(renderer: Renderer) -> None:
    """The subject has the first title, how many more there are and their topic, in under 60 characters."""
    assert renderer.render(issue(BARE)).subject == BARE.title
    subject = renderer.render(issue(OWLS, BARE, BARE)).subject
    assert subject == "Quiet Owls: Listening for … and 2 more on sounds of animals"
    assert len(subject) < 60


def test_the_text_part_keeps_72_columns(renderer: Renderer) -> None:
    """No line of the text is wider than 72 columns, but one with a URL, and no wide script is cut at 72 characters."""
    wide = replace(OWLS, title="猫" * 90, abstract="x" * 400, authors=("Ü" * 79,) * 5)
    beside = replace(
        telling(wide, OUTSIDE), nearest=replace(WINGS, title="猫" * 90), similar=(wide, replace(OWLS, title="y" * 200))
    )
    text = renderer.render(issue(sections=listed(match(OWLS), beside))).text
    assert text.count("猫" * 30) >= 3
    for line in text.splitlines():
        assert columns(line) <= 72 or "://" in line
        assert line == line.rstrip()


def test_rendering_is_pure(renderer: Renderer) -> None:
    """The same issue gives the same text from any renderer, whatever it rendered before."""
    first = renderer.render(issue(OWLS, BARE))
    renderer.render(issue(BARE))
    assert renderer.render(issue(OWLS, BARE)) == first == Renderer().render(issue(OWLS, BARE))


def hostile_paper(text: str) -> Paper:
    """A paper with this text in every field and with links of which one is safe."""
    return Paper(
        id="title:hostile",
        title=text,
        abstract=text,
        authors=(text,) * 10_000,
        categories=(text,),
        venue=text,
        announced=date(2025, 5, 9),
        links=Links(
            abstract="javascript:alert(1)",
            pdf="data:text/html,x",
            html='https://example.org/" onclick="x',
            code="//evil",
            project="https://safe.example.org/",
        ),
    )


def hostile_match(text: str, paper: Paper) -> Match:
    """A match with this text and this paper wherever others are named."""
    nearest = Nearest(id=text, title=text or "Nameless", likeness=1.0)
    evidence = (Evidence(term=text, share=0.5), REST)
    return Match(paper=paper, score=50.0, interest=text, evidence=evidence, nearest=nearest, similar=(paper,) * 9)


def assert_inert(rendered: Rendered) -> None:
    """Nothing in the issue can run, load, submit, track or break out of its element."""
    for html in (rendered.html, rendered.page):
        document = Document(html)
        names = {tag for tag, _ in document.tags}
        assert not names & {
            "script",
            "img",
            "iframe",
            "form",
            "input",
            "object",
            "embed",
            "link",
            "base",
            "svg",
            "video",
        }
        assert not [name for _, attributes in document.tags for name in attributes if name.startswith("on")]
        assert all(href and href.startswith(("http://", "https://")) for href in document.hrefs)
        assert not document.crossed
        assert not document.open
        assert "url(" not in html
        assert "@import" not in html
    for part in (rendered.subject, *parts(rendered)):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", part)
        assert part.encode()
    assert "\n" not in rendered.subject
    assert len(rendered.html.encode()) < HTML_LIMIT


def test_hostile_text_is_inert(renderer: Renderer) -> None:
    """HTML, template code, controls and bidi overrides in any field are shown as text or dropped."""
    evil = hostile_match(HOSTILE, hostile_paper(HOSTILE))
    sections = (Section(heading=HOSTILE, matches=(evil, match(OWLS))), Section(heading="", matches=(evil,)))
    rendered = renderer.render(replace(issue(sections=sections), name=HOSTILE, profile=HOSTILE))
    assert_inert(rendered)
    assert "{{ 7 * 7 }}" in rendered.html
    assert Document(rendered.html).hrefs >= {"https://safe.example.org/", "https://arxiv.org/abs/2505.00001"}
    assert "javascript:" not in rendered.text


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=st.characters(), max_size=80), title=st.text(max_size=200))
def test_any_text_is_inert(renderer: Renderer, text: str, title: str) -> None:
    """No text whatever breaks an issue's structure or its subject."""
    evil = hostile_match(text, replace(hostile_paper(text), title=title, authors=(text,)))
    rendered = renderer.render(issue(sections=listed(evil, match(OWLS))))
    assert_inert(rendered)
    assert OWLS.title in rendered.html
    assert len(rendered.subject) < 60


@pytest.mark.parametrize("script", ["العربية ", "עברית ", "👩‍👩‍👧‍👦 ", "e\u0301", "x", "&"])
def test_a_huge_record_does_not_push_out_the_mail(renderer: Renderer, script: str) -> None:
    """Ten papers of 100 kB in any script, others as huge beside them, give HTML below the limit with all ten titles."""
    text = script * (100_000 // len(script))
    huge = replace(hostile_match(text, hostile_paper(text)), interest="owls", evidence=(*EVIDENCE, REST))
    rendered = renderer.render(issue(sections=listed(*[huge] * 9, match(OWLS))))
    assert_inert(rendered)
    assert OWLS.title in rendered.html
    assert rendered.html.count("<h2") == 10


def test_a_large_issue_has_room_for_fewer_papers(renderer: Renderer) -> None:
    """HTML that would be clipped has shorter abstracts; and only so many papers have room, the others wait."""
    long = replace(OWLS, abstract="We count owls by ear at night. " * 40)
    shorter = renderer.render(issue(*[long] * 26))
    assert len(shorter.html.encode()) < HTML_LIMIT
    assert shorter.html.count("<h2") == 26
    assert "Abstracts are shorter than usual" in shorter.html
    large = issue(*[long] * 200)
    short = fitted(renderer, large)
    room = len(short.matches)
    assert 15 < room < 200
    fewer = renderer.render(short)
    assert len(fewer.html.encode()) < HTML_LIMIT
    assert f"{room}. Quiet Owls" in fewer.text
    assert fewer.html.count("<h2") == fewer.page.count("<h2") == room
    for part in parts(fewer):
        assert f"{200 - room} more papers wait for" in " ".join(part.split())


def test_titles_and_abstracts_find_their_own_direction(renderer: Renderer) -> None:
    """Strangers' text is isolated, so that text from right to left does not turn its neighbours."""
    rendered = renderer.render(issue(replace(OWLS, title="بومة هادئة")))
    for html in (rendered.html, rendered.page):
        assert re.search(r'<h2[^>]* dir="auto"', html)
        assert re.search(r'<p [^>]*dir="auto"[^>]*>Owls fly', html)
    assert '<span dir="auto">Bo Müller</span>' in rendered.html, "mail programs take <bdi> away"
    assert "<bdi>Bo Müller</bdi>" in rendered.page


def test_mail_html_works_where_mail_is_read(renderer: Renderer) -> None:
    """Layout tables say they are none, links are 44 px or more each way, and language and colour schemes are named."""
    html = renderer.render(issue(OWLS)).html
    document = Document(html)
    assert all(attributes.get("role") == "presentation" for tag, attributes in document.tags if tag == "table")
    assert ("html", {"lang": "en", "dir": "ltr"}) in document.tags
    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in document.tags
    row = [a["style"] or "" for tag, a in document.tags if tag == "a" and a.get("class") == "link"]
    assert len(row) == 5
    for style in row:
        assert "display:inline-block" in style
        assert "min-width:28px" in style
        assert "padding:12px 18px 12px 0" in style
        assert "line-height:20px" in style


def test_the_page_is_not_for_search_engines_and_runs_nothing(renderer: Renderer) -> None:
    """The page asks not to be indexed and forbids scripts by its own policy."""
    document = Document(renderer.render(issue(OWLS)).page)
    assert ("meta", {"name": "robots", "content": "noindex"}) in document.tags
    policy = next(a["content"] for _, a in document.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none';")


def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 to 21 (WCAG 2.2, success criterion 1.4.3)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_mail_text_has_contrast_in_both_schemes(renderer: Renderer, *, dark: bool) -> None:
    """Every visible text of the mail stands out from what is behind it by at least 4.5 to 1, light or dark."""
    sections = (Section(heading="Sound", matches=(telling(OWLS),)), *listed(telling(BARE, OUTSIDE)))
    html = renderer.render(issue(sections=sections)).html
    assert all(words in html for words in ("other terms", "Nearest to", "Nearly the same", "Outside your interests"))
    scheme = html[html.index("prefers-color-scheme: dark") : html.index("</style>")]
    rules = dict(re.findall(r"\.([a-z]+) \{([^}]*)\}", scheme))
    seen = 0
    for text, chain in Document(html).texts:
        colours = {"color": "#000000", "background-color": "#ffffff"}
        for attributes in chain:
            css = attributes.get("style") or ""
            if dark:
                css += ";" + "".join(rules.get(name, "") for name in (attributes.get("class") or "").split())
            colours.update(re.findall(r"(?<![a-z-])(color|background-color): ?(#[0-9a-f]{6})", css))
        assert contrast(colours["color"], colours["background-color"]) >= 4.5, text
        seen += 1
    assert seen > 20


def test_page_text_has_contrast_in_both_schemes() -> None:
    """Every pair of the pages' colours that meets as text and ground keeps 4.5 to 1, light or dark."""
    css = (TEMPLATES / "web" / "base.css").read_text(encoding="utf-8")
    css = css.replace("{{ accent.light }}", ACCENT).replace("{{ accent.dark }}", on_dark(ACCENT))
    light, dark = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{([^}]*)\}", css)
    )
    pairs = [(ink, ground) for ink in ("ink", "body", "muted", "link") for ground in ("canvas", "card")]
    pairs += [("ink", "vote"), ("up", "vote"), ("chip-ink", "chip"), ("share", "chip")]
    for palette in (light, dark):
        for ink, ground in pairs:
            assert contrast(palette[ink], palette[ground]) >= 4.5, (ink, ground)


def test_a_users_template_wins(tmp_path: Path) -> None:
    """A file of the same name in the user's folder is used, and the others stay as shipped."""
    own = tmp_path / "mail" / "issue" / "subject.txt"
    own.parent.mkdir(parents=True)
    own.write_text("{{ shown }} for {{ name }}\n  today", encoding="utf-8")
    rendered = Renderer(tmp_path).render(issue(OWLS))
    assert rendered.subject == "1 for Ada today"
    assert rendered.html == Renderer().render(issue(OWLS)).html


def test_a_user_can_replace_one_block(tmp_path: Path) -> None:
    """Extending the shipped file under `default/` changes the named block only, and it knows its paper."""
    own = tmp_path / "mail" / "issue" / "body.html"
    own.parent.mkdir(parents=True)
    block = '{% extends "default/mail/issue/body.html" %}{% block abstract %}<p>No {{ paper.number }}</p>{% endblock %}'
    own.write_text(block, encoding="utf-8")
    html = Renderer(tmp_path).render(issue(OWLS)).html
    assert "<p>No 1</p>" in html
    assert OWLS.title in html
    assert OWLS.abstract not in html


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>\n{{ papr }}</p>", "mail/issue/body.html:2: 'papr' is undefined"),
        (
            "{% for s in sections %}\n\n{{ s.headin }}{% endfor %}",
            "mail/issue/body.html:3: .*has no attribute 'headin'",
        ),
        ("{% if %}", "mail/issue/body.html:1: "),
        ("\n{% block a %}", "mail/issue/body.html:2: "),
        ("a\n{{ 1 / 0 }}", "mail/issue/body.html:2: division by zero"),
        ("a\n{{ name | shout }}", "mail/issue/body.html:2: No filter named 'shout'"),
        ('{% include "nowhere.html" %}', "mail/issue/body.html:1: nowhere.html"),
        ('\n{% include "mail/issue/body.html" %}', "mail/issue/body.html:2: "),
        ("{% if held %}\n{{ papr }}{% endif %}", "mail/issue/body.html:2: 'papr' is undefined"),
        (
            "{% for s in sections %}{% for p in s.papers %}\n{{ p.nearest.title }}{% endfor %}{% endfor %}",
            "mail/issue/body.html:2: .*has no attribute 'title'",
        ),
        ("{{ sections[0].heading }}", "mail/issue/body.html:1: "),
    ],
)
def test_a_faulty_template_is_named_with_its_line(tmp_path: Path, source: str, expected: str) -> None:
    """A template that does not compile or asks for what is not there is refused before any issue is rendered."""
    own = tmp_path / "mail" / "issue" / "body.html"
    own.parent.mkdir(parents=True)
    own.write_text(source, encoding="utf-8")
    with pytest.raises(TemplateError, match=expected):
        Renderer(tmp_path)


@pytest.mark.parametrize("name", ["issue", "archive"])
def test_a_faulty_page_is_refused_as_a_mail_is(tmp_path: Path, name: str) -> None:
    """The templates of both pages are tried before any issue is rendered, links to twins included."""
    own = tmp_path / "web" / f"{name}.html"
    own.parent.mkdir()
    own.write_text("{% if months is defined or twins %}\n{{ papr }}{% endif %}", encoding="utf-8")
    with pytest.raises(TemplateError, match=rf"web/{name}\.html:2: 'papr' is undefined"):
        Renderer(tmp_path)


def test_a_page_that_stands_alone_leads_nowhere_else(renderer: Renderer) -> None:
    """Without twins a page links to its papers only."""
    page = Document(renderer.render(issue(OWLS)).page)
    assert all((href or "").startswith("https://") for href in page.hrefs)


def test_a_template_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """A template that is not UTF-8 raises an error that says so."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "issue.html").write_bytes("<p>ü</p>".encode("latin-1"))
    with pytest.raises(TemplateError, match=r"web/issue\.html: not UTF-8"):
        Renderer(tmp_path)


def test_a_users_missing_folder_is_no_error(tmp_path: Path) -> None:
    """Nobody has to have templates of their own."""
    assert Renderer(tmp_path / "templates").render(issue(OWLS)) == Renderer().render(issue(OWLS))


def test_the_readme_names_every_variable() -> None:
    """The table in templates/README.md has exactly the names a template can use."""
    prefixes = {
        IssueView: "",
        SectionView: "section.",
        UpdateView: "update.",
        AccentView: "accent.",
        PaperView: "paper.",
        LinkView: "link.",
        ReasonView: "reason.",
        NearestView: "paper.nearest.",
        SimilarView: "similar.",
        TwinsView: "twins.",
    }
    assert documented("## Variables", "## Variables of the archive") == names(prefixes)


def test_the_readme_lists_every_variable_of_the_archive() -> None:
    """The table of the archive has exactly the names that its template can use."""
    prefixes = {ArchiveView: "", MonthView: "month.", ListedView: "issue."}
    assert documented("## Variables of the archive", "## Variables of the other mails") == names(prefixes)


def test_the_readme_lists_every_variable_of_the_other_mails() -> None:
    """The tables of confirmation, goodbye and report have exactly the names that their templates can use."""
    letters = {
        ConfirmationView: "",
        GoodbyeView: "",
        AccessView: "",
        ReportView: "",
        CountView: "count.",
        FaultView: "fault.",
    }
    assert documented("## Variables of the other mails", "## Variables of the site") == names(letters)
    assert {each.name for each in fields(FrameView)} <= names({IssueView: ""})


def names(prefixes: dict[Any, str]) -> set[str]:
    """The fields of views, as templates write them; one is a tuple with names, the others are dataclasses."""
    named = {view: getattr(view, "_fields", None) or [each.name for each in fields(view)] for view in prefixes}
    return {prefix + name for view, prefix in prefixes.items() for name in named[view]}


def documented(heading: str, following: str) -> set[str]:
    """What the table beneath a heading of templates/README.md lists."""
    readme = (TEMPLATES / "README.md").read_text(encoding="utf-8")
    table = readme.partition(f"{heading}\n")[2].partition(f"{following}\n")[0]
    return set(re.findall(r"^\| `([a-z_.]+)` \|", table, re.MULTILINE))


def test_the_readme_names_every_block() -> None:
    """Every block of the shipped templates is in templates/README.md, so that overriding needs no source reading."""
    readme = (TEMPLATES / "README.md").read_text(encoding="utf-8")
    for template in (*TEMPLATES.rglob("*.html"), *TEMPLATES.rglob("*.txt")):
        for block in re.findall(r"{% block (\w+)", template.read_text(encoding="utf-8")):
            assert f"`{block}`" in readme


def test_real_abstracts_are_shortened_at_sentences(samples: Path, renderer: Renderer) -> None:
    """Of a real feed's abstracts nearly all long ones end with a sentence, and all keep to the room."""
    feed = next((samples / "trending_page").glob("*.txt")).read_text(encoding="utf-8")
    abstracts = [paragraph for paragraph in feed.split("\n\n") if len(paragraph) > 700]
    assert len(abstracts) > 20
    leads = [lead(one_line(abstract), 600) for abstract in abstracts]
    assert all(len(each) <= 600 for each in leads)
    assert sum(each.endswith((".\N{NO-BREAK SPACE}…", "?\N{NO-BREAK SPACE}…")) for each in leads) > 0.9 * len(leads)
    papers = [replace(OWLS, abstract=abstract) for abstract in abstracts[:10]]
    assert_inert(renderer.render(issue(*papers)))


def test_a_mail_in_text_alone_has_no_html() -> None:
    """Who wants text gets one part of it, with all that the other form's text has; the page is the same."""
    issue = specimens.issue(2)
    plain = replace(issue, form=Form.TEXT)
    made, other = Renderer().render(plain), Renderer().render(issue)
    assert (made.subject, made.text, made.html, made.page) == (other.subject, other.text, "", other.page)


def test_a_subscription_says_what_and_how_often() -> None:
    """In the foot of both parts stand the digest's name and its schedule, and not what it is called here."""
    issue = replace(specimens.issue(1), profile="s-0123", name="Owls & ears", often="every Monday at 07:00 (UTC)")
    mail = Renderer(None, None, specimens.LINKS).mail(issue)
    for part in (mail.text, mail.html.replace("&amp;", "&")):
        words = " ".join(re.sub(r"<[^>]*>", "", part).split())
        assert "you subscribed to “Owls & ears”: every Monday at 07:00 (UTC)." in words
        assert "s-0123" not in words


@pytest.mark.parametrize("form", [Form.CARDS, Form.COMPACT])
def test_a_readers_form_goes_before_the_installations(form: Form) -> None:
    """A mail is as its reader chose, whatever the settings say; without a choice it is as they say."""
    issue = specimens.issue(1)
    wanted = Renderer(None, Look(layout=Layout(form.value))).mail(issue)
    for layout in Layout:
        assert Renderer(None, Look(layout=layout)).mail(replace(issue, form=form)) == wanted
