"""What readers can do: consent is asked for, nobody learns who is known, and who leaves or is forgotten is gone."""

from __future__ import annotations

import logging
import re
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from digest import lifecycle, subscribing
from digest.errors import ProfileError, SubscriptionError
from digest.ingest import ingest
from digest.readers import MOST_BYTES
from digest.sample import FOLDER
from digest.schedule import Due, schedule
from digest.settings import Settings
from digest.store import (
    Store,
    bounces,
    issues,
    judgements,
    letters,
    outbox,
    papers,
    subscribers,
    subscriptions,
    versions,
)
from digest.store.bounces import Reason
from digest.store.subscriptions import ISSUED
from digest.subscribing import MAILS_A_DAY, MAILS_A_MAILBOX, UNCONFIRMED, WISHES_A_DAY, Wish
from digest.subscription import OWN, Preferences, Standing, Subscription
from digest.types import Issue, Judgement, Match, Section

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.databases import Place

NOW = datetime(2025, 5, 7, 12, tzinfo=UTC)
OWLS, TIDES = "topics: [owls]\n", "topics: [tides]\n"
ADA = "ada@example.org"
DAY = timedelta(days=1)


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """A new database."""
    with Store(place) as opened:
        yield opened


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    """An installation with a site."""
    return Settings(home=tmp_path, site_url="https://digest.example.org")


def ask(store: Store, here: Settings, email: str = ADA, now: datetime = NOW, **more: str) -> subscribing.Asked:
    """Somebody subscribes to trending papers, or as they say."""
    return subscribing.subscribe(store, here, Wish(email=email, **{"digest": "trending", **more}), now=now)


def begun(store: Store, here: Settings, email: str = ADA, now: datetime = NOW, **more: str) -> str:
    """The name of a subscription that was asked for and confirmed."""
    slug = ask(store, here, email, now, **more).subscription.slug
    return subscribing.confirm(store, here, slug, now=now).slug


def waiting(store: Store) -> list[tuple[str, str]]:
    """Kind and slug of each letter that waits."""
    with store.writing() as connection:
        later, found = NOW + 100 * DAY, []
        while letter := letters.claim(connection, later):
            found.append((letter.kind.value, letter.slug))
        connection.rollback()
    return found


def standing(store: Store, slug: str) -> Standing | None:
    """Where a subscription stands; None if there is none."""
    with store.reading() as connection:
        found = subscriptions.by_slug(connection, slug)
    return found and found.standing


def texts(store: Store, slug: str) -> list[str]:
    """The versions of a reader's own profile, the newest first."""
    with store.reading() as connection:
        return [each.text for each in versions.of(connection, slug, 10)]


def test_nothing_is_sent_before_somebody_says_yes(store: Store, here: Settings) -> None:
    """A wish waits with one letter and without a period; confirmed, its first issue is due and the consent is kept."""
    asked = ask(store, here, source="site").subscription
    assert (asked.standing, asked.due, waiting(store)) == (Standing.PENDING, None, [("confirmation", asked.slug)])
    later = NOW + timedelta(hours=1)
    found = subscribing.confirm(store, here, asked.slug, now=later)
    assert (found.standing, found.source, found.made, found.confirmed) == (Standing.ACTIVE, "site", NOW, later)
    assert found.due is not None
    with store.reading() as connection:
        assert found.subscriber
        owner = subscribers.by_id(connection, found.subscriber)
        assert subscriptions.due(connection, found.due.at, 10) == (found,)
    assert owner
    assert (owner.asked, owner.source, owner.confirmed) == (NOW, "site", later)


def test_confirming_twice_is_confirming_once(store: Store, here: Settings) -> None:
    """The second time changes nothing, neither does it after a pause."""
    slug = begun(store, here)
    first = subscribing.confirm(store, here, slug, now=NOW)
    assert subscribing.confirm(store, here, slug, now=NOW + DAY) == first
    rest = lifecycle.pause(store, slug, until=None, now=NOW + DAY)
    assert subscribing.confirm(store, here, slug, now=NOW + 2 * DAY) == rest


