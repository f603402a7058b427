"""JSON read step by step, so that what stands whole before a cut is kept (RFC 8259)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

_DECODER = json.JSONDecoder()
_LONGEST_LITERAL = len("-Infinity")
_SPACE = re.compile(r"[ \t\n\r]*+")


class BrokenJsonError(Exception):
    """The text stops being JSON at character `at` (from 0); `is_end` where that is only because the text ends."""

    def __init__(self, why: str, at: int, *, is_end: bool) -> None:
        super().__init__(why)
        self.why = why
        self.at = at
        self.is_end = is_end


def members(text: str, at: int) -> Iterator[tuple[str, int]]:
    """The keys of the object that opens at `at`, each with the place of its value, as far as they can be read.

    The key comes before its value is looked at, so the last one may belong to a value that is cut off.
    """
    at = skip_space(text, at + 1)
    try:
        while text[at : at + 1] == '"':
            key, at = decode(text, at)
            at = skip_space(text, at)
            if text[at : at + 1] != ":":
                return
            at = skip_space(text, at + 1)
            yield str(key), at
            _, at = decode(text, at)
            at = skip_space(text, at)
            if text[at : at + 1] != ",":
                return
            at = skip_space(text, at + 1)
    except BrokenJsonError:
        return


def elements(text: str, at: int) -> Generator[object, None, int]:
    """The values of the array that opens at `at`; the generator returns the place after the array.

    Raises:
        BrokenJsonError: The array is cut off or broken after what came out before.
    """
    at = skip_space(text, at + 1)
    if text[at : at + 1] == "]":
        return at + 1
    while True:
        value, at = decode(text, at)
        yield value
        at = skip_space(text, at)
        if text[at : at + 1] == "]":
            return at + 1
        if text[at : at + 1] != ",":
            raise BrokenJsonError("expected a comma or the end of the list", at, is_end=at >= len(text))
        at = skip_space(text, at + 1)


def close_object(text: str, at: int) -> int:
    """The place after the object in which a member's value ends at `at`; the members behind it are passed over.

    Raises:
        BrokenJsonError: The object is cut off or broken behind that place.
    """
    while True:
        at = skip_space(text, at)
        if text[at : at + 1] == "}":
            return at + 1
        for sign, what in ((",", "a comma or the end of the object"), ('"', "a key")):
            if text[at : at + 1] != sign:
                raise BrokenJsonError(f"expected {what}", at, is_end=at >= len(text))
            at = skip_space(text, at + 1) if sign == "," else at
        _, at = decode(text, at)
        at = skip_space(text, at)
        if text[at : at + 1] != ":":
            raise BrokenJsonError("expected a colon", at, is_end=at >= len(text))
        _, at = decode(text, skip_space(text, at + 1))


def decode(text: str, at: int) -> tuple[object, int]:
    """The value that begins at `at` and the place after it.

    Raises:
        BrokenJsonError: There is no whole value.
    """
    try:
        return _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        why = f"{error.msg[:1].lower()}{error.msg[1:]}"
        # A string without end is reported where it begins; a literal or an escape that is cut, just before the end.
        is_end = error.pos >= len(text) - _LONGEST_LITERAL or error.msg.startswith("Unterminated string")
        raise BrokenJsonError(why, error.pos, is_end=is_end) from error
    except (ValueError, RecursionError) as error:
        raise BrokenJsonError("a number is too long or the nesting too deep", at, is_end=False) from error


def skip_space(text: str, at: int) -> int:
    """The place of the first character from `at` on that is no white space of JSON."""
    found = _SPACE.match(text, at)
    return found.end() if found else at
