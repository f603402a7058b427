"""A reader's page and the editor: what can be changed there, what an edit would change, and the way back."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from digest.store import issues, judgements, subscribers, subscriptions, versions
from digest.subscription import Return, Standing
from digest.types import Form

if TYPE_CHECKING:
    from conftest import Site

    from digest.subscription import Subscription

GOOD = "topics:\n- 3D face animation\n- speech\nmin_score: 10\n"
BAD = "topics:\n- owls\nmin_score: high\n"
USUAL = {"when": "daily", "at": "07:00", "zone": "UTC", "on_return": "catch-up", "patience": "18"}


def own(site: Site) -> str:
    """A reader with interests of their own, on their page."""
    return site.enter(digest="own", interests=GOOD)


def found(site: Site, slug: str) -> Subscription:
    """The subscription as it is kept."""
    with site.store.reading() as connection:
        known = subscriptions.by_slug(connection, slug)
    assert known is not None
    return known


def text_of(site: Site, slug: str) -> str:
    """The profile that counts."""
    with site.store.reading() as connection:
        newest = versions.newest(connection, slug)
    assert newest is not None
    return newest.text


def test_schedule_and_form_can_be_changed(site: Site) -> None:
    """What the form says is kept, and the page shows it and when the next issue comes."""
    slug = own(site)
    fields = {
        "when": "weekly mon",
        "at": "18:30",
        "zone": "America/Toronto",
        "form": "text",
        "empty_day": "note",
        "on_return": "skip",
        "language": "pt-BR",
        "patience": "6",
    }
    answer = site.post(f"/me/{slug}/preferences", csrf=site.csrf(), **fields)
    assert answer.headers["location"] == f"/me?done=saved#{slug}"
    chosen = found(site, slug).preferences
    assert (chosen.schedule.when, chosen.form, chosen.on_return) == ("weekly mon", Form.TEXT, Return.SKIP)
    assert (chosen.language, chosen.patience) == ("pt-BR", timedelta(hours=6))
    page = site.get("/me").text
    assert "Next: Monday 12 May 2025 at 18:30, America/Toronto" in page
    assert '<option value="weekly mon" selected>' in page
    cron = {**fields, "when": "cron", "cron": "30 6 * * 1,4"}
    assert site.post(f"/me/{slug}/preferences", csrf=site.csrf(), **cron).status_code == 303
    assert found(site, slug).preferences.schedule.when == "cron 30 6 * * 1,4"
    assert 'value="30 6 * * 1,4"' in site.get("/me").text


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("when", "hourly"),
        ("at", "7"),
        ("zone", "Mars/Olympus"),
        ("language", "klingon"),
        ("patience", "0"),
        ("patience", "१"),
        ("form", "holograms"),
        ("cron", "* * * * *"),
    ],
)
def test_what_cannot_be_had_is_told_at_its_field(site: Site, field: str, typed: str) -> None:
    """A bad value is refused beside its field with the other values as typed, and nothing changes."""
    slug = own(site)
    before = found(site, slug)
    fields = {**USUAL, "at": "09:45", field: typed, **({"when": "cron"} if field == "cron" else {})}
    answer = site.post(f"/me/{slug}/preferences", csrf=site.csrf(), **fields)
    assert answer.status_code == 422
    assert f'id="{field}-fault"' in answer.text
    assert field == "at" or 'value="09:45"' in answer.text
    assert found(site, slug) == before


def test_pause_resume_and_end_from_the_page(site: Site) -> None:
    """The page pauses, resumes and ends; a day that is over is refused; what is ended can no more be edited."""
    slug = own(site)
    assert site.post(f"/me/{slug}/pause", csrf=site.csrf(), do="until", until="2025-05-20").status_code == 303
    assert "Paused until Tuesday 20 May 2025" in site.get("/me").text
    assert site.post(f"/me/{slug}/pause", csrf=site.csrf(), do="until", until="2025-05-01").status_code == 422
    assert site.post(f"/me/{slug}/pause", csrf=site.csrf(), do="resume").status_code == 303
    assert found(site, slug).standing is Standing.ACTIVE
    assert site.post(f"/me/{slug}/end", csrf=site.csrf()).status_code == 303
    assert found(site, slug).standing is Standing.ENDED
    assert "Ended on 9 May 2025" in site.get("/me").text


def test_all_of_a_readers_subscriptions_are_on_the_page(site: Site) -> None:
    """Whoever comes by one subscription's link sees the others of the same address, and nobody else's."""
    site.enter("bo@example.org", digest="own", interests="secret frogs")
    own(site)
    site.enter()
    page = site.get("/me").text
    assert page.count('class="day subscription"') == 2
    assert "3D face animation; speech" in page
    assert "secret frogs" not in page
    assert "example.org" not in page


def test_nobody_reaches_anothers_subscription(site: Site) -> None:
    """With a visit of one's own, somebody else's subscription is not there, whatever is asked of it."""
    theirs = site.enter("bo@example.org", digest="own", interests="frogs")
    own(site)
    csrf = site.csrf()
    before = found(site, theirs)
    for path in (f"/me/{theirs}", f"/me/{theirs}/versions/1"):
        assert site.get(path).status_code == 404
    for path in ("preferences", "pause", "end", "lint", "preview", "versions/1"):
        assert site.post(f"/me/{theirs}/{path}", csrf=csrf, text=GOOD, **USUAL).status_code == 404
    assert site.post(f"/me/{theirs}", csrf=csrf, text=GOOD, do="save", behind="1").status_code == 404
    assert found(site, theirs) == before
    assert text_of(site, theirs) == "topics:\n- 'frogs'\n"


def test_faults_come_with_line_and_reason(site: Site) -> None:
    """A wrong edit is told with its line, by the script's way and by the button's, and is not saved."""
    slug = own(site)
    answer = site.post(f"/me/{slug}/lint", csrf=site.csrf(), text=BAD)
    assert answer.json() == {"faults": [{"line": 3, "why": "min_score: expected a number from 0 to 100, got 'high'"}]}
    assert site.post(f"/me/{slug}/lint", csrf=site.csrf(), text=GOOD).json() == {"faults": []}
    assert site.post(f"/me/{slug}/preview", csrf=site.csrf(), text=BAD).json()["faults"][0]["line"] == 3
    for wish in ("check", "preview", "save"):
        page = site.post(f"/me/{slug}", csrf=site.csrf(), text=BAD, do=wish, behind="1")
        assert page.status_code == 422
        assert 'data-line="3">line 3</button> min_score: expected a number' in page.text
        assert "min_score: high" in page.text
    assert "No faults." in site.post(f"/me/{slug}", csrf=site.csrf(), text=GOOD, do="check").text
    assert text_of(site, slug) == GOOD


def test_the_preview_says_what_an_edit_adds_and_drops(site: Site) -> None:
    """Without an edit there is the last week; with one, what it adds is marked, and what it drops is named."""
    slug = own(site)
    before = site.get(f"/me/{slug}").text
    number = int(re.findall(r'class="tally">(\d+) papers? as it stands', before)[0])
    assert number > 3
    assert "3 May to 9 May 2025" in before
    edited = GOOD.replace("- speech", "- language models").replace("10", "20")
    shown = site.post(f"/me/{slug}/preview", csrf=site.csrf(), text=edited).json()["html"]
    added, dropped, sent = map(int, re.findall(r"(\d+) (?:added|dropped|sent in all)", shown))
    assert dropped > 0
    assert shown.count("<li><ins>") == added
    assert shown.count("<li><del>") == dropped
    assert number - dropped + added == sent
    page = site.post(f"/me/{slug}", csrf=site.csrf(), text=edited, do="preview", behind="1").text
    assert shown.strip() in page
    assert text_of(site, slug) == GOOD
    assert (
        "nothing would have reached you"
        in site.post(f"/me/{slug}/preview", csrf=site.csrf(), text="topics: [xylophones]\nmin_score: 99\n").json()[
            "html"
        ]
    )


def test_the_preview_knows_papers_that_just_came(site: Site) -> None:
    """A paper that is ingested between two looks is in the second."""
    from datetime import date

    from digest.store import papers
    from digest.types import Paper

    slug = own(site)
    text = "topics: [marsh frog choruses]\nmin_score: 5\n"
    first = site.post(f"/me/{slug}/preview", csrf=site.csrf(), text=text).json()["html"]
    with site.store.writing() as connection:
        paper = Paper(id="doi:10.1000/f", title="Marsh frog choruses by night", announced=date(2025, 5, 9))
        papers.add(connection, [paper], date(2025, 5, 9))
    second = site.post(f"/me/{slug}/preview", csrf=site.csrf(), text=text).json()["html"]
    assert "Marsh frog choruses by night" not in first
    assert "Marsh frog choruses by night" in second


def test_saving_makes_versions_and_each_can_be_gone_back_to(site: Site) -> None:
    """Every save is a version; an old one shows what going back would change, and going back makes a new one."""
    slug = own(site)
    edited = f"# mine\n{GOOD}"
    answer = site.post(f"/me/{slug}", csrf=site.csrf(), text=edited.replace("\n", "\r\n"), do="save", behind="1")
    assert answer.headers["location"] == f"/me/{slug}?saved"
    assert text_of(site, slug) == edited
    page = site.get(f"/me/{slug}?saved").text
    assert "Saved. The next issue goes by this version." in page
    assert re.findall(r'href="/me/[^"]+/versions/(\d)"( aria-current="true")?', page) == [
        ("2", ' aria-current="true"'),
        ("1", ""),
    ]
    old = site.get(f"/me/{slug}/versions/1").text
    assert "<del>\u2212 # mine</del>" in old
    assert site.post(f"/me/{slug}/versions/1", csrf=site.csrf()).status_code == 303
    assert text_of(site, slug) == GOOD
    assert "back to version 1" in site.get(f"/me/{slug}").text
    assert "It says the same" in site.get(f"/me/{slug}/versions/1").text
    for number in ("4", "0", "x"):
        assert site.get(f"/me/{slug}/versions/{number}").status_code == 404


def test_two_who_edit_at_once_lose_nothing(site: Site) -> None:
    """Who saves what was made of an older version is shown what that would undo, and may save it then."""
    slug = own(site)
    site.post(f"/me/{slug}", csrf=site.csrf(), text=f"# first\n{GOOD}", do="save", behind="1")
    answer = site.post(f"/me/{slug}", csrf=site.csrf(), text=f"# second\n{GOOD}", do="save", behind="1")
    assert answer.status_code == 409
    assert "<del>\u2212 # first</del>" in answer.text
    assert "# second" in answer.text
    assert text_of(site, slug) == f"# first\n{GOOD}"
    behind = re.findall(r'name="behind" value="(\d+)"', answer.text)[0]
    assert site.post(f"/me/{slug}", csrf=site.csrf(), text="topics: [x]", do="save", behind=behind).status_code == 303


def test_a_shared_digest_becomes_ones_own(site: Site) -> None:
    """Its editor starts with the digest's text; saved, the subscription is to the reader's own profile."""
    slug = site.enter()
    page = site.get(f"/me/{slug}").text
    assert "trending: 1" in page
    assert "becomes your own" in page
    text = "name: Mine\ntrending: 1\nmin_score: 0\ntopics: [speech]\n"
    assert site.post(f"/me/{slug}", csrf=site.csrf(), text=text, do="save", behind="0").status_code == 303
    assert found(site, slug).digest == "own"
    assert '-name" dir="auto">Mine</h2>' in site.get("/me").text


def test_a_digest_of_ones_own_becomes_the_shared_one_again(site: Site) -> None:
    """With one button; the versions stay, and going back to one of them makes it one's own once more."""
    slug = site.enter()
    assert "Have this one" not in site.get(f"/me/{slug}").text
    site.post(f"/me/{slug}", csrf=site.csrf(), text="topics: [owls]\n", behind="0", do="save")
    assert '<option value="trending">Trending</option>' in site.get(f"/me/{slug}").text
    answer = site.post(f"/me/{slug}/share", csrf=site.csrf(), digest="trending")
    assert answer.headers["location"] == f"/me?done=shared#{slug}"
    assert "Your own interests are kept" in site.get("/me?done=shared").text
    page = site.get(f"/me/{slug}").text
    assert "the same for everybody" in page
    assert "counts now" not in page
    site.post(f"/me/{slug}/versions/1", csrf=site.csrf())
    page = site.get(f"/me/{slug}").text
    assert "owls" in page
    assert "counts now" in page


