"""What comes back and what comes of it, over a real database: counted once, suppressed by rule, undone on request."""

from __future__ import annotations

import io
import json
import mailbox
import socket
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller

from digest import bounce_reading, delivering, inboxes, pipeline
from digest.bounce import Bounce, Kind
from digest.cli.main import main
from digest.clock import Clock
from digest.delivery_settings import Delivery, Security, Way
from digest.errors import SettingsError, SourceError
from digest.mail_files import MaildirInbox, StreamInbox
from digest.message import message_id
from digest.outbox import DeliveryState
from digest.render import Renderer
from digest.settings import Settings
from digest.store import Store, bounces, deliveries, issues, papers
from digest.store.bounces import SOFT_BOUNCES, SOFT_DAYS, Effect, Reason
from digest.types import Issue, Paper, Profile, SkipReason, Topic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.bounce_reading import ReadReport
    from digest.databases import Place

SHAPES = {path.stem: path.read_text("utf-8") for path in (Path(__file__).parent / "returned").iterdir()}
NOW = datetime(2025, 5, 9, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TEN = date(2025, 5, 10)
ADA = "ada@example.org"


def mark(number: int, reader: str = "ada") -> str:
    """The token of a reader's n-th issue."""
    return f"{reader}{chr(ord('a') + number)}".ljust(24, "z")


def returned(shape: str, token: str, **values: str) -> bytes:
    """A mail of this shape that comes back to a token's address."""
    known = {
        "to": f"bounces+{token}@example.org",
        "action": "failed",
        "status": "5.1.1",
        "words": f"550 5.1.1 {ADA}: no such user here",
        "kind": "abuse",
        "message_id": f"<{token}@example.org>",
        **values,
    }
    return SHAPES[shape].format(returned=SHAPES["returned"].format(**known), **known).encode()


FULL = {"status": "5.2.2", "words": "552 5.2.2 full"}


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """A database in which Ada was sent issues of eight days, and Bob of one."""
    with Store(place) as opened:
        with opened.writing() as connection:
            for number in range(8):
                queue(connection, "ada", number)
            queue(connection, "bob", 0)
            connection.execute(sa.text("UPDATE deliveries SET state = 'sent', due = NULL"))
        yield opened


def queue(connection: sa.Connection, reader: str, number: int) -> None:
    """Put an issue with a paper of its own into the outbox."""
    paper = Paper(id=f"doi:10.1000/{reader}{number}", title=f"{reader} {number}", announced=NOW.date())
    papers.add(connection, [paper], NOW.date())
    issue = Issue(
        id=f"{reader}-{number}",
        profile=reader,
        name=reader,
        day=(NOW + number * DAY).date(),
        composed=NOW,
        sections=(),
        considered=0,
        passed=0,
    )
    covered = issues.Coverage(day=issue.day, seq=0)
    recipient = f"{reader.title()}@example.org"
    assert issues.add(connection, issue, covered=covered, recipient=recipient, now=NOW, token=mark(number, reader))
    ledger = "INSERT INTO issue_papers SELECT :reader, seq, :issue FROM papers WHERE id = :paper"
    connection.execute(sa.text(ledger), {"reader": reader, "issue": issue.id, "paper": paper.id})


def settings_of(store: Store, bounce_address: str = "bounces@example.org") -> Settings:
    """An installation with this return path."""
    return Settings(home=store.folder, delivery=Delivery(bounce_address=bounce_address))


def read(store: Store, *mails: bytes, now: datetime = NOW, bounce_address: str = "bounces@example.org") -> ReadReport:
    """Read mails, one after the other."""
    total = bounce_reading.ReadReport()
    for mail in mails:
        inbox = StreamInbox(io.BytesIO(mail), "stdin")
        report = bounce_reading.read(store, settings_of(store, bounce_address), inbox, Clock(now=lambda: now))
        assert not report.failed
        total.suppressed += report.suppressed
        total.known += report.known
        total.strangers += report.strangers
        for kind, number in report.counted.items():
            total.counted[kind] = total.counted.get(kind, 0) + number
    return total


def suppressed(store: Store) -> dict[str, str]:
    """Suppressed addresses and why."""
    with store.reading() as connection:
        return {each.address: each.reason.value for each in bounces.listing(connection)}


def states(store: Store, reader: str = "ada") -> list[str]:
    """The states of a reader's deliveries, by issue."""
    query = sa.text("SELECT state FROM deliveries WHERE subscriber = :reader ORDER BY issue_id")
    with store.reading() as connection:
        return list(connection.execute(query, {"reader": reader}).scalars())


def waiting_papers(store: Store, reader: str = "ada") -> int:
    """How many papers wait for the reader's next issue."""
    with store.reading() as connection:
        covered = issues.coverage(connection, reader)
    assert covered is not None
    return len(covered.held)


# What a report does


def test_a_hard_bounce_suppresses_at_once_and_takes_its_issue_back(store: Store) -> None:
    """The address is that of the delivery; the papers of that issue are candidates again, those of others are not."""
    report = read(store, returned("postfix", mark(2)))
    assert report.counted == {"hard": 1}
    assert report.suppressed == [{"profile": "ada", "reason": "hard bounce"}]
    assert suppressed(store) == {ADA: "hard bounce"}
    assert states(store) == ["sent", "sent", "bounced", "sent", "sent", "sent", "sent", "sent"]
    assert waiting_papers(store) == 1


def test_the_same_report_counts_once(store: Store) -> None:
    """However often and by whichever way it comes, also behind an undo."""
    mail = returned("postfix", mark(0))
    read(store, mail)
    with store.writing() as connection:
        assert bounces.undo(connection, "ADA@example.org")
    again = read(store, mail, b"Received: from elsewhere\r\n" + mail.replace(b"\n", b"\r\n"))
    assert (again.known, again.counted, suppressed(store)) == (2, {}, {})


def test_soft_bounces_of_five_issues_suppress(store: Store) -> None:
    """Two of one issue are one; the issues stay sent, as another copy of the mail may have arrived."""
    soft = [returned("postfix", mark(n), **FULL) for n in range(SOFT_BOUNCES)]
    twice = returned("postfix", mark(0), **{**FULL, "words": "552 5.2.2 still full"})
    assert read(store, *soft[:-1], twice).suppressed == []
    assert read(store, soft[-1]).suppressed == [{"profile": "ada", "reason": "soft bounces"}]
    assert set(states(store)) == {"sent"}
    assert waiting_papers(store) == 0


def test_old_soft_bounces_count_no_more(store: Store) -> None:
    """Nor do those that an operator undid."""
    late = NOW + SOFT_DAYS * DAY
    read(store, *(returned("postfix", mark(n), **FULL) for n in range(2)))
    read(store, *(returned("postfix", mark(n), **FULL) for n in range(2, 6)), now=late)
    assert suppressed(store) == {}
    with store.writing() as connection:
        assert bounces.undo(connection, ADA)
    read(store, returned("postfix", mark(6), **FULL), now=late)
    assert suppressed(store) == {}


@pytest.mark.parametrize(("shape", "reason"), [("complaint", "complaint"), ("unsubscribe", "unsubscribed")])
def test_who_wants_no_mails_gets_none(store: Store, shape: str, reason: str) -> None:
    """The mail was delivered all the same."""
    report = read(store, returned(shape, mark(1)))
    assert report.suppressed == [{"profile": "ada", "reason": reason}]
    assert set(states(store)) == {"sent"}


def test_a_wish_takes_the_place_of_another_reason(store: Store) -> None:
    """So that an operator sees it before an undo; not the other way round."""
    read(store, returned("postfix", mark(0)))
    assert read(store, returned("unsubscribe", mark(1))).suppressed == [{"profile": "ada", "reason": "unsubscribed"}]
    assert read(store, returned("postfix", mark(2))).suppressed == []
    assert suppressed(store) == {ADA: "unsubscribed"}


def test_what_waits_for_a_suppressed_address_is_not_sent(store: Store) -> None:
    """What is queued or deferred ends, what may have arrived is not tried again; another reader's is left alone."""
    update = "UPDATE deliveries SET state = :state, due = :due WHERE issue_id = :issue"
    waiting = {"ada-1": "queued", "ada-2": "deferred", "ada-3": "uncertain", "bob-0": "queued"}
    with store.writing() as connection:
        for issue, state in waiting.items():
            values = {"state": state, "due": "2025-05-09 12:00:00.000000", "issue": issue}
            connection.execute(sa.text(update), values)
    read(store, returned("postfix", mark(0)))
    assert states(store)[:4] == ["bounced", "suppressed", "suppressed", "uncertain"]
    with store.writing() as connection:
        [claim] = deliveries.claim(connection, now=NOW + DAY, limit=9)
    assert claim.subscriber == "bob"
    assert waiting_papers(store) == 3


def test_an_uncertain_delivery_that_came_back_is_known(store: Store) -> None:
    """It did arrive at a relay, and is sent no second time."""
    with store.writing() as connection:
        connection.execute(sa.text("UPDATE deliveries SET state = 'uncertain' WHERE issue_id = 'ada-0'"))
    read(store, returned("postfix", mark(0)))
    assert states(store)[0] == DeliveryState.BOUNCED


# Who may say so


FORGED = {
    "no token": returned("postfix", mark(0), to="postmaster@example.org"),
    "a token of nobody": returned("postfix", "q" * 24),
    "half a token": returned("postfix", mark(0)[:12]),
    "a complaint": returned("complaint", mark(0), to="abuse@example.org"),
    "a wish": returned("unsubscribe", mark(0), to="bounces@example.org"),
    "words": returned("qmail", mark(0), to="bounces@example.org"),
}


@pytest.mark.parametrize("forged", FORGED)
@pytest.mark.parametrize("bounce_address", ["bounces@example.org", ""])
def test_forged_reports_do_no_harm(store: Store, forged: str, bounce_address: str) -> None:
    """Whoever does not know a token says nothing, whatever addresses and identifiers are in it."""
    report = read(store, FORGED[forged], bounce_address=bounce_address)
    assert (report.counted, report.suppressed, suppressed(store)) == ({}, [], {})
    assert set(states(store)) == {"sent"}


def test_a_report_speaks_for_its_own_delivery_only(store: Store) -> None:
    """With Ada's token and Bob's address it is Ada's."""
    read(store, returned("postfix", mark(0)).replace(b"ada@example.org", b"bob@example.org"))
    assert suppressed(store) == {ADA: "hard bounce"}


@pytest.mark.parametrize(
    ("bounce_address", "identifier", "address", "counts"),
    [
        ("", message_id("ada-0", "ada", "example.org"), ADA, True),
        ("", message_id("ada-0", "ada", "earlier.example.org"), "ADA@EXAMPLE.ORG", True),
        ("", message_id("ada-0", "ada", "example.org"), "bob@example.org", False),
        ("", message_id("bob-0", "bob", "example.org"), ADA, False),
        ("", "<made-up@example.org>", ADA, False),
        ("bounces@example.org", message_id("ada-0", "ada", "example.org"), ADA, False),
    ],
)
def test_a_message_id_speaks_only_where_there_are_no_tokens(
    store: Store, bounce_address: str, identifier: str, address: str, *, counts: bool
) -> None:
    """And only where it is ours and the report names the address that this very mail went to."""
    mail = returned("postfix", "", to="digest@example.org", message_id=identifier)
    mail = mail.replace(b"Original-Recipient: rfc822;ada@example.org", f"Original-Recipient: rfc822;{address}".encode())
    read(store, mail, bounce_address=bounce_address)
    assert bool(suppressed(store)) is counts


def test_a_report_of_an_issue_without_mail_is_a_strangers(store: Store) -> None:
    """A reader without an address has nothing that could come back."""
    with store.writing() as connection:
        connection.execute(sa.text("UPDATE deliveries SET recipient = '' WHERE issue_id = 'ada-0'"))
        bounce = Bounce(kind=Kind.HARD, report="1", token=mark(0))
        assert bounces.record(connection, bounce, now=NOW).effect is Effect.STRANGER


def test_suppressed_addresses_are_found_in_any_letters(store: Store) -> None:
    """As they were asked for."""
    with store.writing() as connection:
        assert bounces.suppress(connection, "Ada@Example.org", Reason.OPERATOR, now=NOW)
        assert not bounces.suppress(connection, ADA, Reason.OPERATOR, now=NOW)
        assert bounces.suppressed(connection, ["ADA@example.org", "bob@example.org"]) == {"ADA@example.org"}
        assert bounces.undo(connection, "aDa@example.org")
        assert not bounces.undo(connection, ADA)
        assert bounces.suppressed(connection, [ADA]) == set()


# Where they are read from


def test_a_maildir_is_read_once(store: Store, tmp_path: Path) -> None:
    """Reports go to cur as seen, other mails as unread; the library that others use finds them so."""
    box = mailbox.Maildir(tmp_path / "box")
    for mail in (returned("postfix", mark(0)), returned("vacation", mark(1)), b"Subject: hello\n\nme"):
        box.add(mail)
    for expected in (3, 0):
        report = bounce_reading.read(store, settings_of(store), MaildirInbox(tmp_path / "box"), Clock(now=lambda: NOW))
        assert (report.read, report.failed) == (expected, [])
    flags = sorted((mail.get_subdir(), mail.get_flags(), str(mail["Subject"])) for mail in mailbox.Maildir(box._path))  # noqa: SLF001  # type: ignore[attr-defined]
    assert flags == [
        ("cur", "", "Auto: Owls and 3 more"),
        ("cur", "", "hello"),
        ("cur", "S", "Undelivered Mail Returned to Sender"),
    ]


def test_a_reading_that_was_killed_counts_once(store: Store, tmp_path: Path) -> None:
    """Between the count and the mark; the next one marks it."""
    mailbox.Maildir(tmp_path / "box").add(returned("postfix", mark(0)))

    class Killed(MaildirInbox):
        def seen(self, *_: object, **__: object) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bounce_reading.read(store, settings_of(store), Killed(tmp_path / "box"), Clock(now=lambda: NOW))
    assert suppressed(store) == {ADA: "hard bounce"}
    report = bounce_reading.read(store, settings_of(store), inboxes.at(tmp_path / "box"), Clock(now=lambda: NOW))
    assert (report.known, report.counted) == (1, {})
    assert not list((tmp_path / "box" / "new").iterdir())


def test_what_is_no_file_is_named_and_the_rest_is_read(store: Store, tmp_path: Path) -> None:
    """A link is not followed, a folder is no mail."""
    box = tmp_path / "box"
    mailbox.Maildir(box).add(returned("postfix", mark(0)))
    (box / "new" / "link").symlink_to(tmp_path / "digest.sqlite3")
    (box / "new" / "sub").mkdir()
    report = bounce_reading.read(store, settings_of(store), MaildirInbox(box), Clock(now=lambda: NOW))
    assert sorted(each["where"] for each in report.failed) == ["link", "sub"]
    assert report.counted == {"hard": 1}


def test_a_file_holds_one_mail_or_many(store: Store, tmp_path: Path) -> None:
    """An mbox has a line before each mail and quotes those that look like it."""
    box = mailbox.mbox(tmp_path / "mbox")
    for mail in (returned("postfix", mark(0)), returned("complaint", mark(0, "bob")), b"Subject: x\n\nFrom here\n"):
        box.add(mail)
    box.close()
    report = bounce_reading.read(store, settings_of(store), inboxes.at(tmp_path / "mbox"), Clock(now=lambda: NOW))
    assert (report.read, report.counted) == (3, {"hard": 1, "complaint": 1})
    (tmp_path / "one").write_bytes(returned("qmail", mark(1)) + b"\n\nFrom a friend\n")
    report = bounce_reading.read(store, settings_of(store), inboxes.at(tmp_path / "one"), Clock(now=lambda: NOW))
    assert (report.read, report.counted) == (1, {"hard": 1})


def test_a_place_that_is_none_is_told(store: Store, tmp_path: Path) -> None:
    """A path that leads nowhere, a folder that is no Maildir, settings that name nothing."""
    with pytest.raises(SourceError, match="No such file"):
        inboxes.at(tmp_path / "nowhere")
    report = bounce_reading.read(store, settings_of(store), inboxes.at(tmp_path), Clock(now=lambda: NOW))
    assert report.failed[0]["why"].startswith("not a Maildir")
    with pytest.raises(SettingsError, match="bounces: nowhere to read from"):
        inboxes.configured(settings_of(store), {})


# The whole way


class Post:
    """A mail server that takes everything."""

    def __init__(self) -> None:
        self.senders: list[str] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: ANN401, N802
        """Keep the envelope's sender."""
        self.senders.append(envelope.mail_from)
        return "250 2.0.0 queued"


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_the_whole_way_there_and_back(tmp_path: Path) -> None:
    """A mail is taken and comes back: its reader has no issue until an undo, and then the lost papers again."""
    ada = Profile(slug="ada", name="Ada", email="Ada@example.org", topics=(Topic(text="owls"),), min_score=1)
    bob = replace(ada, slug="bob", name="Bob", email="bob@example.org")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    way = Delivery(
        transport=Way.SMTP,
        host="127.0.0.1",
        port=port,
        security=Security.NONE,
        connections=1,
        bounce_address="bounces@example.org",
    )
    here = Settings(home=tmp_path, delivery=way, sender="digest@example.org")
    post = Post()
    server = Controller(post, hostname="127.0.0.1", port=port)
    server.start()
    try:
        with Store(here.database) as store:

            def run(day: date, title: str) -> dict[str, str]:
                now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
                with store.writing() as connection:
                    papers.add(connection, [Paper(id=f"doi:10.1000/{day}", title=title, announced=day)], day)
                report = pipeline.compose_issues(store, here, [ada, bob], day=day, now=now)
                clock = Clock(now=lambda: now)
                report.add(delivering.deliver(store, here, Renderer(), clock=clock, environment={}))
                assert not report.failed
                return {each["profile"]: each["reason"] for each in report.skipped}

            def titles(day: date) -> set[str]:
                with store.reading() as connection:
                    issue = issues.of_day(connection, "ada", day)
                return {match.paper.title for match in issue.matches} if issue else set()

            assert run(TEN, "Owls by night") == {}
            [came_from, _] = sorted(post.senders, key=lambda each: each != sender_of(store, "ada"))
            token = came_from.partition("+")[2].partition("@")[0]
            report = read(store, returned("postfix", token), now=datetime(2025, 5, 10, 13, tzinfo=UTC))
            assert report.suppressed == [{"profile": "ada", "reason": "hard bounce"}]

            assert run(TEN + DAY, "Owls by day") == {"ada": SkipReason.SUPPRESSED}
            assert len(post.senders) == 3

            with store.writing() as connection:
                assert bounces.undo(connection, "Ada@example.org")
            assert run(TEN + 2 * DAY, "Owls at dusk") == {}
            assert titles(TEN + 2 * DAY) == {"Owls by night", "Owls by day", "Owls at dusk"}
            assert len(post.senders) == 5
    finally:
        server.stop()


def sender_of(store: Store, reader: str) -> str:
    """The return path of the reader's mail."""
    query = sa.text("SELECT token FROM deliveries WHERE subscriber = :reader")
    with store.reading() as connection:
        return f"bounces+{connection.execute(query, {'reader': reader}).scalar_one()}@example.org"


def test_an_address_that_no_database_keeps_names_nobody(store: Store) -> None:
    """A report may hold any octets, and is still a report of no mail of ours."""
    bounce = Bounce(kind=Kind.HARD, report="r", address="a\0da@example.org", message_id="1@example.org")
    with store.writing() as connection:
        assert bounces.record(connection, bounce, now=NOW, trusts_message_ids=True).effect is Effect.STRANGER


# The command line


@pytest.fixture
def digest(store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:  # noqa: ANN401
    """The whole program in the home folder of the store, with Ada's profile; its code, stdout and stderr."""
    home = store.folder
    monkeypatch.setenv("DIGEST_HOME", str(home))
    (home / "profiles").mkdir()
    (home / "profiles" / "ada.yaml").write_text("name: Ada\nemail: Ada@example.org\ntopics: [owls]\n", "utf-8")
    (home / "profiles" / "cyd.yaml").write_text("name: Cyd\ntopics: [owls]\n", "utf-8")
    (home / "digest.toml").write_text('[delivery]\nbounce_address = "bounces@example.org"\n', "utf-8")

    def run(*words: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["digest", "bounces", *words])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as left:
            main()
        told = capsys.readouterr()
        return int(left.value.code or 0), told.out, told.err

    return run


def test_a_mail_server_pipes_mails_to_the_program(digest: Any) -> None:  # noqa: ANN401
    """Code 0 for all that was looked at, and no address in what is printed."""
    code, out, err = digest("read", "-", stdin=returned("postfix", mark(0)))
    assert (code, out, err) == (0, "1 mail read: 1 hard bounce\nsuppressed: ada: hard bounce\n", "")
    assert digest("read", "-", stdin=b"Subject: hello\n\nme")[:2] == (0, "1 mail read: other mails: 1\n")
    _, out, _ = digest("read", "-", "--json", stdin=returned("postfix", mark(0)))
    assert json.loads(out) == {
        "read": 1,
        "counted": {},
        "suppressed": [],
        "known": 1,
        "strangers": 0,
        "others": {},
        "failed": [],
    }


def test_a_pipe_has_the_mail_kept_while_it_cannot_be_counted(
    digest: Any,  # noqa: ANN401
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Code 75, by which mail servers try again later: the database is locked, the settings are broken."""
    monkeypatch.setattr("digest.cli.bounces.Store", lambda path: Store(path, patience=timedelta(0)))
    mail = returned("postfix", mark(0))
    with store.writing():
        code, _, err = digest("read", "-", stdin=mail)
    assert code == 75
    assert "locked" in err
    toml = store.folder / "digest.toml"
    good = toml.read_text("utf-8")
    toml.write_text("[bounces", "utf-8")
    assert digest("read", "-", stdin=mail)[0] == 75
    assert digest("read")[0] == 1
    toml.write_text(good, "utf-8")
    assert digest("read", "-", stdin=mail)[0] == 0


def test_addresses_are_shown_when_they_are_asked_for(digest: Any) -> None:  # noqa: ANN401
    """`list` has them with their readers; undo and suppress take either and print none."""
    assert digest("suppress", "ada", "bob@example.org")[:2] == (
        0,
        "ada: is sent nothing from now on\naddress 2: is sent nothing from now on\n",
    )
    code, out, _ = digest("list")
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()[:2]] == [
        ["ada@example.org", "ada"],
        ["bob@example.org", "(no"],
    ]
    digest("read", "-", stdin=returned("postfix", mark(0)))
    shown = json.loads(digest("list", "--json")[1])
    assert [(each["address"], each["reason"], each["profiles"]) for each in shown["suppressed"]] == [
        ("ada@example.org", "operator", ["ada"]),
        ("bob@example.org", "operator", []),
    ]
    assert [(each["kind"], each["status"], each["undone"]) for each in shown["reports"]] == [("hard", "5.1.1", False)]
    assert digest("undo", "ada") == (0, "ada: is sent to again\n", "")
    assert digest("undo", "ada", "bob@example.org") == (
        1,
        "address 2: is sent to again\n",
        "ada: nothing was held against it\n",
    )


@pytest.mark.parametrize("words", ["undo", "undo nobody", "suppress cyd", "read --frobnicate", "suppress"])
def test_wrong_use_is_code_2(digest: Any, words: str) -> None:  # noqa: ANN401
    """With a reason on stderr."""
    code, out, err = digest(*words.split())
    assert (code, out) == (2, "")
    assert err
