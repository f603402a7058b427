"""Subscribing on the site and what the links of mails do: GET shows, POST acts, and acting twice is as once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from digest import profiles
from digest.adoption import adopt_file
from digest.signed_links import SignedLinks
from digest.store import judgements, subscribers, subscriptions, tables, versions
from digest.subscription import Standing
from digest.tokens import Purpose
from digest.types import Issue

if TYPE_CHECKING:
    from conftest import Site

    from digest.subscription import Subscription


def state(site: Site) -> list[tuple[object, ...]]:
    """All rows of all tables that readers can change anything in."""
    names = ("subscribers", "subscriptions", "profile_versions", "letters", "judgements", "askings", "periods")
    with site.store.reading() as connection:
        return [tuple(row) for name in names for row in connection.execute(sa.select(tables.metadata.tables[name]))]


def only(site: Site) -> Subscription:
    """The one subscription there is."""
    with site.store.reading() as connection:
        (owner,) = subscribers.every(connection)
        (found,) = subscriptions.of(connection, owner.id)
    return found


def judging(site: Site, slug: str, number: int = 0) -> tuple[dict[Purpose, str], str]:
    """The links of a mail to more and less like a paper, and the paper's id."""
    paper = re.findall(r'<a href="/paper/(arxiv:[^"]+)">', site.get("/").text)[number]
    issue = Issue(
        id="1", profile=slug, name="", day=site.now.date(), composed=site.now, sections=(), considered=0, passed=0
    )
    links = SignedLinks(site.app.state.world.secret, "")  # type: ignore[attr-defined]
    more, less = (link.url for link in links.of_paper(issue, paper))
    return {Purpose.MORE: more, Purpose.LESS: less}, paper


def account(site: Site, slug: str) -> dict[str, str]:
    """The links of a mail to one's interests, a pause and the end, by their letter."""
    issue = Issue(
        id="1", profile=slug, name="", day=site.now.date(), composed=site.now, sections=(), considered=0, passed=0
    )
    links = SignedLinks(site.app.state.world.secret, "")  # type: ignore[attr-defined]
    return {link.url[1]: link.url for link in links.of_account(issue)}


