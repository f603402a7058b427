"""DKIM signatures (RFC 6376), relaxed/relaxed, by RSA (rsa-sha256) or Ed25519 (ed25519-sha256, RFC 8463); pure.

Written here, on `cryptography`: dkimpy, which the tests verify with, computes RSA in Python, which takes as long as
all else that a mail needs (bench/signing.py). Signing reads no clock: the same mail gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from datetime import UTC
from email.utils import parsedate_to_datetime

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

SMALLEST, ADVISED = 1024, 2048
"""Bits of an RSA key: verifiers need not look at smaller ones (RFC 8301 section 3.2), and signers should have more."""

SIGNED = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "References",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
    "Precedence",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
)
"""What is signed if it is there; RFC 8058 section 4 wants it of both List-Unsubscribe fields, Google of Feedback-ID."""

ONCE = frozenset({"From", "To", "Subject", "Date"})
"""Signed once more than they are there, so that nobody can add another one (RFC 6376 section 8.15)."""

_WIDTH = 76
_RUNS = re.compile(b"  +")
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_TAG_VALUE = re.compile(r"\A\s*([A-Za-z][A-Za-z0-9_]*)\s*=\s*(.*?)\s*\Z", re.DOTALL)


class KeyFault(ValueError):  # noqa: N818  (what is wrong with a key, in the words of the other modules)
    """The key is none that can sign; the text says why, and nothing of the key."""


class Signer:
    """Signs mails for a domain with one key. Threads may share it.

    Args:
        pem: the private key, PKCS #8 or PKCS #1 in PEM without a password.
        domain: the domain that vouches for the mails (`d=`).
        selector: where in that domain the public key is published (`s=`).

    Raises:
        KeyFault: the key cannot be read, has a password, or is neither RSA of `SMALLEST` bits or more nor Ed25519.
    """

    def __init__(self, pem: bytes, domain: str, selector: str) -> None:
        self._key = _loaded(pem)
        self.domain, self.selector = domain, selector
        self.is_rsa = isinstance(self._key, RSAPrivateKey)
        self.bits = self._key.key_size if isinstance(self._key, RSAPrivateKey) else 256
        algorithm = "rsa-sha256" if self.is_rsa else "ed25519-sha256"
        self._begin = f"v=1; a={algorithm}; c=relaxed/relaxed;\r\n d={domain}; s={selector}; "

    @property
    def place(self) -> str:
        """Where in the DNS the public key is looked for."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def public(self) -> str:
        """The public key as a key record's `p=` has it."""
        key = self._key.public_key()
        if self.is_rsa:
            octets = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            octets = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.b64encode(octets).decode("ascii")

    @property
    def record(self) -> str:
        """The TXT record to publish (RFC 6376 section 3.6.1)."""
        return f"v=DKIM1; k={'rsa' if self.is_rsa else 'ed25519'}; p={self.public}"

    def sign(self, message: bytes) -> bytes:
        """The mail, whose lines end with CRLF, with its signature in front.

        The time of signing (`t=`) is the mail's Date, and left out where that is none.
        """
        head, _, body = message.partition(b"\r\n\r\n")
        fields = _fields(head)
        names = _signed(fields)
        value = (
            f"{self._begin}{_instant(fields)}\r\n h={_folded(':'.join(names), ':')};\r\n bh={_body_hash(body)};\r\n b="
        ).encode("ascii")
        signature = base64.b64encode(self._signature(_canonical_header(fields, names, value))).decode("ascii")
        wrapped = "\r\n ".join(signature[at : at + _WIDTH - 3] for at in range(0, len(signature), _WIDTH - 3))
        return b"".join([b"DKIM-Signature: ", value, wrapped.encode("ascii"), b"\r\n", message])

    def verifies(self, message: bytes) -> bool:
        """Whether the first signature of the mail is one of this key, and nothing that it covers has changed."""
        head, _, body = message.partition(b"\r\n\r\n")
        fields = _fields(head)
        if not fields or fields[0][0] != b"dkim-signature":
            return False
        value = fields[0][1]
        said = tags(value.decode("ascii", "replace"))
        if (said.get("d"), said.get("s")) != (self.domain, self.selector) or said.get("bh") != _body_hash(body):
            return False
        unsigned = re.sub(rb"(\bb=)[^;]*\Z", rb"\1", value)
        data = _canonical_header(fields[1:], [name.strip() for name in said.get("h", "").split(":")], unsigned)
        signature = base64.b64decode("".join(said.get("b", "").split()))
        try:
            if isinstance(self._key, RSAPrivateKey):
                self._key.public_key().verify(signature, data, PKCS1v15(), SHA256())
            else:
                self._key.public_key().verify(signature, hashlib.sha256(data).digest())
        except InvalidSignature:
            return False
        return True

    def _signature(self, data: bytes) -> bytes:
        if isinstance(self._key, RSAPrivateKey):
            return self._key.sign(data, PKCS1v15(), SHA256())
        return self._key.sign(hashlib.sha256(data).digest())  # RFC 8463 section 3