def test_what_cannot_be_shared_is_told(site: Site) -> None:
    """A digest that is not offered, or that the reader has already, is refused, and nothing changes."""
    site.enter()
    site.enter(digest="own", interests="owls")
    slugs = re.findall(r'<section class="day subscription" id="([^"]+)"', site.get("/me").text)
    (slug,) = (each for each in slugs if found(site, each).digest == "own")
    for digest in ("trending", "nothing", ""):
        assert site.post(f"/me/{slug}/share", csrf=site.csrf(), digest=digest).status_code == 409
    assert site.post(f"/me/{slug}/share", digest="trending").status_code == 403
    assert "Have this one" not in site.get(f"/me/{slug}").text
    assert "owls" in site.get(f"/me/{slug}").text


def test_how_late_an_issue_may_be_is_typed_in_words(site: Site) -> None:
    """Hours or days; what is neither is told at its field, as it was typed."""
    slug = site.enter()
    form = {"when": "daily", "at": "07:00", "zone": "UTC", "on_return": "catch-up"}
    assert 'value="18 hours"' in site.get("/me").text
    site.post(f"/me/{slug}/preferences", csrf=site.csrf(), patience="1 day 6 hours", **form)
    assert 'value="1 day 6 hours"' in site.get("/me").text
    answer = site.post(f"/me/{slug}/preferences", csrf=site.csrf(), patience="for ever", **form)
    assert answer.status_code == 422
    assert 'value="for ever"' in answer.text
    assert "Expected 6 hours, 2 days or the like" in answer.text or "expected 6 hours, 2 days" in answer.text


