"""Returned mails: what they say, in the shapes that mail systems give them and in any other."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest import mime, status_codes
from digest.bounce import Bounce, Kind, Other, parse

SHAPES = {path.stem: path.read_text("utf-8") for path in (Path(__file__).parent / "returned").iterdir()}
"""Mails as mail systems send them back, with places for what differs."""

MARK = "abcdefghijklmnopqrstuvw2"
TO = f"bounces+{MARK}@example.org"
PLAIN = "postmaster@example.org"
"""An address for all, without a token."""


def fill(name: str, to: str = TO, *, returned_from: str = "", **values: str) -> bytes:
    """A mail of this shape that comes to an address, and returns what left from there or from another one."""
    known = {
        "action": "failed",
        "status": "5.1.1",
        "words": "550 5.1.1 <ada@example.org>: no such user here",
        "kind": "abuse",
        "message_id": "<0123456789abcdef@example.org>",
        **values,
    }
    returned = SHAPES["returned"].format(to=returned_from or to, message_id=known["message_id"])
    return SHAPES[name].format(to=to, returned=returned, **known).encode()


def bounce(mail: bytes) -> Bounce:
    """What a mail says that is a bounce."""
    found = parse(mail)
    assert isinstance(found, Bounce), found
    return found


@pytest.mark.parametrize(
    ("shape", "kind", "status"),
    [
        ("postfix", Kind.HARD, "5.1.1"),
        ("exim", Kind.HARD, "5.1.1"),
        ("exim-of-old", Kind.HARD, "5.1.1"),
        ("sendmail", Kind.HARD, "5.1.2"),
        ("exchange", Kind.HARD, "5.1.10"),
        ("gmail", Kind.SOFT, "5.2.2"),
        ("qmail", Kind.HARD, "5.1.1"),
        ("complaint", Kind.COMPLAINT, ""),
        ("unsubscribe", Kind.UNSUBSCRIBE, ""),
    ],
)
def test_each_mail_system_is_understood(shape: str, kind: Kind, status: str) -> None:
    """What it says, and for which delivery; with line ends of either kind it is the same report."""
    found = bounce(fill(shape))
    assert (found.kind, found.token, found.status) == (kind, MARK, status)
    assert bounce(fill(shape).replace(b"\n", b"\r\n")) == found


@pytest.mark.parametrize("shape", ["postfix", "exim", "sendmail", "exchange", "gmail", "complaint"])
def test_a_token_is_found_in_what_is_returned(shape: str) -> None:
    """A report that came to an address for all has it in the return path of the mail it returns."""
    found = bounce(fill(shape, PLAIN, returned_from=TO))
    assert (found.token, found.message_id) == (MARK, "<0123456789abcdef@example.org>")


@pytest.mark.parametrize("shape", ["postfix", "exim", "sendmail", "exchange", "gmail"])
def test_a_report_without_a_token_says_what_it_claims(shape: str) -> None:
    """The address and the Message-ID are there for whoever wants to compare them."""
    found = bounce(fill(shape, PLAIN))
    assert (found.token, found.address, found.message_id) == (
        None,
        "ada@example.org",
        "<0123456789abcdef@example.org>",
    )


@pytest.mark.parametrize("shape", ["qmail", "exim-of-old", "unsubscribe"])
def test_words_without_a_token_are_nothing(shape: str) -> None:
    """Anybody may write them."""
    assert parse(fill(shape, PLAIN)) in (Other.NO_REPORT, Other.AUTO_REPLY)


@pytest.mark.parametrize(
    ("mail", "what"),
    [
        (fill("vacation"), Other.AUTO_REPLY),
        (fill("postfix", action="delayed", status="4.4.1"), Other.DELAYED),
        (fill("postfix", action="delivered", status="2.0.0"), Other.DELIVERED),
        (fill("postfix", action="relayed", status="2.0.0"), Other.DELIVERED),
        (fill("postfix", action="expanded", status="2.0.0"), Other.DELIVERED),
        (fill("qmail").replace(b"failure notice", b"Warning: message delayed 24 hours"), Other.DELAYED),
        (fill("complaint", kind="not-spam"), Other.NOT_SPAM),
        (fill("complaint", kind="auth-failure"), Other.NO_REPORT),
        (fill("unsubscribe").replace(b"Unsubscribe", b"A question"), Other.NO_REPORT),
        (b"Content-Type: message/disposition-notification\n\nDisposition: displayed\n", Other.AUTO_REPLY),
        (b"", Other.NO_REPORT),
    ],
)
def test_what_counts_against_nobody(mail: bytes, what: Other) -> None:
    """Answers of machines, delays, receipts and letters, even where they come to a token's address."""
    assert parse(mail) is what


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        ("5.1.1", "550 no such user", Kind.HARD),
        ("5.1.10", "556 null MX", Kind.HARD),
        ("5.2.1", "550 disabled", Kind.HARD),
        ("5.4.4", "host not found", Kind.HARD),
        ("4.2.2", "452 full", Kind.SOFT),
        ("5.2.2", "552 full", Kind.SOFT),
        ("5.3.4", "552 too big", Kind.SOFT),
        ("5.4.7", "expired", Kind.SOFT),
        ("5.7.1", "550 looks like spam", Kind.SOFT),
        ("5.7.26", "550 unauthenticated", Kind.SOFT),
        ("5.0.0", "550 5.7.1 blocked", Kind.SOFT),
        ("5.0.0", "550-5.1.1 no such user", Kind.HARD),
        ("5.0.0", "550 no such user", Kind.HARD),
        ("5.0.0", "550 blocked by our policy", Kind.SOFT),
        ("5.0.0", "552 mailbox is full", Kind.SOFT),
        ("5.0.0", "554 go away", Kind.SOFT),
        ("5.0.0", "", Kind.HARD),
        ("", "550 no such user", Kind.HARD),
        ("", "something is wrong", Kind.SOFT),
        ("5.1", "something is wrong", Kind.SOFT),
    ],
)
def test_an_address_is_given_up_only_where_the_code_says_so(status: str, words: str, kind: Kind) -> None:
    """Of permanent failures, those about the mail, the mailbox's room or the server leave the address good."""
    assert bounce(fill("postfix", status=status, words=words)).kind is kind