def tags(text: str) -> dict[str, str]:
    """The values by tag of a list like `v=DKIM1; k=rsa; p=…` (RFC 6376 section 3.2); others are left out."""
    found = (_TAG_VALUE.match(each) for each in text.split(";"))
    return {each[1]: each[2] for each in found if each}


def _loaded(pem: bytes) -> RSAPrivateKey | Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise KeyFault("the key has a password: write it without one (openssl pkey -in KEY -out NEW)") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFault("not a private key in PEM") from error
    if isinstance(key, RSAPrivateKey):
        if key.key_size < SMALLEST:
            raise KeyFault(f"an RSA key of {key.key_size} bits is not verified by anybody: expected {ADVISED}")
        return key
    if isinstance(key, Ed25519PrivateKey):
        return key
    raise KeyFault("expected an RSA or Ed25519 key")


def _fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """Names in small letters and values, unfolded, in their order."""
    lines = (line.partition(b":") for line in _FOLD.sub(b"", head).split(b"\r\n"))
    return [(name.strip().lower(), value) for name, _, value in lines]


def _signed(fields: list[tuple[bytes, bytes]]) -> list[str]:
    """What `h=` names, a name as often as it is to be signed."""
    there = Counter(name for name, _ in fields)
    return [name for name in SIGNED for _ in range(there[name.lower().encode()] + (name in ONCE))]


def _instant(fields: list[tuple[bytes, bytes]]) -> str:
    date = next((value for name, value in fields if name == b"date"), b"")
    try:
        instant = parsedate_to_datetime(date.decode("ascii", "replace"))
        return f"t={int((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp())};"
    except (ValueError, OverflowError):
        return ""


def _canonical_header(fields: list[tuple[bytes, bytes]], names: list[str], value: bytes) -> bytes:
    """What is signed: the named fields, of each name the last first, and the signature's own (RFC 6376 section 3.7)."""
    left: dict[bytes, list[bytes]] = {}
    for field, content in fields:
        left.setdefault(field, []).append(content)
    lines = []
    for name in names:
        key = name.lower().encode("ascii", "replace")
        if left.get(key):
            lines.append(key + b":" + _relaxed(left[key].pop()))
    lines.append(b"dkim-signature:" + _relaxed(value))
    return b"\r\n".join(lines)


def _relaxed(value: bytes) -> bytes:
    """A field's value on one line, single spaces between its words (RFC 6376 section 3.4.2)."""
    return b" ".join(value.split())


def _body_hash(body: bytes) -> str:
    """Of the body with single spaces, none at the ends of lines, and no empty lines at its end (section 3.4.4)."""
    relaxed = _RUNS.sub(b" ", body.replace(b"\t", b" ")).replace(b" \r\n", b"\r\n").rstrip(b" \r\n")
    return base64.b64encode(hashlib.sha256(relaxed + b"\r\n" if relaxed else b"").digest()).decode("ascii")


def _folded(text: str, at: str) -> str:
    """The text in lines that keep to the width, broken behind `at`."""
    lines, line = [], ""
    for each in text.split(at):
        if line and len(line) + len(each) + 1 > _WIDTH - len(" h=;"):
            lines.append(line)
            line = ""
        line += each + at
    return "\r\n ".join([*lines, line.removesuffix(at)])
