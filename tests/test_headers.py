"""Headers on raw bytes: what every list's mail should say, and that nothing from outside gets out of its own line."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest import secret
from digest.delivery_settings import Delivery
from digest.errors import DeliveryError
from digest.headers import LONGEST_LINK, header
from digest.message import feedback_id, list_id, thread_id
from digest.originator import Originator
from digest.render import Renderer
from digest.settings import Settings
from digest.signed_links import SignedLinks
from digest.types import Envelope, Issue, Match, Paper, Section

ENVELOPE = Envelope(
    sender="Paper Digest <digest@example.org>",
    recipient="ada@example.org",
    date=datetime(2025, 5, 9, 6, 30, tzinfo=UTC),
    message_id="<1@example.org>",
    list_id="<ada.paper-digest.example.org>",
)
LINK = "https://digest.example.org/u/abcdefghijklmnopqrstuvwx"
BOUNCES = "bounces+abcdefghijklmnopqrstuvwx@example.org"
RENDERER = Renderer()


def lines(envelope: Envelope) -> list[str]:
    """The fields of a header, each as it goes over the wire."""
    return re.split(r"\r\n(?![ \t])", header("Owls", envelope).removesuffix("\r\n"))


def parsed(raw: bytes) -> EmailMessage:
    """The mail as the standard library reads it."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_one_click_is_the_link_first_and_the_mail_behind() -> None:
    """Both ways out stand as they are, on raw bytes, and one-click is claimed where there is a link to post to."""
    shown = lines(replace(ENVELOPE, unsubscribe_url=LINK, unsubscribe_mail=BOUNCES))
    assert f"List-Unsubscribe: <{LINK}>,\r\n <mailto:{BOUNCES}?subject=unsubscribe>" in shown
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in shown


def test_without_a_link_there_is_no_one_click() -> None:
    """A mail to write is a way out, but none that RFC 8058 knows; without either nothing is said."""
    shown = lines(replace(ENVELOPE, unsubscribe_mail=BOUNCES))
    assert f"List-Unsubscribe: <mailto:{BOUNCES}?subject=unsubscribe>" in shown
    assert not [line for line in shown if line.startswith("List-Unsubscribe-Post")]
    assert not [line for line in lines(ENVELOPE) if line.startswith("List-Unsubscribe")]


def test_the_longest_link_outlives_a_gateway() -> None:
    """A program that writes headers anew by `email.policy.SMTP` leaves it as it is."""
    link = LINK + "y" * (LONGEST_LINK - len(LINK))
    raw = header("Owls", replace(ENVELOPE, unsubscribe_url=link)).encode() + b"\r\nHoot\r\n"
    assert len(link) == LONGEST_LINK
    assert f"<{link}>".encode() in raw
    again = email.message_from_bytes(raw, policy=email.policy.SMTP)
    assert f"<{link}>".encode() in again.as_bytes()


@pytest.mark.parametrize(
    "link",
    [
        LINK + "y" * 23,
        "http://digest.example.org/u/1",
        "https://digest.example.org/u/1>,<mailto:eve@example.org",
        "https://digest.example.org/u/1\r\nBcc: eve@example.org",
        "https://digest.example.org/\u202eu",
        "https://digest.example.org/u 1",
        "javascript:alert(1)",
    ],
)
def test_a_link_that_is_none_is_refused(link: str) -> None:
    """Too long, not https, or more than a link; the text does not repeat it."""
    with pytest.raises(DeliveryError, match="unsubscribe_url") as caught:
        header("Owls", replace(ENVELOPE, unsubscribe_url=link))
    assert "example.org" not in str(caught.value)


@pytest.mark.parametrize("address", ["eve", "a?b@example.org", "a@b>,<https://x", "a@example.org\r\nBcc: b", "ä@b.org"])
def test_an_address_to_leave_by_is_one(address: str) -> None:
    """What could not stand in a mailto link is refused."""
    with pytest.raises(DeliveryError, match="unsubscribe_mail"):
        header("Owls", replace(ENVELOPE, unsubscribe_mail=address))


@pytest.mark.parametrize("value", ["owls", "a:b:c:d:sender1", "a:b:c:x", "a:b:c:\r\nBcc", "a b:::sender"])
def test_a_feedback_id_has_its_form(value: str) -> None:
    """Four parts, the last of 5 to 15 characters, as Google reads it."""
    with pytest.raises(DeliveryError, match="feedback_id"):
        header("Owls", replace(ENVELOPE, feedback_id=value))