def test_two_confirmations_at_once(store: Store, here: Settings) -> None:
    """Threads that confirm at the same moment leave one subscription with one first period."""
    slug = ask(store, here).subscription.slug
    start, done = threading.Barrier(6), []

    def confirm(number: int) -> None:
        start.wait()
        done.append(subscribing.confirm(store, here, slug, now=NOW + number * timedelta(minutes=1)))

    threads = [threading.Thread(target=confirm, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 6
    assert len(set(done)) == 1


def test_two_wishes_at_once(store: Store, here: Settings) -> None:
    """An address that subscribes from two windows at the same moment is one subscriber with one subscription."""
    start = threading.Barrier(4)
    found: list[str] = []

    def wish() -> None:
        start.wait()
        found.append(ask(store, here).subscription.slug)

    threads = [threading.Thread(target=wish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    with store.reading() as connection:
        assert len(subscribers.every(connection)) == 1


def test_the_answer_is_the_same_for_the_known_and_the_unknown(store: Store, here: Settings) -> None:
    """New, waiting, going on, at rest or over: a letter is on its way and nothing else can be told apart."""
    slug = begun(store, here)
    answers = [ask(store, here, "new@example.org"), ask(store, here)]
    lifecycle.pause(store, slug, until=None, now=NOW)
    answers.append(ask(store, here, now=NOW + DAY))
    lifecycle.end(store, slug, now=NOW + DAY)
    answers.append(ask(store, here, now=NOW + DAY))
    assert [each.is_mailed for each in answers] == [True] * 4


@pytest.mark.parametrize("spelling", ["Ada@Example.org", "  ada@EXAMPLE.ORG "])
def test_two_spellings_are_one_subscriber(store: Store, here: Settings, spelling: str) -> None:
    """Capitals and white space make no other address; a tag behind + does, and so does another domain."""
    slug = begun(store, here)
    assert ask(store, here, spelling).subscription.slug == slug
    others = {ask(store, here, email).subscription.slug for email in ("ada+x@example.org", "ada@exämple.org")}
    assert len(others | {slug}) == 3


def test_the_same_unicode_domain_in_two_forms(store: Store, here: Settings) -> None:
    """As it is read and as the DNS has it, it is one address."""
    assert ask(store, here, "ada@exämple.org").subscription == ask(store, here, "ada@xn--exmple-cua.org").subscription


def test_whoever_knows_an_address_changes_nothing(store: Store, here: Settings) -> None:
    """Other interests and another schedule for a subscription that goes on are not taken, even if it is confirmed."""
    slug = begun(store, here, digest=OWN, interests=OWLS)
    with store.reading() as connection:
        before = subscriptions.by_slug(connection, slug)
    weekly = Preferences(schedule=schedule("weekly mon"))
    wish = Wish(email=ADA, digest=OWN, interests=TIDES, preferences=weekly)
    for move in (lambda: None, lambda: lifecycle.pause(store, slug, until=None, now=NOW)):
        move()
        with store.reading() as connection:
            before = subscriptions.by_slug(connection, slug)
        asked = subscribing.subscribe(store, here, wish, now=NOW + DAY)
        assert asked.subscription == before
        assert subscribing.confirm(store, here, slug, now=NOW + DAY) == before
        assert texts(store, slug) == [OWLS]


def test_a_wish_that_waits_is_the_last_one(store: Store, here: Settings) -> None:
    """Who asks again before confirming gets what was asked for last, by one letter."""
    slug = ask(store, here, digest=OWN, interests=OWLS).subscription.slug
    ask(store, here, digest=OWN, interests=TIDES, now=NOW + timedelta(hours=1))
    assert texts(store, slug)[0] == TIDES
    assert waiting(store) == [("confirmation", slug)]


def test_the_limit_of_an_address(store: Store, here: Settings) -> None:
    """After some letters in 24 hours an address is asked no more, whoever wants it; then it is again."""
    asked = [ask(store, here, network=f"network {number}").is_mailed for number in range(MAILS_A_DAY + 2)]
    assert asked == [True] * MAILS_A_DAY + [False] * 2
    assert ask(store, here, "bob@example.org").is_mailed
    assert ask(store, here, now=NOW + DAY + timedelta(hours=1)).is_mailed


def test_the_limit_of_a_mailbox(store: Store, here: Settings) -> None:
    """Nobody fills a mailbox by ever new tags behind a +."""
    asked = [ask(store, here, f"ada+{number}@example.org").is_mailed for number in range(MAILS_A_MAILBOX + 2)]
    assert asked == [True] * MAILS_A_MAILBOX + [False] * 2
    assert ask(store, here, "bob+0@example.org").is_mailed


def test_the_limit_of_a_network(store: Store, here: Settings) -> None:
    """One network's wishes are heard so many times a day; of later ones nothing is kept, and others are still heard."""
    for number in range(WISHES_A_DAY):
        assert ask(store, here, f"reader{number}@example.org", network="one").is_mailed
    last = ask(store, here, "late@example.org", network="one")
    assert not last.is_mailed
    assert standing(store, last.subscription.slug) is None
    assert ask(store, here, "late@example.org", network="another").is_mailed


def test_beyond_the_limit_nothing_changes(store: Store, here: Settings) -> None:
    """A stranger who asks too often cannot exchange the interests that an owner is being asked about."""
    slug = ask(store, here, digest=OWN, interests=OWLS).subscription.slug
    for _ in range(MAILS_A_DAY):
        ask(store, here, digest=OWN, interests=OWLS)
    ask(store, here, digest=OWN, interests=TIDES)
    assert texts(store, slug) == [OWLS]


def test_no_address_is_kept_of_who_asked(store: Store, here: Settings) -> None:
    """What limits go by are fingerprints."""
    ask(store, here, network="192.0.2.7")
    with store.reading() as connection:
        kept = str(connection.execute(sa.text("SELECT * FROM askings")).all())
    assert "192.0.2" not in kept
    # As a word: three letters may be part of a fingerprint.
    assert not re.search(r"\bada\b|example", kept)


@pytest.mark.parametrize(
    ("wish", "error", "why"),
    [
        (Wish(email="ada", digest="trending"), SubscriptionError, "email: expected an address"),
        (Wish(email=ADA, digest="file"), SubscriptionError, "digest: expected one of trending, got 'file'"),
        (Wish(email=ADA, digest="owls"), SubscriptionError, "digest: expected one of trending, got 'owls'"),
        (Wish(email=ADA, digest=OWN), ProfileError, "interests"),
        (Wish(email=ADA, digest=OWN, interests="topics: 7"), ProfileError, "interests.yaml:1: topics"),
        (Wish(email=ADA, digest=OWN, interests=f"{OWLS}email: {ADA}"), ProfileError, "leave it out"),
        (Wish(email=ADA, digest=OWN, interests=OWLS + "#" * MOST_BYTES), ProfileError, "larger than 64 KiB"),
    ],
)
def test_a_wish_that_cannot_be_had_leaves_nothing(
    store: Store, here: Settings, wish: Wish, error: type[Exception], why: str
) -> None:
    """It is told why, without the address; no row is kept."""
    with pytest.raises(error, match=why) as caught:
        subscribing.subscribe(store, here, wish, now=NOW)
    assert ADA not in str(caught.value).replace(f"like {ADA}", "") + repr(wish)
    with store.reading() as connection:
        assert subscribers.every(connection) == ()


def test_whoever_left_and_comes_back(store: Store, here: Settings) -> None:
    """The old link begins nothing; asked for again and confirmed, it is the same subscription with its history."""
    slug = begun(store, here)
    lifecycle.end(store, slug, now=NOW + DAY)
    with pytest.raises(SubscriptionError, match="subscribe again"):
        subscribing.confirm(store, here, slug, now=NOW + DAY)
    later = NOW + 2 * DAY
    asked = ask(store, here, now=later).subscription
    assert (asked.slug, asked.standing, asked.confirmed) == (slug, Standing.PENDING, None)
    found = subscribing.confirm(store, here, slug, now=later)
    assert (found.standing, found.confirmed, found.ended) == (Standing.ACTIVE, later, None)


def test_what_somebody_left_is_not_lost_by_a_strangers_wish(store: Store, here: Settings) -> None:
    """Asked for in the name of one who had left and never confirmed, it is ended as it was, with all that is kept."""
    slug = begun(store, here)
    keep_issue(store, slug)
    lifecycle.end(store, slug, now=NOW + DAY)
    ask(store, here, now=NOW + 2 * DAY)
    assert subscribing.forget_unconfirmed(store, now=NOW + 2 * DAY + UNCONFIRMED + DAY) == 1
    assert standing(store, slug) is Standing.ENDED
    with store.reading() as connection:
        assert issues.headlines(connection, slug, 5)


def test_wishes_that_nobody_confirmed_are_forgotten(store: Store, here: Settings) -> None:
    """After some days they and the addresses are gone; who has something else keeps that."""
    both = begun(store, here, "both@example.org")
    ask(store, here, "both@example.org", digest=OWN, interests=OWLS)
    lonely = ask(store, here, "lonely@example.org").subscription.slug
    assert subscribing.forget_unconfirmed(store, now=NOW + UNCONFIRMED) == 0
    assert subscribing.forget_unconfirmed(store, now=NOW + UNCONFIRMED + DAY) == 2
    assert (standing(store, lonely), standing(store, both)) == (None, Standing.ACTIVE)
    with store.reading() as connection:
        assert [each.address for each in subscribers.every(connection)] == ["both@example.org"]
        assert len(subscriptions.listing(connection)) == 1


def test_an_operators_word(store: Store, here: Settings) -> None:
    """Nobody is asked and the source is kept; who has the subscription keeps it, and a suppression stays."""
    weekly = Preferences(schedule=schedule("weekly mon"))
    wish = Wish(email=ADA, digest="trending", preferences=weekly, source="operator")
    found = subscribing.enrol(store, here, wish, now=NOW)
    assert (found.standing, found.source, found.confirmed) == (Standing.ACTIVE, "operator", NOW)
    assert waiting(store) == []
    again = subscribing.enrol(store, here, replace(wish, preferences=Preferences(), source="list"), now=NOW + DAY)
    assert again == found
    with store.writing() as connection:
        bounces.suppress(connection, ADA, Reason.COMPLAINT, now=NOW)
    subscribing.confirm(store, here, found.slug, now=NOW, vouched="operator")
    with store.reading() as connection:
        assert bounces.reason(connection, ADA) is Reason.COMPLAINT


def test_who_wanted_no_mails_and_now_wants_some_gets_them(store: Store, here: Settings) -> None:
    """The reader's own yes lifts the reader's own no, and no other suppression."""
    slugs = {reason: ask(store, here, f"{reason.name.lower()}@example.org").subscription.slug for reason in Reason}
    with store.writing() as connection:
        for reason in Reason:
            bounces.suppress(connection, f"{reason.name.lower()}@example.org", reason, now=NOW)
    for slug in slugs.values():
        subscribing.confirm(store, here, slug, now=NOW)
    with store.reading() as connection:
        left = {reason for reason in Reason if bounces.reason(connection, f"{reason.name.lower()}@example.org")}
    assert left == set(Reason) - {Reason.COMPLAINT, Reason.UNSUBSCRIBED}


def keep_issue(store: Store, slug: str, recipient: str = ADA) -> None:
    """Put an issue with a paper into a reader's outbox."""
    if not _has_papers(store):
        ingest(store, [FOLDER], as_of=date(2025, 5, 9))
    with store.writing() as connection:
        ((_, paper),) = papers.newest(connection, None, None, 1)
        issue = Issue(
            id=f"issue-{slug}",
            profile=slug,
            name="Trending",
            day=date(2025, 5, 9),
            composed=NOW,
            sections=(Section(heading="", matches=(Match(paper=paper, score=50.0, interest="owls"),)),),
            considered=1,
            passed=1,
        )
        assert issues.add(
            connection, issue, covered=issues.Coverage(day=issue.day, seq=1), recipient=recipient, now=NOW
        )
        judgements.add(connection, slug, Judgement(paper=paper.id, liked=True, day=issue.day))


def _has_papers(store: Store) -> bool:
    with store.reading() as connection:
        return bool(papers.count(connection))


def test_leaving_takes_what_waits_out_of_the_outbox(store: Store, here: Settings) -> None:
    """The mail is dropped, a last letter says goodbye, and leaving twice is leaving once."""
    slug = begun(store, here)
    keep_issue(store, slug)
    with store.writing() as connection:
        assert letters.claim(connection, NOW)  # the confirmation was sent
    over = lifecycle.end(store, slug, now=NOW)
    assert (over.standing, over.due, over.ended) == (Standing.ENDED, None, NOW)
    assert lifecycle.end(store, slug, now=NOW + DAY) == over
    with store.reading() as connection:
        assert [each.state.value for each in outbox.find(connection)] == ["dropped"]
    assert [kind for kind, _ in waiting(store) if kind == "goodbye"] == ["goodbye"]


def test_leaving_all_of_it_says_goodbye_once(store: Store, here: Settings) -> None:
    """Also where the first one was never confirmed; a wish that waits is ended without a word."""
    waits = ask(store, here, digest=OWN, interests=OWLS).subscription
    going = begun(store, here, now=NOW + timedelta(hours=1))
    other = subscribing.enrol(store, here, Wish(email="bob@example.org", digest="trending"), now=NOW)
    assert waits.subscriber
    over = lifecycle.end_all(store, waits.subscriber, now=NOW + DAY)
    assert {each.slug for each in over} == {waits.slug, going}
    assert [each for each in waiting(store) if each[0] == "goodbye"] == [("goodbye", going)]
    assert standing(store, other.slug) is Standing.ACTIVE
    assert lifecycle.end_all(store, waits.subscriber, now=NOW + DAY) == ()


def test_a_rewritten_profile_is_the_readers_own(store: Store, here: Settings) -> None:
    """Versions are numbered, the same text makes none, and an offered digest becomes a profile of one's own."""
    slug = begun(store, here)
    numbers = [lifecycle.rewrite(store, slug, text, now=NOW, reason="edited") for text in (OWLS, OWLS, TIDES, OWLS)]
    assert numbers == [1, 1, 2, 3]
    assert texts(store, slug) == [OWLS, TIDES, OWLS]
    with store.reading() as connection:
        found = subscriptions.by_slug(connection, slug)
    assert found
    assert found.digest == OWN


def test_an_edit_of_what_was_edited_meanwhile_is_not_kept(store: Store, here: Settings) -> None:
    """Who has version 1 before them while there is a second one is told, and nothing is overwritten."""
    slug = begun(store, here, digest=OWN, interests=OWLS)
    assert lifecycle.rewrite(store, slug, TIDES, now=NOW, reason="edited", behind=1) == 2
    assert lifecycle.rewrite(store, slug, "topics: [bread]\n", now=NOW, reason="edited", behind=1) == 0
    assert texts(store, slug) == [TIDES, OWLS]
    with pytest.raises(ProfileError):
        lifecycle.rewrite(store, slug, "topics: [bread", now=NOW, reason="edited")


def settled(found: Subscription, due: Due, outcome: str, following: Due) -> subscriptions.Settlement:
    """What became of one period."""
    return subscriptions.Settlement(subscription=found, became=((due, outcome),), following=following)


def test_what_was_settled_by_another_stays(store: Store, here: Settings) -> None:
    """Of two dispatchers the one that comes second changes nothing; nor does one whose reader paused meanwhile."""
    slug = begun(store, here)
    with store.reading() as connection:
        found = subscriptions.by_slug(connection, slug)
    assert found
    assert found.due
    first = found.due
    second = replace(first, day=first.day + DAY, at=first.at + DAY)
    third = replace(first, day=first.day + 2 * DAY, at=first.at + 2 * DAY)
    with store.writing() as connection:
        subscriptions.settle(connection, [settled(found, first, ISSUED, second)], first.at)
        subscriptions.settle(connection, [settled(found, first, "no new papers", third)], first.at)
        kept = subscriptions.by_slug(connection, slug)
        assert kept
        assert (kept.due, subscriptions.history(connection, slug, 9)) == (second, ((first.day, ISSUED),))
    rest = lifecycle.pause(store, slug, until=None, now=first.at)
    with store.writing() as connection:
        subscriptions.settle(connection, [settled(kept, second, ISSUED, third)], second.at)
        assert subscriptions.by_slug(connection, slug) == rest


def test_forgetting_leaves_nothing(store: Store, here: Settings, tmp_path: Path) -> None:
    """Rows of every kind are gone, other readers' are not, and no byte of the address is in the files."""
    slug = begun(store, here, digest=OWN, interests=OWLS)
    other = begun(store, here, "bob@example.org")
    for each, recipient in ((slug, ADA), (other, "bob@example.org")):
        keep_issue(store, each, recipient)
        lifecycle.rewrite(store, each, TIDES, now=NOW, reason="edited")
    with store.writing() as connection:
        bounces.suppress(connection, ADA, Reason.HARD, now=NOW)
        connection.execute(
            sa.text(
                "INSERT INTO bounces (report, address, kind, status, detail, received, undone) "
                "VALUES ('x', 'ada@example.org', 'hard', '5.1.1', '', '2025-05-07 00:00:00', false)"
            )
        )
        owner = subscribers.by_address(connection, ADA)
        tables = sa.inspect(connection).get_table_names()
    assert owner
    assert lifecycle.forget(store, owner.id) == 1
    with store.reading() as connection:
        kept = "".join(str(connection.exec_driver_sql(f'SELECT * FROM "{name}"').all()) for name in tables)  # noqa: S608
    assert slug not in kept
    assert ADA not in kept
    assert kept.count(other) >= 5
    assert standing(store, other) is Standing.ACTIVE
    for path in tmp_path.iterdir():
        if path.is_file():
            assert ADA.encode() not in path.read_bytes(), path.name


def test_who_is_forgotten_while_an_issue_is_made_stays_forgotten(store: Store, here: Settings) -> None:
    """What a composer or a dispatcher had begun before is not kept behind it."""
    slug = begun(store, here)
    with store.reading() as connection:
        found = subscriptions.by_slug(connection, slug)
    assert found
    assert found.due
    assert found.subscriber
    lifecycle.forget(store, found.subscriber)
    issue = Issue(
        id="late", profile=slug, name="", day=found.due.day, composed=NOW, sections=(), considered=0, passed=0
    )
    with store.writing() as connection:
        covered = issues.Coverage(day=issue.day, seq=0)
        assert not issues.add(connection, issue, covered=covered, recipient=ADA, now=NOW)
        subscriptions.settle(connection, [settled(found, found.due, ISSUED, found.due)], NOW)
        assert subscriptions.history(connection, slug, 9) == ()


@pytest.mark.parametrize("reason", Reason)
def test_a_wish_for_no_more_mails_outlives_forgetting(store: Store, here: Settings, reason: Reason) -> None:
    """Whoever complained or unsubscribed stays suppressed; what came back is forgotten with the rest."""
    begun(store, here)
    with store.writing() as connection:
        bounces.suppress(connection, ADA, reason, now=NOW)
        owner = subscribers.by_address(connection, ADA)
    assert owner
    lifecycle.forget(store, owner.id)
    with store.reading() as connection:
        kept = bounces.reason(connection, ADA)
    assert kept == (reason if reason in bounces.WISHES else None)


@pytest.mark.parametrize("move", ["confirm", "pause", "resume", "end", "revise", "rewrite"])
def test_of_a_name_that_nobody_has(store: Store, here: Settings, move: str) -> None:
    """Every move says that there is no such subscription."""
    moves = {
        "confirm": lambda: subscribing.confirm(store, here, "s-0", now=NOW),
        "pause": lambda: lifecycle.pause(store, "s-0", until=None, now=NOW),
        "resume": lambda: lifecycle.resume(store, here, "s-0", now=NOW),
        "end": lambda: lifecycle.end(store, "s-0", now=NOW),
        "revise": lambda: lifecycle.revise(store, "s-0", Preferences(), now=NOW),
        "rewrite": lambda: lifecycle.rewrite(store, "s-0", OWLS, now=NOW, reason="edited"),
    }
    with pytest.raises(SubscriptionError, match="no subscription 's-0'"):
        moves[move]()


def test_nothing_that_is_logged_has_an_address(store: Store, here: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """A whole life at the most talkative level says it nowhere."""
    with caplog.at_level(logging.DEBUG):
        slug = begun(store, here)
        lifecycle.pause(store, slug, until=date(2025, 6, 1), now=NOW)
        lifecycle.resume(store, here, slug, now=NOW)
        found = lifecycle.end(store, slug, now=NOW)
        assert found.subscriber
        lifecycle.forget(store, found.subscriber)
    # As a word: three letters may be part of a reader's name here.
    assert not re.search(r"\bada\b|example", caplog.text)
