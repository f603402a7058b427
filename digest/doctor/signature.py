"""Whether receivers find the key that signs, and take signature or Return-Path for the sender's (DKIM, DMARC)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from digest import dkim
from digest.doctor.findings import Finding, fault, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.dkim import Signer
    from digest.doctor.names import Names

_STRING = 255  # octets of one string of a TXT record (RFC 1035 section 3.3)
_ENOUGH_LABELS = 2


def publish(name: str, text: str) -> str:
    """The line of a zone file for a TXT record, in strings of at most 255 octets."""
    strings = " ".join(f'"{text[at : at + _STRING]}"' for at in range(0, len(text), _STRING))
    return f"{name}. IN TXT {strings}"


def dkim_record(signer: Signer | None, domain: str, names: Names) -> Iterator[Finding]:
    """Whether the key that is published is the one that signs; `signer` is None where nothing is signed here.

    Raises:
        UnansweredError: the DNS does not answer.
    """
    if signer is None:
        yield warning(
            "dkim",
            "mails are not signed here, and large receivers want them signed",
            f"let the relay sign for {domain}, or set dkim_key and dkim_selector in [delivery] "
            "(openssl genrsa -out dkim.pem 2048)",
        )
        return
    mend = f"publish: {publish(signer.place, signer.record)}"
    if signer.is_rsa and signer.bits < dkim.ADVISED:
        yield warning("dkim", f"the key has {signer.bits} bits", f"make one of {dkim.ADVISED}, under a new selector")
    if not signer.is_rsa:
        yield warning("dkim", "the key is an Ed25519 one, which Gmail and others do not verify", "sign by RSA")
    found = [text for text in names.texts(signer.place) if "p" in dkim.tags(text)]
    if len(found) > 1:
        yield fault("dkim", f"{signer.place} has {len(found)} key records, and may have one", "take the others out")
        return
    if not found:
        yield fault("dkim", f"there is no key at {signer.place}", mend)
        return
    tags = dkim.tags(found[0])
    published = re.sub(r"\s", "", tags["p"])
    if not published:
        yield fault("dkim", f"the key at {signer.place} is revoked", "make another key, under a new selector")
    elif published != signer.public or tags.get("k", "rsa") != ("rsa" if signer.is_rsa else "ed25519"):
        yield fault("dkim", f"the key at {signer.place} is not that of dkim_key", mend)
    elif tags.get("v", "DKIM1") != "DKIM1" or "sha256" not in tags.get("h", "sha256"):
        yield fault("dkim", f"the record at {signer.place} is of no use to verifiers: {found[0][:40]}…", mend)
    elif "y" in tags.get("t", "").split(":"):
        yield warning("dkim", f"the record at {signer.place} says t=y: it counts as a test", "take t=y out")
    else:
        yield ok("dkim", f"the key at {signer.place} is that of dkim_key")


def dmarc(signer: Signer | None, domain: str, envelope: str, names: Names) -> Iterator[Finding]:
    """Whether mails from the domain pass its DMARC policy; `envelope` is the domain of their Return-Path.

    Raises:
        UnansweredError: the DNS does not answer.
    """
    place, found = _dmarc_record(domain, names)
    if len(found) != 1:
        what = f"has {len(found)} DMARC records, and may have one" if found else "has no DMARC record"
        begun = publish(f"_dmarc.{domain}", f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}")
        mend = "take the others out" if found else f"publish, to begin with: {begun}"
        yield fault("dmarc", f"{place} {what}", mend)
        return
    tags = {name.lower(): value.lower() for name, value in dkim.tags(found[0]).items()}
    policy = tags.get("sp" if place != domain and "sp" in tags else "p", "")
    if policy not in {"none", "quarantine", "reject"}:
        yield fault(
            "dmarc", f"_dmarc.{place}: p={policy or 'nothing'} is no policy", "say p=none, quarantine or reject"
        )
        return
    by_dkim = signer is not None and _aligned(signer.domain, domain, place, strict=tags.get("adkim") == "s")
    by_spf = _aligned(envelope, domain, place, strict=tags.get("aspf") == "s")
    ways = [way for way, is_aligned in (("DKIM", by_dkim), ("SPF", by_spf)) if is_aligned]
    if not ways:
        yield fault(
            "dmarc",
            f"neither the signature nor the Return-Path is of {domain}, so that no mail passes (p={policy})",
            f"set dkim_domain to {domain}, or bounce_address to an address in it",
        )
    elif signer is not None and not by_dkim:
        yield warning(
            "dmarc",
            f"the signature is of {signer.domain}, which does not count for {domain}: forwarded mails fail",
            f"set dkim_domain to {domain}",
        )
    else:
        yield ok("dmarc", f"_dmarc.{place} says p={policy}; mails from {domain} align by {' and '.join(ways)}")


def _dmarc_record(domain: str, names: Names) -> tuple[str, list[str]]:
    """The records of the domain, or of the nearest above it that has any, and whose they are.

    The way up stands in for the list of public suffixes of RFC 7489 section 3.2, which changes every week.
    """
    labels = domain.split(".")
    for start in range(len(labels) - _ENOUGH_LABELS + 1):
        place = ".".join(labels[start:])
        found = [text for text in names.texts(f"_dmarc.{place}") if re.match(r"v\s*=\s*DMARC1\s*(?:;|\Z)", text)]
        if found:
            return place, found
    return domain, []


def _aligned(one: str, domain: str, above: str, *, strict: bool) -> bool:
    """Whether a domain counts as that of the From line (RFC 7489 section 3.1); `above` is the organisation's."""
    if one == domain or strict:
        return one == domain
    return all(f".{each}".endswith(f".{above}") for each in (one, domain)) or _is_below(one, domain)


def _is_below(one: str, other: str) -> bool:
    return one.endswith(f".{other}") or other.endswith(f".{one}")
