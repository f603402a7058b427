"""The bytes of a mail: what is sent, what can never be sent, and that it stays the same."""

from __future__ import annotations

import email
import email.policy
import os
import re
from base64 import b64decode
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from digest.dkim import Signer
from digest.errors import DeliveryError
from digest.message import build, feedback_id, list_id, message_id, thread_id
from digest.ranking.labels import LIKED, OUTSIDE
from digest.render import Renderer
from digest.signed_links import SignedLinks
from digest.types import (
    Envelope,
    Evidence,
    Gist,
    Issue,
    Links,
    Mail,
    Match,
    Nearest,
    Paper,
    Rendered,
    Section,
    Signals,
)

GOLDEN = Path(__file__).parent / "golden"
LINKS = SignedLinks(bytes(range(32)), "https://digest.example.org")

RENDERED = Rendered(subject="Quiet owls", text="Good morning\n", html="<p>Good morning</p>\n", page="")
ENVELOPE = Envelope(
    sender="Paper Digest <digest@example.org>",
    recipient="ada@example.org",
    date=datetime(2025, 5, 9, 6, 30, tzinfo=UTC),
    message_id="<1@example.org>",
    list_id="<ada.paper-digest.example.org>",
)


def parsed(raw: bytes) -> EmailMessage:
    """The mail as the standard library reads it."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def rfc_8463_key() -> bytes:
    """The key that RFC 8463 publishes for examples (appendix A.2)."""
    key = Ed25519PrivateKey.from_private_bytes(b64decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="))
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def content(part: EmailMessage) -> str:
    """A part's text, its line ends unified."""
    return str(part.get_content()).replace("\r\n", "\n")


def with_field(field: str, value: str) -> Envelope:
    """The envelope with one text field changed."""
    values = {each.name: getattr(ENVELOPE, each.name) for each in fields(Envelope)}
    return Envelope(**{**values, field: value})


def assert_well_formed(raw: bytes) -> None:
    """What every mail must be, whatever went in."""
    assert raw.partition(b"\r\n\r\n")[0].isascii()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    message = parsed(raw)
    for part in message.walk():
        assert not part.defects
        assert not [header for header in part.values() if header.defects]
    always = ["Date", "From", "To", "Subject", "Message-ID", "List-Id", "Precedence", "Auto-Submitted"]
    sometimes = {"DKIM-Signature", "References", "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID"}
    assert [name for name in message if name not in sometimes] == [*always, "MIME-Version", "Content-Type"]
    assert len(set(message.keys())) == len(message.keys())


def fixed_issue() -> Issue:
    """One issue that shows everything a mail can show; its papers do not exist."""
    owls = Paper(
        id="arxiv:2505.00001",
        title="Quiet Owls: Listening for Wingbeats <below> the Noise Floor",
        abstract="Owls fly without a sound. We lay out forty microphones in a wood & hear them all the same. " * 9,
        authors=("Ada Example", "Bo Müller", "Chen Li", "Dina Roe", "Eve Fry", "Finn Oak", "Gil Ash"),
        categories=("eess.AS", "cs.SD"),
        announced=date(2025, 5, 9),
        links=Links(
            abstract="https://arxiv.org/abs/2505.00001",
            pdf="https://arxiv.org/pdf/2505.00001",
            code="https://example.org/owls?a=1&b=2",
        ),
        signals=Signals(upvotes=1234, comments=1),
    )
    tides = Paper(id="title:tides", title="مد وجزر: Tides in Two Scripts", venue="Journal of Shores", abstract="Short.")
    bread = Paper(id="title:bread", title="How Bread Rises")
    similar = (
        Paper(id="title:0", title="Owls Again & Again", links=Links(abstract="https://arxiv.org/abs/2505.00002")),
        *(Paper(id=f"title:{number}", title=f"Owls {number}") for number in range(1, 5)),
    )
    first = Match(
        paper=owls,
        score=81.4,
        interest=LIKED,
        evidence=(
            Evidence(term="microphone array", share=0.62),
            Evidence(term="owl", share=0.205),
            Evidence(term="other terms", share=0.175),
        ),
        nearest=Nearest(id="arxiv:2401.00001", title="Wings at Night", likeness=0.62),
        similar=similar,
        gist=Gist(text="Owls fly without a sound because their feathers are soft.", by="the authors"),
    )
    return Issue(
        id="ada-2025-05-09",
        profile="ada",
        name="Ada",
        day=date(2025, 5, 9),
        composed=datetime(2025, 5, 9, 6, 0, tzinfo=UTC),
        sections=(
            Section(heading=LIKED, matches=(first,)),
            Section(heading="Sea", matches=(Match(paper=tides, score=33.0, interest="Sea"),)),
            Section(heading="", matches=(Match(paper=bread, score=5.0, interest=OUTSIDE),)),
        ),
        considered=131,
        passed=14,
    )