@pytest.mark.parametrize(
    ("words", "kind", "status"),
    [
        ("550 5.1.1 unknown", Kind.HARD, "5.1.1"),
        ("550 unknown user", Kind.HARD, "5.0.0"),
        ("552 quota exceeded", Kind.SOFT, "5.0.0"),
        ("450 try later", Kind.SOFT, "4.0.0"),
        ("it does not say", Kind.SOFT, ""),
    ],
)
def test_a_report_in_words_goes_by_the_code_in_them(words: str, kind: Kind, status: str) -> None:
    """Not by IP addresses, nor by numbers in the mail that it returns."""
    found = bounce(fill("qmail", words=words))
    assert (found.kind, found.status) == (kind, status)


def test_no_detail_has_an_address() -> None:
    """Servers cite it; a log must not."""
    words = "550 5.1.1 ada@example.org: user ada is unknown"
    found = bounce(fill("postfix", words=words))
    assert found.detail == "550 5.1.1 … user … is unknown"


def test_addresses_in_utf_8_are_read() -> None:
    """RFC 6533: typed utf-8, with letters as they are or as code points, in parts of another type."""
    mail = fill("postfix", PLAIN).replace(b"message/delivery-status", b"message/global-delivery-status")
    mail = mail.replace(b"Original-Recipient: rfc822;ada", rb"Original-Recipient: utf-8;\x{E4}da")
    assert bounce(mail).address == "äda@example.org"
    mail = mail.replace(rb"\x{E4}da", "äda".encode())
    assert bounce(mail).address == "äda@example.org"


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_parts_may_be_encoded(encoding: str) -> None:
    """The standard forbids it and gateways do it."""
    status = b"\nReporting-MTA: dns; mx.example.org\n\nAction: failed\nStatus: 5.1.1\nFinal-Recipient: rfc822;ada\n"
    content = base64.encodebytes(status) if encoding == "base64" else status.replace(b":", b"=3A")
    head = f"To: {TO}\nContent-Type: message/delivery-status\nContent-Transfer-Encoding: {encoding}\n\n"
    assert bounce(head.encode() + content).kind is Kind.HARD


