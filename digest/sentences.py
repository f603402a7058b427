r"""Text into sentences, by rules that can be read: where a stop ends one, and where it belongs to a word.

The rules are those of Unicode's sentence boundaries (UAX #29) with what scientific prose needs on top: abbreviations,
initials, numbered points, `$maths$`, and a blank that is missing behind a stop, as feeds drop it. Scripts that end
sentences with a mark of their own (`。`, `।`, `؟`) need no blank behind it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLOSERS = "\"'\u201d\u2019)\\]\u300d\u300f\uff09\u300b\u3011»"

# Stops of scripts that have their own: Chinese and Japanese, Indic, Ethiopic, Burmese, Khmer, Armenian, Urdu, Arabic.
_STOPS = "\u3002\uff01\uff1f\uff61\u0964\u0965\u1362\u104b\u17d4\u0589\u06d4\u061f"

# Behind a stop and a blank, a small letter goes on with the sentence, unless a word like mRNA or eBPF begins there.
_END = re.compile(
    rf"""(?<![.!?…])[.!?…]++[{_CLOSERS}]*+(?=\s+(?:[^\sa-z]|[a-z]{{1,2}}[A-Z]))"""
    rf"""|[{_STOPS}][{_CLOSERS}]*+(?=\s*\S)"""
    r"""|(?<=[a-z]{3}[a-z)])[.!?](?=[A-Z][a-z]*[\s,])"""
)
# What never ends a sentence, and what does so only before a word that is sure to begin one.
_BOUND = re.compile(
    r"(?:^|[\s(\[{])(?:e\.g|i\.e|cf|vs|viz|ca|approx|resp|[Nn]os?|Figs?|Eqs?|Secs?|Tabs?|Refs?|Thms?|Defs?|Props?|Vols?"
    r"|Dr|Prof|Mrs?|Ms|St|Mt|Jr|pp?|eds?)\.$"
)
_MAYBE_BOUND = re.compile(r"(?:\b(?:al|spp?|subsp|var|nov|gen|Inc|Ltd|Corp|Co|Univ|Dept|[A-Z])|\.[A-Z])\.$")
_NUMBER = re.compile(r"(?:^|[.:;!?]\s+)\(?(?:\d{1,2}|[ivx]{1,4}|[a-z])\.$")
_OPENING = re.compile(r"\s*(?:We|Our|This|These|Here|In|The|However|To|Using|Results|Moreover|Finally)\b")
_LOOKED_BACK = 24
# Pandoc's rule tells $maths$ from sums of money: no blank inside the dollars, no digit behind.
_MATHS = re.compile(r"\$(?=\S)[^$\n]{1,300}(?<=\S)\$(?!\d)")


def ends(text: str) -> Iterator[int]:
    """Where sentences end that others follow: places just behind the stop and what closes with it, in their order."""
    maths = [found.span() for found in _MATHS.finditer(text)] if "$" in text else []
    for found in _END.finditer(text):
        end = found.end()
        before = text[max(0, end - _LOOKED_BACK) : end]
        if _BOUND.search(before) or _NUMBER.search(before):
            continue
        if _MAYBE_BOUND.search(before) and not _OPENING.match(text, end):
            continue
        if any(start < end < stop for start, stop in maths):
            continue
        yield end


def sentences(text: str) -> list[str]:
    """The sentences of the text, without blanks around them; what they have between them is lost and nothing else."""
    start, found = 0, []
    for end in ends(text):
        found.append(text[start:end].strip())
        start = end
    found.append(text[start:].strip())
    return [each for each in found if each]