def golden_mails() -> dict[str, bytes]:
    """The mails on file by name, as they are made now: without a site, with one and all that there can be, signed."""
    plain = replace(
        ENVELOPE,
        recipient="Ada <ada@example.org>",
        message_id=message_id("ada-2025-05-09", "ada", "example.org"),
        list_id=list_id("ada", "example.org"),
        feedback_id=feedback_id("2025-05-09", "issue", "example.org"),
    )
    full = replace(
        plain,
        thread=thread_id("ada", "example.org"),
        unsubscribe_url=LINKS.unsubscribe("ada"),
        unsubscribe_mail="bounces+abcdefghijklmnopqrstuvwx@example.org",
    )
    signer = Signer(rfc_8463_key(), "example.org", "brisbane")
    return {
        "issue": build(Renderer().mail(fixed_issue()), plain),
        "linked": build(Renderer(links=LINKS).mail(fixed_issue()), full),
        "signed": signer.sign(build(RENDERED, full)),
    }


@pytest.mark.parametrize("name", ["issue", "linked", "signed"])
def test_the_golden_mails_are_the_same_bytes(name: str) -> None:
    """A fixed issue gives the very bytes on file; GOLDEN=write writes them anew, for a person to read what changed."""
    raw, golden = golden_mails()[name], GOLDEN / f"{name}.eml"
    if os.environ.get("GOLDEN") == "write":
        golden.write_bytes(raw)
        pytest.fail(f"{golden.name} is written: read what changed")
    assert raw == golden.read_bytes(), "a mail changed; if it should: GOLDEN=write pytest tests/test_message.py"


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.eml")), ids=lambda path: path.stem)
def test_the_golden_mails_are_well_formed(path: Path) -> None:
    """No mail on file has a defect in any part, or a line over 998 octets."""
    assert_well_formed(path.read_bytes())


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.eml")), ids=lambda path: path.stem)
def test_the_golden_mails_verify_for_a_stranger(path: Path, rsa_key: bytes) -> None:
    """Each mail on file, signed by RSA, is good for dkimpy too, which knows nothing of us but the key record."""
    signer = Signer(rsa_key, "example.org", "owls")
    raw = signer.sign(path.read_bytes())
    assert dkim.verify(raw, dnsfunc=lambda name, **_: {b"owls._domainkey.example.org.": signer.record.encode()}[name])


def test_the_parts_are_text_first_and_html_last() -> None:
    """A mail has two parts, the HTML one last, and both read back as they were."""
    rendered = replace(RENDERED, text="Grüße, 猫 🎉\n" + "x" * 3000 + "\n", html="<p>ü</p>\n")
    message = parsed(build(rendered, ENVELOPE))
    text, html = (part for part in message.iter_parts() if isinstance(part, EmailMessage))
    assert message.get_content_type() == "multipart/alternative"
    assert [text.get_content_type(), html.get_content_type()] == ["text/plain", "text/html"]
    assert content(text) == rendered.text
    assert content(html) == rendered.html
    assert {part["Content-Transfer-Encoding"] for part in (text, html)} == {"quoted-printable"}


def test_headers_say_who_when_and_what_list() -> None:
    """Every header a mailing list's mail should carry is there, with the envelope's values."""
    message = parsed(build(RENDERED, ENVELOPE))
    assert message["From"] == "Paper Digest <digest@example.org>"
    assert message["To"] == "ada@example.org"
    assert message["Subject"] == "Quiet owls"
    assert message["Date"].datetime == ENVELOPE.date
    assert message["Message-ID"] == "<1@example.org>"
    assert message["List-Id"] == "<ada.paper-digest.example.org>"
    assert message["Auto-Submitted"] == "auto-generated"


def test_a_long_list_id_stays_readable() -> None:
    """A List-Id longer than a line is neither folded nor encoded, so mail programs can filter by it."""
    identifier = list_id("ada", "news." * 20 + "example.org")
    raw = build(RENDERED, replace(ENVELOPE, list_id=identifier))
    assert f"\r\nList-Id: {identifier}\r\n".encode() in raw


def test_the_same_mail_is_the_same_bytes_and_another_has_another_boundary() -> None:
    """Building twice gives the same bytes; the boundary follows the Message-ID."""
    other = replace(ENVELOPE, message_id="<2@example.org>")
    assert build(RENDERED, ENVELOPE) == build(RENDERED, ENVELOPE)
    assert parsed(build(RENDERED, ENVELOPE)).get_boundary() != parsed(build(RENDERED, other)).get_boundary()


def test_an_encoded_word_in_a_title_injects_no_header() -> None:
    """A subject that spells out an encoded line break arrives as it is written, in one header."""
    subject = "On =?utf-8?q?evil=0D=0ABcc:_eve=40example.org?= titles"
    raw = build(replace(RENDERED, subject=subject), ENVELOPE)
    assert_well_formed(raw)
    assert parsed(raw)["Subject"] == subject


