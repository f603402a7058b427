"""The doctor: what is wrong is named with what mends it, what is right let be; DNS and servers are on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import threading
from collections import namedtuple
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from digest import doctor
from digest.delivery_settings import Delivery
from digest.dkim import Signer
from digest.doctor import domain, place, relay, sample_mail, signature, spf
from digest.doctor.findings import Finding, Verdict
from digest.doctor.names import Names, UnansweredError, is_public, names
from digest.errors import SettingsError
from digest.originator import Originator
from digest.render import Renderer
from digest.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

HERE = "127.0.0.1"
NOW = datetime(2025, 5, 9, 12, tzinfo=UTC)
OUTSIDE = ip_address("192.0.2.10")
OK, WARNING, FAULT = Verdict.OK, Verdict.WARNING, Verdict.FAULT
Disk = namedtuple("Disk", ["total", "used", "free"])  # noqa: PYI024  (what shutil gives is one)


@dataclass
class Zone:
    """A DNS server on loopback: records as `name TYPE` to their texts; who fails, and who says nothing at all."""

    records: dict[str, list[str]] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    is_silent: bool = False
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HERE, 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._socket.getsockname()[1])

    def names(self, seconds: float = 2.0) -> Names:
        """What asks it."""
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [HERE], self.port
        return Names(resolver, seconds)

    def close(self) -> None:
        """Stop."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            octets, whence = self._socket.recvfrom(65535)
            if not octets:
                return
            if not self.is_silent:
                self._socket.sendto(self._answer(octets), whence)

    def _answer(self, octets: bytes) -> bytes:
        query = dns.message.from_wire(octets)
        question = query.question[0]
        name, kind = question.name.to_text().rstrip("."), dns.rdatatype.to_text(question.rdtype)
        self.asked.append(f"{name} {kind}")
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if name in self.failing:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif found := self.records.get(f"{name} {kind}"):
            response.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *found))
        elif not any(key.partition(" ")[0] == name for key in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()


@pytest.fixture
def zone() -> Iterator[Zone]:
    """A DNS server without a record."""
    made = Zone()
    yield made
    made.close()


def settings(home: Path, text: str = "", sender: str = "Owl Lab <digest@example.org>") -> Settings:
    """An installation with this table `[delivery]`."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "digest.toml").write_text(f'sender = "{sender}"\n[delivery]\n{text}\n', encoding="utf-8")
    return load(home)


def told(findings: Iterable[Finding]) -> list[tuple[Verdict, str]]:
    """Verdicts, each with its line; whatever is not well says what mends it."""
    found = list(findings)
    assert not [each for each in found if (each.verdict is OK) == bool(each.mend)]
    assert not [each for each in found if "\n" in each.what + each.mend]
    return [(each.verdict, f"{each.check}: {each.what}: {each.mend}") for each in found]


def one(findings: Iterable[Finding], verdict: Verdict, *words: str) -> str:
    """The one line of this verdict that has all these words."""
    lines = told(findings)
    (line,) = [line for found, line in lines if found is verdict and all(word in line for word in words)] or [""]
    assert line, lines
    return line


# SPF


def policy(zone: Zone, record: str, address: str, **others: list[str]) -> str:
    """What the record of example.org makes of an address."""
    zone.records |= {"example.org TXT": [f'"{record}"'], "other.example TXT": ['"v=spf1 ip4:192.0.2.0/24 -all"']}
    zone.records |= {name.replace("__", " ").replace("_", "."): texts for name, texts in others.items()}
    found = spf.read("example.org", zone.names())
    assert found.policy is not None
    assert not found.faults
    return found.policy.result(ip_address(address))


@pytest.mark.parametrize(
    ("record", "address", "result"),
    [
        ("v=spf1 ip4:192.0.2.10 -all", "192.0.2.10", "pass"),
        ("v=spf1 ip4:192.0.2.10 -all", "192.0.2.11", "fail"),
        ("v=spf1 ip4:192.0.2.0/28 ~all", "192.0.2.11", "pass"),
        ("v=spf1 ip4:192.0.2.0/28 ~all", "192.0.2.77", "softfail"),
        ("v=spf1 ip6:2001:db8::/32 -all", "2001:db8::5", "pass"),
        ("v=spf1 ip6:2001:db8::/32 -all", "192.0.2.1", "fail"),
        ("v=spf1 include:other.example ?all", "192.0.2.9", "pass"),
        ("v=spf1 include:other.example ?all", "198.51.100.1", "neutral"),
        ("v=spf1 -include:other.example +all", "192.0.2.9", "fail"),
        ("v=spf1 redirect=other.example", "192.0.2.9", "pass"),
        ("v=spf1 redirect=other.example", "198.51.100.1", "fail"),
        ("v=spf1 ip4:198.51.100.1", "192.0.2.9", "neutral"),
        ("v=spf1 exists:%{i}.example.org -all", "192.0.2.9", "unknown"),
        ("v=spf1 exists:%{i}.example.org ip4:192.0.2.9 -all", "192.0.2.9", "pass"),
        ("V=SPF1 IP4:192.0.2.9 -ALL", "192.0.2.9", "pass"),
    ],
)
def test_spf_says_who_may_send(zone: Zone, record: str, address: str, result: str) -> None:
    """Mechanisms in their order, included records and the ones that a record hands on to."""
    assert policy(zone, record, address) == result


def test_spf_asks_for_hosts(zone: Zone) -> None:
    """`a` and `mx` mean the addresses of hosts, with the networks around them where the record says so."""
    zone.records |= {
        "example.org A": ["192.0.2.1"],
        "example.org MX": ["10 mx.example.org."],
        "mx.example.org A": ["198.51.100.7"],
        "mx.example.org AAAA": ["2001:db8::7"],
    }
    assert policy(zone, "v=spf1 a -all", "192.0.2.1") == "pass"
    assert policy(zone, "v=spf1 a/24 -all", "192.0.2.200") == "pass"
    assert policy(zone, "v=spf1 a//64 -all", "192.0.2.200") == "fail"
    assert policy(zone, "v=spf1 mx -all", "198.51.100.7") == "pass"
    assert policy(zone, "v=spf1 mx//112 -all", "2001:db8::9") == "pass"
    assert policy(zone, "v=spf1 a:mx.example.org -all", "2001:db8::7") == "pass"


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ({"example.org TXT": ['"v=spf1 -all"', '"v=spf1 ~all"']}, "2 records"),
        ({"example.org TXT": ['"v=spf1 ipv4:192.0.2.1 -all"']}, "'ipv4:192.0.2.1' is no term"),
        ({"example.org TXT": ['"v=spf1 ip4:192.0.2.300 -all"']}, "is no network"),
        ({"example.org TXT": ['"v=spf1 include:gone.example.org -all"']}, "include:gone.example.org has no SPF record"),
        ({"example.org TXT": ['"v=spf1 redirect=gone.example.org"']}, "leads to no record"),
        ({"example.org TXT": ['"v=spf1 include:example.org -all"']}, "includes itself"),
        ({"example.org TXT": ['"v=spf1 a:1.example.org a:2.example.org a:3.example.org -all"']}, "find nothing"),
        (
            {
                "example.org TXT": [f'"v=spf1 {" ".join(f"include:{n}.example.org" for n in range(11))} -all"'],
                **{f"{n}.example.org TXT": ['"v=spf1 ip4:192.0.2.1"'] for n in range(11)},
            },
            "11 DNS lookups",
        ),
    ],
)
def test_an_spf_record_that_receivers_give_up_at_is_a_fault(
    zone: Zone, records: dict[str, list[str]], why: str
) -> None:
    """What RFC 7208 calls a permanent error is found before receivers find it."""
    zone.records |= records
    assert [each for each in spf.read("example.org", zone.names()).faults if why in each]


def test_spf_lookups_are_counted_through_includes(zone: Zone) -> None:
    """Each include and redirect counts, those of included records too, and is not followed for ever."""
    for number in range(60):
        zone.records[f"{number}.example.org TXT"] = [
            f'"v=spf1 include:{number + 1}.example.org a:{number}.example.org -all"'
        ]
        zone.records[f"{number}.example.org A"] = ["192.0.2.1"]
    found = spf.read("0.example.org", zone.names())
    assert found.lookups > spf.MOST_LOOKUPS
    assert len(zone.asked) < 60


def examined(zone: Zone, options: Settings, signer: Signer | None = None, own: str = str(OUTSIDE)) -> list[Finding]:
    """What the DNS says of an installation's sender."""
    return list(domain.examine(options, signer, zone.names(), lambda: ip_address(own)))


SMTP = 'transport = "smtp"\nhost = "mail.example.org"\n'
SOUND = {
    "example.org MX": ["10 mail.example.org."],
    "mail.example.org A": ["192.0.2.10"],
    "10.2.0.192.in-addr.arpa PTR": ["mail.example.org."],
    "example.org TXT": ['"other=1"', '"v=spf1 mx -all"'],
    "_dmarc.example.org TXT": ['"v=DMARC1; p=none"'],
}


def with_key(zone: Zone, signer: Signer) -> None:
    """Publish a key as the doctor says it."""
    line = signature.publish(signer.place, signer.record)
    zone.records[f"{signer.place} TXT"] = [line.partition(" TXT ")[2]]


def test_a_sound_domain_has_nothing_to_mend(zone: Zone, tmp_path: Path, rsa_key: bytes) -> None:
    """Mail exchanger, SPF, DKIM, DMARC and PTR, each found good in a line of its own."""
    signer = Signer(rsa_key, "example.org", "owls")
    zone.records |= SOUND
    with_key(zone, signer)
    found = examined(zone, settings(tmp_path, SMTP), signer)
    assert [(each.check, each.verdict) for each in found] == [
        ("mx", OK),
        ("spf", OK),
        ("spf", OK),
        ("dkim", OK),
        ("dmarc", OK),
        ("ptr", OK),
    ]
    assert "align by DKIM and SPF" in found[4].what


def test_an_empty_zone_is_told_what_to_publish(zone: Zone, tmp_path: Path, rsa_key: bytes) -> None:
    """Each fault comes with the very record that mends it; with all of them published, none is left."""
    signer = Signer(rsa_key, "example.org", "owls")
    zone.records |= {"mail.example.org A": ["192.0.2.10"]}
    found = examined(zone, settings(tmp_path, SMTP), signer)
    one(found, FAULT, "mx: example.org has neither")
    for check in ("spf", "dkim", "dmarc"):
        (mend,) = [each.mend for each in found if each.check == check and each.verdict is FAULT]
        name, _, record = mend.partition(": ")[2].removeprefix("to begin with: ").partition(". IN TXT ")
        zone.records[f"{name.rpartition(' ')[2]} TXT"] = [record]
    zone.records |= {"example.org MX": ["10 mail.example.org."]}
    assert not [each for each in examined(zone, settings(tmp_path, SMTP), signer) if each.verdict is FAULT]


def test_the_domain_must_take_mails(zone: Zone, tmp_path: Path) -> None:
    """A null MX is a fault, a host without MX is not; the domain of bounces is looked at as well."""
    zone.records |= SOUND | {"example.org MX": ["0 ."], "back.example.org A": ["192.0.2.5"]}
    found = examined(zone, settings(tmp_path, SMTP + 'bounce_address = "bounces@back.example.org"'))
    one(found, FAULT, "mx: example.org says that it takes no mails")
    one(found, OK, "mx: mails to back.example.org go to the host itself")
    one(found, FAULT, "spf: back.example.org has no SPF record")


@pytest.mark.parametrize(
    ("record", "verdict", "words"),
    [
        ("v=spf1 +all", FAULT, "lets everybody send"),
        ("v=spf1 mx", WARNING, "does not say who may not"),
        (
            "v=spf1 -all",
            WARNING,
            "mail.example.org (192.0.2.10) may not send for example.org: fail: add ip4:192.0.2.10",
        ),
        ("v=spf1 exists:%{i}.example.org -all", WARNING, "depends on the mail"),
        ("v=spf1 ptr mx -all", WARNING, "ptr should not be used"),
    ],
)
def test_spf_is_judged_for_the_relay(zone: Zone, tmp_path: Path, record: str, verdict: Verdict, words: str) -> None:
    """Who else may send, and whether the relay may."""
    zone.records |= SOUND | {"example.org TXT": [f'"{record}"']}
    one(examined(zone, settings(tmp_path, SMTP)), verdict, "spf: ", words)


@pytest.mark.parametrize(
    ("text", "own", "words"),
    [
        ('transport = "smtp"\nhost = "127.0.0.1"', "192.0.2.10", "this machine (192.0.2.10) may send"),
        ('transport = "smtp"\nhost = "localhost"', "192.0.2.10", "this machine (192.0.2.10) may send"),
        ('transport = "sendmail"', "192.0.2.10", "this machine (192.0.2.10) may send"),
        ('transport = "sendmail"', "10.1.2.3", "from where this machine sends cannot be known"),
        ('transport = "smtp"\nhost = "10.0.0.5"', "192.0.2.10", "from where 10.0.0.5 sends cannot be known"),
        ('transport = "smtp"\nhost = "gone.example.org"', "192.0.2.10", "from where gone.example.org sends cannot"),
        ('transport = "lmtp"\nsocket = "lmtp"', "192.0.2.10", "no relay is named"),
    ],
)
def test_who_sends_is_known_where_it_can_be(zone: Zone, tmp_path: Path, text: str, own: str, words: str) -> None:
    """The relay, or this machine where the relay is on it; an inner address says nothing."""
    zone.records |= SOUND
    lines = [line for _, line in told(examined(zone, settings(tmp_path, text), own=own))]
    assert [line for line in lines if words in line], lines


# DKIM and DMARC


def key(bits: int) -> bytes:
    """A private RSA key in PEM."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return pem(made)


def pem(made: rsa.RSAPrivateKey | Ed25519PrivateKey) -> bytes:
    """A key as a file has it."""
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize(
    ("record", "verdict", "words"),
    [
        (None, FAULT, "there is no key at owls._domainkey.example.org: publish: owls._domainkey.example.org. IN TXT"),
        ("v=DKIM1; k=rsa; p=", FAULT, "is revoked"),
        ("v=DKIM1; k=rsa; p=AAAA", FAULT, "is not that of dkim_key"),
        ("v=DKIM1; k=ed25519; p={key}", FAULT, "is not that of dkim_key"),
        ("v=DKIM2; p={key}", FAULT, "of no use to verifiers"),
        ("v=DKIM1; h=sha1; p={key}", FAULT, "of no use to verifiers"),
        ("v=DKIM1; t=y; p={key}", WARNING, "counts as a test"),
        ("p={key}", OK, "is that of dkim_key"),
        ("v=DKIM1; h=sha1:sha256; t=s; n=owls; p={key}", OK, "is that of dkim_key"),
    ],
)
def test_the_key_that_is_published_is_the_one_that_signs(
    zone: Zone, rsa_key: bytes, record: str | None, verdict: Verdict, words: str
) -> None:
    """Another key, a revoked one or a record that verifiers cannot use is told, with what to publish."""
    signer = Signer(rsa_key, "example.org", "owls")
    if record:
        text = record.format(key=signer.public)
        zone.records[f"{signer.place} TXT"] = [signature.publish("x", text).partition(" TXT ")[2]]
    one(signature.dkim_record(signer, "example.org", zone.names()), verdict, words)


def test_weak_and_unusual_keys_are_told(zone: Zone, rsa_key: bytes) -> None:
    """Small RSA keys and Ed25519 ones verify for some receivers only; two records for none."""
    for signer, words in (
        (Signer(key(1024), "example.org", "small"), "the key has 1024 bits"),
        (Signer(pem(Ed25519PrivateKey.generate()), "example.org", "edwards"), "an Ed25519 one"),
    ):
        with_key(zone, signer)
        one(signature.dkim_record(signer, "example.org", zone.names()), WARNING, words)
        one(signature.dkim_record(signer, "example.org", zone.names()), OK, "is that of dkim_key")
    twice = Signer(rsa_key, "example.org", "twice")
    with_key(zone, twice)
    zone.records[f"{twice.place} TXT"].append('"v=DKIM1; p=AAAA"')
    one(signature.dkim_record(twice, "example.org", zone.names()), FAULT, "has 2 key records")
    one(signature.dkim_record(None, "example.org", zone.names()), WARNING, "mails are not signed here")


@pytest.mark.parametrize(
    ("records", "signing", "envelope", "verdict", "words"),
    [
        ({}, "lab.example.org", "lab.example.org", FAULT, "has no DMARC record: publish, to begin with: _dmarc.lab"),
        ({"lab": ["v=DMARC1; p=reject"]}, "lab.example.org", "lab.example.org", OK, "p=reject; mails from lab"),
        ({"lab": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}, "", "lab.example.org", FAULT, "has 2 DMARC records"),
        ({"lab": ["v=DMARC1; p=always"]}, "", "lab.example.org", FAULT, "p=always is no policy"),
        ({"lab": ["v=DMARC1"]}, "", "lab.example.org", FAULT, "p=nothing is no policy"),
        ({"": ["v=DMARC1; p=none; sp=reject"]}, "", "lab.example.org", OK, "_dmarc.example.org says p=reject"),
        ({"": ["v=DMARC1; p=none"]}, "example.org", "post.example.org", OK, "align by DKIM and SPF"),
        (
            {"": ["v=DMARC1; p=none; adkim=s; aspf=s"]},
            "example.org",
            "lab.example.org",
            WARNING,
            "forwarded mails fail",
        ),
        ({"": ["v=DMARC1; p=none; aspf=s"]}, "lab.example.org", "post.example.org", OK, "align by DKIM"),
        ({"": ["v=DMARC1; p=reject"]}, "", "post.example.net", FAULT, "neither the signature nor the Return-Path"),
    ],
)
def test_dmarc_is_read_with_what_aligns(  # noqa: PLR0913, PLR0917  (a row is a case)
    zone: Zone,
    rsa_key: bytes,
    records: dict[str, list[str]],
    signing: str,
    envelope: str,
    verdict: Verdict,
    words: str,
) -> None:
    """The record of the domain or of one above it, strict or relaxed, for the signature and the Return-Path."""
    for label, texts in records.items():
        name = f"_dmarc.{label}{label and '.'}example.org"
        zone.records[f"{name} TXT"] = [f'"{text}"' for text in texts]
    signer = Signer(rsa_key, signing, "owls") if signing else None
    one(signature.dmarc(signer, "lab.example.org", envelope, zone.names()), verdict, words)


@pytest.mark.parametrize(
    ("records", "verdict", "words"),
    [
        ({}, OK, "ptr: mail.example.org (192.0.2.10) is mail.example.org"),
        ({"10.2.0.192.in-addr.arpa PTR": ["owl.example.org."]}, WARNING, "is called owl.example.org, which does not"),
        ({"10.2.0.192.in-addr.arpa PTR": []}, WARNING, "mail.example.org (192.0.2.10) has no name"),
    ],
)
def test_names_of_addresses_are_confirmed(
    zone: Zone, tmp_path: Path, records: dict[str, list[str]], verdict: Verdict, words: str
) -> None:
    """An address has a name, and the name has the address."""
    zone.records |= SOUND | records
    one(examined(zone, settings(tmp_path, SMTP)), verdict, words)


# A DNS that does not answer


def test_a_silent_dns_is_told_once(zone: Zone, tmp_path: Path) -> None:
    """Nothing is said of a domain that nobody could ask about, and it does not take long to find that out."""
    zone.is_silent = True
    asked = zone.names(0.1)
    findings = domain.examine(settings(tmp_path, SMTP), None, asked, lambda: None)
    assert [(each.check, each.verdict) for each in findings] == [("dns", WARNING)]
    with pytest.raises(UnansweredError):
        asked.texts("example.org")


def test_a_failing_domain_is_no_empty_one(zone: Zone, tmp_path: Path) -> None:
    """A server that fails is no proof that a record is missing."""
    zone.records |= SOUND
    zone.failing.add("example.org")
    lines = told(examined(zone, settings(tmp_path, SMTP)))
    assert [verdict for verdict, _ in lines] == [WARNING]
    assert "the servers of this name fail" in lines[0][1]


def test_names_that_cannot_be_asked_for_are_not_there(zone: Zone) -> None:
    """Labels that are too long or empty are no reason to stop."""
    asked = zone.names()
    assert asked.texts("a" * 64 + ".example.org") == []
    assert asked.addresses("a..example.org") == []
    assert asked.mail_hosts("") == []


@pytest.mark.parametrize("server", ["owls", "9.9.9.9:owls", "9.9.9.9:99999999", "[::1]:x"])
def test_a_dns_server_is_an_address(server: str) -> None:
    """What is none is told before anything is asked."""
    with pytest.raises(SettingsError, match="expected a DNS server's address"):
        names(server)


@pytest.mark.parametrize("server", ["9.9.9.9", "9.9.9.9:53", "2620:fe::fe", "[2620:fe::fe]:53"])
def test_dns_servers_are_named_with_and_without_port(server: str) -> None:
    """In either version of IP."""
    assert names(server).servers.startswith(("9.9.9.9", "2620:fe::fe"))


def test_inner_addresses_are_told_from_public_ones() -> None:
    """Those that receivers never see."""
    assert not [
        each for each in ("10.0.0.1", "127.0.0.1", "100.64.1.1", "fd00::1", "::1") if is_public(ip_address(each))
    ]
    assert all(is_public(ip_address(each)) for each in ("192.0.2.1", "9.9.9.9", "2620:fe::fe"))


# The mail server


class Post:
    """Takes every mail."""


@pytest.fixture
def run() -> Iterator[Callable[..., int]]:
    """Runs mail servers, and says on which port."""
    running: list[Controller] = []

    def start(**options: Any) -> int:  # noqa: ANN401
        with socket.socket() as free:
            free.bind((HERE, 0))
            port = int(free.getsockname()[1])
        controller = Controller(Post(), hostname=HERE, port=port, **options)
        controller.start()
        running.append(controller)
        return port

    yield start
    for controller in running:
        controller.stop()


def certificate(folder: Path, until: datetime) -> ssl.SSLContext:
    """A server's context, with a certificate of its own that is written to `folder/ca.pem` as well."""
    own = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(own.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HERE))]), critical=False)
        .sign(own, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private = own.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "both.pem").write_bytes(private + (folder / "ca.pem").read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context


def asked(options: Settings, now: datetime = NOW, *, is_asked: bool = True) -> tuple[list[Finding], int | None]:
    """What is found of the transport."""
    return relay.examine(options, {"WORD": "hush"}, now, is_asked=is_asked)


def test_a_server_is_greeted_and_left(run: Callable[..., int], tmp_path: Path) -> None:
    """Without a mail; what it says of sizes is looked at."""
    port = run(data_size_limit=50_000)
    options = settings(tmp_path, f'transport = "smtp"\nhost = "{HERE}"\nport = {port}\nsecurity = "none"')
    findings, largest = asked(options)
    one(findings, OK, f"{HERE}:{port} takes mails")
    one(findings, WARNING, "50,000 octets at most")
    assert largest == 50_000
    assert asked(options, is_asked=False)[0][0].what == f"mails go to {HERE}:{port}, which was not asked"


def test_certificates_are_looked_at(run: Callable[..., int], tmp_path: Path) -> None:
    """One that is good for long is well, one that ends soon is told, and one that nobody vouches for is a fault."""
    now = datetime(2030, 1, 1, tzinfo=UTC)
    port = run(tls_context=certificate(tmp_path, datetime(2099, 1, 1, tzinfo=UTC)))
    text = f'transport = "smtp"\nhost = "{HERE}"\nport = {port}\n'
    one(asked(settings(tmp_path, text + 'ca_file = "ca.pem"'), now)[0], OK, "tls: the server's certificate is good")
    late = datetime(2098, 12, 25, tzinfo=UTC)
    one(asked(settings(tmp_path, text + 'ca_file = "ca.pem"'), late)[0], WARNING, "ends in 7 days, on 2099-01-01")
    one(asked(settings(tmp_path, text), now)[0], FAULT, "its certificate is not good", "ca_file")


def test_a_login_is_tried(run: Callable[..., int], tmp_path: Path) -> None:
    """A right password is well, a wrong one or a missing one a fault; it is never shown."""

    def believe(_server: object, _session: object, _envelope: object, _mechanism: str, data: Any) -> AuthResult:  # noqa: ANN401
        return AuthResult(success=data.password == b"hush", handled=False)

    port = run(authenticator=believe, auth_require_tls=False)
    text = f'transport = "smtp"\nhost = "{HERE}"\nport = {port}\nsecurity = "none"\nusername = "lab"\n'
    one(asked(settings(tmp_path, text + 'password_variable = "WORD"'))[0], OK, "logged in as 'lab'")
    (tmp_path / "wrong").write_text("secretive", encoding="utf-8")
    line = one(asked(settings(tmp_path, text + 'password_file = "wrong"'))[0], FAULT, "refuses the login")
    assert "secretive" not in line
    missing = settings(tmp_path, text + 'password_variable = "NONE"')
    one(asked(missing, is_asked=False)[0], FAULT, "no password there")


def test_a_server_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    """And so is one without the TLS that is asked of it."""
    with socket.socket() as free:
        free.bind((HERE, 0))
        port = free.getsockname()[1]
    one(asked(settings(tmp_path, f'transport = "smtp"\nhost = "{HERE}"\nport = {port}'))[0], FAULT, "no connection")


def test_a_server_without_tls_is_a_fault(run: Callable[..., int], tmp_path: Path) -> None:
    """Mails do not go in the clear, and what would mend it is said."""
    options = settings(tmp_path, f'transport = "smtp"\nhost = "{HERE}"\nport = {run()}')
    one(asked(options)[0], FAULT, "does not offer STARTTLS", 'security = "tls"')


def test_other_transports_are_told(tmp_path: Path) -> None:
    """Files are sent to nobody; a command must be there."""
    one(asked(settings(tmp_path))[0], WARNING, "nobody is sent any")
    one(asked(settings(tmp_path, 'transport = "sendmail"\ncommand = "/bin/sh"'))[0], OK, "/bin/sh")
    one(asked(settings(tmp_path, 'transport = "sendmail"\ncommand = "/nowhere/x"'))[0], FAULT, "there is no command")


# This machine


def test_folders_can_be_written_to(tmp_path: Path) -> None:
    """Those that are not there are made later; a file in the place of one is a fault."""
    options = settings(tmp_path / "home")
    one(place.folders(options), OK, "outbox: ", "made when it is needed")
    options.outbox.touch()
    one(place.folders(options), FAULT, "outbox: ", "not a folder")
    one(place.folders(settings(tmp_path / "home", 'transport = "maildir"')), OK, "maildir: ")


@pytest.mark.parametrize(("free", "verdict"), [(10**7, FAULT), (5 * 10**8, WARNING), (10**11, OK)])
def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, verdict: Verdict) -> None:
    """Soon full is a warning, full a fault."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Disk(10**12, 10**12 - free, free))
    one(place.folders(settings(tmp_path)), verdict, "disk: ", "GB free")


def test_a_database_opens_or_is_told(tmp_path: Path) -> None:
    """One that is not there is still to come; another program's is a fault."""
    options = settings(tmp_path)
    one(place.database(options), WARNING, "not there yet")
    options.database.write_bytes(b"This is no database, whatever it is called. " * 50)
    one(place.database(options), FAULT, "database: ")