def test_the_same_report_by_two_ways_has_one_fingerprint() -> None:
    """The header gains lines on its way; another report of the same mail is another one."""
    first = bounce(fill("postfix"))
    assert bounce(b"Received: from mx.example.org\n" + fill("postfix") + b"\n").report == first.report
    assert bounce(fill("postfix").replace(b"20250509060001", b"20250510060001")).report != first.report
    assert bounce(fill("postfix", words="550 gone")).report != first.report


@given(name=st.sampled_from(sorted(SHAPES)), data=st.data())
def test_damaged_mails_never_raise(name: str, data: st.DataObject) -> None:
    """Cut off anywhere, with bytes changed, put in or taken out."""
    mail = bytearray(fill(name))
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(mail)))
        mail[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    found = parse(bytes(mail[: data.draw(st.integers(0, len(mail)))]))
    assert isinstance(found, Bounce | Other)
    if isinstance(found, Bounce):
        assert "@example.org" not in found.detail


@given(st.binary(max_size=400))
def test_whatever_comes_never_raises(mail: bytes) -> None:
    """Also where it claims to be a report."""
    head = f"To: {TO}\nContent-Type: message/delivery-status\n\n".encode()
    assert isinstance(parse(mail), Bounce | Other)
    assert isinstance(parse(head + mail), Bounce | Other)


HOSTILE = {
    "nested": b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(20_000)),
    "parts": b'Content-Type: multipart/mixed; boundary="b"\n\n' + b"--b\n\n" * 200_000,
    "open quotes": b'Content-Type: multipart/mixed; boundary="' * 30_000 + b"\n\n",
    "fields": b"To: a@b\n" * 130_000,
    "long field": b"To: " + b"a" * 1_000_000,
    "folded field": b"To: a\n" + b" a\n" * 300_000,
    "spaces": b'Content-Type: multipart/mixed; boundary="b"\n\n' + b"--b" + b" " * 900_000 + b"x",
    "recipients": b"Content-Type: message/delivery-status\n\n" + b"Action: relayed\n\n" * 60_000,
    "blank lines": b"Content-Type: message/delivery-status\n\n" + b"\n  \t" * 250_000,
    "codes": b"To: " + TO.encode() + b"\nFrom: mailer-daemon@b\n\n" + b"5.1.1." * 170_000,
    "huge": fill("postfix") + b"x" * 30_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mails_take_no_time(name: str) -> None:
    """A million octets of anything are through in less than a second."""
    start = time.perf_counter()
    assert isinstance(parse(HOSTILE[name]), Bounce | Other)
    assert time.perf_counter() - start < 1


def test_the_table_names_codes_of_permanent_failures() -> None:
    """Each entry makes a 5.X.X soft, whether it is a detail or a whole subject."""
    for code in status_codes.ADDRESS_IS_GOOD:
        assert not status_codes.is_hard(f"5.{code}" if "." in code else f"5.{code}.99")


def test_a_part_without_an_end_ends_with_the_mail() -> None:
    """As where a mail was cut off for its size."""
    mail = mime.parse(b"Content-Type: multipart/mixed; boundary=b\n\nnot this\n--b\n\none\n--b\n\ntwo")
    assert [part.text for part in mail.leaves()] == ["one\n", "two"]
