r"""TeX's maths in a title or an abstract -> Unicode on the line, for people to read: `$10^{-3}$` is `10⁻³`.

The database keeps the source's TeX (`digest.tex` resolves only what stands outside of maths); this is for what people
are shown. `readable` finds the formulas, `digest.maths.formula` sets one, `digest.maths.bare` what stands between them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from digest.maths.bare import in_running_text
from digest.maths.formula import formula
from digest.maths.layout import runs_on

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["readable"]

_KEPT = 20_000  # characters; a longer text is no abstract, and not worth the memory

_STYLED = "\U0001d400-\U0001d7ff"  # Mathematical Alphanumeric Symbols, which Outlook and phones lack
_STYLED_LETTERS = re.compile(f"[{_STYLED}]+")
_SUSPECT = re.compile(rf"[\\$^_{{{_STYLED}]")

# Springer gives each formula as a whole document.
_PREAMBLE = re.compile(
    r"\\documentclass(?:[^\\]|\\(?!documentclass|begin\s*\{document\}))*+\\begin\s*\{document\}|\\end\s*\{document\}"
)
_ANGLE = re.compile(r"\\([lr])a(?![A-Za-z])")

_OPENER = re.compile(r"\\[\\$]|\\[(\[]|\$\$?|\\begin\{([A-Za-z]+\*?)\}")
_CLOSERS = {r"\(": r"\)", r"\[": r"\]", "$$": "$$"}
_NO_MATHS = frozenset("abstract center description document enumerate itemize quote".split())
_TO_DOLLAR = re.compile(r"(?:[^\\$]|\\.|\\$)*+\$", re.DOTALL)
_DOLLAR = re.compile(r"(?<!\\)\$")
_BRACE = re.compile(r"(?<!\\)[{}]")
_MOST_NESTED = 4  # dollars inside of a formula's braces: $\textbf{H$^3$DP}$
_MACRO = re.compile(r"\\[A-Za-z]+\s*\{[^{}]*\}|\\[A-Za-z]+")
_SENTENCE = re.compile(
    r"(?<![A-Za-z])[A-Za-z]{3,}[,.]?\s+[A-Za-z]{3,}|\s(?:and|at|by|for|from|in|is|of|on|or|per|than|the|to|with)\s|^\d.*[a-z]{3,}\s$"
)


def readable(text: str) -> str:
    r"""`text` with its maths as plain Unicode, on one line; a text without maths as it is.

    Formulas are what stands in `$…$`, `$$…$$`, `\(…\)`, `\[…\]` and environments; outside of them macros, superscripts
    and braced subscripts are set too, while prices, file names and addresses stay. Unknown macros show their argument,
    or else their name. Never raises, and takes time in proportion to the text.
    """
    if not _SUSPECT.search(text):
        return text
    return _remembered(text) if len(text) <= _KEPT else _set(text)


def _set(text: str) -> str:
    text = _STYLED_LETTERS.sub(lambda letters: unicodedata.normalize("NFKC", letters[0]), text)
    text = _PREAMBLE.sub("", text)
    if r"\ra" in text:
        text = _ANGLE.sub(r"\\\1angle", text)  # elsewhere \la is the astronomers' ≲
    pieces: list[str] = []
    at = 0
    for start, end, source in _formulas(text):
        pieces += in_running_text(text[at:start]), formula(source)
        at = end
    pieces.append(in_running_text(text[at:]))
    return " ".join("".join(_parted(pieces)).split())


_remembered = lru_cache(maxsize=4096)(_set)


def _parted(pieces: list[str]) -> Iterator[str]:
    """The pieces, with a space where one would run on into the next."""
    last = ""
    for piece in pieces:
        if piece:
            yield f" {piece}" if runs_on(last, piece) else piece
            last = piece


def _formulas(text: str) -> Iterator[tuple[int, int, str]]:
    """Where each formula that has delimiters begins and ends, and its source."""
    is_odd = len(_DOLLAR.findall(text)) % 2 == 1
    missing: set[str] = set()
    at = 0
    while opener := _OPENER.search(text, at):
        at = opener.end()
        if opener[0] == "$":
            end = _closing_dollar(text, at, is_odd=is_odd)
            if end is not None:
                yield opener.start(), end + 1, text[at:end]
                at = end + 1
        elif closer := _closer(opener):
            end = -1 if closer in missing else text.find(closer, at)
            if end < 0:
                missing.add(closer)
                continue
            yield opener.start(), end + len(closer), text[opener.start() if opener[1] else at : end]
            at = end + len(closer)


def _closer(opener: re.Match[str]) -> str | None:
    if name := opener[1]:
        return None if name in _NO_MATHS else rf"\end{{{name}}}"
    return _CLOSERS.get(opener[0])


def _closing_dollar(text: str, start: int, *, is_odd: bool) -> int | None:
    """Where the formula ends that a dollar opens here; None if the dollar is a price's or stands alone."""
    end = nearest = _next_dollar(text, start)
    for _ in range(_MOST_NESTED):
        if end is None or _is_balanced(text[start:end]):
            break
        end = _next_dollar(text, end + 1)
    if end is None or not _is_balanced(text[start:end]):
        end = nearest
    if end is None or not (source := text[start:end]).strip():
        return None
    is_price = source[0].isdigit() and "\\" not in source and text[end + 1 : end + 2].isdigit()
    may_be_words = is_odd or source[0].isdigit() or source[0].isspace() or source[-1].isspace()
    return None if is_price or (may_be_words and _SENTENCE.search(_MACRO.sub("", source))) else end


def _next_dollar(text: str, start: int) -> int | None:
    match = _TO_DOLLAR.match(text, start)
    return match.end() - 1 if match else None


def _is_balanced(source: str) -> bool:
    braces = _BRACE.findall(source)
    return braces.count("{") <= braces.count("}")
