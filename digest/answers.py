"""What a server's answer says: its body unpacked within bounds, where it redirects to, what went wrong, when to return.

Everything here was written by somebody else, who may be broken or hostile.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from digest.errors import FetchError
from digest.sources.feed_encoding import decode
from digest.sources.feed_xml import root_element
from digest.sources.streams import MAX_DOCUMENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

MAX_BYTES = MAX_DOCUMENT
"""The longest answer that is taken, as many bytes as a document may have."""

_OK = 200
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_GZIP: Final = ("gzip", "x-gzip")
_GZIP_MAGIC = b"\x1f\x8b"
_FIRST_BYTES = 64 * 2**10
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{1,500})", re.IGNORECASE)
_SECONDS = re.compile(r"[0-9]{1,9}")
_LENGTH = re.compile(r"[0-9]{1,20}")
_VALIDATOR = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,998}[\x21-\x7e])?")
_SHOWN = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What tells whether a URL's content is still the same (RFC 9110, section 8.8): sent back as they came."""

    etag: str | None = None
    last_modified: str | None = None

    def __bool__(self) -> bool:
        return bool(self.etag or self.last_modified)

    @classmethod
    def of(cls, response: httpx.Response) -> Validators:
        """The validators of an answer; what cannot be sent back is left out."""
        found = (response.headers.get(name, "") for name in ("etag", "last-modified"))
        etag, last_modified = (value if _VALIDATOR.fullmatch(value) else None for value in found)
        return cls(etag=etag, last_modified=last_modified)

    def headers(self) -> dict[str, str]:
        """The headers of a conditional request (RFC 9110, section 13.1)."""
        named = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in named.items() if value}


def redirect_target(response: httpx.Response) -> str | None:
    """Where an answer sends us, as it says it: perhaps relative, perhaps no URL at all; None if it sends nowhere."""
    if response.status_code not in _REDIRECTS:
        return None
    return response.headers.get("location") or None


def reason_for_failure(response: httpx.Response) -> tuple[str, bool] | None:
    """Why the answer is none, and whether it may be one later; None with 200."""
    status = response.status_code
    if status == _OK:
        return None
    return f"{status} {clean(response.reason_phrase)}".strip(), status in _TRANSIENT


def retry_after(response: httpx.Response, now: datetime) -> float | None:
    """The seconds that a server wants to be left alone (RFC 9110, section 10.2.3), given as seconds or as a date.

    None where it does not say, or says it in no form that is known.
    """
    said = response.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(said):
        return float(said)
    try:
        day = parsedate_to_datetime(said)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    return max(0.0, ((day if day.tzinfo else day.replace(tzinfo=UTC)) - now).total_seconds())


def body(response: httpx.Response, limit: int, *, expected: str = "a feed") -> bytes:
    """The content of an answer, unpacked: at most `limit` bytes, packed and unpacked; `expected` says of what.

    Raises:
        FetchError: it is longer, cannot be unpacked, is empty, or is a page for people.
    """
    host = response.request.url.host
    if _LENGTH.fullmatch(declared := response.headers.get("content-length", "")) and int(declared) > limit:
        raise _too_long(host, limit)
    coding = response.headers.get("content-encoding", "identity").strip().lower() or "identity"
    pieces = _bounded(response.iter_raw(), host, limit)
    if coding in _GZIP:
        pieces = _bounded(_unzipped(pieces, host), host, limit)
    elif coding != "identity":
        raise FetchError(
            host, f"the answer is packed as {clean(coding)!r}, which was not asked for", is_transient=False
        )
    content = b"".join(pieces)
    if not content.strip():
        raise FetchError(host, "an empty answer", is_transient=True)
    if (page := _page(content)) is not None:
        titled = f" ({page!r})" if page else ""
        raise FetchError(host, f"an HTML page{titled} where {expected} should be", is_transient=False)
    return content


def clean(text: str) -> str:
    """Words of a server, fit to be shown in one line: no control characters, blanks folded, cut short."""
    words = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return words if len(words) <= _SHOWN else f"{words[: _SHOWN - 1]}…"


def _bounded(pieces: Iterator[bytes], host: str, limit: int) -> Iterator[bytes]:
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > limit:
            raise _too_long(host, limit)
        yield piece


def _unzipped(pieces: Iterator[bytes], host: str) -> Iterator[bytes]:
    """Gzip unpacked at most `_FIRST_BYTES` at a time, so that a bomb is seen before it is large (RFC 1952)."""
    unpacking = zlib.decompressobj(wbits=31)
    held = b""
    try:
        for piece in pieces:
            packed, held = held + piece, b""
            while True:
                if unpacking.eof:
                    if len(packed) < len(_GZIP_MAGIC):
                        held = packed
                        break
                    if not packed.startswith(_GZIP_MAGIC):
                        return  # padding behind the last member
                    unpacking = zlib.decompressobj(wbits=31)
                unpacked = unpacking.decompress(packed, _FIRST_BYTES)
                yield unpacked
                packed = unpacking.unused_data if unpacking.eof else unpacking.unconsumed_tail
                # All that was given may be taken in with more to come out.
                if not packed and len(unpacked) < _FIRST_BYTES:
                    break
    except zlib.error as error:
        raise FetchError(host, "the answer says that it is gzip and is not", is_transient=True) from error
    if not unpacking.eof:
        raise FetchError(host, "the answer was cut off", is_transient=True)


def _page(content: bytes) -> str | None:
    """The title of an HTML page, empty if it has none; None for anything else."""
    text = decode(content[:_FIRST_BYTES])
    root = root_element(text)
    if root is None:
        return None
    is_page = root[1].lower() == "html" or re.match(r"\s*<!doctype\s+html\b", text[root.start() :], re.IGNORECASE)
    if not is_page:
        return None
    title = _TITLE.search(text)
    return clean(title[1]) if title else ""


def _too_long(host: str, limit: int) -> FetchError:
    size = f"{limit / 2**20:g} MiB" if limit >= 2**20 else f"{limit:,} bytes"
    return FetchError(host, f"the answer is longer than {size}", is_transient=False)
