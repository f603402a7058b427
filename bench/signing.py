"""What a DKIM signature of a mail of 66 kB takes, with `digest.dkim` and with dkimpy, on one core.

    python bench/signing.py

Of all turns the best counts, as others may use the machine; what carries over to another one is the ratio.
"""

from __future__ import annotations

import timeit

import dkim as dkimpy
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from digest.dkim import Signer

LINE = b'    <td style=3D"padding:0 16px 4px;font-size:15px;line-height:22px">An abst=\r\n'
HEADER = (
    b"Date: Fri, 09 May 2025 06:30:00 +0000\r\nFrom: Paper Digest <digest@example.org>\r\nTo: ada@example.org\r\n"
    b"Subject: Quiet owls\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n\r\n"
)
TURNS = 5


def milliseconds(sign: object, times: int) -> float:
    """The best turn, of one signature."""
    return min(timeit.repeat(sign, number=times, repeat=TURNS)) / times * 1000  # type: ignore[arg-type]


def main() -> None:
    """Print a line for each key."""
    mail = HEADER + LINE * (66_000 // len(LINE))
    print(f"one signature of a mail of {len(mail):,} octets, in ms   digest.dkim   dkimpy")
    for name, key in {
        "rsa 2048": rsa.generate_private_key(65537, 2048),
        "ed25519": ed25519.Ed25519PrivateKey.generate(),
    }.items():
        form = PrivateFormat.TraditionalOpenSSL if name.startswith("rsa") else PrivateFormat.PKCS8
        signer = Signer(key.private_bytes(Encoding.PEM, form, NoEncryption()), "example.org", "owls")
        ours = milliseconds(lambda signer=signer: signer.sign(mail), 100)
        theirs = ""
        if isinstance(key, rsa.RSAPrivateKey):  # of Ed25519 keys it wants another form, and a library of its own
            pem = key.private_bytes(Encoding.PEM, form, NoEncryption())
            reference = milliseconds(
                lambda pem=pem: dkimpy.sign(mail, b"owls", b"example.org", pem, canonicalize=(b"relaxed", b"relaxed")),
                5,
            )
            theirs = f"{reference:6.2f}"
        print(f"{name:<52} {ours:8.2f}      {theirs}")


if __name__ == "__main__":
    main()
