"""Signatures: good for verifiers that are not ours, and for no mail but the one that was signed."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import TYPE_CHECKING

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from digest.dkim import KeyFault, Signer, tags

if TYPE_CHECKING:
    from collections.abc import Callable

MAIL = (
    b"Date: Fri, 09 May 2025 06:30:00 +0000\r\n"
    b"From: Paper Digest <digest@example.org>\r\n"
    b"To: ada@example.org\r\n"
    b"Subject: Quiet owls,\r\n and  foxes\r\n"
    b"Message-ID: <1@example.org>\r\n"
    b"List-Unsubscribe: <https://digest.example.org/u/1>,\r\n <mailto:bounces+1@example.org?subject=unsubscribe>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: text/plain\r\n"
    b"\r\n"
    b"Owls  hoot.\r\n\tAt night. \r\n\r\n"
)

# RFC 8463 appendix A.3: a mail signed by the RFC's authors, and the key they signed with (A.2).
RFC_KEY = Ed25519PrivateKey.from_private_bytes(b64decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="))
RFC_MAIL = b"""DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
""".replace(b"\n", b"\r\n")


def pem(key: rsa.RSAPrivateKey | Ed25519PrivateKey | ec.EllipticCurvePrivateKey, password: bytes = b"") -> bytes:
    """The key as a file has it."""
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


@pytest.fixture(scope="module")
def signer(rsa_key: bytes) -> Signer:
    """One that signs by RSA."""
    return Signer(rsa_key, "example.org", "owls")


def is_good(message: bytes, signer: Signer) -> bool:
    """Whether dkimpy verifies the mail with the key record of this signer."""
    records = {f"{signer.place}.".encode(): signer.record.encode()}
    return bool(dkim.verify(message, dnsfunc=lambda name, **_: records.get(name)))


def test_a_signed_mail_verifies(signer: Signer) -> None:
    """For dkimpy as for ourselves; the mail itself is what it was, with one field in front."""
    signed = signer.sign(MAIL)
    assert signed.endswith(MAIL)
    assert signed.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d=example.org; s=owls; ")
    assert is_good(signed, signer)
    assert signer.verifies(signed)


def test_the_example_of_the_standard_verifies() -> None:
    """A signature by Ed25519 that others made is good, and the same key has the record that the RFC publishes."""
    signer = Signer(pem(RFC_KEY), "football.example.com", "brisbane")
    assert signer.verifies(RFC_MAIL)
    assert not signer.verifies(RFC_MAIL.replace(b"lost", b"won"))
    assert signer.record == "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    assert signer.place == "brisbane._domainkey.football.example.com"


def test_ed25519_signs_what_it_verifies() -> None:
    """The signature of our own by such a key is good, too, and says what it is."""
    signer = Signer(pem(RFC_KEY), "example.org", "owls")
    signed = signer.sign(MAIL)
    assert signed.startswith(b"DKIM-Signature: v=1; a=ed25519-sha256;")
    assert signer.verifies(signed)
    assert not signer.verifies(signed.replace(b"hoot", b"bark"))


def test_signing_reads_no_clock(signer: Signer) -> None:
    """The same mail has the same signature, whose time is the mail's Date; without one it has no time."""
    signed = signer.sign(MAIL)
    assert signed == signer.sign(MAIL)
    assert b" t=1746772200;\r\n" in signed
    undated = signer.sign(MAIL.replace(b"Fri, 09 May 2025 06:30:00 +0000", b"one of these days"))
    assert b"t=" not in undated.partition(b"bh=")[0]
    assert is_good(undated, signer)


def test_lines_of_a_signature_are_short(signer: Signer) -> None:
    """It is folded to 78 columns, and its length does not bound what of the body is signed."""
    field = signer.sign(MAIL)[: -len(MAIL)]
    assert max(map(len, field.split(b"\r\n"))) <= 78
    assert b" l=" not in field


UNHARMED: dict[str, Callable[[bytes], bytes]] = {
    "folded elsewhere": lambda raw: raw.replace(b"Quiet owls,\r\n and", b"Quiet\r\n owls, and"),
    "unfolded": lambda raw: raw.replace(b"/u/1>,\r\n <mailto", b"/u/1>, <mailto"),
    "more blanks": lambda raw: raw.replace(b"Subject: Quiet", b"Subject:   Quiet \t"),
    "capitals of a name": lambda raw: raw.replace(b"\r\nSubject:", b"\r\nSUBJECT:"),
    "fields in front": lambda raw: b"Received: from a\r\n by b\r\nReturn-Path: <x@example.org>\r\n" + raw,
    "fields that are not signed": lambda raw: raw.replace(b"\r\nMIME-V", b"\r\nX-Spam-Status: No\r\nMIME-V"),
    "blanks at the ends of lines": lambda raw: raw.replace(b"Owls  hoot.\r\n", b"Owls hoot.  \r\n"),
    "empty lines at the end": lambda raw: raw + b"\r\n\r\n",
}