def test_a_feedback_id_names_no_reader() -> None:
    """All mails of a day have the same, three colons in it, and the sender's part is the same on all days."""
    one, other = feedback_id("2025-05-09", "issue", "example.org"), feedback_id("2025-05-10", "test", "example.org")
    assert f"Feedback-ID: {one}" in lines(replace(ENVELOPE, feedback_id=one))
    assert re.fullmatch(r"2025-05-09:issue:paper-digest:[0-9a-f]{12}", one)
    assert one.rpartition(":")[2] == other.rpartition(":")[2]
    assert one.rpartition(":")[2] != feedback_id("2025-05-09", "issue", "example.com").rpartition(":")[2]


def test_programs_are_told_not_to_answer() -> None:
    """By the standard's field and by the one that older programs know."""
    assert {"Auto-Submitted: auto-generated", "Precedence: bulk"} <= {*lines(ENVELOPE)}


def test_a_conversation_has_one_root() -> None:
    """It differs between readers, is no mail's own identifier, and the mail answers to nothing."""
    root = thread_id("ada", "example.org")
    assert root != thread_id("bo", "example.org")
    shown = lines(replace(ENVELOPE, thread=root))
    assert f"References: {root}" in shown
    assert not [line for line in shown if line.startswith("In-Reply-To")]
    assert not [line for line in lines(ENVELOPE) if line.startswith("References")]


# What an installation's mails say


def issue(name: str = "Ada", title: str = "Quiet owls", day: date = date(2025, 5, 9)) -> Issue:
    """An issue of one paper."""
    match = Match(paper=Paper(id="title:owls", title=title), score=50.0, interest=name)
    return Issue(
        id=f"ada-{day}",
        profile="ada",
        name=name,
        day=day,
        composed=datetime(day.year, day.month, day.day, 6, tzinfo=UTC),
        sections=(Section(heading=name, matches=(match,)),),
        considered=1,
        passed=1,
    )


def settings(
    home: Path = Path("/nowhere"), sender: str = "Owl Lab <digest@example.org>", **delivery: object
) -> Settings:
    """The settings of an installation."""
    return Settings(home=home, sender=sender, delivery=Delivery.model_validate(delivery))


def sent(originator: Originator, of: Issue) -> EmailMessage:
    """The mail of an issue, read back."""
    return parsed(originator.parcel(RENDERER.mail(of), of, "ada@example.org", "abcdefghijklmnopqrstuvwx").content)


def test_issues_are_conversations_only_where_the_settings_say_so() -> None:
    """With `thread` the issues of all days refer to the same, without to nothing; each has an identifier of its own."""
    days = [date(2025, 5, 9), date(2025, 5, 10)]
    apart = [sent(Originator(settings()), issue(day=day)) for day in days]
    together = [sent(Originator(settings(thread=True)), issue(day=day)) for day in days]
    assert [mail["References"] for mail in apart] == [None, None]
    assert {mail["References"] for mail in together} == {thread_id("ada", "example.org")}
    assert {mail["Message-ID"] for mail in apart} == {mail["Message-ID"] for mail in together}
    assert len({mail["Message-ID"] for mail in apart}) == 2


def test_the_return_path_names_the_delivery(tmp_path: Path) -> None:
    """The envelope's sender and the address to unsubscribe at are the same; without bounces the sender's own counts."""
    mail = RENDERER.mail(issue())
    linked = settings(tmp_path, bounce_address="bounces@example.org").model_copy(
        update={"site_url": "https://digest.example.org"}
    )
    parcel = Originator(linked).parcel(mail, issue(), "ada@example.org", "abcdefghijklmnopqrstuvwx")
    link = SignedLinks(secret.load(linked.secret), linked.site_url).unsubscribe("ada")
    assert parcel.sender == BOUNCES
    assert f"\r\nList-Unsubscribe: <{link}>,\r\n <mailto:{BOUNCES}?subject=unsubscribe>\r\n".encode() in parcel.content
    bare = Originator(settings()).parcel(mail, issue(), "ada@example.org", "abcdefghijklmnopqrstuvwx")
    assert bare.sender == "digest@example.org"
    assert b"List-Unsubscribe" not in bare.content


def test_a_test_is_told_from_an_issue() -> None:
    """It says so, counts apart from issues, and is another mail each time, which no server takes for a copy."""
    originator = Originator(settings(thread=True, bounce_address="bounces@example.org"))
    noon = datetime(2025, 5, 10, 12, tzinfo=UTC)
    parcels = [
        originator.test(RENDERER.mail(issue()), issue(), "bo@example.org", now=now, token="a" * 24)
        for now in (noon, noon.replace(second=1))
    ]
    mails = [parsed(each.content) for each in parcels]
    assert [str(mail["Subject"]) for mail in mails] == ["[test] Quiet owls", "[test] Quiet owls"]
    assert {mail["Feedback-ID"] for mail in mails} == {feedback_id("2025-05-10", "test", "example.org")}
    own = sent(originator, issue())["Message-ID"]
    assert len({own, *(mail["Message-ID"] for mail in mails)}) == 3
    assert {each.recipient for each in parcels} == {"bo@example.org"}
    assert len({each.name for each in parcels}) == 2