@given(subject=st.text(max_size=400), name=st.text(max_size=200))
def test_no_text_gets_out_of_its_header(subject: str, name: str) -> None:
    """Whatever a subject or display name holds, the mail keeps its headers and its one recipient."""
    raw = build(replace(RENDERED, subject=subject), replace(ENVELOPE, recipient=f"{name} <ada@example.org>"))
    assert_well_formed(raw)
    message = parsed(raw)
    assert [address.addr_spec for address in message["To"].addresses] == ["ada@example.org"]
    assert not re.search("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", message["Subject"])


@pytest.mark.parametrize(
    "name",
    ["Ada", "Ada M. Roe", 'Ada "Countess" Roe', "Roe, Ada; <x@example.org>", "Müller, Ada", "=?utf-8?q?a?=", "猫 🎉"],
)
def test_display_names_arrive_as_written(name: str) -> None:
    """A display name comes back unchanged, whatever quoting or encoding it takes."""
    message = parsed(build(RENDERED, replace(ENVELOPE, sender=f"{name} <digest@example.org>")))
    assert message["From"].addresses[0].display_name == name


def test_a_quoted_display_name_is_not_quoted_twice() -> None:
    """A sender written in RFC 5322's quoted form shows without the quotes."""
    message = parsed(build(RENDERED, replace(ENVELOPE, sender='"Digest, \\"Daily\\"" <digest@example.org>')))
    assert message["From"].addresses[0].display_name == 'Digest, "Daily"'


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "ada@example.org\nBcc: eve@example.org",
        "ada@example.org\r",
        "a\u202eda@example.org",
        "ada@example.org, eve@example.org",
        "<ada@example.org> <eve@example.org",
        "Ada <ada@example.org\x00>",
        "ada@exa mple.org",
        "adä@example.org",
        "a" * 65 + "@example.org",
        "ada@" + "label." * 50 + "org",
        "ada@-example.org",
    ],
)
@pytest.mark.parametrize("field", ["sender", "recipient"])
def test_a_wrong_address_is_refused_and_not_repeated(field: str, address: str) -> None:
    """What is not one plain address raises an error that names the field and keeps the address to itself."""
    with pytest.raises(DeliveryError) as caught:
        build(RENDERED, with_field(field, address))
    assert field in str(caught.value)
    assert "example.org" not in str(caught.value)
    assert "ada" not in str(caught.value)


@pytest.mark.parametrize("field", ["message_id", "list_id"])
@pytest.mark.parametrize("identifier", ["", "1@example.org", "<a b>", "<a>\r\nBcc: <b>", "<é>", "<" + "a" * 999 + ">"])
def test_a_wrong_identifier_is_refused(field: str, identifier: str) -> None:
    """An identifier that would break its header line raises instead."""
    with pytest.raises(DeliveryError, match=field):
        build(RENDERED, with_field(field, identifier))


@given(text=st.text(alphabet=st.characters(), max_size=300))
def test_any_text_survives_the_way(text: str) -> None:
    """A body reads back as it was sent, but for line ends, which mail unifies, and lone surrogates."""
    raw = build(replace(RENDERED, text=text), ENVELOPE)
    assert_well_formed(raw)
    part = parsed(raw).get_body(("plain",))
    assert isinstance(part, EmailMessage)
    sent = text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
    assert content(part).removesuffix("\n") == sent.removesuffix("\n")


def test_message_ids_name_issue_and_subscriber() -> None:
    """The same pair gives the same Message-ID, any other pair another; neither can be read from it."""
    known = message_id("issue-1", "ada", "example.org")
    assert known == message_id("issue-1", "ada", "example.org")
    assert len({known, message_id("issue-2", "ada", "example.org"), message_id("issue-1", "bo", "example.org")}) == 3
    assert message_id("a", "bc", "example.org") != message_id("ab", "c", "example.org")
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.org>", known)
    with pytest.raises(DeliveryError, match="not a host name"):
        message_id("issue-1", "ada", "example.org>\r\nBcc: x")


def test_list_ids_are_host_names_and_stay_apart() -> None:
    """Slugs that are no host label get one of their own, so no two profiles share a list."""
    assert list_id("ada", "example.org") == "<ada.paper-digest.example.org>"
    slugs = ["ada", "Ada", "ada.", "größe", "gr e", "猫", "a" * 80, "a" * 81]
    identifiers = [list_id(slug, "example.org") for slug in slugs]
    assert len(set(identifiers)) == len(slugs)
    assert all(re.fullmatch(r"<[a-z0-9-]{1,63}\.paper-digest\.example\.org>", each) for each in identifiers)


def test_a_mail_of_text_alone_is_one_part() -> None:
    """Without HTML the message is text/plain, parsed back without a defect, its text whole."""
    raw = build(Mail(subject="Owls", text="Käuze rufen.\nUnd antworten = hören.\n", html=""), ENVELOPE)
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert found.get_content_type() == "text/plain"
    assert found.defects == []
    assert found.get_content().replace("\r\n", "\n") == "Käuze rufen.\nUnd antworten = hören.\n"
    assert raw.endswith(b"\r\n")