HARMED: dict[str, Callable[[bytes], bytes]] = {
    "another subject": lambda raw: raw.replace(b"Quiet owls", b"Loud owls"),
    "another link": lambda raw: raw.replace(b"/u/1>", b"/u/2>"),
    "no one-click": lambda raw: raw.replace(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
    "another body": lambda raw: raw.replace(b"hoot", b"bark"),
    "more body": lambda raw: raw + b"And foxes.\r\n",
    "a second From": lambda raw: raw.replace(b"\r\nTo:", b"\r\nFrom: eve@example.org\r\nTo:"),
    "a second Subject": lambda raw: b"Subject: Money\r\n" + raw,
    "a second To": lambda raw: raw.replace(b"\r\nMIME-V", b"\r\nTo: eve@example.org\r\nMIME-V"),
    "a second Date": lambda raw: raw.replace(b"\r\nMIME-V", b"\r\nDate: Sat, 10 May 2025 06:30:00 +0000\r\nMIME-V"),
}


@pytest.mark.parametrize("what", UNHARMED)
def test_what_a_relay_may_do_leaves_it_good(signer: Signer, what: str) -> None:
    """Folding, blanks, fields of its own: all that relaxed canonicalisation allows for."""
    signed = signer.sign(MAIL)
    changed = UNHARMED[what](signed)
    assert changed != signed
    assert is_good(changed, signer)


@pytest.mark.parametrize("what", HARMED)
def test_what_changes_a_mail_makes_it_bad(signer: Signer, what: str) -> None:
    """What readers or programs would take for another mail is none that we signed."""
    signed = signer.sign(MAIL)
    changed = HARMED[what](signed)
    assert changed != signed
    assert not is_good(changed, signer)


@given(
    body=st.lists(st.sampled_from([b"Owls", b" ", b"  ", b"\t", b"\r\n", b".", b" \r\n"]), max_size=30).map(b"".join),
    subject=st.text(st.sampled_from("aZ \t=?"), max_size=40),
)
def test_any_body_verifies(signer: Signer, body: bytes, subject: str) -> None:
    """Blanks and empty lines wherever they stand are read as dkimpy reads them."""
    head = f"From: digest@example.org\r\nSubject: {subject}x\r\nDate: Fri, 09 May 2025 06:30:00 +0000\r\n\r\n".encode()
    signed = signer.sign(head + body + b"\r\n")
    assert is_good(signed, signer)
    assert signer.verifies(signed)


def test_another_key_or_place_does_not_verify(signer: Signer, rsa_key: bytes) -> None:
    """A signature counts for its key, domain and selector only, and a mail without one for nothing."""
    signed = signer.sign(MAIL)
    assert not Signer(rsa_key, "example.org", "foxes").verifies(signed)
    assert not Signer(rsa_key, "example.com", "owls").verifies(signed)
    assert not signer.verifies(MAIL)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert not Signer(pem(other), "example.org", "owls").verifies(signed)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (b"", "not a private key"),
        (b"-----BEGIN PRIVATE KEY-----\nowls\n-----END PRIVATE KEY-----\n", "not a private key"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "expected an RSA or Ed25519 key"),
        (pem(RFC_KEY, b"hush"), "has a password"),
    ],
    ids=["empty", "broken", "ec", "locked"],
)
def test_a_key_that_cannot_sign_is_refused(key: bytes, why: str) -> None:
    """With what is wrong, and nothing of the key."""
    with pytest.raises(KeyFault, match=why) as caught:
        Signer(key, "example.org", "owls")
    assert "BEGIN" not in str(caught.value)


def test_a_small_rsa_key_is_refused() -> None:
    """As verifiers take no notice of it."""
    # As `cryptography` makes no such key itself; of no use but for this.
    numbers = rsa.RSAPrivateNumbers(p := 2**255 - 19, q := 2**256 - 189, 0, 0, 0, 0, rsa.RSAPublicNumbers(65537, p * q))
    d = pow(65537, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(65537, p * q)
    )
    key = numbers.private_key(unsafe_skip_rsa_key_validation=True)
    with pytest.raises(KeyFault, match="511 bits"):
        Signer(pem(key), "example.org", "owls")


def test_tags_are_read_as_the_standard_writes_them() -> None:
    """Blanks count for nothing, and what is no tag is passed over."""
    assert tags("v=DKIM1; k = rsa ;p=AB=;; owls; t=y:s") == {"v": "DKIM1", "k": "rsa", "p": "AB=", "t": "y:s"}


def test_a_record_says_the_key(signer: Signer) -> None:
    """What is published is what dkimpy found the key in, in the form of RFC 6376."""
    assert re.fullmatch(r"v=DKIM1; k=rsa; p=[A-Za-z0-9+/]{300,}=*", signer.record)
    assert signer.place == "owls._domainkey.example.org"
    assert (signer.is_rsa, signer.bits) == (True, 2048)