# Injection

BREAKS = ["\r\n", "\n", "\r", "\x00", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\r\n ", "\r\n\r\n", "=0D=0A"]
TRICKS = [
    *BREAKS,
    "Bcc: eve@example.org",
    "\r\nBcc: eve@example.org\r\n",
    "=?utf-8?q?=0D=0ABcc:_eve=40example.org?=",
    "=?utf-8?b?DQpCY2M6IGV2ZUBleGFtcGxlLm9yZw==?=",
    "=?",
    "?=",
    "\u202e",
    "\u2066",
    "\u200f",
    "\ufeff",
    "\U000e0041",
    "\u0430da",  # a Cyrillic letter that looks like a Latin one
    "\uff20",
    "\uff1c",
    "\ud800",
    '"',
    "\\",
    "<",
    ">",
    "<eve@example.org>",
    ",",
    ";",
    "(",
    ")",
    ":",
    "@",
    "a" * 1000,
    "ä" * 300,
    "猫",
    "🎉",
    " ",
    "\t",
]
HOSTILE = st.lists(st.sampled_from(TRICKS) | st.text(max_size=5), max_size=12).map("".join)
NAMES = [
    "Date",
    "From",
    "To",
    "Subject",
    "Message-ID",
    "List-Id",
    "Feedback-ID",
    "Precedence",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
]


def assert_sound(raw: bytes) -> EmailMessage:
    """The mail without a defect, with the fields that we write and no others, each on lines of its own."""
    head = raw.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert re.fullmatch(rb"(?:[A-Za-z-]+: [\x20-\x7e]*(?:\r\n [\x20-\x7e]+)*(?:\r\n|\Z))+", head)
    assert max(map(len, head.split(b"\r\n"))) <= 998
    message = parsed(raw)
    assert [*message] == NAMES
    for part in message.walk():
        assert not part.defects
        assert not [value for value in part.values() if value.defects]
    assert [str(each.addr_spec) for each in message["From"].addresses] == ["digest@example.org"]
    assert not re.search("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]", message["Subject"])
    return message


@given(name=HOSTILE, title=HOSTILE)
def test_nothing_of_a_profile_or_a_paper_reaches_a_header(name: str, title: str) -> None:
    """A profile's title and a paper's, through the templates: the subject is theirs, and no other field is."""
    told = issue(name, title)
    message = assert_sound(Originator(settings()).parcel(RENDERER.mail(told), told, "ada@example.org").content)
    assert [each.addr_spec for each in message["To"].addresses] == ["ada@example.org"]


@given(slug=HOSTILE)
def test_nothing_of_a_slug_reaches_a_header(slug: str) -> None:
    """A profile file of any name has a List-Id that is a host name."""
    told = replace(issue(), profile=slug, id=slug)
    message = assert_sound(Originator(settings()).parcel(RENDERER.mail(told), told, "ada@example.org").content)
    assert re.fullmatch(r"<[a-z0-9-]{1,63}\.paper-digest\.example\.org>", message["List-Id"])
    assert message["List-Id"] == list_id(slug, "example.org")


@given(name=HOSTILE)
def test_nothing_of_a_readers_name_reaches_a_header(name: str) -> None:
    """Whatever a display name says, the mail goes to one address, the one in angle brackets at its end."""
    told = issue()
    parcel = Originator(settings()).parcel(RENDERER.mail(told), told, f"{name} <ada@example.org>")
    message = assert_sound(parcel.content)
    assert [each.addr_spec for each in message["To"].addresses] == ["ada@example.org"]


@given(before=HOSTILE, after=HOSTILE)
@example(before="=?utf-8?b?DQpCY2M6IGV2ZUBleGFtcGxlLm9yZw==?=", after="")
@example(before="Ada <=?utf-8?q?=0D=0ABcc:_eve?=", after=">")
def test_an_address_is_one_or_is_refused(before: str, after: str) -> None:
    """Nothing is left out to make an address of what is none, and the error does not repeat it."""
    address = f"{before}ada@example.org{after}"
    refusal, found = "", ""
    try:
        raw = Originator(settings()).parcel(RENDERER.mail(issue()), issue(), address).content
        (named,) = assert_sound(raw)["To"].addresses
        found = named.addr_spec
    except DeliveryError as error:
        refusal = str(error)
    assert "example.org" not in refusal
    bare = address.rpartition("<")[2].rstrip().removesuffix(">") if "<" in address else address
    assert bool(refusal) or (found == bare and found.isascii())