def test_a_server_that_does_not_answer_is_a_fault(tmp_path: Path) -> None:
    """What mends it is the server or the variable that names it; the password is not told."""
    pytest.importorskip("psycopg", reason="psycopg is not in the environment: pip install 'paper-digest[postgres]'")
    url = SecretStr("postgresql://ada:geheim@127.0.0.1:9/digest")
    options = Settings(home=tmp_path, database_url=url)
    line = one(place.database(options), FAULT, "'postgresql://ada@127.0.0.1:9/digest'", "see to the server, or DIGEST_")
    assert "geheim" not in line


def test_profiles_are_loaded(tmp_path: Path) -> None:
    """Each fault of each file is told, and who is sent mails is counted."""
    options = settings(tmp_path)
    one(place.readers(options), WARNING, "the examples stand in")
    options.profiles.mkdir()
    (options.profiles / "ada.yaml").write_text("name: Ada\ntopics: [owls]\n", encoding="utf-8")
    one(place.readers(options), WARNING, "none of the 1 that load has an address")
    (options.profiles / "bo.yaml").write_text("name: Bo\nemail: bo@example.org\ntopics: [owls]\n", encoding="utf-8")
    (options.profiles / "cy.yaml").write_text("name: Cy\ntopics:\n  - text: a\n    weight: x\n", encoding="utf-8")
    one(place.readers(options), OK, "1 of 2 with an address")
    assert "bo@example.org" not in one(place.readers(options), FAULT, "cy.yaml:4")


