"""Letters to subscribers: they reach a folder and a real mail server, once, and are not sent when they are moot."""

from __future__ import annotations

import email
import email.policy
import logging
import socket
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from sqlalchemy import event

from digest import correspondence, lifecycle, subscribing, tokens
from digest.delivery_settings import Delivery
from digest.rendering import links
from digest.settings import Settings
from digest.store import Store, bounces, holdings, letters, subscriptions
from digest.store.bounces import Reason
from digest.store.letters import LEASE, MOST_TRIES
from digest.subscribing import Wish
from digest.tokens import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from aiosmtpd.smtp import SMTP, Envelope, Session

    from digest.databases import Place

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

HERE = "127.0.0.1"
NOW = datetime(2025, 5, 7, 12, tzinfo=UTC)
ADA = "ada@example.org"
HOUR = timedelta(hours=1)


class Server:
    """What aiosmtpd asks for each mail: the answers to the first ones, and what was taken."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.seen: list[bytes] = []
        self.taken: list[tuple[str, EmailMessage]] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Answer to a whole mail."""
        assert isinstance(envelope.content, bytes)
        self.seen.append(envelope.content)
        if self.answers:
            return self.answers.pop(0)
        self.taken.append((envelope.rcpt_tos[0], read(envelope.content)))
        return "250 taken"


class KilledError(BaseException):
    """What no code catches."""


@contextmanager
def killed_before_commit(number: int) -> Iterator[None]:
    """End whatever runs when it is about to commit for the n-th time."""
    left = number

    def die(_connection: sa.Connection) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise KilledError

    event.listen(sa.Engine, "commit", die)
    try:
        yield
    finally:
        event.remove(sa.Engine, "commit", die)


