"""What is rendered and encoded once is, byte for byte, what it would be without that."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.errors import TemplateError
from digest.jinja import environment
from digest.message import build
from digest.quoted_printable import LONGEST, encode
from digest.ranking.labels import LIKED, OTHER_TERMS, OUTSIDE
from digest.render import Renderer
from digest.types import Envelope, Evidence, Gist, Issue, Links, Mail, Match, Nearest, Paper, Section, Signals
from digest.view import view

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"

ENVELOPE = Envelope(
    sender="Paper Digest <digest@example.org>",
    recipient="ada@example.org",
    date=datetime(2025, 5, 9, 6, 30, tzinfo=UTC),
    message_id="<1@example.org>",
    list_id="<ada.paper-digest.example.org>",
)
WORDS = st.sampled_from(["", "owls", "Eulen & Käuze", "猫 " * 40, "<b>loud</b>", "a=b " * 60, "x" * 200]) | st.text(
    max_size=30
)
NAMES = st.sampled_from(["Ada", "Bo Müller"])
COUNTS = st.sampled_from([None, 0, 1, 1234])
PAPERS = st.builds(
    Paper,
    id=st.sampled_from(["arxiv:2505.00001", "title:owls"]),
    title=WORDS,
    abstract=WORDS,
    authors=st.lists(NAMES, max_size=7).map(tuple),
    categories=st.sampled_from([(), ("cs.SD",)]),
    venue=st.sampled_from([None, "Journal of Woods"]),
    announced=st.sampled_from([None, date(2025, 5, 9)]),
    links=st.sampled_from([Links(), Links(abstract="https://example.org/a?b=c&d", pdf="https://example.org/p")]),
    signals=st.builds(Signals, upvotes=COUNTS, comments=COUNTS, stars=COUNTS),
)
MATCHES = st.builds(
    Match,
    paper=PAPERS,
    score=st.floats(0, 100),
    interest=st.sampled_from([LIKED, OUTSIDE, "owls", ""]),
    evidence=st.lists(st.builds(Evidence, term=WORDS | st.just(OTHER_TERMS), share=st.floats(0, 1)), max_size=8).map(
        tuple
    ),
    nearest=st.none() | st.builds(Nearest, id=st.just("title:near"), title=WORDS, likeness=st.floats(0, 1)),
    similar=st.lists(PAPERS, max_size=4).map(tuple),
    gist=st.none() | st.builds(Gist, text=WORDS, by=st.sampled_from(["", "its source"])),
)
SECTIONS = st.builds(
    Section, heading=st.sampled_from(["", "owls", OUTSIDE]), matches=st.lists(MATCHES, max_size=4).map(tuple)
)
ISSUES = st.builds(
    Issue,
    id=st.just("1"),
    profile=WORDS,
    name=WORDS,
    day=st.just(date(2025, 5, 9)),
    composed=st.just(datetime(2025, 5, 9, 6, tzinfo=UTC)),
    sections=st.lists(SECTIONS, max_size=3).map(tuple),
    considered=st.integers(0, 2000),
    passed=st.integers(0, 20),
    sources=st.lists(WORDS, max_size=2).map(tuple),
    held=st.integers(0, 2),
)
ENVELOPES = st.builds(
    Envelope,
    sender=st.sampled_from([ENVELOPE.sender, "digest@example.org"]),
    recipient=st.text(max_size=120).map(lambda name: f"{name} <ada@example.org>"),
    date=st.datetimes(timezones=st.just(UTC)),
    message_id=st.sampled_from(["<1@example.org>", f"<{'2' * 400}@example.org>"]),
    list_id=st.sampled_from(["<ada.example.org>", f"<{'ada.' * 100}example.org>"]),
)

OWLS = Match(paper=Paper(id="title:owls", title="Quiet Owls", abstract="We hear owls."), score=50.0, interest="owls")


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    """The shipped templates, which remember what the tests before had rendered."""
    return Renderer()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Renderer:
    """The shipped templates without the tag, which render everything for each issue."""
    folder = tmp_path_factory.mktemp("plain")
    tags = 0
    for template in (*TEMPLATES.rglob("mail/**/*.*"), *TEMPLATES.rglob("web/*.html")):
        lines = template.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if line not in {"{% once %}\n", "{% endonce %}\n"}]
        tags += len(lines) - len(kept)
        written = folder / template.relative_to(TEMPLATES)
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text("".join(kept), encoding="utf-8")
    assert tags >= 8
    return Renderer(folder)


def by_the_standard_library(mail: Mail, envelope: Envelope) -> bytes:
    """The mail as `email` writes it, with our header lines, in lines as long as RFC 2045 allows."""
    message = EmailMessage(policy=SMTP.clone(refold_source="none", max_line_length=76))
    head = build(mail, envelope).partition(b"\r\nMIME-Version")[0].decode()
    for line in head.replace("\r\n ", "\0").split("\r\n"):
        name, _, value = line.partition(": ")
        message.set_raw(name, value.replace("\0", "\r\n "))
    text, html = (part.encode("utf-8", "replace").decode() for part in (mail.text, mail.html))
    message.set_content(text, charset="utf-8", cte="quoted-printable")
    message.add_alternative(html, subtype="html", charset="utf-8", cte="quoted-printable")
    for part in message.iter_parts():
        del part["MIME-Version"]
    message.set_boundary(build(mail, envelope).partition(b'boundary="')[2].partition(b'"')[0].decode())
    return message.as_bytes()


def issue(*matches: Match, name: str = "Ada") -> Issue:
    """An issue of these papers."""
    day, composed = date(2025, 5, 9), datetime(2025, 5, 9, 6, tzinfo=UTC)
    sections = (Section(heading="", matches=matches),)
    return Issue(
        id="1", profile="ada", name=name, day=day, composed=composed, sections=sections, considered=9, passed=2
    )


def written(folder: Path, source: str, name: str = "body.html") -> Path:
    """A folder with one overriding template of mails."""
    own = folder / "mail" / "issue" / name
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(source, encoding="utf-8")
    return folder


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(found=ISSUES, envelope=ENVELOPES)
def test_a_mail_of_pieces_is_the_same_bytes(
    renderer: Renderer, plain: Renderer, found: Issue, envelope: Envelope
) -> None:
    """Whatever was rendered before, an issue's parts are those of plain templates, its bytes the standard library's."""
    mail = renderer.mail(found)
    assert mail == plain.mail(found)
    assert build(mail, envelope) == by_the_standard_library(mail, envelope)


@settings(max_examples=300)
@given(
    text=st.text(max_size=120)
    | st.text(alphabet="a =\t.é猫\n\r\x0b\x85\u2028\ud800", max_size=300)
    | st.integers(70, 80).map(lambda n: "a" * n + " \n" + "=" * n + "\t")
    | st.integers(LONGEST - 1, LONGEST + 1).map(lambda n: "=é a"[n % 4] * n)
)
def test_lines_encoded_apart_are_the_whole_encoded(text: str) -> None:
    """Any text is encoded as by the standard library, and no line of it is over 76 characters."""
    assert f"\r\n\r\n{encode(text).decode()}".encode() in by_the_standard_library(
        Mail(subject="", text=text.replace("\r\n", "\n").replace("\r", "\n"), html=""), ENVELOPE
    )
    assert max(map(len, encode(text).split(b"\r\n"))) <= 76


def test_a_piece_is_rendered_once_for_equal_papers() -> None:
    """Two readers' papers that show the same take one rendering, whatever else differs; another paper takes another."""
    asked = environment()
    shown: list[str] = []

    def noted(text: str) -> str:
        shown.append(text)
        return text

    asked.filters["noted"] = noted
    template = asked.from_string(
        "{% for s in sections %}{% for p in s.papers %}{% once %}"
        "{% if p.title %}{% set said = p.title %}{{ said | noted }}{% endif %}"  # a name that one branch alone knows
        "{% endonce %} {{ p.score }},"
        "{% endfor %}{% endfor %}"
    )
    for score in (50.0, 60.0):
        match = replace(OWLS, score=score, paper=replace(OWLS.paper, title="Quiet Owls"))
        other = replace(OWLS, paper=replace(OWLS.paper, title="Loud Owls"))
        said = template.render(view(issue(match, other), characters=0).variables())
        assert said == f"Quiet Owls {score:.0f},Loud Owls 50,"
    assert shown == ["Quiet Owls", "Loud Owls"]


