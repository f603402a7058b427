"""The links of mails to the site: where they stand, for whom, how long, and where they never stand."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from digest import tokens
from digest.errors import LinkError
from digest.fitting import fitted, most_bytes
from digest.render import HTML_LIMIT, Renderer
from digest.signed_links import SignedLinks
from digest.tokens import Purpose
from digest.twins import markdown
from digest.types import EmptyDay, Issue, Links, Match, Paper, Section

SECRET = bytes(range(32))
KEY = tokens.key(SECRET)
SITE = "https://digest.example.org"
LINKS = SignedLinks(SECRET, SITE)
OWLS = Paper(id="arxiv:2505.00001", title="Quiet Owls", links=Links(abstract="https://arxiv.org/abs/2505.00001"))
BREAD = Paper(id="title:0123456789abcdef", title="How Bread Rises")


def issue(*papers: Paper) -> Issue:
    """Ada's issue of these papers."""
    matches = tuple(Match(paper=paper, score=50.0, interest="owls") for paper in papers)
    return Issue(
        id="1",
        profile="ada",
        name="Ada",
        day=date(2025, 5, 9),
        composed=datetime(2025, 5, 9, 6, tzinfo=UTC),
        sections=(Section(heading="", matches=matches),) if papers else (),
        considered=10,
        passed=5,
    )


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    """The shipped templates of an installation with a site."""
    return Renderer(links=LINKS)


def found(part: str) -> list[tuple[Purpose, str]]:
    """The links to the site in a part of a mail, in order."""
    return [(Purpose(path), token) for path, token in re.findall(rf"{SITE}/(\w)/([\w-]+)(?![\w/-])", part)]


def test_every_paper_can_be_judged_and_every_mail_stopped(renderer: Renderer) -> None:
    """Text and HTML have both links for each paper, with or without links of its own, and three in the foot."""
    mail = renderer.mail(issue(OWLS, BREAD))
    for part in (mail.text, mail.html):
        said = [(purpose, tokens.read(KEY, purpose, token, date(2025, 5, 9))) for purpose, token in found(part)]
        assert [(purpose, each.paper) for purpose, each in said] == [
            (Purpose.MORE, OWLS.id),
            (Purpose.LESS, OWLS.id),
            (Purpose.MORE, BREAD.id),
            (Purpose.LESS, BREAD.id),
            (Purpose.INTERESTS, ""),
            (Purpose.PAUSE, ""),
            (Purpose.UNSUBSCRIBE, ""),
        ]
        assert {each.reader for _, each in said} == {tokens.reader_id(SECRET, "ada")}
        assert "delete the line" not in part
        for label in ("More like this", "Less like this", "Change interests", "Pause", "Unsubscribe"):
            assert label in part


def test_links_last_as_long_as_is_promised(renderer: Renderer) -> None:
    """Judging is good for 60 days, the account's links for 30, confirming for 3; unsubscribing for ever."""
    lasting = dict(found(renderer.mail(issue(OWLS)).text))
    lasting[Purpose.CONFIRM] = LINKS.confirm("ada", date(2025, 5, 9)).rpartition("/")[2]
    days = {Purpose.MORE: 60, Purpose.LESS: 60, Purpose.INTERESTS: 30, Purpose.PAUSE: 30, Purpose.CONFIRM: 3}
    for purpose, token in lasting.items():
        last = date(2025, 5, 9) + timedelta(days=days.get(purpose, 10_000))
        assert tokens.read(KEY, purpose, token, last)
        if purpose in days:
            with pytest.raises(LinkError, match="too old"):
                tokens.read(KEY, purpose, token, last + timedelta(days=1))


def test_the_header_link_is_the_foots(renderer: Renderer) -> None:
    """The URL for List-Unsubscribe is the one in the foot, of 75 characters at the most."""
    foot = found(renderer.mail(issue(OWLS)).text)[-1]
    assert LINKS.unsubscribe("ada") == f"{SITE}/u/{foot[1]}"
    longest = SignedLinks(SECRET, "https://" + "s" * (tokens.LONGEST_SITE - len("https://")))
    assert len(longest.unsubscribe("ada")) == 75


def test_what_may_be_shared_has_no_links_that_act(renderer: Renderer) -> None:
    """The page and Markdown of an issue lead nobody to its reader's account."""
    rendered = renderer.render(issue(OWLS))
    assert SITE not in rendered.page + markdown.write(issue(OWLS))
    assert rendered.page == Renderer().render(issue(OWLS)).page


def test_without_a_site_mails_lead_to_none() -> None:
    """Without a site there is nothing to follow, and the foot says how to stop."""
    text = Renderer().mail(issue(OWLS)).text
    assert "like this" not in text
    assert "Unsubscribe" not in text
    assert "delete the line" in text


def test_the_same_issue_has_the_same_links_for_ever(renderer: Renderer) -> None:
    """Days count from the issue's own: it is the same bytes whenever it is rendered, up to the end of days."""
    assert renderer.mail(issue(OWLS)) == Renderer(links=SignedLinks(SECRET, SITE)).mail(issue(OWLS))
    assert found(renderer.mail(replace(issue(OWLS), day=date.max)).text)


def test_a_paper_with_an_endless_id_cannot_be_judged(renderer: Renderer) -> None:
    """A DOI of a thousand characters makes no link that mail programs would break; the mail is whole without."""
    mail = renderer.mail(issue(replace(OWLS, id="doi:10.1000/" + "x" * 1000)))
    assert [purpose for purpose, _ in found(mail.html)] == [Purpose.INTERESTS, Purpose.PAUSE, Purpose.UNSUBSCRIBE]


def test_links_count_for_the_mails_size(renderer: Renderer) -> None:
    """Links take part in what a mail has room for: a full mail keeps to the limit with all of them."""
    long = replace(OWLS, abstract="We count owls by ear at night. " * 40)
    large = issue(*[replace(long, id=f"doi:10.1000/{number:0180}") for number in range(200)])
    short = fitted(renderer, large)
    mail = renderer.mail(short)
    assert len(mail.html.encode()) < HTML_LIMIT
    assert 10 < len(short.matches) == sum(purpose is Purpose.MORE for purpose, _ in found(mail.html))
    assert len(short.matches) < len(fitted(Renderer(), large).matches)
    assert len(mail.html.encode()) <= most_bytes(short, LINKS)
    assert most_bytes(short, LINKS) > most_bytes(short)


@pytest.mark.parametrize(
    ("choice", "often"),
    [
        (EmptyDay.SKIP, "on days that have papers for you."),
        (EmptyDay.NOTE, "on all days that have new papers, for you or not."),
    ],
)
def test_the_foot_says_how_often(renderer: Renderer, choice: EmptyDay, often: str) -> None:
    """Why and how often the reader gets this stands in each part of each mail."""
    mail = renderer.mail(replace(issue(OWLS), empty_day=choice))
    for part in (mail.text, mail.html):
        assert often in " ".join(part.split())