@contextmanager
def serving(server: Server) -> Iterator[int]:
    """Run it; its port."""
    port = free_port()
    controller = Controller(server, hostname=HERE, port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as free:
        free.bind((HERE, 0))
        return int(free.getsockname()[1])


def read(content: bytes) -> EmailMessage:
    """A mail as its parts."""
    return email.message_from_bytes(content, policy=email.policy.default)  # type: ignore[return-value]


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """A new database."""
    with Store(place) as opened:
        yield opened


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    """An installation with a site, whose mails are files."""
    return Settings(home=tmp_path, site_url="https://digest.example.org")


def by_smtp(here: Settings, port: int) -> Settings:
    """The same, with a mail server."""
    words = {"transport": "smtp", "host": HERE, "port": port, "security": "none", "timeout": 2}
    return here.model_copy(update={"delivery": Delivery.model_validate(words)})


def ask(store: Store, here: Settings, address: str = ADA, now: datetime = NOW) -> str:
    """Somebody subscribes; the name of the subscription."""
    wish = Wish(email=address, digest="trending")
    return subscribing.subscribe(store, here, wish, now=now).subscription.slug


def send(store: Store, here: Settings, now: datetime = NOW) -> correspondence.Sent:
    """Send what is due."""
    return correspondence.send_due(store, here, now=now, environment={})


def mails(here: Settings) -> list[EmailMessage]:
    """What lies in the outbox folder."""
    return [read(path.read_bytes()) for path in sorted(here.outbox.glob("*.eml"))]


def waiting(store: Store) -> int:
    """How many letters wait."""
    with store.reading() as connection:
        return letters.waiting(connection)


def fault(store: Store, slug: str) -> str | None:
    """What was noted of the last letter about a subscription."""
    with store.reading() as connection:
        held = holdings.of_reader(connection, slug)
    assert held
    error: str | None = held["letters"][-1]["error"]
    return error


def test_a_confirmation_reaches_its_reader_once(store: Store, here: Settings) -> None:
    """To the address, with a link that confirms this subscription and counts for three days; not sent twice."""
    slug = ask(store, here, "ada+papers@exämple.org")
    assert send(store, here).sent == 1
    assert send(store, here, NOW + HOUR).sent == 0
    (mail,) = mails(here)
    assert mail["To"] == "ada+papers@xn--exmple-cua.org"
    assert "Trending" in mail["Subject"]
    body = mail.get_body(("plain",))
    assert body
    (link,) = (word for word in body.get_content().split() if "/c/" in word)
    site = links(here)
    assert site
    assert link == site.confirm(slug, NOW.date())
    said = tokens.read(tokens.key(site.secret), Purpose.CONFIRM, link.rpartition("/")[2], date(2025, 5, 10))
    with store.reading() as connection:
        found = subscriptions.by_reader(connection, said.reader)
    assert found
    assert found.slug == slug
    assert "List-Unsubscribe" not in mail


def test_a_letter_reaches_a_mail_server(store: Store, here: Settings) -> None:
    """Over a real connection, one mail each, in the order of asking."""
    server = Server()
    for address in (ADA, "bob@example.org"):
        ask(store, here, address)
    with serving(server) as port:
        assert send(store, by_smtp(here, port)).sent == 2
    assert [recipient for recipient, _ in server.taken] == [ADA, "bob@example.org"]


def test_what_is_put_off_is_tried_again_later_and_later(store: Store, here: Settings) -> None:
    """After a 4xx the letter waits, longer each time, and is the same bytes when it is taken."""
    server = Server("451 4.7.1 greylisted", "451 4.7.1 greylisted")
    slug = ask(store, here)
    with serving(server) as port:
        site = by_smtp(here, port)
        assert send(store, site).faults == {"deferred: 451 4.7.1 greylisted": 1}
        assert send(store, site, NOW + LEASE - timedelta(seconds=1)).faults is None
        assert send(store, site, NOW + LEASE).faults
        assert fault(store, slug) == "deferred: 451 4.7.1 greylisted"
        assert send(store, site, NOW + 2 * LEASE).faults is None
        assert send(store, site, NOW + 3 * LEASE).sent == 1
    assert len(server.seen) == 3
    assert len(set(server.seen)) == 1
    assert (waiting(store), fault(store, slug)) == (0, None)


def test_what_is_refused_is_not_tried_again(store: Store, here: Settings) -> None:
    """After a 5xx the letter is given up, its reason kept without the address; others are sent."""
    server = Server(f"550 5.1.1 <{ADA}> no such user")
    slug = ask(store, here)
    ask(store, here, "bob@example.org")
    with serving(server) as port:
        report = send(store, by_smtp(here, port))
        assert (report.sent, report.faults) == (1, {"rejected: 550 5.1.1 <…> no such user": 1})
        assert send(store, by_smtp(here, port), NOW + 9 * HOUR).sent == 0
    assert fault(store, slug) == "rejected: 550 5.1.1 <…> no such user"
    assert "@" not in str(report)


def test_a_letter_is_given_up_at_last(store: Store, here: Settings) -> None:
    """A server that always puts it off sees it a dozen times, over some hours."""
    server = Server(*["451 later"] * 99)
    ask(store, here)
    now, tries = NOW, 0
    with serving(server) as port:
        site = by_smtp(here, port)
        while waiting(store):
            tries += bool(send(store, site, now).faults)
            now += LEASE
    assert tries == len(server.seen) == MOST_TRIES
    assert timedelta(hours=5) < now - NOW < timedelta(hours=8)


def test_a_server_that_is_away_costs_no_letter_a_try(store: Store, here: Settings) -> None:
    """However often nobody answers, all letters wait, and are sent as soon as somebody does."""
    for number in range(3):
        ask(store, here, f"reader{number}@example.org")
    away = by_smtp(here, free_port())
    for number in range(MOST_TRIES + 3):
        report = send(store, away, NOW + number * timedelta(minutes=1))
        assert report.faults
        assert sum(report.faults.values()) == 1
    server = Server()
    with serving(server) as port:
        assert send(store, by_smtp(here, port), NOW + HOUR).sent == 3


def test_who_is_killed_in_between_leaves_the_same_letter(store: Store, here: Settings) -> None:
    """Handed over and never recorded, it goes out again by the same Message-ID when the lease has run out."""
    ask(store, here)
    server = Server()
    with serving(server) as port:
        site = by_smtp(here, port)

        with killed_before_commit(3), pytest.raises(KilledError):
            send(store, site)
        assert send(store, site, NOW + timedelta(minutes=1)).sent == 0
        assert send(store, site, NOW + LEASE).sent == 1
        assert send(store, site, NOW + 9 * HOUR).sent == 0
    (_, one), (_, other) = server.taken
    assert one["Message-ID"] == other["Message-ID"]
    assert len(set(server.seen)) == 1


def test_what_is_confirmed_or_ended_is_not_asked_about(store: Store, here: Settings) -> None:
    """A confirmation that waits while the operator vouches, or its reader leaves, is not sent."""
    vouched, left = ask(store, here), ask(store, here, "bob@example.org")
    subscribing.confirm(store, here, vouched, now=NOW, vouched="operator")
    lifecycle.end(store, left, now=NOW)
    assert send(store, here).sent == 0
    assert (waiting(store), mails(here)) == (0, [])
    assert (fault(store, vouched), fault(store, left)) == ("it was confirmed meanwhile", "it was ended meanwhile")


def test_whoever_asks_for_what_they_have_is_asked_again(store: Store, here: Settings) -> None:
    """The same letter as for anybody, so that nobody learns from a mailbox that stays empty."""
    slug = ask(store, here)
    send(store, here)
    subscribing.confirm(store, here, slug, now=NOW)
    ask(store, here, now=NOW + HOUR)
    assert send(store, here, NOW + HOUR).sent == 1
    assert len(mails(here)) == 2


def test_a_letter_whose_link_is_too_old_is_not_sent(store: Store, here: Settings) -> None:
    """After days without a sender it would lead nowhere; asked for again meanwhile, it counts anew."""
    old = ask(store, here)
    again = ask(store, here, "bob@example.org")
    later = NOW + timedelta(days=6)
    assert ask(store, here, "bob@example.org", later) == again
    assert send(store, here, later).sent == 1
    assert fault(store, old) == "its link is too old"
    assert [mail["To"] for mail in mails(here)] == ["bob@example.org"]


def test_a_goodbye_is_for_who_has_left(store: Store, here: Settings) -> None:
    """It is sent once, and not to somebody who asked to come back before it was."""
    slugs = [ask(store, here, address) for address in (ADA, "bob@example.org")]
    send(store, here)
    for slug in slugs:
        subscribing.confirm(store, here, slug, now=NOW)
        lifecycle.end(store, slug, now=NOW + HOUR)
    ask(store, here, "bob@example.org", NOW + HOUR)
    assert send(store, here, NOW + 2 * HOUR).sent == 2
    kinds = sorted((mail["To"], mail["Subject"].split()[0]) for mail in mails(here)[2:])
    assert [to for to, _ in kinds] == [ADA, "bob@example.org"]
    assert fault(store, slugs[0]) is None
    assert waiting(store) == 0


@pytest.mark.parametrize("reason", Reason)
def test_suppressed_addresses(store: Store, here: Settings, reason: Reason) -> None:
    """Who asked for no more mails is sent the question whether to begin again, and no goodbye; others get nothing."""
    slug = ask(store, here)
    with store.writing() as connection:
        bounces.suppress(connection, ADA, reason, now=NOW)
    is_wish = reason in bounces.WISHES
    assert send(store, here).sent == is_wish
    assert fault(store, slug) == (None if is_wish else f"its address is suppressed: {reason}")
    with store.writing() as connection:
        bounces.undo(connection, ADA)
    subscribing.confirm(store, here, slug, now=NOW)
    lifecycle.end(store, slug, now=NOW)
    with store.writing() as connection:
        bounces.suppress(connection, ADA, reason, now=NOW)
    assert send(store, here, NOW + HOUR).sent == 0
    assert waiting(store) == 0


def test_without_a_site_goodbyes_are_sent_and_questions_wait(store: Store, tmp_path: Path) -> None:
    """A question has nowhere to lead until there is a site; then it is sent."""
    bare = Settings(home=tmp_path)
    waits = ask(store, bare)
    gone = subscribing.enrol(store, bare, Wish(email="bob@example.org", digest="trending"), now=NOW).slug
    lifecycle.end(store, gone, now=NOW)
    assert send(store, bare).sent == 1
    assert [mail["To"] for mail in mails(bare)] == ["bob@example.org"]
    assert waiting(store) == 1
    site = bare.model_copy(update={"site_url": "https://digest.example.org"})
    assert send(store, site, NOW + HOUR).sent == 1
    assert fault(store, waits) is None


def test_who_is_forgotten_is_written_to_no_more(store: Store, here: Settings) -> None:
    """Letters that wait go with the reader."""
    slug = ask(store, here)
    with store.reading() as connection:
        found = subscriptions.by_slug(connection, slug)
    assert found
    assert found.subscriber
    lifecycle.forget(store, found.subscriber)
    assert send(store, here).sent == 0
    assert mails(here) == []


def test_nothing_that_is_logged_has_an_address(
    store: Store, here: Settings, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Taken, put off or refused: neither the log nor the terminal says to whom."""
    server = Server(f"451 <{ADA}> later", f"550 {ADA} unknown")
    for address in (ADA, "bob@example.org", "cyd@example.org"):
        ask(store, here, address)
    with caplog.at_level(logging.DEBUG, logger="digest"), serving(server) as port:
        report = send(store, by_smtp(here, port))
    assert "example.org" not in caplog.text + "".join(capfd.readouterr()) + repr(report)