def test_templates_are_tried(tmp_path: Path) -> None:
    """One of the operator's that fails is named with its line."""
    options = settings(tmp_path)
    (findings, renderer) = place.templates(options)
    assert renderer
    one(findings, OK, "the shipped ones")
    own = options.templates / "mail" / "issue"
    own.mkdir(parents=True)
    (own / "subject.txt").write_text("{{ papr }}", encoding="utf-8")
    (findings, renderer) = place.templates(options)
    assert renderer is None
    one(findings, FAULT, "mail/issue/subject.txt:1", "papr")


def test_clocks_are_compared(tmp_path: Path) -> None:
    """With the program's age, with files that are here, and with the file system's."""
    options = settings(tmp_path)
    now = datetime.fromtimestamp((tmp_path / "digest.toml").stat().st_mtime, UTC)
    one(place.clock(options, now), OK, "clock: ")
    one(place.clock(options, datetime(1970, 1, 1, tzinfo=UTC)), FAULT, "before this program was written")
    one(place.clock(options, now - timedelta(hours=1)), WARNING, "files here are of")
    one(place.clock(options, now + timedelta(hours=1)), WARNING, "the file system's is")


def test_secrets_are_their_owners(tmp_path: Path) -> None:
    """A key that others may read is told, one that they may not is not."""
    options = settings(tmp_path, 'dkim_key = "key"\ndkim_selector = "owls"')
    (tmp_path / "key").write_bytes(b"hush")
    os.chmod(tmp_path / "key", 0o644)  # noqa: PTH101  (the mode is the point)
    assert "hush" not in one(place.secrets(options), WARNING, "chmod 600")
    (tmp_path / "key").chmod(0o600)
    assert told(place.secrets(options)) == []