def test_a_profile_is_text_and_nothing_else(site: Site) -> None:
    """Neither tags nor aliases nor depth nor size nor templates do anything but be told or shown."""
    slug = own(site)
    csrf = site.csrf()
    laughs = "a: &a [x]\n" + "".join(f"b{n}: [*a, *a, *a, *a]\n" for n in range(30))
    bombs = (
        "topics: !!python/object/apply:os.system ['true']\n",
        laughs,
        "[" * 5000,
        "topics:\n" + "".join(f"- topic {n}\n" for n in range(101)),
        "x" * 70_000,
        "email: eve@example.org\ntopics: [owls]\n",
        "\0",
        "",
    )
    for text in bombs:
        answer = site.post(f"/me/{slug}/lint", csrf=csrf, text=text)
        assert answer.status_code == 200
        assert answer.json()["faults"], text[:40]
    evil = "name: '{{ 7 * 7 }}</textarea><script>alert(1)</script>'\ntopics: ['<img src=x>{% raw %}']\n"
    assert site.post(f"/me/{slug}", csrf=csrf, text=evil, do="save", behind="1").status_code == 303
    for path in ("/me", f"/me/{slug}"):
        page = site.get(path).text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "{{ 7 * 7 }}" in page


def test_all_of_it_can_be_taken_along(site: Site) -> None:
    """The export has the address, each version, each judgement and each issue of the reader, and is a file."""
    slug = own(site)
    site.post(f"/me/{slug}", csrf=site.csrf(), text=f"# mine\n{GOOD}", do="save", behind="1")
    answer = site.get("/me/export")
    assert "attachment" in answer.headers["content-disposition"]
    content = answer.json()
    assert content["subscriber"]["address"] == "ada@example.org"
    (kept,) = content["subscriptions"]
    assert [each["text"] for each in kept["profile_versions"]] == [GOOD, f"# mine\n{GOOD}"]
    assert kept["standing"] == "active"


def test_deleting_deletes(site: Site) -> None:
    """Who is not sure keeps everything; who is, is gone from every table, and the visit is over."""
    slug = own(site)
    csrf = site.csrf()
    assert "nothing was deleted" in site.post("/me/forget", csrf=csrf).text
    assert found(site, slug)
    assert "are deleted here" in site.post("/me/forget", csrf=csrf, sure="yes").text
    with site.store.reading() as connection:
        assert subscribers.every(connection) == ()
        assert subscriptions.by_slug(connection, slug) is None
        assert versions.newest(connection, slug) is None
        assert issues.newest(connection, slug, 1) == ()
        assert judgements.of(connection, slug) == ()
    assert site.get("/me").status_code == 401


def test_a_visit_ends(site: Site) -> None:
    """By its button, and by itself after some hours."""
    own(site)
    site.now += timedelta(hours=7)
    assert site.get("/me").status_code == 200
    site.now += timedelta(hours=2)
    answer = site.get("/me")
    assert answer.status_code == 401
    assert "We mail you a new link" in answer.text
    site.now -= timedelta(hours=2)
    assert site.post("/me/leave", csrf=site.csrf()).headers["location"] == "/"
    assert site.get("/me").status_code == 401