def test_subscribing_is_confirmed_by_a_letter(site: Site) -> None:
    """A wish sends one letter and nothing else; its link asks, and the click on it begins the subscription."""
    site.subscribe(digest="own", interests="talking heads\n- owls, heard")
    (letter,) = site.letters()
    assert letter["To"] == "ada@example.org"
    assert only(site).standing is Standing.PENDING
    assert "Yes, subscribe me" in site.get(site.link("c")).text
    assert only(site).standing is Standing.PENDING
    answer = site.post(site.link("c"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/me?done=confirmed")
    assert only(site).standing is Standing.ACTIVE
    assert only(site).preferences.schedule.zone == "Europe/Lisbon"
    page = site.get("/me").text
    assert "talking heads; owls, heard" in page
    assert "Next: Saturday 10 May 2025 at 07:00, Europe/Lisbon" in page
    assert "Go to your page" in site.get(site.link("c")).text
    assert site.post(site.link("c")).headers["location"] == "/me"


def test_everybody_gets_the_same_answer(site: Site) -> None:
    """Nobody can tell from an answer whether an address is known, to either of the forms."""
    site.enter()
    known = [site.post("/subscribe", email="ada@example.org", digest="trending", when="daily", at="07:00", zone="UTC")]
    known.append(site.post("/link", email="ada@example.org"))
    strange = [site.post("/subscribe", email="bo@example.org", digest="trending", when="daily", at="07:00", zone="UTC")]
    strange.append(site.post("/link", email="cy@example.org"))
    for one, other in zip(known, strange, strict=True):
        assert (one.status_code, one.headers, one.content) == (other.status_code, other.headers, other.content)
    assert "Look into your mailbox" in site.get("/asked").text


def test_faults_stand_beside_what_was_typed(site: Site) -> None:
    """All faults of the form are told at once, nothing that was typed is lost, and nothing is kept or sent."""
    answer = site.post(
        "/subscribe",
        email="ada at example",
        digest="own",
        interests="topics:\n- owls\n  weight: <b>high</b>\nliked: nothing\n",
        when="hourly",
        at="25:00",
        zone="Mars/Olympus",
    )
    assert answer.status_code == 422
    assert "expected an address like ada@example.org" in answer.text
    assert re.search(r'id="interests-fault">\s*<p>line \d: ', answer.text)
    assert 'value="ada at example" aria-invalid="true" aria-describedby="email-fault"' in answer.text
    assert "&lt;b&gt;high" in answer.text
    assert "<b>high" not in answer.text
    times = site.post("/subscribe", email="ada@example.org", digest="trending", when="daily", at="25:00", zone="UTC")
    assert 'id="at-fault"' in times.text
    assert 'id="email-fault"' not in times.text
    assert site.post("/subscribe", email="a@example.org", digest="no such", at="07:00", when="daily").status_code == 422
    assert state(site) == []
    assert site.letters() == []


def test_a_lost_link_is_mailed(site: Site) -> None:
    """Whoever has a subscription is sent a link to their page; whoever never confirmed is asked again."""
    site.enter()
    site.client.cookies.clear()
    assert site.get("/me").status_code == 401
    assert site.post("/link", email="nobody").status_code == 422
    assert site.post("/link", email=" Ada@Example.org ").headers["location"] == "/asked"
    assert site.letters()[-1]["Subject"] == "The link to your page"
    answer = site.get(site.link("i"))
    assert answer.headers["location"] == "/me"
    assert site.get("/me").status_code == 200
    site.subscribe("bo@example.org")
    site.post("/link", email="bo@example.org")
    assert site.letters()[-1]["To"] == "bo@example.org"
    assert "Confirm your subscription" in str(site.letters()[-1]["Subject"])


def test_letters_to_one_address_are_few(site: Site) -> None:
    """An address that others type again and again gets three letters a day, and the answer stays the same."""
    for _ in range(6):
        site.subscribe()
        site.now += timedelta(minutes=10)
        assert site.post("/link", email="ada@example.org").headers["location"] == "/asked"
        site.now += timedelta(minutes=10)
    assert len(site.letters()) <= 3


@pytest.mark.parametrize("purpose", ["c", "i", "u", "p", "m", "l"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(site: Site, purpose: str, method: str) -> None:
    """No link does anything when it is only fetched, as mail scanners do."""
    slug = site.enter(digest="own", interests="owls")
    confirming = site.link("c")
    links = {**account(site, slug), **judging(site, slug)[0], "c": confirming}
    before = state(site)
    assert site.ask(method, links[purpose]).status_code in {200, 303}
    assert state(site) == before
    assert len(site.letters()) == 1


def test_one_click_unsubscribes(site: Site) -> None:
    """The POST of a mail program (RFC 8058), without cookies, as either kind of form, ends it at once; once."""
    slug = site.enter()
    site.client.cookies.clear()
    link = account(site, slug)["u"]
    for content, kind in (
        (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (
            b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--',
            "multipart/form-data; boundary=b",
        ),
    ):
        headers = {"content-type": kind, "origin": "https://mail.example.com", "sec-fetch-site": "cross-site"}
        assert site.ask("POST", link, content=content, headers=headers).status_code == 200
        assert only(site).standing is Standing.ENDED
    assert [str(letter["Subject"]) for letter in site.letters()][1:] == [str(site.letters()[-1]["Subject"])]
    assert "You are unsubscribed" in site.get(link).text


def test_unsubscribing_from_one_or_all(site: Site) -> None:
    """The page for people ends one subscription, or all of its reader's; links work for good."""
    first = site.enter()
    site.enter(digest="own", interests="owls")
    site.now += timedelta(days=4000)
    link = account(site, first)["u"]
    assert "Stop all mails from here" in site.get(link).text
    assert "1 other subscription of yours goes on" in site.post(link).text
    with site.store.reading() as connection:
        (owner,) = subscribers.every(connection)
        known = {each.slug: each.standing for each in subscriptions.of(connection, owner.id)}
        assert known.pop(first) is Standing.ENDED
        assert list(known.values()) == [Standing.ACTIVE]
    assert "other subscription" not in site.post(link, scope="all").text
    with site.store.reading() as connection:
        assert {each.standing for each in subscriptions.of(connection, owner.id)} == {Standing.ENDED}


def test_pausing_and_resuming(site: Site) -> None:
    """A pause until a day, one without an end, and resuming, each twice; a day that is over is refused."""
    link = account(site, site.enter())["p"]
    for _ in range(2):
        assert "Paused until Tuesday 20 May 2025" in site.post(link, do="until", until="2025-05-20").text
    assert str(only(site).paused_until) == "2025-05-20"
    for until in ("2025-01-01", "soon", "", "9999-12-31"):
        answer = site.post(link, do="until", until=until)
        assert answer.status_code == 422
        assert "expected a day" in answer.text
    assert "Paused until you resume it" in site.post(link, do="pause").text
    for _ in range(2):
        assert "It goes on" in site.post(link, do="resume").text
    assert only(site).standing is Standing.ACTIVE


@pytest.mark.parametrize(("purpose", "key"), [(Purpose.MORE, "liked"), (Purpose.LESS, "disliked")])
def test_a_judgement_becomes_a_line_of_ones_profile(site: Site, purpose: Purpose, key: str) -> None:
    """The button edits the reader's own YAML and shows the difference; pressed again, nothing changes."""
    slug = site.enter(digest="own", interests="owls")
    links, paper = judging(site, slug)
    assert ">More like this</button>" in site.get(links[Purpose.MORE]).text
    answer = site.post(links[purpose])
    assert re.search(rf"<ins>\+ {key}:</ins>\s*<ins>\+ +- \{{paper: {re.escape(paper)}, on: 2025-05-09\}}", answer.text)
    with site.store.reading() as connection:
        newest = versions.newest(connection, slug)
        assert newest is not None
        assert getattr(profiles.loads(newest.text, name="a.yaml"), key) == (paper,)
        assert judgements.of(connection, slug) == ()
    before = state(site)
    assert "nothing had to change" in site.post(links[purpose]).text
    assert state(site) == before


def test_a_judgement_can_be_reversed(site: Site) -> None:
    """Less like this after more like this moves the paper from one list to the other."""
    slug = site.enter(digest="own", interests="owls")
    links, paper = judging(site, slug)
    site.post(links[Purpose.MORE])
    site.post(links[Purpose.LESS])
    with site.store.reading() as connection:
        newest = versions.newest(connection, slug)
    assert newest is not None
    profile = profiles.loads(newest.text, name="a.yaml")
    assert (profile.liked, profile.disliked) == ((), (paper,))


def test_a_judgement_of_a_shared_digest_is_kept_and_a_profile_offered(site: Site) -> None:
    """The digest stays as it is; made one's own, it starts with its text and the judgement; it can be taken back."""
    slug = site.enter()
    links, paper = judging(site, slug)
    answer = site.post(links[Purpose.MORE])
    assert "Make it my own" in answer.text
    with site.store.reading() as connection:
        assert [each.paper for each in judgements.of(connection, slug)] == [paper]
    assert "Taken back" in site.post(links[Purpose.MORE], do="undo").text
    with site.store.reading() as connection:
        assert judgements.of(connection, slug) == ()
    assert paper in site.post(links[Purpose.MORE], do="own").text
    with site.store.reading() as connection:
        newest = versions.newest(connection, slug)
    assert newest is not None
    profile = profiles.loads(newest.text, name="a.yaml")
    assert (profile.trending, profile.liked) == (1, (paper,))
    assert only(site).digest == "own"


def test_a_profile_that_cannot_be_edited_keeps_the_judgement(site: Site) -> None:
    """Where lists are laid out so that no line can be added, the judgement is noted and the text stays."""
    text = "{topics: [owls],\n liked: [\n'arxiv:2505.00001'\n,]}\n"
    slug = site.enter(digest="own", interests=text)
    links, paper = judging(site, slug)
    answer = site.post(links[Purpose.MORE])
    assert answer.status_code == 200
    with site.store.reading() as connection:
        newest = versions.newest(connection, slug)
        said = [each.paper for each in judgements.of(connection, slug)]
    assert newest is not None
    assert said == ([] if paper in newest.text else [paper])


def test_readers_whose_profiles_are_files_can_do_the_same(site: Site) -> None:
    """Their links judge, pause and unsubscribe, also before anything was kept of them."""
    site.settings.profiles.mkdir()
    path = site.settings.profiles / "grace.yaml"
    path.write_text("name: Grace\nemail: grace@example.org\ntopics: [owls]\n", encoding="utf-8")
    links, paper = judging(site, "grace")
    assert "becomes part of your profile when" in site.get(links[Purpose.MORE]).text
    assert state(site) == []
    assert "a file that the person who runs this site keeps" in site.post(links[Purpose.MORE]).text
    with site.store.reading() as connection:
        assert [each.paper for each in judgements.of(connection, "grace")] == [paper]
    assert site.get(account(site, "grace")["i"]).status_code == 303
    page = site.get("/me").text
    assert "keeps your interests as a file" in page
    assert "Delete me" not in page
    assert "Paused until" in site.post(account(site, "grace")["p"], do="until", until="2025-05-20").text
    assert "You are unsubscribed" in site.post(account(site, "grace")["u"]).text
    with site.store.reading() as connection:
        found = subscriptions.by_slug(connection, "grace")
    assert found is not None
    assert found.standing is Standing.ENDED
    assert adopt_file(site.store, site.settings, path, now=site.now).standing is Standing.ENDED


def test_old_links_lead_on(site: Site) -> None:
    """A link that is too old says until when it was good and has a new one mailed to where it was sent, a few times."""
    slug = site.enter()
    old = {**account(site, slug), **judging(site, slug)[0]}
    confirming = site.link("c")
    site.now += timedelta(days=100)
    for purpose in ("i", "p", "m", "l"):
        answer = site.get(old[purpose])
        assert answer.status_code == 410
        assert "It was good until" in answer.text
        assert purpose == "i" or site.post(old[purpose]).status_code == 410
    assert site.get(confirming).status_code == 410
    assert site.get(old["u"]).status_code == 200
    for _ in range(9):
        assert site.post(f"/renew{old['m']}").headers["location"] == "/asked"
        site.now += timedelta(minutes=30)
    assert 1 < len(site.letters()) <= 4
    assert site.get(site.link("i")).headers["location"] == "/me"


def test_readers_by_file_have_new_links_mailed_too(site: Site) -> None:
    """By an old link, or by typing the address, to the address in the file only; who has none there has no letter."""
    site.settings.profiles.mkdir()
    for name, line in (("grace", "email: Grace@example.org\n"), ("max", "")):
        (site.settings.profiles / f"{name}.yaml").write_text(f"{line}topics: [owls]\n", encoding="utf-8")
    old = {name: account(site, name)["i"] for name in ("grace", "max", "nobody")}
    site.now += timedelta(days=100)
    answers = {name: site.post(f"/renew{link}") for name, link in old.items()}
    answers |= {name: site.post("/link", email=f"{name}@example.org") for name in ("grace", "may")}
    assert {(each.status_code, each.headers["location"]) for each in answers.values()} == {(303, "/asked")}
    assert {each["To"] for each in site.letters()} == {"Grace@example.org"}
    assert site.get(old["grace"]).status_code == 410
    assert site.get(site.link("i")).headers["location"] == "/me"
    assert "keeps your interests as a file" in site.get("/me").text


@pytest.mark.parametrize(
    "path", ["/u/abc", "/m/", "/c/AAAA", "/i/ä", "/p/%00", "/l/" + "A" * 400, "/renew/x/abc", "/renew/i/abc"]
)
def test_damaged_links_are_told_kindly(site: Site, path: str) -> None:
    """A link that is none of ours is no error of the site's, and changes nothing."""
    for method in ("GET", "POST"):
        assert site.ask(method, path).status_code in {404, 405}
    assert state(site) == []


def test_a_link_of_another_installation_counts_for_nothing(site: Site) -> None:
    """Only what this installation signed is followed."""
    slug = site.enter()
    forged = SignedLinks(bytes(32), "").unsubscribe(slug)
    assert site.post(forged).status_code == 404
    assert only(site).standing is Standing.ACTIVE


def test_whoever_was_forgotten_is_unknown(site: Site) -> None:
    """After a reader is deleted, their links say that they lead nowhere."""
    slug = site.enter()
    link = account(site, slug)["u"]
    with site.store.writing() as connection:
        (owner,) = subscribers.every(connection)
        subscribers.forget(connection, owner.id)
    assert site.get(link).status_code == 404
    assert site.get("/me").status_code == 401


def test_an_ended_wish_is_not_confirmed(site: Site) -> None:
    """Who confirms what was ended in between is told to subscribe again."""
    site.subscribe()
    link = site.link("c")
    site.post(account(site, only(site).slug)["u"])
    assert "That is over" in site.get(link).text
    assert site.post(link).status_code == 409


def test_the_clock_is_the_sites(site: Site) -> None:
    """Consent bears the instant at which the site's clock said it was given."""
    site.now = datetime(2025, 5, 9, 15, 30, tzinfo=UTC)
    site.enter()
    with site.store.reading() as connection:
        (owner,) = subscribers.every(connection)
    assert (owner.asked, owner.confirmed, owner.source) == (site.now, site.now, "site")