# The sample mail


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    """The shipped templates."""
    return Renderer()


def test_the_sample_mail_is_looked_at(tmp_path: Path, renderer: Renderer, rsa_key: bytes) -> None:
    """It is read back without a defect, and its ways out are told; a server that is too small is a fault."""
    (tmp_path / "key").write_bytes(rsa_key)
    text = 'bounce_address = "bounces@example.org"\ndkim_key = "key"\ndkim_selector = "owls"'
    options = settings(tmp_path, text)
    found = list(sample_mail.examine(options, Originator(options), renderer, 5_000))
    one(found, OK, "mail: from Owl Lab <digest@example.org>, read back without a defect")
    one(found, FAULT, "the server takes 5,000")
    one(found, WARNING, "by mail, and not by one click")


def test_a_mail_without_a_way_out_is_told(tmp_path: Path, renderer: Renderer) -> None:
    """And that mails which come back are not known for what they are."""
    options = settings(tmp_path)
    found = list(sample_mail.examine(options, Originator(options), renderer, None))
    one(found, WARNING, "the mails name no way to leave")
    one(found, WARNING, "do not tell whose they were")
    one(found, OK, "size: ")


# All of it


def test_a_whole_examination_goes_through(run: Callable[..., int], zone: Zone, tmp_path: Path, rsa_key: bytes) -> None:
    """Each check has its turn, what takes a while is said, and what is only not set up yet is no fault."""
    zone.records |= SOUND
    with_key(zone, Signer(rsa_key, "example.org", "owls"))
    (tmp_path / "key").write_bytes(rsa_key)
    text = f'transport = "smtp"\nhost = "{HERE}"\nport = {run()}\nsecurity = "none"\n'
    settings(tmp_path, text + 'dkim_key = "key"\ndkim_selector = "owls"\nbounce_address = "back@example.org"')
    said: list[str] = []
    now = datetime.fromtimestamp((tmp_path / "digest.toml").stat().st_mtime, UTC)
    found = list(doctor.examine(tmp_path, {}, now, zone.names(), own=lambda: OUTSIDE, say=said.append))
    assert not [each for each in found if each.verdict is FAULT]
    checks = {each.check for each in found}
    assert checks >= {"settings", "home", "disk", "clock", "database", "profiles", "templates", "transport", "mail"}
    assert checks >= {"size", "unsubscribe", "sender", "mx", "spf", "dkim", "dmarc", "ptr"}
    assert said == [f"asking {HERE} …", f"asking DNS ({HERE}) …"]