def test_an_overridden_block_in_a_piece_may_say_anything(tmp_path: Path) -> None:
    """A block in a remembered piece that an operator replaces shows each reader's own name and numbers."""
    block = "{% block abstract %}<p>{{ name }}: no {{ paper.number }}, {{ paper.score }}</p>{% endblock %}"
    renderer = Renderer(written(tmp_path, '{% extends "default/mail/issue/body.html" %}' + block))
    for name in ("Ada", "Bo"):
        html = renderer.mail(issue(OWLS, replace(OWLS, score=40.0), name=name)).html
        assert f"<p>{name}: no 1, 50</p>" in html
        assert f"<p>{name}: no 2, 40</p>" in html


@pytest.mark.parametrize(
    "body",
    [
        "{{ name }}{{ paper.number }}",
        "{% set said = name %}{{ said }}{{ paper.number }}",
        "{{ loop.index }}{{ name }}",
        "{{ first_of(paper) }}{{ paper.number }}",
        "{{ mark() }}{{ paper.number }}{{ name }}",
        "{% include 'mail/issue/own.html' %}",
        "{% for paper in section.papers %}{{ paper.number }}{% endfor %}{{ name }}",
        "{% once %}{{ paper.number }}{% endonce %}{{ name }}",
        "{{ paper['number'] }}{{ name }}",
        "{{ section.papers | map(attribute='score') | join }}{{ name }}",
    ],
)
def test_a_piece_of_an_operators_own_is_nobody_elses(tmp_path: Path, body: str) -> None:
    """Whatever a template reads within the tag, it prints what it prints without the tag."""
    whole = (
        "{% macro first_of(paper) %}{{ name }}{{ paper.title }}{% endmacro %}{% set mark = joiner('+') %}"
        "{% for section in sections %}{% for paper in section.papers %}[BODY]{% endfor %}{% endfor %}"
    )
    for folder in ("with", "without"):
        written(tmp_path / folder, "{{ name }}{{ paper.number }}", "own.html")
    with_tag = Renderer(written(tmp_path / "with", whole.replace("BODY", "{% once %}" + body + "{% endonce %}")))
    without = Renderer(written(tmp_path / "without", whole.replace("BODY", body)))
    for name in ("Ada", "Bo", "Ada"):
        found = issue(OWLS, OWLS, replace(OWLS, score=40.0), name=name)
        assert with_tag.mail(found).html == without.mail(found).html


def test_a_fault_in_a_piece_is_named_with_its_line(tmp_path: Path) -> None:
    """What a template asks for within the tag and is not there is refused with its name and line."""
    piece = "{% once %}{{ p.title }}\n{{ p.titel }}{% endonce %}"
    source = "{% for s in sections %}{% for p in s.papers %}" + piece + "{% endfor %}{% endfor %}"
    with pytest.raises(TemplateError, match=r"mail/issue/body.html:2: .*titel"):
        Renderer(written(tmp_path, source))
    with pytest.raises(TemplateError, match=r"mail/issue/body.html:2: 'papr' is undefined"):
        Renderer(written(tmp_path, "{% once %}\n{{ papr.title }}{% endonce %}"))


def test_threads_may_share_a_renderer(renderer: Renderer) -> None:
    """Issues that are rendered at the same time come out as one after the other."""
    found = [issue(replace(OWLS, score=float(score)), name=f"Reader {score}") for score in range(60)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(renderer.mail, found)) == [renderer.mail(each) for each in found]