def test_settings_that_do_not_load_end_it(tmp_path: Path) -> None:
    """Each fault with its line, and nothing else is asked."""
    (tmp_path / "digest.toml").write_text('sendr = "x"\n[delivery]\nhost = "a b"\n', encoding="utf-8")
    found = list(doctor.examine(tmp_path, {}, NOW, None, own=lambda: None, say=print))
    assert {(each.check, each.verdict) for each in found} == {("settings", FAULT)}
    assert len(found) == 2


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "cannot be read: No such file"), (b"owls", "not a private key in PEM")],
)
def test_a_key_that_is_none_is_a_fault(tmp_path: Path, content: bytes | None, why: str) -> None:
    """It is named with its setting, here as before any mail is sent; the other checks have their turn."""
    options = settings(tmp_path, 'dkim_key = "key"\ndkim_selector = "owls"')
    if content:
        (tmp_path / "key").write_bytes(content)
    found = list(doctor.examine(tmp_path, {}, NOW, None, own=lambda: None, say=print))
    one(found, FAULT, "dkim: delivery.dkim_key: 'key'", why)
    assert [each for each in found if each.check == "sender"]
    with pytest.raises(SettingsError, match=why):
        Originator(options)


def test_the_record_of_the_key_is_told_without_the_dns(tmp_path: Path, rsa_key: bytes) -> None:
    """Whoever sets a domain up needs it before anything is published."""
    options = settings(tmp_path, 'dkim_key = "key"\ndkim_selector = "owls"')
    (tmp_path / "key").write_bytes(rsa_key)
    found = list(doctor.examine(tmp_path, {}, NOW, None, own=lambda: None, say=print))
    signer = Originator(options).signer
    assert signer
    assert signature.publish(signer.place, signer.record) in one(found, OK, "dkim: ")


@pytest.mark.parametrize("sender", ["digest@localhost", "digest@lab.local", "digest@owls"])
def test_a_sender_that_nobody_knows_is_a_fault(tmp_path: Path, sender: str) -> None:
    """The one that the program comes with is one of them."""
    one([domain.sender(settings(tmp_path, sender=sender))], FAULT, "no domain that anybody else knows")
    assert Delivery().transport == "folder"
